// What is made of the replays of a backtest. Policies get their first model at different times, so
// nothing is compared but the days on which all of them answered the same rows.
#pragma once

#include "loop/run.h"

namespace rondo::loop {

/// Cuts each policy down to the common days and makes `json` of them: values with intervals, and
/// differences to the first policy, both from the same draws of days. Policies without rows in
/// common, and intervals of fewer than two blocks of days, are null. Pure.
BacktestResult compared(std::vector<std::pair<std::string, ReplayResult>> policies);

}  // namespace rondo::loop
