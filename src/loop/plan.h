// What the next turn of the loop will do, reuse and cost, told before it does anything. The plan is
// a pure function of what the loop itself decides by: the same snapshot, policy and transition
// table, so it cannot promise what the conductor would not do. Making one changes nothing.
#pragma once

#include <map>

#include "ledger/store.h"
#include "loop/policy.h"
#include "loop/world.h"

namespace rondo::loop {

/// Whether labels of served predictions become rows: nothing says how much a row counts that was
/// asked for.
bool served_counts(const Config& config, const State& state);

/// What a look at the source shows, as decisions see it. A replay collects nothing again.
Snapshot seen(const State& state, const SourceNews& news, Time now, bool replayed);

/// Total labelled rows from which the cycle that began for this reason prepares and trains. Who
/// asks for a cycle has it, whatever the dampers say; but with a clock a new model is tested on
/// rows that came after the champion's, so there must be one.
std::int64_t labelled_due(const Config& config, const Policy& policy, const Snapshot& now,
                          const std::string& reason);

/// What one earlier step took, of those that were carried out and not answered from the cache.
struct StepCost {
  double wall_s = 0, cpu_s = 0;
};

/// All that a plan follows from.
struct PlanInput {
  Snapshot now;
  std::map<Stage, std::vector<StepCost>> past;  // oldest first
  std::string prepared;         // of the newest cycle, a digest in hex; empty: none
  bool trained = false;         // by these settings on `prepared`: the model is there
  std::int64_t candidates = 0;  // that the training which was cut off has finished
  std::string doubt;            // why no cycle may begin by this clock; empty: it may
  std::string unasked;          // what of the source a plan does not ask; empty: all was looked at
};

/// {"now","begins","resumes","reason","decision":{"answer","reason","numbers"},"held","waits_for",
/// "news":{"source","unasked","served_labels","windows_to_judge","labelled"},
/// "steps":[{"stage","action","runs":"yes|perhaps|no","when","reuses":[...],
/// "cost":{"wall_s","cpu_s","least_s","most_s","steps"},"may_end_in":[{"result","next"}]}],
/// "total":{"wall_s","cpu_s","unknown":[...]},"gate":{"against","look","confidence"},"approve",
/// "policy"}.
/// `begins` is the first step that a turn would carry out, null: it rests. A cost is the median of
/// the newest five steps of its stage; null: none was carried out yet. Pure.
Json plan_of(const PlanInput& input, const Config& config, const Policy& policy);

/// The plan of a project whose source looks like this. Errors: those of the store; kInvalidInput
/// for a policy that is none. Cost: reads the journal, the facts of one kind, and what was answered
/// since it was last looked at.
Result<Json> plan_view(ledger::Store& store, const Config& config, const SourceNews& news,
                       Time now, const std::string& unasked = {});
/// The same by a look at the files of the source alone: of databases it says that it did not ask,
/// of files why they cannot be looked at.
Result<Json> plan_view(ledger::Store& store, const Config& config, Time now);

}  // namespace rondo::loop
