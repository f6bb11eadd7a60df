// Walks a normalised function once and builds bnn operations.

#ifndef BNNCC_COMPILER_FUSE_FUSER_H
#define BNNCC_COMPILER_FUSE_FUSER_H

#include "fuse/Edge.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace bnncc {

class Fuser {
public:
  Fuser(mlir::MLIRContext *context, exact::SignZero signZero)
      : builder(context), signZero(signZero) {}

  llvm::LogicalResult run(mlir::func::FuncOp func);

private:
  llvm::LogicalResult fuse(mlir::Operation *op);

  // Elementwise steps (FuseElementwise.cpp)
  llvm::LogicalResult fuseArithmetic(mlir::Operation *op);
  llvm::LogicalResult fuseNormalization(mlir::Operation *op);
  llvm::LogicalResult fusePRelu(mlir::Operation *op);
  llvm::LogicalResult fuseClip(mlir::Operation *op);
  llvm::LogicalResult fuseWhere(mlir::Operation *op);
  llvm::LogicalResult fuseDequantize(mlir::Operation *op);
  /// Appends steps to an edge, or applies them to a host value.
  llvm::LogicalResult append(mlir::Operation *op, Edge edge,
                             const std::vector<exact::Step> &steps);

  // Quantisers (FuseQuantizers.cpp)
  llvm::LogicalResult fuseQuantizer(mlir::Operation *op);
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
  /// What a quantiser does, with the steps that come before its cuts and those
  /// that give its codes their real values.
  struct Quantization {
    Grid grid;
    std::vector<std::vector<exact::Step>> before, after;
  };
  mlir::FailureOr<Quantization> readQuantizer(mlir::Operation *op);
  mlir::FailureOr<Quantization> readComparison(mlir::Operation *op);
  mlir::FailureOr<Quantization> readUniform(mlir::Operation *op);
  mlir::FailureOr<Quantization> readMultiThreshold(mlir::Operation *op);
  mlir::FailureOr<Edge> quantizeInput(mlir::Operation *op, const Edge &edge,
                                      const Grid &grid);
  mlir::FailureOr<Edge> threshold(mlir::Operation *op, const Edge &edge,
                                  const Grid &grid);
  mlir::FailureOr<Edge> requantizeBits(mlir::Operation *op, const Edge &edge,
                                       const Grid &grid);
  /// Quantises the pending pad of `from` too.
  llvm::LogicalResult movePad(mlir::Operation *op, const Edge &from,
                              const Grid &grid, Edge &codes);
  /// The edge of codes in `base`, whose real values the grid says.
  Edge codeEdge(mlir::Value base, const Grid &grid);

  // Windows (FuseWindows.cpp)
  llvm::LogicalResult fuseConv(mlir::Operation *op);
  llvm::LogicalResult fuseMaxPool(mlir::Operation *op);
  llvm::LogicalResult fuseAveragePool(mlir::Operation *op);
  llvm::LogicalResult fusePad(mlir::Operation *op);
  llvm::LogicalResult fuseReduction(mlir::Operation *op);
  llvm::LogicalResult poolEdge(mlir::Operation *op, Edge edge, Edge::Pool pool);
  void turnFallingChannels(Edge &edge);
  mlir::Value sumOfWindows(mlir::Operation *op, const Edge &edge);
  llvm::LogicalResult scaleSum(mlir::Operation *op, Edge sum,
                               const std::vector<Affine> &functions, long count,
                               bool mean);
  /// Whether a layer reads `value`, through whatever stands between.
  static bool feedsLayer(mlir::Value value);

  // Movement and the host's operations (FuseThresholds.cpp)
  llvm::LogicalResult fuseReshape(mlir::Operation *op);
  llvm::LogicalResult fusePick(mlir::Operation *op);
  llvm::LogicalResult fuseConcat(mlir::Operation *op);
  llvm::LogicalResult fuseHostOp(mlir::Operation *op);

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
  llvm::DenseMap<mlir::Value, Edge> edges;
};

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_FUSER_H
