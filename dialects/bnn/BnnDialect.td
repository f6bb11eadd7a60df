// This describes the bnn dialect: its name, its types and the base of its ops.

#ifndef BNN_DIALECT_TD
#define BNN_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def BnnDialect : Dialect {
  let name = "bnn";
  let cppNamespace = "::bnncc::bnn";
  let summary = "Exact integer graphs of binarized neural networks";
  let description = [{
    Every value is a map of C channels x H rows x W columns without a batch
    axis. 1-D data has H = 1, a vector is C x 1 x 1. Element types: `i1` is
    bipolar (0 is -1, 1 is +1); `i2`..`i8`/`ui1`..`ui8` are quantised inputs;
    `i32` holds exact integers; `f32` is a graph input; `f64` holds real values
    on the host, after the last integer.
  }];
}

// A C x H x W map of the given element types.
class MapOf<list<Type> elements> : 3DTensorOf<elements>;
def RealMap : MapOf<[F64]>;
def AccumulatorMap : MapOf<[I32]>;
def CodeMap : MapOf<[AnySignlessInteger, AnyUnsignedInteger]>;

class BnnOp<string mnemonic, list<Trait> traits = []> :
    Op<BnnDialect, mnemonic, !listconcat([Pure], traits)>;

// One map in, one map out, written `op %in {attributes} : in -> out`.
class UnaryOp<string mnemonic, list<Trait> traits = []> :
    BnnOp<mnemonic, traits> {
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($output)
  }];
}

// A host op whose result has its operand's type.
class RealOp<string mnemonic, list<Trait> traits = []> :
    BnnOp<mnemonic, !listconcat([SameOperandsAndResultType], traits)> {
  let arguments = (ins RealMap:$input);
  let results = (outs RealMap:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

#endif // BNN_DIALECT_TD
