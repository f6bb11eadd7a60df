// Comparison of results with a reference, and classes with labels.
#include "Compare.h"
#include "bnn/isa/host/Elements.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bnn::run {

using runtime::NpyArray;

namespace {

bool isFloat(bnn_type type) {
  return type == BNN_FLOAT32 || type == BNN_FLOAT64 || type == BNN_FLOAT16;
}

// Element i as a double; exact but for 64-bit integers beyond 2^53.
double real(const NpyArray &array, int64_t i) {
  size_t size = bnn_type_size(array.type);
  return host::loadElements(host::Type(array.type),
                            array.data.data() + size_t(i) * size, 1)[0];
}

std::vector<int64_t> withoutOnes(std::vector<int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

// Equal as this output type demands; `scale` is the window's largest magnitude.
bool equal(double got, double expected, bool exact, double relative,
           double scale) {
  if (got == expected || (std::isnan(got) && std::isnan(expected)))
    return true;
  if (exact || !std::isfinite(got) || !std::isfinite(expected))
    return false;
  double allowed =
      std::max(relative * std::fabs(expected), floorTolerance * scale);
  return std::fabs(got - expected) <= allowed;
}

int64_t argMax(const NpyArray &array, int64_t first, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (real(array, first + i) > real(array, first + best))
      best = i;
  return best;
}

// Place in a window -> "[2]", by the shape behind the leading axis.
std::string indexText(const std::vector<int64_t> &shape, int64_t place) {
  std::string text;
  for (size_t axis = shape.size(); axis-- > 1;) {
    text = fmt::format("{}{}{}", place % shape[axis], text.empty() ? "" : ", ",
                       text);
    place /= shape[axis];
  }
  return fmt::format("[{}]", text);
}

} // namespace

bool compare(const NpyArray &got, const NpyArray &expected, int64_t windows,
             Comparison &result, std::string &error) {
  if (withoutOnes(got.shape) != withoutOnes(expected.shape)) {
    error = fmt::format("has shape {}, the output has {}",
                        runtime::shapeText(expected.shape),
                        runtime::shapeText(got.shape));
    return false;
  }
  bool exact = !isFloat(got.type);
  // Of float16 the last place: a reference rounds twice, from float32.
  double relative = got.type == BNN_FLOAT16 ? 0x1p-10 : relativeTolerance;
  int64_t count = got.elements() / windows;
  result = {};
  result.windows = windows;
  result.hasArgMax = !exact && count > 1;
  for (int64_t window = 0; window < windows; ++window) {
    int64_t first = window * count;
    double scale = 0;
    for (int64_t i = 0; i < count; ++i)
      if (double x = std::fabs(real(expected, first + i)); std::isfinite(x))
        scale = std::max(scale, x);
    bool same = true;
    for (int64_t i = 0; i < count; ++i) {
      double g = real(got, first + i), e = real(expected, first + i);
      if (scale > 0)
        result.worst = std::max(result.worst, std::fabs(g - e) / scale);
      if (equal(g, e, exact, relative, scale))
        continue;
      same = false;
      if (result.difference.empty())
        result.difference =
            fmt::format("window {} index {}: got {}, expected {}", window,
                        indexText(got.shape, i), g, e);
    }
    result.equalWindows += same;
    if (!same)
      result.differing.push_back(window);
    result.equalArgMax +=
        argMax(got, first, count) == argMax(expected, first, count);
  }
  return true;
}

std::vector<int64_t> classesOf(const NpyArray &output, int64_t windows) {
  std::vector<int64_t> classes;
  int64_t count = output.elements() / windows;
  if (count == 1 && isFloat(output.type))
    return classes;
  for (int64_t window = 0; window < windows; ++window)
    classes.push_back(count == 1 ? int64_t(real(output, window))
                                 : argMax(output, window * count, count));
  return classes;
}

bool countClasses(const std::vector<int64_t> &found, const NpyArray &labels,
                  int64_t classes, Confusion &result, std::string &error) {
  if (labels.elements() != int64_t(found.size())) {
    error =
        fmt::format("has shape {}, expected one label for each of {} windows",
                    runtime::shapeText(labels.shape), found.size());
    return false;
  }
  constexpr int64_t most = 1000;
  for (size_t i = 0; i < found.size(); ++i) {
    double label = real(labels, int64_t(i));
    if (!(label >= 0 && label < double(most)) || std::trunc(label) != label) {
      error = fmt::format("label {} is {}, expected a class in 0..{}", i, label,
                          most - 1);
      return false;
    }
    if (found[i] < 0 || found[i] >= most) {
      error = fmt::format("cannot be compared: the output of window {} is {}, "
                          "expected a class in 0..{}",
                          i, found[i], most - 1);
      return false;
    }
    classes = std::max({classes, int64_t(label) + 1, found[i] + 1});
  }
  result.right = 0;
  result.counts.assign(size_t(classes),
                       std::vector<int64_t>(size_t(classes), 0));
  for (size_t i = 0; i < found.size(); ++i) {
    auto label = int64_t(real(labels, int64_t(i)));
    result.right += label == found[i];
    ++result.counts[size_t(label)][size_t(found[i])];
  }
  return true;
}

} // namespace bnn::run
