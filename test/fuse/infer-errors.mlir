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

// -----

// Few of the 8 bits' levels occur; the type says how many there can be.
func.func @dequantised(%x: tensor<1x1x4xf32>) -> tensor<1x1x2xf32> {
  %q = "onnx.Constant"() {value = dense<[[[[17, -90, 3]]]]> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %s = "onnx.Constant"() {value = dense<0.1> : tensor<f32>} : () -> tensor<f32>
  %z = "onnx.Constant"() {value = dense<0> : tensor<i8>} : () -> tensor<i8>
  %w = "onnx.DequantizeLinear"(%q, %s, %z) : (tensor<1x1x1x3xi8>, tensor<f32>, tensor<i8>) -> tensor<1x1x1x3xf32>
  // expected-error @+1 {{but found weights of 8 bits (3 levels from -9.}}
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x3xf32>) -> tensor<1x1x2xf32>
  return %a : tensor<1x1x2xf32>
}

// -----

func.func @none_is_binary(%x: tensor<1x1x4xf32>) -> tensor<1x1x2xf32> {
  %w = "onnx.Constant"() {value = dense<[[[[1.0, 0.0]]]]> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{but found ternary ones (0, 0 and 1 at most in channel 0) and no binary layer among 2; ternary weights are not supported yet on the engine}}
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  %b = "onnx.Conv"(%a, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x3xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x2xf32>
  return %b : tensor<1x1x2xf32>
}

// -----

// Damaged by hand: no exporter writes such an axis.
func.func @axis_beyond(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %c = "onnx.Constant"() {value = dense<[[[[1.0, 3.0]]]]> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{on constants must have an exact value, but found ReduceMean of numbers for which bnncc knows none}}
  %w = "onnx.ReduceMean"(%c) {axes = array<i64: 65535>, keepdims = 1 : i64} : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32>
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4xf32>
  return %a : tensor<1x1x4xf32>
}
