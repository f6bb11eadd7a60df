// Real operations of the interpreter that have loops of their own, and exact
// decisions.

#include "bnn/HostOp.h"
#include "bnn/Interpreter.h"
#include "bnn/isa/host/Evaluate.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

using llvm::ArrayRef;
using llvm::Expected;
using mlir::Operation;

namespace bnncc::bnn {
namespace {
namespace host = ::bnn::host;

std::array<int64_t, 3> shapeOf(mlir::Value value) {
  auto shape = llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
  return {shape[0], shape[1], shape[2]};
}

/// The real operations that `op` depends on and itself, in order, and the values
/// at which they begin.
struct Slice {
  llvm::SetVector<Operation *> ops;
  llvm::SetVector<mlir::Value> sources;
};

Slice sliceOf(Operation *op, bool throughDecisions) {
  Slice slice;
  llvm::SmallVector<Operation *> work = {op};
  llvm::SetVector<Operation *> found;
  while (!work.empty()) {
    Operation *next = work.pop_back_val();
    if (!found.insert(next))
      continue;
    for (mlir::Value operand : next->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      auto type = llvm::cast<mlir::RankedTensorType>(operand.getType());
      bool isDecided =
          llvm::isa_and_nonnull<DecideOp, ArgmaxOp>(producer);
      if (producer && (type.getElementType().isF64() ||
                       (isDecided && throughDecisions)))
        work.push_back(producer);
      else
        slice.sources.insert(operand);
    }
  }
  llvm::SmallVector<Operation *> ordered(found.begin(), found.end());
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  slice.ops.insert(ordered.begin(), ordered.end());
  return slice;
}

std::vector<double> doublesOf(const Tensor &tensor) {
  if (!tensor.isInteger())
    return tensor.reals();
  return {tensor.integers().begin(), tensor.integers().end()};
}
} // namespace

Expected<Tensor> interpret(RealConvOp op, const Tensor &input) {
  host::Op conv = hostOp(op);
  Tensor::Reals out;
  for (int64_t o = 0; o < conv.out.c; ++o)
    for (int64_t y = 0; y < conv.out.h; ++y)
      for (int64_t x = 0; x < conv.out.w; ++x) {
        double sum = 0;
        const double *weight =
            &conv.weights[o * conv.in.c * conv.kernelH * conv.kernelW];
        for (int64_t c = 0; c < conv.in.c; ++c)
          for (int64_t i = 0; i < conv.kernelH; ++i)
            for (int64_t j = 0; j < conv.kernelW; ++j, ++weight) {
              int64_t row = y * conv.strideH + i - conv.padTop;
              int64_t column = x * conv.strideW + j - conv.padLeft;
              if (row >= 0 && row < conv.in.h && column >= 0 &&
                  column < conv.in.w)
                sum += *weight *
                       input.reals()[(c * conv.in.h + row) * conv.in.w + column];
            }
        out.push_back(sum);
      }
  return Tensor{shapeOf(op.getOutput()), std::move(out)};
}

Expected<Tensor> interpret(AddOp op, ArrayRef<const Tensor *> inputs) {
  Tensor::Reals out = inputs[0]->reals();
  for (size_t i = 0; i < out.size(); ++i)
    out[i] += inputs[1]->reals()[i];
  return Tensor{shapeOf(op.getOutput()), std::move(out)};
}

// The loader's own operations decide.
Expected<Tensor>
decide(Operation *op, llvm::function_ref<const Tensor &(mlir::Value)> valueOf) {
  Slice slice = sliceOf(op, /*throughDecisions=*/false);
  if (slice.sources.size() != 1)
    slice = sliceOf(op, /*throughDecisions=*/true);
  if (slice.sources.size() != 1)
    return llvm::createStringError(
        "'" + op->getName().getStringRef().str() +
        "' must depend on one integer map, but found several");
  mlir::Value source = slice.sources.front();
  llvm::DenseMap<mlir::Value, uint32_t> numbers = {{source, 0}};
  std::vector<host::Op> ops;
  for (Operation *next : slice.ops) {
    host::Op made = hostOp(next);
    made.operands.clear();
    for (mlir::Value operand : next->getOperands())
      made.operands.push_back(numbers.find(operand)->second);
    ops.push_back(std::move(made));
    numbers[next->getResult(0)] = uint32_t(ops.size());
  }
  std::vector<host::Tensor> values(1);
  auto shape = shapeOf(source);
  values[0] = {{shape[0], shape[1], shape[2]}, doublesOf(valueOf(source)), {}};
  std::string error;
  if (!host::Operations(ops).run(values, error))
    return llvm::createStringError("'" + op->getName().getStringRef().str() +
                                   "' " + error);
  Tensor::Integers out(values.back().data.begin(), values.back().data.end());
  return Tensor{shapeOf(op->getResult(0)), std::move(out)};
}

} // namespace bnncc::bnn
