// Slices: a planted one is found, ranked first and named; data without one names none; the search
// finds what an enumeration of all conjunctions finds.
#include "evaluate/slices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/multiple.h"

namespace rondo::evaluate {
namespace {

struct Sliced {
  std::vector<double> loss;
  std::vector<SliceFeature> features;
  std::vector<std::int64_t> unit;
  SliceRows rows() const { return {loss, features, unit}; }
};

/// Features with 2, 3, .., 7 values, some of them rare, again and again; exponential losses.
Sliced without_slices(std::size_t rows, std::size_t features, Seed seed) {
  Chance chance(seed);
  Sliced out;
  for (std::size_t f = 0; f < features; ++f) {
    const std::size_t values = 2 + f % 6;
    SliceFeature feature{"f" + std::to_string(f), {}, {}};
    for (std::size_t v = 0; v < values; ++v) {
      feature.text.push_back(feature.name + " = " + std::to_string(v));
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const double u = chance.uniform();
      const double place = u * std::sqrt(u) * static_cast<double>(values);
      feature.code.push_back(static_cast<std::uint16_t>(place));
    }
    out.features.push_back(std::move(feature));
  }
  for (std::size_t i = 0; i < rows; ++i) out.loss.push_back(-std::log1p(-chance.uniform()));
  return out;
}

/// Doubles the losses of 3.1 % of the rows: f2 = 1 is true of 23 % of them, f4 = 3 of 13 %.
Sliced with_planted(std::size_t rows, Seed seed) {
  Sliced out = without_slices(rows, 10, seed);
  for (std::size_t i = 0; i < rows; ++i) {
    if (out.features[2].code[i] == 1 && out.features[4].code[i] == 3) out.loss[i] *= 2;
  }
  return out;
}

TEST(SliceScore, ByHand) {
  EXPECT_NEAR(slice_score(10, 3, 100, 2), 0.99 * 0.5 - 0.01 * 9, 1e-12);
  EXPECT_EQ(slice_score(100, 2, 100, 2), 0);
  EXPECT_EQ(least_slice(1000), 32);
  EXPECT_EQ(least_slice(5000), 50);
}

TEST(Slices, APlantedOneIsRankedFirstAndNamed) {
  int first = 0, named = 0;
  for (std::uint64_t run = 1; run <= 10; ++run) {
    const Sliced data = with_planted(12'000, Seed{run});
    const SliceReport report = find_slices(data.rows(), 0.95, Seed{run});
    ASSERT_FALSE(report.slices.empty());
    const Slice& slice = report.slices[0];
    if (slice.predicates != std::vector<Predicate>{{2, 1}, {4, 3}}) continue;
    ++first;
    EXPECT_EQ(slice.conditions, (std::vector<std::string>{"f2 = 1", "f4 = 3"}));
    const double rows = static_cast<double>(report.rows_tested);
    EXPECT_NEAR(static_cast<double>(slice.rows) / rows, 0.031, 0.01);
    EXPECT_NEAR(slice.mean_loss, 2, 0.5);
    EXPECT_NEAR(slice.loss_elsewhere, 1, 0.1);
    named += slice.named ? 1 : 0;
    std::vector<double> p;
    for (const Slice& one : report.slices) p.push_back(one.p);
    const std::vector<double> adjusted = stats::holm(p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_EQ(report.slices[i].adjusted, adjusted[i]);
      EXPECT_EQ(report.slices[i].named, adjusted[i] <= 1 - 0.95);
    }
    EXPECT_GT(p.size(), 1U);
  }
  EXPECT_EQ(first, 10);
  EXPECT_EQ(named, 10);
}

TEST(Slices, WithoutOneNoneIsNamed) {
  int silent = 0;
  for (std::uint64_t run = 1; run <= 200; ++run) {
    const Sliced data = without_slices(1500, 8, Seed{run});
    const SliceReport report = find_slices(data.rows(), 0.95, Seed{run});
    if (std::ranges::none_of(report.slices, &Slice::named)) ++silent;
  }
  EXPECT_GE(silent, 190);
}

// Whole days are bad and each day has its own weather, so rows seem to fail in some weather by far
// more than chance; by days it is one bad day in ten, wherever it falls.
TEST(Slices, RowsOfOneUnitCountOnce) {
  int by_rows = 0, by_days = 0;
  for (std::uint64_t run = 1; run <= 60; ++run) {
    Chance chance(Seed{run});
    Sliced data;
    data.features.push_back({"weather", {}, {"dry", "rain", "snow", "fog"}});
    for (std::int64_t day = 0; day < 60; ++day) {
      const double level = chance.uniform() < 0.1 ? 3 : 1;
      const auto weather = static_cast<std::uint16_t>(chance.below(4));
      for (int hour = 0; hour < 24; ++hour) {
        data.unit.push_back(day);
        data.features[0].code.push_back(weather);
        data.loss.push_back(level * (0.5 + chance.uniform()));
      }
    }
    const auto names = [&](const SliceReport& report) {
      return std::ranges::any_of(report.slices, &Slice::named) ? 1 : 0;
    };
    by_days += names(find_slices(data.rows(), 0.95, Seed{run}));
    by_rows += names(find_slices({data.loss, data.features, {}}, 0.95, Seed{run}));
  }
  EXPECT_LE(by_days, 3);
  EXPECT_GE(by_rows, 20);
}

/// Mean and standard error of the mean, of rows that fulfil all, and not all, of the predicates.
struct Losses {
  double rows = 0, sum = 0, squares = 0;
  void add(double loss) {
    rows += 1;
    sum += loss;
    squares += loss * loss;
  }
  double mean() const { return sum / rows; }
  double error() const {
    return rows < 2 ? 0 : std::max(0.0, (squares - sum * sum / rows) / (rows - 1)) / rows;
  }
};

/// Every conjunction of up to three predicates that is large enough, scores above 0 and of which
/// each predicate has earned its place; the best ten.
class Enumeration {
 public:
  explicit Enumeration(const Sliced& data) : data_(data) {
    for (const double loss : data.loss) mean_ += loss / static_cast<double>(data.loss.size());
    extend({}, 0);
    std::ranges::stable_sort(best_, [](const auto& a, const auto& b) { return a.first > b.first; });
    if (best_.size() > kMostSlices) best_.resize(kMostSlices);
  }
  const auto& best() const { return best_; }

 private:
  void extend(std::vector<Predicate> predicates, std::uint32_t from) {
    if (!predicates.empty()) consider(predicates);
    if (predicates.size() == 3) return;
    for (std::uint32_t f = from; f < data_.features.size(); ++f) {
      for (std::uint16_t code = 0; code < data_.features[f].text.size(); ++code) {
        auto more = predicates;
        more.push_back({f, code});
        extend(more, f + 1);
      }
    }
  }
  bool in(const std::vector<Predicate>& predicates, std::size_t row) const {
    return std::ranges::all_of(predicates, [&](const Predicate& p) {
      return data_.features[p.feature].code[row] == p.code;
    });
  }
  void consider(const std::vector<Predicate>& predicates) {
    const double n = static_cast<double>(data_.loss.size());
    Losses slice;
    for (std::size_t i = 0; i < data_.loss.size(); ++i) {
      if (in(predicates, i)) slice.add(data_.loss[i]);
    }
    if (slice.rows < std::max(32.0, n / 100)) return;
    const double score = 0.99 * (slice.mean() / mean_ - 1) - 0.01 * (n / slice.rows - 1);
    if (score <= 0) return;
    for (std::size_t without = 0; without < predicates.size(); ++without) {
      auto parent = predicates;
      parent.erase(parent.begin() + static_cast<std::ptrdiff_t>(without));
      Losses rest;
      for (std::size_t i = 0; i < data_.loss.size(); ++i) {
        if (in(parent, i) && !in(predicates, i)) rest.add(data_.loss[i]);
      }
      if (rest.rows < 1) return;
      const double error = std::sqrt(slice.error() + rest.error());
      if (slice.mean() - rest.mean() < 3 * error) return;
    }
    best_.emplace_back(score, predicates);
  }

  const Sliced& data_;
  double mean_ = 0;
  std::vector<std::pair<double, std::vector<Predicate>>> best_;
};

TEST(Slices, TheSearchFindsWhatEnumerationFinds) {
  std::size_t seen = 0;
  for (std::uint64_t run = 1; run <= 6; ++run) {
    Sliced data = without_slices(1200, 5, Seed{run});
    // Three overlapping slices of one, two and three predicates, and one hardly large enough.
    data.features[4].text.push_back("f4 = rare");
    for (std::size_t i = 0; i < data.loss.size(); ++i) {
      if (i % 36 == 0) {
        data.features[4].code[i] = 6;
        data.loss[i] *= 4;
      }
      const auto is = [&](std::size_t f, int code) { return data.features[f].code[i] == code; };
      if (is(0, 1)) data.loss[i] *= 1.4;
      if (is(1, 0) && is(2, 0)) data.loss[i] *= 1.9;
      if (is(0, 0) && is(1, 1) && is(3, 0)) data.loss[i] *= 2.5;
    }
    std::vector<std::uint32_t> all(data.loss.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    const FoundSlices found = search_slices({data.loss, data.features, all});
    const Enumeration expected(data);
    EXPECT_TRUE(found.complete);
    ASSERT_EQ(found.best.size(), expected.best().size());
    for (std::size_t i = 0; i < found.best.size(); ++i) {
      EXPECT_NEAR(found.best[i].score, expected.best()[i].first, 1e-9);
      EXPECT_EQ(found.best[i].predicates, expected.best()[i].second) << run << ", place " << i;
      seen |= std::size_t{1} << found.best[i].predicates.size();
    }
  }
  EXPECT_EQ(seen, 0b1110U);  // slices of one, two and three predicates were compared
}

TEST(Slices, PerfectModelsAndFewRowsHaveNone) {
  Sliced data = without_slices(500, 3, Seed{1});
  std::ranges::fill(data.loss, 0.0);
  EXPECT_TRUE(find_slices(data.rows(), 0.95, Seed{1}).slices.empty());
  EXPECT_TRUE(find_slices(without_slices(40, 3, Seed{1}).rows(), 0.95, Seed{1}).slices.empty());
  EXPECT_TRUE(find_slices({}, 0.95, Seed{1}).slices.empty());
}

TEST(Slices, NumbersAreCutAtQuantiles) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i);
  values.push_back(std::numeric_limits<double>::quiet_NaN());
  const SliceFeature feature = binned_feature("age", values);
  ASSERT_EQ(feature.text.size(), 11U);
  EXPECT_EQ(feature.text[0], "age < 10");
  EXPECT_EQ(feature.text[3], "30 <= age < 40");
  EXPECT_EQ(feature.text[9], "age >= 90");
  EXPECT_EQ(feature.text[10], "age missing");
  EXPECT_EQ(feature.code[9], 0);
  EXPECT_EQ(feature.code[10], 1);
  EXPECT_EQ(feature.code[99], 9);
  EXPECT_EQ(feature.code[100], 10);
  const SliceFeature flag = binned_feature("flag", std::vector<double>{0, 0, 1, 1});
  EXPECT_EQ(flag.text, (std::vector<std::string>{"flag < 1", "flag >= 1", "flag missing"}));
  EXPECT_EQ(binned_feature("one", std::vector<double>{5, 5}).text[0], "one known");
}

}  // namespace
}  // namespace rondo::evaluate
