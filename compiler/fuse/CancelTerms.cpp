// bnn-cancel-terms: sums whose terms cancel, as straight-through estimators
// leave them: sign(x) - clip(x) + clip(x) -> sign(x).

#include "fuse/Graph.h"
#include "fuse/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <gmpxx.h>
#include <map>

using llvm::ArrayRef;
using llvm::StringRef;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

#define GEN_PASS_DEF_CANCELTERMS
#include "fuse/Passes.h.inc"

namespace {

/// A product: an atom (a value, or 1) times constant tensors and inverses of
/// such. Values are equal if their numbers are.
struct Product {
  int atom = One;
  llvm::SmallVector<int, 2> factors; ///< sorted; ~n is the inverse of n

  static constexpr int One = -1;
  bool operator<(const Product &other) const {
    return std::tie(atom, factors) < std::tie(other.atom, other.factors);
  }
};

/// A linear combination of products.
using Sum = std::map<Product, mpq_class>;

constexpr size_t mostTerms = 32; ///< or factors: beyond, a value is an atom
constexpr size_t mostBits = 512; ///< of a coefficient

class Canceller {
public:
  explicit Canceller(mlir::MLIRContext *context) : builder(context) {}
  void run(mlir::func::FuncOp func);

private:
  /// A value, or how to make it: `like` on another atom's value.
  struct Atom {
    Value value;
    Operation *like = nullptr;
    int operand = Product::One;
  };

  int numberOf(Value value);
  int numberOf(ArrayRef<const void *> key, Atom atom);
  void visit(Operation *op);
  std::optional<Sum> sumOf(Operation *op, bool &cancels);
  std::optional<Sum> scaled(Operation *op);
  std::optional<Sum> moved(Operation *op);
  Value signOfClip(Operation *op);
  Value materialize(int atom);
  Value build(Operation *op, const Sum &sum);
  const Sum &formOf(Value value);

  bool isConstantValue(Value value) const { return constants.contains(value); }
  std::optional<mpq_class> splatOf(Value value) const;

  mlir::OpBuilder builder;
  std::map<std::vector<const void *>, int> numbers;
  llvm::DenseMap<Value, int> numberOfValue;
  std::vector<Atom> atoms;
  llvm::DenseMap<Value, Sum> forms;
  llvm::DenseSet<Value> constants;
  /// Values of real arithmetic: constants, and what lies behind a convolution
  /// or matrix product. Before the first of those, float32 is the meaning and
  /// nothing cancels.
  llvm::DenseSet<Value> reals;
};

RankedTensorType typeOf(Value value) {
  return llvm::dyn_cast<RankedTensorType>(value.getType());
}

// Equal operations on equal operands have equal results.
int Canceller::numberOf(Value value) {
  if (auto it = numberOfValue.find(value); it != numberOfValue.end())
    return it->second;
  std::vector<const void *> key;
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumResults() != 1) {
    key = {value.getAsOpaquePointer()};
  } else {
    key = {op->getName().getAsOpaquePointer(),
           op->getAttrDictionary().getAsOpaquePointer(),
           value.getType().getAsOpaquePointer()};
    for (Value operand : op->getOperands())
      key.push_back(reinterpret_cast<const void *>(
          uintptr_t(numberOf(operand)) * 2 + 1));
  }
  int number = numberOf(key, {value});
  return numberOfValue[value] = number;
}

int Canceller::numberOf(ArrayRef<const void *> key, Atom atom) {
  auto [it, isNew] = numbers.try_emplace(key.vec(), int(atoms.size()));
  if (isNew)
    atoms.push_back(atom);
  return it->second;
}

// The one number of a constant, if it is one.
std::optional<mpq_class> Canceller::splatOf(Value value) const {
  Operation *op = value.getDefiningOp();
  auto dense = isOnnx(op, "Constant")
                   ? op->getAttrOfType<mlir::DenseElementsAttr>("value")
                   : mlir::DenseElementsAttr();
  if (!dense || !dense.isSplat() ||
      !llvm::isa<mlir::FloatType>(dense.getElementType()))
    return std::nullopt;
  llvm::APFloat number = dense.getSplatValue<llvm::APFloat>();
  bool lost;
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  if (!number.isFinite())
    return std::nullopt;
  return mpq_class(number.convertToDouble());
}

const Sum &Canceller::formOf(Value value) {
  auto it = forms.find(value);
  if (it != forms.end())
    return it->second;
  Sum sum;
  if (auto number = splatOf(value)) {
    if (*number != 0)
      sum[Product()] = *number;
  } else {
    sum[Product{numberOf(value), {}}] = 1;
  }
  return forms[value] = std::move(sum);
}

// a + b, a - b: `cancels` says whether terms have vanished.
std::optional<Sum> Canceller::sumOf(Operation *op, bool &cancels) {
  auto type = typeOf(op->getResult(0));
  for (Value operand : op->getOperands())
    if (!isConstantValue(operand) && typeOf(operand) != type)
      return std::nullopt; // broadcast: not a sum of like values
  Sum sum = formOf(op->getOperand(0)), other = formOf(op->getOperand(1));
  for (auto &[product, factor] : other) {
    mpq_class &total = sum[product];
    total += opType(op) == "Sub" ? mpq_class(-factor) : factor;
    if (total == 0) {
      sum.erase(product);
      cancels = true;
    }
  }
  return sum;
}

// -a, a * c, a / c
std::optional<Sum> Canceller::scaled(Operation *op) {
  StringRef name = opType(op);
  Value data = op->getOperand(0), constant;
  if (name != "Neg") {
    constant = op->getOperand(1);
    if (name == "Mul" && isConstantValue(data))
      std::swap(data, constant);
    if (!isConstantValue(constant) ||
        typeOf(data).getShape() != typeOf(op->getResult(0)).getShape())
      return std::nullopt;
  }
  std::optional<mpq_class> number =
      name == "Neg" ? std::optional<mpq_class>(-1) : splatOf(constant);
  if (number && *number == 0)
    return std::nullopt;
  int factor = number ? 0 : numberOf(constant);
  Sum result;
  for (auto &[before, multiple] : formOf(data)) {
    Product product = before;
    mpq_class coefficient = multiple;
    if (number) {
      coefficient = name == "Div" ? mpq_class(coefficient / *number)
                                  : mpq_class(coefficient * *number);
    } else {
      product.factors.push_back(name == "Div" ? ~factor : factor);
      llvm::sort(product.factors);
    }
    // Long chains of factors are no idiom, and their numbers grow with them.
    if (product.factors.size() > mostTerms ||
        mpz_sizeinbase(coefficient.get_num_mpz_t(), 2) +
                mpz_sizeinbase(coefficient.get_den_mpz_t(), 2) >
            16384)
      return std::nullopt;
    result[product] = coefficient;
  }
  return result;
}

// move(a + b) -> move(a) + move(b)
std::optional<Sum> Canceller::moved(Operation *op) {
  Sum result;
  mlir::Type type = op->getResult(0).getType();
  for (auto &[product, coefficient] : formOf(op->getOperand(0))) {
    if (!product.factors.empty())
      return std::nullopt;
    Product next;
    if (product.atom != Product::One) {
      std::vector<const void *> key = {
          op->getName().getAsOpaquePointer(),
          op->getAttrDictionary().getAsOpaquePointer(),
          type.getAsOpaquePointer(),
          reinterpret_cast<const void *>(uintptr_t(product.atom) * 2 + 1)};
      next.atom = numberOf(key, {Value(), op, product.atom});
    }
    result[next] = coefficient;
  }
  return result;
}

// c + (s - c), c - (c - s) -> s in float arithmetic, too, where c = clip(x, -1, 1)
// and s = +/-1 is the sign of x: of 0 <= c <= 1, 1 - c is rounded by at most a
// quarter of the spacing above 1, half of the one below, and the tie goes to 1.
Value Canceller::signOfClip(Operation *op) {
  auto numberIs = [this](Value value, int number) {
    auto splat = value ? splatOf(value) : std::nullopt;
    return splat && *splat == number;
  };
  auto isClip = [&](Value value) {
    Operation *clip = value.getDefiningOp();
    return isOnnx(clip, "Clip") && clip->getNumOperands() == 3 &&
           numberIs(clip->getOperand(1), -1) && numberIs(clip->getOperand(2), 1);
  };
  auto isSignOf = [&](Value sign, Value x) {
    Operation *s = sign.getDefiningOp();
    if (isOnnx(s, "Sign"))
      return numberOf(s->getOperand(0)) == numberOf(x);
    if (isOnnx(s, "BipolarQuant"))
      return numberOf(s->getOperand(0)) == numberOf(x) &&
             numberIs(s->getOperand(1), 1);
    if (!isOnnx(s, "Where"))
      return false;
    Operation *test = s->getOperand(0).getDefiningOp();
    if (!test || test->getNumOperands() != 2 ||
        numberOf(test->getOperand(0)) != numberOf(x) ||
        !numberIs(test->getOperand(1), 0))
      return false;
    bool isAbove = opType(test).starts_with("Greater");
    return (isAbove || opType(test).starts_with("Less")) &&
           numberIs(s->getOperand(1), isAbove ? 1 : -1) &&
           numberIs(s->getOperand(2), isAbove ? -1 : 1);
  };
  bool adds = opType(op) == "Add";
  for (int i : {0, 1}) {
    Value clip = op->getOperand(i);
    Operation *rest = op->getOperand(1 - i).getDefiningOp();
    if ((i == 1 && !adds) || !isClip(clip) || !isOnnx(rest, "Sub"))
      continue;
    Value sign = rest->getOperand(adds ? 0 : 1);
    if (numberOf(rest->getOperand(adds ? 1 : 0)) == numberOf(clip) &&
        isSignOf(sign, clip.getDefiningOp()->getOperand(0)) &&
        sign.getType() == op->getResult(0).getType())
      return sign;
  }
  return {};
}

Value Canceller::materialize(int number) {
  Atom atom = atoms[number];
  if (!atom.value) {
    mlir::IRMapping mapping;
    mapping.map(atom.like->getOperand(0), materialize(atom.operand));
    atom.value = builder.clone(*atom.like, mapping)->getResult(0);
    if (constants.contains(atom.like->getResult(0)))
      constants.insert(atom.value);
    reals.insert(atom.value);
    atoms[number].value = atom.value;
    numberOfValue[atom.value] = number;
  }
  return atom.value;
}

// The sum as operations; null if it has no term with an atom, or a coefficient
// that no float64 holds.
Value Canceller::build(Operation *op, const Sum &sum) {
  auto isDouble = [](const mpz_class &n) {
    return mpz_sizeinbase(n.get_mpz_t(), 2) <= 53;
  };
  bool any = false;
  for (auto &[product, coefficient] : sum) {
    if (!isDouble(coefficient.get_num()) || !isDouble(coefficient.get_den()))
      return {};
    any |= product.atom != Product::One;
  }
  if (!any)
    return {};
  builder.setInsertionPoint(op);
  mlir::Location loc = op->getLoc();
  mlir::Type type = op->getResult(0).getType();
  Value total;
  auto apply = [&](StringRef name, Value left, Value right) {
    Value value = createOnnx(builder, loc, name, type, {left, right});
    reals.insert(value);
    return value;
  };
  auto scalar = [&](const mpz_class &number) {
    Value value = createScalar(builder, loc, number.get_d());
    constants.insert(value);
    return value;
  };
  auto times = [&](Value value, const mpq_class &factor) {
    if (factor.get_num() != 1)
      value = apply("Mul", value, scalar(factor.get_num()));
    if (factor.get_den() != 1)
      value = apply("Div", value, scalar(factor.get_den()));
    return value;
  };
  // Values of the result's type first: the others broadcast to it.
  llvm::SmallVector<const Sum::value_type *> terms;
  for (auto &term : sum)
    terms.push_back(&term);
  auto isLate = [&](const Sum::value_type *term) {
    return term->first.atom == Product::One ||
           materialize(term->first.atom).getType() != type;
  };
  llvm::stable_sort(terms, [&](auto *a, auto *b) {
    return isLate(a) < isLate(b);
  });
  if (isLate(terms.front()))
    return {};
  for (auto *term : terms) {
    auto &[product, coefficient] = *term;
    if (product.atom == Product::One && product.factors.empty()) {
      Value number = scalar(coefficient.get_num());
      if (coefficient.get_den() != 1)
        number = createOnnx(builder, loc, "Div", number.getType(),
                            {number, scalar(coefficient.get_den())});
      total = apply("Add", total, number);
      continue;
    }
    Value value = product.atom == Product::One ? Value()
                                               : materialize(product.atom);
    if (!value)
      return {}; // a constant tensor alone: it was an atom
    for (int factor : product.factors)
      value = apply(factor < 0 ? "Div" : "Mul", value,
                    materialize(factor < 0 ? ~factor : factor));
    value = times(value, coefficient);
    total = total ? apply("Add", total, value) : value;
  }
  return total;
}

void Canceller::visit(Operation *op) {
  Value result = op->getResult(0);
  StringRef name = opType(op);
  bool isAccumulation = name == "Conv" || name == "MatMul";
  auto isReal = [this](Value value) {
    return isConstantValue(value) || reals.contains(value) ||
           llvm::isa<mlir::NoneType>(value.getType());
  };
  if (isOnnx(op, "Constant") ||
      (op->getNumOperands() && llvm::all_of(op->getOperands(), [&](Value v) {
         return isConstantValue(v);
       })))
    constants.insert(result);
  if (isAccumulation || llvm::all_of(op->getOperands(), isReal))
    reals.insert(result);
  auto type = typeOf(result);
  bool isSum = name == "Add" || name == "Sub";
  if (isSum && type && type.getElementType().isF32())
    if (Value sign = signOfClip(op)) {
      result.replaceAllUsesWith(sign);
      return;
    }
  if (!reals.contains(result) || isAccumulation || !type ||
      !llvm::isa<mlir::FloatType>(type.getElementType()))
    return;
  std::optional<Sum> sum;
  bool cancels = false;
  if (isSum)
    sum = sumOf(op, cancels);
  else if (name == "Neg" || name == "Mul" || name == "Div")
    sum = scaled(op);
  else if (name == "Reshape" || name == "Transpose")
    sum = moved(op);
  if (!sum || sum->size() > mostTerms ||
      llvm::any_of(*sum, [](auto &term) {
        return mpz_sizeinbase(term.second.get_num_mpz_t(), 2) > mostBits ||
               mpz_sizeinbase(term.second.get_den_mpz_t(), 2) > mostBits;
      }))
    return;
  if (cancels)
    if (Value value = build(op, *sum)) {
      forms[value] = *sum;
      if (constants.contains(result))
        constants.insert(value);
      result.replaceAllUsesWith(value);
      return;
    }
  forms[result] = std::move(*sum);
}

void Canceller::run(mlir::func::FuncOp func) {
  llvm::SmallVector<Operation *> ops;
  for (Operation &op : func.front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : ops)
    if (op->getNumResults() == 1) {
      visit(op);
      numberOf(op->getResult(0)); // operands first, so that none recurses
    }
  // What only the cancelled terms needed.
  ops.clear();
  for (Operation &op : func.front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty())
      op->erase();
}

struct CancelTermsPass : impl::CancelTermsBase<CancelTermsPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<mlir::func::FuncOp>())
      if (!func.empty())
        Canceller(&getContext()).run(func);
  }
};
} // namespace

} // namespace bnncc
