// Detector A against its definition and on streams whose law is known: normal columns (G1) and an
// hourly, weekly season (G2) of docs/STATISTICS.md, "Shifted inputs".
#include "stats/box.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "base/seed.h"
#include "stats/classifier_bet.h"
#include "stats/intervals.h"

namespace rondo::stats {
namespace {

constexpr int kRows = 1000;                  // a window, of an hour
constexpr double kYear = 24 * 365.25;        // windows

bool full() { return std::getenv("RONDO_FULL") != nullptr; }

/// The greatest sum of P ratio over the laws P in the box: the lows, and what is left to 1 where
/// the ratio is greatest.
double greatest_mean(const Box& box, const std::vector<double>& ratio) {
  std::vector<std::size_t> order(ratio.size());
  for (std::size_t b = 0; b < order.size(); ++b) order[b] = b;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return ratio[a] > ratio[b]; });
  double left = 1, mean = 0;
  for (std::size_t b = 0; b < ratio.size(); ++b) {
    left -= box.low[b];
    mean += box.low[b] * ratio[b];
  }
  for (const std::size_t b : order) {
    const double more = std::min(left, box.high[b] - box.low[b]);
    mean += more * ratio[b];
    left -= more;
  }
  EXPECT_NEAR(left, 0, 1e-9);
  return mean;
}

TEST(Box, AWindowOfAnyLawInTheBoxHasAMeanOfOneAtMost) {
  Chance chance(Seed{1});
  for (int round = 0; round < 300; ++round) {
    const std::size_t bins = 2 + chance.below(30);
    std::vector<std::uint64_t> counts;
    std::vector<double> q;
    for (std::size_t b = 0; b < bins; ++b) {
      counts.push_back(chance.below(4) == 0 ? 0 : chance.below(3000));
      q.push_back(-std::log(1 - chance.uniform()) + 1e-9);
    }
    counts[0] += 1;
    double sum = 0;
    for (const double x : q) sum += x;
    for (double& x : q) x /= sum;
    const Box box = box_of(counts, chance.below(2) == 0 ? 0 : 0.1);
    const std::vector<double> nearest = projection(q, box);
    std::vector<double> ratio;
    double all = 0;
    for (std::size_t b = 0; b < bins; ++b) {
      EXPECT_GE(nearest[b], box.low[b]);
      EXPECT_LE(nearest[b], box.high[b]);
      all += nearest[b];
      ratio.push_back(q[b] / nearest[b]);
    }
    EXPECT_NEAR(all, 1, 1e-9);
    EXPECT_LE(greatest_mean(box, ratio), 1 + 1e-9);
  }
}

TEST(Box, ALawInTheBoxIsItsOwnProjection) {
  const Box box = box_of(std::vector<std::uint64_t>{300, 500, 200}, 0);
  const std::vector<double> q = {0.31, 0.49, 0.2};
  const std::vector<double> nearest = projection(q, box);
  for (std::size_t b = 0; b < 3; ++b) EXPECT_NEAR(nearest[b], q[b], 1e-12);
}

TEST(Box, BoundsAreThoseOfClopperAndPearson) {
  const Box box = box_of(std::vector<std::uint64_t>{0, 40, 60}, 0, 0.06);
  EXPECT_EQ(box.low[0], 0);
  EXPECT_NEAR(box.high[0], 1 - std::pow(0.01, 1.0 / 100), 1e-9);
  EXPECT_NEAR(box.low[1], beta_quantile(0.01, {40, 61}), 1e-12);
  EXPECT_NEAR(box.high[1], beta_quantile(0.99, {41, 60}), 1e-12);
}

TEST(Box, WindowsMoveItByWhatCountingDoesNotExplain) {
  const auto widened = [](double rows) {
    std::vector<WindowShares> windows;
    for (int w = 0; w < 8; ++w) {
      windows.push_back({{w % 2 == 0 ? 0.3 : 0.5, w % 2 == 0 ? 0.7 : 0.5}, rows});
    }
    Box box{{0.39, 0.59}, {0.41, 0.61}};
    widen(box, windows);
    return box;
  };
  const double deviation = std::sqrt(8 * 0.01 / 7);
  EXPECT_NEAR(widened(1e12).low[0], 0.3 - deviation, 1e-9);
  EXPECT_NEAR(widened(1e12).high[1], 0.7 + deviation, 1e-9);
  const Box same = widened(8);  // .4 x .6 / 8 rows is more than they vary
  EXPECT_EQ(same.low, (std::vector{0.39, 0.59}));
  EXPECT_EQ(same.high, (std::vector{0.41, 0.61}));
  EXPECT_EQ(widened(50).low[0], 0.39) << "2.4 times counting: of 8 windows, 2.6 shows nothing";
  const double moves = std::sqrt(deviation * deviation - 0.24 / 80);
  EXPECT_NEAR(widened(80).low[0], 0.4 - 0.1 * moves / deviation - moves, 1e-9);
}

TEST(Box, TheBinWithTooManyRowsIsNamedAndTheShiftEnds) {
  const std::vector<std::uint64_t> before = {5'000, 3'000, 2'000};
  BoxEvidence evidence(box_of(before, 0), before);
  EXPECT_FALSE(evidence.outside());
  const std::vector<std::uint64_t> moved = {500, 200, 300}, as_ever = {500, 300, 200};
  for (int w = 0; w < 3; ++w) evidence.add(moved, 1e-4);
  EXPECT_TRUE(evidence.outside());
  EXPECT_EQ(evidence.farthest().index, 2U);
  EXPECT_NEAR(evidence.farthest().share, 0.3, 1e-3);
  EXPECT_LT(evidence.farthest().high, 0.22);
  int windows = 0;
  while (evidence.outside()) {
    evidence.add(as_ever, 1e-4);
    ASSERT_LT(++windows, 20);
  }
  EXPECT_GE(windows, 2) << "what was seen is forgotten by a fifth a window";
}

TEST(Box, TheGreatestOfManyAreAlarmsTogether) {
  EXPECT_TRUE(alarms_among(std::vector<double>{0.9, 3.9, 0.1, 0.2}).empty());
  EXPECT_EQ(alarms_among(std::vector<double>{0.9, 4, 0.1, 0.2}), (std::vector<std::size_t>{1}));
  EXPECT_EQ(alarms_among(std::vector<double>{2, 3, 0.1, 2.5}),
            (std::vector<std::size_t>{0, 1, 3}));
}

/// A column of normal numbers in 20 equal bins of its reference.
class Column {
 public:
  explicit Column(Chance& chance) : chance_(chance) {}
  /// `level` of each reference window, in deviations.
  template <class Level>
  void learn(int windows, const Level& level) {
    std::vector<double> values;
    std::vector<std::vector<double>> rows;
    for (int w = 0; w < windows; ++w) {
      std::vector<double>& window = rows.emplace_back();
      for (int i = 0; i < kRows; ++i) window.push_back(level(w) + chance_.normal());
      values.insert(values.end(), window.begin(), window.end());
    }
    std::ranges::sort(values);
    for (std::size_t i = 1; i < 20; ++i) edges_.push_back(values[i * values.size() / 20]);
    std::vector<WindowShares> shares;
    for (const auto& window : rows) {
      const auto counts = counted(window);
      for (std::size_t b = 0; b < counts.size(); ++b) total_[b] += counts[b];
      WindowShares& one = shares.emplace_back();
      one.rows = kRows;
      for (const auto count : counts) one.shares.push_back(static_cast<double>(count) / kRows);
    }
    box_ = box_of(total_, 0);
    seasons_ = std::move(shares);
  }
  BoxEvidence evidence(bool envelope, bool ordered = true) const {
    Box box = box_;
    if (envelope) widen(box, seasons_);
    return {box, total_, ordered ? normal_scores(total_) : std::vector<double>()};
  }
  std::vector<std::uint64_t> window(double level) {
    std::vector<double> values;
    for (int i = 0; i < kRows; ++i) values.push_back(level + chance_.normal());
    return counted(values);
  }

 private:
  std::vector<std::uint64_t> counted(const std::vector<double>& values) const {
    std::vector<std::uint64_t> counts(20);
    for (const double value : values) {
      const auto bin = std::ranges::upper_bound(edges_, value) - edges_.begin();
      ++counts[static_cast<std::size_t>(bin)];
    }
    return counts;
  }
  Chance& chance_;
  std::vector<double> edges_;
  std::vector<std::uint64_t> total_ = std::vector<std::uint64_t>(20);
  Box box_;
  std::vector<WindowShares> seasons_;
};

double level_of_nothing(int) { return 0; }

TEST(Box, WithoutAShiftNothingIsTold) {
  const int years = full() ? 6 : 1;
  Chance chance(Seed{2});
  Column column(chance);
  column.learn(100, level_of_nothing);
  BoxEvidence evidence = column.evidence(false);
  int alarms = 0;
  for (int w = 0; w < years * static_cast<int>(kYear) / (full() ? 1 : 32); ++w) {
    evidence.add(column.window(0), 0.8 / kYear);
    if (evidence.value() >= 1) {
      ++alarms;
      evidence.restart();
    }
  }
  EXPECT_EQ(alarms, 0);
}

std::vector<int> delays(double shift, double columns, int runs, bool ordered = true) {
  Chance chance(Seed{3});
  Column column(chance);
  column.learn(full() ? 100 : 50, level_of_nothing);
  std::vector<int> out;
  for (int run = 0; run < runs; ++run) {
    BoxEvidence evidence = column.evidence(false, ordered);
    for (int w = 0; w < 20; ++w) evidence.add(column.window(0), 0.8 / kYear);
    int found = 0;
    while (found < 200 && evidence.value() < columns) {
      evidence.add(column.window(shift), 0.8 / kYear);
      ++found;
    }
    out.push_back(found);
  }
  std::ranges::sort(out);
  return out;
}

TEST(Box, AShiftOfAFifthOfADeviationIsFoundInTwoWindows) {
  const int runs = full() ? 101 : 5;
  const auto middle = static_cast<std::size_t>(runs / 2);
  EXPECT_EQ(delays(0.2, 1, runs)[middle], 2);
  EXPECT_LE(delays(0.2, 100, runs)[middle], 3);
  EXPECT_EQ(delays(0.5, 100, runs)[middle], 2);
  EXPECT_LE(delays(0.2, 1, runs, false)[middle], 4) << "categories have no order";
}

// Rows that go from the ends of one half to its middle are no shift of the whole: it is the free
// bets that tell them.
TEST(Box, AColumnMovedAsAWholeWhenItsMeanIsOneThatNoLawInTheBoxHas) {
  const std::vector<std::uint64_t> before(5, 20'000);
  const auto moved = [&](const std::vector<std::uint64_t>& counts) {
    BoxEvidence evidence(box_of(before, 0), before, {-2, -1, 0, 1, 2});
    for (int w = 0; w < 2; ++w) evidence.add(counts, 1e-4);
    const Json state = evidence.state();
    for (const Json& bet : state) EXPECT_GT(bet.at("log").get<double>(), 5) << state;
    return state[0].at("moved").get<double>();
  };
  EXPECT_EQ(moved({200, 100, 400, 100, 200}), std::log(1e-4));
  EXPECT_GT(moved({100, 150, 200, 250, 300}), 5);
  EXPECT_GT(moved({300, 250, 200, 150, 100}), 5);
}

TEST(Box, AStateOfBeforeColumnsMovedAsAWholeIsRead) {
  const std::vector<std::uint64_t> before(5, 20'000);
  BoxEvidence evidence(box_of(before, 0), before, {-2, -1, 0, 1, 2});
  evidence.add(std::vector<std::uint64_t>{100, 150, 200, 250, 300}, 1e-4);
  Json state = evidence.state();
  for (Json& bet : state) bet.erase("moved");
  ASSERT_TRUE(evidence.read(state));
  EXPECT_LT(evidence.state()[0].at("moved"), -1e299);
}

/// G2: hourly, weekly and by chance.
class Season {
 public:
  explicit Season(Chance& chance) : chance_(chance) {}
  double operator()(int hour) {
    const double angle = 2 * std::numbers::pi * hour;
    return 0.3 * std::sin(angle / 24) + 0.1 * std::sin(angle / 168) + 0.05 * chance_.normal();
  }

 private:
  Chance& chance_;
};

TEST(Box, ASeasonIsNoShift) {
  const int hours = full() ? static_cast<int>(kYear) : 24 * 5, columns = full() ? 10 : 1;
  const int learned = (full() ? 28 : 14) * 24;
  Chance chance(Seed{4});
  int with = 0, without = 0;
  std::vector<int> found;
  for (int c = 0; c < columns; ++c) {
    Season season(chance);
    Column column(chance);
    column.learn(learned, [&](int w) { return season(w); });
    BoxEvidence wide = column.evidence(true), narrow = column.evidence(false);
    int hour = learned;
    for (const int end = hour + hours; hour < end; ++hour) {
      const auto counts = column.window(season(hour));
      for (auto [evidence, alarms] : {std::pair(&wide, &with), std::pair(&narrow, &without)}) {
        evidence->add(counts, 0.8 / kYear);
        if (evidence->value() < 100) continue;
        ++*alarms;
        evidence->restart();
      }
    }
    int delay = 0;
    while (delay < 500 && wide.value() < 100) {
      wide.add(column.window(season(hour++) + 0.5), 0.8 / kYear);
      ++delay;
    }
    found.push_back(delay);
  }
  EXPECT_EQ(with, 0);
  EXPECT_GT(without, full() ? 1000 : 10) << "the box alone takes every night for a shift";
  std::ranges::sort(found);
  EXPECT_LE(found[found.size() / 2], full() ? 14 : 40) << "half a deviation, of 100 columns";
}

TEST(Box, StateGoesOnWithTheSameBits) {
  Chance chance(Seed{5});
  Column column(chance);
  column.learn(10, level_of_nothing);
  BoxEvidence one = column.evidence(false);
  for (int w = 0; w < 5; ++w) one.add(column.window(0.3), 1e-4);
  BoxEvidence other = column.evidence(false);
  ASSERT_TRUE(other.read(Json::parse(one.state().dump())));
  EXPECT_EQ(other.value(), one.value());
  const auto counts = column.window(0.3);
  one.add(counts, 1e-4);
  other.add(counts, 1e-4);
  EXPECT_EQ(other.value(), one.value());
  EXPECT_FALSE(other.read(Json::array()));
  EXPECT_FALSE(other.read(Json::parse(R"([{"seen": [1], "log": 0}, {"seen": [1], "log": 0}])")));
}

}  // namespace
}  // namespace rondo::stats
