// Declares the reference interpreter of the bnn dialect: one function per op.

#ifndef BNNCC_DIALECTS_BNN_INTERPRETER_H
#define BNNCC_DIALECTS_BNN_INTERPRETER_H

#include "bnn/BnnDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <array>
#include <functional>
#include <variant>
#include <vector>

namespace bnncc::bnn {

/// A C x H x W map of exact integers (bipolar values are -1 and +1) or reals.
struct Tensor {
  using Integers = std::vector<int32_t>;
  using Reals = std::vector<double>;

  std::array<int64_t, 3> shape = {0, 0, 0};
  std::variant<Integers, Reals> data;

  int64_t channels() const { return shape[0]; }
  int64_t positions() const { return shape[1] * shape[2]; }
  int64_t size() const { return shape[0] * positions(); }
  bool isInteger() const { return std::holds_alternative<Integers>(data); }
  const Integers &integers() const { return std::get<Integers>(data); }
  const Reals &reals() const { return std::get<Reals>(data); }
  bool operator==(const Tensor &) const = default;
};

llvm::Expected<Tensor> interpret(QuantizeOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(CastInputOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(ConvOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(MaxPoolOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(ThresholdOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(SumOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(ReshapeOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(ToRealOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(AffineOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(PReluOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(ClipOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(ReduceOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(SoftmaxOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(LogSoftmaxOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(SigmoidOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(TanhOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(RealConvOp op, const Tensor &input);
llvm::Expected<Tensor> interpret(AddOp op,
                                 llvm::ArrayRef<const Tensor *> inputs);
llvm::Expected<Tensor> interpret(ConcatOp op,
                                 llvm::ArrayRef<const Tensor *> inputs);

/// A decision, exact: `valueOf` gives the integers and graph inputs that the real
/// values before it were made of.
llvm::Expected<Tensor>
decide(mlir::Operation *op,
       llvm::function_ref<const Tensor &(mlir::Value)> valueOf);

/// Called after each op with its result.
using Observer = std::function<void(mlir::Operation *, const Tensor &)>;

/// Runs a function of bnn ops and gives what it returns. The inputs must have
/// the arguments' shapes.
llvm::Expected<std::vector<Tensor>> interpret(mlir::func::FuncOp func,
                                              llvm::ArrayRef<Tensor> inputs,
                                              const Observer &observer = {});

} // namespace bnncc::bnn

#endif // BNNCC_DIALECTS_BNN_INTERPRETER_H
