// Where a pipeline comes from and what it may claim: digests of everything that it was made of,
// metrics, and a card in the words of the evaluation. Only facts that follow from the inputs, so
// that the same inputs give the same file.
#pragma once

#include "ledger/stage_io.h"
#include "model/prepared.h"

namespace rondo::deploy {

struct Sources {
  const model::Prepared& measured;
  const model::Prepared& twin;
  const model::Candidate& candidate;  // the twin's
  Json evidence;                      // null without a gate
  std::uint64_t dataset = 0;          // its number
};

/// {name: value, ..., "low", "high"}: low and high of the metric that the gate looked at. Empty
/// without evidence.
Json metrics_of(const Json& evidence);
/// The section "provenance" of the pipeline file; digests as hex, by name of the input.
Json provenance_of(const ledger::StageInput& input, const Sources& sources);

}  // namespace rondo::deploy
