// Why a risk rose, and what follows of that for the next training: rows of other kinds come, or the
// law changed.
#pragma once

#include <optional>

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
/// When the law changed, as the open alarm of the whole model says; nothing if it is the mix.
std::optional<Time> changed_at(const State& state);
/// What training is told of the open alarm: now.mix = {"tree","shares"} if other rows come,
/// now.changed_us if the law changed. Nothing of it for a script, which chooses and weighs its rows
/// itself. Errors: kIo, kCorrupt.
Result<void> tell_training(ledger::Store& store, const Config& config, const State& state,
                           Json& now);

}  // namespace rondo::loop
