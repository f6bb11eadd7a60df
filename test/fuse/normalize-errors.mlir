// RUN: bnn-opt %s -bnn-normalize-graph -split-input-file -verify-diagnostics

func.func @computed_slope(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %s = "onnx.Sign"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  // expected-error @+1 {{must have constant parameters, but found a computed one}}
  %a = "onnx.PRelu"(%x, %s) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}

// -----

func.func @two_shapes(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %m = "onnx.ReduceMean"(%x) {axes = array<i64: 2>} : (tensor<1x2x8xf32>) -> tensor<1x2x1xf32>
  // expected-error @+1 {{must join computed values of one shape, but found 1x2x1 for 1x2x8}}
  %a = "onnx.Mul"(%x, %m) : (tensor<1x2x8xf32>, tensor<1x2x1xf32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}

// -----

func.func @fractional_power(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %e = "onnx.Constant"() {value = dense<1.5> : tensor<f32>} : () -> tensor<f32>
  // expected-error @+1 {{must raise a computed value to one whole power in 1..8, or to 0.5, but found another exponent}}
  %a = "onnx.Pow"(%x, %e) : (tensor<1x2x8xf32>, tensor<f32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}

// -----

func.func @per_position(%x: tensor<1x2x40000xf32>) -> tensor<1x2x40000xf32> {
  %s = "onnx.Constant"() {value = dense<2.0> : tensor<2x40000xf32>} : () -> tensor<2x40000xf32>
  %c = "onnx.Sqrt"(%s) : (tensor<2x40000xf32>) -> tensor<2x40000xf32>
  // expected-error @+1 {{must have a constant with one value or one for each channel, but found 2x40000 on data of 1x2x40000; constants that differ by position may meet at most 65536 elements}}
  %b = "onnx.Mul"(%x, %c) : (tensor<1x2x40000xf32>, tensor<2x40000xf32>) -> tensor<1x2x40000xf32>
  return %b : tensor<1x2x40000xf32>
}

// -----

func.func @three_axes(%x: tensor<1x2x2x2x8xf32>) -> tensor<1x2x2x2x4xf32> {
  // expected-error @+1 {{must have one or two kernel axes, but found 3}}
  %a = "onnx.MaxPool"(%x) {kernel_shape = array<i64: 1, 1, 2>, strides = array<i64: 1, 1, 2>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>} : (tensor<1x2x2x2x8xf32>) -> tensor<1x2x2x2x4xf32>
  return %a : tensor<1x2x2x2x4xf32>
}

// -----

func.func @dilated_pool(%x: tensor<1x2x8xf32>) -> tensor<1x2x6xf32> {
  // expected-error @+1 {{must have dilations of 1, but found [2]; pool without dilation}}
  %a = "onnx.MaxPool"(%x) {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 2>} : (tensor<1x2x8xf32>) -> tensor<1x2x6xf32>
  return %a : tensor<1x2x6xf32>
}

// -----

func.func @padded_channels(%x: tensor<1x2x8xf32>) -> tensor<1x3x8xf32> {
  // expected-error @+1 {{must pad positions by a constant, but found pads [0, 1, 0, 0, 0, 0] on 1x2x8}}
  %a = "onnx.Pad"(%x) {pads = array<i64: 0, 1, 0, 0, 0, 0>, value = 0.0 : f32} : (tensor<1x2x8xf32>) -> tensor<1x3x8xf32>
  return %a : tensor<1x3x8xf32>
}

// -----

func.func @unknown(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  // expected-error @+1 {{must be an operation that has an exact integer form, but found Sin}}
  %a = "onnx.Sin"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %a : tensor<1x2x8xf32>
}


// -----

func.func @batch(%x: tensor<2x2x8xf32>) -> tensor<2x2x8xf32> {
  // expected-error @+1 {{must have data of one window with channels and one or two axes of positions, but found 2x2x8}}
  %a = "onnx.MaxPool"(%x) {kernel_shape = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<2x2x8xf32>) -> tensor<2x2x8xf32>
  return %a : tensor<2x2x8xf32>
}

// -----

func.func @other_dialect(%x: tensor<1x2x8xf64>) -> tensor<1x2x8xf64> {
  // expected-error @+1 {{must be an onnx operation}}
  %a = bnn.tanh %x : tensor<1x2x8xf64>
  return %a : tensor<1x2x8xf64>
}
