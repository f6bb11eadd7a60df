// The host's side of a program as docs/program-file.md says it: written for the
// verifier from that text, and sharing nothing with the loader.

#ifndef BNNCC_COMPILER_VERIFY_HOSTMODEL_H
#define BNNCC_COMPILER_VERIFY_HOSTMODEL_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <string>
#include <vector>

namespace bnncc {

class HostModel {
public:
  static llvm::Expected<HostModel> parse(const std::string &io);

  /// The input region's bytes for codes C x H x W (bipolar: -1 and +1).
  std::vector<uint8_t> pack(const std::vector<int32_t> &codes,
                            uint32_t bytes) const;
  /// The integers that the epilogue reads, C x H x W.
  std::vector<int32_t> gather(const std::vector<uint8_t> &output) const;
  /// The graph's output from those integers.
  llvm::Expected<std::vector<double>> finish(std::vector<int32_t> raw) const;
  /// Sums of non-negative and of negative values lie apart (SPLIT mode).
  bool split() const;

private:
  llvm::json::Object io;
};

} // namespace bnncc

#endif // BNNCC_COMPILER_VERIFY_HOSTMODEL_H
