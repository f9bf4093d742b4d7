// The search: folds that do not leak, proposals that follow from what was tried alone, an ensemble
// that is worth it, and one candidate in the end whatever the number of threads.
#include "train/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "model/cost.h"
#include "stats/intervals.h"
#include "train/mixing.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

using model::Prepared;
using model::Task;

Searched searched(const Prepared& prepared, std::size_t candidates, std::int64_t threads = 1,
                  std::int64_t ensemble = 8) {
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  const auto folds = folds_of(prepared, rows, Seed{1}, 5);
  return search(prepared, folds, {.threads = threads, .ensemble = ensemble}, 60, Seed{1},
                {.candidates = candidates})
      .value();
}

TEST(Folds, WithoutAClockEachRowIsHeldOutOnce) {
  const Prepared prepared = generated({.rows = 1'000, .clock = false});
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  const auto folds = folds_of(prepared, rows, Seed{1}, 5);
  ASSERT_EQ(folds.size(), 5U);
  RowList held;
  for (const Inner& fold : folds) {
    EXPECT_EQ(fold.fit.size() + fold.stop.size(), rows.size());
    held.insert(held.end(), fold.stop.begin(), fold.stop.end());
  }
  std::ranges::sort(held);
  EXPECT_EQ(held, rows);
}

TEST(Folds, WithAClockAWindowIsJudgedByItsPast) {
  Prepared prepared = generated({.rows = 2'000});
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  prepared.test_from = prepared.train_until + Span::hours(5);
  const auto folds = folds_of(prepared, rows, Seed{1}, 5);
  ASSERT_EQ(folds.size(), kWindows);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    const Time newest = prepared.time[folds[i].fit.back()];
    const Time first = prepared.time[folds[i].stop.front()];
    EXPECT_GT(first.us - newest.us, Span::hours(5).us);
    if (i > 0) {
      EXPECT_GT(folds[i].stop.front(), folds[i - 1].stop.back());
    }
  }
  EXPECT_EQ(folds.back().stop.back(), rows.back());
}

TEST(Folds, TooFewRowsHaveNone) {
  const Prepared few = generated({.rows = 60, .clock = false});
  EXPECT_TRUE(folds_of(few, rows_of(few, table::Side::kTrain), Seed{1}, 5).empty());
  const Prepared timed = generated({.rows = 60});
  EXPECT_TRUE(folds_of(timed, rows_of(timed, table::Side::kTrain), Seed{1}, 5).empty());
}

/// The loss of a candidate in a world where only leaves and rate count.
double bowl(const Growth& growth) {
  const double leaves = std::log(static_cast<double>(growth.leaves) / 60);
  const double rate = std::log(growth.rate / 0.02);
  return leaves * leaves + rate * rate;
}

TEST(Proposals, FollowFromWhatWasTriedAndFindTheBottom) {
  std::vector<Tried> tried;
  double at_local = 0;
  while (const auto proposal = next_proposal({}, {}, tried, 100'000, Seed{7})) {
    EXPECT_EQ(next_proposal({}, {}, tried, 100'000, Seed{7})->growth, proposal->growth);
    if (at_local == 0 && proposal->origin == "local") at_local = tried[best_of(tried)].loss;
    tried.push_back({.origin = proposal->origin, .growth = proposal->growth,
                     .loss = bowl(proposal->growth)});
    ASSERT_LT(tried.size(), 5'000U) << "it never ends";
  }
  EXPECT_EQ(tried[0].origin, "settings");
  EXPECT_EQ(tried[0].growth, Growth{});
  EXPECT_LT(tried[best_of(tried)].loss, at_local / 10);
  for (const Tried& one : tried) {
    EXPECT_GE(one.growth.leaves, 2);
    EXPECT_GE(one.growth.min_leaf, 1);
    EXPECT_GT(one.growth.rate, 0);
    EXPECT_LE(one.growth.columns, 1);
    EXPECT_LE(one.growth.rows, 1);
  }
}

/// Three candidates: a and b are wrong in ways that cancel out, c adds noise to a.
std::vector<Tried> three(const std::vector<double>& labels) {
  Chance chance(Seed{3});
  std::vector<Tried> tried(3);
  for (const double label : labels) {
    const double wrong = chance.normal();
    tried[0].raw.push_back(label + wrong);
    tried[1].raw.push_back(label - 1.1 * wrong);
    tried[2].raw.push_back(label + wrong + 3 * chance.normal());
  }
  for (Tried& one : tried) {
    one.losses = row_losses({Task::kRegression, labels}, one.raw);
    for (const double loss : one.losses) one.loss += loss / static_cast<double>(labels.size());
  }
  return tried;
}

TEST(Together, WhatCancelsOutIsChosen) {
  std::vector<double> labels(400);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<double>(i % 7);
  const auto tried = three(labels);
  const Ensemble chosen = choose_together({Task::kRegression, labels}, tried, {.members = 8});
  std::set<std::size_t> members;
  for (const Share& share : chosen.shares) members.insert(share.candidate);
  EXPECT_EQ(members, (std::set<std::size_t>{0, 1}));
  EXPECT_LT(chosen.loss, 0.01 * tried[0].loss);
  const Ensemble alone = choose_together({Task::kRegression, labels}, tried, {.members = 1});
  ASSERT_EQ(alone.shares.size(), 1U);
  EXPECT_EQ(alone.shares[0].candidate, 0U);
  EXPECT_EQ(alone.loss, tried[0].loss);
}

TEST(Together, AnEnsembleStaysWithinItsTimeAndSize) {
  std::vector<double> labels(400);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<double>(i % 7);
  auto tried = three(labels);
  for (Tried& one : tried) {
    one.rounds = 100;
    one.growth.leaves = 31;
  }
  const auto members = [&](const Most& limits) {
    return choose_together({Task::kRegression, labels}, tried, limits).shares.size();
  };
  const double one = model::predicted_row_us({100, 3'100, 5});
  EXPECT_EQ(members({.row_us = 3 * one, .features = 5}), 2U);
  EXPECT_EQ(members({.row_us = 1.5 * one, .features = 5}), 1U) << "two take longer";
  EXPECT_EQ(members({.bytes = 1.5 * model::predicted_bytes({100, 3'100, 5})}), 1U);
  EXPECT_EQ(members({.row_us = 0.1 * one}), 1U) << "the best alone is always there";
}

/// Rows that stand twice in a unit say no more than once.
TEST(Together, StandardErrorsCountUnits) {
  Chance chance(Seed{8});
  std::vector<double> a, b, twice_a, twice_b;
  std::vector<std::uint64_t> units;
  for (std::uint64_t i = 0; i < 200; ++i) {
    a.push_back(0.1 + chance.normal());
    b.push_back(chance.normal());
    for (int time = 0; time < 2; ++time) {
      twice_a.push_back(a.back());
      twice_b.push_back(b.back());
      units.push_back(i * 7);
    }
  }
  const double once = standard_errors(a, b);
  EXPECT_NEAR(standard_errors(twice_a, twice_b, units), once, 1e-9 * std::fabs(once));
  EXPECT_GT(std::fabs(standard_errors(twice_a, twice_b)), 1.4 * std::fabs(once));
}

/// In how many of 1,000 runs of 14 days, each `alike` to the one before and none better than the
/// other on average, the first is ahead with 1 % of chance: by days, and by days as they follow.
std::pair<int, int> ahead(double alike) {
  Chance chance(Seed{4});
  int plain = 0, in_order = 0;
  for (int run = 0; run < 1'000; ++run) {
    std::vector<double> a, b(14 * 24, 0.0);
    std::vector<std::uint64_t> days;
    double level = chance.normal();
    for (std::uint64_t day = 0; day < 14; ++day) {
      for (int hour = 0; hour < 24; ++hour) {
        a.push_back(level);
        days.push_back(day);
      }
      level = alike * level + std::sqrt(1 - alike * alike) * chance.normal();
    }
    const double needed = stats::student_quantile(0.99, 13);
    plain += standard_errors(a, b, days) > needed ? 1 : 0;
    in_order += standard_errors_of_days(a, b, days) > needed ? 1 : 0;
  }
  return {plain, in_order};
}

TEST(Together, NeighbouringDaysThatAreAlikeSayLess) {
  EXPECT_LE(ahead(0).second, 15);
  const auto [plain, in_order] = ahead(0.7);
  EXPECT_GT(plain, 2 * in_order) << in_order;
  EXPECT_LE(in_order, 70) << "so few days do not tell all of it";
}

TEST(Together, LossesAreThoseOfProbabilities) {
  const std::vector<double> p = {0.2, 0.9};
  const std::vector<double> labels = {0, 1};
  const auto binary = row_losses({Task::kBinary, labels}, raw_of(Task::kBinary, p));
  EXPECT_NEAR(binary[0], -std::log(0.8), 1e-12);
  EXPECT_NEAR(binary[1], -std::log(0.9), 1e-12);
  const std::vector<double> three_classes = {0.2, 0.3, 0.5, 0.1, 0.8, 0.1};
  const auto many =
      row_losses({Task::kMulticlass, labels}, raw_of(Task::kMulticlass, three_classes));
  EXPECT_NEAR(many[0], -std::log(0.2), 1e-12);
  EXPECT_NEAR(many[1], -std::log(0.8), 1e-12);
}

TEST(Search, ThreadsDoNotChangeABit) {
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    const Prepared prepared = generated({.task = task, .rows = 500, .clock = false});
    const Json one = tried_json(searched(prepared, 4, 1));
    EXPECT_EQ(one.size(), 4U);
    for (const std::int64_t threads : {2, 4}) {
      EXPECT_EQ(io::canonical(tried_json(searched(prepared, 4, threads))), io::canonical(one));
    }
  }
}

TEST(Search, AShorterOneIsTheBeginningOfALonger) {
  const Prepared prepared = generated({.rows = 1'000});
  const auto shorter = searched(prepared, 2), longer = searched(prepared, 5);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(shorter.tried[i].growth, longer.tried[i].growth);
    EXPECT_EQ(shorter.tried[i].loss, longer.tried[i].loss);
  }
  EXPECT_LE(longer.chosen.loss, shorter.chosen.loss);
}

TEST(Search, OfManyCandidatesTheBestKeepTheirScores) {
  const Prepared prepared = generated({.rows = 3'600, .clock = false});
  const Searched found = searched(prepared, 30);
  ASSERT_EQ(found.tried.size(), 30U);
  double worst_kept = 0, best_forgotten = INFINITY;
  std::size_t kept = 0;
  for (const Tried& tried : found.tried) {
    if (tried.behind) continue;
    EXPECT_EQ(tried.raw.size(), tried.losses.size());
    if (tried.raw.empty()) {
      best_forgotten = std::min(best_forgotten, tried.loss);
    } else {
      ++kept;
      worst_kept = std::max(worst_kept, tried.loss);
    }
  }
  EXPECT_LE(kept, 24U);
  EXPECT_LE(worst_kept, best_forgotten);
  EXPECT_FALSE(found.tried[best_of(found.tried)].raw.empty());
}

TEST(Search, WithoutTimeNothingWasTried) {
  const Prepared prepared = generated({.rows = 1'000});
  const auto folds = folds_of(prepared, rows_of(prepared, table::Side::kTrain), Seed{1}, 3);
  EXPECT_TRUE(search(prepared, folds, {}, 60, Seed{1}, {.until_us = 0}).value().tried.empty());
  SearchLimits stopped{.candidates = 2};
  stopped.stop.request();
  EXPECT_EQ(search(prepared, folds, {}, 60, Seed{1}, stopped).error().code, Code::kCancelled);
}

TEST(Members, AnswerAsTheirWeightedSum) {
  const Prepared prepared = generated({.task = Task::kBinary, .rows = 400});
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  const std::vector<Member> members = {{{.rate = 0.2, .leaves = 4}, 7, 3},
                                       {{.leaves = 9, .columns = 0.5, .rows = 0.8}, 5, 1}};
  const Options one{.threads = 1};
  const Mixed mixed = fit_members(prepared, rows, members, Seed{1}, one, {}, [](auto) {}).value();
  EXPECT_EQ(mixed.model.rounds, 12U);
  std::vector<double> sum(prepared.features.rows), both(prepared.features.rows);
  for (const Member& member : members) {
    const Mixed alone =
        fit_members(prepared, rows, {member}, Seed{1}, one, {}, [](auto) {}).value();
    std::vector<double> raw(prepared.features.rows);
    alone.model.forest.raw_batch(prepared.features.values, raw.size(), raw);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      sum[i] += static_cast<double>(member.times) / 4 * raw[i];
    }
    EXPECT_EQ(Member::from_json(member.json()).value().json(), member.json());
  }
  mixed.model.forest.raw_batch(prepared.features.values, both.size(), both);
  for (std::size_t i = 0; i < both.size(); ++i) EXPECT_NEAR(both[i], sum[i], 1e-12);
}

}  // namespace
}  // namespace rondo::train
