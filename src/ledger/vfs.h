// SQLite's door to the disk, watched. A shim over the default VFS of the system that (a) records
// each create, write, truncate, sync and delete, so that a power cut can be simulated
// (io/faulty_fs.h), (b) injects faults, (c) remembers the first failed sync or I/O error and
// refuses every later write (poison: SQLite itself would go on), (d) syncs the folder of a new file
// and checks the answer, (e) seals and verifies pages (ledger/pages.h), (f) leaves syncs out for
// scratch projects.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/faulty_fs.h"

namespace rondo::ledger {

struct VfsOptions {
  std::shared_ptr<io::Fs> fs;  // for syncs of folders
  io::Durability durability = io::Durability::kDisk;
  std::shared_ptr<io::Record> record;  // may be null
  io::FaultPlan plan;                  // may be empty; counts the operations of this VFS
  bool verify_pages = true;            // false: fsck reads on where a page is damaged
};

/// One for each opened ledger, under a name of its own; it must outlive its connections.
class Vfs {
 public:
  static Result<std::unique_ptr<Vfs>> make(VfsOptions options);
  ~Vfs();
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;
  /// For sqlite3_open_v2.
  const char* name() const;
  /// What failed first, or empty. Once it is set no write of this VFS succeeds. Threads: any.
  std::string poison() const;
  /// The page that was read and did not fit its checksum, as a sentence; empty when none.
  std::string damage() const;
  struct State;

 private:
  explicit Vfs(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rondo::ledger
