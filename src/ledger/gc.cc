// Removing what nothing refers to. Under the conductor's lease, so that nobody stores an object
// that is being removed; too much is kept rather than too little.
#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "ledger/references.h"
#include "ledger/store.h"

namespace rondo::ledger {
namespace {

struct Sweep {
  Store& store;
  const Lease& lease;
  Time oldest_kept;
  bool dry_run;
  GcReport report;

  /// Old enough to go; what cannot be looked at is gone already.
  Result<std::optional<std::uint64_t>> old_size(const io::Path& path) const {
    const auto stat = TRY(store.fs->stat(path));
    if (!stat || stat->modified > oldest_kept) return std::optional<std::uint64_t>();
    return std::optional(stat->size);
  }

  Result<void> objects(const References& references) {
    for (const io::Digest& digest : TRY(store.objects->list())) {
      const auto bytes = TRY(old_size(store.objects->path(digest)));
      if (!bytes || references.mentioned.contains(digest)) {
        ++report.kept;
        continue;
      }
      if (!dry_run) TRY(store.objects->remove(digest));
      ++report.removed;
      report.bytes += *bytes;
    }
    for (const io::Path& path : TRY(store.objects->leftovers())) {
      const auto bytes = TRY(old_size(path));
      if (!bytes || !io::is_temporary(path.filename().string())) continue;
      if (!dry_run) TRY(store.fs->remove(path));
      ++report.removed;
      report.bytes += *bytes;
    }
    return {};
  }

  /// Folders of attempts that are over, or that a process left which died.
  Result<void> attempts(std::optional<std::int64_t> live) {
    const std::string mine = live ? fmt::format("{}-", *live) : "";
    if (!TRY(store.fs->stat(store.attempts()))) return {};
    for (const std::string& name : TRY(store.fs->list(store.attempts()))) {
      const io::Path path = store.attempts() / name;
      const auto size = TRY(old_size(path));
      if (!size || (live && name.starts_with(mine))) continue;
      RONDO_FAILPOINT(kAttemptSweep);
      if (!dry_run) TRY(store.fs->remove_all(path));
      ++report.removed;
    }
    return {};
  }
};

/// The step whose attempt has begun and not ended; there is one at a time.
Result<std::optional<std::int64_t>> live_step(Ledger& ledger) {
  std::optional<std::int64_t> live;
  for (const JournalEntry& entry : TRY(ledger.journal())) {
    if (entry.kind == "attempt") live = entry.step;
    if (entry.kind == "attempt_ended" && live == entry.step) live.reset();
  }
  return live;
}

}  // namespace

Result<GcReport> gc(Store& store, const Lease& lease, Time now, Span age, bool dry_run) {
  TRY(store.ledger->note(lease, {}));  // refuses an epoch that is over
  RONDO_FAILPOINT(kGcMark);
  const References references =
      TRY(during(references_of(*store.ledger, *store.objects), "marking what must be kept"));
  Sweep sweep{store, lease, now - age, dry_run, {}};
  TRY(sweep.objects(references));
  TRY(sweep.attempts(TRY(live_step(*store.ledger))));
  return std::move(sweep.report);
}

}  // namespace rondo::ledger
