// This describes the passes from the onnx level to the bnn level.

#ifndef BNN_FUSE_PASSES_TD
#define BNN_FUSE_PASSES_TD

include "mlir/Pass/PassBase.td"

def CancelTerms : Pass<"bnn-cancel-terms", "mlir::ModuleOp"> {
  let summary = "Drop the terms of sums that cancel";
  let description = [{
    Before: the module that the importer makes.

    After: no sum of real values has a term and its negative. A value is read as
    a linear combination of others: Add, Sub, Neg, Mul and Div by constants,
    Reshape and Transpose keep that form, and equal operations on equal operands
    are one value. What straight-through estimators leave in a graph,
    sign(x) - clip(x) + clip(x), becomes sign(x). Values before the first
    convolution or matrix product are float32 numbers, where nothing cancels;
    they stay.
  }];
}

def NormalizeGraph : Pass<"bnn-normalize-graph", "mlir::ModuleOp"> {
  let summary = "Rewrite the onnx graph into canonical C x H x W form";
  let description = [{
    Before: the module that the importer makes, or bnn-cancel-terms.

    After: every value that depends on an input is a C x H x W tensor without
    the batch axis; the ONNX types of arguments and results are in `onnx.type`.
    MatMul is Conv; convolutions and pools have two kernel axes; reductions over
    all positions are ReduceSum, ReduceMean or ReduceMax to C x 1 x 1; elementwise
    operations have their constant second, with one value or one for each
    channel; reversed comparisons are turned round; Relu and LeakyRelu are PRelu;
    Min and Max with a constant are Clip. Float casts are gone. An operation
    that cannot be written so is an error at its location.
  }];
  let dependentDialects = ["mlir::func::FuncDialect"];
}

def InferQuantization : Pass<"bnn-infer-quantization", "mlir::ModuleOp"> {
  let summary = "Find the integer grid of every convolution's operands";
  let description = [{
    Before: the form that bnn-normalize-graph makes.

    After: the weight of every Conv is an i8 constant of -1 and +1; its scale is
    a Mul and its bias an Add behind it. The data operand of every Conv comes
    from a quantiser: QuantizeLinear, Quant, BipolarQuant, Sign, a comparison,
    an integer input, or a CastInput that `input-type` asks for. Weights that
    are not binary and inputs without a quantiser are errors.
  }];
  let options = [
    Option<"inputType", "input-type", "std::string", "\"\"",
           "[NAME=]int8|uint8|bipolar, comma separated: the integers that float "
           "inputs carry">,
  ];
}

def FuseThresholds : Pass<"bnn-fuse-thresholds", "mlir::ModuleOp"> {
  let summary = "Fuse elementwise chains and quantisers into thresholds";
  let description = [{
    Before: the form that bnn-infer-quantization makes.

    After: the function holds bnn operations only, and computes exactly what the
    graph means in real arithmetic (in the floats of its types before the first
    quantiser, unless `input-arithmetic` is real): chains between an integer and a quantiser
    are bnn.threshold, what precedes the first integer is bnn.quantize or
    bnn.cast_input, what follows the last is host operations on f64. Every
    switch point is proved on both sides. A reachable Sign(0) without a choice
    in `sign-zero`, and anything that has no exact form, is an error.
  }];
  let options = [
    Option<"signZero", "sign-zero", "std::string", "\"error\"",
           "What a reachable Sign(0) means: error, plus or minus">,
    Option<"inputArithmetic", "input-arithmetic", "std::string", "\"float\"",
           "How operations before the input's quantiser compute: float (as "
           "their types say) or real">,
  ];
  let dependentDialects = ["bnncc::bnn::BnnDialect"];
}

#endif // BNN_FUSE_PASSES_TD
