// The shortest path, and the distance of each policy to it.
#include "loop/hindsight.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace rondo::loop {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::string_view kCron = "cron:";
constexpr std::int64_t kWeekDays = 7;

/// The first common day that a model can answer whole.
std::size_t first_day(const GridModel& model, const std::vector<ReplayDay>& days) {
  const auto found = std::ranges::find_if(
      days, [&](const ReplayDay& day) { return day.day >= model.from; });
  return static_cast<std::size_t>(found - days.begin());
}

/// sums[d]: what a model costs on the days before d, from its first one on.
std::vector<double> running_costs(const GridModel& model, const BacktestResult& result,
                                  const Prices& prices) {
  const std::vector<ReplayDay>& days = result.policies.front().second.days;
  std::vector<double> sums(days.size() + 1);
  const std::size_t first = first_day(model, days);
  for (std::size_t d = 0; d < days.size(); ++d) {
    ReplayDay day = days[d];
    if (d >= first) day.loss = model.losses[d];
    sums[d + 1] = sums[d] + (d < first ? 0 : cost_of(result.metric, day, prices));
  }
  return sums;
}

double total(const std::vector<double>& costs) {
  return std::accumulate(costs.begin(), costs.end(), 0.0);
}

/// As if a policy had had those cycles.
ReplayResult lived_by(std::span<const GridModel> grid, const std::vector<std::size_t>& chosen,
                      const BacktestResult& result) {
  ReplayResult lived;
  lived.metric = result.metric;
  lived.days = result.policies.front().second.days;
  lived.cycles = lived.promotions = static_cast<std::int64_t>(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const GridModel& model = grid[chosen[i]];
    lived.cycle_times.push_back(model.from);
    lived.marks.push_back({{"at", to_text(model.from)}, {"kind", "deployment"},
                           {"text", fmt::format("v{}", chosen[i] + 1)}, {"step", 0}});
    const std::size_t end = i + 1 < chosen.size() ? first_day(grid[chosen[i + 1]], lived.days)
                                                  : lived.days.size();
    for (std::size_t d = first_day(model, lived.days); d < end; ++d) {
      lived.days[d].loss = model.losses[d];
    }
  }
  lived.answered = result.rows;
  return lived;
}

}  // namespace

std::vector<std::size_t> cheapest_schedule(std::span<const GridModel> grid,
                                           const BacktestResult& result, const Prices& prices) {
  const std::vector<ReplayDay>& days = result.policies.front().second.days;
  const std::size_t none = grid.size();
  std::vector<std::vector<double>> costs;
  std::vector<std::size_t> first, before(grid.size(), none);
  std::vector<double> until(grid.size(), kNever);  // cheapest way to a model's first day
  for (const GridModel& model : grid) {
    costs.push_back(running_costs(model, result, prices));
    first.push_back(first_day(model, days));
  }
  for (std::size_t k = 0; k < grid.size(); ++k) {
    if (first[k] == days.size()) continue;
    // As for a policy: a cycle before the common days costs nothing.
    const double cycle = grid[k].from >= days.front().day ? prices.cost_of_cycle : 0;
    if (first[k] == 0) until[k] = cycle;
    for (std::size_t j = 0; j < k && first[k] > 0; ++j) {
      const double way = until[j] + costs[j][first[k]] + cycle;
      if (way < until[k]) {
        until[k] = way;
        before[k] = j;
      }
    }
  }
  double least = kNever;
  std::size_t last = none;
  for (std::size_t k = 0; k < grid.size(); ++k) {
    const double whole = until[k] + costs[k].back();
    if (whole < least) {
      least = whole;
      last = k;
    }
  }
  std::vector<std::size_t> chosen;
  for (; last != none; last = before[last]) chosen.push_back(last);
  std::ranges::reverse(chosen);
  return chosen;
}

std::string grid_policy(const std::vector<std::string>& policies,
                        const std::vector<ReplayDay>& days) {
  std::string finest;
  Span shortest{std::numeric_limits<std::int64_t>::max()};
  for (const std::string& name : policies) {
    if (!name.starts_with(kCron)) continue;
    const auto every = parse_span(name.substr(kCron.size()));
    if (every && every->us < shortest.us) {
      shortest = *every;
      finest = name;
    }
  }
  if (!finest.empty()) return finest;
  const auto most = static_cast<std::int64_t>(kMostGrid);
  const std::int64_t all =
      days.empty() ? 0 : day_of(days.back().day) - day_of(days.front().day) + 1;
  return fmt::format("{}{}d", kCron, std::max(kWeekDays, (all + most - 1) / most));
}

void add_best(BacktestResult& result, std::span<const GridModel> grid, const std::string& grid_name,
              const Prices& prices) {
  if (result.rows == 0) return;
  const std::vector<std::size_t> chosen = cheapest_schedule(grid, result, prices);
  if (chosen.empty()) return;
  BestPossible best;
  best.lived = lived_by(grid, chosen, result);
  best.grid = grid_name;
  best.candidates = grid.size();
  best.cost = total(costs_of(result, best.lived, prices));
  const double on_the_grid = best.cost;
  std::vector<double> costs;
  for (const auto& [name, lived] : result.policies) {
    costs.push_back(total(costs_of(result, lived, prices)));
    if (costs.back() >= best.cost) continue;
    best.cost = costs.back();
    best.of = name;
    best.lived = lived;
  }
  Json times = Json::array();
  for (const Time cycle : best.lived.cycle_times) times.push_back(to_text(cycle));
  result.json["best_possible"] = {
      {"cost", best.cost},
      {"value", DayMean(result.metric, best.lived.days).value()},
      {"cycles", best.lived.cycles},
      {"cycle_times", std::move(times)},
      {"policy", best.of.empty() ? Json(nullptr) : Json(best.of)},
      {"grid", {{"policy", grid_name}, {"candidates", best.candidates}, {"cost", on_the_grid}}},
      {"prices", {{"cost_per_error", prices.cost_per_error},
                  {"cost_of_cycle", prices.cost_of_cycle}}}};
  for (std::size_t i = 0; i < costs.size(); ++i) {
    Json& told = result.json["policies"][i];
    told["cost"] = costs[i];
    told["regret"] = costs[i] - best.cost;
    told["cost_ratio"] = best.cost > 0 ? Json(costs[i] / best.cost) : Json(nullptr);
  }
  result.best = std::move(best);
}

}  // namespace rondo::loop
