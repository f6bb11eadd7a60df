// RUN: bnn-opt %s -bnn-normalize-graph -split-input-file -verify-diagnostics

func.func @dilation(%x: tensor<1x2x8xf32>) -> tensor<1x3x4xf32> {
  %w = "onnx.Constant"() {value = dense<1.0> : tensor<3x2x3xf32>} : () -> tensor<3x2x3xf32>
  // expected-error @+1 {{must have dilations of 1, but found [2]}}
  %a = "onnx.Conv"(%x, %w) {kernel_shape = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 2>, group = 1 : i64} : (tensor<1x2x8xf32>, tensor<3x2x3xf32>) -> tensor<1x3x4xf32>
  return %a : tensor<1x3x4xf32>
}

// -----

func.func @residual(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %s = "onnx.Sign"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  // expected-error @+1 {{must have one computed operand, but found two}}
  %a = "onnx.Add"(%x, %s) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}

// -----

func.func @per_position(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %c = "onnx.Constant"() {value = dense<[1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]> : tensor<8xf32>} : () -> tensor<8xf32>
  // expected-error @+1 {{must have a constant with one value or one for each channel, but found}}
  %a = "onnx.Mul"(%x, %c) : (tensor<1x2x8xf32>, tensor<8xf32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}

// -----

func.func @transpose(%x: tensor<1x2x8xf32>) -> tensor<1x8x2xf32> {
  // expected-error @+1 {{must not reorder channels and positions, but found perm = [0, 2, 1]}}
  %a = "onnx.Transpose"(%x) {perm = array<i64: 0, 2, 1>} : (tensor<1x2x8xf32>) -> tensor<1x8x2xf32>
  return %a : tensor<1x8x2xf32>
}

// -----

func.func @unknown(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  // expected-error @+1 {{must be an operation that has an exact integer form, but found Erf}}
  %a = "onnx.Erf"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}

// -----

func.func @average_part(%x: tensor<1x2x8xf32>) -> tensor<1x2x4xf32> {
  // expected-error @+1 {{must average all positions, but found kernel [1, 2]}}
  %a = "onnx.AveragePool"(%x) {kernel_shape = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x2x8xf32>) -> tensor<1x2x4xf32>
  return %a : tensor<1x2x4xf32>
}

// -----

// expected-error @+1 {{batch axis must be 1, but found}}
func.func @batch(%x: tensor<2x2x8xf32>) -> tensor<2x2x8xf32> {
  return %x : tensor<2x2x8xf32>
}
