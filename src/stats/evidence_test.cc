// Bets on the risk: how often they alarm without a cause, how soon with one, and that a restored
// state goes on with the same bits.
#include "stats/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/seed.h"

namespace rondo::stats {
namespace {

using Draw = std::function<double(Chance&)>;

Observation day(std::int64_t number, double loss) {
  return {loss, 1 / 365.25, Time{} + Span::days(number), 24};
}

/// Alarms in so many years of days, each alarm followed by a restart.
int alarms(const RiskEvidence::Null& null, int years, const Draw& draw) {
  Chance chance(Seed{11});
  RiskEvidence evidence(null);
  int count = 0;
  for (int i = 0; i < years * 365; ++i) {
    evidence.add(day(i, draw(chance)));
    if (evidence.value() < 1) continue;
    ++count;
    evidence.restart();
  }
  return count;
}

// With the mean loss exactly at r0, the worst that the promise covers, at most one alarm in two
// years is expected; 99.9 % of Poisson counts with mean 100 are below 132.
TEST(RiskEvidence, AlarmsNoOftenerThanStated) {
  const RiskEvidence::Null small{0.1, 0.5, true, 14}, large{0.3, 0.5, true, 14};
  EXPECT_LE(alarms(small, 200, [](Chance& c) { return 0.2 * c.uniform(); }), 132);
  EXPECT_LE(alarms(small, 200, [](Chance& c) { return c.uniform() < 0.1 ? 1.0 : 0.0; }), 132);
  EXPECT_LE(alarms(large, 200, [](Chance& c) { return c.uniform() < 0.3 ? 1.0 : 0.0; }), 132);
}

// The promise is used, not only kept: losses that fill [0, 1] at the bound do alarm now and then.
TEST(RiskEvidence, SpendsItsBudget) {
  const RiskEvidence::Null null{0.3, 0.5, false, 14};
  EXPECT_GE(alarms(null, 200, [](Chance& c) { return c.uniform() < 0.3 ? 1.0 : 0.0; }), 20);
}

/// Days that are much alike, and none far below the others.
double even_day(Chance& chance, double mean) {
  return mean + 0.01 * std::clamp(chance.normal(), -3.0, 3.0);
}

// The bets of a loss in [.2, 1] are those of (loss - .2)/.8 in [0, 1].
TEST(RiskEvidence, LossesAreSeenFromTheLeastOn) {
  RiskEvidence::Null null{0.3, 0.5, true, 14};
  null.least = 0.2;
  RiskEvidence from_least(null), scaled({(0.3 - 0.2) / 0.8, 0.5, true, 14});
  Chance chance(Seed{3});
  for (int i = 0; i < 30; ++i) {
    const double loss = 0.1 + 0.5 * chance.uniform();
    from_least.add(day(i, loss));
    scaled.add(day(i, (std::max(loss, 0.2) - 0.2) / 0.8));
    EXPECT_NEAR(from_least.value(), scaled.value(), 1e-9 * scaled.value()) << i;
  }
}

// At r0 the promise is kept; above it the least makes a rise known in about half the time.
TEST(RiskEvidence, EvenDaysTellARiseSoon) {
  RiskEvidence::Null null{0.3, 0.5, true, 14};
  const auto days_until_alarm = [](const RiskEvidence::Null& against) {
    Chance chance(Seed{5});
    RiskEvidence evidence(against);
    for (int i = 0; i < 200; ++i) {
      evidence.add(day(i, even_day(chance, 0.4)));
      if (evidence.value() >= 1) return i + 1;
    }
    return 200;
  };
  EXPECT_GT(days_until_alarm(null), 30);
  EXPECT_GT(days_until_alarm({0.3675, 0.5, true, 14}), 80) << "by twice the greatest of the days";
  null.least = 0.2;
  EXPECT_LE(days_until_alarm(null), 20);
  EXPECT_LE(alarms(null, 200, [](Chance& c) { return even_day(c, 0.3); }), 132);
  EXPECT_LE(alarms(null, 200, [](Chance& c) { return 0.2 + 0.2 * c.uniform(); }), 132);
  EXPECT_LE(alarms(null, 200, [](Chance& c) { return c.uniform() < 0.125 ? 1.0 : 0.2; }), 132);
}

/// .1 + (xi/.1)(loss - .1) with xi = 1 once in ten: what an audit says of a loss of that mean. From
/// -.9 to 9.1.
double audited(Chance& chance, double mean) {
  const double loss = chance.uniform() < mean ? 1 : 0;
  return 0.1 + (chance.uniform() < 0.1 ? (loss - 0.1) / 0.1 : 0);
}

TEST(RiskEvidence, LossesOfAuditsMayBeBelowZero) {
  RiskEvidence::Null null{0.1, 0.5, false, 14};
  null.learned_only = true;
  Chance chance(Seed{12});
  RiskEvidence evidence(null);
  int count = 0, found = 0;
  for (int i = 0; i < 200 * 365; ++i) {
    Observation one = day(i, audited(chance, 0.1));
    one.range.least = 1 - 1 / 0.1;
    evidence.add(one);
    ASSERT_TRUE(std::isfinite(evidence.value()));
    if (evidence.value() < 1) continue;
    ++count;
    evidence.restart();
  }
  EXPECT_LE(count, 132);
  evidence.restart();
  for (; found < 2'000 && evidence.value() < 1; ++found) {
    Observation one = day(found, audited(chance, 0.4));
    one.range.least = 1 - 1 / 0.1;
    evidence.add(one);
  }
  EXPECT_LT(found, 400);
  EXPECT_GT(evidence.change().rows, 0U);
  EXPECT_GT(evidence.change().mean, 0.1) << "of the bet that was placed";
}

TEST(RiskEvidence, NoticesARiseAndSaysSince) {
  Chance chance(Seed{3});
  RiskEvidence evidence({0.15, 0.5, true, 14});
  int i = 0;
  for (; i < 300; ++i) {
    evidence.add(day(i, 0.1 + 0.03 * chance.normal()));
    ASSERT_LT(evidence.value(), 1) << i;
  }
  for (; i < 400 && evidence.value() < 1; ++i) evidence.add(day(i, 0.45 + 0.1 * chance.normal()));
  EXPECT_LE(i, 315);
  const auto change = evidence.change();
  ASSERT_TRUE(change.since.has_value());
  EXPECT_EQ(day_of(*change.since), 300);
  EXPECT_EQ(change.observations, static_cast<std::uint64_t>(i - 300));
  EXPECT_EQ(change.rows, 24 * change.observations);
  EXPECT_NEAR(change.mean, 0.45, 0.1);
}

// One bet of the mixture by hand: r0 = .5, all p_k = min(k/2, 3/4) >= .55; the first day grants
// f/365.
TEST(RiskEvidence, FirstDayWorkedByHand) {
  RiskEvidence evidence({0.5, 1, false, 14});
  evidence.add({1, 0.01, {}, 1});
  double want = 0;
  for (const double k : {1.1, 1.2, 1.35, 1.5, 2.0, 3.0, 5.0}) {
    want += 0.01 * std::min(k * 0.5, 0.75) / 0.5 / 7;
  }
  EXPECT_NEAR(evidence.value(), want, 1e-15);
}

// Losses of .2 that never vary would be worth a stake of 10 against r0 = .1; half of 1/r0 is the
// most that is placed, so that no loss of 0 takes more than half: e = 1 + 5 (.2 - .1).
TEST(RiskEvidence, LearnedStakeIsCapped) {
  RiskEvidence evidence({0.1, 1e-9, true, 14});
  const auto log_sum = [&] { return evidence.state().at("bets").back()[1].get<double>(); };
  for (int i = 0; i < 200; ++i) evidence.add(day(i, 0.2));
  const double before = log_sum();
  evidence.add(day(200, 0.2));
  EXPECT_NEAR(log_sum() - before, std::log(1.5), 1e-12);
}

TEST(RiskEvidence, RestoredStateGoesOnWithTheSameBits) {
  Chance chance(Seed{9});
  const RiskEvidence::Null null{0.2, 0.5, true, 14};
  RiskEvidence whole(null);
  for (int i = 0; i < 40; ++i) whole.add(day(i, chance.uniform()));
  auto half = RiskEvidence::restore(null, Json::parse(whole.state().dump()));
  ASSERT_TRUE(half) << half.error().text();
  for (int i = 40; i < 80; ++i) {
    const double loss = chance.uniform();
    whole.add(day(i, loss));
    half->add(day(i, loss));
  }
  EXPECT_EQ(whole.value(), half->value());
  EXPECT_EQ(whole.state(), half->state());
  EXPECT_FALSE(RiskEvidence::restore(null, Json::array()));
  EXPECT_FALSE(RiskEvidence::restore(null, {{"bets", {1, 2}}, {"learned", {1, 2, 3}}}));
}

// R_t = sum over s of g_s times the product of e_s ... e_t, by its definition: every start anew,
// and of the bet that learns its moments from the beginning.
TEST(RiskEvidence, IsWhatTheFormulaSays) {
  const double r0 = 0.12, f = 0.5, keep = std::exp2(-1 / 14.0);
  RiskEvidence evidence({r0, f, true, 14});
  Chance chance(Seed{15});
  std::vector<double> z, granted;
  for (int t = 0; t < 60; ++t) {
    const double loss = std::min(1.0, (t < 30 ? 0.2 : 0.5) * chance.uniform()), years = 1e-3 * t;
    evidence.add({loss, years, Time{} + Span::days(t), 1});
    z.push_back(loss);
    granted.push_back(f * years);
    const auto from_every_start = [&](const std::function<double(std::size_t)>& stake) {
      double sum = 0;
      for (std::size_t s = 0; s < z.size(); ++s) {
        double product = granted[s];
        for (std::size_t i = s; i < z.size(); ++i) product *= 1 + stake(i) * (z[i] - r0);
        sum += product;
      }
      return sum;
    };
    const double learns = from_every_start([&](std::size_t now) {
      double weight = 1, mean = r0, squares = r0 * (1 - r0);
      for (std::size_t i = 0; i < now; ++i) {
        weight = keep * weight + 1;
        const double before = z[i] - mean;
        mean += before / weight;
        squares = keep * squares + before * (z[i] - mean);
      }
      const double over = mean - r0;
      return std::clamp(over / (squares / weight + over * over), 0.0, 1 / (2 * r0));
    });
    double want = learns / 2;
    for (const double k : {1.1, 1.2, 1.35, 1.5, 2.0, 3.0, 5.0}) {
      const double p = std::min(k * r0, (1 + r0) / 2);
      want += from_every_start([&](std::size_t) { return (p - r0) / (r0 * (1 - r0)); }) / 14;
    }
    ASSERT_NEAR(evidence.value(), want, 1e-9 * std::max(1.0, want)) << t;
  }
  EXPECT_GT(evidence.value(), 1) << "the rise counts for something";
}

}  // namespace
}  // namespace rondo::stats
