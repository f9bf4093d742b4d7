// The append-only record of facts, chained by hash; all state is a fold over it, so a restart is a
// replay. Beside the facts, not hashed: the journal (attempts, durations, CPU), labels, requests,
// leases, projections. One SQLite database, WAL, synchronous FULL; one writer thread commits for
// all who wait. Every append checks the epoch of the conductor's lease in its own transaction.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "io/digest.h"
#include "io/faulty_fs.h"
#include "io/fs.h"
#include "io/json.h"

namespace rondo::ledger {

/// One entry, as stored. `body` holds only what follows from inputs: no measured time in it.
struct Fact {
  std::int64_t sequence = 0;  // from 1, no gaps
  Time at;                    // decision time (project clock)
  std::string kind;           // "step_started", "step_finished", "decision", "signal", ...
  std::int64_t step = 0;      // 0: belongs to none
  Json body = Json::object();
  io::Digest digest;          // SHA-256(previous digest || canonical JSON of the rest)
  Json to_json() const;       // canonical line of `history --facts`
};

/// A fact before it has a place.
struct NewFact {
  Time at;
  std::string kind;
  std::int64_t step = 0;
  Json body = Json::object();
};

/// Not hashed: what happened while doing it.
struct JournalEntry {
  std::int64_t id = 0;
  Time at;
  std::string kind;  // "attempt", "attempt_ended", "start", "torn_tail", ...
  std::int64_t step = 0;
  Json body = Json::object();
};

/// A named JSON value written in the same transaction as facts (a cached fold, the watch state).
struct Projection {
  std::string name;
  Json value;
};

/// The right to append. Renewed by its holder; written with boot id and CLOCK_BOOTTIME.
struct Lease {
  std::int64_t epoch = 0;
  std::string holder;
};

struct Label {
  std::string id;         // prediction id, "ID.row"
  Json value;             // number, string or bool
  Time time;              // label time
  Time received;          // project clock at the commit: known time
  std::int64_t version = 1;  // corrections count up
  bool correction = false;
  std::int64_t first_row = 0;  // of labels_after(): where the first label of this id stands
};

struct LabelCounts {
  std::uint64_t accepted = 0, duplicate = 0, conflicting = 0;
};

/// What a person asked for, beside a running `up`.
struct Request {
  std::int64_t id = 0;
  std::string key;   // idempotency
  std::string act;   // trigger, pause, resume, promote, reject, rollback, ack, ...
  Json arguments = Json::object();
  std::string who, why;
  std::optional<Json> result;
};

struct OpenOptions {
  io::Durability durability = io::Durability::kDisk;
  bool create = false;
  bool read_only = false;
  Span lease = Span::seconds(10);
  // For tests: every write of SQLite is recorded (power cuts) and may fail by plan; the boot's id
  // that leases are written with, empty for the real one (another power-on has another).
  std::shared_ptr<io::Record> record;
  io::FaultPlan plan;
  std::string boot;
};

class Ledger {
 public:
  /// Opens `.rondo/`: checks schema version (an older program refuses a newer store and names
  /// both), quick_check, WAL. Errors: kNotFound, kCorrupt, kConflict (newer version), kIo
  /// (read-only).
  static Result<std::unique_ptr<Ledger>> open(std::shared_ptr<io::Fs> fs, const io::Path& folder,
                                              const OpenOptions& options);
  virtual ~Ledger() = default;

  // Facts ------------------------------------------------------------------------------------
  /// One transaction: facts, journal, projections. Errors: kConflict when the lease's epoch is not
  /// the newest; kUnavailable after a failed sync (poisoned until restart); kExhausted: disk full.
  virtual Result<void> append(const Lease& lease, std::span<const NewFact> facts,
                              std::span<const JournalEntry> journal = {},
                              std::span<const Projection> projections = {}) = 0;
  /// Facts with sequence > after, in order, at most `limit`.
  virtual Result<std::vector<Fact>> facts(std::int64_t after, std::size_t limit = SIZE_MAX) = 0;
  /// Facts of one kind with sequence > after.
  virtual Result<std::vector<Fact>> facts_of(std::string_view kind, std::int64_t after = 0) = 0;
  virtual Result<std::vector<Fact>> facts_of_step(std::int64_t step) = 0;
  /// Sequence and digest of the last fact; 0 and zeros when there is none.
  virtual Result<std::pair<std::int64_t, io::Digest>> head() = 0;
  virtual Result<std::vector<JournalEntry>> journal(std::int64_t step = 0) = 0;  // 0: all
  /// Of one kind, in order.
  virtual Result<std::vector<JournalEntry>> journal_of(std::string_view kind) = 0;
  virtual Result<std::optional<Json>> projection(std::string_view name) = 0;
  /// All of them, by name.
  virtual Result<std::vector<Projection>> projections() = 0;
  /// Only journal and projections, still fenced.
  virtual Result<void> note(const Lease& lease, std::span<const JournalEntry> journal,
                            std::span<const Projection> projections = {}) = 0;

  // Lease ------------------------------------------------------------------------------------
  /// Takes the conductor's lease when it is free, expired or from an earlier boot; raises the
  /// epoch.
  /// Errors: kConflict naming the holder and how long it still holds.
  virtual Result<Lease> take_lease(const std::string& holder) = 0;
  /// Errors: kConflict when another holds it now.
  virtual Result<void> renew(const Lease& lease) = 0;
  virtual Result<void> release(const Lease& lease) = 0;
  virtual Result<std::optional<Lease>> lease_holder() = 0;  // none when free or expired

  // Labels (not fenced by the conductor: durable group commit) ----------------------------------
  /// Durable when it returns. First label wins; same again: duplicate; another: conflicting unless
  /// `correction`. Threads: any; callers are committed together.
  virtual Result<LabelCounts> add_labels(std::span<const Label> labels) = 0;
  /// In order of arrival, after a row id; newest version of each id. `next` is the last row id
  /// seen.
  virtual Result<std::vector<Label>> labels_after(std::int64_t row, std::size_t limit,
                                                  std::int64_t* next) = 0;
  virtual Result<std::optional<Label>> label_of(std::string_view id) = 0;
  virtual Result<std::uint64_t> label_count() = 0;
  /// Row id of the newest label; 0: there is none.
  virtual Result<std::int64_t> newest_label_row() = 0;

  // Requests ---------------------------------------------------------------------------------
  /// Same key twice is one request. Threads: any process.
  virtual Result<Request> ask(const Request& request) = 0;
  virtual Result<std::vector<Request>> open_requests() = 0;
  /// In the same transaction as the facts that answer it (fenced).
  virtual Result<void> answer(const Lease& lease, std::int64_t id, const Json& result,
                              std::span<const NewFact> facts,
                              std::span<const Projection> projections = {}) = 0;
  virtual Result<std::optional<Request>> request(std::int64_t id) = 0;

  // Care -------------------------------------------------------------------------------------
  /// Every row, chain and page: what is wrong, as sentences that name it. Empty: clean.
  virtual Result<std::vector<std::string>> verify() = 0;
  /// A consistent copy while others write (SQLite's backup API).
  virtual Result<void> copy_to(const io::Path& file) = 0;
  virtual Result<std::uint64_t> size_bytes() = 0;
  /// Raised by restore so that a process of before can append nothing.
  virtual Result<void> raise_epoch() = 0;
  /// A random secret kept in the store (HMAC key of prediction ids); made at creation.
  virtual Result<std::string> secret(std::string_view name) = 0;
  /// Without making it.
  virtual Result<std::optional<std::string>> find_secret(std::string_view name) = 0;
  /// Replaces it. Makes secrets repeatable for replays: call before first use.
  virtual Result<void> set_secret(std::string_view name, std::string_view bytes) = 0;
};

/// Each label after `row`, as labels_after() gives them; `row` moves on to the last that was seen.
Result<void> each_label(Ledger& ledger, std::int64_t& row,
                        const std::function<void(const Label&)>& each);

inline constexpr int kStoreVersion = 1;

}  // namespace rondo::ledger
