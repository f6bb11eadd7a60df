//===- MarkFloats.cpp - Which steps are meant as floats -------------------===//
//
// Finds the elementwise steps between the graph's inputs and their first
// quantisers. Constants that are computed on the way there are copied: elsewhere
// they stay exact.
//
//===----------------------------------------------------------------------===//

#include "Prepare.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

namespace bnncc::reference {
namespace {

bool isQuantiser(const Step &step) {
  if (step.kind != Kind::Elementwise)
    return false;
  switch (step.function) {
  case Function::Greater:
  case Function::GreaterOrEqual:
  case Function::Less:
  case Function::LessOrEqual:
  case Function::Equal:
  case Function::Sign:
  case Function::Floor:
  case Function::Ceil:
  case Function::Round:
  case Function::ToInteger:
  case Function::ToBool:
  case Function::QuantizeLinear:
  case Function::BipolarQuant:
  case Function::Quant:
  case Function::MultiThreshold:
    return true;
  default:
    return false;
  }
}

class Marker {
public:
  explicit Marker(Program &program)
      : program(program), definers(program.values.size(), -1),
        derived(program.values.size(), false),
        constant(program.isConstant.begin(), program.isConstant.end()) {}

  void run() {
    for (int argument : program.arguments)
      derived[argument] = true;
    for (auto [i, step] : llvm::enumerate(program.steps)) {
      definers[step.result] = int(i);
      classify(step);
    }
    marked.assign(program.steps.size(), false);
    for (auto [i, step] : llvm::enumerate(program.steps))
      if (isQuantiser(step) && mark(step))
        marked[i] = step.function == Function::QuantizeLinear ||
                    step.function == Function::Quant ||
                    hasFloatForm(step.function);
    rebuild();
  }

private:
  /// Whether a step hands on an elementwise function of an input, or a
  /// constant.
  void classify(const Step &step) {
    int data = 0, computed = 0;
    for (int operand : step.operands) {
      data += operand >= 0 && derived[operand];
      computed += operand >= 0 && !constant[operand];
    }
    constant[step.result] = computed == 0;
    bool isFloat = step.kind == Kind::Move ||
                   (step.kind == Kind::Elementwise &&
                    (step.element != ElementKind::Real ||
                     hasFloatForm(step.function)));
    derived[step.result] = data == 1 && computed == 1 && isFloat &&
                           !isQuantiser(step);
  }

  /// Marks what leads to a quantiser; false if it is no function of an input.
  bool mark(const Step &quantiser) {
    bool found = false;
    for (const Step *at = &quantiser; at;) {
      const Step *before = nullptr;
      for (int operand : at->operands) {
        if (operand < 0 || !derived[operand])
          continue;
        found = true;
        int definer = definers[operand];
        if (definer < 0 || marked[definer])
          continue;
        before = &program.steps[definer];
        marked[definer] = before->kind == Kind::Elementwise &&
                          before->element == ElementKind::Real;
      }
      at = before;
    }
    return found;
  }

  /// The number of a constant as floats compute it.
  int floatConstant(int number) {
    int definer = number < 0 ? -1 : definers[number];
    if (definer < 0)
      return number;
    auto known = copies.find(number);
    if (known != copies.end())
      return known->second;
    Step step = program.steps[definer];
    for (int &operand : step.operands)
      operand = floatConstant(operand);
    step.inFloat = step.kind == Kind::Elementwise &&
                   step.element == ElementKind::Real &&
                   hasFloatForm(step.function);
    step.result = int(program.values.size());
    program.values.emplace_back();
    program.isConstant.push_back(false);
    steps.push_back(step);
    return copies[number] = step.result;
  }

  void rebuild() {
    for (auto [i, step] : llvm::enumerate(program.steps)) {
      Step next = step;
      next.inFloat = marked[i];
      if (marked[i] && next.function != Function::Quant)
        for (int &operand : next.operands)
          if (operand >= 0 && constant[operand])
            operand = floatConstant(operand);
      steps.push_back(std::move(next));
    }
    program.steps = std::move(steps);
  }

  Program &program;
  std::vector<int> definers;
  std::vector<bool> derived, constant, marked;
  std::vector<Step> steps;
  llvm::DenseMap<int, int> copies;
};

} // namespace

void markFloats(Program &program) { Marker(program).run(); }

} // namespace bnncc::reference
