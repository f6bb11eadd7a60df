// Token check: engines take their instructions in order and a token is a token
// whenever it comes, so one run without time decides for every timing.
#include "Tokens.h"

#include <deque>
#include <fmt/format.h>

namespace bnn::isa {

namespace {

/// Tokens between neighbours; one of each backward kind is there at the start.
struct Counts {
  int64_t loadToRun = 0, runToLoad = 1, runToStore = 0, storeToRun = 1;
  bool operator==(const Counts &) const = default;
};

class Queues {
public:
  explicit Queues(const std::vector<Instruction> &code) : code(code) {}

  bool run(size_t &at, std::string &error) {
    while (step()) {
    }
    for (auto *queue : {&load, &run_, &store})
      if (!queue->empty()) {
        at = queue->front();
        error = "waits for a token that never comes";
        return false;
      }
    if (counts == Counts())
      return true;
    at = code.size() - 1;
    error = fmt::format("tokens left over: load to run {}, run to load {} (1 "
                        "at the start), run "
                        "to store {}, store to run {} (1 at the start)",
                        counts.loadToRun, counts.runToLoad, counts.runToStore,
                        counts.storeToRun);
    return false;
  }

private:
  /// Does all that can be done at once; false if that is nothing.
  bool step() {
    bool moved = false;
    while (next != code.size() && dispatch())
      moved = true;
    for (auto *queue : {&load, &run_, &store})
      while (!queue->empty() && execute(code[queue->front()])) {
        queue->pop_front();
        moved = true;
      }
    return moved;
  }

  bool dispatch() {
    const Instruction &i = code[next];
    bool side = std::holds_alternative<Load>(i);
    bool last =
        std::holds_alternative<Store>(i) || std::holds_alternative<End>(i);
    std::deque<size_t> &queue = side ? load : last ? store : run_;
    if (queue.size() >= (side || last ? 8u : 64u))
      return false;
    queue.push_back(next++);
    return true;
  }

  bool execute(const Instruction &i) {
    if (auto *x = std::get_if<Load>(&i))
      return take(0, counts.loadToRun, x->pop_next, counts.runToLoad) &&
             give(0, counts.loadToRun, x->push_next, counts.loadToRun);
    if (auto *x = std::get_if<Store>(&i))
      return take(x->pop_prev, counts.runToStore, 0, counts.storeToRun) &&
             give(x->push_prev, counts.storeToRun, 0, counts.storeToRun);
    if (auto *x = std::get_if<Run>(&i))
      return take(x->pop_prev, counts.loadToRun, x->pop_next,
                  counts.storeToRun) &&
             give(x->push_prev, counts.runToLoad, x->push_next,
                  counts.runToStore);
    return true;
  }

  static bool take(uint32_t a, int64_t &fromA, uint32_t b, int64_t &fromB) {
    if ((a && !fromA) || (b && !fromB))
      return false;
    fromA -= a;
    fromB -= b;
    return true;
  }

  static bool give(uint32_t a, int64_t &toA, uint32_t b, int64_t &toB) {
    toA += a;
    toB += b;
    return true;
  }

  const std::vector<Instruction> &code;
  Counts counts;
  size_t next = 0;
  std::deque<size_t> load, run_, store;
};

} // namespace

bool checkTokens(const std::vector<Instruction> &code, size_t &at,
                 std::string &error) {
  return Queues(code).run(at, error);
}

} // namespace bnn::isa
