//===- Elements.cpp - Constant tensors as plain bytes ---------------------===//
//
// Loads, stores and converts the elements of constant tensors.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/SmallVector.h"
#include <cstring>

using namespace mlir;

namespace bnncc::importer {

unsigned storageBytes(Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits <= 8 ? 1 : bits / 8;
}

Elements::Elements(RankedTensorType type)
    : type(type), width(storageBytes(type.getElementType())),
      bytes(static_cast<size_t>(type.getNumElements()) * width) {}

Elements Elements::get(DenseElementsAttr attr) {
  Elements result(cast<RankedTensorType>(attr.getType()));
  int64_t count = result.size();
  if (result.getElementType().isInteger(1)) {
    int64_t i = 0;
    for (bool bit : attr.getValues<bool>())
      result.bytes[i++] = bit;
    return result;
  }
  ArrayRef<char> raw = attr.getRawData();
  if (!attr.isSplat()) {
    std::memcpy(result.bytes.data(), raw.data(), result.bytes.size());
    return result;
  }
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(&result.bytes[i * result.width], raw.data(), result.width);
  return result;
}

DenseElementsAttr Elements::toAttr() const {
  if (getElementType().isInteger(1)) {
    llvm::SmallVector<bool> bits(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(type, bits);
  }
  // One stored element stands for a splat, which prints and compares faster.
  bool splat = size() > 1;
  for (size_t i = width; splat && i < bytes.size(); ++i)
    splat = bytes[i] == bytes[i - width];
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(bytes).take_front(splat ? width : bytes.size()));
}

namespace {

template <typename T> T load(const char *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

uint64_t loadBits(const char *bytes, unsigned width) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, width); // The format and all our hosts are
  return bits;                      // little-endian.
}

double toDouble(const llvm::fltSemantics &semantics, uint64_t bits,
                unsigned width) {
  llvm::APFloat value(semantics, llvm::APInt(width, bits));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

} // namespace

int64_t Elements::getInt(int64_t index) const {
  auto integer = cast<IntegerType>(getElementType());
  uint64_t bits = loadBits(&bytes[index * width], width);
  unsigned unused = 64 - integer.getWidth();
  if (integer.isUnsigned() || integer.getWidth() == 1)
    return static_cast<int64_t>((bits << unused) >> unused);
  return static_cast<int64_t>(bits << unused) >> unused;
}

double Elements::getDouble(int64_t index) const {
  const char *at = &bytes[index * width];
  if (getElementType().isF32())
    return load<float>(at);
  if (getElementType().isF64())
    return load<double>(at);
  if (auto type = dyn_cast<FloatType>(getElementType()))
    return toDouble(type.getFloatSemantics(), loadBits(at, width),
                    type.getWidth());
  return static_cast<double>(getInt(index));
}

bool Elements::setInt(int64_t index, int64_t value) {
  if (isFloat()) {
    auto real = static_cast<double>(value);
    return std::abs(value) <= (int64_t(1) << 53) && setDouble(index, real);
  }
  std::memcpy(&bytes[index * width], &value, width);
  if (getElementType().getIntOrFloatBitWidth() < 8) {
    // The unused high bits stay clear, as MLIR wants them.
    bytes[index * width] &=
        static_cast<char>((1 << getElementType().getIntOrFloatBitWidth()) - 1);
  }
  return getInt(index) == value;
}

bool Elements::setDouble(int64_t index, double value) {
  auto floatType = dyn_cast<FloatType>(getElementType());
  if (!floatType) {
    if (!(std::abs(value) <= 9007199254740992.0))
      return false;
    return setInt(index, static_cast<int64_t>(value));
  }
  llvm::APFloat number(value);
  bool losesInfo = false;
  number.convert(floatType.getFloatSemantics(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  std::memcpy(&bytes[index * width], &bits, width);
  return !losesInfo;
}

std::vector<int64_t> toInts(DenseElementsAttr attr) {
  Elements elements = Elements::get(attr);
  std::vector<int64_t> values(elements.size());
  for (int64_t i = 0; i < elements.size(); ++i)
    values[i] = elements.getInt(i);
  return values;
}

} // namespace bnncc::importer
