//===- SparseDecode.cpp - SparseTensorProto to constants ------------------===//
//
// Spreads listed elements over a dense tensor of zeros.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "TensorDecode.h"
#include "onnx.pb.h"
#include <cstring>

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {

DenseElementsAttr decodeSparse(const onnxpb::SparseTensorProto &tensor,
                               StringRef folder, MLIRContext &context,
                               std::string &error) {
  auto fail = [&](const Twine &message) {
    error = message.str();
    return DenseElementsAttr();
  };
  // A few bytes must not ask for gigabytes.
  constexpr int64_t MaxDense = int64_t(1) << 27;
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  bool isSmall = llvm::all_of(shape, [](int64_t n) { return n >= 0; }) &&
                 isSmallEnough(shape) && product(shape) <= MaxDense;
  if (!isSmall)
    return fail("a sparse tensor must have at most 2^27 elements, found shape " +
                toString(shape) + "; store it densely");
  DenseElementsAttr values =
      decodeTensor(tensor.values(), folder, context, error);
  DenseElementsAttr places =
      values ? decodeTensor(tensor.indices(), folder, context, error)
             : DenseElementsAttr();
  if (!places)
    return {};
  int64_t count = values.getNumElements(), rank = shape.size();
  bool isFlat = places.getType().getRank() == 1;
  if (!places.getElementType().isInteger(64) ||
      places.getNumElements() != (isFlat ? count : count * rank))
    return fail("a sparse tensor must have an index of int64 for each of its " +
                Twine(count) + " values, found " +
                Twine(places.getNumElements()) + "; export the model again");
  Elements from = Elements::get(values);
  Elements to(RankedTensorType::get(shape, values.getElementType()));
  std::vector<int64_t> indices = toInts(places);
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = isFlat ? indices[i] : 0;
    bool isInside = true;
    for (int64_t k = 0; k < rank && !isFlat; ++k) {
      int64_t index = indices[i * rank + k];
      isInside &= index >= 0 && index < shape[k];
      at = at * shape[k] + index;
    }
    if (!isInside || at < 0 || at >= to.size())
      return fail("a sparse tensor's indices must lie in its shape " +
                  toString(shape) + ", found another for value " + Twine(i) +
                  "; export the model again");
    std::memcpy(to.data() + at * to.elementBytes(),
                from.data() + i * to.elementBytes(), to.elementBytes());
  }
  return to.toAttr();
}

} // namespace bnncc::importer
