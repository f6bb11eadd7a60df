// Judging results: against expected outputs and against labels.
#pragma once

#include "Npy.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::run {

/// How far a float may be off: relative to the expected value, and relative to
/// the largest magnitude of its window (for values near 0 in a sum of large
/// ones).
inline constexpr double relativeTolerance = 1e-5, floorTolerance = 1e-6;

struct Comparison {
  int64_t windows = 0, equalWindows = 0, equalArgMax = 0;
  double worst =
      0; ///< largest |got - expected| over its window's largest magnitude
  bool hasArgMax = false;
  std::string difference; ///< the first one, one line; empty if all are equal
  std::vector<int64_t> differing; ///< windows, ascending
};

/// Compares `got`, whose leading axis has `windows` windows, with `expected`,
/// of the same shape but for axes of size 1. Returns false and sets `error` if
/// the shapes differ.
bool compare(const runtime::NpyArray &got, const runtime::NpyArray &expected,
             int64_t windows, Comparison &result, std::string &error);

/// The class of each window: the place of the largest of several values, or a
/// single integer itself; empty if the output is neither.
std::vector<int64_t> classesOf(const runtime::NpyArray &output,
                               int64_t windows);

/// Counts over windows: confusion[label][found].
struct Confusion {
  int64_t right = 0;
  std::vector<std::vector<int64_t>> counts;
};

/// Returns false and sets `error` if there is not one label per window, each in
/// 0..999.
bool countClasses(const std::vector<int64_t> &found,
                  const runtime::NpyArray &labels, int64_t classes,
                  Confusion &result, std::string &error);

} // namespace bnn::run
