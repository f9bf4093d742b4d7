// What a column is measured by, by each convention: by hand where a hand suffices, else against the
// tool named beside the number.
#include "monitor/drift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "monitor/drift_like.h"
#include "stats/samples.h"

namespace rondo::monitor {
namespace {

using table::ColumnBuilder;
using table::Type;

std::shared_ptr<const table::Column> numbers(const std::vector<double>& values,
                                             std::size_t missing = 0, Type type = Type::kNumber) {
  ColumnBuilder column(type);
  for (const double value : values) {
    if (type == Type::kNumber) column.number(value);
    else column.integer(static_cast<std::int64_t>(value));
  }
  for (std::size_t i = 0; i < missing; ++i) column.null();
  return column.finish();
}

/// "a" so many times, then "b", ..
std::shared_ptr<const table::Column> letters(const std::vector<std::size_t>& counts,
                                             Type type = Type::kCategory) {
  ColumnBuilder column(type);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (std::size_t n = 0; n < counts[i]; ++n) {
      column.text(std::string(1, static_cast<char>('a' + i)));
    }
  }
  return column.finish();
}

std::vector<double> steps(std::size_t count, double from, double by) {
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = from + by * static_cast<double>(i);
  return out;
}

Distance by(Convention like, const std::shared_ptr<const table::Column>& reference,
            const std::shared_ptr<const table::Column>& current) {
  return distance_of(two_samples(*reference, *current, Texts::kValues), {like, {}});
}

TEST(Drift, ConventionsByName) {
  for (const Convention like : {Convention::kOwn, Convention::kEvidently, Convention::kNannyml,
                                Convention::kTfdv}) {
    EXPECT_EQ(convention_from(name_of(like)), like);
  }
  EXPECT_FALSE(convention_from("whylogs"));
}

TEST(Drift, TheSameRowsMoveNowhere) {
  const auto column = numbers(steps(500, 0, 0.37), 20);
  for (const Convention like : {Convention::kOwn, Convention::kEvidently, Convention::kNannyml,
                                Convention::kTfdv}) {
    const Distance distance = by(like, column, column);
    EXPECT_NEAR(distance.value.value(), like == Convention::kEvidently ? 1 : 0, 1e-7);
    EXPECT_FALSE(distance.moved) << name_of(like);
  }
}

// 500 rows in 20 bins of 25; 25 rows of 500 are missing then, so each bin keeps 95 %.
TEST(Drift, OwnBinsHoldAlikeOfTheReferenceAndMissingIsOne) {
  const TwoSamples samples = two_samples(*numbers(steps(500, 0, 1)),
                                         *numbers(steps(475, 0, 1), 25), Texts::kLengths);
  const stats::Binned bins = own_bins(samples);
  ASSERT_EQ(bins.reference.size(), 21U);
  for (std::size_t b = 0; b < 20; ++b) EXPECT_EQ(bins.reference[b], 25);
  EXPECT_EQ(bins.current[0], 25);
  EXPECT_EQ(bins.current[19], 0) << "475 and beyond are gone";
  EXPECT_EQ(bins.reference[20], 0);
  EXPECT_EQ(bins.current[20], 25);
}

TEST(Drift, AValueThatIsFrequentHasABinAlone) {
  std::vector<double> values(300, 0);
  for (const double value : steps(200, 1, 1)) values.push_back(value);
  const stats::Binned bins =
      own_bins(two_samples(*numbers(values), *numbers(values), Texts::kLengths));
  EXPECT_EQ(bins.reference[0], 300);
  EXPECT_EQ(bins.reference[1], 25) << "1 to 25";
}

TEST(Drift, RareValuesShareABin) {
  const stats::Binned bins = own_bins(two_samples(*letters({50, 3, 0, 4}), *letters({40, 2, 30}),
                                                  Texts::kLengths));
  EXPECT_EQ(bins.reference, (std::vector<double>{50, 0, 7}));
  EXPECT_EQ(bins.current, (std::vector<double>{40, 30, 2}));
}

/// Identifiers are all different in both files and say nothing.
TEST(Drift, IdentifiersDoNotMove) {
  ColumnBuilder before(Type::kCategory), after(Type::kCategory);
  for (int i = 0; i < 300; ++i) {
    before.text("id" + std::to_string(i));
    after.text("id" + std::to_string(i + 1000));
  }
  const Distance distance = by(Convention::kOwn, before.finish(), after.finish());
  EXPECT_EQ(distance.value, 0);
  EXPECT_FALSE(distance.moved);
}

TEST(Drift, TextsAreComparedByTheirLengths) {
  ColumnBuilder before(Type::kText), after(Type::kText);
  for (int i = 0; i < 300; ++i) {
    before.text("a line of " + std::to_string(1000 + i));
    after.text("a line " + std::to_string(1000 + i));
  }
  const auto a = before.finish(), b = after.finish();
  const TwoSamples samples = two_samples(*a, *b, Texts::kLengths);
  EXPECT_TRUE(samples.values.empty());
  EXPECT_EQ(samples.reference.values.front(), 14);
  EXPECT_EQ(samples.current.values.back(), 11);
  EXPECT_TRUE(distance_of(samples, {}).moved);
}

/// With many rows chance explains nothing, and the threshold decides; with few rows the reverse.
TEST(Drift, OwnVerdictWantsFarAndCertain) {
  const Distance near = by(Convention::kOwn, letters({50'000, 50'000}), letters({48'000, 52'000}));
  EXPECT_LT(*near.p, 1e-10);
  EXPECT_FALSE(near.moved);
  const Distance unsure = by(Convention::kOwn, letters({10, 10}), letters({14, 6}));
  EXPECT_GT(*unsure.value, kDriftThreshold);
  EXPECT_GT(*unsure.p, kDriftLevel);
  EXPECT_FALSE(unsure.moved);
  EXPECT_TRUE(by(Convention::kOwn, letters({500, 500}), letters({350, 650})).moved);
}

TEST(Drift, WithoutRowsNothingIsMeasured) {
  const auto some = numbers(steps(9, 0, 1)), none = numbers({}), missing = numbers({}, 9);
  EXPECT_FALSE(by(Convention::kOwn, some, none).value);
  for (const Convention like : {Convention::kEvidently, Convention::kNannyml, Convention::kTfdv}) {
    EXPECT_EQ(by(like, some, missing).why, "a file has no value");
  }
  EXPECT_EQ(by(Convention::kOwn, some, missing).value, 1) << "all that was known is missing";
}

TEST(DriftFacts, OfKnownNumbers) {
  const std::vector<double> sorted = steps(101, 0, 1);
  const NumberFacts facts = number_facts(sorted).value();
  EXPECT_NEAR(facts.mean, 50, 1e-12);
  EXPECT_NEAR(facts.deviation, std::sqrt(101.0 * 102 / 12), 1e-12);
  EXPECT_EQ(facts.quantiles, (std::array<double, 5>{5, 25, 50, 75, 95}));
  EXPECT_FALSE(number_facts({}));
}

TEST(DriftFacts, OverlayHoldsEveryRow) {
  const Overlay overlay = overlay_of(two_samples(*numbers(steps(1000, 0, 1)),
                                                 *numbers({-1e9, 5, 1e9}), Texts::kLengths));
  const auto sum = [](const std::vector<double>& counts) {
    return std::accumulate(counts.begin(), counts.end(), 0.0);
  };
  EXPECT_EQ(sum(overlay.reference), 1000);
  EXPECT_EQ(sum(overlay.current), 3);
}

// 1,001 rows and more: the area between 0..1999 and 0..1999 + 100 is 100.
TEST(LikeEvidently, ManyNumbersByWasserstein) {
  const auto before = numbers(steps(2000, 0, 1)), after = numbers(steps(2000, 100, 1));
  const Distance distance = by(Convention::kEvidently, before, after);
  EXPECT_EQ(distance.measure, "wasserstein_normed");
  EXPECT_NEAR(*distance.value, 100 / std::sqrt((2000.0 * 2000 - 1) / 12), 1e-12);
  EXPECT_TRUE(distance.moved);
}

TEST(LikeEvidently, ChoosesByRowsAndValues) {
  const auto measure = [](const auto& a, const auto& b) {
    return by(Convention::kEvidently, a, b).measure;
  };
  EXPECT_EQ(measure(numbers(steps(1000, 0, 1)), numbers(steps(5000, 0, 1))), "ks_p");
  EXPECT_EQ(measure(numbers({1.5, 2, 3, 3}), numbers({1.5, 2})), "chi_square_p");
  EXPECT_EQ(measure(numbers({1.5, 2, 2}), numbers({1.5, 2})), "z_test_p");
  EXPECT_EQ(measure(letters({9, 9, 9}), letters({9, 9})), "chi_square_p");
  EXPECT_EQ(measure(letters({9, 9}), letters({9, 9})), "z_test_p");
  EXPECT_EQ(measure(letters({900, 900}), letters({9, 9})), "jensen_shannon_nats");
  std::vector<double> few = steps(2000, 0, 1);
  for (double& value : few) value = std::fmod(value, 9);
  EXPECT_EQ(measure(numbers(few, 0, Type::kInteger), numbers(few, 0, Type::kInteger)),
            "jensen_shannon_nats") << "ten integers are categories";
  EXPECT_EQ(measure(numbers(few, 1, Type::kInteger), numbers(few, 0, Type::kInteger)),
            "wasserstein_normed") << "but not where pandas holds floats for a gap";
}

// p1 = .5, p2 = .7, P = 120/200: z = .2/sqrt(.24 * 2/100); chi-square as in the tests of stats.
TEST(LikeEvidently, SmallCategories) {
  const Distance two = by(Convention::kEvidently, letters({50, 50}), letters({30, 70}));
  EXPECT_NEAR(*two.value, std::erfc(0.2 / std::sqrt(0.24 * 0.02) / std::numbers::sqrt2), 1e-14);
  const Distance three = by(Convention::kEvidently, letters({10, 20, 30}), letters({30, 20, 10}));
  EXPECT_NEAR(*three.value, std::exp(-(40 + 400.0 / 30) / 2), 1e-20);
  EXPECT_TRUE(three.moved);
  EXPECT_EQ(*by(Convention::kEvidently, letters({40}), letters({30})).value, 1);
}

// numpy 2.4: histogram_bin_edges([1,2,2,3,3,3,4,4,5,20], "doane")
TEST(LikeNannyml, DoanesBins) {
  const std::vector<double> sorted = {1, 2, 2, 3, 3, 3, 4, 4, 5, 20};
  const auto edges = doane_edges(sorted);
  ASSERT_EQ(edges.size(), 8U);
  EXPECT_NEAR(edges[1], 3.71428571, 1e-8);
  EXPECT_EQ(edges.back(), 20);
  EXPECT_EQ(doane_edges(std::vector<double>{7, 7}), (std::vector<double>{6.5, 7.5}));
}

// p = (1/2, 1/2, 0), q = (1/2, 0, 1/2): the divergence is 1/2.
TEST(LikeNannyml, WhatTheReferenceDoesNotKnowIsOneBin) {
  EXPECT_NEAR(*by(Convention::kNannyml, letters({10, 10}), letters({10, 0, 4, 6})).value,
              std::sqrt(0.5), 1e-15);
  const auto before = numbers(steps(100, 0, 1));
  std::vector<double> beyond = steps(100, 0, 1);
  for (const double value : steps(100, 1000, 1)) beyond.push_back(value);
  // Each bin keeps half: 1/2 log2(4/3) + 1/2 (1/2 log2(2/3) + 1/2 log2(2)).
  const double divergence = 0.5 * std::log2(4.0 / 3) + 0.25 * std::log2(2.0 / 3) + 0.25;
  EXPECT_NEAR(*by(Convention::kNannyml, before, numbers(beyond)).value, std::sqrt(divergence),
              1e-14);
}

TEST(LikeTfdv, GreatestDifferenceOfCategories) {
  const Distance distance = by(Convention::kTfdv, letters({60, 40}), letters({50, 40, 10}));
  EXPECT_EQ(distance.measure, "l_infinity");
  EXPECT_NEAR(*distance.value, 0.1, 1e-15);
  EXPECT_TRUE(distance.moved) << "beyond .01";
}

// 0..9 in ten bins of width .9 (the last takes 9 too), against 0..9 twice as wide: bins of 1.8 cut
// at .9, each half of them. So 1/10 a bin against 1/20 below 9, and the other half beyond.
TEST(LikeTfdv, HistogramsAreLaidOverEachOther) {
  const Distance distance = by(Convention::kTfdv, numbers(steps(10, 0, 1)),
                               numbers(steps(10, 0, 2)));
  EXPECT_EQ(distance.measure, "jensen_shannon_divergence");
  const double divergence = 0.5 * std::log2(4.0 / 3) + 0.25 * std::log2(2.0 / 3) + 0.25;
  EXPECT_NEAR(*distance.value, divergence, 1e-12);
  // A single value is a point: it shares nothing with bins.
  EXPECT_EQ(by(Convention::kTfdv, numbers({5, 5}), numbers(steps(10, 0, 1))).value, 1);
  EXPECT_EQ(by(Convention::kTfdv, numbers({5, 5}), numbers({5})).value, 0);
}

TEST(LikeOthers, TimesAreLeftOut) {
  const auto times = numbers(steps(50, 0, 1e9), 0, Type::kTime);
  for (const Convention like : {Convention::kEvidently, Convention::kNannyml, Convention::kTfdv}) {
    EXPECT_FALSE(by(like, times, times).value);
  }
  EXPECT_TRUE(by(Convention::kOwn, times, times).value);
}

}  // namespace
}  // namespace rondo::monitor
