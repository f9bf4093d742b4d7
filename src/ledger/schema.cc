// See schema.h. A crash between two steps leaves an older version that the next start takes on.
#include "ledger/schema.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "ledger/ledger.h"

namespace rondo::ledger {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE facts(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, kind TEXT NOT NULL,
  step INTEGER NOT NULL, body TEXT NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE INDEX facts_kind ON facts(kind, seq);
CREATE INDEX facts_step ON facts(step, seq) WHERE step <> 0;
CREATE TABLE journal(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, kind TEXT NOT NULL,
  step INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX journal_step ON journal(step, id) WHERE step <> 0;
CREATE TABLE labels(
  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, version INTEGER NOT NULL,
  value TEXT NOT NULL, time_us INTEGER NOT NULL, received_us INTEGER NOT NULL,
  correction INTEGER NOT NULL, UNIQUE(id, version)) STRICT;
CREATE TABLE requests(
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, act TEXT NOT NULL,
  arguments TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, result TEXT) STRICT;
CREATE INDEX requests_open ON requests(id) WHERE result IS NULL;
CREATE TABLE leases(
  name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, holder TEXT NOT NULL, process TEXT NOT NULL,
  boot TEXT NOT NULL, until_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE projections(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE secrets(name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('format', 'rondo store'), ('version', '1');
PRAGMA user_version=1;
)sql";

/// kSteps[n] takes a store of version n to n + 1.
constexpr const char* kSteps[] = {kVersion1};
static_assert(std::size(kSteps) == kStoreVersion);

std::unexpected<Error> newer(const io::Path& file, std::int64_t version) {
  return fail(Code::kInvalidInput,
              fmt::format("{} was written by a newer Rondo: its format is version {}, this program "
                          "knows version {}",
                          file.string(), version, kStoreVersion),
              "use the newer program, or restore a backup of before the update");
}

Result<void> migrate_from(Db& db, std::int64_t version) {
  RONDO_FAILPOINT(kMigrate);
  return db.exec(kSteps[static_cast<std::size_t>(version)]);
}

/// One step in one transaction; looks again inside, because another process may be doing the same.
Result<void> step_from(Db& db, std::int64_t version) {
  TRY(db.exec("BEGIN IMMEDIATE"));
  const auto now = db.number("PRAGMA user_version");
  Result<void> done;
  if (now && *now == version) done = migrate_from(db, version);
  if (now && done) done = db.exec("COMMIT");
  if (now && done) return {};
  static_cast<void>(db.exec("ROLLBACK"));
  if (!now) return std::unexpected(now.error());
  return during(done, fmt::format("making store format {}", version + 1));
}

}  // namespace

Result<void> prepare_schema(Db& db, const io::Path& file, bool create) {
  std::int64_t version = TRY(db.number("PRAGMA user_version"));
  if (version > kStoreVersion) return newer(file, version);
  if (version == 0 && !create) {
    return fail(Code::kNotFound, fmt::format("{} is empty", file.string()),
                "remove it if it never held a project, or restore a backup");
  }
  if (version == 0 && TRY(db.number("SELECT count(*) FROM sqlite_schema")) != 0 &&
      TRY(db.number("PRAGMA user_version")) == 0) {
    return fail(Code::kCorrupt, fmt::format("{} is a database of another program", file.string()));
  }
  for (; version < kStoreVersion; ++version) TRY(step_from(db, version));
  return {};
}

Result<void> check_schema(Db& db, const io::Path& file) {
  const std::int64_t version = TRY(db.number("PRAGMA user_version"));
  if (version > kStoreVersion) return newer(file, version);
  if (version == kStoreVersion) return {};
  if (version == 0) return fail(Code::kNotFound, fmt::format("{} is empty", file.string()));
  return fail(Code::kConflict,
              fmt::format("{} has format version {} and was not brought to version {} yet",
                          file.string(), version, kStoreVersion),
              "run any command that may write, for example `rondo run`");
}

}  // namespace rondo::ledger
