//===- PrepareWindows.cpp - Reductions, pools and products ----------------===//
//
// Translates what sums over elements or takes the largest of some.
//
//===----------------------------------------------------------------------===//

#include "Prepare.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace bnncc::reference {
namespace {

void translateReduce(Translation &t, ArrayRef<int64_t> in) {
  Step &step = t.step;
  Shape kept, keptSteps, reduced, reducedSteps, strides = stridesOf(in);
  ArrayRef<int64_t> axes = t.ints("axes");
  for (size_t i = 0; i < in.size(); ++i) {
    bool isReduced = llvm::is_contained(axes, static_cast<int64_t>(i));
    (isReduced ? reduced : kept).push_back(in[i]);
    (isReduced ? reducedSteps : keptSteps).push_back(strides[i]);
  }
  std::vector<int32_t> inner = offsets(reduced, reducedSteps);
  for (int32_t base : offsets(kept, keptSteps)) {
    step.first.push_back(static_cast<int32_t>(step.members.size()));
    for (int32_t offset : inner)
      step.members.push_back(base + offset);
  }
  if (t.name == "ReduceMean")
    step.divisors.assign(step.count, static_cast<double>(inner.size()));
}

void translatePool(Translation &t, ArrayRef<int64_t> in) {
  Step &step = t.step;
  ArrayRef<int64_t> kernel = t.ints("kernel_shape"), pads = t.ints("pads"),
                    strides = t.ints("strides"),
                    dilations = t.ints("dilations");
  size_t axes = in.size() - 2;
  if (kernel.size() != axes || pads.size() != 2 * axes ||
      strides.size() != axes || dilations.size() != axes)
    return t.fail("a pool must have its window spelled out");
  bool countsPads = t.integer("count_include_pad", 0);
  int64_t taps = 1;
  for (int64_t size : kernel)
    taps *= size;
  Shape inStrides = stridesOf(in), outStrides = stridesOf(step.shape);
  for (int64_t i = 0; i < step.count; ++i) {
    step.first.push_back(static_cast<int32_t>(step.members.size()));
    int64_t map = i / outStrides[1]; // batch and channel
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t offset = map * inStrides[1], left = tap;
      bool inside = true;
      for (size_t k = axes; k-- > 0; left /= kernel[k]) {
        int64_t out = i / outStrides[k + 2] % step.shape[k + 2];
        int64_t at =
            out * strides[k] + left % kernel[k] * dilations[k] - pads[k];
        inside &= at >= 0 && at < in[k + 2];
        offset += at * inStrides[k + 2];
      }
      if (inside)
        step.members.push_back(static_cast<int32_t>(offset));
    }
    auto members =
        static_cast<int64_t>(step.members.size()) - step.first.back();
    if (members == 0)
      return t.fail("a pool's window must not lie in the padding alone");
    if (t.name == "AveragePool")
      step.divisors.push_back(static_cast<double>(countsPads ? taps : members));
  }
}

void translateLine(Translation &t, ArrayRef<int64_t> in) {
  Step &step = t.step;
  int64_t axis = t.integer("axis");
  step.axisSize = in[axis];
  step.axisStride = stridesOf(in)[axis];
  step.lastIndex = t.integer("select_last_index", 0);
  step.smallest = t.name == "ArgMin";
  step.kind = t.name == "Softmax"      ? Kind::Softmax
              : t.name == "LogSoftmax" ? Kind::LogSoftmax
                                       : Kind::ArgMax;
}

} // namespace

bool translateWindow(Translation &t) {
  Step &step = t.step;
  if (step.operands.empty())
    return false;
  Shape in = t.shapeOf(0);
  if (t.name == "Softmax" || t.name == "LogSoftmax" || t.name == "ArgMax" ||
      t.name == "ArgMin") {
    translateLine(t, in);
    return true;
  }
  bool pools = t.name == "MaxPool" || t.name == "AveragePool";
  if (!pools && !t.name.starts_with("Reduce"))
    return false;
  if (t.name == "MaxPool" || t.name == "ReduceMax")
    step.kind = Kind::Maximum;
  else if (t.name == "ReduceMin")
    step.kind = Kind::Minimum;
  else if (pools || t.name == "ReduceSum" || t.name == "ReduceMean")
    step.kind = Kind::Sum;
  else
    return false;
  pools ? translatePool(t, in) : translateReduce(t, in);
  step.first.push_back(static_cast<int32_t>(step.members.size()));
  return true;
}

namespace {

void translateConv(Translation &t) {
  Step &step = t.step;
  step.kind = Kind::Convolution;
  Shape in = t.shapeOf(0), kernel = t.shapeOf(1);
  ArrayRef<int64_t> pads = t.ints("pads"), strides = t.ints("strides"),
                    dilations = t.ints("dilations");
  if (!t.problem.empty())
    return;
  if (in.size() > 4)
    return t.fail("a convolution must have one or two spatial axes");
  bool flat = in.size() == 3; // 1-D data has height 1
  unsigned w = flat ? 0 : 1;
  step.geometry = {in[0],
                   in[1],
                   kernel[0],
                   t.integer("group", 1),
                   flat ? 1 : in[2],
                   in.back(),
                   flat ? 1 : step.shape[2],
                   step.shape.back(),
                   flat ? 1 : kernel[2],
                   kernel.back(),
                   flat ? 1 : strides[0],
                   strides[w],
                   flat ? 1 : dilations[0],
                   dilations[w],
                   flat ? 0 : pads[0],
                   pads[w]};
}

/// Which matrix of a broadcast stack each result matrix takes.
std::vector<int32_t> stack(ArrayRef<int64_t> own, ArrayRef<int64_t> result) {
  return offsets(result, broadcastSteps(own, result));
}

void translateMatMul(Translation &t) {
  Step &step = t.step;
  step.kind = Kind::MatrixProduct;
  Shape a = t.shapeOf(0), b = t.shapeOf(1), shape = step.shape;
  // A vector is a row on the left and a column on the right.
  if (a.size() == 1) {
    a.insert(a.begin(), 1);
    shape.insert(shape.end() - (b.size() > 1 ? 1 : 0), 1);
  }
  if (b.size() == 1) {
    b.push_back(1);
    shape.push_back(1);
  }
  ArrayRef<int64_t> result = ArrayRef<int64_t>(shape).drop_back(2);
  step.product = {a[a.size() - 2], a.back(), b.back(),
                  stack(ArrayRef<int64_t>(a).drop_back(2), result),
                  stack(ArrayRef<int64_t>(b).drop_back(2), result)};
}

} // namespace

bool translateLinear(Translation &t) {
  if (t.name == "Conv")
    translateConv(t);
  else if (t.name == "MatMul")
    translateMatMul(t);
  else
    return false;
  return true;
}

} // namespace bnncc::reference
