// RUN: bnn-opt %s -split-input-file -verify-diagnostics

func.func @boundaries_of_integers(%x: tensor<1x1x8xf32>) {
  // expected-error @+1 {{boundaries must be a vector of f32 or f64, or one for}}
  %q = bnn.quantize %x {boundaries = dense<1> : tensor<1xi32>, first = 0 : i64, step = 1 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi8>
  return
}

// -----

func.func @step_of_zero(%x: tensor<1x1x8xf32>) {
  // expected-error @+1 {{step must not be 0}}
  %q = bnn.quantize %x {boundaries = dense<0.5> : tensor<1xf32>, first = 0 : i64, step = 0 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi8>
  return
}

// -----

func.func @weight_of_three_axes(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{weight must be a 4-D tensor of i8, but found}}
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x8xi1> -> tensor<2x1x6xi32>
  return
}

// -----

func.func @weight_bits(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{weight_bits must be in 1..8, but found 9}}
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 9 : i64} : tensor<1x1x8xi1> -> tensor<2x1x6xi32>
  return
}

// -----

func.func @strides_of_one_axis(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{kernel and strides must have two numbers, but found 2 and 1}}
  %a = bnn.max_pool %x {kernel = array<i64: 1, 2>, strides = array<i64: 2>, pads = array<i64: 0, 0, 0, 0>} : tensor<1x1x8xi1> -> tensor<1x1x4xi1>
  return
}

// -----

func.func @two_pads(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{pads must have four numbers, but found 2}}
  %a = bnn.max_pool %x {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = array<i64: 0, 0>} : tensor<1x1x8xi1> -> tensor<1x1x4xi1>
  return
}

// -----

func.func @stride_of_zero(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{kernel and strides must be positive, but found [1, 2] and [1, 0]}}
  %a = bnn.max_pool %x {kernel = array<i64: 1, 2>, strides = array<i64: 1, 0>, pads = array<i64: 0, 0, 0, 0>} : tensor<1x1x8xi1> -> tensor<1x1x4xi1>
  return
}

// -----

func.func @negative_pad(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{pads must not be negative, but found [0, -1, 0, 0]}}
  %a = bnn.max_pool %x {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = array<i64: 0, -1, 0, 0>} : tensor<1x1x8xi1> -> tensor<1x1x4xi1>
  return
}

// -----

func.func @first_of_other_channels(%x: tensor<2x1x8xi32>) {
  // expected-error @+1 {{first must be tensor<2xi1>, but found}}
  %a = bnn.threshold %x {points = dense<[[1], [2]]> : tensor<2x1xi32>, first = dense<false> : tensor<3xi1>} : tensor<2x1x8xi32> -> tensor<2x1x8xi1>
  return
}

// -----

func.func @concat_of_nothing() {
  // expected-error @+1 {{must have an input, but found none}}
  %a = "bnn.concat"() : () -> tensor<2x1x8xi32>
  return
}
