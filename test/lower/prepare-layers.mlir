// Zero padding before a pool or values, and signs at the end of a graph.
// RUN: bnn-opt %s --bnn-prepare-layers --verify-each | FileCheck %s

#unit = array<i64: 1, 1>
#none = array<i64: 0, 0, 0, 0>
#one = array<i64: 0, 1, 0, 1>
module {
  // One row behind a layer of bits: constants beside the map will do, and there
  // is nothing to prepare.
  // CHECK-LABEL: func.func @constants_tell_the_border
  // CHECK-NOT: mirrored
  // CHECK: return
  func.func @constants_tell_the_border(%x: tensor<1x1x10xi8>) -> tensor<1x1x4xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<2x1x9xi32>
    %s = bnn.threshold %a {points = dense<3> : tensor<2x1xi32>, first = dense<[0, 1]> : tensor<2xi1>} : tensor<2x1x9xi32> -> tensor<2x1x9xi1>
    %b = bnn.conv %s {weight = dense<1> : tensor<1x2x1x3xi8>, strides = #unit, pads = #one, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<2x1x9xi1> -> tensor<1x1x9xi32>
    %p = bnn.max_pool %b {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : tensor<1x1x9xi32> -> tensor<1x1x4xi32>
    %t = bnn.threshold %p {points = dense<1> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x4xi32> -> tensor<1x1x4xi1>
    %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi1> -> tensor<1x1x4xi32>
    %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x4xi32> -> tensor<1x1x4xf64>
    return %r : tensor<1x1x4xf64>
  }

  // Rows of pads: the layer before gives complements; sums and points are twice
  // as large.
  // CHECK-LABEL: func.func @pool_behind_zero_padding
  // CHECK: %[[A:.*]] = bnn.conv %arg0 {{.*}}weight = dense<{{\[\[\[\[}}1, 1]]], {{\[\[\[}}-1, 1]]], {{\[\[\[}}1, 1]]], {{\[\[\[}}-1, 1]]]]> : tensor<4x1x1x2xi8>{{.*}} -> tensor<4x1x9xi32>
  // CHECK: %[[B:.*]] = bnn.threshold %[[A]] {first = dense<[false, true, true, false]> : tensor<4xi1>, mirrored, points = dense<{{\[\[}}3], [-4], [3], [-4]]> : tensor<4x1xi32>}
  // CHECK: %[[C:.*]] = bnn.conv %[[B]] {pad_value = -1 : i64, {{.*}}weight = dense<{{\[\[\[\[}}1, -1, 1]], {{\[\[}}1, 1, 1]], {{\[\[}}-1, 1, -1]], {{\[\[}}-1, -1, -1]]]]> : tensor<1x4x1x3xi8>
  // CHECK: bnn.max_pool %[[C]] {{.*}} -> tensor<1x2x4xi32>
  // CHECK: bnn.threshold {{.*}}points = dense<{{\[\[}}2, 8]]> : tensor<1x2xi32>
  func.func @pool_behind_zero_padding(%x: tensor<1x1x10xi8>) -> tensor<1x2x4xf64> {
    %a = bnn.conv %x {weight = dense<[[[[1, 1]]], [[[-1, 1]]]]> : tensor<2x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<2x1x9xi32>
    %s = bnn.threshold %a {points = dense<[[3], [-4]]> : tensor<2x1xi32>, first = dense<[0, 1]> : tensor<2xi1>} : tensor<2x1x9xi32> -> tensor<2x1x9xi1>
    %b = bnn.conv %s {weight = dense<[[[[1, -1, 1]], [[1, 1, 1]]]]> : tensor<1x2x1x3xi8>, strides = #unit, pads = array<i64: 1, 1, 0, 1>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<2x1x9xi1> -> tensor<1x2x9xi32>
    %p = bnn.max_pool %b {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : tensor<1x2x9xi32> -> tensor<1x2x4xi32>
    %t = bnn.threshold %p {points = dense<[[1, 4]]> : tensor<1x2xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x2x4xi32> -> tensor<1x2x4xi1>
    %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x2x4xi1> -> tensor<1x2x4xi32>
    %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x2x4xi32> -> tensor<1x2x4xf64>
    return %r : tensor<1x2x4xf64>
  }

  // Values: half the scale. A pool of bits before it goes before the threshold,
  // and a falling channel's weights are turned.
  // CHECK-LABEL: func.func @values_behind_bit_pool
  // CHECK: %[[A:.*]] = bnn.conv %arg0 {{.*}}weight = dense<{{\[\[\[\[}}1, 1]]], {{\[\[\[}}1, -1]]], {{\[\[\[}}1, 1]]], {{\[\[\[}}1, -1]]]]>
  // CHECK-NEXT: %[[P:.*]] = bnn.max_pool %[[A]] {{.*}} -> tensor<4x1x4xi32>
  // CHECK-NEXT: %[[B:.*]] = bnn.threshold %[[P]] {first = dense<[false, false, true, true]> : tensor<4xi1>, mirrored, points = dense<{{\[\[}}3], [5], [3], [5]]> : tensor<4x1xi32>}
  // CHECK-NEXT: bnn.conv %[[B]] {pad_value = -1
  // CHECK-NEXT: bnn.to_real {{.*}}scale = array<f64: 1.250000e-01>, shift = array<f64: 3.000000e+00>
  func.func @values_behind_bit_pool(%x: tensor<1x1x10xi8>) -> tensor<1x1x4xf64> {
    %a = bnn.conv %x {weight = dense<[[[[1, 1]]], [[[-1, 1]]]]> : tensor<2x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<2x1x9xi32>
    %s = bnn.threshold %a {points = dense<[[3], [-4]]> : tensor<2x1xi32>, first = dense<[0, 1]> : tensor<2xi1>} : tensor<2x1x9xi32> -> tensor<2x1x9xi1>
    %p = bnn.max_pool %s {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : tensor<2x1x9xi1> -> tensor<2x1x4xi1>
    %b = bnn.conv %p {weight = dense<1> : tensor<1x2x1x3xi8>, strides = #unit, pads = #one, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<2x1x4xi1> -> tensor<1x1x4xi32>
    %r = bnn.to_real %b {scale = array<f64: 0.25>, shift = array<f64: 3.0>} : tensor<1x1x4xi32> -> tensor<1x1x4xf64>
    return %r : tensor<1x1x4xf64>
  }

  // Thresholds of their own, or one sum, need no complements.
  // CHECK-LABEL: func.func @no_complements_needed
  // CHECK-NOT: mirrored
  // CHECK: return
  func.func @no_complements_needed(%x: tensor<1x1x10xi8>) -> tensor<1x1x1xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<1x1x9xi32>
    %s = bnn.threshold %a {points = dense<3> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x9xi32> -> tensor<1x1x9xi1>
    %b = bnn.conv %s {weight = dense<1> : tensor<1x1x1x3xi8>, strides = #unit, pads = #one, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x9xi1> -> tensor<1x1x9xi32>
    %t = bnn.threshold %b {points = dense<1> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x9xi32> -> tensor<1x1x9xi1>
    %c = bnn.conv %t {weight = dense<1> : tensor<1x1x1x3xi8>, strides = #unit, pads = #one, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x9xi1> -> tensor<1x1x9xi32>
    %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x9xi32> -> tensor<1x1x9xf64>
    %g = bnn.reduce %r {kind = "mean"} : tensor<1x1x9xf64> -> tensor<1x1x1xf64>
    return %g : tensor<1x1x1xf64>
  }

  // Bits with two switch points that are pooled get a layer that pools them, and
  // that one gives the complements.
  // CHECK-LABEL: func.func @two_sided_pool
  // CHECK: %[[T:.*]] = bnn.threshold {{.*}}points = dense<{{\[\[}}3, 5]]>
  // CHECK-NEXT: %[[O:.*]] = bnn.conv %[[T]] {pad_value = -1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 2>, weight = dense<1> : tensor<2x1x1x2xi8>
  // CHECK-NEXT: bnn.threshold %[[O]] {first = dense<[false, true]> : tensor<2xi1>, mirrored, points = dense<0> : tensor<2x1xi32>}
  func.func @two_sided_pool(%x: tensor<1x1x10xi8>) -> tensor<1x1x4xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<1x1x9xi32>
    %s = bnn.threshold %a {points = dense<[[3, 5]]> : tensor<1x2xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x9xi32> -> tensor<1x1x9xi1>
    %p = bnn.max_pool %s {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : tensor<1x1x9xi1> -> tensor<1x1x4xi1>
    %b = bnn.conv %p {weight = dense<1> : tensor<1x1x1x3xi8>, strides = #unit, pads = #one, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x4xi1> -> tensor<1x1x4xi32>
    %r = bnn.to_real %b {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x4xi32> -> tensor<1x1x4xf64>
    return %r : tensor<1x1x4xf64>
  }

  // Rising from 3, falling from -4, the interval [1, 5), its outside, constant.
  // CHECK-LABEL: func.func @signs_at_the_end
  // CHECK-NOT: bnn.threshold
  // CHECK: bnn.to_real {{.*}}scale = array<f64: 2.000000e+00, 2.000000e+00, 2.000000e+00, 2.000000e+00, 0.000000e+00>, shift = array<f64: -5.000000e+00, 9.000000e+00, -5.000000e+00, -5.000000e+00, 0.000000e+00>
  // CHECK-NEXT: bnn.prelu {{.*}}slope = array<f64: 1.000000e+00, 1.000000e+00, -1.000000e+00, -1.000000e+00, 1.000000e+00>
  // CHECK-NEXT: bnn.affine {{.*}}scale = array<f64: 1.000000e+00, -1.000000e+00, -1.000000e+00, 1.000000e+00, 0.000000e+00>, shift = array<f64: 0.000000e+00, 0.000000e+00, 4.000000e+00, -4.000000e+00, 1.000000e+00>
  // CHECK-NEXT: bnn.clip {{.*}}max = 1.000000e+00 : f64, min = -1.000000e+00 : f64
  // CHECK-NEXT: bnn.max_pool {{.*}}tensor<5x1x9xf64> -> tensor<5x1x4xf64>
  // CHECK-NEXT: bnn.reduce {{.*}}kind = "sum"
  // CHECK-NEXT: bnn.affine {{.*}}scale = array<f64: 5.000000e-01>
  func.func @signs_at_the_end(%x: tensor<1x1x10xi8>) -> tensor<5x1x1xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<5x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<5x1x9xi32>
    %s = bnn.threshold %a {points = dense<[[3, 2147483647], [-4, 2147483647], [1, 5], [1, 5], [2147483647, 2147483647]]> : tensor<5x2xi32>, first = dense<[0, 1, 0, 1, 1]> : tensor<5xi1>} : tensor<5x1x9xi32> -> tensor<5x1x9xi1>
    %p = bnn.max_pool %s {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : tensor<5x1x9xi1> -> tensor<5x1x4xi1>
    %g = bnn.sum %p : tensor<5x1x4xi1> -> tensor<5x1x1xi32>
    %r = bnn.to_real %g {scale = array<f64: 0.5>, shift = array<f64: 0.0>} : tensor<5x1x1xi32> -> tensor<5x1x1xf64>
    return %r : tensor<5x1x1xf64>
  }

  // A pool over rows: along x by the output unit, over rows as a layer whose sums
  // are each channel's own; the falling channel falls behind it.
  // CHECK-LABEL: func.func @pool_of_rows
  // CHECK: %[[A:.*]] = bnn.conv %arg0 {{.*}} -> tensor<2x4x4xi32>
  // CHECK-NEXT: %[[B:.*]] = bnn.threshold %[[A]] {bnn.partial, first = dense<false> : tensor<2xi1>, points = dense<{{\[\[}}3], [-4]]>
  // CHECK-NEXT: %[[P:.*]] = bnn.max_pool %[[B]] {bnn.partial, kernel = array<i64: 1, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 2>}
  // CHECK-NEXT: %[[C:.*]] = bnn.conv %[[P]] {pad_value = -1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 1>, weight = dense<{{\[\[\[\[}}1], [1]], {{\[\[}}0], [0]]], {{\[\[\[}}0], [0]], {{\[\[}}1], [1]]]]> : tensor<2x2x2x1xi8>
  // CHECK-NEXT: bnn.threshold %[[C]] {first = dense<[false, true]> : tensor<2xi1>, points = dense<0> : tensor<2x1xi32>}
  func.func @pool_of_rows(%x: tensor<1x4x4xi8>) -> tensor<1x2x2xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi8> -> tensor<2x4x4xi32>
    %p = bnn.max_pool %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = #none} : tensor<2x4x4xi32> -> tensor<2x2x2xi32>
    %s = bnn.threshold %p {points = dense<[[3], [-4]]> : tensor<2x1xi32>, first = dense<[0, 1]> : tensor<2xi1>} : tensor<2x2x2xi32> -> tensor<2x2x2xi1>
    %c = bnn.conv %s {weight = dense<1> : tensor<1x2x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<2x2x2xi1> -> tensor<1x2x2xi32>
    %r = bnn.to_real %c {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x2x2xi32> -> tensor<1x2x2xf64>
    return %r : tensor<1x2x2xf64>
  }

  // Sums over rows and flattened values are the host's.
  // CHECK-LABEL: func.func @values_on_host
  // CHECK: bnn.to_real {{.*}}scale = array<f64: 1.000000e+00>, shift = array<f64: 0.000000e+00>} : tensor<2x4x4xi32> -> tensor<2x4x4xf64>
  // CHECK-NEXT: bnn.reduce {{.*}}kind = "sum"
  // CHECK-NEXT: bnn.affine {{.*}}scale = array<f64: 2.500000e-01>, shift = array<f64: 1.000000e+00>
  func.func @values_on_host(%x: tensor<1x4x4xi8>) -> tensor<2x1x1xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x4x4xi8> -> tensor<2x4x4xi32>
    %g = bnn.sum %a : tensor<2x4x4xi32> -> tensor<2x1x1xi32>
    %r = bnn.to_real %g {scale = array<f64: 0.25>, shift = array<f64: 1.0>} : tensor<2x1x1xi32> -> tensor<2x1x1xf64>
    return %r : tensor<2x1x1xf64>
  }

  // Two pools are one where the first leaves no gap; with pads they are a layer.
  // A pool of integers with two switch points behind it pools a bit for each.
  // CHECK-LABEL: func.func @pools_in_a_row
  // CHECK: %[[A:.*]] = bnn.conv %arg0 {{.*}}weight = dense<1> : tensor<2x1x1x2xi8>{{.*}} -> tensor<2x1x30xi32>
  // CHECK-NEXT: %[[B:.*]] = bnn.threshold %[[A]] {bnn.partial, first = dense<false> : tensor<2xi1>, points = dense<{{\[\[}}1], [2]]>
  // CHECK-NEXT: %[[C:.*]] = bnn.conv %[[B]] {pad_value = -1 : i64, pads = array<i64: 0, 1, 0, 1>, strides = array<i64: 1, 2>, weight = dense<{{\[\[\[\[}}1, 1, 1]], {{\[\[}}0, 0, 0]]], {{\[\[\[}}0, 0, 0]], {{\[\[}}1, 1, 1]]]]> : tensor<2x2x1x3xi8>
  // CHECK-NEXT: %[[D:.*]] = bnn.threshold %[[C]] {bnn.partial, first = dense<false> : tensor<2xi1>, points = dense<-1> : tensor<2x1xi32>}
  // CHECK-NEXT: %[[E:.*]] = bnn.conv %[[D]] {{.*}}weight = dense<{{\[\[\[\[}}1]], {{\[\[}}-1]]]]> : tensor<1x2x1x1xi8>
  // CHECK-NEXT: %[[F:.*]] = bnn.threshold %[[E]] {first = dense<true> : tensor<1xi1>, points = dense<2> : tensor<1x1xi32>}
  // CHECK-NEXT: bnn.conv %[[F]]
  // CHECK-NEXT: bnn.max_pool {{.*}}{kernel = array<i64: 1, 5>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 4>}
  func.func @pools_in_a_row(%x: tensor<1x1x31xi8>) -> tensor<1x1x3xf64> {
    %a = bnn.conv %x {weight = dense<1> : tensor<1x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x31xi8> -> tensor<1x1x30xi32>
    %p = bnn.max_pool %a {kernel = array<i64: 1, 3>, strides = array<i64: 1, 2>, pads = #one} : tensor<1x1x30xi32> -> tensor<1x1x15xi32>
    %s = bnn.threshold %p {points = dense<[[1, 2]]> : tensor<1x2xi32>, first = dense<1> : tensor<1xi1>} : tensor<1x1x15xi32> -> tensor<1x1x15xi1>
    %c = bnn.conv %s {weight = dense<1> : tensor<1x1x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x15xi1> -> tensor<1x1x15xi32>
    %q = bnn.max_pool %c {kernel = array<i64: 1, 3>, strides = array<i64: 1, 2>, pads = #none} : tensor<1x1x15xi32> -> tensor<1x1x7xi32>
    %d = bnn.max_pool %q {kernel = array<i64: 1, 2>, strides = array<i64: 1, 2>, pads = #none} : tensor<1x1x7xi32> -> tensor<1x1x3xi32>
    %t = bnn.threshold %d {points = dense<0> : tensor<1x1xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x3xi32> -> tensor<1x1x3xi1>
    %e = bnn.conv %t {weight = dense<1> : tensor<1x1x1x1xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x3xi1> -> tensor<1x1x3xi32>
    %r = bnn.to_real %e {scale = array<f64: 1.0>, shift = array<f64: 0.0>} : tensor<1x1x3xi32> -> tensor<1x1x3xf64>
    return %r : tensor<1x1x3xf64>
  }

  // Bits with three switch points at the end become numbers by a layer.
  // CHECK-LABEL: func.func @bits_at_the_end
  // CHECK: %[[T:.*]] = bnn.threshold
  // CHECK-NEXT: %[[N:.*]] = bnn.conv %[[T]] {{.*}}weight = dense<{{\[\[\[\[}}1]], {{\[\[}}0]]], {{\[\[\[}}0]], {{\[\[}}1]]]]> : tensor<2x2x1x1xi8>
  // CHECK-NEXT: bnn.to_real %[[N]] {{.*}} -> tensor<2x1x9xf64>
  func.func @bits_at_the_end(%x: tensor<1x1x10xi8>) -> tensor<2x1x9xi1> {
    %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x2xi8>, strides = #unit, pads = #none, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x10xi8> -> tensor<2x1x9xi32>
    %s = bnn.threshold %a {points = dense<[[3, 5, 9], [3, 5, 9]]> : tensor<2x3xi32>, first = dense<[0, 1]> : tensor<2xi1>} : tensor<2x1x9xi32> -> tensor<2x1x9xi1>
    return %s : tensor<2x1x9xi1>
  }
}
