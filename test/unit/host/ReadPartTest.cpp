// The io section: what is accepted, and the text of what is not.
#include "DenseProgram.h"
#include "bnn/isa/host/Part.h"

#include <gtest/gtest.h>

using namespace bnn;
using namespace bnn::host;
using nlohmann::json;

namespace {

// The dense program's section with a merge patch applied.
std::string errorOf(const std::string &patch, uint64_t inputBytes = 16,
                    uint64_t outputBytes = 32) {
  json io = test::denseIo();
  io.merge_patch(json::parse(patch));
  Part result;
  std::string error;
  bool parsed = readPart(io.dump(), inputBytes, outputBytes, result, error);
  EXPECT_EQ(parsed, error.empty());
  return error;
}

std::string outputs(const char *fields) {
  return std::string(R"({"outputs": [{"name": "y", )") + fields + "}]}";
}

TEST(ReadPart, AcceptsTheDenseProgram) { EXPECT_EQ(errorOf("{}"), ""); }

TEST(ReadPart, UnknownFieldsAreIgnored) {
  EXPECT_EQ(errorOf(R"({"comment": [1, {}]})"), "");
}

TEST(ReadPart, MissingFieldsAreNamed) {
  EXPECT_EQ(errorOf(R"({"input": null})"), "io has no field 'input'");
  EXPECT_EQ(errorOf(R"({"input": {"map": {"W": null}}})"),
            "io.input.map has no field 'W'");
  EXPECT_EQ(errorOf(R"({"input": {"map": 3}})"),
            "io.input.map must be an object");
  EXPECT_EQ(errorOf(R"({"raw": {"words": 3}})"),
            "io.raw field 'words' must be a list");
  EXPECT_EQ(errorOf(R"({"outputs": [{"name": 1}]})"),
            "io.outputs[0] field 'name' must be a string");
}

TEST(ReadPart, FieldsMustBeOfTheirKind) {
  auto epilogue = [](const char *op) {
    return std::string(R"({"epilogue": [)") + op + "]}";
  };
  EXPECT_EQ(errorOf(epilogue(R"({"op": "affine", "scale": ["a"], "shift": [0]})")),
            "io.epilogue[0] field 'scale' must hold numbers");
  EXPECT_EQ(errorOf(epilogue(R"({"op": "clip", "min": "low"})")),
            "io.epilogue[0] field 'min' must be a number");
  EXPECT_EQ(errorOf(epilogue(R"({"op": "argmax", "last": 1})")),
            "io.epilogue[0] field 'last' must be true or false");
  EXPECT_EQ(errorOf(epilogue(R"({"op": "reshape", "shape": [8]})")),
            "io.epilogue[0] field 'shape' must be [C, H, W]");
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"format": "words"}}})"),
            "io.input.layout has format 'words'; known are bytes, bits");
  EXPECT_EQ(errorOf(R"({"input": {"map": {"C": 16777216, "H": 16777216}}})"),
            "io.input.map is a map of more than 268435456 elements");
  std::string many = "0";
  for (int i = 0; i < 65536; ++i)
    many += ",0";
  EXPECT_EQ(errorOf(R"({"input": {"quantise": {"kind": "boundaries", "first": 0,
                        "step": 1, "boundaries": [)" +
                    many + "]}}}"),
            "io.input.quantise field 'boundaries' must hold at most 65535 in a row");
}

TEST(ReadPart, TensorsMustFitTheirMaps) {
  EXPECT_EQ(errorOf(R"({"input": {"shape": [1, 41]}})"),
            "io.input has 41 elements, its map 40");
  EXPECT_EQ(errorOf(outputs(R"("type": "float32", "shape": [1, 7])")),
            "io.outputs[0] has 7 elements, the epilogue makes 8");
  EXPECT_EQ(errorOf(R"({"input": {"type": "complex64"}})"),
            "io.input has type 'complex64'; supported are float32, float64, "
            "int8, uint8, int32, int64, float16, bool, int16, uint16, uint32, "
            "uint64");
  EXPECT_EQ(errorOf(R"({"input": {"shape": [16777216, 16777216, 16777216]}})"),
            "io.input has more than 268435456 elements");
  EXPECT_EQ(errorOf(R"({"input": {"shape": [0]}})"),
            "io.input field 'shape' must hold integers in 1..16777216");
}

TEST(ReadPart, LayoutsStayInsideTheWindow) {
  EXPECT_EQ(errorOf("{}", 11),
            "io.input.layout needs 12 bytes, the program's window has 11");
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"pad_left": 5}}})"),
            "io.input.layout has rows of 9 bytes in row_bytes 8");
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"pad_bottom": 1}}})"),
            "io.input.layout needs 20 bytes, the program's window has 16");
  EXPECT_EQ(
      errorOf(R"({"input": {"layout": {"record": 2}}})"),
      "io.input.layout has record 2 and groups 2; 40 channels need 4 and 2");
  EXPECT_EQ(errorOf(R"({"raw": {"words": [0,1,2,3,4,5,6,8]}})"),
            "io.raw reads word 8, the program's window has 32 bytes");
  EXPECT_EQ(errorOf(R"({"raw": {"words": [0]}})"),
            "io.raw has 1 words for a shape of 8 elements");
}

TEST(ReadPart, PixelsAreInTheWindow) {
  // Two groups of 8 bytes: a pixel of 4, then a pad of 4 after the first.
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"pad_left": 4, "lead": 4}}})", 12),
            "");
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"pad_left": 4, "lead": 3}}})", 12),
            "io.input.layout needs 13 bytes, the program's window has 12");
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"pad_left": 4, "lead": 5}}})", 12),
            "io.input.layout has pixels in bytes 4..15, the program's window "
            "holds bytes 5..16");
  EXPECT_EQ(
      errorOf(R"({"input": {"layout": {"pad_right": 4, "trail": 4}}})", 12),
      "");
  EXPECT_EQ(
      errorOf(R"({"input": {"layout": {"pad_right": 4, "trail": 5}}})", 11),
      "io.input.layout has pixels in bytes 0..11, the program's window holds "
      "bytes 0..10");
  EXPECT_EQ(errorOf(R"({"input": {"layout": {"lead": -1}}})"),
            "io.input.layout field 'lead' must be an integer in 0..536870912");
}

TEST(ReadPart, CodesMustFitTheLayout) {
  EXPECT_EQ(
      errorOf(
          R"({"input": {"quantise": {"kind": "cast", "min": -1, "max": 1}}})"),
      "io.input.quantise makes codes -1..1, but layout bits holds 0..1");
  EXPECT_EQ(
      errorOf(
          R"({"input": {"quantise": {"kind": "boundaries", "first": 0, "step": 1,
                     "boundaries": [0, 1065353216]}}})"),
      "io.input.quantise makes codes 0..2, but layout bits holds 0..1");
  // 0x7fc00000 is NaN; 1.0 then 0.0 descends; the line too, or has no start.
  for (const char *list :
       {"[2143289344]", "[1065353216, 0]",
        R"({"start": 0.5, "step": -1, "ulps": [0, 0]})",
        R"({"start": 0.5, "step": 1, "ulps": [0, 4294967296]})",
        R"({"step": 1, "ulps": [0, 0]})"})
    EXPECT_EQ(
        errorOf(
            R"({"input": {"quantise": {"kind": "boundaries", "first": 0, "step": 1,
                       "boundaries": )" +
            std::string(list) + "}}}"),
        "io.input.quantise field 'boundaries' must be ascending and not NaN");
  EXPECT_EQ(
      errorOf(R"({"input": {"quantise": {"kind": "log"}}})"),
      "io.input.quantise has kind 'log'; known are boundaries, cast, bipolar, none");
}

TEST(ReadPart, EpilogueOperationsAreChecked) {
  EXPECT_EQ(errorOf(R"({"epilogue": [{"op": "fft"}]})"),
            "io.epilogue[0] has op 'fft', which this loader does not know");
  EXPECT_EQ(
      errorOf(
          R"({"epilogue": [{"op": "affine", "scale": [1, 2], "shift": [0]}]})"),
      "io.epilogue[0] field 'scale' has 2 values for 8 channels");
  EXPECT_EQ(
      errorOf(
          R"({"epilogue": [{"op": "max_pool", "kernel": [2, 1], "strides": [1, 1],
                     "pads": [0, 0, 0, 0]}]})"),
      "io.epilogue[0] has a kernel larger than the padded map");
  EXPECT_EQ(
      errorOf(
          R"({"epilogue": [{"op": "max_pool", "kernel": [1, 1], "strides": [1, 1],
                     "pads": [0, 1, 0, 0]}]})"),
      "io.epilogue[0] field 'pads' must be smaller than the kernel");
  EXPECT_EQ(errorOf(R"({"epilogue": [{"op": "reshape", "shape": [3, 1, 1]}]})"),
            "io.epilogue[0] field 'shape' must keep 8 elements");
  EXPECT_EQ(errorOf(R"({"epilogue": [{"op": "reduce", "kind": "prod"}]})"),
            "io.epilogue[0] has kind 'prod'; known are sum, mean, max");
  EXPECT_EQ(
      errorOf(
          R"({"epilogue": [{"op": "argmax"}],
              "outputs": [{"name": "y", "type": "int64", "shape": [1]}]})"),
      "");
  EXPECT_EQ(
      errorOf(
          R"({"epilogue": [{"op": "split_prelu", "scale_pos": [1], "scale_neg": [0.25],
                     "shift": [0]}], "outputs": [{"name": "y", "type": "float32", "shape": [1, 4]}]})"),
      "");
}

/// The error of an epilogue of these operations on a map of 8 x 1 x 1.
std::string epilogueError(const std::string &ops) {
  return errorOf(R"({"epilogue": [)" + ops + "]}");
}

TEST(ReadPart, ExactConstantsAreChecked) {
  auto affine = [](const char *exact) {
    return epilogueError(
        R"({"op": "affine", "scale": [1], "shift": [0], "scale_exact": )" +
        std::string(exact) + "}");
  };
  EXPECT_EQ(affine("[1]"),
            "io.epilogue[0] field 'scale_exact' must hold strings");
  EXPECT_EQ(affine(R"(["x"])"),
            "io.epilogue[0] field 'scale_exact' must hold exact numbers");
  EXPECT_EQ(affine(R"(["1", "2"])"),
            "io.epilogue[0] field 'scale_exact' has 2 values beside 1");
}

TEST(ReadPart, LayersOfTheHostAreChecked) {
  auto conv = [](const std::string &channels, const std::string &pads,
                 const std::string &weights) {
    return epilogueError(R"({"op": "conv", "kernel": [1, 1], "strides": [1, 1],
                             "channels": )" +
                         channels + R"(, "pads": [0, 0, )" + pads +
                         R"(], "weights": {"f32": ")" + weights + R"("}})");
  };
  EXPECT_EQ(conv("1", "0, 0", "AAA"),
            "io.epilogue[0].weights must be elements in base 64");
  EXPECT_EQ(conv("1", "0, 0", "AAAA"),
            "io.epilogue[0].weights must be elements in base 64");
  EXPECT_EQ(conv("65536", "65536, 0", ""),
            "io.epilogue[0] makes a map of more than 268435456 elements");
  EXPECT_EQ(conv("1", "0, 0", "AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPw=="),
            "io.epilogue[0] has 7 weights for 1 x 8 x 1 x 1");
  EXPECT_EQ(conv("1", "0, 0", "AACAfwAAgH8AAIB/AACAfwAAgH8AAIB/AACAfwAAgH8="),
            "io.epilogue[0] has a weight that is not finite");
}

TEST(ReadPart, OperationsMustFitTheirOperands) {
  EXPECT_EQ(
      epilogueError(
          R"({"op": "quantise", "cuts": [0, 1, 2], "inclusive": [1, 0]})"),
      "io.epilogue[0] has 3 cuts of 2 levels for 8 channels");
  EXPECT_EQ(epilogueError(
                R"({"op": "quantise", "cuts": [1, 0], "inclusive": [1, 0]})"),
            "io.epilogue[0] field 'cuts' must ascend");
  EXPECT_EQ(epilogueError(R"({"op": "reshape", "shape": [1, 8, 1]},
                             {"op": "split_prelu", "scale_pos": [1], "scale_neg": [1], "shift": [0]})"),
            "io.epilogue[1] needs an even number of channels: positive, then "
            "negative sums");
  EXPECT_EQ(epilogueError(R"({"op": "reshape", "shape": [4, 2, 1]},
                             {"op": "add", "in": [0, 1]})"),
            "io.epilogue[1] has operands whose shapes do not fit");
}

TEST(ReadPart, GathersStayInTheMap) {
  auto gather = [](const char *from) {
    return epilogueError(R"({"op": "gather", "shape": [1, 1, 2], "from": )" +
                         std::string(from) + "}");
  };
  EXPECT_EQ(
      gather(R"({"starts": [0], "counts": [1], "steps": []})"),
      "io.epilogue[0].from fields 'counts' and 'steps' must have one length");
  EXPECT_EQ(gather(R"({"starts": [7], "counts": [2], "steps": [1]})"),
            "io.epilogue[0].from takes element 8 of 8");
  EXPECT_EQ(gather(R"({"starts": [0], "counts": [], "steps": []})"),
            "io.epilogue[0].from takes 1 elements for a map of 2");
}

TEST(ReadPart, OperationsBeforeTheEngineEndInCodes) {
  EXPECT_EQ(errorOf(R"({"input": {"operations": [{"op": "tanh"}]}})"),
            "io.input must have operations that end in a quantiser with codes "
            "that its layout holds");
  EXPECT_EQ(errorOf(R"({"input": {"quantise": {"kind": "none"}}})"),
            "io.input has values without a quantiser and no operations");
  EXPECT_EQ(errorOf(R"({"input": {"quantise": {"kind": "boundaries", "first": 0,
                        "step": 1, "boundaries": [0], "codes": [1]}}})"),
            "io.input.quantise field 'codes' must hold one more than "
            "'boundaries' in each row");
}

TEST(ReadPart, OperandsAndOutputsNameValuesThatAreMade) {
  EXPECT_EQ(errorOf(R"({"epilogue": [{"op": "tanh"}, {"op": "sigmoid", "in": [0]}],
              "outputs": [{"name": "y", "type": "float32", "shape": [8], "value": 1}]})"),
            "");
  for (const char *in : {"[1]", "[-1]", "[0.5]"})
    EXPECT_EQ(errorOf(R"({"epilogue": [{"op": "tanh", "in": )" +
                      std::string(in) + "}]}"),
              "io.epilogue[0] field 'in' must hold integers in 0..0");
  for (const char *in : {"[]", "[0, 0]"})
    EXPECT_EQ(errorOf(R"({"epilogue": [{"op": "tanh", "in": )" +
                      std::string(in) + "}]}"),
              "io.epilogue[0] field 'in' must hold one value, found " + std::to_string(in[1] == ']' ? 0 : 2));
  EXPECT_EQ(errorOf(outputs(R"("type": "float32", "shape": [8], "value": 2)")),
            "io.outputs[0] field 'value' must be an integer in 0..1");
  EXPECT_EQ(errorOf(R"({"outputs": []})"),
            "io field 'outputs' must not be empty");
}

TEST(ReadPart, ReadsWhatWasWritten) {
  json io = test::denseIo();
  io.merge_patch(json::parse(R"({"epilogue": [
      {"op": "to_real", "scale": [0.1, 2, 3, 4, 5, 6, 7, -0.0], "shift": [1]},
      {"op": "prelu", "slope": [0.25], "in": [0]}, {"op": "clip", "min": -1.5},
      {"op": "reshape", "shape": [2, 2, 2]},
      {"op": "max_pool", "kernel": [2, 1], "strides": [1, 2], "pads": [1, 0, 0, 0]},
      {"op": "reduce", "kind": "mean"}, {"op": "log_softmax"}, {"op": "quantise", "cuts": [-0.5, 0.5], "inclusive": [1, 0], "first": -1, "step": 1},
      {"op": "argmax", "last": true, "in": [4], "axis": 2}],
    "outputs": [{"name": "y", "type": "int64", "shape": [4]},
                {"name": "z", "type": "float32", "shape": [8], "value": 1}],
    "predicted": {"cycles": 7, "latency": 9, "hp": {"cycles": 8, "latency": 11}}})"));
  Part first, second;
  std::string error;
  ASSERT_TRUE(readPart(io.dump(), 16, 32, first, error)) << error;
  std::string text = writePart(first);
  ASSERT_TRUE(readPart(text, 16, 32, second, error)) << error;
  EXPECT_EQ(writePart(second), text);
  // The reader's fields are in the text, but for those that say the default.
  json written = json::parse(text).flatten(), wanted = io.flatten();
  for (const auto &[path, value] : wanted.items()) {
    if (value == 0 && !written.contains(path))
      continue;
    EXPECT_EQ(written[path], value) << path;
  }
}

// Any single value replaced by any other kind must be refused or accepted,
// never crash.
TEST(ReadPart, EveryReplacedValueIsHandled) {
  json original = test::denseIo();
  json flat = original.flatten();
  for (const auto &[path, value] : flat.items())
    for (const json &other :
         {json(), json(-1), json(1e300), json(18446744073709551615u), json("x"),
          json::array(), json::object(), json(true)}) {
      json changed = original;
      changed[json::json_pointer(path)] = other;
      Part part;
      std::string error;
      bool parsed = readPart(changed.dump(), 16, 32, part, error);
      EXPECT_EQ(parsed, error.empty()) << path << ": " << error;
    }
}

} // namespace
