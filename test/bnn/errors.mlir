// RUN: bnn-opt %s -split-input-file -verify-diagnostics

func.func @boundaries_descend(%x: tensor<1x1x8xf32>) {
  // expected-error @+1 {{boundaries must ascend, but found}}
  %q = bnn.quantize %x {boundaries = dense<[0.5, -0.5]> : tensor<2xf32>, first = 0 : i64, step = 1 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi8>
  return
}

// -----

func.func @code_beyond_type(%x: tensor<1x1x8xf32>) {
  // expected-error @+1 {{codes must be in -128..127, but found 128}}
  %q = bnn.quantize %x {boundaries = dense<0.5> : tensor<1xf32>, first = 127 : i64, step = 1 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi8>
  return
}

// -----

func.func @bipolar_zero(%x: tensor<1x1x8xf32>) {
  // expected-error @+1 {{bipolar codes must be -1 and 1, but found 0}}
  %q = bnn.quantize %x {boundaries = dense<0.5> : tensor<1xf32>, first = 0 : i64, step = 1 : i64} : tensor<1x1x8xf32> -> tensor<1x1x8xi1>
  return
}

// -----

func.func @weight_not_binary(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{weight of one bit must be -1 or 1, but found 0}}
  %a = bnn.conv %x {weight = dense<0> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x8xi1> -> tensor<2x1x6xi32>
  return
}

// -----

func.func @weight_channels(%x: tensor<3x1x8xi1>) {
  // expected-error @+1 {{weight must have 3 input channels, but found 1}}
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<3x1x8xi1> -> tensor<2x1x6xi32>
  return
}

// -----

func.func @pad_value(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{pad_value must be in -1..1, but found 2}}
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, pad_value = 2 : i64, weight_bits = 1 : i64} : tensor<1x1x8xi1> -> tensor<2x1x8xi32>
  return
}

// -----

func.func @conv_result(%x: tensor<1x1x8xi1>) {
  // expected-error @+1 {{result must be 'tensor<2x1x6xi32>', but found 'tensor<2x1x8xi32>'}}
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x8xi1> -> tensor<2x1x8xi32>
  return
}

// -----

func.func @kernel_too_large(%x: tensor<1x1x2xi1>) {
  // expected-error @+1 {{kernel must fit into the padded map, but found}}
  %a = bnn.conv %x {weight = dense<1> : tensor<2x1x1x3xi8>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 0 : i64, weight_bits = 1 : i64} : tensor<1x1x2xi1> -> tensor<2x1x1xi32>
  return
}

// -----

func.func @pool_pads(%x: tensor<1x1x8xi32>) {
  // expected-error @+1 {{pads must be smaller than the kernel [1, 2], but found [0, 2, 0, 0]}}
  %a = bnn.max_pool %x {kernel = array<i64: 1, 2>, strides = array<i64: 1, 1>, pads = array<i64: 0, 2, 0, 0>} : tensor<1x1x8xi32> -> tensor<1x1x9xi32>
  return
}

// -----

func.func @points_descend(%x: tensor<1x1x8xi32>) {
  // expected-error @+1 {{points must ascend, but found -3 after 4 in channel 0}}
  %a = bnn.threshold %x {points = dense<[[4, -3]]> : tensor<1x2xi32>, first = dense<0> : tensor<1xi1>} : tensor<1x1x8xi32> -> tensor<1x1x8xi1>
  return
}

// -----

func.func @points_channels(%x: tensor<2x1x8xi32>) {
  // expected-error @+1 {{points must be tensor<2xTxi32>, but found}}
  %a = bnn.threshold %x {points = dense<[[4]]> : tensor<1x1xi32>, first = dense<0> : tensor<2xi1>} : tensor<2x1x8xi32> -> tensor<2x1x8xi1>
  return
}

// -----

func.func @scale_count(%x: tensor<3x1x8xi32>) {
  // expected-error @+1 {{scale must have 1 or 3 values, but found 2}}
  %a = bnn.to_real %x {scale = array<f64: 1.0, 2.0>, shift = array<f64: 0.0>} : tensor<3x1x8xi32> -> tensor<3x1x8xf64>
  return
}

// -----

func.func @clip_bounds(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{min must not be above max, but found}}
  %a = bnn.clip %x {min = 1.0 : f64, max = -1.0 : f64} : tensor<3x1x8xf64>
  return
}

// -----

func.func @reduce_kind(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{kind must be sum, mean or max, but found min}}
  %a = bnn.reduce %x {kind = "min"} : tensor<3x1x8xf64> -> tensor<3x1x1xf64>
  return
}

// -----

func.func @concat_positions(%x: tensor<3x1x8xi1>, %y: tensor<3x1x7xi1>) {
  // expected-error @+1 {{inputs must differ in channels only, but found}}
  %a = bnn.concat %x, %y : (tensor<3x1x8xi1>, tensor<3x1x7xi1>) -> tensor<6x1x8xi1>
  return
}

// -----

func.func @reshape_elements(%x: tensor<3x1x8xi1>) {
  // expected-error @+1 {{result must have the elements of}}
  %a = bnn.reshape %x : tensor<3x1x8xi1> -> tensor<23x1x1xi1>
  return
}

// -----

func.func @argmax_channels(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{result must be 'tensor<1x1x8xi64>', but found 'tensor<3x1x8xi64>'}}
  %a = bnn.argmax %x : tensor<3x1x8xf64> -> tensor<3x1x8xi64>
  return
}

// -----

func.func @mirrored(%x: tensor<2x1x4xi32>) -> tensor<2x1x4xi1> {
  // expected-error @+1 {{of a mirrored map must have complements as the upper half of its channels}}
  %s = bnn.threshold %x {points = dense<[[1], [1]]> : tensor<2x1xi32>, first = dense<[0, 0]> : tensor<2xi1>, mirrored} : tensor<2x1x4xi32> -> tensor<2x1x4xi1>
  return %s : tensor<2x1x4xi1>
}

// -----

func.func @near_tie_of_no_channel(%x: tensor<2x1x4xi32>) -> tensor<2x1x4xi1> {
  // expected-error @+1 {{near_ties and float_differs must be channels in 0..1, but found 2}}
  %s = bnn.threshold %x {points = dense<[[1], [1]]> : tensor<2x1xi32>, first = dense<[0, 0]> : tensor<2xi1>, near_ties = array<i64: 0, 2>} : tensor<2x1x4xi32> -> tensor<2x1x4xi1>
  return %s : tensor<2x1x4xi1>
}

// -----

func.func @real_conv_weight(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{weight must be a 4-D tensor of f64 with 3 input channels, but found 'tensor<2x2x1x1xf64>'}}
  %a = bnn.real_conv %x {weight = dense<1.0> : tensor<2x2x1x1xf64>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : tensor<3x1x8xf64> -> tensor<2x1x8xf64>
  return
}

// -----

func.func @decide_rows(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{cuts must have 1 or 3 rows of 1 f64, but found 'tensor<2x1xf64>'}}
  %a = bnn.decide %x {cuts = dense<0.0> : tensor<2x1xf64>, inclusive = array<i64: 1>, first = -1 : i64, step = 2 : i64} : tensor<3x1x8xf64> -> tensor<3x1x8xi1>
  return
}

// -----

func.func @decide_codes(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{codes must be in -1..1, but found -1..2}}
  %a = bnn.decide %x {cuts = dense<0.0> : tensor<1x1xf64>, inclusive = array<i64: 1>, first = -1 : i64, step = 3 : i64} : tensor<3x1x8xf64> -> tensor<3x1x8xi1>
  return
}

// -----

func.func @argmax_axis(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{axis must be 0, 1 or 2, but found 3}}
  %a = bnn.argmax %x {axis = 3 : i64} : tensor<3x1x8xf64> -> tensor<1x1x8xi64>
  return
}

// -----

func.func @exact_texts(%x: tensor<3x1x8xf64>) {
  // expected-error @+1 {{exact_scale must have 1 texts, but found 2}}
  %a = bnn.affine %x {scale = array<f64: 1.0>, shift = array<f64: 0.0>, exact_scale = ["1", "2"]} : tensor<3x1x8xf64>
  return
}
