//===- TensorDecodeTest.cpp -----------------------------------------------===//
//
// Stored tensors of every type and place decode to their values, and what does
// not add up is refused.
//
//===----------------------------------------------------------------------===//

#include "TensorDecode.h"
#include "Elements.h"
#include "mlir/IR/MLIRContext.h"
#include "onnx.pb.h"
#include <gtest/gtest.h>

using namespace bnncc::importer;
using bnncc::onnxpb::TensorProto;

namespace {

class TensorDecode : public testing::Test {
protected:
  std::vector<double> decode(const TensorProto &tensor) {
    mlir::DenseElementsAttr attr = decodeTensor(tensor, "", context, error);
    std::vector<double> values;
    if (!attr)
      return values;
    Elements elements = Elements::get(attr);
    for (int64_t i = 0; i < elements.size(); ++i)
      values.push_back(elements.getDouble(i));
    return values;
  }

  static TensorProto make(int type, std::initializer_list<int64_t> dims) {
    TensorProto tensor;
    tensor.set_data_type(type);
    for (int64_t dim : dims)
      tensor.add_dims(dim);
    return tensor;
  }

  mlir::MLIRContext context;
  std::string error;
};

using Values = std::vector<double>;

TEST_F(TensorDecode, TypedFloats) {
  TensorProto tensor = make(TensorProto::FLOAT, {2, 1});
  tensor.add_float_data(0.1f);
  tensor.add_float_data(-0.0f);
  EXPECT_EQ(decode(tensor), (Values{0.1f, 0}));
}

TEST_F(TensorDecode, RawDoubles) {
  double values[] = {0.1, -1e300};
  TensorProto tensor = make(TensorProto::DOUBLE, {2});
  tensor.set_raw_data(values, sizeof values);
  EXPECT_EQ(decode(tensor), (Values{0.1, -1e300}));
}

TEST_F(TensorDecode, HalfFloatsAreBitPatterns) {
  TensorProto tensor = make(TensorProto::FLOAT16, {3});
  for (int bits : {0x3c00, 0xc000, 0x0001})
    tensor.add_int32_data(bits);
  EXPECT_EQ(decode(tensor), (Values{1, -2, 0x1p-24}));
}

TEST_F(TensorDecode, BrainFloats) {
  TensorProto tensor = make(TensorProto::BFLOAT16, {2});
  tensor.set_raw_data(std::string("\x80\x3f\x40\xc0", 4));
  EXPECT_EQ(decode(tensor), (Values{1, -3}));
}

TEST_F(TensorDecode, NibblesFillBytesFromTheLowEnd) {
  TensorProto tensor = make(TensorProto::INT4, {3});
  tensor.set_raw_data(std::string("\x7f\x08", 2));
  EXPECT_EQ(decode(tensor), (Values{-1, 7, -8}));
  tensor.set_data_type(TensorProto::UINT4);
  EXPECT_EQ(decode(tensor), (Values{15, 7, 8}));
}

TEST_F(TensorDecode, TypedNibblesArePackedToo) {
  TensorProto tensor = make(TensorProto::UINT4, {3});
  tensor.add_int32_data(0x21);
  tensor.add_int32_data(0x03);
  EXPECT_EQ(decode(tensor), (Values{1, 2, 3}));
}

TEST_F(TensorDecode, FourTwoBitNumbersToAByte) {
  TensorProto tensor = make(TensorProto::INT2, {5});
  tensor.set_raw_data(std::string("\xe4\x03", 2)); // 11 10 01 00, 11
  EXPECT_EQ(decode(tensor), (Values{0, 1, -2, -1, -1}));
  tensor.set_data_type(TensorProto::UINT2);
  EXPECT_EQ(decode(tensor), (Values{0, 1, 2, 3, 3}));
}

TEST_F(TensorDecode, AnyNonZeroByteIsTrue) {
  TensorProto tensor = make(TensorProto::BOOL, {3});
  tensor.set_raw_data(std::string("\x00\x01\x80", 3));
  EXPECT_EQ(decode(tensor), (Values{0, 1, 1}));
}

TEST_F(TensorDecode, SmallIntegers) {
  TensorProto tensor = make(TensorProto::INT8, {2});
  tensor.add_int32_data(-128);
  tensor.add_int32_data(127);
  EXPECT_EQ(decode(tensor), (Values{-128, 127}));
  tensor = make(TensorProto::UINT16, {1});
  tensor.add_int32_data(65535);
  EXPECT_EQ(decode(tensor), (Values{65535}));
}

TEST_F(TensorDecode, WideIntegers) {
  TensorProto tensor = make(TensorProto::INT64, {1});
  tensor.add_int64_data(-(int64_t(1) << 40));
  EXPECT_EQ(decode(tensor), (Values{-0x1p40}));
  tensor = make(TensorProto::UINT32, {1});
  tensor.add_uint64_data(4294967295);
  EXPECT_EQ(decode(tensor), (Values{4294967295.0}));
}

TEST_F(TensorDecode, EqualElementsBecomeASplat) {
  TensorProto tensor = make(TensorProto::INT8, {4});
  tensor.set_raw_data(std::string(4, '\x05'));
  EXPECT_TRUE(decodeTensor(tensor, "", context, error).isSplat());
  EXPECT_EQ(decode(tensor), (Values{5, 5, 5, 5}));
}

TEST_F(TensorDecode, EmptyTensor) {
  TensorProto tensor = make(TensorProto::FLOAT, {0, 3});
  EXPECT_EQ(decode(tensor), Values());
  EXPECT_EQ(error, "");
}

TEST_F(TensorDecode, RefusesWhatIsOutOfRange) {
  TensorProto tensor = make(TensorProto::INT8, {1});
  tensor.add_int32_data(128);
  decode(tensor);
  EXPECT_EQ(error, "a tensor's values must fit INT8, found 128; export the "
                   "model again");
}

TEST_F(TensorDecode, RefusesTooFewBytes) {
  TensorProto tensor = make(TensorProto::INT32, {2});
  tensor.set_raw_data(std::string(7, '\0'));
  decode(tensor);
  EXPECT_EQ(error, "a tensor's data must fill its shape, found 7 bytes for 8; "
                   "export the model again");
}

TEST_F(TensorDecode, RefusesAShapeWithoutDataBeforeTakingMemory) {
  TensorProto tensor = make(TensorProto::FLOAT, {1 << 13, 1 << 13});
  decode(tensor);
  EXPECT_NE(error.find("must fill its shape"), std::string::npos);
  tensor = make(TensorProto::FLOAT, {int64_t(1) << 40, int64_t(1) << 40});
  decode(tensor);
  EXPECT_NE(error.find("at most 2^28 elements"), std::string::npos);
}

TEST_F(TensorDecode, RefusesNegativeAxes) {
  decode(make(TensorProto::FLOAT, {-1}));
  EXPECT_NE(error.find("must not be negative, found -1"), std::string::npos);
}

TEST_F(TensorDecode, RefusesInfinity) {
  TensorProto tensor = make(TensorProto::FLOAT16, {2});
  tensor.add_int32_data(0x7c00);
  tensor.add_int32_data(0);
  decode(tensor);
  EXPECT_EQ(error, "a constant must be finite, found infinity at element 0; "
                   "train or export again");
}

TEST_F(TensorDecode, RefusesUnknownTypesByName) {
  decode(make(TensorProto::FLOAT4E2M1, {1}));
  EXPECT_NE(error.find("found FLOAT4E2M1"), std::string::npos);
  decode(make(4711, {1}));
  EXPECT_NE(error.find("found 4711"), std::string::npos);
}

} // namespace
