// RUN: bnn-opt %s -bnn-cancel-terms -split-input-file | FileCheck %s

// sign(x) - clip(x) + clip(x) of two equal clips, halved on the way.
// CHECK-LABEL: @estimator
// CHECK: %[[A:.*]] = "onnx.Conv"
// CHECK-NEXT: %[[S:.*]] = "onnx.Sign"(%[[A]])
// CHECK-NEXT: return %[[S]]
func.func @estimator(%x: tensor<1x2x8xf32>, %w: tensor<3x2x1xf32>) -> tensor<1x3x8xf32> {
  %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %a = "onnx.Conv"(%x, %w) : (tensor<1x2x8xf32>, tensor<3x2x1xf32>) -> tensor<1x3x8xf32>
  %s = "onnx.Sign"(%a) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %t = "onnx.Tanh"(%a) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %u = "onnx.Tanh"(%a) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %m = "onnx.Mul"(%half, %t) : (tensor<f32>, tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %n = "onnx.Div"(%u, %two) : (tensor<1x3x8xf32>, tensor<f32>) -> tensor<1x3x8xf32>
  %d = "onnx.Sub"(%s, %m) : (tensor<1x3x8xf32>, tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %y = "onnx.Add"(%n, %d) : (tensor<1x3x8xf32>, tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  return %y : tensor<1x3x8xf32>
}

// -----

// alpha * (sign(x) - x) + alpha * x, reshaped in between.
// CHECK-LABEL: @scaled
// CHECK: %[[S:.*]] = "onnx.Sign"
// CHECK: %[[R:.*]] = "onnx.Reshape"(%[[S]]) : (tensor<1x3x8xf32>) -> tensor<1x24xf32>
// CHECK-NEXT: %[[M:.*]] = "onnx.Mul"(%[[R]], %{{.*}})
// CHECK-NEXT: return %[[M]]
func.func @scaled(%x: tensor<1x2x8xf32>, %w: tensor<3x2x1xf32>) -> tensor<1x24xf32> {
  %alpha = "onnx.Constant"() {value = dense<[[0.5, 0.25]]> : tensor<1x2xf32>} : () -> tensor<1x2xf32>
  %k = "onnx.Reshape"(%alpha) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %all = "onnx.Expand"(%k) : (tensor<1x2xf32>) -> tensor<1x24xf32>
  %a = "onnx.Conv"(%x, %w) : (tensor<1x2x8xf32>, tensor<3x2x1xf32>) -> tensor<1x3x8xf32>
  %s = "onnx.Sign"(%a) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %d = "onnx.Sub"(%s, %a) : (tensor<1x3x8xf32>, tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %f = "onnx.Reshape"(%d) : (tensor<1x3x8xf32>) -> tensor<1x24xf32>
  %g = "onnx.Reshape"(%a) : (tensor<1x3x8xf32>) -> tensor<1x24xf32>
  %p = "onnx.Mul"(%f, %all) : (tensor<1x24xf32>, tensor<1x24xf32>) -> tensor<1x24xf32>
  %q = "onnx.Mul"(%all, %g) : (tensor<1x24xf32>, tensor<1x24xf32>) -> tensor<1x24xf32>
  %y = "onnx.Add"(%p, %q) : (tensor<1x24xf32>, tensor<1x24xf32>) -> tensor<1x24xf32>
  return %y : tensor<1x24xf32>
}

// -----

// Before the first layer, float32 is the meaning.
// CHECK-LABEL: @input
// CHECK: "onnx.Sign"
// CHECK: "onnx.Sub"
// CHECK: "onnx.Add"
func.func @input(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %s = "onnx.Sign"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  %d = "onnx.Sub"(%s, %x) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  %y = "onnx.Add"(%d, %x) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %y : tensor<1x2x8xf32>
}

// -----

// But of a clip to -1 .. 1, s - c + c is s in float32, too.
// CHECK-LABEL: @clipped_input
// CHECK: %[[S:.*]] = "onnx.Sign"
// CHECK-NEXT: return %[[S]]
func.func @clipped_input(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %low = "onnx.Constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
  %high = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %s = "onnx.Sign"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  %c = "onnx.Clip"(%x, %low, %high) : (tensor<1x2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x2x8xf32>
  %d = "onnx.Sub"(%s, %c) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  %y = "onnx.Add"(%d, %c) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %y : tensor<1x2x8xf32>
}

// -----

// What is left of x - 2 (x - y) is 2 y - x.
// CHECK-LABEL: @rest
// CHECK-DAG: %[[X:.*]] = "onnx.Tanh"
// CHECK-DAG: %[[Y:.*]] = "onnx.Sign"
// CHECK: "onnx.Sub"
// CHECK: "onnx.Sub"
func.func @rest(%x: tensor<1x2x8xf32>, %w: tensor<3x2x1xf32>) -> tensor<1x3x8xf32> {
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %a = "onnx.Conv"(%x, %w) : (tensor<1x2x8xf32>, tensor<3x2x1xf32>) -> tensor<1x3x8xf32>
  %s = "onnx.Sign"(%a) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %t = "onnx.Tanh"(%a) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %d = "onnx.Sub"(%t, %s) : (tensor<1x3x8xf32>, tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  %m = "onnx.Mul"(%d, %two) : (tensor<1x3x8xf32>, tensor<f32>) -> tensor<1x3x8xf32>
  %y = "onnx.Sub"(%t, %m) : (tensor<1x3x8xf32>, tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  return %y : tensor<1x3x8xf32>
}
