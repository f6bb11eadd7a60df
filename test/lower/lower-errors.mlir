// What the engine cannot run exactly is refused at its node.
// RUN: not bnn-opt %s --split-input-file --bnn-lower-program=target=z010 2>&1 | FileCheck %s



// CHECK: node 'conv1': weight 0 is not -1 or +1
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<4x1x13xi32> {
  %a = bnn.conv %x {weight = dense<0> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 2 : i64} : tensor<1x1x16xi8> -> tensor<4x1x13xi32> loc("conv1")
  return %a : tensor<4x1x13xi32>
}

// -----

// CHECK: node 'wide': sums of 160 taps need an accumulator of 17 bits, target 'z010' has 16
func.func @main(%x: tensor<160x1x1xi8>) -> tensor<4x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<4x160x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<160x1x1xi8> -> tensor<4x1x1xi32> loc("wide")
  %s = bnn.threshold %a {points = dense<5> : tensor<4x1xi32>, first = dense<0> : tensor<4xi1>} : tensor<4x1x1xi32> -> tensor<4x1x1xi1>
  %b = bnn.conv %s {weight = dense<1> : tensor<4x4x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<4x1x1xi1> -> tensor<4x1x1xi32>
  %r = bnn.to_real %b {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<4x1x1xi32> -> tensor<4x1x1xf64>
  return %r : tensor<4x1x1xf64>
}

// -----

// CHECK: node 'big': its input map and the one before need 5000 lane words, target 'z010' has lane_words = 4096
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
