//===- Interpreter.h - Running a program's steps ----------------*- C++ -*-===//
//
// Runs the steps on bounded doubles, and walks back for single exact elements
// where a decision needs one.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_INTERPRETER_H
#define BNNCC_COMPILER_REFERENCE_INTERPRETER_H

#include "Program.h"
#include "Range.h"
#include <unordered_map>

namespace bnncc::reference {

class Interpreter {
public:
  Interpreter(Program program, EvalOptions options);

  llvm::Expected<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs,
                                          ObserverCallback observer);
  /// Elements of the last run that had to be decided exactly.
  int64_t decisions = 0;

private:
  const Data &value(int number) const { return program.values[number]; }
  Data runStep(const Step &step);
  Data runElementwise(const Step &step);
  std::optional<Data> runQuickly(const Step &step);
  std::optional<Data> runNormalisation(const Step &step);
  Data runMove(const Step &step);
  Data runMembers(const Step &step);
  Data runSoftmax(const Step &step);
  Data runArgMax(const Step &step);
  llvm::ArrayRef<double> thresholdRow(const Step &step, int64_t i) const;

  /// Marks the elements that no input reaches: those of constants and pads.
  void findFixed();
  bool isFixed(int number, int64_t i) const {
    return program.isConstant[number] ||
           (i < int64_t(fixed[number].size()) && fixed[number][i]);
  }
  SignZero signZeroAt(const Step &step, int64_t i) const;

  /// The sign of element `a` less element `b` of a value, decided behind
  /// functions that rise and have no exact form; none if that fails.
  std::optional<int> exactOrder(int number, int64_t a, int64_t b);
  /// The same where both elements met equal constants, or were negated.
  std::optional<int> orderByConstants(const Step &step, int64_t a, int64_t b);

  /// The exact element `i` of a value; empty if it has no exact form.
  std::optional<Surd> exact(int number, int64_t i);
  std::optional<Surd> computeExact(const Step &step, int64_t i);
  std::optional<Surd> exactElementwise(const Step &step, int64_t i);
  /// A sum whose terms without an exact form cancel.
  std::optional<Surd> exactSum(const Step &step, int64_t i);
  std::optional<Surd> exactMembers(const Step &step, int64_t i);
  std::optional<Surd> exactLinear(const Step &step, int64_t i);

  /// An enclosure of element `i`, from exact elements or enclosures that it
  /// depends on; empty behind what has none.
  std::optional<Range> enclosed(int number, int64_t i);
  std::optional<Range> computeEnclosed(const Step &step, int64_t i);

  Program program;
  EvalOptions options;
  Trouble trouble;
  std::vector<const Step *> definers;
  std::vector<std::unordered_map<int64_t, Surd>> memo;
  std::vector<std::unordered_map<int64_t, Range>> ranges;
  std::vector<std::vector<bool>> fixed; ///< of values that mix; else empty
};

/// The index of an operand's element for element `i` of the result.
inline int64_t mapped(const Step &step, unsigned operand, int64_t i) {
  const std::vector<int32_t> &map = step.maps[operand];
  return map.empty() ? i : map[i];
}

/// "position 3" or "channel 1, position 3" of the result.
std::string placeOf(const Step &step, int64_t i);

} // namespace bnncc::reference

#endif // BNNCC_COMPILER_REFERENCE_INTERPRETER_H
