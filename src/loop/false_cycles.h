// Cycles of a backtest that should not have been: those that brought no new model into service, and
// those whose model, while it served, saved less than a cycle costs. Known in hindsight alone, as
// the model before it must be asked what it would have answered to the same rows.
#pragma once

#include "loop/choice.h"

namespace rondo::loop {

/// A training within the common days.
struct CycleBegun {
  Time at;
  std::int64_t cycle = 0;
};
/// A switch, in order of time. Costs are those of errors on the common days.
struct InService {
  Time from;                      // it answers from then until the next switch
  std::int64_t version = 0;
  std::int64_t cycle = 0;         // that made the version
  bool first = false;             // nothing answered before
  double cost = 0;                // of its answers to the rows between
  double cost_before = 0;         // of those of the version before it to the same rows
};
struct CycleGain {
  Time began;
  std::int64_t version = 0;       // that it brought into service; 0: none
  std::optional<double> gain;     // none: without a version, or before which nothing answered
  /// {"began","version","gain"}; null for none.
  Json to_json() const;
};

/// Which switch each cycle led to: the first one to its version. Of several trainings of one cycle
/// the last one has it. Shape: one a cycle; nothing: none.
std::vector<std::optional<std::size_t>> led_to(const std::vector<CycleBegun>& cycles,
                                               const std::vector<InService>& services);
/// What each cycle gained: what the version before would have cost more on the rows that its own
/// answered. Pure.
std::vector<CycleGain> gains_of(const std::vector<CycleBegun>& cycles,
                                const std::vector<InService>& services);
/// No new model, or one that saved less than a cycle costs. The first model of all is none.
bool is_false(const CycleGain& cycle, const Prices& prices);

/// Of the replay that lies in `lived.into`, within the days that every policy answered.
/// Errors: those of the store and the source; kCancelled. Cost: each version scores the rows that
/// it and its successor served, all of them side by side.
Result<std::vector<CycleGain>> cycle_gains(const ReplayOptions& lived,
                                           const BacktestResult& result, const Prices& prices,
                                           const Stop& stop);

/// Fills "false_cycles" and "cycle_gains" of a policy in `json`.
void add_false_cycles(BacktestResult& result, std::size_t policy,
                      const std::vector<CycleGain>& gains, const Prices& prices);

}  // namespace rondo::loop
