// Two years of a model whose risk rises now and then, under the policy "cost", "performance" and
// every fixed schedule: what wrong answers beyond the base risk and cycles cost together. The
// watcher and the policy are those of the program; the world is the generator G4: 1,000 rows a day,
// labels 7 days late, base risk .10, harmful changes at exponential gaps of 90 days that add
// U(.02, .10); a cycle on day d leaves x (1 - min(d - h, 14)/14) of a change of day h. Prints one
// JSON object.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/seed.h"
#include "loop/policy.h"
#include "monitor/watcher.h"
#include "stats/intervals.h"

namespace {

using namespace rondo;

constexpr int kDays = 730, kRows = 1'000, kLate = 7, kWorlds = 40;
constexpr std::uint64_t kTestRows = 14 * kRows;
constexpr double kBase = 0.10, kLearned = 14;
constexpr double kPrices[] = {100, 500, 2'000};
constexpr int kSchedules[] = {3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 365, 100'000};
const Time kBegin = *parse_time("2020-01-01");

struct Change {
  int day;
  double harm;
};

struct World {
  std::vector<Change> changes;
  Seed seed;
  explicit World(int number) : seed(Seed{static_cast<std::uint64_t>(number) + 1}) {
    Chance chance(seed.derive("changes"));
    for (double day = 0;;) {
      day += -90 * std::log(1 - chance.uniform());
      if (day >= kDays) break;
      changes.push_back({static_cast<int>(day), 0.02 + 0.08 * chance.uniform()});
    }
  }
  /// Of a model that was trained on day `trained`, on day `day`.
  double risk(int trained, int day) const {
    double risk = kBase;
    for (const Change& change : changes) {
      if (change.day > day) continue;
      const double seen = std::clamp((trained - change.day) / kLearned, 0.0, 1.0);
      risk += change.harm * (1 - seen);
    }
    return std::min(risk, 0.9);
  }
};

/// What is known of a model when it is deployed: the risk of as many test rows as a gate has.
std::shared_ptr<model::Reference> reference_of(double risk, Chance& chance) {
  std::uint64_t errors = 0;
  for (std::uint64_t i = 0; i < kTestRows; ++i) errors += chance.uniform() < risk ? 1 : 0;
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.counts.assign(5, 0);
  reference->loss = "error";
  reference->test_rows = kTestRows;
  reference->test_risk = static_cast<double>(errors) / kTestRows;
  reference->risk_bound = stats::clopper_pearson_upper({errors, kTestRows}, 0.01);
  return reference;
}

struct Spent {
  double cost = 0;
  int cycles = 0;
};

Spent scheduled(const World& world, int every, double price) {
  Spent spent;
  int trained = 0;
  for (int day = 0; day < kDays; ++day) {
    if (day > 0 && day % every == 0) {
      trained = day;
      ++spent.cycles;
      spent.cost += price;
    }
    spent.cost += kRows * (world.risk(trained, day) - kBase);
  }
  return spent;
}

Spent by_policy(const World& world, const std::string& name, double price) {
  loop::LoopOptions options;
  options.policy = name;
  options.new_data = 0;
  options.cost_of_cycle = price;
  options.cycles_per_month = 1'000;
  options.cpu_per_month = Span::days(10'000);
  const loop::Policy policy = *loop::Policy::make(name, options, 1);
  monitor::Options watched;
  watched.label_delay = Span::days(kLate);
  Chance chance(world.seed.derive("rows"));
  int trained = 0;
  std::int64_t version = 1;
  monitor::Watcher watcher(watched, reference_of(world.risk(0, 0), chance), version);
  loop::Snapshot now;
  now.state.steps = 6;
  now.state.champion = 1;
  now.state.attempted_labelled = kTestRows;
  now.state.cycle_ended = kBegin;
  std::vector<monitor::Cohort> days;
  Spent spent;
  for (int day = 0; day < kDays; ++day) {
    const double risk = world.risk(trained, day);
    spent.cost += kRows * (risk - kBase);
    const Time from = kBegin + Span::days(day);
    monitor::Cohort cohort{version, from, from + Span::days(1), {}};
    for (int i = 0; i < kRows; ++i) {
      monitor::Judged row;
      row.time = from + Span::seconds(86 * i);
      row.label = chance.uniform() < risk ? 1 : 0;
      cohort.rows.push_back(std::move(row));
    }
    watcher.inputs(cohort);
    days.push_back(std::move(cohort));
    if (day < kLate) continue;
    const monitor::Cohort& due = days[static_cast<std::size_t>(day - kLate)];
    for (const monitor::Signal& signal : watcher.judge(due)) {
      if (signal.kind != "risk" || !signal.open) continue;
      ++now.state.risk_signals;
      now.state.risk_sentence = signal.sentence;
    }
    now.state.labelled = static_cast<std::int64_t>(kTestRows) + kRows * (day - kLate + 1);
    now.now = from + Span::days(1);
    now.watch = watcher.summary();
    if (!policy.due(now).yes) continue;
    spent.cost += price;
    ++spent.cycles;
    trained = day;
    ++version;
    const Json before = watcher.state();
    watcher = monitor::Watcher(watched, reference_of(world.risk(trained, day), chance), version);
    if (!watcher.take_over(before)) return {1e300, 0};
    now.state.risk_signals = 0;
    now.state.attempted_labelled = now.state.labelled;
    now.state.cycle_ended = now.state.cycle_started = now.now;
  }
  return spent;
}

template <class Of>
Spent mean_of(const Of& of) {
  Spent mean;
  for (int i = 0; i < kWorlds; ++i) {
    const Spent one = of(World(i));
    mean.cost += one.cost / kWorlds;
    mean.cycles += one.cycles;
  }
  return mean;
}

}  // namespace

int main() {
  std::printf("[");
  for (const double price : kPrices) {
    Spent best{1e300, 0};
    int every = 0;
    for (const int days : kSchedules) {
      const Spent spent = mean_of([&](const World& w) { return scheduled(w, days, price); });
      if (spent.cost >= best.cost) continue;
      best = spent;
      every = days;
    }
    const Spent cost = mean_of([&](const World& w) { return by_policy(w, "cost", price); });
    const Spent soon = mean_of([&](const World& w) { return by_policy(w, "performance", price); });
    std::printf("%s{\"price\":%g,\"best_schedule\":%.1f,\"every\":%d,\"schedule_cycles\":%.2f,"
                "\"cost\":%.1f,\"cost_cycles\":%.2f,\"performance\":%.1f,"
                "\"performance_cycles\":%.2f}",
                price == kPrices[0] ? "" : ",", price, best.cost, every,
                static_cast<double>(best.cycles) / kWorlds, cost.cost,
                static_cast<double>(cost.cycles) / kWorlds, soon.cost,
                static_cast<double>(soon.cycles) / kWorlds);
  }
  std::printf("]\n");
}
