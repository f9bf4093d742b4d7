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
    : db_(std::move(db)), worker_("ledger-writer", [this](const Stop&) { serve(); }) {}

GroupCommit::~GroupCommit() {
  queue_.change([](Queue& queue) { queue.closing = true; });
  worker_.join();
}

Result<void> GroupCommit::commit(Kind kind, Work work) {
  const auto job = std::make_shared<Job>(kind, std::move(work));
  const bool queued = queue_.change([&](Queue& queue) {
    if (queue.closing || queue.jobs.size() >= kMostWaiting) return false;
    queue.jobs.push_back(job);
    return true;
  });
  if (!queued) {
    return fail(Code::kUnavailable, "too many writes wait for the store's disk", "try again later");
  }
  for (;;) {
    auto outcome = job->outcome.wait(
        Span::seconds(60), [](const auto& value) { return value.has_value(); },
        [](auto& value) { return std::move(value); });
    if (outcome) return *std::move(outcome);
  }
}

void GroupCommit::serve() {
  for (;;) {
    bool closing = false;
    const Group group = queue_.wait(
        Span::seconds(60), [](const Queue& queue) { return queue.closing || !queue.jobs.empty(); },
        [&](Queue& queue) {
          closing = queue.closing;
          return std::exchange(queue.jobs, {});
        });
    if (group.empty() && closing) return;
    if (group.empty()) continue;
    std::vector<Result<void>> outcomes(group.size());
    const auto committed = write(group, outcomes);
    if (!committed && db_->in_transaction()) static_cast<void>(db_->exec("ROLLBACK"));
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!committed && outcomes[i]) outcomes[i] = committed;
      if (outcomes[i]) outcomes[i] = told(group[i]->kind);
      group[i]->outcome.change([&](auto& value) { value = std::move(outcomes[i]); });
    }
    if (db_->wal_pages() >= kCheckpointPages) checkpoint();
  }
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

Result<void> GroupCommit::run(Job& job, bool alone) {
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
