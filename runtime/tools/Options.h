// The command line of bnn-run.
#pragma once

#include <string>
#include <vector>

namespace bnn::run {

/// FILE, or NAME=FILE where no '/' comes before the '='.
struct NamedFile {
  std::string name; ///< of an output of the graph; empty: the first
  std::string path;
};

struct Options {
  std::string program, input, labels, target, trace;
  std::vector<NamedFile> outputs, expects; ///< --output and --expect, each often
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
