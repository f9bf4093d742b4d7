// One thread writes: it runs each piece of a group in a savepoint of one transaction, commits once,
// and only then tells the callers. A refused piece does not fail the others; a failed commit fails
// all of them.
#pragma once

#include <functional>

#include "base/gather.h"
#include "ledger/sqlite.h"

namespace rondo::ledger {

class GroupCommit {
 public:
  enum class Kind { kFacts, kLabels, kOther };  // decides which failpoints a group passes
  using Work = std::function<Result<void>(Db&)>;

  /// Its end finishes what waits.
  explicit GroupCommit(std::unique_ptr<Db> db);
  /// Runs `work` in the writer's thread; durable when it returns. Errors: those of `work` (nothing
  /// of it was written), or of the commit. Threads: any.
  Result<void> commit(Kind kind, Work work);

 private:
  struct Job {
    Kind kind;
    Work work;
  };
  using Writer = Gather<Job, Result<void>>;
  using Group = Writer::Group;
  std::vector<Result<void>> serve(const Group& group);
  Result<void> write(const Group& group, std::vector<Result<void>>& outcomes);
  Result<void> run(const Job& job, bool alone);
  Result<void> finish(const Group& group);
  void checkpoint();

  std::unique_ptr<Db> db_;
  Writer writer_;  // last: it uses the other
};

}  // namespace rondo::ledger
