// The gate over a champion's whole life, with nothing but chance between the models, and with a
// gain that is there.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/seed.h"
#include "evaluate/compare.h"
#include "evaluate/gate.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

constexpr double kConfidence = 0.95;

bool full() { return std::getenv("RONDO_FULL") != nullptr; }

/// Rows that two models answered: errors of equal law that share half of their variance.
struct Rows {
  Truth truth{model::Task::kRegression, 0, {}, {}};
  Answers champion, challenger;
  void add(std::size_t count, Chance& chance) {
    for (std::size_t i = 0; i < count; ++i) {
      const double common = chance.normal();
      truth.label.push_back(0);
      champion.push_back(common + chance.normal());
      challenger.push_back(common + chance.normal());
    }
  }
};

Verdict judged(const Rows& rows, Metric metric, std::int64_t look, double margin, Seed seed) {
  Evidence evidence;
  evidence.metric = std::string(name_of(metric));
  evidence.greater_is_better = greater_is_better(metric);
  const double value = value_of(metric, rows.truth, rows.challenger);
  evidence.challenger = {value, value, value};
  evidence.rows = evidence.least_class = rows.truth.rows();
  evidence.look = look;
  Rival rival{"v1", value_of(metric, rows.truth, rows.champion), value, {}};
  rival.paired = compare(metric, rows.truth, rows.challenger, rows.champion,
                         alpha_of(look, kConfidence), seed);
  Rules rules;
  rules.confidence = kConfidence;
  rules.margin = margin;
  rules.min_effect = smallest_gain(rival.value, evidence.greater_is_better);
  evidence.champion = std::move(rival);
  return judge(evidence, rules);
}

/// Whether any of 40 challengers of equal worth is promoted. An undecided one returns with half as
/// many rows more, twice at most; each time is a look.
bool promotes_by_chance(Seed seed) {
  Chance chance(seed);
  std::int64_t look = 0;
  for (int challenger = 0; challenger < 40; ++challenger) {
    Rows rows;
    rows.add(200, chance);
    for (int visit = 0; visit < 3; ++visit) {
      const Verdict verdict = judged(rows, Metric::kMae, ++look, 0, seed);
      if (verdict.decision == Decision::kPromote) return true;
      if (verdict.decision == Decision::kKeep) break;
      rows.add(rows.truth.rows() / 2, chance);
    }
  }
  return false;
}

TEST(GateLife, ChanceAlonePromotesInFiveLivesOfAHundredAtMost) {
  const std::uint64_t lives = full() ? 2'000 : 60;
  std::uint64_t promoted = 0;
  for (std::uint64_t life = 0; life < lives; ++life) {
    promoted += promotes_by_chance(Seed{life + 1}) ? 1 : 0;
  }
  RecordProperty("promoted", static_cast<int>(promoted));
  // The 99 % bound of a binomial law with 5 %: 122 of 2,000, 8 of 60.
  EXPECT_LE(promoted, full() ? 122U : 8U);
  EXPECT_GT(promoted, 0U) << "a gate that never opens proves nothing here";
}

/// As many rows as a fifth of adult, a quarter of them positive; scores whose AUC is near .92, and
/// of the challenger .01 more.
TEST(GateLife, AGainOfAHundredthOfAucIsSeen) {
  const int replays = full() ? 200 : 10;
  const double champion_apart = std::sqrt(2.0) * stats::normal_quantile(0.92);
  const double challenger_apart = std::sqrt(2.0) * stats::normal_quantile(0.93);
  int promoted = 0;
  for (int replay = 0; replay < replays; ++replay) {
    Chance chance(Seed{static_cast<std::uint64_t>(replay) + 1});
    Rows rows;
    rows.truth = {model::Task::kBinary, 2, {}, {}};
    for (int i = 0; i < 9'768; ++i) {
      const double label = chance.uniform() < 0.24 ? 1 : 0, common = chance.normal();
      const auto score = [&](double apart) {  // scores correlate by .8, as of two good models
        return label * apart + std::sqrt(0.8) * common + std::sqrt(0.2) * chance.normal();
      };
      rows.truth.label.push_back(label);
      rows.champion.push_back(1 / (1 + std::exp(-score(champion_apart))));
      rows.challenger.push_back(1 / (1 + std::exp(-score(challenger_apart))));
    }
    promoted += judged(rows, Metric::kAuc, 1, 0, Seed{7}).decision == Decision::kPromote ? 1 : 0;
  }
  RecordProperty("promoted", promoted);
  EXPECT_GE(promoted, replays * 8 / 10);
}

}  // namespace
}  // namespace rondo::evaluate
