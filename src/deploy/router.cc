// Taking, answering, learning. A history is locked for its read alone, so that requests of many
// threads wait for one another a few hundred nanoseconds at most.
#include "deploy/router.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace rondo::deploy {
namespace {

constexpr std::size_t kFewLags = 64;

/// Shape: as Pipeline::score(), and where there is room for contributions as Pipeline::explain().
void score(const Deployed& by, const model::RowView& row, std::span<double> out,
           model::InputCounts* counts, Answer& answer) {
  const std::size_t count = by.pipeline->transform().history().lags.size();
  std::array<double, kFewLags> few;
  std::vector<double> many(count > kFewLags ? count : 0);
  const std::span<double> lags(count > kFewLags ? many.data() : few.data(), count);
  if (by.history) {
    const std::string_view entity = by.pipeline->transform().entity(row.cells);
    by.history->with([&](const model::HistoryState& history) {
      history.read(entity, row.time, row.known, lags);
    });
  } else {
    std::ranges::fill(lags, std::numeric_limits<double>::quiet_NaN());
  }
  answer.lags.assign(lags.begin(), lags.end());
  by.pipeline->score(row.cells, row.time, lags, out, counts, answer.raw);
  if (answer.contributions.empty()) return;
  const auto done = by.pipeline->explain(row.cells, row.time, lags, answer.contributions);
  CHECK(done.has_value(), "contributions are asked of a model that can explain");
}

}  // namespace

std::shared_ptr<const Deployed> Routing::find(std::int64_t version) const {
  for (const auto& loaded : {champion, former, trial ? trial->other : nullptr}) {
    if (loaded && loaded->version == version) return loaded;
  }
  const auto found = std::ranges::find(others, version, &Deployed::version);
  return found == others.end() ? nullptr : *found;
}

std::vector<std::ptrdiff_t> columns_between(const model::Pipeline& from,
                                            const model::Pipeline& to) {
  const auto& there = from.transform().inputs().fields;
  std::vector<std::ptrdiff_t> columns;
  bool same = there.size() == to.transform().inputs().fields.size();
  for (const table::Field& field : to.transform().inputs().fields) {
    const auto found = std::ranges::find(there, field.name, &table::Field::name);
    columns.push_back(found == there.end() ? -1 : found - there.begin());
    same = same && columns.back() == static_cast<std::ptrdiff_t>(columns.size()) - 1;
  }
  if (same) columns.clear();
  return columns;
}

std::vector<model::Cell> arranged(std::span<const model::Cell> cells,
                                  std::span<const std::ptrdiff_t> columns) {
  std::vector<model::Cell> out(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto from = static_cast<std::size_t>(columns[i]);
    if (columns[i] >= 0 && from < cells.size()) out[i] = cells[from];
  }
  return out;
}

bool failed(double value) noexcept { return !std::isfinite(value); }

std::shared_ptr<const Routing> Router::publish(std::shared_ptr<const Routing> next) {
  return routing_.publish(std::move(next));
}

Answer Router::answer(const std::shared_ptr<const Deployed>& by, const model::RowView& row,
                      model::InputCounts* counts, Wanted wanted) {
  Answer answer;
  answer.version = by->version;
  answer.by = by;
  const std::size_t outputs = by->pipeline->outputs();
  if (wanted != Wanted::kAnswer) answer.raw.resize(outputs);
  if (wanted == Wanted::kContributions) {
    answer.contributions.resize(outputs * (by->pipeline->explained().size() + 1));
  }
  const model::Pipeline::Parts& parts = by->pipeline->parts();
  if (parts.task == model::Task::kRegression) {
    score(*by, row, std::span(&answer.value, 1), counts, answer);
    return answer;
  }
  answer.probabilities.resize(std::max(parts.classes.size(), parts.levels.size()));
  if (parts.task == model::Task::kQuantile) {
    score(*by, row, answer.probabilities, counts, answer);
    answer.value = answer.probabilities[model::middle_of(parts.levels)];
    return answer;
  }
  if (parts.task == model::Task::kBinary) {
    score(*by, row, std::span(&answer.value, 1), counts, answer);
    answer.probabilities[0] = 1 - answer.value;
    answer.probabilities[1] = answer.value;
  } else {
    score(*by, row, answer.probabilities, counts, answer);
  }
  const std::size_t chosen = parts.answering.class_of(answer.probabilities);
  if (parts.task == model::Task::kMulticlass) answer.value = answer.probabilities[chosen];
  answer.label = parts.classes[chosen];
  return answer;
}

void Router::learn(std::span<const model::Observation> observations, const std::string& series,
                   const std::vector<std::string>& entity) {
  const auto routing = take();
  if (!routing) return;
  std::vector<const void*> taught;  // versions with the same lags share a history
  const auto teach = [&](const Deployed* loaded) {
    if (loaded == nullptr || !loaded->history) return;
    if (std::ranges::find(taught, loaded->history.get()) != taught.end()) return;
    taught.push_back(loaded->history.get());
    loaded->history->with([&](model::HistoryState& history) {
      const std::vector<std::string>& names = history.spec().series;
      const auto place = std::find(names.begin(), names.end(), series);
      if (place == names.end() || history.spec().entity != entity) return;
      for (model::Observation observation : observations) {
        observation.series = static_cast<std::uint32_t>(place - names.begin());
        history.apply(observation);
      }
    });
  };
  teach(routing->champion.get());
  teach(routing->former.get());
  for (const auto& other : routing->others) teach(other.get());
  if (routing->trial) teach(routing->trial->other.get());
}

}  // namespace rondo::deploy
