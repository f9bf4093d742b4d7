// The matrix: every model of a crontab on every later row of the recorded history.
#include "base/lanes.h"
#include "base/worker.h"
#include "loop/hindsight.h"
#include "loop/lived.h"

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

/// Of days before the model was there: zero.
Result<GridModel> grid_model(const Lived& lived, const std::vector<ReplayDay>& days,
                             const GridVersion& one) {
  const deploy::Deployed by = TRY(lived.version(one.version));
  GridModel model{one.from, std::vector<double>(days.size())};
  for (std::size_t d = 0; d < days.size(); ++d) {
    if (days[d].day < one.from) continue;
    model.losses[d] = lived.loss(by, days[d].day, days[d].day + Span::days(1)).loss;
  }
  return model;
}

}  // namespace

Result<std::vector<GridModel>> grid_models(const ReplayOptions& options,
                                           const std::vector<ReplayDay>& days, const Stop& stop) {
  const Lived lived = TRY(Lived::open(options));
  const std::vector<GridVersion> versions = TRY(versions_of(lived.ledger()));
  std::vector<Result<GridModel>> made(versions.size(), GridModel());
  side_by_side(versions.size(), cores(), [&](std::size_t i) {
    made[i] = stop.requested() ? fail(Code::kCancelled, "the backtest was stopped")
                               : grid_model(lived, days, versions[i]);
  });
  std::vector<GridModel> grid;
  for (auto& one : made) grid.push_back(TRY(std::move(one)));
  return grid;
}

}  // namespace rondo::loop
