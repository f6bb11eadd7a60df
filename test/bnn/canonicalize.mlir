// RUN: bnn-opt %s -canonicalize | FileCheck %s

// A dense layer on a flattened map is a conv whose kernel is the whole map.
// CHECK-LABEL: func.func @absorb_flatten
// CHECK-NEXT: bnn.conv %arg0 {{.*}}weight = dense<{{\[\[\[\[}}1, -1], [-1, 1]]]]> : tensor<1x1x2x2xi8>{{.*}} : tensor<1x2x2xi1> -> tensor<1x1x1xi32>
func.func @absorb_flatten(%x: tensor<1x2x2xi1>) -> tensor<1x1x1xi32> {
  %r = bnn.reshape %x : tensor<1x2x2xi1> -> tensor<4x1x1xi1>
  %a = bnn.conv %r {weight = dense<[[[[1]], [[-1]], [[-1]], [[1]]]]> : tensor<1x4x1x1xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<4x1x1xi1> -> tensor<1x1x1xi32>
  return %a : tensor<1x1x1xi32>
}

// CHECK-LABEL: func.func @sink_reshape
// CHECK-NEXT: bnn.quantize %arg0 {{.*}} : tensor<1x2x2xf32> -> tensor<1x2x2xi1>
// CHECK-NEXT: bnn.reshape
func.func @sink_reshape(%x: tensor<1x2x2xf32>) -> tensor<4x1x1xi1> {
  %r = bnn.reshape %x : tensor<1x2x2xf32> -> tensor<4x1x1xf32>
  %q = bnn.quantize %r {boundaries = dense<0.5> : tensor<1xf32>, first = -1 : i64, step = 2 : i64} : tensor<4x1x1xf32> -> tensor<4x1x1xi1>
  return %q : tensor<4x1x1xi1>
}

// CHECK-LABEL: func.func @reshape_of_reshape
// CHECK-NEXT: return %arg0
func.func @reshape_of_reshape(%x: tensor<1x2x2xi1>) -> tensor<1x2x2xi1> {
  %r = bnn.reshape %x : tensor<1x2x2xi1> -> tensor<4x1x1xi1>
  %s = bnn.reshape %r : tensor<4x1x1xi1> -> tensor<2x2x1xi1>
  %t = bnn.reshape %s : tensor<2x2x1xi1> -> tensor<1x2x2xi1>
  return %t : tensor<1x2x2xi1>
}

// CHECK-LABEL: func.func @trivial
// CHECK-NEXT: return %arg0, %arg1
func.func @trivial(%x: tensor<2x1x1xi32>, %y: tensor<2x1x1xf64>) -> (tensor<2x1x1xi32>, tensor<2x1x1xf64>) {
  %p = bnn.max_pool %x {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : tensor<2x1x1xi32> -> tensor<2x1x1xi32>
  %s = bnn.sum %p : tensor<2x1x1xi32> -> tensor<2x1x1xi32>
  %c = bnn.concat %s : (tensor<2x1x1xi32>) -> tensor<2x1x1xi32>
  %a = bnn.affine %y {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<2x1x1xf64>
  return %c, %a : tensor<2x1x1xi32>, tensor<2x1x1xf64>
}
