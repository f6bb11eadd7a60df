// Sets of reachable accumulator values as unions of lattices.

#include "fuse/Switches.h"
#include <algorithm>
#include <numeric>

namespace bnncc::exact {

void Reach::unite(const Reach &other) {
  for (const Lattice &lattice : other.lattices)
    if (std::find(lattices.begin(), lattices.end(), lattice) == lattices.end())
      lattices.push_back(lattice);
}

int64_t Reach::low() const {
  return std::min_element(lattices.begin(), lattices.end(),
                          [](auto &a, auto &b) { return a.low < b.low; })
      ->low;
}

int64_t Reach::high() const {
  return std::max_element(lattices.begin(), lattices.end(),
                          [](auto &a, auto &b) { return a.high < b.high; })
      ->high;
}

std::optional<int64_t> Reach::firstIn(int64_t from, int64_t to) const {
  std::optional<int64_t> best;
  for (auto [low, high, step] : lattices) {
    int64_t x = from <= low ? low : low + (from - low + step - 1) / step * step;
    if (x <= high && x <= to && (!best || x < *best))
      best = x;
  }
  return best;
}

std::optional<int64_t> Reach::lastIn(int64_t from, int64_t to) const {
  std::optional<int64_t> best;
  for (auto [low, high, step] : lattices) {
    if (to < low)
      continue;
    int64_t x = std::min(high, low + (to - low) / step * step);
    if (x >= from && (!best || x > *best))
      best = x;
  }
  return best;
}

// The sums of one lattice are a lattice again; a union of lattices is taken as
// the coarsest lattice that holds them all.
Reach Reach::times(int64_t count) const {
  int64_t step = lattices.front().step, base = lattices.front().low;
  for (const Lattice &lattice : lattices) {
    step = std::gcd(step, lattice.step);
    step = std::gcd(step, lattice.low - base);
  }
  return {low() * count, high() * count, std::max<int64_t>(step, 1)};
}

} // namespace bnncc::exact
