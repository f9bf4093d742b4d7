// Decisions by chance: whatever is true, a policy begins nothing in its cool-down or beyond its
// budgets, and says the same of the same; and inputs that move without harm start no cycles.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/seed.h"
#include "loop/policy.h"
#include "monitor/watcher.h"
#include "stats/intervals.h"
#include "table/table.h"

namespace rondo::loop {
namespace {

const Time kToday{1'300'000'000'000'000};
constexpr double kDaySeconds = 86'400;
const char* const kAllPolicies[] = {"never",       "always", "schedule:9d", "drift",
                                    "performance", "cost",   "cron:7d"};

/// A situation by chance: what is at rest half of the time, with every damper on both of its sides.
Snapshot by_chance(Chance& chance) {
  const auto some = [&](double probability) { return chance.uniform() < probability; };
  const auto ago = [&](double days) {
    return kToday - Span::seconds(static_cast<std::int64_t>(days * kDaySeconds * chance.uniform()));
  };
  Snapshot now;
  State& s = now.state;
  now.now = kToday;
  s.steps = static_cast<std::int64_t>(chance.below(20));
  s.cycle = s.steps / 6;
  s.champion = some(0.9) ? 1 : 0;
  s.versions[1].version = 1;
  s.versions[1].labelled = 1'000;
  s.labelled = 900 + static_cast<std::int64_t>(chance.below(300));
  s.attempted_labelled = static_cast<std::int64_t>(chance.below(1'200));
  s.cycle_started = s.cycle_ended = some(0.1) ? kBeginningOfTime : ago(40);
  s.fruitless = static_cast<std::int64_t>(chance.below(8));
  for (std::size_t i = chance.below(14); i > 0; --i) {
    s.cycles.push_back(ago(31));
    s.cycle_cpu.push_back(15'000 * chance.uniform());
  }
  s.paused = some(0.1);
  if (some(0.1)) s.trigger = "asked for";
  if (some(0.1)) s.open = OpenStep{7, 2, Stage::kTraining, "because", ago(1)};
  if (s.open && some(0.3)) s.waiting_version_step = 7;
  if (some(0.2)) s.next = some(0.5) ? Stage::kCollection : Stage::kTraining;
  if (some(0.1)) s.rollout.emplace().challenger = 2;
  s.risk_signals = some(0.5) ? 1 : 0;
  s.drift_signals = some(0.5) ? 1 : 0;
  s.risk_sentence = s.drift_sentence = "it rose";
  if (some(0.5)) now.watch["excess"] = {{"cost", 400 * chance.uniform()}, {"learning", some(0.3)}};
  if (some(0.6)) now.new_labelled = static_cast<std::int64_t>(chance.below(300));
  now.source_changed = some(0.3);
  now.served_labelled = some(0.3) ? static_cast<std::int64_t>(chance.below(200)) : 0;
  now.windows_due = some(0.3);
  now.stay = some(0.3);
  return now;
}

/// By the words of docs/CONFIG.md: a rest after a cycle that doubles with each that promoted
/// nothing, up to 30 days; so many cycles and so much processor time in 30 days.
bool dampers_forbid(const Snapshot& now, const LoopOptions& options) {
  const State& s = now.state;
  double rest = options.cool_down.in_days();
  for (std::int64_t i = 0; i < s.fruitless && rest < 30; ++i) rest *= 2;
  if (s.cycle_ended != kBeginningOfTime) {
    if ((kToday - s.cycle_ended).in_days() < std::min(rest, 30.0)) return true;
  }
  std::int64_t cycles = 0;
  double seconds = 0;
  for (std::size_t i = 0; i < s.cycles.size(); ++i) {
    if ((kToday - s.cycles[i]).in_days() >= 30) continue;
    ++cycles;
    seconds += s.cycle_cpu[i];
  }
  return cycles >= options.cycles_per_month || seconds >= options.cpu_per_month.in_seconds();
}

void expect_sane(const Policy& policy, const LoopOptions& options, const Snapshot& now) {
  const Due due = policy.due(now);
  const State& s = now.state;
  const bool damped = !policy.crontab() && dampers_forbid(now, options);
  const bool asked = !s.trigger.empty();
  if (due.yes) {
    EXPECT_FALSE(s.paused || s.rollout) << due.reason;
    if (policy.name() == "never") {
      EXPECT_TRUE(asked) << due.reason;
    }
    // Looking at a source whose news nobody knows is no cycle yet; what trains is damped below.
    const bool looks = now.source_changed && !now.new_labelled;
    EXPECT_TRUE(asked || looks || !damped) << policy.name() << ": " << due.reason;
  }
  EXPECT_FALSE(due.reason.empty());
  const bool trained = std::max<std::int64_t>(s.champion != 0 ? 1 : 0, s.attempted_labelled) > 0;
  if (damped && !asked && s.champion != 0 && trained) {
    EXPECT_EQ(policy.labelled_needed(now), std::numeric_limits<std::int64_t>::max())
        << "no training in the cool-down or beyond a budget, whatever was collected";
  }
  const auto action = policy.next(now);
  if (!action) return;
  EXPECT_EQ(action->resumes, s.open.has_value());
  EXPECT_EQ(action->step, s.open ? s.open->step : s.steps + 1) << "one step after the other";
  if (s.open) {
    EXPECT_EQ(action->stage, s.open->stage);
    EXPECT_EQ(s.waiting_version_step, 0) << "a person decides";
  } else if (s.paused) {
    EXPECT_EQ(action->stage, Stage::kMonitoring);
  } else if (!s.next && s.champion != 0) {
    EXPECT_EQ(action->stage, Stage::kMonitoring) << "a cycle begins with what monitoring decided";
  }
}

TEST(PolicyWorlds, AnySituationHasOneAnswerWithinTheDampers) {
  const int rounds = std::getenv("RONDO_FULL") != nullptr ? 1'000'000 : 20'000;
  Chance chance(Seed{16});
  int yes = 0, held = 0;
  for (int i = 0; i < rounds && !::testing::Test::HasFailure(); ++i) {
    LoopOptions options;
    options.cool_down = Span::days(static_cast<std::int64_t>(chance.below(4)));
    options.cycles_per_month = static_cast<std::int64_t>(1 + chance.below(12));
    const char* const name = kAllPolicies[chance.below(std::size(kAllPolicies))];
    const Policy policy = *Policy::make(name, options, 100);
    const Snapshot now = by_chance(chance);
    expect_sane(policy, options, now);
    const Due due = policy.due(now);
    yes += due.yes ? 1 : 0;
    held += due.numbers.contains("wanted") ? 1 : 0;
    if (i % 20 != 0) continue;
    Snapshot replayed = now;  // the state as a store gives it back
    replayed.state = State::from_json(Json::parse(now.state.to_json().dump())).value();
    const Due again = Policy::make(name, options, 100)->due(replayed);
    EXPECT_EQ(again.yes, due.yes);
    EXPECT_EQ(again.reason, due.reason);
    EXPECT_EQ(again.numbers.dump(), due.numbers.dump()) << "byte for byte";
  }
  EXPECT_GT(yes, rounds / 10) << "such situations come";
  EXPECT_GT(held, rounds / 50);
}

constexpr int kBenignRows = 60, kBenignDays = 1'000;

/// Two normal columns, as they were for 60 days.
std::shared_ptr<model::Reference> two_normals(Chance& chance) {
  std::vector<table::ColumnBuilder> builders;
  for (int c = 0; c < 2; ++c) builders.emplace_back(table::Type::kNumber);
  for (int i = 0; i < 60 * kBenignRows; ++i) {
    for (auto& builder : builders) builder.number(chance.normal());
  }
  table::Schema schema{{{"a", table::Type::kNumber}, {"b", table::Type::kNumber}}};
  std::vector<std::shared_ptr<const table::Column>> columns;
  for (auto& builder : builders) columns.push_back(builder.finish());
  const std::vector<std::string> names = {"a", "b"};
  auto reference = std::make_shared<model::Reference>(
      model::freeze(table::Table(std::move(schema), std::move(columns)), names, "y", {}));
  reference->label.counts.assign(5, 0);
  reference->loss = "error";
  reference->test_rows = 2'000;
  reference->test_risk = 0.1;
  reference->risk_bound = stats::clopper_pearson_upper({200, 2'000}, 0.01);
  return reference;
}

/// G4 without harm: one answer in ten is wrong throughout; every 20 days, by an exponential law, a
/// column moves by up to a deviation, and stays there.
TEST(PolicyWorlds, InputsThatMoveWithoutHarmStartNoCycles) {
  Chance chance(Seed{17});
  LoopOptions options;
  options.new_data = 0;
  const Policy policies[] = {*Policy::make("performance", options, 1),
                             *Policy::make("cost", options, 1),
                             *Policy::make("drift", options, 1)};
  int cycles[] = {0, 0, 0}, moves = 0;
  monitor::Options watched;
  watched.label_delay = Span::days(7);
  monitor::Watcher watcher(watched, two_normals(chance), 1);
  Snapshot now;
  now.state.steps = 6;
  now.state.champion = 1;
  now.state.labelled = 3'600;
  double level[] = {0, 0}, next = 0;
  for (int day = 0; day < kBenignDays; ++day) {
    if (day >= next) {
      level[chance.below(2)] = 2 * chance.uniform() - 1;
      next = day - 20 * std::log(1 - chance.uniform());
      ++moves;
    }
    const Time from = kToday + Span::days(day);
    monitor::Cohort cohort{1, from, from + Span::days(1), {}};
    for (int i = 0; i < kBenignRows; ++i) {
      monitor::Judged row;
      row.time = from + Span::seconds(1'440 * i);
      for (const double mean : level) {
        row.cells.push_back({model::Cell::Kind::kNumber, mean + chance.normal(), {}});
      }
      row.label = chance.uniform() < 0.1 ? 1 : 0;
      cohort.rows.push_back(std::move(row));
    }
    now.state.risk_signals = now.state.drift_signals = 0;
    for (const auto& signal : watcher.inputs(cohort)) {
      now.state.drift_signals += signal.kind == "drift" && signal.open ? 1 : 0;
    }
    for (const auto& signal : watcher.judge(cohort)) {
      now.state.risk_signals += signal.kind == "risk" && signal.open ? 1 : 0;
    }
    now.now = from + Span::days(1);
    now.new_labelled = 1;
    now.watch = watcher.summary();
    for (int p = 0; p < 3; ++p) cycles[p] += policies[p].due(now).yes ? 1 : 0;
  }
  EXPECT_LE(cycles[0], 1) << "performance";
  EXPECT_LE(cycles[1], 1) << "cost";
  EXPECT_GE(cycles[2], 10) << "who listens to drift turns for nothing, of moves " << moves;
  EXPECT_GT(watcher.summary().at("judged_rows"), kBenignRows * kBenignDays * 9 / 10);
}

}  // namespace
}  // namespace rondo::loop
