// One case for each operation that the host can do.

#include "bnn/HostOp.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace bnncc::bnn {
namespace {
namespace host = ::bnn::host;
using Kind = host::Op::Kind;

host::Shape shapeOf(mlir::Value value) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  return {type.getDimSize(0), type.getDimSize(1), type.getDimSize(2)};
}

host::Constants constants(llvm::ArrayRef<double> values,
                          std::optional<mlir::ArrayAttr> exact = {}) {
  host::Constants list(std::vector<double>(values.begin(), values.end()));
  if (exact)
    for (mlir::Attribute text : *exact)
      list.exact.push_back(
          host::Number::parse(llvm::cast<mlir::StringAttr>(text).getValue())
              .value_or(host::Number()));
  return list;
}

void setWindow(host::Op &op, llvm::ArrayRef<int64_t> kernel,
               llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads) {
  op.kernelH = kernel[0], op.kernelW = kernel[1];
  op.strideH = strides[0], op.strideW = strides[1];
  op.padTop = pads[0], op.padLeft = pads[1];
  op.padBottom = pads[2], op.padRight = pads[3];
}

std::vector<double> realsOf(mlir::ElementsAttr attr) {
  auto values = attr.getValues<double>();
  return {values.begin(), values.end()};
}
} // namespace

host::Op hostOp(mlir::Operation *op) {
  host::Op out;
  out.in = shapeOf(op->getOperand(0));
  out.out = shapeOf(op->getResult(0));
  llvm::TypeSwitch<mlir::Operation *>(op)
      .Case<ToRealOp, AffineOp>([&](auto x) {
        out.kind = llvm::isa<ToRealOp>(op) ? Kind::ToReal : Kind::Affine;
        out.scale = constants(x.getScale(), x.getExactScale());
        out.shift = constants(x.getShift(), x.getExactShift());
        if (auto terms =
                op->template getAttrOfType<mlir::FloatAttr>(floatTerms))
          out.terms = terms.getValueAsDouble();
      })
      .Case([&](PReluOp x) {
        out.kind = Kind::PRelu;
        out.scale = constants(x.getSlope());
      })
      .Case([&](ClipOp x) {
        out.kind = Kind::Clip;
        out.min = x.getMin().convertToDouble();
        out.max = x.getMax().convertToDouble();
      })
      .Case([&](RealConvOp x) {
        out.kind = Kind::Conv;
        out.weights = realsOf(x.getWeight());
        auto weight = llvm::cast<mlir::ShapedType>(x.getWeight().getType());
        setWindow(out, weight.getShape().drop_front(2), x.getStrides(),
                  x.getPads());
      })
      .Case([&](MaxPoolOp x) {
        out.kind = Kind::MaxPool;
        setWindow(out, x.getKernel(), x.getStrides(), x.getPads());
      })
      .Case([&](ReduceOp x) {
        out.kind = x.getKind() == "sum"    ? Kind::Sum
                   : x.getKind() == "mean" ? Kind::Mean
                                           : Kind::Max;
      })
      .Case([&](SumOp) { out.kind = Kind::Sum; })
      .Case([&](AddOp) { out.kind = Kind::Add; })
      .Case([&](ConcatOp) { out.kind = Kind::Concat; })
      .Case([&](DecideOp x) {
        out.kind = Kind::Quantise;
        out.cuts = realsOf(x.getCuts());
        for (int64_t flag : x.getInclusive())
          out.inclusive.push_back(flag);
        out.first = double(int64_t(x.getFirst()));
        out.step = double(int64_t(x.getStep()));
      })
      .Case([&](SoftmaxOp) { out.kind = Kind::Softmax; })
      .Case([&](LogSoftmaxOp) { out.kind = Kind::LogSoftmax; })
      .Case([&](SigmoidOp) { out.kind = Kind::Sigmoid; })
      .Case([&](TanhOp) { out.kind = Kind::Tanh; })
      .Case([&](ArgmaxOp x) {
        out.kind = Kind::ArgMax;
        out.axis = int(x.getAxis());
        out.lastIndex = x.getLast();
      })
      .Case([&](ReshapeOp) { out.kind = Kind::Reshape; })
      .Case([&](GatherOp x) {
        out.kind = Kind::Gather;
        out.from.assign(x.getFrom().begin(), x.getFrom().end());
      });
  return out;
}

} // namespace bnncc::bnn
