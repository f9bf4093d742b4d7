// The faulty twin: it performs every operation on the real file system and keeps a record of what a
// power cut would leave. A cut may come after any operation: unsynced writes are dropped or torn by
// sectors, creations and renames whose folder was not synced are undone.
#pragma once

#include <functional>

#include "base/seed.h"
#include "io/fs.h"

namespace rondo::io {

/// One recorded operation of the fault layer, for SQLite's files too (ledger/vfs.h).
struct Operation {
  enum class Kind { kCreate, kWrite, kTruncate, kSync, kRename, kRemove, kFolder, kSyncFolder };
  Kind kind;
  std::string path;  // relative to the root of the record
  std::string to = {};  // of a rename
  std::uint64_t offset = 0;  // of a write; the new size of a truncation
  std::string data = {};
};

/// Everything that happened below one root, in order; what stood there before counts as synced.
/// Threads: any.
class Record {
 public:
  explicit Record(Path root);
  ~Record();
  const Path& root() const;
  void add(Operation operation);
  std::size_t count() const;
  /// Builds in `into` what a disk may hold if power was cut after `operations` operations.
  /// `torn`: each unsynced write survives, is lost or is torn at a sector, by chance of the seed.
  /// `honest_sync` false is the canary: syncs are ignored, and tests must then fail.
  Result<void> power_cut(std::size_t operations, const Path& into, Seed seed, bool torn,
                         bool honest_sync = true) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Decides for operation number n (from 0) whether it fails, with which errno, or is cut short.
struct Fault {
  int error_number = 0;  // 0: none
  bool short_write = false;
};
using FaultPlan = std::function<Fault(std::uint64_t n, const Operation& operation)>;

std::shared_ptr<Fs> faulty_fs(std::shared_ptr<Record> record, FaultPlan plan = {});

}  // namespace rondo::io
