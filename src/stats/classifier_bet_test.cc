// A correlation that breaks while every column keeps its law: how soon it is found, and that
// nothing is found where nothing broke, or where rows of a window go together by nature.
#include "stats/classifier_bet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/seed.h"
#include "stats/intervals.h"

namespace rondo::stats {
namespace {

constexpr std::size_t kColumns = 6, kBins = 20;
constexpr double kGranted = 1.0 / 20'000;

/// Normal columns, the first two of which correlate by `rho`, as bins of equal shares.
std::vector<std::uint8_t> row_of(Chance& chance, double rho, double shift = 0) {
  std::vector<std::uint8_t> bins;
  double first = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    double x = chance.normal();
    if (i == 1) x = rho * first + std::sqrt(1 - rho * rho) * x;
    if (i == 0) first = x;
    bins.push_back(static_cast<std::uint8_t>(
        std::min(kBins - 1.0, std::floor(kBins * normal_cdf(x + shift)))));
  }
  return bins;
}

BinnedSample sample_of(Chance& chance, std::size_t rows) {
  BinnedSample sample;
  sample.scores.assign(kColumns, normal_scores(std::vector<std::uint64_t>(kBins, 50)));
  for (std::size_t i = 0; i < rows; ++i) {
    for (const std::uint8_t bin : row_of(chance, 0.8)) sample.bins.push_back(bin);
  }
  return sample;
}

/// Rows until the alarm; 0: none in `rows`.
std::size_t delay(std::uint64_t seed, double rho, std::size_t rows, std::size_t before = 1'000) {
  Chance chance(Seed{seed});
  ClassifierEvidence evidence(sample_of(chance, 4'000));
  for (std::size_t i = 0; i < before + rows; ++i) {
    evidence.add(row_of(chance, i < before ? 0.8 : rho));
    evidence.close(kGranted);
    if (evidence.value() >= 1) return i < before ? 1 : i + 1 - before;
  }
  return 0;
}

TEST(ClassifierEvidence, ABrokenCorrelationIsFound) {
  std::vector<std::size_t> flipped, weaker;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    flipped.push_back(delay(seed, -0.8, 2'000));
    weaker.push_back(delay(seed, 0.4, 6'000));
  }
  EXPECT_EQ(std::ranges::count(flipped, 0U), 0) << "each within 2,000 rows";
  EXPECT_GT(std::ranges::min(flipped), 100U) << "and none before it was there";
  std::ranges::sort(weaker);
  EXPECT_GT(weaker.front(), 0U);
  EXPECT_LT(weaker[7], 3'000U);
}

/// 15 x 20,000 rows at one false alarm in 20,000: what is granted is an upper bound.
TEST(ClassifierEvidence, NothingIsFoundWhereNothingBroke) {
  int alarms = 0;
  for (std::uint64_t seed = 100; seed < 115; ++seed) alarms += delay(seed, 0.8, 19'000) > 0 ? 1 : 0;
  EXPECT_LE(alarms, 2);
}

TEST(ClassifierEvidence, NamesThePairThatBroke) {
  Chance chance(Seed{3});
  ClassifierEvidence evidence(sample_of(chance, 4'000));
  EXPECT_FALSE(evidence.outside());
  for (int i = 0; i < 3'000; ++i) {
    evidence.add(row_of(chance, -0.8));
    evidence.close(kGranted);
  }
  EXPECT_TRUE(evidence.outside());
  const ClassifierEvidence::Pair pair = evidence.strongest();
  EXPECT_EQ(pair.first, 0U);
  EXPECT_EQ(pair.second, 1U);
  EXPECT_NEAR(pair.before, 0.65, 0.1);  // products of scores that are cut at 3
  EXPECT_NEAR(pair.now, -0.5, 0.2);     // half of it still is of before
}

/// Days whose means differ, in the sample as live: a warm day is no shift.
TEST(ClassifierEvidence, DaysOfTheSampleWidenTheBound) {
  const auto alarms = [](bool told) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Chance chance(Seed{seed});
      BinnedSample sample = sample_of(chance, 0);
      for (int day = 0; day < 500; ++day) {
        const double warm = std::sin(day / 40.0);
        for (int i = 0; i < 10; ++i) {
          for (const std::uint8_t bin : row_of(chance, 0.8, warm)) sample.bins.push_back(bin);
          if (told) sample.windows.push_back(day);
        }
      }
      ClassifierEvidence evidence(sample);
      for (int day = 500; day < 800; ++day) {
        for (int i = 0; i < 40; ++i) {
          evidence.add(row_of(chance, 0.8, std::sin(day / 40.0)));
          if (!told) evidence.close(0.4 / 365 / 40);
        }
        if (told) evidence.close(0.4 / 365);
        if (evidence.value() < 1) continue;
        ++found;
        evidence.restart();
      }
    }
    return found;
  };
  EXPECT_EQ(alarms(true), 0);
  EXPECT_GT(alarms(false), 0) << "as it would be without the days";
}

TEST(ClassifierEvidence, ARestoredOneGoesOnWithTheSameBits) {
  Chance chance(Seed{5});
  const BinnedSample sample = sample_of(chance, 1'000);
  ClassifierEvidence one(sample);
  for (int i = 0; i < 1'300; ++i) {
    one.add(row_of(chance, 0.3));
    one.close(kGranted);
  }
  ClassifierEvidence other(sample);
  const Json state = Json::parse(one.state().dump());
  ASSERT_TRUE(other.read(state));
  for (int i = 0; i < 1'300; ++i) {
    const auto row = row_of(chance, 0.3);
    one.add(row);
    other.add(row);
    one.close(kGranted);
    other.close(kGranted);
  }
  EXPECT_EQ(one.state(), other.state());
  EXPECT_GT(one.value(), kGranted);
  for (const char* key : {"seen", "stake", "bets", "bound"}) {
    Json broken = state;
    broken.erase(key);
    EXPECT_FALSE(other.read(broken)) << key;
  }
  EXPECT_FALSE(ClassifierEvidence(sample_of(chance, 300)).read(Json::array()));
}

TEST(ClassifierEvidence, ScoresRiseAndSamplesAreChecked) {
  const std::uint64_t counts[] = {1, 0, 98, 1};
  const std::vector<double> scores = normal_scores(counts);
  EXPECT_TRUE(std::ranges::is_sorted(scores));
  EXPECT_NEAR(scores[2], 0, 1e-12);
  EXPECT_NEAR(scores[0], normal_quantile(0.005), 1e-12);
  Chance chance(Seed{1});
  BinnedSample sample = sample_of(chance, 200);
  EXPECT_TRUE(ClassifierEvidence::usable(sample));
  sample.bins[7] = kBins;
  EXPECT_FALSE(ClassifierEvidence::usable(sample)) << "a bin that no score is known of";
  EXPECT_FALSE(ClassifierEvidence::usable(sample_of(chance, 199)));
  EXPECT_FALSE(ClassifierEvidence::usable({}));
}

}  // namespace
}  // namespace rondo::stats
