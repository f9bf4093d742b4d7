// What lags read in a server: rows of the dataset, labels that were served, and the other tables
// that it joins rows with. A new version of the dataset takes the place of what was known in one
// exchange: a request sees all of the old facts or all of the new ones.
#include <fmt/format.h>

#include "base/words.h"
#include "loop/score.h"
#include "loop/service.h"
#include "loop/service_world.h"
#include "loop/situation.h"
#include "loop/state.h"
#include "model/served_past.h"
#include "table/engine.h"

namespace rondo::loop {
namespace {

/// Whether one history can serve both: the same lags, and labels are the same numbers for both.
bool reads_the_same_past(const model::Pipeline& a, const model::Pipeline& b) {
  return a.transform().history() == b.transform().history() && a.parts().task == b.parts().task &&
         a.parts().classes == b.parts().classes;
}

/// Takes those labels that rows of the dataset do not tell already: of labels that were collected
/// a source has the row too, unless the dataset says which label a row of it is. Behind `through`
/// none was collected.
void take_served(const std::vector<model::Observation>& served, const table::Table& known,
                 std::int64_t through, const State& state, model::HistoryState& history) {
  std::set<std::int64_t> told;
  if (const table::Column* labels = known.find(model::kServedLabel)) {
    for (std::size_t row = 0; row < labels->size(); ++row) {
      if (!labels->is_null(row)) told.insert(labels->integers[row]);
    }
  }
  for (const model::Observation& o : served) {
    const auto label = static_cast<std::int64_t>(o.sequence - model::kServedSequence);
    if (label <= through && !told.contains(label)) continue;
    if (!any_covers(state.kept, o.event)) history.apply(o);
  }
}

bool reads_own_rows(const model::HistorySpec& spec) {
  for (std::size_t i = 0; i < spec.series.size(); ++i) {
    if (spec.side(i) == nullptr) return true;
  }
  return false;
}

/// What says that the rows of a dataset version are those of another one.
std::vector<io::Digest> rows_of(const ledger::Manifest& manifest) {
  std::vector<io::Digest> files;
  for (const ledger::Segment& segment : manifest.segments) files.push_back(segment.file);
  if (manifest.deleted) files.push_back(manifest.deleted->object);
  return files;
}

}  // namespace

Result<model::HistoryState> ServiceWorld::fresh_history(Loaded& loaded, const State& state,
                                                        const model::Pipeline& pipeline) {
  model::HistoryState history(pipeline.transform().history());
  const std::uint64_t most = TRY(parse_size(config_.prepare.state_max));
  history.hold_at_most(most);
  const std::vector<model::Observation> served = TRY(all_served(loaded, pipeline.parts()));
  ledger::RowsAndServed rows;
  std::int64_t through = state.served_through;
  if (!state.manifest.empty()) {
    const auto manifest =
        TRY(ledger::get_manifest(*store_.objects, TRY(io::Digest::from_hex(state.manifest))));
    prepare::Situation situation = situation_of(config_, state.kept);
    situation.temp = store_.attempts().string();
    rows = TRY(ledger::read_with_served(manifest, *store_.objects, store_.attempts()));
    if (manifest.orders_only) through = 0;  // answers become no rows there
    fill(history, rows, config_.project.target, pipeline.parts().classes, situation, progress_);
    TRY(fill_sides(history, manifest, *store_.objects, situation));
    table::Engine::rest();
  }
  take_served(served, rows.served, through, state, history);
  return history;
}

Result<std::shared_ptr<Guarded<model::HistoryState>>> ServiceWorld::history_for(
    Loaded& loaded, const State& state, const model::Pipeline& pipeline) {
  if (pipeline.transform().history().lags.empty()) return nullptr;
  for (const auto& [version, other] : loaded.versions) {
    if (reads_the_same_past(*other->pipeline, pipeline)) return other->history;
  }
  auto history = std::make_shared<Guarded<model::HistoryState>>(
      TRY(fresh_history(loaded, state, pipeline)));
  const bool first = std::ranges::none_of(
      loaded.versions, [](const auto& item) { return item.second->history != nullptr; });
  if (first) {
    TRY(note_learnt(loaded, state));
  } else if (loaded.learnt_of != state.manifest) {  // it may know of other rows than the others do
    loaded.learnt_of.clear();
    loaded.learnt_rows.clear();
    loaded.learnt.clear();
  }
  return history;
}

Result<void> ServiceWorld::learn_rows(const State& state) {
  return loaded_.with([&](Loaded& loaded) -> Result<void> {
    if (state.manifest.empty() || state.manifest == loaded.learnt_of) return {};
    const auto manifest =
        TRY(ledger::get_manifest(*store_.objects, TRY(io::Digest::from_hex(state.manifest))));
    if (rows_of(manifest) != loaded.learnt_rows) TRY(teach_rows(loaded, state));
    if (manifest.tables != loaded.learnt) TRY(teach_tables(loaded, manifest));
    return note_learnt(loaded, state);
  });
}

Result<void> ServiceWorld::note_learnt(Loaded& loaded, const State& state) {
  if (state.manifest.empty()) return {};
  const auto manifest =
      TRY(ledger::get_manifest(*store_.objects, TRY(io::Digest::from_hex(state.manifest))));
  loaded.learnt_rows = rows_of(manifest);
  loaded.learnt = manifest.tables;
  loaded.learnt_of = state.manifest;
  return {};
}

/// Every history, once: versions that read the same past share one. What came meanwhile is in the
/// fresh one too, or still waits for its answer.
Result<void> ServiceWorld::teach_rows(Loaded& loaded, const State& state) {
  std::set<const void*> taught;
  for (const auto& [version, deployed] : loaded.versions) {
    const auto& history = deployed->history;
    if (history == nullptr || !taught.insert(history.get()).second) continue;
    if (!reads_own_rows(deployed->pipeline->transform().history())) continue;
    model::HistoryState fresh = TRY(fresh_history(loaded, state, *deployed->pipeline));
    history->with([&](model::HistoryState& known) { known = std::move(fresh); });
  }
  return {};
}

/// Every history, once: versions that read the same past share one.
Result<void> ServiceWorld::teach_tables(Loaded& loaded, const ledger::Manifest& manifest) {
  prepare::Situation situation = situation_of(config_, {});
  situation.temp = store_.attempts().string();
  std::set<const void*> taught;
  for (const auto& [version, deployed] : loaded.versions) {
    const auto& history = deployed->history;
    if (history == nullptr || !taught.insert(history.get()).second) continue;
    model::HistoryState fresh(deployed->pipeline->transform().history());
    if (fresh.spec().sides.empty()) continue;
    TRY(fill_sides(fresh, manifest, *store_.objects, situation));
    history->with([&](model::HistoryState& known) { known.swap_sides(fresh); });
  }
  table::Engine::rest();
  return {};
}

void ServiceWorld::tell_history(LoopNumbers& numbers) const {
  const auto routing = router_.take();
  if (!routing || !routing->champion || !routing->champion->history) return;
  routing->champion->history->with([&](const model::HistoryState& h) {
    numbers.history_bytes = h.bytes();
    numbers.history_refused = h.refused();
  });
  if (numbers.history_refused == 0) return;
  numbers.alerts.push_back(fmt::format(
      "what lags read takes {} MB, and {} values of new entities found no room: they read as "
      "missing; raise [prepare] state_max, {}",
      numbers.history_bytes / 1'000'000, grouped(numbers.history_refused),
      config_.prepare.state_max));
}

}  // namespace rondo::loop
