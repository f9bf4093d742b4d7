// `rondo backtest`: the same history under several policies, one project each, side by side on the
// cores that there are; intervals by resampling whole blocks of days.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/guarded.h"
#include "base/seed.h"
#include "base/worker.h"
#include "loop/run.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kResamples = 2000;
constexpr std::size_t kBlockDays = 7;  // longer than the dependence of daily errors in our examples

struct Totals {
  double loss = 0;
  double rows = 0;
};

std::uint64_t rows_of(const std::vector<ReplayDay>& days) {
  std::uint64_t rows = 0;
  for (const ReplayDay& day : days) rows += day.rows;
  return rows;
}

double mean_of(const std::vector<ReplayDay>& days) {
  Totals total;
  for (const ReplayDay& day : days) {
    total.loss += day.loss;
    total.rows += static_cast<double>(day.rows);
  }
  return total.rows > 0 ? total.loss / total.rows : 0;
}

/// Means of circular blocks of days (Politis, Romano 1992), the same draws for every policy.
std::vector<double> resampled(const std::vector<ReplayDay>& days) {
  std::vector<double> means;
  if (days.empty()) return means;
  Chance chance(Seed{20260101});
  for (std::size_t b = 0; b < kResamples; ++b) {
    Totals total;
    for (std::size_t n = 0; n < days.size(); n += kBlockDays) {
      const std::size_t start = chance.below(days.size());
      for (std::size_t k = 0; k < kBlockDays && n + k < days.size(); ++k) {
        const ReplayDay& day = days[(start + k) % days.size()];
        total.loss += day.loss;
        total.rows += static_cast<double>(day.rows);
      }
    }
    means.push_back(total.rows > 0 ? total.loss / total.rows : 0);
  }
  return means;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
  return values[at];
}

Json periods_of(const std::vector<ReplayDay>& days) {
  std::map<int, std::vector<ReplayDay>> years;
  for (const ReplayDay& day : days) years[civil(day.day).year].push_back(day);
  Json out = Json::array();
  for (const auto& [year, list] : years) {
    double naive = 0;
    double rows = 0;
    for (const ReplayDay& day : list) {
      naive += day.naive;
      rows += static_cast<double>(day.naive_rows);
    }
    out.push_back({{"from", to_text(list.front().day)},
                   {"to", to_text(list.back().day + Span::days(1))},
                   {"rows", rows_of(list)},
                   {"value", mean_of(list)},
                   {"same_time_last_week", rows > 0 ? Json(naive / rows) : Json(nullptr)}});
  }
  return out;
}

Json policy_json(const std::string& name, const ReplayResult& result, double first_value,
                 const std::vector<double>& first) {
  const std::vector<double> means = resampled(result.days);
  std::vector<double> differences;
  for (std::size_t i = 0; i < means.size() && i < first.size(); ++i) {
    differences.push_back(means[i] - first[i]);
  }
  const double value = mean_of(result.days);
  return {{"policy", name},
          {"value", value},
          {"low", quantile(means, 0.025)},
          {"high", quantile(means, 0.975)},
          {"cycles", result.cycles},
          {"promotions", result.promotions},
          {"refusals", result.refusals},
          {"alarms", result.alarms},
          {"cpu_s", result.cpu_s},
          {"head", result.head},
          {"versus_first", {{"value", value - first_value},
                            {"low", quantile(differences, 0.025)},
                            {"high", quantile(differences, 0.975)}}},
          {"periods", periods_of(result.days)}};
}

std::string folder_name(std::string policy) {
  std::replace(policy.begin(), policy.end(), ':', '-');
  return policy;
}

using Slot = Guarded<std::optional<Result<ReplayResult>>>;

}  // namespace

Result<BacktestResult> backtest(const BacktestOptions& options, const Stop& stop,
                                const Observer& observer) {
  std::vector<std::unique_ptr<Slot>> slots;
  {
    Guarded<int> telling;  // observers are for display and need not be thread-safe
    std::vector<std::unique_ptr<Worker>> workers;
    for (const std::string& policy : options.policies) {
      slots.push_back(std::make_unique<Slot>());
      ReplayOptions one = options.replay;
      one.policy = policy;
      one.into = options.replay.into / folder_name(policy);
      one.threads = 1;
      const auto tell = [&observer, &telling, policy](const Json& event) {
        Json named = event;
        named["policy"] = policy;
        telling.with([&](int&) {
          if (observer) observer(named);
        });
      };
      Slot* slot = slots.back().get();
      workers.push_back(std::make_unique<Worker>("replay", [one, stop, tell, slot](const Stop&) {
        auto result = replay(one, stop, tell);
        slot->change([&](auto& value) { value = std::move(result); });
      }));
    }
    for (const auto& worker : workers) worker->join();
  }
  BacktestResult out;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    ReplayResult result = TRY(slots[i]->with([](auto& value) { return std::move(*value); }));
    out.metric = result.metric;
    out.policies.emplace_back(options.policies[i], std::move(result));
  }
  Json list = Json::array();
  std::vector<double> first;
  const double first_value =
      out.policies.empty() ? 0 : mean_of(out.policies.front().second.days);
  for (const auto& [name, result] : out.policies) {
    if (first.empty()) first = resampled(result.days);
    list.push_back(policy_json(name, result, first_value, first));
  }
  out.json = {{"metric", out.metric}, {"policies", list}};
  return out;
}

}  // namespace rondo::loop
