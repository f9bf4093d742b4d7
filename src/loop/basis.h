// What a decision rests on. Its fact keeps it beside the answer, so that anybody can make it again:
// the state is the fold of the facts before, and the policy is pure.
#pragma once

#include "ledger/store.h"
#include "loop/policy.h"
#include "loop/rollout.h"

namespace rondo::loop {

/// {"at_us","news": {"changed","text","served_labelled","labelled"?},"watch","policy":
/// Policy::settings(),"snapshot": SHA-256 over the state and all of these, hex,"next_look": time as
/// text or null}. `turn`: when the watch has something to judge next. Pure. Cost: of the state as
/// text.
Json basis_of(const Snapshot& now, const Policy& policy, std::optional<Time> turn);
/// Of a decision about a rollout, whose numbers hold the evidence: {"at_us","options": [deploy],
/// "broken","snapshot","next_look": null, as requests bring it on}.
Json rollout_basis(const State& state, const RolloutEvidence& evidence,
                   const DeployOptions& options, Time at);

/// The decisions among `facts` made again, each from the facts before it: array of {"sequence",
/// "step","at","about","answer","reason","same": answer, reason and numbers came out byte for byte,
/// "snapshot": whether the state did,"was"?: the recorded reason where it did not}. Facts without
/// a basis are left out: older programs wrote none. Errors: kCorrupt of the ledger. Cost: folds
/// every fact up to the last of them.
Result<Json> decide_again(ledger::Ledger& ledger, const std::vector<ledger::Fact>& facts);
/// That, as a sentence.
std::string again_text(const Json& again);

}  // namespace rondo::loop
