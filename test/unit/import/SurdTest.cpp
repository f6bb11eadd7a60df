//===- SurdTest.cpp -------------------------------------------------------===//
//
// Sums of square roots keep their exact sign, floor and zero.
//
//===----------------------------------------------------------------------===//

#include "Surd.h"
#include <cmath>
#include <gtest/gtest.h>

using bnncc::reference::Surd;

namespace {

Surd root(double n) { return *Surd(n).squareRoot(); }

TEST(Surd, RootsOfSquaresAreRational) {
  EXPECT_TRUE(root(0x1p-40).isRational());
  EXPECT_EQ((root(2.25) - Surd(1.5)).sign(), 0);
  EXPECT_FALSE(root(2).isRational());
}

TEST(Surd, DependentRootsCancel) {
  // sqrt(8) = 2 sqrt(2), sqrt(12) sqrt(3) = 6, sqrt(1/2) = sqrt(2) / 2
  EXPECT_EQ((root(8) - root(2) * Surd(2.0)).sign(), 0);
  EXPECT_EQ((root(12) * root(3) - Surd(6.0)).sign(), 0);
  EXPECT_EQ((root(0.5) - root(2) * Surd(0.5)).sign(), 0);
  EXPECT_EQ((root(2) * root(3) - root(6)).sign(), 0);
}

TEST(Surd, SignOfCloseRoots) {
  // sqrt(n + 1) - sqrt(n) - 1 / (2 sqrt(n)) is about -n^-1.5 / 8.
  Surd n(0x1p52 + 1);
  Surd difference = *(n + Surd(1.0)).squareRoot() - *n.squareRoot() -
                    *Surd(0.5).dividedBy(*n.squareRoot());
  EXPECT_EQ(difference.sign(), -1);
}

TEST(Surd, DividesByOneRoot) {
  Surd divisor = Surd(3.0) - root(2);
  std::optional<Surd> quotient = Surd(7.0).dividedBy(divisor);
  ASSERT_TRUE(quotient); // 7 / (3 - sqrt 2) = 3 + sqrt 2
  EXPECT_EQ((*quotient - Surd(3.0) - root(2)).sign(), 0);
  EXPECT_FALSE(Surd(1.0).dividedBy(root(2) + root(3)));
  EXPECT_FALSE(Surd(1.0).dividedBy(root(2) - root(2)));
}

TEST(Surd, Floor) {
  EXPECT_EQ(root(2).floor(), 1);
  EXPECT_EQ((-root(2)).floor(), -2);
  EXPECT_EQ(Surd(-3.0).floor(), -3);
  // 2^60 sqrt(1 + 2^-51) = 2^60 + 2^8 - 2^-44 ...
  EXPECT_EQ((root(0x1p60 + 512) * Surd(0x1p30)).floor(),
            (mpz_class(1) << 60) + 255);
}

TEST(Surd, ToDoubleBoundsItsError) {
  double error;
  EXPECT_EQ(Surd(0.1).toDouble(error), 0.1);
  EXPECT_EQ(error, 0);
  double value = (root(3) - root(2)).toDouble(error);
  EXPECT_NEAR(value, std::sqrt(3.0) - std::sqrt(2.0), 1e-15);
  EXPECT_GT(error, 0);
  EXPECT_LT(error, 1e-15);
}

TEST(Surd, NoRootOfNegatives) {
  EXPECT_FALSE(Surd(-1.0).squareRoot());
  EXPECT_FALSE(root(2).squareRoot());
}

} // namespace
