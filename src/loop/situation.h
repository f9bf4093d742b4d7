// What a project's settings and its kept-out rows mean to prepare/: the same in a step, in serving
// and in a replay, so that training and answers read one history.
#pragma once

#include "loop/config.h"
#include "loop/state.h"
#include "prepare/prepare.h"

namespace rondo::loop {

prepare::Situation situation_of(const Config& config, const std::vector<Kept>& kept);

}  // namespace rondo::loop
