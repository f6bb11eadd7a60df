// The command line of bnn-run.
#pragma once

#include <string>
#include <vector>

namespace bnn::run {

struct Options {
  std::string program, input, output, expect, labels, target, trace;
  std::string device = "sim";
  std::vector<std::string> classes; ///< names for the report; may be empty
  bool scoreboard = false; ///< the device checks itself against the model
  bool json = false, verbose = false, help = false, version = false;
};

/// Returns false and sets `error` to one line on a wrong command line.
bool parseOptions(int argc, char **argv, Options &options, std::string &error);

/// The text of --help.
const char *helpText();

} // namespace bnn::run
