// A project's state on disk, opened as one thing: ledger, objects, attempts, logs. Care commands
// (fsck, gc, backup, restore) work on it.
#pragma once

#include "ledger/ledger.h"
#include "ledger/manifest.h"
#include "ledger/stage_io.h"
#include "ledger/objects.h"

namespace rondo::ledger {

struct Store {
  std::shared_ptr<io::Fs> fs;
  io::Path folder;  // .rondo
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Objects> objects;
  io::Path attempts() const { return folder / "attempts"; }
  io::Path log() const { return folder / "log"; }
  io::Path pushed() const { return folder / "pushed"; }  // ledger/pushed.h

  /// Errors: as Ledger::open().
  static Result<std::unique_ptr<Store>> open(std::shared_ptr<io::Fs> fs, const io::Path& folder,
                                             const OpenOptions& options);
  /// The administrator's token: made at first use, file mode 0600.
  Result<std::string> admin_token();
};

struct Finding {
  std::string what;   // "object 12ab...: 1 byte differs" or "rondo.db: fact 17: ..."
  std::string advice; // what to do
};
struct FsckReport {
  std::uint64_t objects = 0, facts = 0, records = 0, bytes = 0;
  std::vector<Finding> findings;  // empty: clean
};
/// Every digest, the chain, every page and record; also that what facts name exists. Damage is a
/// finding. Errors: kIo. Cost: reads the whole store.
Result<FsckReport> fsck(Store& store, const ledger::Progress& progress);

struct GcReport {
  std::uint64_t removed = 0, bytes = 0, kept = 0;
};
/// Removes objects that no fact and no live attempt names and that are older than `age`.
/// Errors: kConflict when the lease is another's, kCorrupt when what facts name cannot be read
/// (nothing is removed then), kIo.
Result<GcReport> gc(Store& store, const Lease& lease, Time now, Span age, bool dry_run);

/// Database first (backup API), then the objects it names, then the logs. No token. The text of the
/// project's rondo.toml, where there is one, is kept beside them. Errors: kConflict when `into` is
/// no empty folder, kCorrupt, kIo, kExhausted. Threads: others may write meanwhile.
Result<Json> backup(Store& store, const io::Path& into, const ledger::Progress& progress,
                    std::string_view settings = {});
/// The rondo.toml of a backup, if it has one. Errors: kCorrupt when it is not as it was written.
Result<std::optional<std::string>> settings_of(io::Fs& fs, const io::Path& backup);
/// Into an empty folder; verifies every digest, raises the epoch, skips 1,000 version numbers.
/// Errors: kNotFound (no backup), kConflict (`into` is not empty), kCorrupt naming the file, kIo.
Result<Json> restore(std::shared_ptr<io::Fs> fs, const io::Path& from, const io::Path& into,
                     const ledger::Progress& progress);

}  // namespace rondo::ledger
