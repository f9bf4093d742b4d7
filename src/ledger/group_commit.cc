// See group_commit.h.
#include "ledger/group_commit.h"

#include <algorithm>
#include <exception>

#include "base/failpoint.h"

namespace rondo::ledger {
namespace {

constexpr std::size_t kMostWaiting = 10'000;
constexpr int kCheckpointPages = 1'000;  // 4 MB of log

bool has(const auto& group, GroupCommit::Kind kind) {
  return std::any_of(group.begin(), group.end(),
                     [&](const auto& job) { return job->kind == kind; });
}

/// What stands between the commit and the callers' answers: a test may let it fail or die.
Result<void> told(GroupCommit::Kind kind) {
  if (kind == GroupCommit::Kind::kFacts) RONDO_FAILPOINT(kFactsAfterCommit);
  if (kind == GroupCommit::Kind::kLabels) RONDO_FAILPOINT(kLabelsAfterCommit);
  return {};
}

}  // namespace

GroupCommit::GroupCommit(std::unique_ptr<Db> db)
    : db_(std::move(db)),
      writer_("ledger-writer", kMostWaiting, [this](const Group& group) { return serve(group); },
              [this] {
                if (db_->wal_pages() >= kCheckpointPages) checkpoint();
              }) {}

Result<void> GroupCommit::commit(Kind kind, Work work) {
  if (auto outcome = writer_.ask({kind, std::move(work)})) return *std::move(outcome);
  return fail(Code::kUnavailable, "too many writes wait for the store's disk", "try again later");
}

std::vector<Result<void>> GroupCommit::serve(const Group& group) {
  std::vector<Result<void>> outcomes(group.size());
  const auto committed = write(group, outcomes);
  if (!committed && db_->in_transaction()) static_cast<void>(db_->exec("ROLLBACK"));
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!committed && outcomes[i]) outcomes[i] = committed;
    if (outcomes[i]) outcomes[i] = told(group[i]->kind);
  }
  return outcomes;
}

Result<void> GroupCommit::write(const Group& group, std::vector<Result<void>>& outcomes) {
  if (has(group, Kind::kFacts)) RONDO_FAILPOINT(kFactsBegin);
  TRY(db_->exec("BEGIN IMMEDIATE"));
  bool any = false;
  for (std::size_t i = 0; i < group.size(); ++i) {
    outcomes[i] = run(*group[i], group.size() == 1);
    // A full disk or an I/O error ends the whole transaction, the earlier pieces with it.
    if (!outcomes[i] && !db_->in_transaction()) return outcomes[i];
    any = any || outcomes[i].has_value();
  }
  if (!any) return db_->exec("ROLLBACK");
  return finish(group);
}

Result<void> GroupCommit::run(const Job& job, bool alone) {
  const auto guarded = [&]() -> Result<void> {
    try {
      return job.work(*db_);
    } catch (const std::bad_alloc&) {
      return fail(Code::kExhausted, "no memory left for a write to the store");
    } catch (const std::exception& foreign) {
      return fail(Code::kInvalidInput, foreign.what());
    }
  };
  if (alone) return guarded();
  TRY(db_->exec("SAVEPOINT piece"));
  const auto outcome = guarded();
  if (!db_->in_transaction()) return outcome;
  if (!outcome) TRY(db_->exec("ROLLBACK TO piece"));
  TRY(db_->exec("RELEASE piece"));
  return outcome;
}

Result<void> GroupCommit::finish(const Group& group) {
  if (has(group, Kind::kFacts)) RONDO_FAILPOINT(kFactsBeforeCommit);
  if (has(group, Kind::kLabels)) RONDO_FAILPOINT(kLabelsCommit);
  return db_->exec("COMMIT");
}

/// After the answers, so that nobody waits for it. A failure poisons the file system if it must.
void GroupCommit::checkpoint() {
  if (hit(Failpoint::kCheckpoint) != Injected::kNothing) return;
  static_cast<void>(db_->checkpoint(Db::Checkpoint::kPassive));
}

}  // namespace rondo::ledger
