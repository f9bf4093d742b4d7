// See opening.h. The settings of a connection are in ledger/sqlite.cc.
#include "ledger/opening.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/failpoint.h"
#include "base/worker.h"
#include "ledger/pages.h"
#include "ledger/schema.h"

namespace rondo::ledger {
namespace {

/// quick_check reads every page: 1 ms a megabyte. A small store is always checked; a larger one
/// after an unclean end, when there is a reason, unless that alone would take a second. Each page
/// carries a checksum that is verified whenever it is read, so nothing damaged is ever used.
constexpr std::uint64_t kCheckAlways = 2ULL << 20, kCheckUnclean = 512ULL << 20;

Result<void> quick_check(Db& db, const io::Path& file) {
  Query query = TRY(db.query("PRAGMA quick_check(1)"));
  if (TRY(query.step()) && query.text(0) == "ok") return {};
  return fail(Code::kCorrupt, fmt::format("{} is damaged: {}", file.string(), query.text(0)),
              "run `rondo fsck`, then restore a backup");
}

/// The answer must be "wal". SQLite does not wait for others here, so we do.
Result<void> enter_wal(Db& db) {
  for (int tries = 0;; ++tries) {
    const auto mode = [&]() -> Result<std::string> {
      Query query = TRY(db.query("PRAGMA journal_mode=WAL"));
      return TRY(query.step()) ? query.text(0) : std::string();
    }();
    if (mode && *mode == "wal") return {};
    if (mode) {
      return fail(Code::kIo,
                  fmt::format("the store's disk has no write-ahead log (mode {})", *mode),
                  "keep the project on a local disk");
    }
    if (mode.error().code != Code::kUnavailable || tries == 50) {
      return std::unexpected(mode.error());
    }
    sleep_for(Span::millis(20));
  }
}

/// What an unclean end left: the log is moved into the database and emptied, so that no later
/// acknowledgement rests on pages that the kernel only pretends to have written.
Result<void> settle(Db& db, io::Fs& fs, const Self& self, const io::Path& file) {
  const io::Path wal = file.string() + "-wal";
  const auto log = TRY(fs.stat(wal));
  const bool others = TRY(lease_holder(db, fs, self)).has_value();
  const bool unclean = log && log->size > 0 && !others;
  if (unclean) {
    RONDO_FAILPOINT(kCheckpoint);
    const auto emptied = db.checkpoint(Db::Checkpoint::kTruncate);
    if (!emptied && emptied.error().code != Code::kUnavailable) return emptied;
  }
  const auto stat = TRY(fs.stat(file));
  const std::uint64_t most = unclean ? kCheckUnclean : kCheckAlways;
  return !others && stat && stat->size <= most ? quick_check(db, file) : Result<void>();
}

}  // namespace

Result<void> look_before(io::Fs& fs, const io::Path& file) {
  const auto damage = TRY(check_wal(fs, file.string() + "-wal"));
  if (!damage.empty()) {
    return fail(Code::kCorrupt, damage.front(), "run `rondo fsck`, then restore a backup");
  }
  const std::string header = TRY(fs.read_at(file, 0, 100));
  // A journal beside it: making the store was cut short, and SQLite will take that back.
  if (header.empty() || TRY(fs.stat(file.string() + "-journal"))) return {};
  const bool ours = header.size() == 100 && header.starts_with("SQLite format 3") &&
                    header[20] == static_cast<char>(kPageTail);
  if (ours) return {};
  return fail(Code::kCorrupt,
              fmt::format("{} is damaged: its header is not Rondo's", file.string()),
              "run `rondo fsck`, then restore a backup");
}

Result<Connections> open_to_read(const io::Path& file, std::unique_ptr<Vfs> vfs) {
  const auto attempt = [&](Db::Mode mode) -> Result<std::unique_ptr<Db>> {
    auto db = TRY(Db::open(file, mode, *vfs));
    TRY(check_schema(*db, file));
    return db;
  };
  auto db = attempt(Db::Mode::kRead);
  // On a read-only disk the log cannot be shared with a writer; when it is empty there is none.
  std::error_code none;
  const auto log = std::filesystem::file_size(file.string() + "-wal", none);
  if (!db && db.error().code == Code::kIo && (none || log == 0)) {
    db = attempt(Db::Mode::kImmutable);
  }
  if (!db) return std::unexpected(db.error());
  Connections out;
  out.reader = *std::move(db);
  out.vfs = std::move(vfs);
  return out;
}

Result<Connections> open_to_write(io::Fs& fs, const io::Path& file, const Self& self,
                                  bool create, std::unique_ptr<Vfs> vfs) {
  Connections out;
  out.writer = TRY(Db::open(file, create ? Db::Mode::kCreate : Db::Mode::kWrite, *vfs));
  if (out.writer->read_only()) {
    return fail(Code::kInvalidInput, fmt::format("{} is read-only", file.parent_path().string()),
                "make the project's folder writable, or work on a copy of it");
  }
  const std::int64_t version = TRY(out.writer->number("PRAGMA user_version"));
  if (version > kStoreVersion) TRY(check_schema(*out.writer, file));
  TRY(enter_wal(*out.writer));
  TRY(prepare_schema(*out.writer, file, create));
  if (version == 0) {
    const auto moved = out.writer->checkpoint(Db::Checkpoint::kTruncate);
    if (!moved && moved.error().code != Code::kUnavailable) return std::unexpected(moved.error());
    // SQLite ignores a failed sync of the folder; a database without a durable name is none.
    TRY(fs.sync_folder(file.parent_path()));
  } else {
    TRY(settle(*out.writer, fs, self, file));
  }
  out.reader = TRY(Db::open(file, Db::Mode::kRead, *vfs));
  out.vfs = std::move(vfs);
  return out;
}

}  // namespace rondo::ledger
