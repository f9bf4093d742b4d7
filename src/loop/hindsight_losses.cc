// The matrix: every model of a crontab on every later row of the recorded history.
#include <algorithm>

#include "loop/hindsight.h"
#include "loop/replay_loss.h"
#include "loop/replay_world.h"
#include "loop/score.h"

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

/// A row's answer as the log of predictions has it, as far as losses read it.
ledger::Prediction as_logged(const deploy::Answer& answer) {
  ledger::Prediction row;
  row.value = answer.value;
  const bool two = answer.probabilities.size() == 2 && !answer.label.empty();
  if (!two) row.probabilities = answer.probabilities;
  return row;
}

/// A common day each; of days before `from` zero.
std::vector<double> losses_of(const std::shared_ptr<const deploy::Deployed>& by, Time from,
                              const Recording& recording, const std::vector<ReplayDay>& days,
                              evaluate::Metric metric) {
  std::vector<double> losses(days.size());
  const model::Pipeline::Parts& parts = by->pipeline->parts();
  const auto columns = columns_for(parts.transform, recording.rows);
  std::vector<model::Cell> cells(columns.size());
  const std::vector<Time>& times = recording.times;
  for (std::size_t d = 0; d < days.size(); ++d) {
    if (days[d].day < from) continue;
    const Time end = days[d].day + Span::days(1);
    auto at = std::lower_bound(times.begin(), times.end(), days[d].day);
    for (; at != times.end() && *at < end; ++at) {
      const auto i = static_cast<std::size_t>(at - times.begin());
      if (!recording.truth[i]) continue;
      model::gather(columns, i, cells);
      const deploy::Answer answer = deploy::Router::answer(by, {cells, *at, *at}, nullptr);
      losses[d] += loss_of(metric, parts, as_logged(answer), *recording.truth[i]).value_or(0);
    }
  }
  return losses;
}

}  // namespace

Result<std::vector<GridModel>> grid_models(const ReplayOptions& lived,
                                           const std::vector<ReplayDay>& days, const Stop& stop) {
  const auto session = TRY(open_session({lived.into, false, lived.durability, "hindsight", false}));
  const auto fs = io::real_fs(lived.durability);
  const Config config = TRY(load_config(*fs, lived.project));
  const Recording recording = TRY(record(config, lived.project, lived.fault,
                                         session->store->attempts()));
  const State state = session->desk->look();
  std::vector<GridModel> grid;
  for (const GridVersion& one : TRY(versions_of(*session->store->ledger))) {
    if (stop.requested()) return fail(Code::kCancelled, "the backtest was stopped");
    const std::string& hex = state.versions.at(one.version).pipeline;
    auto by = std::make_shared<deploy::Deployed>();
    by->version = one.version;
    by->pipeline = TRY(model::Pipeline::load(
        TRY(session->store->objects->get(TRY(io::Digest::from_hex(hex))))));
    by->history = std::make_shared<Guarded<model::HistoryState>>(
        by->pipeline->transform().history());
    by->history->with([&](model::HistoryState& history) {
      for (const auto& seen : recorded_observations(recording, *by->pipeline, config, {})) {
        history.apply(seen);
      }
    });
    const ShownLoss shown = shown_loss(config.evaluate.metric, by->pipeline->parts().task);
    grid.push_back({one.from, losses_of(by, one.from, recording, days, shown.metric)});
  }
  return grid;
}

}  // namespace rondo::loop
