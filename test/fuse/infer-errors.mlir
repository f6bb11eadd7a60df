// RUN: bnn-opt %s -bnn-infer-quantization -split-input-file -verify-diagnostics

func.func @ternary(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %w = "onnx.Constant"() {value = dense<[[[[1.0, 0.0]]]]> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{weights must be -a or +a with one a for each output channel, but found 0.000000e+00 beside a = 1.000000e+00 in channel 0; binarize the weights}}
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

func.func @no_sign_between(%x: tensor<1x1x4xf32>) -> tensor<1x1x2xf32> {
  %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  %s = "onnx.Sign"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %a = "onnx.Conv"(%s, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  // expected-error @+1 {{input must be quantised, but found Conv before it}}
  %b = "onnx.Conv"(%a, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x3xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x2xf32>
  return %b : tensor<1x1x2xf32>
}
