// The best possible of a backtest: the schedule of cycles that would have cost least, which can be
// known in hindsight alone. No policy sees it and `--adopt` never chooses it; it says how far from
// it each policy stayed. Grid: the cycles of a crontab on the same history, so that what each model
// would have lost on each later day is a matrix, and the cheapest schedule a shortest path in it.
#pragma once

#include "loop/choice.h"

namespace rondo::loop {

/// A model of the grid.
struct GridModel {
  Time from;                   // it was deployed: answers whole days that begin then or later
  std::vector<double> losses;  // over the rows of each common day; of days before `from`: unused
};

/// The models of the cheapest schedule, in order: each answers from its first whole day until the
/// next one does. What each costs follows costs_of(). Empty: no model could answer the first day.
/// Cost: the square of the models, times the days once.
/// Source: Bellman 1958, "On a routing problem": the shortest path over the days of changes.
std::vector<std::size_t> cheapest_schedule(std::span<const GridModel> grid,
                                           const BacktestResult& result, const Prices& prices);

/// Which replay gives the grid: the crontab of shortest time among the policies, else one that has
/// at most kMostGrid cycles on the common days, weekly at most.
inline constexpr std::size_t kMostGrid = 52;
std::string grid_policy(const std::vector<std::string>& policies,
                        const std::vector<ReplayDay>& days);

/// Fills `best`, and in `json` "best_possible" and each policy's "cost", "regret", what it cost
/// beyond the best possible, and "cost_ratio", how many times the best possible it cost (null: that
/// cost nothing). A policy that was cheaper than each schedule on the grid is the best possible
/// itself; "cost" of "grid" is that of the cheapest schedule. `grid_name` names the crontab. Pure.
void add_best(BacktestResult& result, std::span<const GridModel> grid, const std::string& grid_name,
              const Prices& prices);

/// What the models of a crontab's replay, which lies in `lived.into`, would have lost on these
/// days, had they gone on; of more than kMostGrid models every n-th. Histories answer as of each
/// row's time, as they did then. Errors: those of the store and the source. Cost: reads the source
/// once and scores each row by every model that was there before it.
Result<std::vector<GridModel>> grid_models(const ReplayOptions& lived,
                                           const std::vector<ReplayDay>& days, const Stop& stop);

}  // namespace rondo::loop
