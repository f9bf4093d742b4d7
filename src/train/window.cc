// The choice is by held-out rows: no assumption of when or how a law changes, or that it does.
#include "train/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/words.h"
#include "model/time_part.h"
#include "stats/intervals.h"
#include "train/ensemble.h"
#include "train/folds.h"
#include "train/inputs.h"

namespace rondo::train {
namespace {

using model::Prepared;

constexpr double kChance = 0.01;     // one-sided, as up to seven are compared
constexpr double kFarAhead = 2.326;  // standard errors after an alarm, which is evidence too
constexpr std::size_t kHalvings = 6;
constexpr std::size_t kFewestRows = 500;       // to learn from, of those that are compared
constexpr std::size_t kFewestOfStretch = 50;   // the same if the settings or an alarm name it
constexpr std::size_t kFewestDays = 5;         // to judge on: of fewer a deviation says little
constexpr std::size_t kFewestAfterAlarm = 3;
constexpr std::size_t kMostRows = 50'000;      // of a fit that is only to compare
constexpr std::size_t kMostRounds = 50;
constexpr Span kLeastBudget = Span::seconds(10);

RowList from_on(const Prepared& prepared, const RowList& rows, Time from) {
  const auto first = std::ranges::partition_point(
      rows, [&](std::uint32_t row) { return prepared.time[row] < from; });
  return {first, rows.end()};
}

/// What quick trees lost on the judged rows that learned from those since `from`.
struct Look {
  Time from;
  bool changed = false;  // an alarm names that moment
  std::vector<double> losses;
  double loss = 0;
};

/// Moments from which on rows could be learned from, the first of them all.
std::vector<Look> moments(const Prepared& prepared, const RowList& fit,
                          std::optional<Time> changed) {
  std::vector<Look> out = {{prepared.time[fit.front()], false, {}}};
  for (std::size_t halving = 1; halving <= kHalvings; ++halving) {
    const std::size_t rows = fit.size() >> halving;
    if (rows < kFewestRows) break;
    out.push_back({prepared.time[fit[fit.size() - rows]], false, {}});
  }
  if (changed && from_on(prepared, fit, *changed).size() >= kFewestOfStretch) {
    out.push_back({*changed, true, {}});
  }
  return out;
}

/// False: those rows cannot be learned from.
Result<bool> judge(const Prepared& prepared, const Inner& window, const Judged& judged,
                   const Plan& plan, Look& look) {
  const RowList rows = thinned(from_on(prepared, window.fit, look.from), kMostRows);
  if (!check_inputs(prepared, rows)) return false;
  Limits limits;
  limits.rounds = std::min(plan.most_rounds, kMostRounds);
  limits.patience = patience_for(growth_of(plan.options), rows.size());
  limits.stop = plan.limits.stop;
  limits.keep_answers = true;
  Booster booster = TRY(Booster::make(prepared, rows, window.stop, plan.parameters));
  const Course course = TRY(grow(booster, judged, limits));
  if (course.ending == Ending::kStopped) {
    return fail(Code::kCancelled, "training was stopped before it had a model");
  }
  look.losses = row_losses(judged, raw_of(prepared.task, course.answers));
  look.loss = std::accumulate(look.losses.begin(), look.losses.end(), 0.0) /
              static_cast<double>(look.losses.size());
  return true;
}

std::size_t count_of(std::vector<std::uint64_t> days) {
  std::ranges::sort(days);
  days.erase(std::unique(days.begin(), days.end()), days.end());
  return days.size();
}

/// Rows to judge on at most: after a change that an alarm names as many as are left to learn from.
std::size_t most_judged(const Prepared& prepared, const RowList& rows,
                        std::optional<Time> changed) {
  if (!changed) return rows.size();
  const std::size_t since = from_on(prepared, rows, *changed).size();
  return since >= 2 * kFewestOfStretch ? since / 2 : rows.size();
}

/// The rows since the best moment, if it is clearly better than all of them.
Result<Window> look_back(const Prepared& prepared, RowList rows, const Plan& plan,
                         std::optional<Time> changed) {
  const Inner window = newest_window(prepared, rows, most_judged(prepared, rows, changed));
  const auto days = units_of(prepared, window.stop);
  const std::size_t few = changed ? kFewestAfterAlarm : kFewestDays;
  if (window.fit.size() < 2 * kFewestRows || count_of(days) < few ||
      !has_weight(prepared, window.stop)) {
    return Window{std::move(rows)};
  }
  std::vector<double> labels;
  for (const std::uint32_t row : window.stop) labels.push_back(prepared.label[row]);
  const std::vector<double> weights = weights_of(prepared, window.stop);
  const Judged judged{prepared.task, labels, weights, prepared.levels};
  std::vector<Look> looks;
  for (Look& look : moments(prepared, window.fit, changed)) {
    const bool all = looks.empty();
    if (TRY(judge(prepared, window, judged, plan, look))) looks.push_back(std::move(look));
    else if (all) return Window{std::move(rows)};
  }
  const Look& all = looks.front();
  const Look& best = *std::ranges::min_element(looks, {}, &Look::loss);
  const double freedom = static_cast<double>(count_of(days)) - 1;
  const double needed = best.changed ? kFarAhead : stats::student_quantile(1 - kChance, freedom);
  const double ahead = best.changed ? standard_errors(all.losses, best.losses, days)
                                    : standard_errors_of_days(all.losses, best.losses, days);
  if (!(ahead > needed)) return Window{std::move(rows)};
  Window found;
  found.rows = from_on(prepared, rows, best.from);
  found.found = {{"since", to_text(best.from)},  {"since_us", best.from.us},
                 {"of", rows.size()},            {"judged_rows", window.stop.size()},
                 {"loss", best.loss},            {"loss_of_all", all.loss},
                 {"standard_errors", ahead},     {"changed", best.changed}};
  found.text = fmt::format("; of {} rows only those since {}{}: on the newest {} their {} is "
                           "{:.4g}, that of all {:.4g}",
                           grouped(rows.size()), to_text(best.from),
                           best.changed ? ", when the law changed by the alarm" : "",
                           grouped(window.stop.size()), loss_name(prepared.task), best.loss,
                           all.loss);
  return found;
}

/// The rows of a stretch that the settings name.
Result<Window> newest_stretch(const Prepared& prepared, const RowList& rows,
                              const std::string& stretch) {
  const Span span = TRY(parse_span(stretch));
  Window window{from_on(prepared, rows, prepared.time[rows.back()] - span)};
  if (window.rows.size() < kFewestOfStretch) {
    return fail(Code::kInvalidInput,
                fmt::format("[train] window = \"{}\" leaves {} of {} rows to learn from", stretch,
                            grouped(window.rows.size()), grouped(rows.size())),
                fmt::format("make it longer, so that it holds {} rows at least", kFewestOfStretch));
  }
  TRY(check_inputs(prepared, window.rows));
  window.text = fmt::format("; of {} rows only those of the newest {}", grouped(rows.size()),
                            to_text(span));
  return window;
}

}  // namespace

Result<void> check_window(const std::string& window) {
  if (window == "auto" || window == "all") return {};
  const auto span = parse_span(window);
  if (span && span->us > 0) return {};
  return fail(Code::kInvalidInput,
              fmt::format("train.window: \"{}\" is no stretch of time", window),
              "write \"auto\", \"all\" or a span above 0, as \"90d\"");
}

Result<Window> choose_window(const Prepared& prepared, RowList rows, const Plan& plan,
                             const ledger::StageInput& input) {
  if (prepared.time.empty() || plan.options.window == "all") return Window{std::move(rows)};
  if (plan.options.window != "auto") return newest_stretch(prepared, rows, plan.options.window);
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  const auto moment = [&](const char* key) -> std::optional<Time> {
    if (!now.contains(key)) return std::nullopt;
    return Time{io::get_or<std::int64_t>(now, key, 0)};
  };
  if (const auto since = moment("since_us")) {
    return Window{from_on(prepared, rows, *since), {},
                  fmt::format("; only those since {}, as the candidate that was measured",
                              to_text(*since))};
  }
  const Budget budget = TRY(read_budget(plan.options.budget));
  const bool short_of_time = budget.time && *budget.time < kLeastBudget;
  if (plan.of_twin() || !prepared.by_time || !plan.mix.is_null() ||
      !plan.options.command.empty() || short_of_time) {
    return Window{std::move(rows)};
  }
  return look_back(prepared, std::move(rows), plan, moment("changed_us"));
}

std::vector<std::string> clock_parts_without_cycle(const Prepared& prepared, const RowList& rows) {
  std::vector<std::string> names;
  if (prepared.time.empty() || rows.empty()) return names;
  const Span stretch = prepared.time[rows.back()] - prepared.time[rows.front()];
  for (const model::Step& step : prepared.transform.steps()) {
    const bool of_clock = step.kind == model::Step::Kind::kTimePart && step.input < 0;
    if (of_clock && !model::comes_round(step.part, stretch)) names.push_back(step.feature);
  }
  return names;
}

void leave_out(const std::vector<std::string>& features, Prepared& prepared) {
  const auto& steps = prepared.transform.steps();
  model::Matrix& matrix = prepared.features;
  for (std::size_t column = 0; column < steps.size(); ++column) {
    if (std::ranges::find(features, steps[column].feature) == features.end()) continue;
    for (std::size_t at = column; at < matrix.values.size(); at += matrix.columns) {
      matrix.values[at] = 0;
    }
  }
}

}  // namespace rondo::train
