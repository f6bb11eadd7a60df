// Writes the dense program for the lit tests: make-dense-program FILE
// [IO.json].
#include "DenseProgram.h"

#include <fstream>

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  nlohmann::json io = bnn::test::denseIo();
  if (argc > 2) // fields to replace, as a JSON merge patch
    io.merge_patch(nlohmann::json::parse(argv[2]));
  auto bytes = bnn::isa::writeProgram(
      bnn::test::denseProgram(bnn::test::denseWeights(), io));
  std::ofstream file(argv[1], std::ios::binary);
  file.write(reinterpret_cast<const char *>(bytes.data()),
             std::streamsize(bytes.size()));
  return file ? 0 : 1;
}
