// Rows that clients push, taken in before the reply. One thread judges a group of requests, writes
// all of it as one batch of the log, syncs once, and only then answers: so a row that is answered
// as a duplicate stands durably too.
#pragma once

#include <deque>
#include <unordered_map>

#include "base/gather.h"
#include "io/record_log.h"
#include "ledger/manifest.h"
#include "ledger/store.h"
#include "loop/config.h"

namespace rondo::loop {

struct PushWish {
  std::string body;
  collect::PushForm form = collect::PushForm::kJson;
  std::string key;                    // Idempotency-Key; empty: none
  std::uint64_t rows_most = UINT64_MAX;
};

struct PushResult {
  std::uint64_t rows = 0, accepted = 0, duplicate = 0, rejected = 0;
  std::string reply;                  // as JSON: what the client gets, the same for the same key
  bool too_many = false;              // more than rows_most: nothing was taken
  bool repeated = false;              // an idempotency key that was answered before
};

class PushDesk {
 public:
  /// `manifest` gives the digest of the newest dataset version, empty: none. `epoch` is the
  /// lease's. Null when [collect] source has no "push". Errors: kIo, kCorrupt. Cost: reads the
  /// whole log.
  static Result<std::unique_ptr<PushDesk>> open(ledger::Store& store, const Config& config,
                                                std::uint64_t epoch,
                                                std::function<std::string()> manifest);
  ~PushDesk();
  /// Durable when it returns. Threads: any. Errors: kInvalidInput for what is no rows or is frozen
  /// out; kConflict for an idempotency key with another body; kExhausted, kIo, kUnavailable.
  Result<PushResult> push(PushWish wish);

 private:
  using Writer = Gather<PushWish, Result<PushResult>>;
  struct HashOf {
    std::size_t operator()(const table::RowId& id) const noexcept {
      return static_cast<std::size_t>(id.a);
    }
  };
  struct Answered {
    std::string body;
    PushResult result;
  };

  PushDesk(ledger::Store& store, const Config& config, std::function<std::string()> manifest)
      : store_(store), config_(config), manifest_(std::move(manifest)),
        judge_(config.collect, config.project.target, *store.fs, store.folder.parent_path(),
               store.attempts()) {}
  Result<void> remember_log();
  Result<void> follow_manifest();
  void remember(const std::string& key, Answered answered);
  std::vector<Result<PushResult>> answer(const Writer::Group& group);
  Result<PushResult> take(const PushWish& wish, std::vector<std::string>& payloads);
  Result<PushResult> take_guarded(const PushWish& wish, std::vector<std::string>& payloads);
  bool is_taken(const table::RowId& key, const table::RowId& row) const;
  void settle(std::vector<collect::PushedRow>& rows);
  Result<void> write(std::span<const std::string> payloads);
  void forget();
  Result<void> drop_collected();

  ledger::Store& store_;
  const Config& config_;
  std::function<std::string()> manifest_;
  // Of the writer's thread.
  collect::PushJudge judge_;
  std::unique_ptr<io::RecordLog> log_;
  std::string manifest_hex_;
  std::optional<ledger::Manifest> parent_;
  bool collected_more_ = false;  // since the log was looked at for what may go
  std::set<std::string> segments_;                        // whose rows are in keys_
  std::unordered_map<table::RowId, table::RowId, HashOf> keys_;  // key -> row; with a key only
  struct Fresh {
    table::RowId key;
    std::optional<table::RowId> before;
  };
  std::vector<Fresh> fresh_;                              // of keys_: not durable yet
  std::size_t fresh_answers_ = 0;                         // the newest of order_: not durable yet
  std::unordered_map<std::string, Answered> answered_;
  std::deque<std::string> order_;                         // of answered_, oldest first
  std::optional<Writer> writer_;  // last: it uses the others
};

/// Errors: kConflict without a desk, kUnavailable when that is for want of the lease.
Result<PushResult> push_to(PushDesk* desk, bool turns_loop, PushWish wish);

}  // namespace rondo::loop
