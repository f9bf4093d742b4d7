// The desk over which every fact of a running project passes: it keeps the folded state, refreshes
// it, lets one caller at a time decide on it, and appends facts, journal and projections in one
// transaction. That is what makes a promotion a compare-and-swap: the caller sees the champion
// under the same lock (in this process) and the same lease (between processes) under which it is
// replaced.
#pragma once

#include <functional>

#include "base/guarded.h"
#include "base/progress.h"
#include "loop/state.h"

namespace rondo::loop {

/// What one transaction appends.
struct Entry {
  std::vector<ledger::NewFact> facts;
  std::vector<ledger::JournalEntry> journal;
  std::vector<ledger::Projection> projections;
};

class Desk {
 public:
  /// Reads the projection "state" and folds what came after it.
  static Result<std::unique_ptr<Desk>> open(ledger::Ledger& ledger, ledger::Lease lease,
                                            Progress* progress = nullptr);

  /// A copy of the state. Threads: any.
  State look() const;
  /// Calls decide(state) under the lock; what it returns is appended. Errors of decide append
  /// nothing. Returns the state after it. Threads: any.
  Result<State> append(const std::function<Result<Entry>(const State&)>& decide);
  /// Answers a request in the same transaction as the facts that follow from it.
  Result<State> answer(std::int64_t request, const Json& result,
                       const std::function<Result<Entry>(const State&)>& decide);
  /// Only journal and projections.
  Result<void> note(const std::vector<ledger::JournalEntry>& journal,
                    const std::vector<ledger::Projection>& projections);
  ledger::Ledger& ledger() { return ledger_; }
  const ledger::Lease& lease() const { return lease_; }

 private:
  Desk(ledger::Ledger& ledger, ledger::Lease lease, State state);
  ledger::Ledger& ledger_;
  ledger::Lease lease_;
  Guarded<State> state_;
};

/// Facts as they will be numbered, folded in. Their digests are the ledger's business.
Result<void> fold_new(State& state, std::span<const ledger::NewFact> facts);
/// Folds everything; without a desk, for reading commands. Cost: one row when the copy is fresh.
Result<State> read_state(ledger::Ledger& ledger, Progress* progress = nullptr);
/// From the first fact, ignoring the kept copy: what fsck compares with.
Result<State> fold_all(ledger::Ledger& ledger);

}  // namespace rondo::loop
