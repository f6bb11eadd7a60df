// RUN: bnn-opt %s -bnn-normalize-graph | FileCheck %s

module {
  // Channels last between two layers: the constants come to lie along C, and
  // the transpositions leave no trace.
  // CHECK-LABEL: func.func @between_layers
  // CHECK: %[[A:.*]] = "onnx.Conv"(%arg0
  // CHECK-NEXT: %[[M:.*]] = "onnx.Mul"(%[[A]], %{{.*}}) : (tensor<3x1x6xf32>, tensor<3xf32>) -> tensor<3x1x6xf32>
  // CHECK-NOT: onnx.Pick
  // CHECK: %[[S:.*]] = "onnx.Sign"(%[[M]])
  // CHECK: "onnx.Conv"(%[[S]]
  // CHECK: return
  func.func @between_layers(%x: tensor<1x2x8xf32>) -> tensor<1x4x6xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<3x2x3xf32>} : () -> tensor<3x2x3xf32>
    %v = "onnx.Constant"() {value = dense<1.0> : tensor<4x3x1xf32>} : () -> tensor<4x3x1xf32>
    %c = "onnx.Constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
    %a = "onnx.Conv"(%x, %w) {kernel_shape = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x2x8xf32>, tensor<3x2x3xf32>) -> tensor<1x3x6xf32>
    %t = "onnx.Transpose"(%a) {perm = array<i64: 0, 2, 1>} : (tensor<1x3x6xf32>) -> tensor<1x6x3xf32>
    %m = "onnx.Mul"(%t, %c) : (tensor<1x6x3xf32>, tensor<3xf32>) -> tensor<1x6x3xf32>
    %s = "onnx.Sign"(%m) : (tensor<1x6x3xf32>) -> tensor<1x6x3xf32>
    %u = "onnx.Transpose"(%s) {perm = array<i64: 0, 2, 1>} : (tensor<1x6x3xf32>) -> tensor<1x3x6xf32>
    %b = "onnx.Conv"(%u, %v) {kernel_shape = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x3x6xf32>, tensor<4x3x1xf32>) -> tensor<1x4x6xf32>
    return %b : tensor<1x4x6xf32>
  }

  // The input is picked into the layout that the convolution behind the
  // elementwise step wants.
  // CHECK-LABEL: func.func @input
  // CHECK-SAME: (%arg0: tensor<3x1x2xf32> {onnx.type = tensor<1x3x2xf32>})
  // CHECK: %[[P:.*]] = "onnx.Pick"(%arg0) {from = array<i32: 0, 2, 4, 1, 3, 5>} : (tensor<3x1x2xf32>) -> tensor<2x1x3xf32>
  // CHECK: "onnx.Mul"(%[[P]]
  func.func @input(%x: tensor<1x3x2xf32>) -> tensor<1x1x3xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x2x1xf32>} : () -> tensor<1x2x1xf32>
    %c = "onnx.Constant"() {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
    %m = "onnx.Mul"(%x, %c) : (tensor<1x3x2xf32>, tensor<2xf32>) -> tensor<1x3x2xf32>
    %t = "onnx.Transpose"(%m) {perm = array<i64: 0, 2, 1>} : (tensor<1x3x2xf32>) -> tensor<1x2x3xf32>
    %a = "onnx.Conv"(%t, %w) {kernel_shape = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x2x3xf32>, tensor<1x2x1xf32>) -> tensor<1x1x3xf32>
    return %a : tensor<1x1x3xf32>
  }

  // A dense layer over a transposed map: its weights are permuted.
  // CHECK-LABEL: func.func @dense
  // CHECK: %[[W:.*]] = "onnx.Pick"(%{{.*}}) {from = array<i32: 0, 2, 4, 1, 3, 5>} : (tensor<1x6xf32>) -> tensor<1x6xf32>
  // CHECK: "onnx.Conv"
  func.func @dense(%x: tensor<1x2x3xf32>) -> tensor<1x1xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<6x1xf32>} : () -> tensor<6x1xf32>
    %v = "onnx.Constant"() {value = dense<1.0> : tensor<2x2x1xf32>} : () -> tensor<2x2x1xf32>
    %a = "onnx.Conv"(%x, %v) {kernel_shape = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x2x3xf32>, tensor<2x2x1xf32>) -> tensor<1x2x3xf32>
    %t = "onnx.Transpose"(%a) {perm = array<i64: 0, 2, 1>} : (tensor<1x2x3xf32>) -> tensor<1x3x2xf32>
    %f = "onnx.Reshape"(%t) : (tensor<1x3x2xf32>) -> tensor<1x6xf32>
    %m = "onnx.MatMul"(%f, %w) : (tensor<1x6xf32>, tensor<6x1xf32>) -> tensor<1x1xf32>
    return %m : tensor<1x1xf32>
  }

  // Along the last axis of a sequence it is a 1x1 convolution.
  // CHECK-LABEL: func.func @dense_of_sequence
  // CHECK: %[[P:.*]] = "onnx.Pick"(%arg0) {{.*}} -> tensor<2x1x3xf32>
  // CHECK: "onnx.Conv"(%[[P]], %{{.*}}) {{.*}} -> tensor<4x1x3xf32>
  func.func @dense_of_sequence(%x: tensor<1x3x2xf32>) -> tensor<1x3x4xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<2x4xf32>} : () -> tensor<2x4xf32>
    %m = "onnx.MatMul"(%x, %w) : (tensor<1x3x2xf32>, tensor<2x4xf32>) -> tensor<1x3x4xf32>
    return %m : tensor<1x3x4xf32>
  }

  // A second kernel axis of size 1 leaves the positions along x.
  // CHECK-LABEL: func.func @column
  // CHECK: "onnx.Conv"(%arg0, %{{.*}}) {pads = array<i64: 0, 1, 0, 1>, strides = array<i64: 1, 2>} : (tensor<2x1x8xf32>, tensor<3x2x1x3xf32>) -> tensor<3x1x4xf32>
  func.func @column(%x: tensor<1x2x8xf32>) -> tensor<1x3x4xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<3x2x3x1xf32>} : () -> tensor<3x2x3x1xf32>
    %u = "onnx.Reshape"(%x) : (tensor<1x2x8xf32>) -> tensor<1x2x8x1xf32>
    %a = "onnx.Conv"(%u, %w) {kernel_shape = array<i64: 3, 1>, strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x8x1xf32>, tensor<3x2x3x1xf32>) -> tensor<1x3x4x1xf32>
    %s = "onnx.Reshape"(%a) : (tensor<1x3x4x1xf32>) -> tensor<1x3x4xf32>
    return %s : tensor<1x3x4xf32>
  }

  // A cut of the input is a Pick; zeros joined to it are a Pad.
  // CHECK-LABEL: func.func @cut
  // CHECK: %[[P:.*]] = "onnx.Pick"(%arg0) {from = array<i32: 5, 7>} : (tensor<2x1x4xf32>) -> tensor<1x1x2xf32>
  // CHECK: "onnx.Pad"(%[[P]]) {pads = array<i64: 0, 3, 0, 0>, value = 0.000000e+00 : f64} : (tensor<1x1x2xf32>) -> tensor<1x1x5xf32>
  func.func @cut(%x: tensor<1x2x4xf32>) -> tensor<1x1x5xf32> {
    %z = "onnx.Constant"() {value = dense<0.0> : tensor<1x1x3xf32>} : () -> tensor<1x1x3xf32>
    %s = "onnx.Slice"(%x) {starts = array<i64: 0, 1, 1>, steps = array<i64: 1, 1, 2>} : (tensor<1x2x4xf32>) -> tensor<1x1x2xf32>
    %c = "onnx.Concat"(%z, %s) {axis = 2 : i64} : (tensor<1x1x3xf32>, tensor<1x1x2xf32>) -> tensor<1x1x5xf32>
    return %c : tensor<1x1x5xf32>
  }

  // A mean over rows is a pool as high as the map; results leave in ONNX's order.
  // CHECK-LABEL: func.func @rows
  // CHECK: %[[A:.*]] = "onnx.AveragePool"(%arg0) {kernel_shape = array<i64: 2, 1>, {{.*}}} : (tensor<2x2x3xf32>) -> tensor<2x1x3xf32>
  // CHECK: %[[P:.*]] = "onnx.Pick"(%[[A]]) {from = array<i32: 0, 3, 1, 4, 2, 5>}
  // CHECK: return %[[P]]
  func.func @rows(%x: tensor<1x2x2x3xf32>) -> tensor<1x3x2xf32> {
    %m = "onnx.ReduceMean"(%x) {axes = array<i64: 2>, keepdims = 0 : i64} : (tensor<1x2x2x3xf32>) -> tensor<1x2x3xf32>
    %t = "onnx.Transpose"(%m) {perm = array<i64: 0, 2, 1>} : (tensor<1x2x3xf32>) -> tensor<1x3x2xf32>
    return %t : tensor<1x3x2xf32>
  }
}
