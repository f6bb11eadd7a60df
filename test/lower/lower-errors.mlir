// What the engine cannot run exactly is refused at its node.
// RUN: not bnn-opt %s --split-input-file --bnn-lower-program=target=z010 2>&1 | FileCheck %s



// CHECK: node 'conv1': weight 0 is not -1 or +1
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<4x1x13xi32> {
  %a = bnn.conv %x {weight = dense<0> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 2 : i64} : tensor<1x1x16xi8> -> tensor<4x1x13xi32> loc("conv1")
  return %a : tensor<4x1x13xi32>
}

// -----

// CHECK: node 'wide': sums of 160 taps need an accumulator of 17 bits, target 'z010' has accumulator_bits = 16; no built-in target has room, it takes a target file with accumulator_bits = 17
func.func @main(%x: tensor<160x1x1xi8>) -> tensor<4x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x160x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<160x1x1xi8> -> tensor<4x1x1xi32> loc("wide")
  %s = bnn.threshold %a {points = dense<5> : tensor<4x1xi32>, first = dense<0> : tensor<4xi1>} : tensor<4x1x1xi32> -> tensor<4x1x1xi1>
  %b = bnn.conv %s {weight = dense<1> : tensor<4x4x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<4x1x1xi1> -> tensor<4x1x1xi32>
  %r = bnn.to_real %b {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<4x1x1xi32> -> tensor<4x1x1xf64>
  return %r : tensor<4x1x1xf64>
}

// -----

// CHECK: node 'big': its input map needs 5000 lane words, target 'z010' has lane_words = 4096; no built-in target has room, it takes a target file with lane_words = 8192
func.func @main(%x: tensor<1x1x20000xi8>) -> tensor<4x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x20000xi8> -> tensor<4x1x19997xi32> loc("big")
  %g = bnn.sum %a : tensor<4x1x19997xi32> -> tensor<4x1x1xi32>
  %r = bnn.to_real %g {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<4x1x1xi32> -> tensor<4x1x1xf64>
  return %r : tensor<4x1x1xf64>
}

// -----

// CHECK: node 'end': the graph ends in bits
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<4x1x13xi1> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi8> -> tensor<4x1x13xi32>
  %s = bnn.threshold %a {points = dense<5> : tensor<4x1xi32>, first = dense<0> : tensor<4xi1>} : tensor<4x1x13xi32> -> tensor<4x1x13xi1> loc("end")
  return %s : tensor<4x1x13xi1>
}

// -----

// Far beyond the fields of the instructions, too: the buffer is what to change.
// CHECK: node 'huge': its input map needs 250000 lane words, target 'z010' has lane_words = 4096; no target can be made large enough, make the network smaller
func.func @main(%x: tensor<1x1x1000000xi8>) -> tensor<4x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x1000000xi8> -> tensor<4x1x1000000xi32> loc(fused["dequantize", "huge"])
  %g = bnn.sum %a : tensor<4x1x1000000xi32> -> tensor<4x1x1xi32>
  %r = bnn.to_real %g {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<4x1x1xi32> -> tensor<4x1x1xf64>
  return %r : tensor<4x1x1xf64>
}

// -----

// A layer is named by its own node, not by the first that it took in.
// CHECK: node 'conv': weight 0 is not -1 or +1
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<4x1x13xi32> {
  %a = bnn.conv %x {weight = dense<0> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 2 : i64} : tensor<1x1x16xi8> -> tensor<4x1x13xi32> loc(fused["dequantize", "conv"])
  return %a : tensor<4x1x13xi32>
}

// -----

// The graph's own input has no complement.
// CHECK: node 'pool': a pool behind a convolution that pads bits with 0 needs their complements, which the graph's own input and a pool of two-sided bits do not have
func.func @main(%x: tensor<1x1x16xi1>) -> tensor<4x1x8xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi1> -> tensor<4x1x16xi32> loc("conv")
  %p = bnn.max_pool %a {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = array<i64: 0, 0, 0, 0>} : tensor<4x1x16xi32> -> tensor<4x1x8xi32> loc("pool")
  %r = bnn.to_real %p {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<4x1x8xi32> -> tensor<4x1x8xf64>
  return %r : tensor<4x1x8xf64>
}

// -----

// CHECK: node 'conv': values of a convolution that pads bits with 0 need their complements
func.func @main(%x: tensor<1x1x16xi1>) -> tensor<4x1x16xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi1> -> tensor<4x1x16xi32> loc("conv")
  %r = bnn.to_real %a {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<4x1x16xi32> -> tensor<4x1x16xf64> loc("conv")
  return %r : tensor<4x1x16xf64>
}

// -----

// CHECK: node 'conv': padding rows of bits with 0 needs their complements
func.func @main(%x: tensor<1x4x4xi1>) -> tensor<1x4x4xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x3x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi1> -> tensor<1x4x4xi32> loc("conv")
  %r = bnn.to_real %a {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x4x4xi32> -> tensor<1x4x4xf64>
  return %r : tensor<1x4x4xf64>
}

// -----

// CHECK: node 'pool': pooling over 2 rows of integers with two switch points
func.func @main(%x: tensor<1x4x4xi8>) -> tensor<1x2x4xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi8> -> tensor<1x4x4xi32>
  %p = bnn.max_pool %a {kernel = array<i64: 2, 1>, strides = array<i64: 2, 1>, pads = array<i64: 0, 0, 0, 0>} : tensor<1x4x4xi32> -> tensor<1x2x4xi32> loc("pool")
  %t = bnn.threshold %p {points = dense<[[1, 4]]> : tensor<1x2xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x2x4xi32> -> tensor<1x2x4xi1>
  %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x2x4xi1> -> tensor<1x2x4xi32>
  %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x2x4xi32> -> tensor<1x2x4xf64>
  return %r : tensor<1x2x4xf64>
}
