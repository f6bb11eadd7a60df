// RUN: bnn-opt %s -bnn-fuse-thresholds -split-input-file -verify-diagnostics

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// Two taps reach 0.
func.func @sign_of_zero(%x: tensor<2x1x1xf32>) -> tensor<1x1x1xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<2x1x1xf32>, tensor<f32>) -> tensor<2x1x1xf32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x2x1x1xi8>} : () -> tensor<1x2x1x1xi8>
  %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<2x1x1xf32>, tensor<1x2x1x1xi8>) -> tensor<1x1x1xf32>
  // expected-error @+1 {{must not see exactly 0, which ONNX's Sign keeps as 0, but found it at accumulator value 0 of channel 0; say what it means with --sign-zero=plus or --sign-zero=minus}}
  %s = "onnx.Sign"(%a) : (tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  return %s : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// Three taps do not: no error.
func.func @odd_taps(%x: tensor<3x1x1xf32>) -> tensor<1x1x1xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<3x1x1xf32>, tensor<f32>) -> tensor<3x1x1xf32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x3x1x1xi8>} : () -> tensor<1x3x1x1xi8>
  %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<3x1x1xf32>, tensor<1x3x1x1xi8>) -> tensor<1x1x1xf32>
  %s = "onnx.Sign"(%a) : (tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  return %s : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>

// Three taps inside, but two at the border, which contributes nothing.
func.func @border_parity(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = array<i64: 0, 1, 0, 1>} : (tensor<1x1x4xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x4xf32>
  // expected-error @+1 {{but found it at accumulator value 0 of channel 0}}
  %s = "onnx.Sign"(%a) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %s : tensor<1x1x4xf32>
}

// -----

func.func @input_sign(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  // expected-error @+1 {{must not see exactly 0, which ONNX's Sign keeps as 0, but found it at input value 0.0}}
  %s = "onnx.Sign"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %s : tensor<1x1x4xf32>
}

// -----

func.func @wide_integers_wrap(%x: tensor<1x1x4xi32>) -> tensor<1x1x4xf32> {
  %c = "onnx.Constant"() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  // expected-error @+1 {{must keep to the range of its type (-2147483648..2147483647), but found -6442450944; use a wider integer type}}
  %m = "onnx.Mul"(%x, %c) : (tensor<1x1x4xi32>, tensor<i32>) -> tensor<1x1x4xi32>
  %f = "onnx.Cast"(%m) : (tensor<1x1x4xi32>) -> tensor<1x1x4xf32>
  %s = "onnx.BipolarQuant"(%f, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  return %s : tensor<1x1x4xf32>
}

// -----

#unit = array<i64: 1, 1>

// Padding by 0.25 is not on the grid of +/-1.
func.func @pad_off_grid(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %p = "onnx.Pad"(%q) {pads = array<i64: 0, 1, 0, 1>, value = 0.25 : f64} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  // expected-error @+1 {{must pad by a value on its input's integer grid, but found 2.5}}
  %a = "onnx.Conv"(%p, %w) {strides = #unit, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x6xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x4xf32>
  return %a : tensor<1x1x4xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// Two maps, not two functions of one.
func.func @residual(%x: tensor<1x1x5xi8>) -> tensor<1x1x3xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  %v = "onnx.Constant"() {value = dense<[[[[-1, 1, 1]]]]> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %b = "onnx.Conv"(%x, %v) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  // expected-error @+1 {{must have operands that are functions of one map, but found two maps; residual additions and products of maps are not supported yet}}
  %y = "onnx.Add"(%a, %b) : (tensor<1x1x3xf32>, tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  return %y : tensor<1x1x3xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// (s - x) + x is not s in float32.
func.func @estimator_of_input(%x: tensor<1x1x5xf32>) -> tensor<1x1x5xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %s = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x5xf32>, tensor<f32>) -> tensor<1x1x5xf32>
  // expected-error @+1 {{must not join the float graph input with what is made of it, but found one operand that is}}
  %d = "onnx.Sub"(%s, %x) : (tensor<1x1x5xf32>, tensor<1x1x5xf32>) -> tensor<1x1x5xf32>
  return %d : tensor<1x1x5xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// round(clip(x, 0, 2)) has three levels.
func.func @three_levels(%x: tensor<1x1x5xi8>) -> tensor<1x1x1xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %c = "onnx.Clip"(%a, %zero, %two) : (tensor<1x1x3xf32>, tensor<f32>, tensor<f32>) -> tensor<1x1x3xf32>
  %r = "onnx.Round"(%c) : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  // expected-error @+1 {{must have 2 levels between layers, but found 3; activations of more than one bit are not supported yet}}
  %b = "onnx.Conv"(%r, %w) {strides = #unit, pads = #none} : (tensor<1x1x3xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x1xf32>
  return %b : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// The loader has no Erf.
func.func @host_function(%x: tensor<1x1x5xi8>) -> tensor<1x1x3xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  // expected-error @+1 {{must be a function that the loader has behind the last layer}}
  %e = "onnx.Erf"(%a) : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  return %e : tensor<1x1x3xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// At 1, weights 1 and 1.001 differ.
func.func @weights_decide(%x: tensor<1x1x5xi8>) -> tensor<1x1x3xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none, deviations = array<f64: 1.0e-6>} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  // expected-error @+1 {{must be decided by weights of one magnitude, but found that the small differences between those of channel 0 decide it at accumulator value 1}}
  %g = "onnx.Greater"(%a, %one) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xi1>
  %f = "onnx.Cast"(%g) : (tensor<1x1x3xi1>) -> tensor<1x1x3xf32>
  return %f : tensor<1x1x3xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// The loader has no magnitude, and none of some channels only.
func.func @magnitude_of_some(%x: tensor<3x1x1xf32>) -> tensor<2x1x1xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<3x1x1xf32>, tensor<f32>) -> tensor<3x1x1xf32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x3x1x1xi8>} : () -> tensor<1x3x1x1xi8>
  %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<3x1x1xf32>, tensor<1x3x1x1xi8>) -> tensor<1x1x1xf32>
  %v = "onnx.Constant"() {value = dense<-1> : tensor<1x3x1x1xi8>} : () -> tensor<1x3x1x1xi8>
  %c = "onnx.Conv"(%q, %v) {strides = #unit, pads = #none} : (tensor<3x1x1xf32>, tensor<1x3x1x1xi8>) -> tensor<1x1x1xf32>
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %b = "onnx.Add"(%a, %two) : (tensor<1x1x1xf32>, tensor<f32>) -> tensor<1x1x1xf32>
  %m = "onnx.Abs"(%b) : (tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  // expected-error @+1 {{must follow one function of all channels, but found other functions of the last layer's channels joined; put a sign behind each}}
  %j = "onnx.Concat"(%m, %c) {axis = 0 : i64} : (tensor<1x1x1xf32>, tensor<1x1x1xf32>) -> tensor<2x1x1xf32>
  return %j : tensor<2x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

func.func @long_sum(%x: tensor<1000x1x100000xi8>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1000x1x1xi8>} : () -> tensor<1x1000x1x1xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1000x1x100000xi8>, tensor<1x1000x1x1xi8>) -> tensor<1x1x100000xf32>
  // expected-error @+1 {{sums must fit into 32 bits, but found -12800000000..12700000000; sum fewer positions}}
  %s = "onnx.ReduceSum"(%a) : (tensor<1x1x100000xf32>) -> tensor<1x1x1xf32>
  return %s : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

func.func @many_taps(%x: tensor<17000000x1x1xi8>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x17000000x1x1xi8>} : () -> tensor<1x17000000x1x1xi8>
  // expected-error @+1 {{sums must fit into 32 bits, but found -2176000000..2159000000; use fewer taps}}
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<17000000x1x1xi8>, tensor<1x17000000x1x1xi8>) -> tensor<1x1x1xf32>
  return %a : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

func.func @rows_of_thresholds(%x: tensor<1x1x4xi8>) -> tensor<2x1x4xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<2x1x1x1xi8>} : () -> tensor<2x1x1x1xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x4xi8>, tensor<2x1x1x1xi8>) -> tensor<2x1x4xf32>
  %t = "onnx.Constant"() {value = dense<1.5> : tensor<3x1xf32>} : () -> tensor<3x1xf32>
  // expected-error @+1 {{must have 1 or 2 rows of constants, but found 3}}
  %s = "onnx.MultiThreshold"(%a, %t) : (tensor<2x1x4xf32>, tensor<3x1xf32>) -> tensor<2x1x4xf32>
  return %s : tensor<2x1x4xf32>
}

// -----

// Relu is PRelu behind bnn-normalize-graph.
func.func @other_form(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  // expected-error @+1 {{must be in the form that bnn-infer-quantization makes, but found Relu}}
  %a = "onnx.Relu"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %a : tensor<1x1x4xf32>
}

// -----

func.func @mixed_channels(%x: tensor<2x1x2xf32>) -> tensor<2x1x2xf32> {
  %c = "onnx.Constant"() {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %m = "onnx.Mul"(%x, %c) : (tensor<2x1x2xf32>, tensor<2xf32>) -> tensor<2x1x2xf32>
  // expected-error @+1 {{must not mix channels that are scaled apart, but found such channels of the input; scale them behind it}}
  %p = "onnx.Pick"(%m) {from = array<i32: 0, 2, 1, 3>} : (tensor<2x1x2xf32>) -> tensor<2x1x2xf32>
  return %p : tensor<2x1x2xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// Half a hundredth of a weight, times bytes.
func.func @deviations(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
  // expected-error @+1 {{must have weights of one magnitude for each output channel, but found differences that could move a sum by}}
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none, deviations = array<f64: 0.005>} : (tensor<1x1x4xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x4xf32>
  return %a : tensor<1x1x4xf32>
}

// -----

func.func @remainders(%x: tensor<1x1x4xi32>) -> tensor<1x1x4xi32> {
  %c = "onnx.Constant"() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
  // expected-error @+1 {{must be a monotone function of the graph input, but found remainders or bits of it; give it an input of 8 or 16 bits}}
  %m = "onnx.Mod"(%x, %c) : (tensor<1x1x4xi32>, tensor<i32>) -> tensor<1x1x4xi32>
  return %m : tensor<1x1x4xi32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

func.func @rounding(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x4xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x4xf32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  // expected-error @+1 {{must round by ROUND, HALF_UP, HALF_DOWN, FLOOR, CEIL, UP or DOWN, but found odd; choose one of these}}
  %s = "onnx.Quant"(%a, %one, %zero, %two) {rounding_mode = "odd"} : (tensor<1x1x4xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<1x1x4xf32>
  return %s : tensor<1x1x4xf32>
}

// -----

// A Pad of bits by 0 with another around it has no bits.
func.func @zero_inside(%x: tensor<1x1x4xf32>) -> tensor<1x1x8xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %p = "onnx.Pad"(%q) {pads = array<i64: 0, 1, 0, 1>, value = 0.0 : f64} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  // expected-error @+1 {{must pad around a Pad by values that the map has, but found a Pad by 0.000000e+00; pad by one value, or put the Pad by 0 outside}}
  %r = "onnx.Pad"(%p) {pads = array<i64: 0, 1, 0, 1>, value = 1.0 : f64} : (tensor<1x1x6xf32>) -> tensor<1x1x8xf32>
  return %r : tensor<1x1x8xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

func.func @two_widths(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x4xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x4xf32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %widths = "onnx.Constant"() {value = dense<[2.0, 3.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  // expected-error @+1 {{must have one constant bit width, but found another; export with fixed bit widths}}
  %s = "onnx.Quant"(%a, %one, %zero, %widths) : (tensor<1x1x4xf32>, tensor<f32>, tensor<f32>, tensor<2xf32>) -> tensor<1x1x4xf32>
  return %s : tensor<1x1x4xf32>
}

// -----

func.func @shifted(%x: tensor<1x1x4xi32>) -> tensor<1x1x4xi32> {
  %c = "onnx.Constant"() {value = dense<4> : tensor<i32>} : () -> tensor<i32>
  // expected-error @+1 {{must stay in the range of its integer type, but found -3.43597384e+10 for input -2.14748365e+09; clip the input or use an input of 8 or 16 bits}}
  %m = "onnx.BitShift"(%x, %c) {direction = "LEFT"} : (tensor<1x1x4xi32>, tensor<i32>) -> tensor<1x1x4xi32>
  return %m : tensor<1x1x4xi32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// Two values around a layer's integers: no quantiser has made codes of them yet.
func.func @two_before_sign(%x: tensor<1x1x4xf32>) -> tensor<1x1x8xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
  %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<1x1x4xf32>, tensor<1x1x1x1xi8>) -> tensor<1x1x4xf32>
  %p = "onnx.Pad"(%a) {pads = array<i64: 0, 1, 0, 1>, value = 1.0 : f64} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  // expected-error @+1 {{must pad by the value of the Pad before it, but found -1.000000e+00; merge the two, or pad behind the quantiser}}
  %r = "onnx.Pad"(%p) {pads = array<i64: 0, 1, 0, 1>, value = -1.0 : f64} : (tensor<1x1x6xf32>) -> tensor<1x1x8xf32>
  return %r : tensor<1x1x8xf32>
}
