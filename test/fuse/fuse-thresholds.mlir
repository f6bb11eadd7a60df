// RUN: bnn-opt %s -bnn-fuse-thresholds -canonicalize | FileCheck %s

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>
module {
  // Channels with gamma > 0, gamma < 0 and gamma = 0 (constant: no point).
  // 2 (x - 1) / sqrt(4) - 1.5 >= 0 from 2.5 on; with -2 down from -0.5.
  // CHECK-LABEL: func.func @batch_norm
  // CHECK: bnn.threshold %{{.*}} {first = dense<[false, true, true]> : tensor<3xi1>, points = dense<{{\[\[}}3], [0], [2147483647]]> : tensor<3x1xi32>, witnesses = 2 : i64}
  func.func @batch_norm(%x: tensor<3x1x1xf32>) -> tensor<3x1x1xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<3x1x1xf32>, tensor<f32>) -> tensor<3x1x1xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<3x3x1x1xi8>} : () -> tensor<3x3x1x1xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<3x1x1xf32>, tensor<3x3x1x1xi8>) -> tensor<3x1x1xf32>
    %g = "onnx.Constant"() {value = dense<[2.0, -2.0, 0.0]> : tensor<3xf32>} : () -> tensor<3xf32>
    %b = "onnx.Constant"() {value = dense<[-1.5, -1.5, 0.5]> : tensor<3xf32>} : () -> tensor<3xf32>
    %m = "onnx.Constant"() {value = dense<1.0> : tensor<3xf32>} : () -> tensor<3xf32>
    %v = "onnx.Constant"() {value = dense<4.0> : tensor<3xf32>} : () -> tensor<3xf32>
    %n = "onnx.BatchNormalization"(%a, %g, %b, %m, %v) {epsilon = 0.0 : f32} : (tensor<3x1x1xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3x1x1xf32>
    %s = "onnx.BipolarQuant"(%n, %one) : (tensor<3x1x1xf32>, tensor<f32>) -> tensor<3x1x1xf32>
    return %s : tensor<3x1x1xf32>
  }

  // 3 * 0.1f is below 0.3f, in float32 it is equal: the first channel begins above
  // 3, ONNX Runtime's at 3. The third never fires, but does in float32; the last
  // is right with a rounding that is near.
  // CHECK-LABEL: func.func @float_ties
  // CHECK: bnn.threshold %{{.*}} {first = dense<false> : tensor<4xi1>, float_differs = array<i64: 0, 2>, near_ties = array<i64: 0, 2, 3>, points = dense<{{\[\[}}4], [2], [2147483647], [4]]>
  func.func @float_ties(%x: tensor<5x1x1xf32>) -> tensor<4x1x1xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<5x1x1xf32>, tensor<f32>) -> tensor<5x1x1xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<4x5x1x1xi8>} : () -> tensor<4x5x1x1xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<5x1x1xf32>, tensor<4x5x1x1xi8>) -> tensor<4x1x1xf32>
    %m = "onnx.Constant"() {value = dense<[0.1, 0.1, 0.060526315, 0.1]> : tensor<4xf32>} : () -> tensor<4xf32>
    %p = "onnx.Mul"(%a, %m) : (tensor<4x1x1xf32>, tensor<4xf32>) -> tensor<4x1x1xf32>
    %c = "onnx.Constant"() {value = dense<[0.3, 0.2, 0.3026316, 0.30000004]> : tensor<4xf32>} : () -> tensor<4xf32>
    %d = "onnx.Sub"(%p, %c) : (tensor<4x1x1xf32>, tensor<4xf32>) -> tensor<4x1x1xf32>
    %s = "onnx.BipolarQuant"(%d, %one) : (tensor<4x1x1xf32>, tensor<f32>) -> tensor<4x1x1xf32>
    return %s : tensor<4x1x1xf32>
  }

  // |x| - 2 >= 0: an interval of -1, two points.
  // CHECK-LABEL: func.func @interval
  // CHECK: bnn.threshold {{.*}}first = dense<true> : tensor<1xi1>{{.*}}points = dense<{{\[\[}}-1, 2]]> : tensor<1x2xi32>, witnesses = 2
  func.func @interval(%x: tensor<3x1x1xf32>) -> tensor<1x1x1xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<3x1x1xf32>, tensor<f32>) -> tensor<3x1x1xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x3x1x1xi8>} : () -> tensor<1x3x1x1xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<3x1x1xf32>, tensor<1x3x1x1xi8>) -> tensor<1x1x1xf32>
    %minus = "onnx.Constant"() {value = dense<-1.0> : tensor<1xf32>} : () -> tensor<1xf32>
    %p = "onnx.PRelu"(%a, %minus) : (tensor<1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x1xf32>
    %two = "onnx.Constant"() {value = dense<2.0> : tensor<1xf32>} : () -> tensor<1xf32>
    %d = "onnx.Sub"(%p, %two) : (tensor<1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x1xf32>
    %s = "onnx.BipolarQuant"(%d, %one) : (tensor<1x1x1xf32>, tensor<f32>) -> tensor<1x1x1xf32>
    return %s : tensor<1x1x1xf32>
  }

  // A pool before a falling function: the channel's weights are turned.
  // CHECK-LABEL: func.func @falling_before_pool
  // CHECK: bnn.conv {{.*}}weight = dense<-1> : tensor<1x1x1x2xi8>
  // CHECK-NEXT: bnn.max_pool {{.*}} -> tensor<1x1x3xi32>
  // CHECK-NEXT: bnn.threshold {{.*}}first = dense<false>{{.*}}points = dense<0>
  func.func @falling_before_pool(%x: tensor<1x1x7xf32>) -> tensor<1x1x3xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x7xf32>, tensor<f32>) -> tensor<1x1x7xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x2xi8>} : () -> tensor<1x1x1x2xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<1x1x7xf32>, tensor<1x1x1x2xi8>) -> tensor<1x1x6xf32>
    %c = "onnx.Constant"() {value = dense<-0.5> : tensor<1xf32>} : () -> tensor<1xf32>
    %f = "onnx.Mul"(%a, %c) : (tensor<1x1x6xf32>, tensor<1xf32>) -> tensor<1x1x6xf32>
    %p = "onnx.MaxPool"(%f) {kernel_shape = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : (tensor<1x1x6xf32>) -> tensor<1x1x3xf32>
    %s = "onnx.BipolarQuant"(%p, %one) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xf32>
    return %s : tensor<1x1x3xf32>
  }

  // A pool before a function that bends: the threshold goes first.
  // CHECK-LABEL: func.func @bend_before_pool
  // CHECK: bnn.threshold {{.*}} -> tensor<1x1x6xi1>
  // CHECK-NEXT: bnn.max_pool {{.*}} -> tensor<1x1x3xi1>
  func.func @bend_before_pool(%x: tensor<1x1x7xf32>) -> tensor<1x1x3xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x7xf32>, tensor<f32>) -> tensor<1x1x7xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x2xi8>} : () -> tensor<1x1x1x2xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<1x1x7xf32>, tensor<1x1x1x2xi8>) -> tensor<1x1x6xf32>
    %c = "onnx.Constant"() {value = dense<-0.5> : tensor<1xf32>} : () -> tensor<1xf32>
    %f = "onnx.PRelu"(%a, %c) : (tensor<1x1x6xf32>, tensor<1xf32>) -> tensor<1x1x6xf32>
    %p = "onnx.MaxPool"(%f) {kernel_shape = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : (tensor<1x1x6xf32>) -> tensor<1x1x3xf32>
    %d = "onnx.Sub"(%p, %one) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xf32>
    %s = "onnx.BipolarQuant"(%d, %one) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xf32>
    return %s : tensor<1x1x3xf32>
  }

  // Pad by -1 before Sign -> a border of bit 0; by 0 after it: no contribution.
  // CHECK-LABEL: func.func @pads
  // CHECK: bnn.conv {{.*}}pad_value = -1 : i64, pads = array<i64: 0, 2, 0, 0>
  // CHECK: bnn.conv {{.*}}pad_value = 0 : i64, pads = array<i64: 0, 1, 0, 1>
  func.func @pads(%x: tensor<1x1x4xf32>) -> tensor<1x1x6xf32> {
    %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
    %p = "onnx.Pad"(%x) {pads = array<i64: 0, 2, 0, 0>, value = -1.0 : f64} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
    %q = "onnx.BipolarQuant"(%p, %half) : (tensor<1x1x6xf32>, tensor<f32>) -> tensor<1x1x6xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = #none} : (tensor<1x1x6xf32>, tensor<1x1x1x1xi8>) -> tensor<1x1x6xf32>
    %s = "onnx.BipolarQuant"(%a, %half) : (tensor<1x1x6xf32>, tensor<f32>) -> tensor<1x1x6xf32>
    %v = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
    %b = "onnx.Conv"(%s, %v) {strides = #unit, pads = array<i64: 0, 1, 0, 1>} : (tensor<1x1x6xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x6xf32>
    return %b : tensor<1x1x6xf32>
  }

  // mean >= 0.3 over 4 positions -> sum >= 1.2: the first even value is 2.
  // CHECK-LABEL: func.func @mean
  // CHECK: bnn.sum {{.*}} -> tensor<1x1x1xi32>
  // CHECK-NEXT: bnn.threshold {{.*}}points = dense<2>
  func.func @mean(%x: tensor<1x1x4xf32>) -> tensor<1x1x1xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    %m = "onnx.ReduceMean"(%q) : (tensor<1x1x4xf32>) -> tensor<1x1x1xf32>
    %c = "onnx.Constant"() {value = dense<0.3> : tensor<f32>} : () -> tensor<f32>
    %g = "onnx.GreaterOrEqual"(%m, %c) : (tensor<1x1x1xf32>, tensor<f32>) -> tensor<1x1x1xi1>
    %minus = "onnx.Constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
    %s = "onnx.Where"(%g, %one, %minus) : (tensor<1x1x1xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x1xf32>
    return %s : tensor<1x1x1xf32>
  }

  // Channels that a Concat joins get steps that change nothing: bounds of a
  // channel's own become two ramps.
  // CHECK-LABEL: func.func @joined_channels
  func.func @joined_channels(%x: tensor<1x1x1xf32>) -> tensor<3x1x1xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x1xf32>, tensor<f32>) -> tensor<1x1x1xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
    %v = "onnx.Constant"() {value = dense<-1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
    // CHECK: %[[A:.*]] = bnn.conv
    // CHECK: %[[D:.*]] = bnn.conv
    %a = "onnx.Conv"(%q, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x1xf32>, tensor<1x1x1x1xi8>) -> tensor<1x1x1xf32>
    %d = "onnx.Conv"(%q, %v) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x1xf32>, tensor<1x1x1x1xi8>) -> tensor<1x1x1xf32>
    %b = "onnx.Add"(%a, %one) : (tensor<1x1x1xf32>, tensor<f32>) -> tensor<1x1x1xf32>
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
    %c = "onnx.Clip"(%b, %zero, %one) : (tensor<1x1x1xf32>, tensor<f32>, tensor<f32>) -> tensor<1x1x1xf32>
    %half = "onnx.Constant"() {value = dense<0.5> : tensor<1xf32>} : () -> tensor<1xf32>
    %p = "onnx.PRelu"(%a, %half) : (tensor<1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x1xf32>
    %j = "onnx.Concat"(%d, %c, %p) {axis = 0 : i64} : (tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>) -> tensor<3x1x1xf32>
    // CHECK: %[[J:.*]] = bnn.concat %[[D]], %[[A]], %[[A]]
    // CHECK: bnn.to_real %[[J]] {{.*}}shift = array<f64: 0.000000e+00, 1.000000e+00, 0.000000e+00>
    // CHECK: bnn.prelu {{.*}}slope = array<f64: 1.000000e+00, 0.000000e+00, 1.000000e+00>
    // CHECK: bnn.affine {{.*}}shift = array<f64: 0.000000e+00, 1.000000e+00, 0.000000e+00>
    // CHECK: bnn.prelu {{.*}}slope = array<f64: 1.000000e+00, 0.000000e+00, 1.000000e+00>
    // CHECK: bnn.affine {{.*}}scale = array<f64: -1.000000e+00, -1.000000e+00, -1.000000e+00>
    // CHECK: bnn.prelu {{.*}}slope = array<f64: 1.000000e+00, 1.000000e+00, 5.000000e-01>
    return %j : tensor<3x1x1xf32>
  }

  // Constants that differ by position: a row of points for each element, or for
  // each channel where its elements agree.
  // CHECK-LABEL: func.func @by_position
  // CHECK: bnn.threshold %{{.*}} {first = dense<false> : tensor<6xi1>, points = dense<{{\[\[}}1], [2], [-1], [1], [2], [-1]]> : tensor<6x1xi32>, witnesses = 6 : i64} : tensor<2x1x3xi32> -> tensor<2x1x3xi1>
  // CHECK: bnn.threshold %{{.*}} {first = dense<false> : tensor<2xi1>, points = dense<{{\[\[}}1], [2]]>
  func.func @by_position(%x: tensor<1x1x3xf32>) -> tensor<2x1x3xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.BipolarQuant"(%x, %one) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<2x1x1x2xi8>} : () -> tensor<2x1x1x2xi8>
    %a = "onnx.Conv"(%q, %w) {strides = #unit, pads = array<i64: 0, 0, 0, 1>} : (tensor<1x1x3xf32>, tensor<2x1x1x2xi8>) -> tensor<2x1x3xf32>
    %f = "onnx.Reshape"(%a) : (tensor<2x1x3xf32>) -> tensor<6x1x1xf32>
    %c = "onnx.Constant"() {value = dense<[0.5, 1.5, -1.5, 0.5, 1.5, -1.5]> : tensor<6xf32>} : () -> tensor<6xf32>
    %s = "onnx.Sub"(%f, %c) : (tensor<6x1x1xf32>, tensor<6xf32>) -> tensor<6x1x1xf32>
    %b = "onnx.BipolarQuant"(%s, %one) : (tensor<6x1x1xf32>, tensor<f32>) -> tensor<6x1x1xf32>
    %m = "onnx.Reshape"(%b) : (tensor<6x1x1xf32>) -> tensor<2x1x3xf32>
    %v = "onnx.Constant"() {value = dense<1> : tensor<2x2x1x1xi8>} : () -> tensor<2x2x1x1xi8>
    %d = "onnx.Conv"(%m, %v) {strides = #unit, pads = #none} : (tensor<2x1x3xf32>, tensor<2x2x1x1xi8>) -> tensor<2x1x3xf32>
    %g = "onnx.Reshape"(%d) : (tensor<2x1x3xf32>) -> tensor<6x1x1xf32>
    %e = "onnx.Constant"() {value = dense<[0.5, 0.5, 0.5, 1.5, 1.5, 1.5]> : tensor<6xf32>} : () -> tensor<6xf32>
    %t = "onnx.Sub"(%g, %e) : (tensor<6x1x1xf32>, tensor<6xf32>) -> tensor<6x1x1xf32>
    %u = "onnx.BipolarQuant"(%t, %one) : (tensor<6x1x1xf32>, tensor<f32>) -> tensor<6x1x1xf32>
    %z = "onnx.Reshape"(%u) : (tensor<6x1x1xf32>) -> tensor<2x1x3xf32>
    return %z : tensor<2x1x3xf32>
  }
}
