// The matrix: every model of a crontab on every later row of the recorded history.
#include <algorithm>

#include "base/lanes.h"
#include "base/worker.h"
#include "loop/hindsight.h"
#include "loop/replay_loss.h"
#include "loop/replay_world.h"
#include "loop/rescore.h"
#include "loop/shared.h"

namespace rondo::loop {
namespace {

struct GridVersion {
  std::int64_t version = 0;
  Time from;
};

/// Evenly thinned out to kMostGrid, the first one among them.
Result<std::vector<GridVersion>> versions_of(ledger::Ledger& ledger) {
  std::vector<GridVersion> all, some;
  for (const ledger::Fact& fact : TRY(ledger.facts_of("deployed"))) {
    all.push_back({io::get_or<std::int64_t>(fact.body, "to", 0), fact.at});
  }
  const std::size_t step = std::max<std::size_t>((all.size() + kMostGrid - 1) / kMostGrid, 1);
  for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

/// A common day each; of days before `from` zero.
std::vector<double> losses_of(const deploy::Deployed& by, Time from, const Recording& recording,
                              const std::vector<ReplayDay>& days, evaluate::Metric metric) {
  std::vector<double> losses(days.size());
  const model::Pipeline::Parts& parts = by.pipeline->parts();
  const std::size_t outputs = by.pipeline->outputs();
  for (std::size_t d = 0; d < days.size(); ++d) {
    if (days[d].day < from) continue;
    const std::size_t begin = recording.row_at(days[d].day);
    const std::size_t end = recording.row_at(days[d].day + Span::days(1));
    const std::vector<double> answers = answers_to(by, recording, begin, end).values;
    for (std::size_t i = begin; i < end; ++i) {
      if (!recording.truth[i]) continue;
      const auto answer = std::span(answers).subspan((i - begin) * outputs, outputs);
      losses[d] +=
          loss_of(metric, parts, as_answered(parts, answer), *recording.truth[i]).value_or(0);
    }
  }
  return losses;
}

Result<GridModel> grid_model(const ledger::Store& store, const Config& config, const State& state,
                             const Recording& recording, const std::vector<ReplayDay>& days,
                             const GridVersion& one) {
  const std::string& hex = state.versions.at(one.version).pipeline;
  deploy::Deployed by;
  by.version = one.version;
  by.pipeline = TRY(model::Pipeline::load(
      TRY(store.objects->get(TRY(io::Digest::from_hex(hex))))));
  by.history = std::make_shared<Guarded<model::HistoryState>>(by.pipeline->transform().history());
  by.history->with([&](model::HistoryState& history) {
    for (const auto& seen : recorded_observations(recording, *by.pipeline, config, {})) {
      history.apply(seen);
    }
  });
  const ShownLoss shown = shown_loss(config.evaluate.metric, by.pipeline->parts().task);
  return GridModel{one.from, losses_of(by, one.from, recording, days, shown.metric)};
}

}  // namespace

Result<std::vector<GridModel>> grid_models(const ReplayOptions& lived,
                                           const std::vector<ReplayDay>& days, const Stop& stop) {
  const auto session = TRY(open_session({lived.into, false, lived.durability, "hindsight", false}));
  const auto fs = io::real_fs(lived.durability);
  const Config config = TRY(replayed_config(*fs, lived));
  const std::shared_ptr<Shared> shared = lived.shared ? lived.shared : std::make_shared<Shared>();
  const auto recorded = TRY(shared->recording([&] {
    return record(config, lived.project, lived.fault, session->store->attempts());
  }));
  const Recording& recording = *recorded;
  const State state = session->desk->look();
  const std::vector<GridVersion> versions = TRY(versions_of(*session->store->ledger));
  std::vector<Result<GridModel>> made(versions.size(), GridModel());
  side_by_side(versions.size(), cores(), [&](std::size_t i) {
    made[i] = stop.requested()
                  ? fail(Code::kCancelled, "the backtest was stopped")
                  : grid_model(*session->store, config, state, recording, days, versions[i]);
  });
  std::vector<GridModel> grid;
  for (auto& one : made) grid.push_back(TRY(std::move(one)));
  return grid;
}

}  // namespace rondo::loop
