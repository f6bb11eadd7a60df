// Compiles mutated models in this process and holds the compiler to its
// promises.
//
// Usage: graph-fuzz CORPUS-FOLDER COUNT [FIRST=0] [--keep=FOLDER]
//
// Execution i mutates a model of the folder by the random numbers of seed i
// alone. It must end within 20 s of CPU and 4 GiB, without a signal, nothing on
// standard error, and with success or one line of plain text as its error. A
// batch of executions runs in a child, so that what dies is counted, kept
// (FOLDER/i.onnx and i.txt) and passed over. Exits 1 if anything was found.
#include "Mutate.h"

#include "lower/Compile.h"
#include "mlir/Pass/PassManager.h"
#include "report/Report.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;
using bnncc::lower::Compilation;
using bnncc::lower::CompileOptions;
using bnncc::lower::Phase;

namespace {

constexpr uint64_t BatchSize = 500;
constexpr int Seconds = 20;
constexpr rlim_t Bytes = rlim_t(4) << 30;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool Sanitized = true; // its shadow memory needs the address space
#else
constexpr bool Sanitized = false;
#endif

/// What children tell the parent while they run.
struct Shared {
  uint64_t current, compiled, refused, faults, findings;
  char finding[512];
};

struct Fuzzer {
  std::vector<fuzz::Model> corpus;
  fs::path scratch, keep;
  Shared *shared;
  std::map<std::string, uint64_t> seen;

  void prepare(uint64_t index, fuzz::Model &model,
               CompileOptions &options) const;
  void execute(uint64_t index, int errors) const;
  int batch(uint64_t first, uint64_t end) const;
  void record(uint64_t index, const std::string &what);
};

void Fuzzer::prepare(uint64_t index, fuzz::Model &model,
                     CompileOptions &options) const {
  fuzz::Random random(index * 0x9e3779b97f4a7c15ull + 1);
  model = corpus[fuzz::below(random, corpus.size())];
  fuzz::mutate(model, corpus, random);
  static const char *const Targets[] = {"z010", "z020", "z035"};
  static const char *const Types[] = {"", "int8", "uint8", "bipolar"};
  static const char *const Signs[] = {"error", "plus", "minus"};
  std::string error;
  if (!bnn::isa::loadTarget(Targets[fuzz::below(random, 3)], options.target,
                            error))
    std::abort();
  options.inputType = Types[fuzz::below(random, 4)];
  options.signZero = Signs[fuzz::below(random, 3)];
}

/// The rule that one error line broke, or nothing.
std::string brokenRule(const std::string &error) {
  if (error.empty())
    return "failure without a message";
  for (unsigned char c : error)
    if (c < 32 || c == 127)
      return fmt::format("control character {} in the message", int(c));
  return {};
}

void Fuzzer::execute(uint64_t index, int errors) const {
  fuzz::Model model;
  CompileOptions options;
  prepare(index, model, options);
  fs::path path = scratch / "m.onnx";
  {
    std::ofstream file(path, std::ios::binary);
    model.SerializePartialToOstream(&file);
  }
  itimerval limit{{0, 0}, {Seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
  std::string what, error;
  {
    Compilation compilation(options);
    if (compilation.run(path.string(), Phase::Check, error)) {
      ++shared->compiled;
      bnncc::ReportData report{"m",
                               "o",
                               compilation.network(),
                               compilation.plan,
                               compilation.program,
                               compilation.check,
                               compilation.verification,
                               true,
                               1,
                               1};
      if (compilation.programBytes().empty() ||
          bnncc::textReport(report).empty() ||
          bnncc::jsonReport(report).dump().empty())
        what = "an empty result";
    } else {
      ++shared->refused;
      what = brokenRule(error);
      if (error.find("bnncc's fault") != std::string::npos ||
          error.find("fused form differ") != std::string::npos ||
          error.find("differs on input") != std::string::npos ||
          error.find("internal error") != std::string::npos)
        ++shared->faults;
    }
  }
  setitimer(ITIMER_PROF, nullptr, nullptr);
  if (what.empty() && lseek(errors, 0, SEEK_CUR) > 0)
    what = "output on standard error";
  for (const fs::directory_entry &entry : fs::directory_iterator(scratch))
    if (entry.path().filename() != "m.onnx" &&
        entry.path().filename() != "errors")
      what = "a file left behind";
  if (!what.empty()) {
    std::snprintf(shared->finding, sizeof shared->finding, "%s: %s",
                  what.c_str(), error.c_str());
    ++shared->findings;
    _exit(77);
  }
}

/// Runs [first, end) in a child; returns its wait status.
int Fuzzer::batch(uint64_t first, uint64_t end) const {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    rlimit core{0, 0}, memory{Bytes, Bytes};
    setrlimit(RLIMIT_CORE, &core);
    if (!Sanitized)
      setrlimit(RLIMIT_AS, &memory);
    int errors =
        open((scratch / "errors").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(errors, STDERR_FILENO);
    for (uint64_t i = first; i < end; ++i) {
      shared->current = i;
      execute(i, errors);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

void Fuzzer::record(uint64_t index, const std::string &what) {
  std::ifstream file(scratch / "errors", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (seen[what]++ > 4)
    return;
  std::printf("execution %llu: %s\n", static_cast<unsigned long long>(index),
              what.c_str());
  std::printf("%s", text.str().substr(0, 3000).c_str());
  std::fflush(stdout);
  if (keep.empty())
    return;
  fs::create_directories(keep);
  fuzz::Model model;
  CompileOptions options;
  prepare(index, model, options);
  std::ofstream out(keep / fmt::format("{}.onnx", index), std::ios::binary);
  model.SerializePartialToOstream(&out);
  std::ofstream(keep / fmt::format("{}.txt", index)) << fmt::format(
      "--target={} --input-type={} --sign-zero={}\n{}\n{}", options.target.name,
      options.inputType, options.signZero, what, text.str());
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  mlir::registerPassManagerCLOptions(); // bnncc has them: a pass manager asks
                                        // for their values
  Fuzzer fuzzer;
  for (auto word = words.begin(); word != words.end();)
    if (word->starts_with("--keep=")) {
      fuzzer.keep = word->substr(7);
      word = words.erase(word);
    } else {
      ++word;
    }
  if (words.size() < 2) {
    std::fprintf(
        stderr,
        "usage: graph-fuzz CORPUS-FOLDER COUNT [FIRST] [--keep=FOLDER]\n");
    return 2;
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry &entry : fs::directory_iterator(words[0]))
    if (entry.path().extension() == ".onnx")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path &path : files) {
    std::ifstream file(path, std::ios::binary);
    fuzz::Model model;
    if (model.ParsePartialFromIstream(&file))
      fuzzer.corpus.push_back(model);
  }
  if (fuzzer.corpus.empty()) {
    std::fprintf(stderr, "error: no models in %s\n", words[0].c_str());
    return 2;
  }
  uint64_t first = words.size() > 2 ? std::stoull(words[2]) : 0;
  uint64_t end = first + std::stoull(words[1]);
  const char *room = fs::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  fuzzer.scratch = fs::path(room) / fmt::format("graph-fuzz-{}", getpid());
  fs::create_directories(fuzzer.scratch);
  fuzzer.shared = static_cast<Shared *>(
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  *fuzzer.shared = {};

  auto start = std::chrono::steady_clock::now();
  for (uint64_t next = first; next < end;) {
    int status = fuzzer.batch(next, std::min(next + BatchSize, end));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      next = std::min(next + BatchSize, end);
      continue;
    }
    uint64_t index = fuzzer.shared->current;
    std::string what =
        WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF ? "more than 20 s"
        : WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
        : WEXITSTATUS(status) == 77
            ? fuzzer.shared->finding
            : fmt::format("exit code {}", WEXITSTATUS(status));
    if (WIFSIGNALED(status) || WEXITSTATUS(status) != 77)
      ++fuzzer.shared->findings;
    fuzzer.record(index, what);
    next = index + 1;
  }
  fs::remove_all(fuzzer.scratch);
  std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  auto print = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "%llu executions from %llu on %zu models%s: %llu compiled, %llu refused "
      "(%llu of them by the compiler's own checks), %llu findings, %.0f s\n",
      print(end - first), print(first), fuzzer.corpus.size(),
      Sanitized ? " with sanitizers" : "", print(fuzzer.shared->compiled),
      print(fuzzer.shared->refused), print(fuzzer.shared->faults),
      print(fuzzer.shared->findings), elapsed.count());
  return fuzzer.shared->findings ? 1 : 0;
}
