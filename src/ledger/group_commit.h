// One thread writes: it takes whatever waits, runs each piece in a savepoint of one transaction,
// commits once, and only then tells the callers. A refused piece does not fail the others; a failed
// commit fails all of them. So one sync serves everybody who waited for it.
#pragma once

#include <deque>
#include <functional>

#include "base/guarded.h"
#include "base/worker.h"
#include "ledger/sqlite.h"

namespace rondo::ledger {

class GroupCommit {
 public:
  enum class Kind { kFacts, kLabels, kOther };  // decides which failpoints a group passes
  using Work = std::function<Result<void>(Db&)>;

  explicit GroupCommit(std::unique_ptr<Db> db);
  /// Finishes what waits.
  ~GroupCommit();
  /// Runs `work` in the writer's thread; durable when it returns. Errors: those of `work` (nothing
  /// of it was written), or of the commit. Threads: any.
  Result<void> commit(Kind kind, Work work);

 private:
  struct Job {
    Job(Kind what, Work how) : kind(what), work(std::move(how)) {}
    Kind kind;
    Work work;
    Guarded<std::optional<Result<void>>> outcome;
  };
  using Group = std::vector<std::shared_ptr<Job>>;
  struct Queue {
    Group jobs;
    bool closing = false;
  };
  void serve();
  Result<void> write(const Group& group, std::vector<Result<void>>& outcomes);
  Result<void> run(Job& job, bool alone);
  Result<void> finish(const Group& group);
  void checkpoint();

  std::unique_ptr<Db> db_;
  Guarded<Queue> queue_;
  Worker worker_;  // last: it uses the others
};

}  // namespace rondo::ledger
