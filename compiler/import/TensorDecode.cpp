//===- TensorDecode.cpp - TensorProto to constants ------------------------===//
//
// Reads raw, typed and external tensor data, and refuses what does not add up.
//
//===----------------------------------------------------------------------===//

#include "TensorDecode.h"
#include "Elements.h"
#include "bnn/support/Text.h"
#include "onnx.pb.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using bnncc::onnxpb::TensorProto;
using llvm::Twine;

namespace bnncc::importer {

Type elementType(int64_t type, MLIRContext &context) {
  auto integer = [&](unsigned width, bool isUnsigned = false) -> Type {
    return IntegerType::get(&context, width,
                            isUnsigned ? IntegerType::Unsigned
                                       : IntegerType::Signless);
  };
  switch (type) {
  case TensorProto::FLOAT:
    return Float32Type::get(&context);
  case TensorProto::DOUBLE:
    return Float64Type::get(&context);
  case TensorProto::FLOAT16:
    return Float16Type::get(&context);
  case TensorProto::BFLOAT16:
    return BFloat16Type::get(&context);
  case TensorProto::BOOL:
    return integer(1);
  case TensorProto::INT2:
    return integer(2);
  case TensorProto::UINT2:
    return integer(2, true);
  case TensorProto::INT4:
    return integer(4);
  case TensorProto::UINT4:
    return integer(4, true);
  case TensorProto::INT8:
    return integer(8);
  case TensorProto::UINT8:
    return integer(8, true);
  case TensorProto::INT16:
    return integer(16);
  case TensorProto::UINT16:
    return integer(16, true);
  case TensorProto::INT32:
    return integer(32);
  case TensorProto::UINT32:
    return integer(32, true);
  case TensorProto::INT64:
    return integer(64);
  case TensorProto::UINT64:
    return integer(64, true);
  default:
    return {};
  }
}

std::string dataTypeName(int64_t type) {
  if (type == static_cast<int>(type) &&
      TensorProto::DataType_IsValid(static_cast<int>(type)))
    return TensorProto::DataType_Name(static_cast<TensorProto::DataType>(type));
  return std::to_string(type);
}

namespace {

class Decoder {
public:
  Decoder(const TensorProto &tensor, StringRef folder,
          std::vector<std::string> *files, std::string &error)
      : tensor(tensor), folder(folder), files(files), error(error) {}

  DenseElementsAttr decode(MLIRContext &context);

private:
  bool fail(const Twine &message) {
    error = message.str();
    return false;
  }
  bool readShape(llvm::SmallVectorImpl<int64_t> &shape);
  /// The `expected` bytes of the data file; null after an error.
  std::unique_ptr<llvm::MemoryBuffer> readExternal(uint64_t expected);
  bool checkBytes(uint64_t found, uint64_t expected);
  bool fillRaw(Elements &to, StringRef bytes);
  bool fillTyped(Elements &to);
  bool checkFinite(const Elements &elements);

  const TensorProto &tensor;
  StringRef folder;
  std::vector<std::string> *files;
  std::string &error;
};

/// Bytes that a tensor takes in a file: BOOL one an element, the types under a
/// byte packed.
uint64_t storedBytes(RankedTensorType type) {
  unsigned bits = type.getElementType().getIntOrFloatBitWidth();
  return (static_cast<uint64_t>(type.getNumElements()) * (bits == 1 ? 8 : bits) +
          7) /
         8;
}

} // namespace

bool Decoder::readShape(llvm::SmallVectorImpl<int64_t> &shape) {
  // More weights than any network for this engine has: 1 GiB in float32.
  constexpr int64_t MaxElements = int64_t(1) << 28;
  int64_t count = 1;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      return fail("a tensor's axis must not be negative, found " + Twine(dim) +
                  "; export the model again");
    if (dim != 0 && count > MaxElements / dim)
      return fail("a tensor must have at most 2^28 elements, found axis " +
                  Twine(dim) + " beyond that; export the model again");
    count *= dim;
    shape.push_back(dim);
  }
  return true;
}

std::unique_ptr<llvm::MemoryBuffer>
Decoder::readExternal(uint64_t expected) {
  auto fail = [this](const Twine &message) {
    error = ::bnn::support::printable(message.str());
    return nullptr;
  };
  std::string location;
  uint64_t offset = 0, length = 0;
  bool hasLength = false;
  for (const auto &entry : tensor.external_data()) {
    StringRef value = entry.value();
    if (entry.key() == "location")
      location = value.str();
    else if (entry.key() == "offset" && value.getAsInteger(10, offset))
      return fail("external data's offset must be a number, found '" + value +
                  "'; export the model again");
    else if (entry.key() == "length") {
      if (value.getAsInteger(10, length))
        return fail("external data's length must be a number, found '" + value +
                    "'; export the model again");
      hasLength = true;
    }
  }
  const char *remedy = "; keep the data file in the model's own folder";
  if (location.empty())
    return fail(Twine("external data must name a file, found no location") +
                remedy);
  if (llvm::sys::path::is_absolute(location))
    return fail("external data must have a relative path, found '" + location +
                "'" + remedy);
  for (StringRef part : llvm::make_range(llvm::sys::path::begin(location),
                                         llvm::sys::path::end(location)))
    if (part == "..")
      return fail("external data must not leave the model's folder, found '" +
                  location + "'" + remedy);
  llvm::SmallString<256> path(folder), realFolder, realPath;
  llvm::sys::path::append(path, location);
  if (llvm::sys::fs::real_path(folder.empty() ? "." : folder, realFolder) ||
      llvm::sys::fs::real_path(path, realPath))
    return fail("external data must exist, found no file '" + location + "'" +
                remedy);
  // A FIFO would be waited for; a device may never end.
  if (!llvm::sys::fs::is_regular_file(realPath))
    return fail("external data must be a regular file, found another kind in "
                "'" +
                location + "'" + remedy);
  // A link inside the folder may still lead out of it.
  llvm::SmallString<256> prefix(realFolder);
  if (!prefix.ends_with("/"))
    prefix += "/";
  if (!realPath.starts_with(prefix))
    return fail("external data must not leave the model's folder, found '" +
                location + "' leading to '" + realPath.str() + "'" + remedy);
  uint64_t size = 0;
  if (llvm::sys::fs::file_size(realPath, size))
    return fail("external data must be readable, found '" + location + "'" +
                remedy);
  if (!hasLength)
    length = offset <= size ? size - offset : 0;
  if (offset > size || length > size - offset)
    return fail("external data must lie within its file, found bytes " +
                Twine(offset) + " to " + Twine(offset + length) + " of '" +
                location + "' with " + Twine(size) +
                "; copy the whole data file");
  if (!checkBytes(length, expected))
    return nullptr;
  auto buffer = llvm::MemoryBuffer::getFileSlice(realPath, length, offset);
  if (!buffer)
    return fail("external data must be readable, found '" + location + "'" +
                remedy);
  if (files && !llvm::is_contained(*files, realPath.str()))
    files->push_back(realPath.str().str());
  return std::move(*buffer);
}

bool Decoder::checkBytes(uint64_t found, uint64_t expected) {
  return found == expected ||
         fail("a tensor's data must fill its shape, found " + Twine(found) +
              " bytes for " + Twine(expected) + "; export the model again");
}

bool Decoder::fillRaw(Elements &to, StringRef bytes) {
  unsigned bits = to.getElementType().getIntOrFloatBitWidth();
  unsigned stored = bits == 1 ? 8 : bits; // BOOL takes a byte in the file.
  if (!checkBytes(bytes.size(),
                  (static_cast<uint64_t>(to.size()) * stored + 7) / 8))
    return false;
  if (stored >= 8) {
    std::memcpy(to.data(), bytes.data(), bytes.size());
    for (int64_t i = 0; bits == 1 && i < to.size(); ++i)
      to.data()[i] = to.data()[i] != 0;
    return true;
  }
  // Packed elements fill a byte from its low end.
  for (int64_t i = 0, perByte = 8 / stored; i < to.size(); ++i)
    to.data()[i] = static_cast<char>(
        (static_cast<uint8_t>(bytes[i / perByte]) >> (i % perByte * stored)) &
        ((1 << stored) - 1));
  return true;
}

bool Decoder::fillTyped(Elements &to) {
  auto checkCount = [&](int found, int64_t expected) {
    return found == expected ||
           fail("a tensor's data must fill its shape, found " + Twine(found) +
                " values for " + Twine(expected) + "; export the model again");
  };
  auto fillInts = [&](const auto &values) {
    if (!checkCount(values.size(), to.size()))
      return false;
    for (int64_t i = 0; i < to.size(); ++i)
      if (!to.setInt(i, static_cast<int64_t>(values.Get(i))))
        return fail("a tensor's values must fit " +
                    dataTypeName(tensor.data_type()) + ", found " +
                    Twine(values.Get(i)) + "; export the model again");
    return true;
  };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    if (!checkCount(tensor.float_data_size(), to.size()))
      return false;
    std::memcpy(to.data(), tensor.float_data().data(), to.size() * 4);
    return true;
  case TensorProto::DOUBLE:
    if (!checkCount(tensor.double_data_size(), to.size()))
      return false;
    std::memcpy(to.data(), tensor.double_data().data(), to.size() * 8);
    return true;
  case TensorProto::INT64:
    return fillInts(tensor.int64_data());
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return fillInts(tensor.uint64_data());
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    if (!checkCount(tensor.int32_data_size(), to.size()))
      return false;
    for (int64_t i = 0; i < to.size(); ++i) {
      auto bits = static_cast<uint16_t>(tensor.int32_data(i));
      std::memcpy(to.data() + 2 * i, &bits, 2);
    }
    return true;
  default:
    break;
  }
  unsigned bits = to.getElementType().getIntOrFloatBitWidth();
  if (bits == 1 || bits >= 8)
    return fillInts(tensor.int32_data());
  // Each number carries one packed byte.
  int64_t perByte = 8 / bits;
  if (!checkCount(tensor.int32_data_size(),
                  (to.size() + perByte - 1) / perByte))
    return false;
  std::string bytes;
  for (int32_t value : tensor.int32_data())
    bytes.push_back(static_cast<char>(value));
  return fillRaw(to, bytes);
}

// One number may be infinite: a bound, or the border of a pool.
bool Decoder::checkFinite(const Elements &elements) {
  if (elements.isFloat() && elements.size() == 1 &&
      std::isinf(elements.getDouble(0)))
    return true;
  for (int64_t i = 0; elements.isFloat() && i < elements.size(); ++i)
    if (!std::isfinite(elements.getDouble(i)))
      return fail(
          "a constant must be finite, found " +
          Twine(std::isnan(elements.getDouble(i)) ? "NaN" : "infinity") +
          " at element " + Twine(i) + "; train or export again");
  return true;
}

DenseElementsAttr Decoder::decode(MLIRContext &context) {
  llvm::SmallVector<int64_t> shape;
  if (!readShape(shape))
    return {};
  Type element = elementType(tensor.data_type(), context);
  if (!element) {
    fail("a tensor's type must be an integer, bool or float of 16, 32 or 64 "
         "bits, found " +
         dataTypeName(tensor.data_type()) + "; convert it before the export");
    return {};
  }
  if (tensor.has_segment()) {
    fail("a tensor must be stored in one piece, found a segment; export the "
         "model again");
    return {};
  }
  auto type = RankedTensorType::get(shape, element);
  std::unique_ptr<llvm::MemoryBuffer> external;
  // The bytes must be there before their number is believed.
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    external = readExternal(storedBytes(type));
    if (!external)
      return {};
  } else if (uint64_t stored = tensor.ByteSizeLong();
             static_cast<uint64_t>(type.getNumElements()) > stored * 8) {
    fail("a tensor's data must fill its shape, found " + Twine(stored) +
         " bytes for " + Twine(type.getNumElements()) +
         " elements; export the model again");
    return {};
  }
  Elements elements(type);
  bool filled = external ? fillRaw(elements, external->getBuffer())
                : tensor.has_raw_data() ? fillRaw(elements, tensor.raw_data())
                                        : fillTyped(elements);
  if (!filled || !checkFinite(elements))
    return {};
  return elements.toAttr();
}

DenseElementsAttr decodeTensor(const TensorProto &tensor, StringRef folder,
                               MLIRContext &context, std::string &error,
                               std::vector<std::string> *files) {
  return Decoder(tensor, folder, files, error).decode(context);
}

} // namespace bnncc::importer
