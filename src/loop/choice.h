// Which policy of a backtest to put to work: it is chosen on the first two thirds of the history
// and shown on the last third, which chose nothing, so that luck is not taken for a gain.
#pragma once

#include "loop/run.h"

namespace rondo::loop {

struct Prices {
  double cost_per_error = 1, cost_of_cycle = 0;
};

struct Choice {
  std::string policy, against;
  Time shown_from;                // the first day of the last third
  /// Of the last third: what `against` cost more, with its 95 % interval (NaN: too few days).
  double gain = 0, low = 0, high = 0;
  bool clear() const { return low > 0; }
  /// {"policy","against","shown_from","gain","low","high","clear","costs":[{"policy","chosen_on",
  /// "shown_on"}]}
  Json json;
};

/// What a day's errors cost: cost_per_error times its loss, of rmse the day's root times its rows.
double cost_of(std::string_view metric, const ReplayDay& day, const Prices& prices);
/// What each common day of a result cost one policy. A cycle counts on the day on which it began,
/// or the next that all answered; what came before the first of them, as the first model of every
/// policy does, on none.
std::vector<double> costs_of(const BacktestResult& result, const ReplayResult& one,
                             const Prices& prices);

/// What a policy costs: cost_per_error times its loss (of rmse the day's root times its rows), and
/// cost_of_cycle for each cycle that began. `named`: this one, without choosing; empty: the one
/// that costs least, "cron" aside, as that deploys without a gate.
/// Errors: kInvalidInput: `named` or `against` is none of the policies; fewer than 30 days that all
/// of them answered.
Result<Choice> choose(const BacktestResult& result, const Prices& prices,
                      const std::string& against, const std::string& named);

/// The text of a rondo.toml in which [loop] has this policy; comments and the rest stay.
std::string with_policy(std::string_view toml, const std::string& policy);
/// That of a project's rondo.toml, which reads as that policy; to write it puts it to work.
/// Errors: kInvalidInput when it reads as another; kIo.
Result<std::string> project_with_policy(io::Fs& fs, const io::Path& project,
                                        const std::string& policy);

}  // namespace rondo::loop
