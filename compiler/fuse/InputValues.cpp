// Roundings and wraps of element types, and floats by rank.

#include "fuse/InputValues.h"
#include "llvm/ADT/APFloat.h"
#include <bit>
#include <cmath>

using llvm::APFloat;

namespace bnncc {

// Doubles count no further in ones.
static constexpr double maxWhole = 0x1p53;

ElementType ElementType::of(mlir::Type element) {
  unsigned bits = element.getIntOrFloatBitWidth();
  if (element.isBF16())
    return {Kind::BFloat, bits};
  if (llvm::isa<mlir::FloatType>(element))
    return {Kind::Float, bits};
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  return {isUnsigned ? Kind::Unsigned : Kind::Signed, bits};
}

double ElementType::low() const {
  return kind == Kind::Unsigned ? 0
         : bits == 64           ? -maxWhole
                                : -std::ldexp(1.0, int(bits) - 1);
}

double ElementType::high() const {
  if (bits == 64)
    return maxWhole;
  return std::ldexp(1.0, int(bits) - (kind == Kind::Signed)) - 1;
}

static const llvm::fltSemantics &semanticsOf(const ElementType &type) {
  return type.kind == ElementType::Kind::BFloat ? APFloat::BFloat()
                                                : APFloat::IEEEhalf();
}

double ElementType::keep(double exact) const {
  if (isFloat()) {
    if (bits == 64)
      return exact;
    if (bits == 32)
      return float(exact);
    bool lost;
    APFloat narrow(exact);
    narrow.convert(semanticsOf(*this), APFloat::rmNearestTiesToEven, &lost);
    narrow.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return narrow.convertToDouble();
  }
  if (exact >= low() && exact <= high())
    return exact;
  if (bits == 64)
    return std::nan(""); // cannot be followed
  double size = std::ldexp(1.0, int(bits));
  double rest = std::fmod(exact, size);
  if (rest < low())
    rest += size;
  return rest > high() ? rest - size : rest;
}

Domain::Domain(mlir::Type element) : type(ElementType::of(element)) {
  if (type.isFloat()) {
    // The pattern of infinity: all exponent bits, no fraction.
    high = type.bits == 64                           ? 0x7ff0000000000000
           : type.bits == 32                         ? 0x7f800000
           : type.kind == ElementType::Kind::BFloat ? 0x7f80
                                                     : 0x7c00;
    low = -high;
  } else {
    low = int64_t(type.low());
    high = int64_t(type.high());
  }
}

double Domain::value(int64_t rank) const {
  if (!isFloat())
    return double(rank);
  uint64_t pattern = uint64_t(rank < 0 ? -rank : rank);
  double size;
  if (type.bits == 64)
    size = std::bit_cast<double>(pattern);
  else if (type.bits == 32)
    size = std::bit_cast<float>(uint32_t(pattern));
  else {
    APFloat narrow(semanticsOf(type), llvm::APInt(16, pattern));
    bool lost;
    narrow.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    size = narrow.convertToDouble();
  }
  return rank < 0 ? -size : size;
}

} // namespace bnncc
