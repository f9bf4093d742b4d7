// Which version, and why it or none.
#include "loop/stand_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>

#include "base/check.h"
#include "base/words.h"
#include "deploy/router.h"
#include "loop/portable.h"
#include "loop/replay_loss.h"
#include "loop/rescore.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kTried = 3;
constexpr std::size_t kFewest = 100, kMost = 2'000, kLookedAt = 20'000;  // rows
constexpr Span kBefore = Span::days(60);

using PipelinePtr = std::shared_ptr<const model::Pipeline>;

bool reads(const Reader& reader, const std::string& column) {
  return std::ranges::find(reader.columns, column) != reader.columns.end();
}

Reader reader_of(const model::Pipeline& pipeline, std::int64_t version) {
  Reader reader{version, {}, 0};
  const model::Transform& transform = pipeline.transform();
  for (const table::Field& field : transform.inputs().fields) reader.columns.push_back(field.name);
  for (const std::string& name : transform.history().series) {
    if (name != pipeline.parts().target) reader.columns.push_back(name);
  }
  return reader;
}

/// Answered by the champion shortly before the fault, with their labels; the newest kMost of them.
struct Known {
  std::vector<ledger::Prediction> rows;
  std::vector<Json> labels;
};

Result<Known> known_before(ledger::Store& store, std::int64_t version,
                           const model::Pipeline& champion, Time fault) {
  std::deque<ledger::Prediction> newest;
  TRY(ledger::read_predictions(
      *store.fs, store.log(), {},
      [&](std::string_view, Time time) { return time < fault && time >= fault - kBefore; },
      [&](ledger::Prediction&& row) {
        if (row.version != version || !logged_row(row, champion)) return;
        newest.push_back(std::move(row));
        if (newest.size() > kLookedAt) newest.pop_front();
      }));
  Known known;
  for (; !newest.empty() && known.rows.size() < kMost; newest.pop_back()) {
    auto label = TRY(store.ledger->label_of(newest.back().id));
    if (!label) continue;
    known.rows.push_back(std::move(newest.back()));
    known.labels.push_back(std::move(label->value));
  }
  return known;
}

/// The champion's logged rows as `by` reads them, the column missing where it reads it.
std::vector<LoggedRow> rows_for(const model::Pipeline& by, const model::Pipeline& champion,
                                const Known& known, const std::string& column) {
  const auto columns = deploy::columns_between(champion, by);
  const auto broken = champion.transform().inputs().find(column);
  const auto& had = champion.transform().history();
  const auto& wants = by.transform().history();
  std::vector<LoggedRow> out;
  for (const ledger::Prediction& row : known.rows) {
    auto logged = logged_row(row, champion);
    CHECK(logged.has_value(), "rows that cannot be read were left out");
    if (broken) logged->cells[*broken] = model::Cell();
    LoggedRow read{columns.empty() ? logged->cells : deploy::arranged(logged->cells, columns),
                   row.time, {}};
    for (const model::Lag& lag : wants.lags) {
      const auto found = std::ranges::find(had.lags, lag.feature, &model::Lag::feature);
      const bool known_lag = found != had.lags.end() && wants.series[lag.series] != column;
      read.lags.push_back(known_lag
                              ? logged->lags[static_cast<std::size_t>(found - had.lags.begin())]
                              : std::numeric_limits<double>::quiet_NaN());
    }
    out.push_back(std::move(read));
  }
  return out;
}

double mean_loss(evaluate::Metric metric, const model::Pipeline& by,
                 const std::vector<LoggedRow>& rows, const Known& known) {
  const std::vector<double> answers = score_again(by, rows);
  const std::size_t outputs = by.outputs();
  double sum = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto answer = std::span(answers).subspan(i * outputs, outputs);
    sum += loss_of(metric, by.parts(), as_answered(by.parts(), answer), known.labels[i])
               .value_or(0);
  }
  return sum / static_cast<double>(rows.size());
}

/// The versions that served before, newest first.
Result<std::map<std::int64_t, PipelinePtr, std::greater<>>> archive(ledger::Store& store,
                                                                    const State& state) {
  std::map<std::int64_t, PipelinePtr, std::greater<>> out;
  for (auto at = state.versions.rbegin(); at != state.versions.rend(); ++at) {
    if (!at->second.served || at->first == state.champion) continue;
    out[at->first] = TRY(model::Pipeline::load(TRY(stored_pipeline(store, state, at->first))));
    if (out.size() == kTried) break;
  }
  return out;
}

}  // namespace

bool does_without(const Reader& one, const Reader& champion, const std::string& column) {
  return !reads(one, column) && std::ranges::all_of(one.columns, [&](const std::string& name) {
    return reads(champion, name);
  });
}

std::optional<StandIn> stand_in(const Reader& champion, std::span<const Reader> archived,
                                const std::string& column, std::size_t rows,
                                std::string_view metric) {
  const auto best = std::ranges::min_element(archived, {}, &Reader::loss);
  if (best == archived.end() || !(best->loss < champion.loss)) return std::nullopt;
  return StandIn{best->version, column,
                 fmt::format("\"{}\" is broken, and on the last {} labelled rows before v{} errs "
                             "less without it ({} {:.4g}) than v{} with it missing ({:.4g})",
                             column, grouped(rows), best->version, metric, best->loss,
                             champion.version, champion.loss)};
}

Result<std::optional<StandIn>> find_stand_in(ledger::Store& store, const Config& config,
                                             const State& state,
                                             std::span<const monitor::Signal> signals) {
  const bool broke = std::ranges::any_of(
      signals, [](const monitor::Signal& signal) { return signal.open && signal.quarantines; });
  const bool rolls = state.rollout && !state.rollout->watched;
  if (!broke || state.champion == 0 || rolls || state.paused) return std::nullopt;
  const auto archived = TRY(archive(store, state));
  if (archived.empty()) return std::nullopt;
  const PipelinePtr champion =
      TRY(model::Pipeline::load(TRY(stored_pipeline(store, state, state.champion))));
  const ShownLoss shown = shown_loss(config.evaluate.metric, champion->parts().task);
  for (const monitor::Signal& signal : signals) {
    Reader serves = reader_of(*champion, state.champion);
    if (!signal.open || !signal.quarantines || !reads(serves, signal.subject)) continue;
    std::vector<Reader> able;
    for (const auto& [version, pipeline] : archived) {
      Reader reader = reader_of(*pipeline, version);
      const bool alike = pipeline->parts().task == champion->parts().task;
      if (alike && does_without(reader, serves, signal.subject)) able.push_back(std::move(reader));
    }
    if (able.empty()) continue;
    const Known known = TRY(known_before(store, state.champion, *champion, signal.since));
    if (known.rows.size() < kFewest) continue;
    const auto loss = [&](const model::Pipeline& by) {
      return mean_loss(shown.metric, by, rows_for(by, *champion, known, signal.subject), known);
    };
    serves.loss = loss(*champion);
    for (Reader& reader : able) reader.loss = loss(*archived.at(reader.version));
    if (auto found = stand_in(serves, able, signal.subject, known.rows.size(), shown.name)) {
      return found;
    }
  }
  return std::nullopt;
}

bool is_well(const State& state, const std::string& column) {
  return std::ranges::none_of(state.kept, [&](const Kept& kept) {
    return kept.column == column && !kept.until;
  });
}

}  // namespace rondo::loop
