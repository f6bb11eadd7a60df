//===- Program.h - A module as a list of numeric steps ----------*- C++ -*-===//
//
// The form that the evaluator runs: values are numbered, shapes are resolved to
// index lists, and each operation is one of a few kinds of step.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_PROGRAM_H
#define BNNCC_COMPILER_REFERENCE_PROGRAM_H

#include "Number.h"
#include "OnnxEvaluator.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <string>

namespace bnncc::reference {

using Shape = llvm::SmallVector<int64_t>;

/// What a linear step asks of an operand: of constants, once.
struct Summary {
  double largest = 0;        // magnitude
  int unit = 0;              // all values are multiples of 2^unit
  std::vector<float> single; // the values, filled when floats hold them
};

/// The elements of one value.
struct Data {
  std::vector<double> values;
  std::vector<double> errors; // empty: every value is exact
  /// Made by the first linear step that reads the value; values then stay.
  mutable std::shared_ptr<Summary> summary;
  int64_t size() const { return static_cast<int64_t>(values.size()); }
  bool isExact() const { return errors.empty(); }
  Bounded get(int64_t i) const {
    return {values[i], errors.empty() ? 0 : errors[i]};
  }
};

/// What an elementwise step computes.
enum class Function {
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Min,
  Max,
  Mod,
  Greater,
  GreaterOrEqual,
  Less,
  LessOrEqual,
  Equal,
  And,
  Or,
  Xor,
  Neg,
  Abs,
  Sqrt,
  Relu,
  Sign,
  Not,
  Sigmoid,
  Tanh,
  Floor,
  Ceil,
  Round,
  Exp,
  Log,
  Erf,
  PRelu,
  Clip,
  Where,
  Copy,
  ToInteger,
  ToBool,
  BatchNormalization,
  QuantizeLinear,
  DequantizeLinear,
  BitwiseAnd,
  BitwiseOr,
  BitwiseXor,
  ShiftLeft,
  ShiftRight,
  BipolarQuant,
  Quant,
  Trunc,
  MultiThreshold
};

/// The floats that a step before the first quantiser computes in.
enum class FloatFormat { Half, BFloat, Single, Double };

enum class Rounding { HalfEven, Ceil, Floor, Up, Down, HalfUp, HalfDown };

enum class Kind {
  Elementwise, // function of the elements at maps[k][i] of operand k
  Move,        // element source[i] of operand from[i], or fill
  Sum,         // sum of members, times 1 / divisors[i] if there are any
  Maximum,     // of members
  Minimum,
  Convolution,
  MatrixProduct,
  Softmax,
  LogSoftmax,
  ArgMax
};

/// A convolution as two spatial axes; a 1-D one has height 1.
struct Geometry {
  int64_t batch, inChannels, outChannels, group;
  int64_t inH, inW, outH, outW, kernelH, kernelW;
  int64_t strideH, strideW, dilationH, dilationW, padH, padW;
};

/// Stacks of matrices; a stack of one serves for all.
struct Product {
  int64_t rows, inner, columns;
  std::vector<int32_t> left, right; // matrix of each side, per result matrix
};

struct Step {
  Step(mlir::Location loc) : loc(loc) {}

  mlir::Location loc;
  std::string name;
  Kind kind = Kind::Elementwise;
  llvm::SmallVector<int> operands; // numbers of values; -1: none
  int result = 0;
  Shape shape;
  ElementKind element = ElementKind::Real;
  int64_t count = 0; // elements of the result
  bool once = false; // made of constants only: the first run's result stays

  // Elementwise
  Function function = Function::Copy;
  std::vector<std::vector<int32_t>> maps; // empty: the same index
  double low = 0, high = 0; // saturation of a quantiser, range of integers
  bool wraps = false;       // integers beyond low..high come round
  bool inFloat = false;     // rounds its result, see MarkFloats.cpp
  FloatFormat format = FloatFormat::Single;
  double parameter = 0; // epsilon, out_scale, or 2^(bits removed)
  double offset = 0;    // out_bias
  bool bipolar = false; // Quant of one signed bit
  Rounding rounding = Rounding::HalfEven;
  int64_t thresholds = 0; // per row, for MultiThreshold

  // Move
  std::vector<int32_t> source;
  std::vector<uint8_t> from; // empty: operand 0
  double fill = 0;

  // Sum, Maximum, Minimum: members[first[i]] .. members[first[i + 1] - 1]
  std::vector<int32_t> first, members;
  std::vector<double> divisors;

  Geometry geometry{};
  Product product{};

  // Softmax, ArgMax: element i of a line is at start + i * stride
  int64_t axisSize = 1, axisStride = 1;
  bool lastIndex = false, smallest = false;
};

struct Program {
  std::vector<Step> steps;
  std::vector<Data> values; // constants are filled in
  std::vector<int> arguments, results;
  std::vector<Shape> argumentShapes, resultShapes;
  std::vector<ElementKind> resultKinds;
  std::vector<bool> isConstant; // of values: an onnx.Constant
};

/// Translates @main of an onnx-level module; with `floats`, steps between the
/// graph's inputs and their first quantisers are meant as their types say.
llvm::Expected<Program> prepare(mlir::ModuleOp module, bool floats);

//--- Linear steps (Linear.cpp) ------------------------------------------------

/// Of the values alone, whatever their errors.
const Summary &summaryOf(const Data &data);
/// Runs a Convolution or MatrixProduct; `bias` may be null.
Data runLinear(const Step &step, const Data &x, const Data &w,
               const Data *bias);
/// Calls `visit(x index, w index)` for each product in result element `i`.
void forEachTerm(const Step &step, int64_t i,
                 llvm::function_ref<void(int64_t, int64_t)> visit);

//--- Elementwise steps (Scalar.cpp) -------------------------------------------

/// How a decision can go wrong for good.
struct Trouble {
  std::string message;
  void fail(const std::string &text) {
    if (message.empty())
      message = text;
  }
};

/// The step's function on one element's operands; empty if the bounds leave a
/// decision open, or (for Surd) where there is no exact form. `row` holds the
/// thresholds of a MultiThreshold.
template <typename Number>
std::optional<Number> apply(const Step &step, const Number *in,
                            llvm::ArrayRef<double> row, SignZero signZero,
                            Trouble &trouble);

/// The same in the step's float format, for operands that are such floats;
/// empty for a result that is no number.
std::optional<Bounded> applyFloat(const Step &step, const Bounded *in);
/// Whether applyFloat knows the function as one that precedes a quantiser.
bool hasFloatForm(Function function);

/// BatchNormalization of `count` elements of a channel: maps are long, and the
/// square root of variance + epsilon is the same for all of them. `channel` is
/// scale, bias, mean; false if the bounds leave a division open.
bool normaliseChannel(const double *x, const double *errors, int64_t count,
                      const Bounded *channel, const Bounded &deviation,
                      double *y, double *yErrors);

} // namespace bnncc::reference

#endif // BNNCC_COMPILER_REFERENCE_PROGRAM_H
