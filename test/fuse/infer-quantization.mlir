// RUN: bnn-opt %s -bnn-infer-quantization | FileCheck %s

module {
  // alpha * (+/-1) with a bias -> +/-1 weights, Mul by alpha, Add the bias.
  // CHECK-LABEL: func.func @scaled
  func.func @scaled(%x: tensor<1x1x4xf32>) -> tensor<2x1x3xf32> {
    %s = "onnx.Sign"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
    %w = "onnx.Constant"() {value = dense<[[[[0.5, -0.5]]], [[[-3.0, -3.0]]]]> : tensor<2x1x1x2xf32>} : () -> tensor<2x1x1x2xf32>
    %b = "onnx.Constant"() {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
    // CHECK: %[[W:.*]] = "onnx.Constant"() {value = dense<{{\[\[\[\[}}1, -1]]], {{\[\[\[}}-1, -1]]]]> : tensor<2x1x1x2xi8>}
    // CHECK: %[[A:.*]] = "onnx.Conv"(%{{.*}}, %[[W]])
    // CHECK: %[[S:.*]] = "onnx.Constant"() {value = dense<[5.000000e-01, 3.000000e+00]> : tensor<2xf64>}
    // CHECK: %[[M:.*]] = "onnx.Mul"(%[[A]], %[[S]])
    // CHECK: %[[R:.*]] = "onnx.Add"(%[[M]],
    // CHECK: return %[[R]]
    %a = "onnx.Conv"(%s, %w, %b) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>) -> tensor<2x1x3xf32>
    return %a : tensor<2x1x3xf32>
  }

  // Weights behind DequantizeLinear and Transpose are read exactly.
  // CHECK-LABEL: func.func @dequantized
  // CHECK: dense<{{\[\[\[\[}}1]], {{\[\[}}-1]]]]> : tensor<1x2x1x1xi8>
  // CHECK: dense<2.500000e-01> : tensor<1xf64>
  func.func @dequantized(%x: tensor<2x1x1xf32>) -> tensor<1x1x1xf32> {
    %s = "onnx.Sign"(%x) : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
    %c = "onnx.Constant"() {value = dense<[[5], [3]]> : tensor<2x1xi8>} : () -> tensor<2x1xi8>
    %t = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
    %z = "onnx.Constant"() {value = dense<4> : tensor<i8>} : () -> tensor<i8>
    %d = "onnx.DequantizeLinear"(%c, %t, %z) {axis = 1 : i64} : (tensor<2x1xi8>, tensor<f32>, tensor<i8>) -> tensor<2x1xf32>
    %p = "onnx.Transpose"(%d) {perm = array<i64: 1, 0>} : (tensor<2x1xf32>) -> tensor<1x2xf32>
    %w = "onnx.Reshape"(%p) : (tensor<1x2xf32>) -> tensor<1x2x1x1xf32>
    %a = "onnx.Conv"(%s, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1xf32>
    return %a : tensor<1x1x1xf32>
  }

  // alpha = mean |w| that no float holds stays exact: 1/3 and 2/3.
  // CHECK-LABEL: func.func @mean_scale
  // CHECK: dense<{{\[\[\[\[}}1, -1, 1]]], {{\[\[\[}}-1, -1, 1]]]]> : tensor<2x1x1x3xi8>
  // CHECK: %[[S:.*]] = "onnx.Exact"() {value = ["1/3", "2/3"]} : () -> tensor<2xf64>
  // CHECK: "onnx.Mul"(%{{.*}}, %[[S]])
  func.func @mean_scale(%x: tensor<1x1x4xf32>) -> tensor<2x1x2xf32> {
    %s = "onnx.Sign"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
    %v = "onnx.Constant"() {value = dense<[[[[1.0, 0.0, 0.0]]], [[[0.5, 1.5, 0.0]]]]> : tensor<2x1x1x3xf32>} : () -> tensor<2x1x1x3xf32>
    %b = "onnx.Constant"() {value = dense<[[[[1.0, -1.0, 1.0]]], [[[-1.0, -1.0, 1.0]]]]> : tensor<2x1x1x3xf32>} : () -> tensor<2x1x1x3xf32>
    %m = "onnx.ReduceMean"(%v) {axes = array<i64: 1, 2, 3>, keepdims = 1 : i64} : (tensor<2x1x1x3xf32>) -> tensor<2x1x1x1xf32>
    %w = "onnx.Mul"(%b, %m) : (tensor<2x1x1x3xf32>, tensor<2x1x1x1xf32>) -> tensor<2x1x1x3xf32>
    %a = "onnx.Conv"(%s, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<2x1x1x3xf32>) -> tensor<2x1x2xf32>
    return %a : tensor<2x1x2xf32>
  }

  // So does a norm, sqrt(5).
  // CHECK-LABEL: func.func @norm_scale
  // CHECK: "onnx.Exact"() {value = ["0 1 5"]} : () -> tensor<1xf64>
  func.func @norm_scale(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
    %s = "onnx.Sign"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
    %v = "onnx.Constant"() {value = dense<5.0> : tensor<1x1x1x1xf32>} : () -> tensor<1x1x1x1xf32>
    %b = "onnx.Constant"() {value = dense<[[[[1.0, -1.0]]]]> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
    %m = "onnx.Sqrt"(%v) : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
    %w = "onnx.Mul"(%b, %m) : (tensor<1x1x1x2xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x2xf32>
    %a = "onnx.Conv"(%s, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
    return %a : tensor<1x1x3xf32>
  }
}
