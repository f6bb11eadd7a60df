// A value of the graph during fusion: a bnn value and what is still pending.

#ifndef BNNCC_COMPILER_FUSE_EDGE_H
#define BNNCC_COMPILER_FUSE_EDGE_H

#include "bnn/BnnDialect.h"
#include "fuse/Switches.h"
#include "llvm/ADT/SetVector.h"

namespace bnncc {

/// The real value at a position of channel c is chain_c(base) where `base` is a
/// bnn value: the graph's float input, an exact integer, or a host value. A
/// pool may be pending on the chain's value, and then a pad.
struct Edge {
  enum class Kind { Input, Integer, Host };

  struct Pool {
    llvm::SmallVector<int64_t> kernel, strides, pads;
    mlir::RankedTensorType type; ///< the map after the pool
  };
  /// A border of real value `value` before the steps from `from` on; or one
  /// below all values, minus infinity, which only a pool can read.
  struct Pad {
    llvm::SmallVector<int64_t> pads;
    mpq_class value;
    size_t from;
    bool isLowest = false;
  };

  Kind kind = Kind::Input;
  mlir::Value base;
  exact::Reach reach;                      ///< of an integer base
  /// One, or one for each channel; all of one length, and at a place all have
  /// affine steps or all the same kind, or some have Round or Apply there.
  std::vector<exact::Chain> chains = {{}};
  /// Of the graph's input: an operation that is no step has passed, and only
  /// its float arithmetic tells the value.
  bool isOpaque = false;
  /// Of the graph's input: the value is an integer, of Round, Floor or Ceil.
  bool isWhole = false;
  std::optional<Pool> pool;
  std::optional<Pad> pad;
  /// A Sign in the chains that is 0 at a reachable value: no error while what
  /// follows tells two values apart.
  struct Zero {
    mlir::Operation *op;
    int64_t channel, at;
  };
  std::optional<Zero> zero;
  /// Per channel, how far the base of the chain may be from the integer, where
  /// weights are not quite of one magnitude; empty if it is the integer.
  std::vector<double> spread;
  double spreadOf(int64_t channel) const {
    return spread.empty() ? 0 : spread[channel];
  }
  llvm::SetVector<mlir::Location> locs; ///< of the pending steps

  mlir::RankedTensorType type() const {
    return llvm::cast<mlir::RankedTensorType>(base.getType());
  }
  int64_t channels() const { return type().getDimSize(0); }
  const exact::Chain &chain(int64_t channel) const {
    return chains[chains.size() == 1 ? 0 : channel];
  }
  bool isBipolar() const { return type().getElementType().isInteger(1); }
  mlir::Location fusedLoc(mlir::Location last) const;

  /// Appends one step, or one for each channel.
  void append(const std::vector<exact::Step> &steps);
  /// Inserts steps that change nothing, so that chains of other lengths and
  /// kinds, as a Concat joins them, become what `chains` says.
  void alignChains();
  /// How a chain runs over the reachable integers; on bits by its two values.
  exact::Direction directionOf(const exact::Chain &chain) const;
  /// Whether every chain rises over the reachable integers.
  bool rises() const;
};

/// scale * x + shift, where the steps are affine.
struct Affine {
  exact::Radical scale, shift;
};
std::optional<Affine> affineOf(exact::ChainView chain);

/// The affine function that a chain is on -1 and +1.
std::optional<Affine> affineOnBipolar(exact::ChainView chain);

/// The loader's text of an exact number: "a" or "a b q" for a + b sqrt(q), with
/// hexadecimal integers n or n/d.
std::string hostText(const exact::Radical &value);

/// Turns an edge into a real host value; emits an error at `op` if it cannot.
mlir::FailureOr<mlir::Value> toHost(mlir::OpBuilder &builder,
                                    mlir::Operation *op, const Edge &edge);

/// Real values scaled and shifted by exact numbers, one or one per channel.
mlir::Value createAffine(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value value,
                         llvm::ArrayRef<exact::Radical> scale,
                         llvm::ArrayRef<exact::Radical> shift);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_EDGE_H
