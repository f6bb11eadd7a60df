//===- CommandLine.h - What the LLVM-based tools do alike -------*- C++ -*-===//
//
// Command lines by LLVM's parser with this project's conventions: usage errors
// are one line and exit code 2, --help shows the tool's own options.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_TOOLS_COMMANDLINE_H
#define BNNCC_COMPILER_TOOLS_COMMANDLINE_H

#include "llvm/Support/CommandLine.h"
#include <optional>

namespace bnncc::tools {

struct Tool {
  const char *name;     ///< "bnncc"
  const char *overview; ///< what --help starts with
  const char *epilogue; ///< what it ends with: an example, exit codes
  /// The options that --help shows; null: all. The others need --help-hidden.
  llvm::cl::OptionCategory *category = nullptr;
};

/// Sets up error handling, LLVM's included; first thing in main().
void startLlvmTool();

/// Parses the command line. The result is the exit code of a tool that has
/// nothing more to do: help and version are printed, or a usage error is.
std::optional<int> parseCommandLine(int argc, char **argv, const Tool &tool);

} // namespace bnncc::tools

#endif // BNNCC_COMPILER_TOOLS_COMMANDLINE_H
