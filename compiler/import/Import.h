//===- Import.h - ONNX file to onnx-level module ----------------*- C++ -*-===//
//
// Reads an ONNX model and hands over one module of `onnx` operations in the
// canonical form below, so that what follows handles one spelling per meaning.
//
// Module: attributes `onnx.opset` (i64), `onnx.producer`; one func @main whose
// arguments and results carry `onnx.name`. All types are static; a symbolic or
// absent leading axis of a graph input, or one of size 0, is 1. Locations: NameLoc(node name), or
// `Op#index` for a node without a name; an operation made out of one node by
// normalisation keeps that node's location.
//
// Operations after import (operands, then attributes; array = array<i64>):
//
//   Constant   ()                 value : dense
//   None       ()                 an absent optional operand in the middle
//   Add Sub Mul Div Pow Min Max Mod Greater GreaterOrEqual Less LessOrEqual
//   Equal And Or Xor BitwiseAnd BitwiseOr BitwiseXor BitShift (a, b)  NumPy broadcast, two operands (Sum, variadic
//                                 Min and Max are chains)
//   Neg Abs Sqrt Relu Sign Not Sigmoid Tanh Floor Ceil Round Exp Log Erf (x)
//   PRelu      (x, slope)         also LeakyRelu (scalar constant slope)
//   Clip       (x, min, max)      always three; None where there is no bound
//   Where      (cond, x, y)
//   Cast       (x)                the result type says to what
//   Conv       (x, w[, b])        kernel_shape, strides, pads (begins, ends),
//                                 dilations : array; group : i64. On i32 when
//                                 it was ConvInteger (zero points are
//                                 subtracted)
//   MatMul     (a, b)             Gemm is Transpose, MatMul, Mul (alpha, beta
//                                 other than 1) and Add
//   BatchNormalization (x, scale, bias, mean, var)   epsilon : f32
//   MaxPool    (x)                kernel_shape, strides, pads, dilations :
//   array AveragePool(x)                the same, count_include_pad : i64 (0 if
//   no pad) ReduceSum ReduceMean ReduceMax ReduceMin (x)   axes : array
//   (ascending, not
//                                 negative), keepdims : i64. Global pools are
//                                 reductions over axes 2.. with keepdims = 1
//   Reshape    (x)                the result type says to what; also Flatten,
//                                 Squeeze, Unsqueeze
//   Transpose  (x)                perm : array (never the identity)
//   Pad        (x)                pads : array (2 x rank, none negative),
//                                 value : attribute of the element type
//   Slice      (x)                starts, steps : array (one per axis,
//   clamped);
//                                 the result type gives the sizes. Also Split,
//                                 Gather by one index (then Reshape), negative
//                                 Pad
//   Gather     (x, indices)       axis : i64; indices are not negative if
//   constant Concat     (x...)             axis : i64 Expand     (x) the result
//   type says to what QuantizeLinear   (x, scale, zero_point)   axis : i64;
//   block_size : i64 DequantizeLinear (x, scale, zero_point)   axis : i64;
//   block_size : i64
//                                 zero_point is always there; axis is meant
//                                 when scale is 1-D; block_size = 0 but for
//                                 blocked scales. QLinearConv and QLinearMatMul
//                                 are spelled out with these
//   Softmax LogSoftmax (x)        axis : i64, meaning of opset 13 (one axis)
//   ArgMax ArgMin (x)             axis, keepdims, select_last_index : i64
//   BipolarQuant (x, scale)                              domain = "qonnx..."
//   Quant      (x, scale, zero_point, bit_width)         domain;
//              signed, narrow : i64; rounding_mode : string, one of ROUND (half
//              to even) CEIL FLOOR UP DOWN HALF_UP HALF_DOWN. Also IntQuant.
//   Trunc      (x, scale, zero_point, in_bits, out_bits) domain; rounding_mode
//   MultiThreshold (x, thresholds : tensor<C or 1 x N>)  domain; out_scale,
//              out_bias : f32; out_dtype : string. Channel axis is 1.
//
// Identity and Dropout are gone, as is every operation without a use. Integer
// arithmetic, data movement and exact functions on constants are folded; float
// arithmetic that rounds never is.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_IMPORT_H
#define BNNCC_COMPILER_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace bnncc {

/// Oldest and newest operator set of the default domain that can be imported.
inline constexpr int64_t MinOpset = 7, MaxOpset = 25;
/// Newest file format version that can be imported.
inline constexpr int64_t MaxIrVersion = 13;

/// The shapes that the user says for inputs, by name; "" for the only input.
using InputShapes = llvm::StringMap<llvm::SmallVector<int64_t>>;

/// Reads "NAME:1x1x3600" or "1x1x3600"; false if `text` is neither, or gives an
/// input two shapes.
bool parseInputShape(llvm::StringRef text, InputShapes &shapes);

/// Imports the model in the file `path`. On failure returns null and sets
/// `error` to one line "FILE: node 'NAME' (Op): rule, value found; remedy". "-"
/// is standard input. Adds the files with external data that were read to
/// `files`.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnx(llvm::StringRef path, mlir::MLIRContext &context, std::string &error,
           std::vector<std::string> *files = nullptr,
           const InputShapes &shapes = {});

/// The same on bytes in memory; `path` names the model in messages, and its
/// folder is where external data is looked up.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnxBytes(llvm::StringRef bytes, llvm::StringRef path,
                mlir::MLIRContext &context, std::string &error,
                std::vector<std::string> *files = nullptr,
                const InputShapes &shapes = {});

/// The operators that can be imported, one line a domain.
std::string knownOperators();

} // namespace bnncc

#endif // BNNCC_COMPILER_IMPORT_IMPORT_H
