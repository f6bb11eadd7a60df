// RUN: bnn-opt %s -bnn-fuse="input-type=int8 sign-zero=plus" | FileCheck %s
// RUN: bnn-opt %s -bnn-fuse="input-type=int8 sign-zero=minus" | FileCheck %s --check-prefix=MINUS
// RUN: not bnn-opt %s -bnn-fuse="input-type=int8 sign-zero=maybe" 2>&1 | FileCheck %s --check-prefix=CHOICE
// RUN: not bnn-opt %s -bnn-fuse="input-type=int7" 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not bnn-opt %s -bnn-fuse-thresholds="input-arithmetic=exact" 2>&1 | FileCheck %s --check-prefix=ARITHMETIC

// CHECK: bnn.cast_input %arg0
// CHECK: bnn.conv
// CHECK: bnn.threshold {{.*}}points = dense<0>
// CHECK: bnn.to_real {{.*}}scale = array<f64: 1.000000e+00>, shift = array<f64: 5.000000e-01>
// MINUS: bnn.threshold {{.*}}points = dense<1>
// CHOICE: error: --sign-zero must be error, plus or minus, but found 'maybe'
// TYPE: error: --input-type must be int8, uint8 or bipolar, but found 'int7'
// ARITHMETIC: error: --input-arithmetic must be float or real, but found 'exact'
module {
  func.func @main(%x: tensor<1x1x4xf32>) -> tensor<1x1xf32> {
    %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x1x4xf32>} : () -> tensor<1x1x4xf32>
    %a = "onnx.Conv"(%x, %w) {kernel_shape = array<i64: 4>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x4xf32>) -> tensor<1x1x1xf32>
    %s = "onnx.Sign"(%a) : (tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
    %f = "onnx.Reshape"(%s) : (tensor<1x1x1xf32>) -> tensor<1x1xf32>
    %c = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
    %r = "onnx.Add"(%f, %c) : (tensor<1x1xf32>, tensor<f32>) -> tensor<1x1xf32>
    return %r : tensor<1x1xf32>
  }
}
