// What a project's settings and its kept-out rows mean to prepare/: the same in a step, in serving
// and in a replay, so that training and answers read one history.
#pragma once

#include "loop/config.h"
#include "loop/state.h"
#include "prepare/prepare.h"

namespace rondo::loop {

prepare::Situation situation_of(const Config& config, const std::vector<Kept>& kept);

/// With a clock, unless [evaluate] split is "random".
bool splits_by_time(const Config& config);

/// Which rows test, and the gap before them. While no model serves ("first") a longer test costs
/// nothing, since what will serve is fitted through the newest label anyway, and proves more.
void choose_test(const Config& config, bool first, prepare::Situation& situation);

}  // namespace rondo::loop
