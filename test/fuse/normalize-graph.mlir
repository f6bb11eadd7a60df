// RUN: bnn-opt %s -bnn-normalize-graph | FileCheck %s

module {
  // 1-D convolutions and pools get H = 1; the batch axis goes.
  // CHECK-LABEL: func.func @conv_1d
  // CHECK-SAME: (%arg0: tensor<2x1x8xf32> {onnx.type = tensor<1x2x8xf32>}) -> (tensor<3x1x4xf32> {onnx.type = tensor<1x3x4xf32>})
  func.func @conv_1d(%x: tensor<1x2x8xf32>) -> tensor<1x3x4xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<3x2x3xf32>} : () -> tensor<3x2x3xf32>
    // CHECK: %[[W:.*]] = "onnx.Reshape"(%{{.*}}) : (tensor<3x2x3xf32>) -> tensor<3x2x1x3xf32>
    // CHECK: "onnx.Conv"(%arg0, %[[W]]) {pads = array<i64: 0, 1, 0, 1>, strides = array<i64: 1, 1>} : {{.*}} -> tensor<3x1x8xf32>
    %a = "onnx.Conv"(%x, %w) {kernel_shape = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x2x8xf32>, tensor<3x2x3xf32>) -> tensor<1x3x8xf32>
    // CHECK: "onnx.MaxPool"(%{{.*}}) {kernel_shape = array<i64: 1, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 2>}
    %p = "onnx.MaxPool"(%a) {kernel_shape = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
    return %p : tensor<1x3x4xf32>
  }

  // x * W -> a 1x1 convolution with W transposed.
  // CHECK-LABEL: func.func @matmul
  func.func @matmul(%x: tensor<1x4x1x2xf32>) -> tensor<1x3xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<8x3xf32>} : () -> tensor<8x3xf32>
    %f = "onnx.Reshape"(%x) : (tensor<1x4x1x2xf32>) -> tensor<1x8xf32>
    // CHECK: "onnx.Transpose"(%{{.*}}) {perm = array<i64: 1, 0>} : (tensor<8x3xf32>) -> tensor<3x8xf32>
    // CHECK: %[[F:.*]] = "onnx.Reshape"(%arg0) : (tensor<4x1x2xf32>) -> tensor<8x1x1xf32>
    // CHECK: "onnx.Conv"(%[[F]], %{{.*}}) {{.*}} -> tensor<3x1x1xf32>
    %a = "onnx.MatMul"(%f, %w) : (tensor<1x8xf32>, tensor<8x3xf32>) -> tensor<1x3xf32>
    return %a : tensor<1x3xf32>
  }

  // The detour of a 1-D layer through two axes leaves no trace.
  // CHECK-LABEL: func.func @unsqueeze
  // CHECK-NEXT: return %arg0
  func.func @unsqueeze(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
    %u = "onnx.Reshape"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x1x8xf32>
    %s = "onnx.Reshape"(%u) : (tensor<1x2x1x8xf32>) -> tensor<1x2x8xf32>
    return %s : tensor<1x2x8xf32>
  }

  // Constants come second; 1 <= x is x >= 1; Relu is PRelu with slope 0.
  // CHECK-LABEL: func.func @elementwise
  func.func @elementwise(%x: tensor<1x2xf32>) -> tensor<1x2xi1> {
    %c = "onnx.Constant"() {value = dense<1.0> : tensor<1xf32>} : () -> tensor<1xf32>
    // CHECK: %[[C:.*]] = "onnx.Constant"() {value = dense<1.0
    // CHECK: %[[Z:.*]] = "onnx.Constant"() {value = dense<0.0
    // CHECK: %[[R:.*]] = "onnx.PRelu"(%arg0, %[[Z]])
    %r = "onnx.Relu"(%x) : (tensor<1x2xf32>) -> tensor<1x2xf32>
    // CHECK: %[[M:.*]] = "onnx.Mul"(%[[R]], %{{.*}})
    // CHECK: %[[S:.*]] = "onnx.Add"(%[[M]], %[[C]])
    %s = "onnx.Sub"(%c, %r) : (tensor<1xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
    // CHECK: "onnx.GreaterOrEqual"(%[[S]], %[[C]])
    %b = "onnx.LessOrEqual"(%c, %s) : (tensor<1xf32>, tensor<1x2xf32>) -> tensor<1x2xi1>
    return %b : tensor<1x2xi1>
  }

  // A map filled with one value is that value.
  // CHECK-LABEL: func.func @filled_map
  // CHECK: "onnx.Mul"(%arg0, %{{.*}}) : (tensor<2x1x8xf32>, tensor<1xf32>) -> tensor<2x1x8xf32>
  func.func @filled_map(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
    %c = "onnx.Constant"() {value = dense<2.0> : tensor<1x2x8xf32>} : () -> tensor<1x2x8xf32>
    %a = "onnx.Mul"(%x, %c) : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
    return %a : tensor<1x2x8xf32>
  }

  // CHECK-LABEL: func.func @global_average
  // CHECK: "onnx.ReduceMean"(%arg0) : (tensor<2x1x8xf32>) -> tensor<2x1x1xf32>
  func.func @global_average(%x: tensor<1x2x8xf32>) -> tensor<1x2xf32> {
    %m = "onnx.ReduceMean"(%x) {axes = array<i64: 2>, keepdims = 0 : i64} : (tensor<1x2x8xf32>) -> tensor<1x2xf32>
    return %m : tensor<1x2xf32>
  }
}
