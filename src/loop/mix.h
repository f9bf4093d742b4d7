// A risk that rose because other kinds of rows come: what follows of that for the next training.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"
#include "loop/state.h"

namespace rondo::loop {

/// Below this share of concept a rise counts as one of the mix.
inline constexpr double kMostlyMix = 1.0 / 3;

/// The cause of the open alarm of the whole model, when it is the mix; null otherwise.
Json mix_of(const State& state);
/// "; 88 % of it is mix: the rows to train on are weighed like those that come now".
std::string mix_text(const Json& mix);
/// What training is told of it: {"tree","shares"}, or null. Not for a script, which weighs its rows
/// itself. Errors: kIo, kCorrupt.
Result<Json> mix_to_train(ledger::Store& store, const Config& config, const State& state);

}  // namespace rondo::loop
