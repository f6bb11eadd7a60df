// What --input-type says must be needed, else no one would check it.
// RUN: bnn-opt %s -split-input-file -verify-diagnostics -bnn-infer-quantization=input-type=int8 | FileCheck %s

// A float input without a quantiser carries what --input-type says.
// CHECK-LABEL: func.func @cast_input
// CHECK-NEXT: "onnx.CastInput"(%arg0) : (tensor<1x1x4xf32>) -> tensor<1x1x4xi8>
func.func @cast_input(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  %a = "onnx.Conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  return %a : tensor<1x1x3xf32>
}

// -----

func.func @quantised(%x: tensor<1x1x4xf32> {onnx.name = "ecg"}) -> tensor<1x1x3xf32> {
  %w = "onnx.Constant"() {value = dense<1.0> : tensor<1x1x1x2xf32>} : () -> tensor<1x1x1x2xf32>
  // expected-error @+1 {{quantises the graph input 'ecg' itself, but found --input-type for it; leave the option out}}
  %s = "onnx.Sign"(%x) : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %a = "onnx.Conv"(%s, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x3xf32>
  return %a : tensor<1x1x3xf32>
}
