// Confidence sequences: that they are what their formula says, that they hold at every time at once
// as often as stated, of losses and of what audits say of them, and that they close.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/seed.h"
#include "stats/evidence.h"

namespace rondo::stats {
namespace {

constexpr int kPaths = 2'000;

/// No more than so many of the paths may be wrong: what is stated and three standard deviations of
/// a binomial count.
int most_wrong(double error) {
  return static_cast<int>(kPaths * error + 3 * std::sqrt(kPaths * error * (1 - error)));
}

/// max over s <= t of L_s, each from its definition: every sum anew, over x_1 ... x_s.
double by_formula(const std::vector<double>& x, double error, double least) {
  const double price = std::log(1 / error), width = 1 - least;
  double best = 0;
  for (std::size_t end = 1; end <= x.size(); ++end) {
    double won = 0, paid = 0, stakes = 0;
    for (std::size_t t = 1; t <= end; ++t) {
      double sum = 0, deviations = 0.25;
      for (std::size_t i = 1; i < t; ++i) {
        sum += x[i - 1];
        const double h = (0.5 + sum) / static_cast<double>(i + 1);
        deviations += (x[i - 1] - h) * (x[i - 1] - h) / (width * width);
      }
      const double n = static_cast<double>(t), mean = t > 1 ? std::min(1.0, sum / (n - 1)) : 0;
      const double stake = std::min(
          0.5, std::sqrt(2 * price / (n * std::log(1 + n) * deviations / n)));
      won += stake * x[t - 1] / width;
      stakes += stake / width;
      const double moved = (x[t - 1] - mean) / width;
      paid += moved * moved * (-std::log(1 - stake) - stake);
    }
    best = std::max(best, (won - price - paid) / stakes);
  }
  return best;
}

TEST(ConfidenceSequence, IsWhatTheFormulaSays) {
  for (const double least : {0.0, -0.7}) {
    Chance chance(Seed{5});
    ConfidenceSequence sequence(0.05);
    std::vector<double> x;
    for (int t = 0; t < 60; ++t) {
      x.push_back(least + (1.2 - least) * std::sqrt(chance.uniform()));
      sequence.add(x.back(), least);
      ASSERT_NEAR(sequence.lower(), by_formula(x, 0.05, least), 1e-9) << t;
    }
    EXPECT_GT(sequence.lower(), 0);
  }
}

// t = 1: lambda = min(1/2, sqrt(2 ln(1/a) / (ln 2 / 4))) = 1/2, m_0 = 0, psi(1/2) = ln 2 - 1/2.
TEST(ConfidenceSequence, FirstStepWorkedByHand) {
  ConfidenceSequence sequence(0.9);
  sequence.add(1);
  const double want = (0.5 - std::log(1 / 0.9) - (std::log(2) - 0.5)) / 0.5;
  EXPECT_NEAR(sequence.lower(), want, 1e-15);
}

/// Paths on which the lower bound was ever above the mean, and the mean last bound.
struct Followed {
  int wrong = 0;
  double bound = 0;
};
Followed follow(double mean, double error, const std::function<double(Chance&)>& draw) {
  Followed out;
  for (std::uint64_t seed = 1; seed <= kPaths; ++seed) {
    Chance chance(Seed{seed});
    ConfidenceSequence sequence(error);
    for (int i = 0; i < 400; ++i) sequence.add(draw(chance));
    out.wrong += sequence.lower() > mean ? 1 : 0;
    out.bound += sequence.lower() / kPaths;
  }
  return out;
}

// lower() is a running maximum, so the last one is above the mean if any was.
TEST(ConfidenceSequence, HoldsAtAllTimesAndCloses) {
  const Followed coins = follow(0.3, 0.1, [](Chance& c) { return c.uniform() < 0.3 ? 1.0 : 0.0; });
  EXPECT_LE(coins.wrong, most_wrong(0.1));
  EXPECT_GE(coins.bound, 0.2);
  const Followed even = follow(0.5, 0.1, [](Chance& c) { return c.uniform(); });
  EXPECT_LE(even.wrong, most_wrong(0.1));
  EXPECT_GE(even.bound, 0.43);
}

TEST(MeanSequence, BothSidesAndRestored) {
  MeanSequence sequence(0.05);
  Chance chance(Seed{4});
  for (int i = 0; i < 2000; ++i) sequence.add(0.4 + 0.2 * chance.uniform());
  EXPECT_LT(sequence.bounds().low, 0.5);
  EXPECT_GT(sequence.bounds().low, 0.47);
  EXPECT_GT(sequence.bounds().high, 0.5);
  EXPECT_LT(sequence.bounds().high, 0.53);
  const auto again = MeanSequence::restore(0.05, Json::parse(sequence.state().dump()));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->bounds().high, sequence.bounds().high);
  EXPECT_FALSE(MeanSequence::restore(0.05, Json::array({1})));
}

/// A window of an audit: f + (xi/pi)(loss - f), and what that can be. Half of the windows are of
/// rows of which a twentieth is wrong, asked as good as always; of the others a third is, and who
/// is asked stands for ten. So what can be said goes along with what is lost, .2 on average.
struct Audited {
  double z = 0;
  Range range;
};
Audited audited_window(Chance& chance) {
  const bool doubtful = chance.uniform() < 0.5;
  const double f = doubtful ? 0.35 : 0.05, asked = doubtful ? 0.1 : 0.8;
  const double loss = chance.uniform() < f ? 1 : 0;
  const double z = f + (chance.uniform() < asked ? (loss - f) / asked : 0);
  return {z, {f - f / asked, f + (1 - f) / asked}};
}

TEST(MeanSequence, OfAuditsHoldsAtAllTimesAndCloses) {
  int low = 0, high = 0;
  double least = 0, most = 0;
  for (std::uint64_t seed = 1; seed <= kPaths; ++seed) {
    Chance chance(Seed{seed});
    MeanSequence sequence(0.05);
    Fence fence;
    for (int i = 0; i < 600; ++i) {
      const Audited one = audited_window(chance);
      if (const auto kept = fence.take(one.z, one.range)) sequence.add(*kept);
    }
    low += sequence.bounds().low > 0.2 ? 1 : 0;
    high += sequence.bounds().high < 0.2 ? 1 : 0;
    least += sequence.bounds().low / kPaths;
    most += sequence.bounds().high / kPaths;
  }
  RecordProperty("wrong", low + high);
  EXPECT_LE(low + high, most_wrong(0.05)) << low << " and " << high;
  EXPECT_GT(least, 0.05);
  EXPECT_LT(most, 0.42);
}

TEST(Fence, IsThePastsHalfAsFarAgain) {
  Fence fence;
  EXPECT_FALSE(fence.take(0.3, {-1, 3})) << "the first one proves nothing";
  const auto within = fence.take(0.4, {-1.5, 4});
  ASSERT_TRUE(within);
  EXPECT_EQ(within->range.least, -1.5);
  EXPECT_EQ(within->range.most, 4);
  EXPECT_EQ(within->low, 0.4);
  EXPECT_EQ(within->high, 0.4);
  auto again = Fence::restore(Json::parse(fence.state().dump()));
  ASSERT_TRUE(again);
  const auto beyond = again->take(0.4, {-3, 5});
  EXPECT_EQ(beyond->low, -2.25) << "it could have been lower than was said";
  EXPECT_EQ(beyond->high, 0.4);
  const auto above = again->take(0.4, {0, 9});
  EXPECT_EQ(above->low, 0.4);
  EXPECT_EQ(above->high, 7) << "and this one higher";
  EXPECT_FALSE(Fence::restore(Json::array({1})));
}

}  // namespace
}  // namespace rondo::stats
