// bnn-tb-networks [--target=z020] PROGRAM.bnn INPUT.npy OUTPUT.npy ...
// Networks one after the other on one Verilated engine that is never reset, each
// held to its reference outputs and to the golden model; then a batch of each, with
// its code and weights resident, whose bus traffic is measured.
#include "Compare.h"
#include "Npy.h"
#include "bnn/runtime.h"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>

using namespace bnn;

namespace {

constexpr double kTrafficLimit = 1.02; ///< beats moved over what no engine can avoid

char error[256];

bool readNpy(const char *path, runtime::NpyArray &array) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::string text;
  if (runtime::parseNpy(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), array, text))
    return true;
  fmt::print("{}: {}\n", path, text);
  return false;
}

struct Network {
  const char *path;
  std::unique_ptr<bnn_program, decltype(&bnn_program_close)> program{nullptr, bnn_program_close};
  runtime::NpyArray input, expected;
};

/// Runs the first `windows` windows; false if that fails or differs.
bool judge(const Network &network, bnn_device *device, int64_t windows, bnn_stats &stats) {
  bnn_tensor in = bnn_program_input(network.program.get()), out = bnn_program_output(network.program.get());
  runtime::NpyArray input = network.input, got, expected = network.expected;
  std::string text;
  if (!runtime::convertNpy(input, in.type, text)) {
    fmt::print("{}: {}\n", network.path, text);
    return false;
  }
  got.type = out.type;
  got.shape = {windows, int64_t(out.elements)};
  got.data.resize(size_t(windows) * out.bytes);
  expected.data.resize(expected.data.size() / size_t(expected.shape[0]) * size_t(windows));
  expected.shape = got.shape;
  if (bnn_run(network.program.get(), device, size_t(windows), input.data.data(), got.data.data(), &stats,
              error, sizeof error)) {
    fmt::print("{}: {}\n", network.path, error);
    return false;
  }
  run::Comparison comparison;
  if (!run::compare(got, expected, windows, comparison, text) || !comparison.difference.empty()) {
    fmt::print("{}: {}{}\n", network.path, text, comparison.difference);
    return false;
  }
  return true;
}

/// Whether a batch with code and weights in place moves little more than a byte for
/// each sample in and the graph's outputs out: nobody moves less.
bool sparing(const Network &network, bnn_device *device) {
  constexpr uint64_t windows = 8;
  bnn_stats stats;
  if (!judge(network, device, 1, stats) || !judge(network, device, windows, stats))
    return false;
  const bnn_program *program = network.program.get();
  const uint64_t compulsory = windows * (bnn_program_input(program).elements + bnn_program_output(program).bytes);
  double ratio = double(stats.load_bytes + stats.store_bytes) / double(compulsory);
  fmt::print("{}: {} windows resident, {} bytes in and {} out, {:.4f} of the compulsory {}\n",
             network.path, windows, stats.load_bytes, stats.store_bytes, ratio, compulsory);
  if (!stats.cold_bytes && ratio <= kTrafficLimit)
    return true;
  fmt::print("more than {} of the compulsory traffic, or weights loaded again\n", kTrafficLimit);
  return false;
}

} // namespace

int main(int argc, char **argv) {
  std::string target = "z020";
  int first = 1;
  if (argc > 1 && std::string_view(argv[1]).starts_with("--target="))
    target = std::string_view(argv[first++]).substr(9);
  if (argc - first < 3 || (argc - first) % 3) {
    std::fputs("usage: bnn-tb-networks [--target=z020] PROGRAM.bnn INPUT.npy OUTPUT.npy ...\n", stderr);
    return 2;
  }
  bnn_device *opened;
  if (bnn_device_open("rtl:scoreboard", target.c_str(), &opened, error, sizeof error)) {
    fmt::print("{}\n", error);
    return 2;
  }
  std::unique_ptr<bnn_device, decltype(&bnn_device_close)> device(opened, bnn_device_close);

  std::vector<Network> networks;
  for (int i = first; i != argc; i += 3) {
    Network &network = networks.emplace_back();
    network.path = argv[i];
    bnn_program *program;
    if (bnn_program_open(argv[i], &program, error, sizeof error)) {
      fmt::print("{}\n", error);
      return 2;
    }
    network.program.reset(program);
    if (!readNpy(argv[i + 1], network.input) || !readNpy(argv[i + 2], network.expected))
      return 2;
  }
  bnn_stats stats;
  for (const Network &network : networks) {
    if (!judge(network, device.get(), 3, stats))
      return 1;
    fmt::print("{}: 3 windows equal, {} bytes of code and constants loaded\n", network.path, stats.cold_bytes);
  }
  for (const Network &network : networks)
    if (!sparing(network, device.get()))
      return 1;
  return 0;
}
