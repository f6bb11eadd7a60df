// RUN: bnn-opt %s -bnn-fuse-thresholds -canonicalize | FileCheck %s

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>
module {
  // 2 x - 1 >= 0 from 0.5 on.
  // CHECK-LABEL: func.func @bipolar_input
  // CHECK-NEXT: bnn.quantize %arg0 {boundaries = dense<5.000000e-01> : tensor<1xf32>, changes = 1 : i64, first = -1 : i64, real_differs = 0 : i64, step = 2 : i64} : tensor<1x1x4xf32> -> tensor<1x1x4xi1>
  func.func @bipolar_input(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
    %a = "onnx.Mul"(%x, %two) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    %b = "onnx.Sub"(%a, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    %q = "onnx.BipolarQuant"(%b, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    return %q : tensor<1x1x4xf32>
  }

  // Half to even: -1.5 is still -2 and 0.5 still 0, but -0.5 is 0 already.
  // CHECK-LABEL: func.func @half_to_even
  // CHECK-NEXT: bnn.quantize %arg0 {boundaries = dense<[-1.49999988, -5.000000e-01, 0.50000006]> : tensor<3xf32>
  func.func @half_to_even(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
    %bits = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
    %q = "onnx.Quant"(%x, %one, %zero, %bits) {signed = 1 : i64, narrow = 0 : i64, rounding_mode = "ROUND"} : (tensor<1x1x4xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<1x1x4xf32>
    return %q : tensor<1x1x4xf32>
  }

  // A falling function has its codes the other way round.
  // CHECK-LABEL: func.func @falling_input
  // CHECK-NEXT: bnn.quantize %arg0 {boundaries = dense<1.401300e-45> : tensor<1xf32>, {{.*}}first = 1 : i64, {{.*}}step = -2 : i64}
  func.func @falling_input(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
    %one = "onnx.Constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
    %m = "onnx.Mul"(%x, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    %s = "onnx.BipolarQuant"(%m, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    return %s : tensor<1x1x4xf32>
  }

  // int8 wraps: 43 * 3 is -127.
  // CHECK-LABEL: func.func @wrapping_input
  // CHECK: bnn.quantize %arg0 {{.*}}codes = array<i64: -128, -125,
  func.func @wrapping_input(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %three = "onnx.Constant"() {value = dense<3> : tensor<i8>} : () -> tensor<i8>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x1xi8>} : () -> tensor<1x1x1x1xi8>
    %m = "onnx.Mul"(%x, %three) : (tensor<1x1x4xi8>, tensor<i8>) -> tensor<1x1x4xi8>
    %f = "onnx.Cast"(%m) : (tensor<1x1x4xi8>) -> tensor<1x1x4xf32>
    %a = "onnx.Conv"(%f, %w) {strides = #unit, pads = #none} : (tensor<1x1x4xf32>, tensor<1x1x1x1xi8>) -> tensor<1x1x4xf32>
    %s = "onnx.BipolarQuant"(%a, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    return %s : tensor<1x1x4xf32>
  }

  // A zero point: padding by real 0 is padding by the zero point, and the sum of
  // weights goes into the threshold: acc - 3 * 3 >= 0.
  // CHECK-LABEL: func.func @zero_point
  // CHECK: bnn.quantize {{.*}} -> tensor<1x1x4xi8>
  // CHECK: bnn.conv {{.*}}pad_value = 3 : i64, pads = array<i64: 0, 1, 0, 1>
  // CHECK: bnn.threshold {{.*}}points = dense<9>
  func.func @zero_point(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
    %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %scale = "onnx.Constant"() {value = dense<0.1> : tensor<f32>} : () -> tensor<f32>
    %zero = "onnx.Constant"() {value = dense<3> : tensor<i8>} : () -> tensor<i8>
    %q = "onnx.QuantizeLinear"(%x, %scale, %zero) {axis = 1 : i64} : (tensor<1x1x4xf32>, tensor<f32>, tensor<i8>) -> tensor<1x1x4xi8>
    %d = "onnx.DequantizeLinear"(%q, %scale, %zero) {axis = 1 : i64} : (tensor<1x1x4xi8>, tensor<f32>, tensor<i8>) -> tensor<1x1x4xf32>
    %w = "onnx.Constant"() {value = dense<1> : tensor<1x1x1x3xi8>} : () -> tensor<1x1x1x3xi8>
    %a = "onnx.Conv"(%d, %w) {strides = #unit, pads = array<i64: 0, 1, 0, 1>} : (tensor<1x1x4xf32>, tensor<1x1x1x3xi8>) -> tensor<1x1x4xf32>
    %s = "onnx.BipolarQuant"(%a, %one) : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
    return %s : tensor<1x1x4xf32>
  }
}
