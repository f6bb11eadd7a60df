//===- OnnxEvaluator.h - What an ONNX graph means, exactly ------*- C++ -*-===//
//
// Evaluates an onnx-level module (compiler/import/Import.h) in real arithmetic
// on the graph's own constants, but for what precedes the first quantiser of an
// input, which is float arithmetic as the types say: the judge for everything the compiler makes of
// the graph, and therefore independent of its fusion and threshold code.
//
// Each element is a double with a proven error bound, zero where it is exact.
// A decision (sign, rounding, comparison) that the bound leaves open is made on
// the exact number, which is worked out for that one element from its operands
// as a rational, or a sum of square roots (batch normalisation divides by one).
// So every decision is exact, at the price of double arithmetic.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_ONNXEVALUATOR_H
#define BNNCC_COMPILER_REFERENCE_ONNXEVALUATOR_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace bnncc {

enum class ElementKind { Real, Integer, Bool };

struct Tensor {
  std::vector<int64_t> shape;
  ElementKind kind = ElementKind::Real;
  std::vector<double> values;
  /// Bounds of |value - true value|; empty if every value is exact.
  std::vector<double> errors;
};

/// What Sign of exactly zero shall be: an error, or +1, or -1, or 0 as ONNX says.
/// A border of constants (what a Pad before the Sign adds) stays 0 in any case
/// but Error: it is no value that the network computes.
enum class SignZero { Error, Plus, Minus, Keep };

struct EvalOptions {
  SignZero signZero = SignZero::Error;
  /// Elementwise operations between an input and its first quantiser compute in
  /// their own float type; false: in real arithmetic, as all others.
  bool floatInput = true;
};

/// Called after each operation, in order, with its location and result; of what
/// is made of constants alone, in an evaluator's first run.
using ObserverCallback =
    llvm::function_ref<void(mlir::Location, const Tensor &)>;

/// A module made ready to be evaluated many times.
class OnnxEvaluator {
public:
  static llvm::Expected<std::unique_ptr<OnnxEvaluator>>
  create(mlir::ModuleOp module, EvalOptions options = {});
  ~OnnxEvaluator();

  /// Evaluates @main; inputs and results in the order of its signature. Not to
  /// be called from two threads at once.
  llvm::Expected<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs,
                                          ObserverCallback observer = nullptr);

  /// Number of elements that had to be decided exactly in the last run.
  int64_t exactDecisions() const;

private:
  class Impl;
  explicit OnnxEvaluator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// Evaluates once.
llvm::Expected<std::vector<Tensor>>
evaluate(mlir::ModuleOp module, llvm::ArrayRef<Tensor> inputs,
         EvalOptions options = {}, ObserverCallback observer = nullptr);

} // namespace bnncc

#endif // BNNCC_COMPILER_REFERENCE_ONNXEVALUATOR_H
