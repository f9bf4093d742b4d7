// What lags read in a server, and the other tables that it joins rows with. A new version of a
// table takes the place of what was known in one exchange: a request sees all of the old facts or
// all of the new ones.
#include <fmt/format.h>

#include "base/words.h"
#include "loop/score.h"
#include "loop/service.h"
#include "loop/service_world.h"
#include "loop/situation.h"
#include "loop/state.h"
#include "table/engine.h"

namespace rondo::loop {
namespace {

/// Whether one history can serve both: the same lags, and labels are the same numbers for both.
bool reads_the_same_past(const model::Pipeline& a, const model::Pipeline& b) {
  return a.transform().history() == b.transform().history() && a.parts().task == b.parts().task &&
         a.parts().classes == b.parts().classes;
}

}  // namespace

Result<std::shared_ptr<Guarded<model::HistoryState>>> ServiceWorld::history_for(
    Loaded& loaded, const State& state, const model::Pipeline& pipeline) {
  const model::HistorySpec& spec = pipeline.transform().history();
  if (spec.lags.empty()) return nullptr;
  for (const auto& [version, other] : loaded.versions) {
    if (reads_the_same_past(*other->pipeline, pipeline)) return other->history;
  }
  auto history = std::make_shared<Guarded<model::HistoryState>>(spec);
  const std::uint64_t most = TRY(parse_size(config_.prepare.state_max));
  history->with([most](model::HistoryState& h) { h.hold_at_most(most); });
  const std::vector<model::Observation> served = TRY(all_served(loaded, pipeline.parts()));
  if (!state.manifest.empty()) {
    const auto manifest =
        TRY(ledger::get_manifest(*store_.objects, TRY(io::Digest::from_hex(state.manifest))));
    prepare::Situation situation = situation_of(config_, state.kept);
    situation.temp = store_.attempts().string();
    const table::Table rows =
        TRY(ledger::read_dataset(manifest, *store_.objects, store_.attempts()));
    TRY(history->with([&](model::HistoryState& h) -> Result<void> {
      fill(h, rows, config_.project.target, pipeline.parts().classes, situation);
      return fill_sides(h, manifest, *store_.objects, situation);
    }));
    table::Engine::rest();
  }
  loaded.learnt_of.clear();  // it knows the tables of this version, which may not be the newest
  loaded.learnt.clear();
  history->with([&](model::HistoryState& h) {
    for (const model::Observation& o : served) {
      if (!any_covers(state.kept, o.event)) h.apply(o);
    }
  });
  return history;
}

Result<void> ServiceWorld::learn_tables(const State& state) {
  return loaded_.with([&](Loaded& loaded) -> Result<void> {
    if (state.manifest.empty() || state.manifest == loaded.learnt_of) return {};
    const auto manifest =
        TRY(ledger::get_manifest(*store_.objects, TRY(io::Digest::from_hex(state.manifest))));
    if (manifest.tables != loaded.learnt) TRY(teach_tables(loaded, manifest));
    loaded.learnt = manifest.tables;
    loaded.learnt_of = state.manifest;
    return {};
  });
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
