// bnn-objdump: shows what is in a program file: sizes, code, microcode, and which
// ONNX node each instruction serves.

#include "bnn/isa/Isa.h"
#include "bnn/isa/Program.h"
#include "bnn/support/Files.h"
#include "bnn/support/Text.h"
#include "bnn/support/Tool.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

namespace isa = bnn::isa;
namespace support = bnn::support;

constexpr const char *helpText =
    R"(usage: bnn-objdump PROGRAM.bnn [-d] [--source] [--sections]

Shows what is in a program file; without options target and sizes.

  -d          disassemble the code and the microcode it loads
  --source    with it, name the ONNX nodes each instruction serves
  --sections  list the parts of the file
  --version   print the version

PROGRAM.bnn may be - for standard input.

Example: bnn-objdump ecg.bnn -d --source

Exit code: 0 success, 1 error (one line on standard error), 2 wrong usage.
)";

struct Options {
  std::string file;
  bool disassemble = false, source = false, sections = false;
  bool help = false, version = false;
};

bool parseOptions(int argc, char **argv, Options &options, std::string &error) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      options.help = true;
      return true;
    }
    if (argument == "--version") {
      options.version = true;
      return true;
    }
    if (argument == "-d") {
      options.disassemble = true;
    } else if (argument == "--source") {
      options.disassemble = options.source = true;
    } else if (argument == "--sections") {
      options.sections = true;
    } else if (argument != "-" && argument.starts_with("-")) {
      error = fmt::format("unknown option '{}'; see bnn-objdump --help",
                          argument);
      return false;
    } else if (!options.file.empty()) {
      error = fmt::format("more than one program: '{}' and '{}'", options.file,
                          argument);
      return false;
    } else {
      options.file = argument;
    }
  }
  if (options.file.empty())
    error = "no program file given; see bnn-objdump --help";
  return error.empty();
}

/// What is printed: as a whole, at the end.
std::string shown;

template <typename... Args>
void print(fmt::format_string<Args...> format, Args &&...args) {
  fmt::format_to(std::back_inserter(shown), format,
                 std::forward<Args>(args)...);
}

/// "/conv1/Conv + /sign1 (tile)" by instruction index, from the debug section.
/// A program without that section, or with one that is not understood, has none.
std::map<size_t, std::string> sourceNames(const isa::Program &program) {
  std::map<size_t, std::string> names;
  auto debug = nlohmann::json::parse(program.debug, nullptr, false);
  if (!debug.is_object() || !debug.contains("instructions") ||
      !debug["instructions"].is_array())
    return names;
  for (const auto &entry : debug["instructions"]) {
    if (!entry.is_object() || !entry.contains("index") ||
        !entry["index"].is_number_unsigned())
      continue;
    std::string text;
    if (entry.contains("nodes") && entry["nodes"].is_array())
      for (const auto &node : entry["nodes"])
        if (node.is_string())
          text += (text.empty() ? "" : " + ") +
                  support::printableName(node.get<std::string>());
    if (entry.contains("pass") && entry["pass"].is_string())
      text += fmt::format(
          " ({})", support::printableName(entry["pass"].get<std::string>()));
    names[entry["index"]] = text;
  }
  return names;
}

void printSummary(const isa::Program &program) {
  print("target {}: {}\n", support::printableName(program.target.name), program.target.describe());
  print("code {} bytes, microcode {}, weights {}, thresholds {}\n",
             program.codeBytes, program.microcodeBytes, program.weightBytes,
             program.thresholdBytes);
  print("per window: input {} bytes, output {}, scratch {}\n",
             program.inputBytes, program.outputBytes, program.scratchBytes);
}

const char *nameOf(isa::Section kind) {
  switch (kind) {
  case isa::Section::Target:
    return "target";
  case isa::Section::Info:
    return "info";
  case isa::Section::Image:
    return "image";
  case isa::Section::Io:
    return "io";
  case isa::Section::Debug:
    return "debug";
  }
  return "?";
}

/// Every byte of the file has a line of its own; parts of the image follow it.
void printSections(const isa::Program &program, size_t fileBytes,
                   const std::vector<isa::SectionSize> &sections) {
  print("\n{:<14}{:>10}{:>10}\n", "part", "unpacked", "in file");
  size_t bodies = 0;
  for (const isa::SectionSize &section : sections)
    bodies += section.stored;
  print("{:<14}{:>20}\n", "header, table", fileBytes - bodies);
  for (const isa::SectionSize &section : sections) {
    print("{:<14}{:>10}{:>10}\n", nameOf(section.kind), section.bytes,
               section.stored);
    if (section.kind != isa::Section::Image)
      continue;
    auto part = [](const char *name, size_t bytes) {
      print("  {:<12}{:>10}\n", name, bytes);
    };
    part("cold code", program.coldEnd - program.coldBegin);
    part("warm code", program.warmEnd - program.warmBegin);
    part("microcode", program.microcodeBytes);
    part("weights", program.weightBytes);
    part("thresholds", program.thresholdBytes);
  }
  print("{:<14}{:>20}\n", "file", fileBytes);
}

/// The microwords that `load` puts into the control store, if it does.
void printMicrocode(const isa::Program &program, const isa::Load &load) {
  if (load.dest != isa::LoadDest::Control || load.region != isa::Region::Program)
    return;
  for (uint64_t i = 0; i < load.beats; ++i) {
    uint64_t offset = (uint64_t{load.source} + i) * isa::microwordBytes;
    if (offset + isa::microwordBytes > program.image.size())
      return;
    uint64_t bits = 0;
    for (size_t byte = isa::microwordBytes; byte-- > 0;)
      bits = bits << 8 | program.image[offset + byte];
    isa::Microword word;
    std::string error;
    print("            control {:>2}: {:016x}  {}\n", load.address + i, bits,
               isa::decode(bits, word, error) ? isa::print(word)
                                              : "(illegal: " + error + ")");
  }
}

/// Prints the code in [begin, end) and counts `index` on: the debug section counts
/// the cold code's instructions first, then the warm code's.
void printCode(const isa::Program &program, const char *name, uint32_t begin,
               uint32_t end, const std::map<size_t, std::string> &names,
               size_t &index) {
  print("\n{} code:\n", name);
  std::string last;
  for (uint32_t offset = begin; offset + isa::instructionBytes <= end;
       offset += isa::instructionBytes, ++index) {
    if (!names.empty()) {
      auto found = names.find(index);
      std::string source = found == names.end() ? "whole program" : found->second;
      if (source != last)
        print("; {}\n", source);
      last = source;
    }
    isa::Instruction instruction;
    std::string error;
    auto bits = isa::loadBits(program.image.data() + offset);
    bool good = isa::decode(bits, instruction, error);
    print("  {:>5}  {:016x} {:016x}  {}\n", index, bits.lo, bits.hi,
               good ? isa::print(instruction) : "(illegal: " + error + ")");
    if (!good)
      continue;
    if (const auto *load = std::get_if<isa::Load>(&instruction))
      printMicrocode(program, *load);
  }
}

} // namespace

int main(int argc, char **argv) {
  support::startTool();
  Options options;
  std::string error;
  if (!parseOptions(argc, argv, options, error))
    return support::reportError(error, support::wrongUsage);
  if (options.help || options.version)
    return support::printAndExit(
        options.help ? helpText : "bnn-objdump " BNNCC_VERSION "\n");

  auto fail = [&] {
    return support::reportError(
        fmt::format("{}: {}", support::inputName(options.file), error));
  };
  std::vector<uint8_t> bytes;
  if (!support::readInput(options.file, bytes, error))
    return fail();
  isa::Program program;
  std::vector<isa::SectionSize> sections;
  if (!isa::readProgram(bytes.data(), bytes.size(), program, error,
                        &sections))
    return fail();

  printSummary(program);
  if (options.sections)
    printSections(program, bytes.size(), sections);
  if (options.disassemble) {
    std::map<size_t, std::string> names;
    if (options.source)
      names = sourceNames(program);
    size_t index = 0;
    printCode(program, "cold", program.coldBegin, program.coldEnd, names,
              index);
    printCode(program, "warm", program.warmBegin, program.warmEnd, names,
              index);
  }
  return support::printAndExit(shown);
}
