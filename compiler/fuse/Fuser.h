// Walks a normalised function once and builds bnn operations.

#ifndef BNNCC_COMPILER_FUSE_FUSER_H
#define BNNCC_COMPILER_FUSE_FUSER_H

#include "fuse/Edge.h"
#include "fuse/InputCodes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace bnncc {

class ConstTensor;

/// How the operations between the graph's input and its first codes compute.
enum class InputArithmetic {
  Float, ///< as their types say, one rounding after the other
  Real   ///< as real numbers
};

class Fuser {
public:
  Fuser(mlir::MLIRContext *context, exact::SignZero signZero,
        InputArithmetic arithmetic)
      : builder(context), signZero(signZero), arithmetic(arithmetic) {}

  llvm::LogicalResult run(mlir::func::FuncOp func);

  /// code = first + step * (number of cuts reached); one quantiser for all
  /// channels or one for each.
  struct Grid {
    std::vector<exact::Quantizer> quantizers;
    int64_t first = 0, step = 1;

    const exact::Quantizer &of(int64_t channel) const {
      return quantizers[quantizers.size() == 1 ? 0 : channel];
    }
    int64_t levels() const {
      return quantizers[0].isSign ? 2 : int64_t(quantizers[0].cuts.size()) + 1;
    }
  };

private:
  using Method = llvm::LogicalResult (Fuser::*)(mlir::Operation *);
  /// How an operation is fused; null if it is not known here.
  static Method methodFor(mlir::Operation *op);
  llvm::LogicalResult fuse(mlir::Operation *op);

  // Elementwise steps (FuseElementwise.cpp)
  llvm::LogicalResult fuseArithmetic(mlir::Operation *op);
  llvm::LogicalResult fuseNormalization(mlir::Operation *op);
  llvm::LogicalResult fusePRelu(mlir::Operation *op);
  llvm::LogicalResult fuseClip(mlir::Operation *op);
  llvm::LogicalResult fuseWhere(mlir::Operation *op);
  llvm::LogicalResult fuseDequantize(mlir::Operation *op);

  // Functions (FuseFunctions.cpp)
  llvm::LogicalResult fuseFunction(mlir::Operation *op);
  llvm::LogicalResult fuseCombination(mlir::Operation *op);
  llvm::LogicalResult joinEdges(mlir::Operation *op,
                                llvm::MutableArrayRef<Edge *> edges);
  mlir::FailureOr<Edge> lifted(const Edge &edge);
  llvm::LogicalResult reportZero(const Edge &edge);
  /// Bits for an integer edge whose chains take two values; other edges as they
  /// are, or an error where `must` be one with several values.
  mlir::FailureOr<Edge> settled(mlir::Operation *op, const Edge &edge,
                                bool must);
  /// The same for edges with functions, all of which may still be a quantiser.
  mlir::FailureOr<Edge> settledFunctions(mlir::Operation *op, const Edge &edge);
  /// A real value of the host; emits an error at `op` if it cannot be one.
  mlir::FailureOr<mlir::Value> hostValue(mlir::Operation *op, const Edge &edge);

  /// Appends steps to an edge, or applies them to a host value.
  llvm::LogicalResult append(mlir::Operation *op, Edge edge,
                             const std::vector<exact::Step> &steps);

  // Quantisers (FuseQuantizers.cpp)
  llvm::LogicalResult fuseQuantizer(mlir::Operation *op);
  /// What a quantiser does, with the steps that come before its cuts and those
  /// that give its codes their real values.
  struct Quantization {
    Grid grid;
    std::vector<std::vector<exact::Step>> before, after;
    LevelRule rule; ///< of floats; Cuts are the grid's
  };
  mlir::FailureOr<Quantization> readQuantizer(mlir::Operation *op);
  mlir::FailureOr<Quantization> readComparison(mlir::Operation *op);
  mlir::FailureOr<Quantization> readUniform(mlir::Operation *op);
  mlir::FailureOr<Quantization> readMultiThreshold(mlir::Operation *op);
  /// A quantiser of real values: the host decides.
  mlir::FailureOr<Edge> decideOnHost(mlir::Operation *op, Edge edge,
                                     const Grid &grid);
  /// The bits are those of the node at `loc`. A Sign that meets 0 is an error,
  /// or goes to `zero`.
  mlir::FailureOr<Edge> threshold(mlir::Operation *op, mlir::Location loc,
                                  const Edge &edge, const Grid &grid,
                                  std::optional<Edge::Zero> *zero = nullptr);
  mlir::FailureOr<Edge> requantizeBits(mlir::Operation *op, const Edge &edge,
                                       const Grid &grid);

  // The graph's input (FuseInput.cpp)
  /// Codes by boundaries on the graph's input; `edge` has the quantiser's
  /// steps before its cuts already.
  mlir::FailureOr<Edge> quantizeInput(mlir::Operation *op, mlir::Value data,
                                      const Edge &edge,
                                      const Quantization &quantization);
  /// The levels in float arithmetic, one list or one for each channel; `codes`
  /// gets the pad.
  mlir::FailureOr<std::vector<InputLevels>>
  levelsInFloat(mlir::Operation *op, const InputFunction &function,
                const Edge &edge, const Quantization &quantization,
                Edge &codes);
  std::optional<std::vector<InputLevels>>
  levelsInReals(const Edge &edge, const Grid &grid, std::string &problem);
  /// bnn.quantize on the graph's input under `base`; codes are first + step *
  /// level.
  mlir::FailureOr<mlir::Value>
  createQuantize(mlir::Operation *op, const Edge &edge,
                 std::vector<InputLevels> levels, const Grid &grid);

  // Integers and spelled quantisers (FuseIntegers.cpp)
  llvm::LogicalResult fuseInteger(mlir::Operation *op);
  llvm::LogicalResult fuseRound(mlir::Operation *op);
  /// What only float arithmetic on the graph's input knows (Abs, Sqrt).
  llvm::LogicalResult fuseOpaque(mlir::Operation *op);
  llvm::LogicalResult settle(mlir::Operation *op);
  llvm::LogicalResult defineIntegers(mlir::Operation *op, const Edge &edge,
                                     std::vector<InputLevels> values);
  /// The codes that the graph's input gets in an edge's base; none if the base
  /// is behind a layer.
  std::optional<std::vector<InputLevels>> codesOf(const Edge &edge) const;
  /// Whether the value is an elementwise function of the graph's input alone,
  /// and not yet bits.
  bool isInput(const Edge &edge) const;
  using CodeFunction = llvm::function_ref<std::optional<int64_t>(
      const exact::Chain &chain, int64_t code, int64_t channel)>;
  std::optional<std::vector<InputLevels>> mapCodes(const Edge &edge,
                                                   CodeFunction function) const;
  std::optional<std::vector<InputLevels>>
  levelsOfValues(mlir::Operation *op, const Edge &edge, std::string &problem);
  std::optional<double> beyondType(const Edge &edge,
                                   const ElementType &type) const;

  /// What a later quantiser makes of the bits of a channel.
  enum class BitMap { Keep, Turn, Minus, Plus };
  /// Bits with the maps of their channels applied, by another threshold; null
  /// where there is none before them, or where a pool comes between it and a
  /// turned channel.
  mlir::Value remapBits(mlir::Location loc, mlir::Value bits,
                        llvm::ArrayRef<BitMap> maps);
  /// Quantises the pending pad of `from` too.
  llvm::LogicalResult movePad(mlir::Operation *op, const Edge &from,
                              const Grid &grid, Edge &codes);
  /// The edge of codes in `base`, whose real values the grid says.
  Edge codeEdge(mlir::Value base, const Grid &grid);

  // Windows (FuseWindows.cpp)
  llvm::LogicalResult fuseConv(mlir::Operation *op);
  llvm::LogicalResult fuseMaxPool(mlir::Operation *op);
  llvm::LogicalResult fuseAveragePool(mlir::Operation *op);
  llvm::LogicalResult fuseReduction(mlir::Operation *op);
  llvm::LogicalResult poolEdge(mlir::Operation *op, Edge edge, Edge::Pool pool);
  void turnFallingChannels(Edge &edge);
  mlir::Value sumOfWindows(mlir::Operation *op, const Edge &edge);
  llvm::LogicalResult scaleSum(mlir::Operation *op, Edge sum,
                               const std::vector<Affine> &functions, long count,
                               bool mean);
  /// Whether a layer reads `value`, through whatever stands between; or one of
  /// the engine's.
  static bool feedsLayer(mlir::Value value, bool onEngine = false);

  // Pads (FusePads.cpp)
  llvm::LogicalResult fusePad(mlir::Operation *op);
  /// Makes an edge's pending pad part of its map of codes, so that another may
  /// go around it: a layer that keeps the bits, or the host.
  llvm::LogicalResult layPad(mlir::Operation *op, Edge &edge);

  // Movement and the host's operations (FuseThresholds.cpp)
  llvm::LogicalResult fuseReshape(mlir::Operation *op);
  llvm::LogicalResult fusePick(mlir::Operation *op);
  llvm::LogicalResult fuseConcat(mlir::Operation *op);
  llvm::LogicalResult fuseHostOp(mlir::Operation *op);
  /// Whether the loader can run a layer that the engine cannot: before the
  /// engine's first.
  static bool canPrecedeEngine(mlir::Operation *op, const Edge &input);
  /// A layer with real weights (FuseHost.cpp).
  llvm::LogicalResult fuseRealConv(mlir::Operation *op);
  llvm::LogicalResult fuseArgMax(mlir::Operation *op);
  /// Compares classes in float32 for the report, where they are chains of
  /// integers.
  void compareClasses(bnn::ArgmaxOp argMax, const Edge &edge, bool smallest);
  /// A value that only the loader has: of a float layer, or decided there.
  static bool isHosts(const Edge &edge);
  /// Sums, comparisons and logic of two values, of which the loader has one; none
  /// if it has no such operation.
  std::optional<llvm::LogicalResult>
  combineOnHost(mlir::Operation *op, llvm::ArrayRef<Edge> operands,
                llvm::ArrayRef<std::optional<ConstTensor>> constants);
  llvm::LogicalResult concatOnHost(mlir::Operation *op);

  Edge &edgeOf(mlir::Value value) { return edges.find(value)->second; }
  llvm::LogicalResult define(mlir::Operation *op, Edge edge) {
    edges[op->getResult(0)] = std::move(edge);
    return llvm::success();
  }
  Edge hostEdge(mlir::Value value) {
    Edge edge;
    edge.kind = Edge::Kind::Host;
    edge.base = value;
    return edge;
  }

  mlir::OpBuilder builder;
  exact::SignZero signZero;
  InputArithmetic arithmetic;
  llvm::DenseMap<mlir::Value, Edge> edges;
  /// What the integers of a threshold can be.
  struct Known {
    exact::Reach reach;
    std::vector<double> spread;
  };
  llvm::DenseMap<mlir::Value, Known> known;
  /// The integers and chains that values of the host were made of.
  llvm::DenseMap<mlir::Value, Edge> origins;
};

/// "must not see exactly 0 ...", to be followed by where and `signZeroRemedy`.
mlir::InFlightDiagnostic emitSignOfZero(mlir::Operation *op);
/// The number of cuts that an exact value reaches; none if undecided.
std::optional<int> countCuts(const exact::Quantizer &quantizer,
                             const exact::Radical &value);
inline constexpr llvm::StringLiteral signZeroRemedy =
    "; say what it means with --sign-zero=plus or --sign-zero=minus, or export "
    "x >= 0";
/// Emits why a chain has no switch points.
llvm::LogicalResult reportSwitchError(mlir::Operation *op,
                                      const exact::SwitchError &error,
                                      int64_t channel);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_FUSER_H
