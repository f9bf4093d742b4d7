// What somebody without a model would say: the last known value, and the value at the same time one
// season before. Both are read as of the row's time through the history that serves, so they know
// no label before it was known.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "prepare/draft.h"

namespace rondo::prepare {
namespace {

constexpr Span kDay = Span::days(1);
constexpr Span kWeek = Span::days(7);

/// A day and a week, as far as their values are known when they are needed; else the shortest
/// number of whole weeks after which a label is known.
std::vector<Span> seasons(Span label_delay) {
  std::vector<Span> list;
  if (label_delay <= kDay) list.push_back(kDay);
  if (label_delay <= kWeek) list.push_back(kWeek);
  if (list.empty()) list.push_back({(label_delay.us + kWeek.us - 1) / kWeek.us * kWeek.us});
  return list;
}

struct Answers {
  std::vector<double> last;
  std::vector<std::vector<double>> season;  // one list a season
};

Answers read_all(const Job& job, const Draft& draft, const std::vector<Span>& lengths) {
  model::HistorySpec spec{{job.situation.target}, {{0, {}, 1, "last"}}};
  for (const Span length : lengths) spec.lags.push_back({0, length, 0, to_text(length)});
  model::HistoryState history(spec);
  const bool entities = !job.situation.entity.empty();
  for (auto& seen : observations(job.rows, spec, job.situation.target, draft.classes,
                                 job.situation)) {
    if (entities) seen.entity = entity_of(job, seen.sequence);
    history.apply(seen);
  }
  Answers answers;
  answers.season.resize(lengths.size());
  std::vector<double> values(spec.lags.size());
  for (const std::size_t row : draft.used) {
    const Time time = job.times[row];
    history.read(entities ? entity_of(job, row) : std::string(), time, time, values);
    answers.last.push_back(values[0]);
    for (std::size_t i = 0; i < lengths.size(); ++i) answers.season[i].push_back(values[i + 1]);
  }
  return answers;
}

double loss_of(const Draft& draft, double said, double label) {
  if (draft.task != model::Task::kRegression) return said == label ? 0 : 1;
  return std::abs(said - label);
}

/// Mean loss of each season over the training rows where all of them answer; the least one wins,
/// the shorter one when equal or when there are no such rows.
std::size_t best_season(const Draft& draft, const std::vector<std::vector<double>>& season) {
  std::vector<double> sum(season.size());
  for (const std::size_t row : draft.train) {
    const bool all = std::ranges::none_of(
        season, [row](const std::vector<double>& list) { return std::isnan(list[row]); });
    if (!all) continue;
    for (std::size_t i = 0; i < season.size(); ++i) {
      sum[i] += loss_of(draft, season[i][row], draft.label[row]);
    }
  }
  return static_cast<std::size_t>(std::ranges::min_element(sum) - sum.begin());
}

}  // namespace

Broken measure_baselines(const Job& job, Draft& draft) {
  if (!job.situation.has_clock) return {};
  const std::vector<Span> lengths = seasons(job.situation.label_delay);
  Answers answers = read_all(job, draft, lengths);
  const std::size_t best = best_season(draft, answers.season);
  draft.last_value = std::move(answers.last);
  draft.season_value = std::move(answers.season[best]);
  draft.season = lengths[best];
  return {};
}

}  // namespace rondo::prepare
