// The C API end to end: a hand-made program on the sim device, and its errors.
#include "DenseProgram.h"
#include "bnn/runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace bnn;
using namespace bnn::test;

namespace {

class Api : public ::testing::Test {
protected:
  void open(const isa::Program &source) {
    auto bytes = isa::writeProgram(source);
    ASSERT_EQ(bnn_program_open_memory(bytes.data(), bytes.size(), &program,
                                      error, sizeof error),
              BNN_OK)
        << error;
  }
  void openSim(const char *target = nullptr) {
    ASSERT_EQ(bnn_device_open("sim", target, &device, error, sizeof error),
              BNN_OK)
        << error;
  }
  bnn_status refused(const isa::Program &source) {
    auto bytes = isa::writeProgram(source);
    return bnn_program_open_memory(bytes.data(), bytes.size(), &program, error,
                                   sizeof error);
  }
  void TearDown() override {
    bnn_device_close(device);
    bnn_program_close(program);
  }

  DenseWeights weights = denseWeights();
  bnn_program *program = nullptr;
  bnn_device *device = nullptr;
  char error[256] = "unset";
};

std::vector<float> randomInput(size_t windows, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x(windows * denseInputs);
  for (float &v : x)
    v = random() & 1 ? 1 : -1;
  return x;
}

std::vector<float> plainLoops(const DenseWeights &weights,
                              const std::vector<float> &x) {
  std::vector<float> y;
  for (size_t first = 0; first < x.size(); first += denseInputs)
    for (const auto &row : weights) {
      float sum = 0;
      for (size_t i = 0; i < denseInputs; ++i)
        sum += float(row[i]) * x[first + i];
      y.push_back(sum);
    }
  return y;
}

TEST_F(Api, DenseBatchMatchesPlainLoops) {
  open(denseProgram(weights, denseIo()));
  openSim();
  constexpr size_t windows = 33;
  std::vector<float> x = randomInput(windows, 7), y(windows * denseOutputs);
  bnn_stats stats;
  ASSERT_EQ(bnn_run(program, device, windows, x.data(), y.data(), &stats, error,
                    sizeof error),
            BNN_OK)
      << error;
  EXPECT_STREQ(error, "");
  EXPECT_EQ(y, plainLoops(weights, x));
  EXPECT_EQ(stats.windows, windows);
  EXPECT_EQ(stats.load_bytes, windows * 16);
  EXPECT_EQ(stats.store_bytes, windows * 32);
  EXPECT_EQ(stats.steps, windows * 2);
  EXPECT_EQ(stats.cold_bytes, 8u + 64 + 32);
  EXPECT_EQ(stats.hazards, 0u);
  EXPECT_GT(stats.cycles_per_window, 0);
  EXPECT_LE(stats.cycles_per_window, double(stats.latency));
  EXPECT_GT(stats.cold_cycles, 0u);
  EXPECT_EQ(stats.clock_mhz, 100u);
}

TEST_F(Api, OneWindowHasALatencyAndNoSteadyState) {
  open(denseProgram(weights, denseIo()));
  openSim();
  std::vector<float> x = randomInput(1, 3), y(denseOutputs);
  bnn_stats stats;
  ASSERT_EQ(bnn_run(program, device, 1, x.data(), y.data(), &stats, error,
                    sizeof error),
            BNN_OK);
  EXPECT_EQ(stats.cycles_per_window, 0);
  EXPECT_GT(stats.latency, 0u);
}

TEST_F(Api, SeveralOutputs) {
  auto io = denseIo();
  io["epilogue"].push_back({{"op", "argmax"}});
  io["outputs"][0]["value"] = 1;
  io["outputs"].push_back(
      {{"name", "k"}, {"type", "int64"}, {"shape", {1}}, {"value", 2}});
  open(denseProgram(weights, io));
  openSim();
  ASSERT_EQ(bnn_program_output_count(program), 2u);
  EXPECT_STREQ(bnn_program_output_at(program, 0).name, "y");
  EXPECT_STREQ(bnn_program_output_at(program, 1).name, "k");
  EXPECT_EQ(bnn_program_output_at(program, 2).name, nullptr);
  constexpr size_t windows = 5;
  std::vector<float> x = randomInput(windows, 7), y(windows * denseOutputs);
  std::vector<int64_t> k(windows);
  void *outputs[] = {y.data(), k.data()};
  ASSERT_EQ(bnn_run_outputs(program, device, windows, x.data(), outputs, nullptr,
                            error, sizeof error),
            BNN_OK)
      << error;
  EXPECT_EQ(y, plainLoops(weights, x));
  for (size_t i = 0; i < windows; ++i) {
    auto first = y.begin() + std::ptrdiff_t(i * denseOutputs);
    EXPECT_EQ(k[i], std::max_element(first, first + denseOutputs) - first);
  }
  std::fill(k.begin(), k.end(), -1);
  outputs[1] = nullptr;
  ASSERT_EQ(bnn_run_outputs(program, device, windows, x.data(), outputs, nullptr,
                            error, sizeof error),
            BNN_OK);
  EXPECT_EQ(k[0], -1);
}

TEST_F(Api, ResidentProgramIsNotLoadedAgain) {
  open(denseProgram(weights, denseIo()));
  openSim("z010");
  std::vector<float> x = randomInput(2, 3), y(2 * denseOutputs);
  bnn_stats stats;
  ASSERT_EQ(bnn_device_load(device, program, error, sizeof error), BNN_OK)
      << error;
  ASSERT_EQ(bnn_run(program, device, 2, x.data(), y.data(), &stats, error,
                    sizeof error),
            BNN_OK);
  EXPECT_EQ(stats.cold_cycles, 0u);
  EXPECT_EQ(y, plainLoops(weights, x));
}

TEST_F(Api, TwoProgramsTakeTurnsOnOneDevice) {
  open(denseProgram(weights, denseIo()));
  openSim();
  DenseWeights other = denseWeights(2);
  auto bytes = isa::writeProgram(denseProgram(other, denseIo()));
  bnn_program *second = nullptr;
  ASSERT_EQ(
      bnn_program_open_memory(bytes.data(), bytes.size(), &second, nullptr, 0),
      BNN_OK);
  std::vector<float> x = randomInput(3, 5), y(3 * denseOutputs);
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_EQ(bnn_run(program, device, 3, x.data(), y.data(), nullptr, error,
                      sizeof error),
              BNN_OK);
    EXPECT_EQ(y, plainLoops(weights, x));
    ASSERT_EQ(bnn_run(second, device, 3, x.data(), y.data(), nullptr, error,
                      sizeof error),
              BNN_OK);
    EXPECT_EQ(y, plainLoops(other, x));
  }
  bnn_program_close(second); // while the device still has it loaded
  ASSERT_EQ(bnn_run(program, device, 3, x.data(), y.data(), nullptr, error,
                    sizeof error),
            BNN_OK);
  EXPECT_EQ(y, plainLoops(weights, x));
}

TEST_F(Api, ThreadsShareAProgramAndADevice) {
  open(denseProgram(weights, denseIo()));
  openSim();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::vector<float> x = randomInput(9, t), y(9 * denseOutputs);
      if (bnn_run(program, device, 9, x.data(), y.data(), nullptr, nullptr,
                  0) != BNN_OK ||
          y != plainLoops(weights, x))
        ++wrong;
    });
  for (auto &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Api, DescribesTheGraph) {
  auto io = denseIo();
  io["predicted"] = {{"cycles", 12}, {"latency", 50}};
  open(denseProgram(weights, io));
  bnn_tensor in = bnn_program_input(program), out = bnn_program_output(program);
  EXPECT_STREQ(in.name, "x");
  EXPECT_EQ(in.type, BNN_FLOAT32);
  ASSERT_EQ(in.rank, 2u);
  EXPECT_EQ(in.shape[1], 40);
  EXPECT_EQ(in.bytes, 160u);
  EXPECT_STREQ(out.name, "y");
  EXPECT_EQ(out.elements, 8u);
  bnn_program_info info = bnn_program_describe(program);
  EXPECT_STREQ(info.model, "dense.onnx");
  EXPECT_STREQ(info.target, "z010");
  EXPECT_EQ(info.predicted_cycles, 12u);
  EXPECT_EQ(info.predicted_latency, 50u);
  EXPECT_EQ(info.input_bytes, 16u);
}

TEST_F(Api, RefusedValueNamesWindowAndIndex) {
  open(denseProgram(weights, denseIo()));
  openSim();
  std::vector<float> x = randomInput(2, 3), y(2 * denseOutputs);
  x[40 + 17] = 0.5;
  EXPECT_EQ(bnn_run(program, device, 2, x.data(), y.data(), nullptr, error,
                    sizeof error),
            BNN_ERROR_INPUT);
  EXPECT_STREQ(
      error,
      "input 'x' of window 1: [0, 17] is 0.5; this input takes -1 and 1");
}

TEST_F(Api, AnotherTargetIsRefusedWithTheDifference) {
  open(denseProgram(weights, denseIo()));
  openSim("z020");
  std::vector<float> x = randomInput(1, 3), y(denseOutputs);
  EXPECT_EQ(bnn_run(program, device, 1, x.data(), y.data(), nullptr, error,
                    sizeof error),
            BNN_ERROR_TARGET);
  EXPECT_NE(std::string(error).find("clusters"), std::string::npos) << error;
}

TEST_F(Api, ATrapIsAnErrorWithItsInstruction) {
  isa::Program trapping = denseProgram(weights, denseIo());
  trapping.warmEnd -= 16; // no END
  open(trapping);
  openSim();
  std::vector<float> x = randomInput(1, 3), y(denseOutputs);
  EXPECT_EQ(bnn_run(program, device, 1, x.data(), y.data(), nullptr, error,
                    sizeof error),
            BNN_ERROR_TRAP);
  EXPECT_NE(std::string(error).find("after 0 whole windows: trap missing_end"),
            std::string::npos)
      << error;
}

TEST_F(Api, UnknownDevicesAreNamed) {
  auto begins = [&](const std::string &text) {
    EXPECT_TRUE(std::string(error).starts_with(text)) << error;
  };
  EXPECT_EQ(bnn_device_open("rtl:fast", nullptr, &device, error, sizeof error),
            BNN_ERROR_DEVICE);
  begins("device 'rtl:fast'");
  EXPECT_EQ(
      bnn_device_open("uio:/dev/uio0", nullptr, &device, error, sizeof error),
      BNN_ERROR_DEVICE);
  begins("device 'uio:/dev/uio0' is not part of this build; devices: sim");
  EXPECT_EQ(bnn_device_open("gpu", nullptr, &device, error, sizeof error),
            BNN_ERROR_DEVICE);
  begins("unknown device 'gpu'; devices: sim");
  EXPECT_EQ(bnn_device_open("sim", "z999", &device, error, sizeof error),
            BNN_ERROR_TARGET);
  EXPECT_EQ(device, nullptr);
}

TEST_F(Api, EveryCutOfAProgramIsRefused) {
  auto bytes = isa::writeProgram(denseProgram(weights, denseIo()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + long(size));
    cut.reserve(1);
    ASSERT_EQ(bnn_program_open_memory(cut.data(), size, &program, error,
                                      sizeof error),
              BNN_ERROR_PROGRAM)
        << size;
    ASSERT_EQ(program, nullptr);
    ASSERT_STRNE(error, "");
  }
}

TEST_F(Api, BadIoSectionsAreRefused) {
  auto source = denseProgram(weights, denseIo());
  source.io = "{";
  EXPECT_EQ(refused(source), BNN_ERROR_PROGRAM);
  EXPECT_STREQ(error, "io section is not JSON");
}

TEST_F(Api, ArgumentsAreChecked) {
  auto isNull = [&](bnn_status status, const char *text) {
    EXPECT_EQ(status, BNN_ERROR_ARGUMENT);
    EXPECT_STREQ(error, text);
  };
  isNull(bnn_program_open(nullptr, &program, error, sizeof error),
         "bnn_program_open: null argument");
  isNull(bnn_program_open_memory(nullptr, 1, &program, error, sizeof error),
         "bnn_program_open_memory: null argument");
  isNull(bnn_device_open(nullptr, nullptr, &device, error, sizeof error),
         "bnn_device_open: null argument");
  isNull(bnn_device_load(nullptr, nullptr, error, sizeof error),
         "bnn_device_load: null argument");
  EXPECT_EQ(
      bnn_program_open("/nonexistent/x.bnn", &program, error, sizeof error),
      BNN_ERROR_FILE);
  EXPECT_STREQ(error, "cannot be read: No such file or directory");
  EXPECT_EQ(program, nullptr);
  open(denseProgram(weights, denseIo()));
  openSim();
  float value = 0;
  EXPECT_EQ(
      bnn_run(program, device, 0, &value, &value, nullptr, error, sizeof error),
      BNN_ERROR_ARGUMENT);
  EXPECT_STREQ(error, "bnn_run: a batch of no windows");
  isNull(bnn_run(program, device, 1, nullptr, &value, nullptr, error,
                 sizeof error),
         "bnn_run: null argument");
  isNull(bnn_run_outputs(program, device, 1, &value, nullptr, nullptr, error,
                         sizeof error),
         "bnn_run_outputs: null argument");
  void *outputs[] = {&value};
  isNull(bnn_run_examined(program, device, 1, &value, outputs, nullptr, nullptr,
                          nullptr, error, sizeof error),
         "bnn_run_examined: null argument");
  EXPECT_EQ(bnn_run(nullptr, device, 1, &value, &value, nullptr, nullptr, 0),
            BNN_ERROR_ARGUMENT);
}

TEST_F(Api, RegionsAreWhatAnInstructionReaches) {
  isa::Program source = denseProgram(weights, denseIo());
  source.scratchBytes = (1u << 29) + 8;
  EXPECT_EQ(refused(source), BNN_ERROR_PROGRAM);
  EXPECT_STREQ(error, "a region is larger than 536870912 bytes");
}

TEST_F(Api, ErrorTextIsCutToItsBuffer) {
  char small[6] = "xxxxx";
  EXPECT_EQ(bnn_device_open("gpu", nullptr, &device, small, sizeof small),
            BNN_ERROR_DEVICE);
  EXPECT_STREQ(small, "unkno");
}

TEST(ApiTypes, NamesAndSizes) {
  EXPECT_STREQ(bnn_type_name(BNN_INT64), "int64");
  EXPECT_EQ(bnn_type_size(BNN_INT64), 8u);
  EXPECT_STREQ(bnn_type_name(bnn_type(99)), "?");
  EXPECT_EQ(bnn_type_size(bnn_type(99)), 0u);
}

// A caller's structs are as large as its header says: one that grows is another
// version. Whoever changes a struct raises BNN_API_VERSION and writes a new row.
TEST(ApiTypes, AStructThatGrowsIsAnotherVersion) {
  if (sizeof(void *) != 8)
    GTEST_SKIP() << "the sizes below are those of 64 bits";
  EXPECT_EQ(bnn_api_version(), 2);
  EXPECT_EQ(sizeof(bnn_tensor), 48u);
  EXPECT_EQ(sizeof(bnn_program_info), 88u);
  EXPECT_EQ(sizeof(bnn_stats), 160u);
  EXPECT_EQ(sizeof(bnn_close_decision), 80u);
}

} // namespace
