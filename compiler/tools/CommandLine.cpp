//===- CommandLine.cpp - What the LLVM-based tools do alike ---------------===//
//
// LLVM's parser prints some messages where it likes; they are caught at the
// file descriptor and rewritten.
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "bnn/support/Tool.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <gmp.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cl = llvm::cl;
namespace support = ::bnn::support;
using llvm::StringRef;

namespace bnncc::tools {
namespace {

/// What `body` writes to a descriptor.
std::string captured(int descriptor, llvm::raw_ostream &stream,
                     llvm::function_ref<void()> body) {
  stream.flush();
  int kept = dup(descriptor), memory = memfd_create("captured", MFD_CLOEXEC);
  if (memory >= 0)
    dup2(memory, descriptor);
  body();
  stream.flush();
  std::string text;
  if (memory >= 0) {
    lseek(memory, 0, SEEK_SET);
    char block[4096];
    for (ssize_t count; (count = read(memory, block, sizeof block)) > 0;)
      text.append(block, size_t(count));
    close(memory);
  }
  if (kept >= 0) {
    dup2(kept, descriptor);
    close(kept);
  } else {
    close(descriptor); // it was closed before
  }
  return text;
}

/// "bnncc: for the --x option: Cannot find option named 'y'!" ->
/// "unknown --x=y; see bnncc --help"
std::string usageError(StringRef text, const Tool &tool, StringRef program) {
  auto [line, rest] = text.trim().split('\n');
  line.consume_front(program);
  line.consume_front(tool.name);
  line.consume_front(": ");
  line = line.split("  Try:").first.rtrim("!. ");
  std::string message = line.str();
  StringRef option = line;
  if (option.consume_front("for the ")) {
    auto [name, problem] = option.split(" option: ");
    if (problem.consume_front("Cannot find option named '"))
      message = ("unknown " + name + "=" + problem.rtrim('\'')).str();
    else
      message = (name + ": " + problem).str();
  } else if (!message.empty()) {
    message[0] = llvm::toLower(message[0]);
  }
  if (size_t meant = rest.find("Did you mean "); meant != StringRef::npos)
    message += " (did you mean " +
               rest.drop_front(meant + 13).split('?').first.str() + "?)";
  return message + "; see " + tool.name + " --help";
}

std::string helpText(const Tool &tool, bool hidden) {
  std::string text = captured(STDOUT_FILENO, llvm::outs(), [&] {
    cl::PrintHelpMessage(hidden, /*Categorized=*/true);
  });
  return text + tool.epilogue;
}

void hideOtherOptions(const cl::OptionCategory &category) {
  for (auto &entry : cl::getRegisteredOptions())
    if (!llvm::is_contained(entry.second->Categories, &category) &&
        entry.second->getOptionHiddenFlag() == cl::NotHidden)
      entry.second->setHiddenFlag(cl::Hidden);
}

/// A null result of the C allocator becomes the tool's own end.
void *allocate(size_t size) {
  void *memory = std::malloc(size);
  if (!memory)
    support::outOfMemory();
  return memory;
}

void *reallocate(void *old, size_t, size_t size) {
  void *memory = std::realloc(old, size);
  if (!memory)
    support::outOfMemory();
  return memory;
}

} // namespace

void startLlvmTool() {
  support::startTool();
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { support::outOfMemory(); });
  llvm::install_fatal_error_handler([](void *, const char *reason, bool) {
    support::reportError(std::string("internal error: ") + reason +
                         "; please report the command line and the model");
    _exit(support::failure);
  });
  mp_set_memory_functions(allocate, reallocate,
                          [](void *memory, size_t) { std::free(memory); });
}

std::optional<int> parseCommandLine(int argc, char **argv, const Tool &tool) {
  if (tool.category)
    hideOtherOptions(*tool.category);
  std::string asked;
  for (int i = 1; i < argc && asked.empty(); ++i)
    if (StringRef argument = argv[i]; argument == "-h" || argument == "-help" ||
                                      argument == "--help" ||
                                      argument == "--help-hidden" ||
                                      argument == "--version")
      asked = argument.ltrim('-');
  if (asked == "version")
    return support::printAndExit(std::string(tool.name) + " " BNNCC_VERSION
                                 " (LLVM " LLVM_VERSION_STRING ")\n");

  std::string first, messages;
  llvm::raw_string_ostream stream(first);
  std::vector<const char *> arguments = {tool.name};
  if (asked.empty())
    arguments.insert(arguments.end(), argv + 1, argv + argc);
  bool good = false;
  messages = captured(STDERR_FILENO, llvm::errs(), [&] {
    good = cl::ParseCommandLineOptions(int(arguments.size()), arguments.data(),
                                       tool.overview, &stream);
  });
  if (!asked.empty())
    return support::printAndExit(helpText(tool, asked == "help-hidden"));
  if (good)
    return std::nullopt;
  return support::reportError(usageError(messages + first, tool, argv[0]),
                              support::wrongUsage);
}

} // namespace bnncc::tools
