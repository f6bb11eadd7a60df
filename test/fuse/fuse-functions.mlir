// RUN: bnn-opt %s -bnn-fuse-thresholds -canonicalize -split-input-file | FileCheck %s

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// round(clip(n / 4, 0, 1)): 2 is a tie, which goes to the even 0.
// CHECK-LABEL: @round_of_clip
// CHECK: %[[A:.*]] = bnn.conv %{{.*}} : tensor<1x1x5xi8> -> tensor<1x1x3xi32>
// CHECK: %[[T:.*]] = bnn.threshold %[[A]]
// CHECK-SAME: first = dense<false>
// CHECK-SAME: points = dense<3>
// CHECK: bnn.conv %[[T]]
func.func @round_of_clip(%x: tensor<1x1x5xi8>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %four = "onnx.Constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  %d = "onnx.Div"(%a, %four) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xf32>
  %c = "onnx.Clip"(%d, %zero, %one) : (tensor<1x1x3xf32>, tensor<f32>, tensor<f32>) -> tensor<1x1x3xf32>
  %r = "onnx.Round"(%c) : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  %b = "onnx.Conv"(%r, %w) {strides = #unit, pads = #none} : (tensor<1x1x3xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x1xf32>
  return %b : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// -2 < n and n <= 5: two comparisons of one value are two points.
// CHECK-LABEL: @between
// CHECK: bnn.threshold
// CHECK-SAME: first = dense<false>
// CHECK-SAME: points = dense<{{\[\[}}-1, 6]]>
// CHECK-NOT: bnn.threshold
func.func @between(%x: tensor<1x1x5xi8>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %low = "onnx.Constant"() {value = dense<-2.0> : tensor<f32>} : () -> tensor<f32>
  %high = "onnx.Constant"() {value = dense<5.0> : tensor<f32>} : () -> tensor<f32>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  %g = "onnx.Greater"(%a, %low) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xi1>
  %l = "onnx.LessOrEqual"(%a, %high) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xi1>
  %n = "onnx.And"(%g, %l) : (tensor<1x1x3xi1>, tensor<1x1x3xi1>) -> tensor<1x1x3xi1>
  %f = "onnx.Cast"(%n) : (tensor<1x1x3xi1>) -> tensor<1x1x3xf32>
  %b = "onnx.Conv"(%f, %w) {strides = #unit, pads = #none} : (tensor<1x1x3xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x1xf32>
  return %b : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// sign(sign(n) + 0.1) is +1 at 0: no question is left.
// CHECK-LABEL: @sign_of_sign
// CHECK: bnn.threshold
// CHECK-SAME: points = dense<0>
// CHECK-NOT: bnn.threshold
func.func @sign_of_sign(%x: tensor<1x1x5xi8>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
  %tenth = "onnx.Constant"() {value = dense<0.1> : tensor<f32>} : () -> tensor<f32>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x3xf32>
  %s = "onnx.Sign"(%a) : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  %d = "onnx.Add"(%s, %tenth) : (tensor<1x1x3xf32>, tensor<f32>) -> tensor<1x1x3xf32>
  %t = "onnx.Sign"(%d) : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  %b = "onnx.Conv"(%t, %w) {strides = #unit, pads = #none} : (tensor<1x1x3xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x1xf32>
  return %b : tensor<1x1x1xf32>
}

// -----

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>

// Behind a pool, channel 0 is turned by the next weights, channel 1 is fixed.
// CHECK-LABEL: @turned_behind_pool
// CHECK: bnn.threshold
// CHECK-SAME: first = dense<[false, true]>
// CHECK-SAME: points = dense<{{\[\[}}0], [2147483647]]>
// CHECK: bnn.max_pool
// CHECK-NOT: bnn.threshold
// CHECK: bnn.conv
// CHECK-SAME: weight = dense<{{.*}}-1{{.*}}1
func.func @turned_behind_pool(%x: tensor<1x1x5xi8>) -> tensor<1x1x1xf32> {
  %w = "onnx.Constant"() {value = dense<1> : tensor<2x1x1x2xi8>} : () -> tensor<2x1x1x2xi8>
  %v = "onnx.Constant"() {value = dense<1> : tensor<1x2x1x2xi8>} : () -> tensor<1x2x1x2xi8>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %factor = "onnx.Constant"() {value = dense<[[[-0.5]], [[0.25]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %term = "onnx.Constant"() {value = dense<[[[0.25]], [[0.5]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %a = "onnx.Conv"(%x, %w) {strides = #unit, pads = #none} : (tensor<1x1x5xi8>, tensor<2x1x1x2xi8>) -> tensor<2x1x4xf32>
  %s = "onnx.BipolarQuant"(%a, %one) : (tensor<2x1x4xf32>, tensor<f32>) -> tensor<2x1x4xf32>
  %p = "onnx.MaxPool"(%s) {kernel_shape = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : (tensor<2x1x4xf32>) -> tensor<2x1x2xf32>
  %m = "onnx.Mul"(%p, %factor) : (tensor<2x1x2xf32>, tensor<2x1x1xf32>) -> tensor<2x1x2xf32>
  %d = "onnx.Add"(%m, %term) : (tensor<2x1x2xf32>, tensor<2x1x1xf32>) -> tensor<2x1x2xf32>
  %t = "onnx.BipolarQuant"(%d, %one) : (tensor<2x1x2xf32>, tensor<f32>) -> tensor<2x1x2xf32>
  %b = "onnx.Conv"(%t, %v) {strides = #unit, pads = #none} : (tensor<2x1x2xf32>, tensor<1x2x1x2xi8>) -> tensor<1x1x1xf32>
  return %b : tensor<1x1x1xf32>
}
