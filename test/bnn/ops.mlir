// RUN: bnn-opt %s | bnn-opt | FileCheck %s
// Every op of the dialect prints what it parses.

// CHECK-LABEL: func.func @integers
func.func @integers(%x: tensor<1x1x8xf32>, %y: tensor<1x1x8xf32>) -> tensor<10x1x1xi1> {
  // CHECK: bnn.quantize %{{.*}} {boundaries = dense<{{.*}}> : tensor<2xf32>, first = -1 : i64, step = 1 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi8>
  %q = bnn.quantize %x {boundaries = dense<[-0.5, 0.5]> : tensor<2xf32>, first = -1 : i64, step = 1 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi8>
  // CHECK: bnn.cast_input
  %b = bnn.cast_input %y : tensor<1x1x8xf32> -> tensor<1x1x8xi1>
  // CHECK: bnn.conv {{.*}} -> tensor<2x1x5xi32>
  %a = bnn.conv %q {weight = dense<1> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 2>, pads = array<i64: 0, 2, 0, 1>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x8xi8> -> tensor<2x1x5xi32>
  // CHECK: bnn.max_pool {{.*}} -> tensor<2x1x2xi32>
  %p = bnn.max_pool %a {kernel = array<i64: 1, 3>, strides = array<i64: 1, 2>, pads = array<i64: 0, 0, 0, 0>} : tensor<2x1x5xi32> -> tensor<2x1x2xi32>
  // CHECK: bnn.threshold {{.*}} witnesses = 3 : i64
  %s = bnn.threshold %p {points = dense<[[0, 2147483647], [-3, 4]]> : tensor<2x2xi32>, first = dense<[0, 1]> : tensor<2xi1>, witnesses = 3 : i64, near_ties = array<i64: 1>, float_differs = array<i64: 1>} : tensor<2x1x2xi32> -> tensor<2x1x2xi1>
  // CHECK: bnn.sum %{{.*}} : tensor<1x1x8xi1> -> tensor<1x1x1xi32>
  %g = bnn.sum %b : tensor<1x1x8xi1> -> tensor<1x1x1xi32>
  %t = bnn.threshold %g {points = dense<0> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x1xi32> -> tensor<1x1x1xi1>
  // CHECK: bnn.reshape %{{.*}} : tensor<2x1x2xi1> -> tensor<4x1x1xi1>
  %r = bnn.reshape %s : tensor<2x1x2xi1> -> tensor<4x1x1xi1>
  // CHECK: bnn.concat %{{.*}}, %{{.*}} : (tensor<4x1x1xi1>, tensor<1x1x1xi1>) -> tensor<5x1x1xi1>
  %c = bnn.concat %r, %t : (tensor<4x1x1xi1>, tensor<1x1x1xi1>) -> tensor<5x1x1xi1>
  %d = bnn.concat %c, %c : (tensor<5x1x1xi1>, tensor<5x1x1xi1>) -> tensor<10x1x1xi1>
  return %d : tensor<10x1x1xi1>
}

// CHECK-LABEL: func.func @reals
func.func @reals(%x: tensor<2x1x3xi32>) -> (tensor<1x1x1xi64>, tensor<2x1x1xf64>) {
  // CHECK: bnn.to_real %{{.*}} {scale = array<f64: 5.000000e-01, 2.000000e+00>, shift = array<f64: 1.000000e+00>}
  %r = bnn.to_real %x {scale = array<f64: 0.5, 2.0>, shift = array<f64: 1.0>} : tensor<2x1x3xi32> -> tensor<2x1x3xf64>
  // CHECK: bnn.affine
  %a = bnn.affine %r {scale = array<f64: 2.0>, shift = array<f64: 0.0>} : tensor<2x1x3xf64>
  // CHECK: bnn.prelu
  %p = bnn.prelu %a {slope = array<f64: 0.25>} : tensor<2x1x3xf64>
  // CHECK: bnn.clip
  %c = bnn.clip %p {min = -1.0 : f64, max = 1.0 : f64} : tensor<2x1x3xf64>
  // CHECK: bnn.reduce %{{.*}} {kind = "mean"} : tensor<2x1x3xf64> -> tensor<2x1x1xf64>
  %m = bnn.reduce %c {kind = "mean"} : tensor<2x1x3xf64> -> tensor<2x1x1xf64>
  // CHECK: bnn.real_conv %{{.*}} {pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>, weight = dense<5.000000e-01> : tensor<2x2x1x1xf64>} : tensor<2x1x1xf64> -> tensor<2x1x1xf64>
  %w = bnn.real_conv %m {weight = dense<0.5> : tensor<2x2x1x1xf64>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : tensor<2x1x1xf64> -> tensor<2x1x1xf64>
  // CHECK: bnn.add %{{.*}}, %{{.*}} : tensor<2x1x1xf64>
  %e = bnn.add %w, %m : tensor<2x1x1xf64>
  // CHECK: bnn.affine %{{.*}} {exact_scale = ["1/3"], scale
  %f = bnn.affine %e {scale = array<f64: 0.33333333333333331>, shift = array<f64: 0.0>, exact_scale = ["1/3"]} : tensor<2x1x1xf64>
  %h = bnn.reshape %f : tensor<2x1x1xf64> -> tensor<1x1x2xf64>
  // CHECK: bnn.decide %{{.*}} {cuts = dense<{{.*}}> : tensor<1x2xf64>, first = -1 : i64, inclusive = array<i64: 1, 0>, step = 1 : i64} : tensor<1x1x2xf64> -> tensor<1x1x2xi8>
  %d = bnn.decide %h {cuts = dense<[[0.0, 0.5]]> : tensor<1x2xf64>, inclusive = array<i64: 1, 0>, first = -1 : i64, step = 1 : i64} : tensor<1x1x2xf64> -> tensor<1x1x2xi8>
  // CHECK: bnn.argmax %{{.*}} {axis = 2 : i64, last} : tensor<1x1x2xf64> -> tensor<1x1x1xi64>
  %n = bnn.argmax %h {axis = 2 : i64, last} : tensor<1x1x2xf64> -> tensor<1x1x1xi64>
  // CHECK: bnn.softmax
  %s = bnn.softmax %m : tensor<2x1x1xf64>
  // CHECK: bnn.log_softmax
  %l = bnn.log_softmax %s : tensor<2x1x1xf64>
  // CHECK: bnn.sigmoid
  %g = bnn.sigmoid %l : tensor<2x1x1xf64>
  // CHECK: bnn.tanh
  %t = bnn.tanh %g : tensor<2x1x1xf64>
  // CHECK: bnn.argmax %{{.*}} : tensor<2x1x1xf64> -> tensor<1x1x1xi64>
  %k = bnn.argmax %t : tensor<2x1x1xf64> -> tensor<1x1x1xi64>
  return %k, %t : tensor<1x1x1xi64>, tensor<2x1x1xf64>
}
