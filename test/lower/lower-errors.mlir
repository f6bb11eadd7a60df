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

// -----

// CHECK: the graph must have one input that is computed with, but found 2 ('a' and 'b'); make the others constants, or parts of one input
func.func @main(%x: tensor<1x1x16xi8> {onnx.name = "a"}, %y: tensor<1x1x16xi8> {onnx.name = "b"}) -> tensor<1x1x16xi32> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi8> -> tensor<1x1x16xi32>
  return %a : tensor<1x1x16xi32>
}

// -----

// CHECK: must hold a function of bnn operations
module {}

// -----

// CHECK: node 'odd': operation 'bnn.tanh' has no place on the engine between its layers
func.func @main(%x: tensor<1x1x16xf64>) -> tensor<1x1x16xf64> {
  %a = bnn.tanh %x : tensor<1x1x16xf64> loc("odd")
  return %a : tensor<1x1x16xf64>
}

// -----

// CHECK: node 'turn': elements can move before the first layer and behind the last one only; let every layer read the whole map of the layer before it
func.func @main(%x: tensor<2x1x1xi1>) -> tensor<1x1x1xi32> {
  %a = bnn.conv %x {weight = dense<1> : tensor<2x2x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<2x1x1xi1> -> tensor<2x1x1xi32>
  %t = bnn.threshold %a {points = dense<1> : tensor<2x1xi32>, first = dense<0> : tensor<2xi1>} : tensor<2x1x1xi32> -> tensor<2x1x1xi1>
  %g = bnn.gather %t {from = array<i32: 1, 0>} : tensor<2x1x1xi1> -> tensor<2x1x1xi1> loc("turn")
  %b = bnn.conv %g {weight = dense<1> : tensor<1x2x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<2x1x1xi1> -> tensor<1x1x1xi32>
  return %b : tensor<1x1x1xi32>
}

// -----

// CHECK: node 'sum': a sum over positions must follow a convolution's integers, but found other values; put a convolution before it, or leave it out
func.func @main(%x: tensor<1x1x16xi8>) -> tensor<1x1x1xi32> {
  %g = bnn.sum %x : tensor<1x1x16xi8> -> tensor<1x1x1xi32> loc("sum")
  return %g : tensor<1x1x1xi32>
}

// -----

// CHECK: node 'threshold': a threshold must follow a convolution, but found other integers; put a convolution before it
func.func @main(%x: tensor<1x1x16xi32>) -> tensor<1x1x16xi32> {
  %t = bnn.threshold %x {points = dense<1> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x16xi32> -> tensor<1x1x16xi1> loc("threshold")
  %b = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<1x1x16xi1> -> tensor<1x1x16xi32>
  return %b : tensor<1x1x16xi32>
}

// -----

// CHECK: node 'reshape': a reshape between layers must flatten the map, but found one that does not; let the next layer read the map as it is
func.func @main(%x: tensor<1x1x4xi8>) -> tensor<1x1x2xi32> {
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi8> -> tensor<2x1x4xi32>
  %t = bnn.threshold %a {points = dense<1> : tensor<2x1xi32>, first = dense<0> : tensor<2xi1>} : tensor<2x1x4xi32> -> tensor<2x1x4xi1>
  %r = bnn.reshape %t : tensor<2x1x4xi1> -> tensor<4x1x2xi1> loc("reshape")
  %b = bnn.conv %r {weight = dense<1> : tensor<1x4x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<4x1x2xi1> -> tensor<1x1x2xi32>
  return %b : tensor<1x1x2xi32>
}

// -----

// CHECK: node 'second': its input, the integers of node 'first', has no quantiser; put a sign between them
func.func @main(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xi32> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi8> -> tensor<1x1x4xi32> loc("first")
  %b = bnn.conv %a {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi32> -> tensor<1x1x4xi32> loc("second")
  return %b : tensor<1x1x4xi32>
}

// -----

// CHECK: node 'conv': its input must be bits or integers of up to 8 bits, but found others; quantise it to 8 bits or fewer
func.func @main(%x: tensor<1x1x4xi32>) -> tensor<1x1x4xi32> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi32> -> tensor<1x1x4xi32> loc("conv")
  return %a : tensor<1x1x4xi32>
}

// -----

// CHECK: node 'conv' of module 'features.3': weights other than -1 and +1 in a kernel of 3 rows over 64 channels have no loop; use at most 32 channels, or one row
func.func @main(%x: tensor<64x4x4xi1>) -> tensor<1x2x2xi32> {
  %a = bnn.conv %x {weight = dense<2> : tensor<1x64x3x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 8 : i64} : tensor<64x4x4xi1> -> tensor<1x2x2xi32> loc("conv"("features.3"))
  return %a : tensor<1x2x2xi32>
}

// -----

// CHECK: node 'conv': a channel has 9 switch points, the engine compares at most 8
func.func @main(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xi32> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi8> -> tensor<1x1x4xi32> loc("conv")
  %t = bnn.threshold %a {points = dense<[[1, 2, 3, 4, 5, 6, 7, 8, 9]]> : tensor<1x9xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x4xi32> -> tensor<1x1x4xi1>
  %b = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -1 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi1> -> tensor<1x1x4xi32>
  return %b : tensor<1x1x4xi32>
}

// -----

// CHECK: node 'conv': sums of 1200 taps over 14000 positions reach {{[0-9]+}}, a word of the output holds 32 bits; sum over fewer positions or taps
func.func @main(%x: tensor<1x1x15199xi8>) -> tensor<1x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1200xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x15199xi8> -> tensor<1x1x14000xi32> loc("conv")
  %g = bnn.sum %a : tensor<1x1x14000xi32> -> tensor<1x1x1xi32>
  %r = bnn.to_real %g {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x1xi32> -> tensor<1x1x1xf64>
  return %r : tensor<1x1x1xf64>
}

// -----

// CHECK: node 'conv': a step between pixels in bytes is 256, the instruction holds at most 255; use fewer channels, a smaller kernel or stride
func.func @main(%x: tensor<1x1x2049xi8>) -> tensor<1x1x1xf64> {
  %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x1xi8>, strides = array<i64: 1, 256>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x2049xi8> -> tensor<1x1x9xi32> loc("conv")
  %g = bnn.sum %a : tensor<1x1x9xi32> -> tensor<1x1x1xi32>
  %r = bnn.to_real %g {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x1xi32> -> tensor<1x1x1xf64>
  return %r : tensor<1x1x1xf64>
}
