// What the engine cannot run exactly is refused at its node.
// RUN: not bnn-opt %s --split-input-file --bnn-lower-program=target=z010 2>&1 | FileCheck %s

// A target whose accumulators have 16 bits; the range is that of the codes that can occur.
// RUN: not bnn-opt %s --split-input-file --bnn-lower-program=target=%S/Inputs/narrow.json 2>&1 | FileCheck %s --check-prefix=NARROW



// CHECK: node 'conv1': weights up to 100 take 100 sets of -1 and +1, the compiler adds up at most 64
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<4x1x13xi32> {
  %a = bnn.conv %x {weight = dense<100> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 8 : i64} : tensor<1x1x16xi8> -> tensor<4x1x13xi32> loc("conv1")
  return %a : tensor<4x1x13xi32>
}

// -----

// NARROW: node 'wide': sums of 160 taps on codes -128..127 need an accumulator of 17 bits, target 'narrow' has 16; use a target with accumulator_bits = 17
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
// CHECK: node 'conv': weights up to 100 take 100 sets of -1 and +1
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<4x1x13xi32> {
  %a = bnn.conv %x {weight = dense<100> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 8 : i64} : tensor<1x1x16xi8> -> tensor<4x1x13xi32> loc(fused["dequantize", "conv"])
  return %a : tensor<4x1x13xi32>
}

// -----

// CHECK: node 'pool': a max pool over rows, with pads, of more than 15 positions or behind another one must have its threshold right behind it; put a sign between it and what follows
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<1x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi8> -> tensor<1x1x16xi32>
  %p = bnn.max_pool %a {kernel = array<i64: 1, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>} : tensor<1x1x16xi32> -> tensor<1x1x16xi32> loc("pool")
  %g = bnn.sum %p : tensor<1x1x16xi32> -> tensor<1x1x1xi32>
  %t = bnn.threshold %g {points = dense<1> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x1xi32> -> tensor<1x1x1xi1>
  %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x1xi1> -> tensor<1x1x1xi32>
  %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x1xi32> -> tensor<1x1x1xf64>
  return %r : tensor<1x1x1xf64>
}

// -----

// CHECK: node 'conv': padding bits with 0 doubles all sums behind it, but a threshold is 2^29 or more; use fewer taps
func.func @main(%x: tensor<1x4x4xi8>) -> tensor<1x4x4xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi8> -> tensor<1x4x4xi32>
  %s = bnn.threshold %a {points = dense<1> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x4x4xi32> -> tensor<1x4x4xi1>
  %b = bnn.conv %s {weight = dense<1> : tensor<1x1x3x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi1> -> tensor<1x4x4xi32> loc("conv")
  %t = bnn.threshold %b {points = dense<600000000> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x4x4xi32> -> tensor<1x4x4xi1>
  %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi1> -> tensor<1x4x4xi32>
  %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x4x4xi32> -> tensor<1x4x4xf64>
  return %r : tensor<1x4x4xf64>
}

// -----

// CHECK: node 'conv': sums of 600 taps over 14000 positions reach 8400000, a threshold holds 24 bits
func.func @main(%x: tensor<1x1x14599xi1>) -> tensor<1x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x600xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<1x1x14599xi1> -> tensor<1x1x14000xi32> loc("conv")
  %g = bnn.sum %a : tensor<1x1x14000xi32> -> tensor<1x1x1xi32>
  %t = bnn.threshold %g {points = dense<1> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x1xi32> -> tensor<1x1x1xi1>
  %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<1x1x1xi1> -> tensor<1x1x1xi32>
  %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x1xi32> -> tensor<1x1x1xf64>
  return %r : tensor<1x1x1xf64>
}
