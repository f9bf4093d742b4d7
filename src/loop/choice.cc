// Costs by day, so that cycles and errors are drawn together when the gain is bounded.
#include "loop/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/bootstrap.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kFewDays = 30, kDaysOfWeek = 7;
constexpr double kEachTail = 0.025;

double sum_of(std::span<const double> costs) {
  double sum = 0;
  for (const double cost : costs) sum += cost;
  return sum;
}

Result<std::size_t> place_of(const BacktestResult& result, const std::string& name) {
  const auto found = std::ranges::find_if(result.policies,
                                          [&](const auto& one) { return one.first == name; });
  if (found != result.policies.end()) {
    return static_cast<std::size_t>(found - result.policies.begin());
  }
  return fail(Code::kInvalidInput, fmt::format("the backtest has no policy \"{}\"", name),
              fmt::format("write --policy ...,{}", name));
}

/// The gain of the last third by whole weeks at most, as errors of days depend on each other.
void bound_gain(const std::vector<double>& more, Choice& choice) {
  const std::size_t days = more.size();
  const auto third = static_cast<std::size_t>(std::round(std::cbrt(static_cast<double>(days))));
  const std::size_t block = std::clamp<std::size_t>(third, 1, kDaysOfWeek);
  const stats::Resampling resampling{days, block, 2000, {}};
  std::vector<double> draws;
  stats::resample(resampling, Seed{20260102}, [&](std::span<const double> weights) {
    double sum = 0;
    for (std::size_t d = 0; d < days; ++d) sum += weights[d] * more[d];
    draws.push_back(sum);
  });
  choice.gain = sum_of(more);
  const std::size_t blocks = (days + resampling.block - 1) / resampling.block;
  const auto bounds =
      stats::bootstrap_bounds(choice.gain, std::move(draws), blocks, kEachTail).bounds;
  choice.low = bounds.low;
  choice.high = bounds.high;
}

std::string_view trimmed(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
}

bool sets_policy(std::string_view line) {
  constexpr std::string_view kKey = "policy";
  const std::string_view text = trimmed(line);
  return text.starts_with(kKey) && trimmed(text.substr(kKey.size())).starts_with("=");
}

}  // namespace

double cost_of(std::string_view metric, const ReplayDay& day, const Prices& prices) {
  const auto rows = static_cast<double>(day.rows);
  return prices.cost_per_error * (metric == "rmse" ? std::sqrt(day.loss * rows) : day.loss);
}

std::vector<double> costs_of(const BacktestResult& result, const ReplayResult& one,
                             const Prices& prices) {
  std::vector<double> costs;
  for (const ReplayDay& day : one.days) costs.push_back(cost_of(result.metric, day, prices));
  for (const Time cycle : one.cycle_times) {
    const auto next = std::ranges::find_if(one.days, [&](const ReplayDay& day) {
      return day.day + Span::days(1) > cycle;
    });
    const bool inside = next != one.days.end() && cycle >= one.days.front().day;
    if (inside) costs[static_cast<std::size_t>(next - one.days.begin())] += prices.cost_of_cycle;
  }
  return costs;
}

Result<Choice> choose(const BacktestResult& result, const Prices& prices,
                      const std::string& against, const std::string& named) {
  const std::size_t before = TRY(place_of(result, against));
  const std::size_t days = result.policies[before].second.days.size();
  if (days < kFewDays) {
    return fail(Code::kInvalidInput,
                fmt::format("all policies answered on {} days together; a choice needs {}", days,
                            kFewDays),
                "begin earlier (--from), or wait for more history");
  }
  const std::size_t cut = days * 2 / 3;
  std::vector<std::vector<double>> costs;
  Json list = Json::array();
  std::size_t best = before;
  for (std::size_t i = 0; i < result.policies.size(); ++i) {
    const auto& [name, one] = result.policies[i];
    costs.push_back(costs_of(result, one, prices));
    const std::span<const double> all(costs.back());
    list.push_back({{"policy", name}, {"chosen_on", sum_of(all.first(cut))},
                    {"shown_on", sum_of(all.subspan(cut))}});
  }
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const bool gated = !result.policies[i].first.starts_with("cron");
    const auto chosen_on = [&](std::size_t p) {
      return sum_of(std::span<const double>(costs[p]).first(cut));
    };
    if (gated && chosen_on(i) < chosen_on(best)) best = i;
  }
  if (!named.empty()) best = TRY(place_of(result, named));
  Choice choice;
  choice.policy = result.policies[best].first;
  choice.against = against;
  choice.shown_from = result.policies[before].second.days[cut].day;
  std::vector<double> more;
  for (std::size_t d = cut; d < days; ++d) more.push_back(costs[before][d] - costs[best][d]);
  if (best != before) bound_gain(more, choice);
  choice.json = {{"policy", choice.policy}, {"against", against},
                 {"shown_from", to_text(choice.shown_from)}, {"gain", choice.gain},
                 {"low", choice.low}, {"high", choice.high}, {"clear", choice.clear()},
                 {"costs", std::move(list)}};
  return choice;
}

std::string with_policy(std::string_view toml, const std::string& policy) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < toml.size();) {
    const std::size_t end = std::min(toml.find('\n', at), toml.size());
    lines.emplace_back(toml.substr(at, end - at));
    at = end + 1;
  }
  const std::string set = fmt::format("policy = \"{}\"", policy);
  const auto header = std::ranges::find_if(lines, [](const std::string& line) {
    return trimmed(line).starts_with("[loop]");
  });
  if (header == lines.end()) {
    lines.insert(lines.end(), {"", "[loop]", set});
    return fmt::format("{}\n", fmt::join(lines, "\n"));
  }
  auto line = header + 1;
  while (line != lines.end() && !trimmed(*line).starts_with("[") && !sets_policy(*line)) ++line;
  if (line == lines.end() || !sets_policy(*line)) {
    lines.insert(header + 1, set);
  } else {
    const std::size_t comment = line->find('#');
    *line = comment == std::string::npos ? set : fmt::format("{}  {}", set, line->substr(comment));
  }
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

Result<std::string> project_with_policy(io::Fs& fs, const io::Path& project,
                                        const std::string& policy) {
  std::string text = with_policy(TRY(fs.read(project / "rondo.toml", 1 << 20)), policy);
  const auto read = parse_config(text, "rondo.toml", "model");
  if (!read || read->loop.policy != policy) {
    return fail(Code::kInvalidInput, "rondo.toml sets the policy in a way that cannot be changed",
                fmt::format("write policy = \"{}\" under [loop] yourself", policy));
  }
  return text;
}

}  // namespace rondo::loop
