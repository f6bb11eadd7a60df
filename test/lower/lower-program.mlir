// One layer kind after the other: loops, output unit and run of each.
// RUN: bnn-opt %s --split-input-file --bnn-lower-program=target=z010 | FileCheck %s

// A byte input is loaded in quad layout, without the gaps between windows; the
// last layer keeps its sums: 2 * S is the dot product's sum for 8 taps.
// CHECK-LABEL: engine.program target = "z010"
// CHECK: engine.buffer "lanes" at 0 size 2 {layer = 0 : i64
// CHECK: engine.load {{.*}}dest = "weights"
// CHECK: engine.end
// CHECK: engine.load {beats = 2 : i64, dest = "lanes", format = "quad", keep = 1 : i64, layer = 0 : i64, period = 4 : i64, phase = 4 : i64, pop_next = 1 : i64, push_next = 1 : i64, region = "input"}
// CHECK: engine.out {{.*}}mode = "bits", phase = 1 : i64, pixels = 4 : i64, pool_first = 1 : i64, record = 1 : i64
// CHECK: engine.run {{.*}}pop_prev = 1 : i64, push_prev = 1 : i64, quad = 1 : i64, shifts = 1 : i64, tail = 4 : i64
// CHECK: engine.out {{.*}}mode = "sum", pixels = 3 : i64
// CHECK: engine.run {{.*}}pop_next = 1 : i64, push_next = 1 : i64, tail = 16 : i64
// Two sums of eight are one beat, the default.
// CHECK: engine.store {layer = 1 : i64, pop_prev = 1 : i64, push_prev = 1 : i64, region = "output"
// CHECK: engine.end
func.func @main(%x: tensor<1x1x16xf32>) -> tensor<2x1x1xf64> {
  %q = bnn.cast_input %x : tensor<1x1x16xf32> -> tensor<1x1x16xi8>
  %a = bnn.conv %q {weight = dense<1> : tensor<4x1x1x4xi8>, strides = array<i64: 1, 4>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi8> -> tensor<4x1x4xi32>
  %s = bnn.threshold %a {points = dense<5> : tensor<4x1xi32>, first = dense<0> : tensor<4xi1>} : tensor<4x1x4xi32> -> tensor<4x1x4xi1>
  %b = bnn.conv %s {weight = dense<1> : tensor<2x4x1x2xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<4x1x4xi1> -> tensor<2x1x3xi32>
  %g = bnn.sum %b : tensor<2x1x3xi32> -> tensor<2x1x1xi32>
  %r = bnn.to_real %g {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<2x1x1xi32> -> tensor<2x1x1xf64>
  return %r : tensor<2x1x1xf64>
}

// -----

// A dense layer is one pixel whose channels lie in groups of 32; the loader packs
// them without gaps. Two switch points of a channel take a second plane.
// CHECK-LABEL: engine.program
// CHECK: engine.buffer "control" at 0 size 3
// CHECK: engine.load {{.*}}dest = "lanes"
// CHECK: engine.loop {act_stride0 = 1 : i64, index0 = 2 : i64, index1 = 4
// CHECK: engine.run
func.func @main(%x: tensor<64x1x1xf32>) -> tensor<3x1x1xf64> {
  %q = bnn.cast_input %x : tensor<64x1x1xf32> -> tensor<64x1x1xi1>
  %a = bnn.conv %q {weight = dense<1> : tensor<16x64x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<64x1x1xi1> -> tensor<16x1x1xi32>
  %s = bnn.threshold %a {points = dense<[[0, 9], [1, 9], [2, 9], [3, 9], [0, 9], [1, 9], [2, 9], [3, 9], [0, 9], [1, 9], [2, 9], [3, 9], [0, 9], [1, 9], [2, 9], [3, 9]]> : tensor<16x2xi32>, first = dense<0> : tensor<16xi1>} : tensor<16x1x1xi32> -> tensor<16x1x1xi1>
  %b = bnn.conv %s {weight = dense<-1> : tensor<3x16x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<16x1x1xi1> -> tensor<3x1x1xi32>
  %r = bnn.to_real %b {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<3x1x1xi32> -> tensor<3x1x1xf64>
  return %r : tensor<3x1x1xf64>
}
