// `rondo backtest`: the same history under several policies, one project each, as many side by side
// as there are cores; intervals by resampling whole blocks of days.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/guarded.h"
#include "base/lanes.h"
#include "base/worker.h"
#include "loop/backtest.h"
#include "loop/false_cycles.h"
#include "loop/hindsight.h"
#include "loop/shared.h"
#include "stats/bootstrap.h"

namespace rondo::loop {
namespace {

using Policies = std::vector<std::pair<std::string, ReplayResult>>;

constexpr double kTail = 0.025;
constexpr std::size_t kMostBlockDays = 7;  // longer than errors of days depend on each other
constexpr Span kWeek = Span::days(7);

Json known(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// Drops the days that some policy did not answer, or not from the first row on: once it has a
/// model it answers every row, so equally many rows of a day are the same rows.
void keep_common_days(Policies& policies) {
  std::map<std::int64_t, std::map<std::uint64_t, std::size_t>> seen;  // day -> rows -> policies
  for (const auto& [name, result] : policies) {
    for (const ReplayDay& day : result.days) ++seen[day.day.us][day.rows];
  }
  for (auto& [name, result] : policies) {
    std::erase_if(result.days, [&](const ReplayDay& day) {
      return seen[day.day.us][day.rows] != policies.size();
    });
  }
}

/// Values of each policy and draw, every policy on the same draws of days.
struct Draws {
  std::vector<std::vector<double>> of_policy;
  std::size_t blocks = 0;  // independent units
};

Draws drawn(const BacktestResult& result) {
  Draws draws{std::vector<std::vector<double>>(result.policies.size()), 0};
  if (result.rows == 0) return draws;
  const std::size_t days = result.policies.front().second.days.size();
  const auto third = static_cast<std::size_t>(std::round(std::cbrt(static_cast<double>(days))));
  stats::Resampling resampling{days, std::clamp<std::size_t>(third, 1, kMostBlockDays), 2000, {}};
  draws.blocks = (days + resampling.block - 1) / resampling.block;
  stats::resample(resampling, Seed{20260101}, [&](std::span<const double> weights) {
    for (std::size_t p = 0; p < result.policies.size(); ++p) {
      DayMean mean(result.metric);
      for (std::size_t d = 0; d < days; ++d) {
        if (weights[d] > 0) mean.add(result.policies[p].second.days[d], weights[d]);
      }
      draws.of_policy[p].push_back(mean.value());
    }
  });
  return draws;
}

constexpr double kAnything = std::numeric_limits<double>::infinity();

/// {"value","low","high"}; no bound ends outside what the value can be.
Json interval(double value, std::vector<double> draws, std::size_t blocks, stats::Bounds range) {
  if (blocks < 2) return {{"value", known(value)}, {"low", nullptr}, {"high", nullptr}};
  const stats::Bounds bounds =
      stats::bootstrap_bounds(value, std::move(draws), blocks, kTail).bounds;
  return {{"value", known(value)}, {"low", std::max(range.low, bounds.low)},
          {"high", std::min(range.high, bounds.high)}};
}

Json periods_of(const std::string& metric, const std::vector<ReplayDay>& days) {
  std::map<int, std::pair<Time, Time>> years;
  for (const ReplayDay& day : days) {
    const Time end = day.day + Span::days(1);
    years.try_emplace(civil(day.day).year, day.day, end).first->second.second = end;
  }
  Json out = Json::array();
  for (const auto& [year, reach] : years) {
    Json period = to_json(DayMean(metric, days, reach.first, reach.second));
    period["from"] = to_text(reach.first);
    period["to"] = to_text(reach.second);
    out.push_back(std::move(period));
  }
  return out;
}

/// {"from","value"} of the seven days in a row whose rows went worst; null without a whole week.
Json worst_week(const std::string& metric, const std::vector<ReplayDay>& days) {
  Json worst = nullptr;
  double most = -1;
  for (const ReplayDay& first : days) {
    const Time end = first.day + kWeek;
    if (end > days.back().day + Span::days(1)) break;
    const double value = DayMean(metric, days, first.day, end).value();
    if (!(value > most)) continue;
    most = value;
    worst = {{"from", to_text(first.day)}, {"value", value}};
  }
  return worst;
}

Json policy_json(const BacktestResult& result, std::size_t at, const Draws& draws) {
  const auto& [name, replayed] = result.policies[at];
  const double first = DayMean(result.metric, result.policies.front().second.days).value();
  const double value = DayMean(result.metric, replayed.days).value();
  std::vector<double> differences = draws.of_policy[at];
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= draws.of_policy[0][i];
  Json out = interval(value, draws.of_policy[at], draws.blocks,
                      {0, result.metric == "error" ? 1 : kAnything});
  out.update({{"policy", name},
              {"rows", result.rows},
              {"answered", replayed.answered},
              {"cycles", replayed.cycles},
              {"promotions", replayed.promotions},
              {"refusals", replayed.refusals},
              {"alarms", replayed.alarms},
              {"cpu_s", replayed.cpu_s},
              {"head", replayed.head},
              {"versus_first", interval(value - first, std::move(differences), draws.blocks,
                                        {-kAnything, kAnything})},
              {"worst_week", worst_week(result.metric, replayed.days)},
              {"periods", periods_of(result.metric, replayed.days)}});
  return out;
}

std::string folder_name(std::string policy) {
  std::replace(policy.begin(), policy.end(), ':', '-');
  return policy;
}

/// A year, roughly: only the order counts. What takes longest begins first, since the last ones
/// would leave cores idle.
double cycles_expected(const std::string& policy) {
  if (policy == "never") return 0;
  if (policy == "always") return kAnything;
  const std::size_t colon = policy.find(':');
  const auto every = parse_span(colon == std::string::npos ? "15d" : policy.substr(colon + 1));
  return every && every->us > 0 ? 365 / every->in_days() : 0;
}

ReplayOptions options_for(const BacktestOptions& options, const std::string& policy) {
  ReplayOptions one = options.replay;
  one.policy = policy;
  one.into = options.replay.into / folder_name(policy);
  return one;
}

/// After the policies, which see nothing of it.
Result<void> look_back(const BacktestOptions& options, const Stop& stop, const Observer& observer,
                       BacktestResult& result) {
  if (result.rows == 0) return {};
  const std::vector<ReplayDay>& days = result.policies.front().second.days;
  const std::string name = grid_policy(options.policies, days);
  const ReplayOptions grid = options_for(options, name);
  if (std::ranges::find(options.policies, name) == options.policies.end()) {
    TRY(replay(grid, stop, [&](const Json& event) {
      Json named = event;
      named["policy"] = "best possible: " + name;
      if (observer) observer(named);
    }));
  }
  const Config config = TRY(replayed_config(*io::real_fs(), options.replay));
  const Prices prices{config.monitor.cost_per_error, config.loop.cost_of_cycle};
  for (std::size_t i = 0; i < options.policies.size(); ++i) {
    const ReplayOptions one = options_for(options, options.policies[i]);
    add_false_cycles(result, i, TRY(cycle_gains(one, result, prices, stop)), prices);
  }
  add_best(result, TRY(grid_models(grid, days, stop)), name, prices);
  return {};
}

}  // namespace

DayMean::DayMean(std::string_view metric, const std::vector<ReplayDay>& days, Time from, Time to)
    : DayMean(metric) {
  for (const ReplayDay& day : days) {
    if (day.day >= from && day.day < to) add(day);
  }
}

void DayMean::add(const ReplayDay& day, double weight) noexcept {
  loss_ += weight * day.loss;
  rows_ += weight * static_cast<double>(day.rows);
  naive_ += weight * day.naive;
  naive_rows_ += weight * static_cast<double>(day.naive_rows);
}

double DayMean::of(double sum, double rows) const noexcept {
  if (!(rows > 0)) return std::numeric_limits<double>::quiet_NaN();
  return root_ ? std::sqrt(sum / rows) : sum / rows;
}

Json to_json(const DayMean& mean) {
  return {{"rows", static_cast<std::uint64_t>(mean.rows())},
          {"value", known(mean.value())},
          {"same_time_last_week", known(mean.same_time_last_week())}};
}

BacktestResult compared(Policies policies) {
  BacktestResult out;
  out.policies = std::move(policies);
  keep_common_days(out.policies);
  for (const auto& [name, result] : out.policies) {
    // Who never had a model cannot know the task, and so not the metric either.
    if (!out.metric.empty() && result.answered == 0) continue;
    out.metric = result.metric;
    out.note = result.note;
  }
  if (!out.policies.empty()) {
    const DayMean all(out.metric, out.policies.front().second.days);
    out.rows = static_cast<std::uint64_t>(all.rows());
  }
  const Draws draws = drawn(out);
  Json list = Json::array();
  for (std::size_t i = 0; i < out.policies.size(); ++i) list.push_back(policy_json(out, i, draws));
  out.json = {{"metric", out.metric}, {"rows", out.rows}, {"policies", list}};
  if (!out.note.empty()) out.json["note"] = out.note;
  return out;
}

Result<BacktestResult> backtest(const BacktestOptions& asked, const Stop& stop,
                                const Observer& observer) {
  BacktestOptions options = asked;
  options.replay.shared = std::make_shared<Shared>();
  std::vector<std::size_t> order(options.policies.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) {
    return cycles_expected(options.policies[i]);
  });
  Guarded<int> telling;  // observers are for display and need not be thread-safe
  std::vector<std::optional<Result<ReplayResult>>> results(order.size());
  side_by_side(order.size(), cores(), [&](std::size_t place) {
    const std::string& policy = options.policies[order[place]];
    results[order[place]] = replay(options_for(options, policy), stop, [&](const Json& event) {
      Json named = event;
      named["policy"] = policy;
      telling.with([&](int&) {
        if (observer) observer(named);
      });
    });
  });
  Policies policies;
  for (std::size_t i = 0; i < results.size(); ++i) {
    policies.emplace_back(options.policies[i], TRY(std::move(*results[i])));
  }
  BacktestResult result = compared(std::move(policies));
  TRY(look_back(options, stop, observer, result));
  return result;
}

}  // namespace rondo::loop
