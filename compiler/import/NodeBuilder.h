//===- NodeBuilder.h - One ONNX node on its way into the module -*- C++ -*-===//
//
// What a node handler sees: the node's inputs and attributes, free of protobuf,
// and the means to emit canonical operations, constants or an error.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_NODEBUILDER_H
#define BNNCC_COMPILER_IMPORT_NODEBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include <optional>

namespace bnncc::importer {

using Shape = llvm::SmallVector<int64_t>;

/// The constant behind `value`, or null.
mlir::DenseElementsAttr constantOf(mlir::Value value);

class NodeBuilder {
public:
  NodeBuilder(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef op,
              int64_t opset)
      : builder(builder), loc(loc), op(op), opset(opset) {}

  //--- The node ---------------------------------------------------------------
  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::StringRef op;
  /// Version of the default operator set.
  int64_t opset;
  /// Version of the set the node itself belongs to.
  int64_t domainVersion = 1;
  /// Elements that constants may still fold to, over all nodes; null: any.
  int64_t *foldBudget = nullptr;
  mlir::NamedAttrList attrs;
  llvm::SmallVector<mlir::Value> inputs;  // null: absent
  llvm::SmallVector<bool> wantedOutputs;  // false: absent or never used
  llvm::SmallVector<mlir::Value> results; // set by the handler, in order

  bool has(unsigned i) const { return i < inputs.size() && inputs[i]; }
  mlir::Value in(unsigned i) const { return inputs[i]; }
  mlir::RankedTensorType type(unsigned i) const { return typeOf(inputs[i]); }
  llvm::ArrayRef<int64_t> shape(unsigned i) const { return type(i).getShape(); }
  int64_t rank(unsigned i) const { return type(i).getRank(); }
  bool wants(unsigned i) const {
    return i < wantedOutputs.size() && wantedOutputs[i];
  }
  static mlir::RankedTensorType typeOf(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }

  //--- Attributes: a wrong type is an error of the node ----------------------
  int64_t getInt(llvm::StringRef name, int64_t byDefault);
  float getFloat(llvm::StringRef name, float byDefault);
  std::string getString(llvm::StringRef name, llvm::StringRef byDefault);
  std::optional<Shape> getInts(llvm::StringRef name);
  /// A normalised axis in [0, rank).
  std::optional<int64_t> getAxis(int64_t axis, int64_t rank);
  /// Normalised, ascending axes, each at most once.
  std::optional<Shape> getAxes(llvm::ArrayRef<int64_t> axes, int64_t rank);
  /// The integers of constant input `i`; an error if it is not constant.
  std::optional<Shape> getConstantInts(unsigned i, llvm::StringRef what);

  //--- Output -----------------------------------------------------------------
  /// Emits `onnx.<op>`, or the constant it folds to.
  mlir::Value emit(llvm::StringRef op, mlir::ValueRange operands,
                   mlir::RankedTensorType type,
                   llvm::ArrayRef<mlir::NamedAttribute> attrs = {});
  mlir::Value emitConstant(mlir::DenseElementsAttr value);
  mlir::Value emitNone();
  /// A rank-0 constant of `element` type.
  mlir::Value emitScalar(mlir::Type element, double value);
  /// Input 0, float16 as float32: attributes are float32 numbers, which float16
  /// need not hold, and runtimes compute so. resultAsInput() turns back.
  mlir::Value emitWide();
  void resultAsInput(mlir::Value value);
  mlir::Value emitReshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value emitTranspose(mlir::Value value, llvm::ArrayRef<int64_t> perm);
  mlir::Value emitCast(mlir::Value value, mlir::Type element);
  /// A two-operand elementwise operation; null (and an error) if the shapes do
  /// not broadcast or the types differ. `element` overrides the result's type.
  mlir::Value emitBinary(llvm::StringRef op, mlir::Value a, mlir::Value b,
                         mlir::Type element = {});
  void result(mlir::Value value) { results.push_back(value); }

  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute attr(llvm::StringRef name, llvm::ArrayRef<int64_t> v);
  mlir::NamedAttribute attr(llvm::StringRef name, mlir::Attribute value);

  //--- Errors -----------------------------------------------------------------
  /// Records "rule, value found; what to change"; the first one counts.
  void fail(const llvm::Twine &message);
  bool hasFailed() const { return !error.empty(); }
  const std::string &message() const { return error; }

private:
  void checkNotEmpty(mlir::RankedTensorType type);
  bool takeFoldBudget(llvm::StringRef op, mlir::ValueRange operands,
                      mlir::RankedTensorType type);

  std::string error;
};

/// Broadcasts two shapes the NumPy way.
std::optional<Shape> broadcast(llvm::ArrayRef<int64_t> a,
                               llvm::ArrayRef<int64_t> b);
/// Whether a tensor of this shape has at most 2^33 elements, as any that is
/// worth compiling; products of larger shapes may overflow.
bool isSmallEnough(llvm::ArrayRef<int64_t> shape);
/// "2x3x4", or "scalar".
std::string toString(llvm::ArrayRef<int64_t> shape);
int64_t product(llvm::ArrayRef<int64_t> values);
/// The numbers from `first` up to, and without, `end`.
Shape iota(int64_t first, int64_t end);

//--- Handlers -----------------------------------------------------------------

struct Handler {
  /// Inputs that must be there, and how many there may be (-1: any number).
  int minInputs, maxInputs;
  void (*run)(NodeBuilder &);
  bool isChannelsLast = false; ///< of the data, where `run` wants them first
};
using HandlerTable = llvm::StringMap<Handler>;

void addElementwiseHandlers(HandlerTable &table);
void addMovementHandlers(HandlerTable &table);
void addShapeHandlers(HandlerTable &table);
void addSpatialHandlers(HandlerTable &table);
void addMaskedAssignHandlers(HandlerTable &table);
void addMatrixHandlers(HandlerTable &table);
void addReductionHandlers(HandlerTable &table);
void addQuantizationHandlers(HandlerTable &table);
/// The operators of the QONNX, Brevitas and FINN domains.
void addCustomHandlers(HandlerTable &table);
/// Those of them that FINN makes of convolutions.
void addLoweredHandlers(HandlerTable &table);

/// MaxPool or AveragePool, as `n.op` says.
void buildPool(NodeBuilder &n);
/// The product of an Im2Col and a matrix, as the convolution that it is; null
/// for other operands.
mlir::Value emitLoweredConv(NodeBuilder &n, mlir::Value columns,
                            mlir::Value matrix);
/// The operators of `standard` whose data has its channels last.
void addChannelsLastHandlers(HandlerTable &table, const HandlerTable &standard);
/// Runs `standard` between transpositions of the data.
void runChannelsLast(const Handler &standard, NodeBuilder &n);

} // namespace bnncc::importer

#endif // BNNCC_COMPILER_IMPORT_NODEBUILDER_H
