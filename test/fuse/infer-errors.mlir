// RUN: bnn-opt %s -bnn-infer-quantization -split-input-file -verify-diagnostics

// Alone it is no binary network; between two it is no first or last layer.
func.func @ternary(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %w = "onnx.Constant"() {value = dense<[[[[1.0, 0.0]]]]> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{weights must be -a or +a with one a for each output channel, but found ternary ones (0, 0 and 1 at most in channel 0); ternary weights are not supported yet}}
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  return %a : tensor<1x1x3xf32>
}

// -----

func.func @float_input(%x: tensor<1x1x4xf32> {onnx.name = "ecg"}) -> tensor<1x1x3xf32> {
  %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{input must be quantised, but found the float graph input 'ecg'; add a quantiser before it, or say with --input-type}}
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  return %a : tensor<1x1x3xf32>
}

// -----

func.func @float_between(%x: tensor<1x1x5xf32>) -> tensor<1x1x2xf32> {
  %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  %v = "onnx.Constant"() {value = dense<[[[[1.0, 0.5]]]]> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  %s = "onnx.Sign"(%x) : (tensor<1x1x5xf32>) -> tensor<1x1x5xf32>
  %a = "onnx.Conv"(%s, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x5xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x4xf32>
  %t = "onnx.Sign"(%a) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  // expected-error @+1 {{weights must be -a or +a with one a for each output channel, but found}}
  %b = "onnx.Conv"(%t, %v) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  %u = "onnx.Sign"(%b) : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  %c = "onnx.Conv"(%u, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x3xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x2xf32>
  return %c : tensor<1x1x2xf32>
}

// -----

func.func @several_bits(%x: tensor<1x1x4xf32>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<[[[[1.5, -0.5, 0.5, -1.0]]]]> : tensor<1x1x1x4xf32>} : () -> tensor<1x1x1x4xf32>
  // expected-error @+1 {{but found weights of 3 bits (4 levels from -1 to 1.5 in channel 0); weights of more than one bit are not supported yet}}
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x1x1xf32>
  return %a : tensor<1x1x1xf32>
}

// -----

func.func @float_weights(%x: tensor<1x1x4xf32>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<[[[[0.123456789, -0.5, 0.712, -2.0]]]]> : tensor<1x1x1x4xf32>} : () -> tensor<1x1x1x4xf32>
  // expected-error @+1 {{but found float weights (4 magnitudes from 0.123456791 to 2 in channel 0); float weights are not supported yet on the engine}}
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x1x1xf32>
  return %a : tensor<1x1x1xf32>
}
