// This describes the ops of the bnn dialect.

#ifndef BNN_OPS_TD
#define BNN_OPS_TD

include "bnn/BnnDialect.td"

//===----------------------------------------------------------------------===//
// From the graph's input to the first integer
//===----------------------------------------------------------------------===//

def QuantizeOp : UnaryOp<"quantize"> {
  let summary = "Turn the graph's input into integer codes by boundaries";
  let description = [{
    code = first + step * count, where count = #{j : x >= boundaries[j]}, or
    codes[count] where there are `codes`: there any code may follow any other.
    The boundaries
    ascend; each is the smallest value of the input's type whose code is another
    one, so that the host needs nothing but comparisons. A matrix of boundaries
    (and codes) has a row for each channel. An `i1` result stands for the codes
    -1 and +1. `real_differs` of the `changes` of code are elsewhere in real
    arithmetic than in the graph's floats.

    ```mlir
    %q = bnn.quantize %x {boundaries = dense<[0.5]> : tensor<1xf32>,
                          first = -1 : i64, step = 2 : i64}
         : tensor<1x1x8xf32> -> tensor<1x1x8xi1>
    ```
  }];
  let arguments = (ins MapOf<[AnyFloat, AnySignlessInteger,
                              AnyUnsignedInteger]>:$input,
                       ElementsAttr:$boundaries, I64Attr:$first, I64Attr:$step,
                       OptionalAttr<DenseI64ArrayAttr>:$codes,
                       OptionalAttr<I64Attr>:$real_differs,
                       OptionalAttr<I64Attr>:$changes);
  let results = (outs CodeMap:$output);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let builders = [OpBuilder<(ins "mlir::Type":$output, "mlir::Value":$input,
                                 "mlir::ElementsAttr":$boundaries,
                                 "int64_t":$first, "int64_t":$step), [{
    build($_builder, $_state, output, input, boundaries,
          $_builder.getI64IntegerAttr(first), $_builder.getI64IntegerAttr(step),
          nullptr, nullptr, nullptr);
  }]>];
  let extraClassDeclaration = [{
    /// The boundaries as doubles; of channel c if there is a row for each.
    llvm::SmallVector<double> boundariesOf(int64_t channel);
    bool isPerChannel() {
      return llvm::cast<mlir::ShapedType>(getBoundaries().getType()).getRank() > 1;
    }
    /// The code of `channel` after `count` boundaries.
    int64_t codeAt(int64_t channel, int64_t count);
    /// Gives channel c the row of channels[c], where there are rows.
    void takeChannels(llvm::ArrayRef<int64_t> channels);
  }];
}

def CastInputOp : UnaryOp<"cast_input"> {
  let summary = "Read a float map that carries integers";
  let description = [{
    The value is unchanged; a value that the result type cannot hold (for `i1`:
    other than -1 and +1) is refused when the program runs. This is the user's
    `--input-type`.

    ```mlir
    %q = bnn.cast_input %x : tensor<1x1x3600xf32> -> tensor<1x1x3600xi8>
    ```
  }];
  let arguments = (ins AnyTensor:$input);
  let results = (outs CodeMap:$output);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

def ConvOp : UnaryOp<"conv"> {
  let summary = "Compute exact dot products of a sliding window";
  let description = [{
    out[o,y,x] = sum over c,i,j of weight[o,c,i,j] *
    in[c, y*strides[0]+i-pads[0], x*strides[1]+j-pads[1]], where a position
    outside the map has the value `pad_value` in the input's own units (so 0 on
    a bipolar map contributes nothing). Pads are top, left, bottom, right. A
    dense layer is a conv whose kernel is the whole map. `weight_bits = 1` says
    that all weights are -1 or +1.

    ```mlir
    %a = bnn.conv %q {weight = dense<1> : tensor<8x1x1x7xi8>,
           strides = array<i64: 1, 2>, pads = array<i64: 0, 5, 0, 5>,
           pad_value = -1 : i64, weight_bits = 1 : i64}
         : tensor<1x1x3600xi8> -> tensor<8x1x1802xi32>
    ```
  }];
  let arguments = (ins CodeMap:$input, ElementsAttr:$weight,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       I64Attr:$pad_value, I64Attr:$weight_bits);
  let results = (outs AccumulatorMap:$output);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def MaxPoolOp : UnaryOp<"max_pool"> {
  let summary = "Take the maximum of a sliding window";
  let description = [{
    A position outside the map never wins. On `i1` this is an OR. Every window
    must hold at least one position of the map.

    ```mlir
    %p = bnn.max_pool %a {kernel = array<i64: 1, 7>,
           strides = array<i64: 1, 2>, pads = array<i64: 0, 0, 0, 0>}
         : tensor<8x1x1802xi32> -> tensor<8x1x898xi32>
    ```
  }];
  let arguments = (ins MapOf<[AnySignlessInteger, AnyUnsignedInteger, F64]>:$input,
                       DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads);
  let results = (outs MapOf<[AnySignlessInteger, AnyUnsignedInteger, F64]>:$output);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def ThresholdOp : UnaryOp<"threshold"> {
  let summary = "Turn exact integers into bits by switch points";
  let description = [{
    bit = first[c] xor parity(#{j : x >= points[c][j]}). The points of a channel
    ascend; an unused point is 2147483647 and is never counted. There are rows of
    points for the channels, or for all elements of the map, channel-major, where
    constants differ by position. One point is the usual threshold; two make the interval that sign(BN(PReLU(x))) with a negative slope needs;
    none makes a constant channel. `witnesses` counts the points that were
    proved by exact evaluation on both sides; `near_ties` lists the channels
    that float32 decides otherwise or nearly so at a reachable value,
    `float_differs` those that it decides otherwise. Of a
    `mirrored` map the upper half of the channels are the complements of the
    lower half, which a convolution needs that pads bits with 0.

    ```mlir
    %s = bnn.threshold %p {points = dense<[[-3], [4]]> : tensor<2x1xi32>,
           first = dense<[0, 1]> : tensor<2xi1>}
         : tensor<2x1x9xi32> -> tensor<2x1x9xi1>
    ```
  }];
  let arguments = (ins AccumulatorMap:$input, ElementsAttr:$points,
                       ElementsAttr:$first, OptionalAttr<I64Attr>:$witnesses,
                       OptionalAttr<DenseI64ArrayAttr>:$near_ties,
                       OptionalAttr<DenseI64ArrayAttr>:$float_differs,
                       UnitAttr:$mirrored);
  let results = (outs MapOf<[I1]>:$output);
  let extraClassDeclaration = [{
    int64_t rows() { return getFirst().getNumElements(); }
    bool isPerElement() {
      return rows() !=
             llvm::cast<mlir::ShapedType>(getInput().getType()).getDimSize(0);
    }
  }];
  let hasVerifier = 1;
}

def SumOp : UnaryOp<"sum"> {
  let summary = "Add the positions of each channel";
  let description = [{
    out[c] = sum over y,x of in[c,y,x]; `i1` counts as -1 and +1. A global
    average pool is this sum with its scale in what follows.

    ```mlir
    %g = bnn.sum %a : tensor<8x1x16xi32> -> tensor<8x1x1xi32>
    ```
  }];
  let arguments = (ins CodeMap:$input);
  let results = (outs AccumulatorMap:$output);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def ReshapeOp : UnaryOp<"reshape"> {
  let summary = "Read the same elements with another shape";
  let description = [{
    The elements keep their channel-major order (c, then y, then x).

    ```mlir
    %f = bnn.reshape %s : tensor<4x2x2xi1> -> tensor<16x1x1xi1>
    ```
  }];
  let arguments = (ins 3DTensorOf<[AnyType]>:$input);
  let results = (outs 3DTensorOf<[AnyType]>:$output);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def GatherOp : UnaryOp<"gather"> {
  let summary = "Take elements of a map in another order";
  let description = [{
    Element i of the result is element `from[i]` of the operand, both counted in
    channel-major order; an element may be taken more than once, or not at all.
    It stands where the host packs the input or reads the output, never between
    two layers.

    ```mlir
    %t = bnn.gather %x {from = array<i32: 0, 2, 1, 3>}
         : tensor<2x1x2xf32> -> tensor<2x1x2xf32>
    ```
  }];
  let arguments = (ins 3DTensorOf<[AnyType]>:$input, DenseI32ArrayAttr:$from);
  let results = (outs 3DTensorOf<[AnyType]>:$output);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def ConcatOp : BnnOp<"concat"> {
  let summary = "Put the channels of several maps one after the other";
  let description = [{
    ```mlir
    %c = bnn.concat %a, %b
         : (tensor<2x1x9xi1>, tensor<3x1x9xi1>) -> tensor<5x1x9xi1>
    ```
  }];
  let arguments = (ins Variadic<3DTensorOf<[AnyType]>>:$inputs);
  let results = (outs 3DTensorOf<[AnyType]>:$output);
  let assemblyFormat = "$inputs attr-dict `:` functional-type($inputs, $output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Real values on the host: before the first layer of the engine, or after the
// last. Their meaning is real arithmetic: a decision (decide, argmax) is that of
// the exact values, all else is worked out in float64.
//===----------------------------------------------------------------------===//

def ToRealOp : UnaryOp<"to_real"> {
  let summary = "Scale exact integers to real values";
  let description = [{
    out[c,y,x] = scale[c] * in[c,y,x] + shift[c] in float64; `scale` and `shift`
    have one value or one for each channel. Where these are rounded,
    `exact_scale` and `exact_shift` are their texts as the loader reads them:
    "a" or "a b q" for a + b sqrt(q), in hexadecimal. A float graph input becomes
    real values by a scale of 1.

    ```mlir
    %r = bnn.to_real %g {scale = array<f64: 0.5>, shift = array<f64: 0.0>}
         : tensor<5x1x1xi32> -> tensor<5x1x1xf64>
    ```
  }];
  let arguments = (ins MapOf<[AnySignlessInteger, AnyUnsignedInteger, F32, F64]>:$input,
                       DenseF64ArrayAttr:$scale, DenseF64ArrayAttr:$shift,
                       OptionalAttr<StrArrayAttr>:$exact_scale,
                       OptionalAttr<StrArrayAttr>:$exact_shift);
  let results = (outs RealMap:$output);
  let hasVerifier = 1;
}

def AffineOp : RealOp<"affine"> {
  let summary = "Scale and shift each channel";
  let description = [{
    out[c,y,x] = scale[c] * in[c,y,x] + shift[c], one value or one for each
    channel; exact texts as of `bnn.to_real`.

    ```mlir
    %r = bnn.affine %x {scale = array<f64: 2.0>, shift = array<f64: 1.0>}
         : tensor<5x1x1xf64>
    ```
  }];
  let arguments = (ins RealMap:$input, DenseF64ArrayAttr:$scale,
                       DenseF64ArrayAttr:$shift,
                       OptionalAttr<StrArrayAttr>:$exact_scale,
                       OptionalAttr<StrArrayAttr>:$exact_shift);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def PReluOp : RealOp<"prelu"> {
  let summary = "Multiply negative values by the channel's slope";
  let description = [{
    out = x >= 0 ? x : slope[c] * x, one slope or one for each channel.

    ```mlir
    %r = bnn.prelu %x {slope = array<f64: 0.25>} : tensor<5x1x9xf64>
    ```
  }];
  let arguments = (ins RealMap:$input, DenseF64ArrayAttr:$slope);
  let hasVerifier = 1;
}

def ClipOp : RealOp<"clip"> {
  let summary = "Limit values to an interval";
  let description = [{
    out = min(max(x, min), max).

    ```mlir
    %r = bnn.clip %x {min = -1.0 : f64, max = 1.0 : f64} : tensor<5x1x9xf64>
    ```
  }];
  let arguments = (ins RealMap:$input, F64Attr:$min, F64Attr:$max);
  let hasVerifier = 1;
}

def ReduceOp : UnaryOp<"reduce"> {
  let summary = "Reduce the positions of each channel";
  let description = [{
    `kind` is `sum`, `mean` or `max`.

    ```mlir
    %r = bnn.reduce %x {kind = "mean"} : tensor<5x1x9xf64> -> tensor<5x1x1xf64>
    ```
  }];
  let arguments = (ins RealMap:$input, StrAttr:$kind);
  let results = (outs RealMap:$output);
  let hasVerifier = 1;
}

def RealConvOp : UnaryOp<"real_conv"> {
  let summary = "Compute dot products with real weights";
  let description = [{
    As `bnn.conv` with f64 weights O x C x KH x KW, and 0 outside the map. A dense
    layer is a conv whose kernel is the whole map.

    ```mlir
    %r = bnn.real_conv %x {weight = dense<0.5> : tensor<2x5x1x1xf64>,
           strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
         : tensor<5x1x1xf64> -> tensor<2x1x1xf64>
    ```
  }];
  let arguments = (ins RealMap:$input, ElementsAttr:$weight,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads);
  let results = (outs RealMap:$output);
  let hasVerifier = 1;
}

def AddOp : BnnOp<"add", [SameOperandsAndResultType]> {
  let summary = "Add two real maps";
  let description = [{
    ```mlir
    %r = bnn.add %x, %y : tensor<5x1x9xf64>
    ```
  }];
  let arguments = (ins RealMap:$left, RealMap:$right);
  let results = (outs RealMap:$output);
  let assemblyFormat = "$left `,` $right attr-dict `:` type($output)";
}

def DecideOp : UnaryOp<"decide"> {
  let summary = "Turn real values into integer codes by cuts";
  let description = [{
    code = first + step * #{j : x reaches cuts[c][j]}; x reaches a cut where x >=
    it, or only x > it where `inclusive` is 0. The cuts of a row ascend; there is
    one row or one for each channel. An `i1` result stands for the codes -1 and
    +1.

    ```mlir
    %b = bnn.decide %x {cuts = dense<[[0.0]]> : tensor<1x1xf64>,
           inclusive = array<i64: 1>, first = -1 : i64, step = 2 : i64}
         : tensor<5x1x9xf64> -> tensor<5x1x9xi1>
    ```
  }];
  let arguments = (ins RealMap:$input, ElementsAttr:$cuts,
                       DenseI64ArrayAttr:$inclusive, I64Attr:$first,
                       I64Attr:$step);
  let results = (outs CodeMap:$output);
  let hasVerifier = 1;
}

def SoftmaxOp : RealOp<"softmax"> {
  let summary = "Normalise exp(x) over the channels of each position";
  let description = [{
    ```mlir
    %r = bnn.softmax %x : tensor<5x1x1xf64>
    ```
  }];
}

def LogSoftmaxOp : RealOp<"log_softmax"> {
  let summary = "Take the logarithm of softmax over channels";
  let description = [{
    ```mlir
    %r = bnn.log_softmax %x : tensor<5x1x1xf64>
    ```
  }];
}

def SigmoidOp : RealOp<"sigmoid"> {
  let summary = "Compute 1 / (1 + exp(-x))";
  let description = [{
    ```mlir
    %r = bnn.sigmoid %x : tensor<5x1x1xf64>
    ```
  }];
}

def TanhOp : RealOp<"tanh"> {
  let summary = "Compute the hyperbolic tangent";
  let description = [{
    ```mlir
    %r = bnn.tanh %x : tensor<5x1x1xf64>
    ```
  }];
}

def ArgmaxOp : UnaryOp<"argmax"> {
  let summary = "Give the first channel that holds the maximum";
  let description = [{
    `axis` is 0 for channels, 1 for rows, 2 for columns; with `last` the last
    place that holds the maximum.

    ```mlir
    %k = bnn.argmax %x : tensor<5x1x1xf64> -> tensor<1x1x1xi64>
    ```
  }];
  let arguments = (ins RealMap:$input, DefaultValuedAttr<I64Attr, "0">:$axis,
                       UnitAttr:$last);
  let results = (outs MapOf<[I64]>:$output);
  let hasVerifier = 1;
}

#endif // BNN_OPS_TD
