// The settings of every connection and the translation of SQLite's answers. The one invariant: no
// answer of SQLite is ignored, and a poisoned file system (ledger/vfs.h) always reads kUnavailable.
#include "ledger/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace rondo::ledger {
namespace {

constexpr int kBusyMs = 10'000;

std::unexpected<Error> full_disk(const io::Path& file, std::string_view act) {
  return fail(Code::kExhausted,
              fmt::format("the disk is full: {} {} was refused", act, file.string()),
              "make room on the disk; nothing that was acknowledged is lost, and writing goes on "
              "without a restart");
}

}  // namespace

// Query --------------------------------------------------------------------------------------

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, ++bound_, value) == SQLITE_OK, "a statement took no number");
  return *this;
}

Query& Query::bind(std::string_view text) {
  const int code = sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  CHECK(code == SQLITE_OK || code == SQLITE_TOOBIG || code == SQLITE_NOMEM,
        "a statement took no text");
  if (code != SQLITE_OK) bound_ = -1'000'000;  // step() says so
  return *this;
}

Query& Query::bind_blob(std::string_view bytes) {
  const int code = sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(),
                                       SQLITE_TRANSIENT);
  CHECK(code == SQLITE_OK, "a statement took no bytes");
  return *this;
}

Query& Query::bind(const io::Digest& digest) {
  return bind_blob({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
}

Query& Query::bind_null() {
  ++bound_;
  return *this;
}

Result<bool> Query::step() {
  if (bound_ < 0) return fail(Code::kInvalidInput, "an entry of the store is larger than 64 MB");
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return db_->error(code, sqlite3_stmt_readonly(statement_) != 0 ? "reading" : "writing");
}

Result<void> Query::run() {
  while (TRY(step())) {
  }
  return {};
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto count = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), count);
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<Json> Query::json(int column) const {
  auto value = io::parse_json(text(column), "an entry of rondo.db");
  if (value) return value;
  return fail(Code::kCorrupt, value.error().message, "run `rondo fsck`");
}

Result<io::Digest> Query::digest(int column) const {
  const std::string bytes = text(column);
  io::Digest out;
  if (bytes.size() != out.bytes.size()) {
    return fail(Code::kCorrupt, "a digest in rondo.db is not 32 bytes long", "run `rondo fsck`");
  }
  std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
  return out;
}

// Db -----------------------------------------------------------------------------------------

Result<std::unique_ptr<Db>> Db::open(const io::Path& file, Mode mode, const Vfs& vfs) {
  std::unique_ptr<Db> db(new Db);
  db->vfs_ = &vfs;
  db->file_ = file;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  std::string name = file.string();
  switch (mode) {
    case Mode::kRead: flags |= SQLITE_OPEN_READONLY; break;
    case Mode::kWrite: flags |= SQLITE_OPEN_READWRITE; break;
    case Mode::kCreate: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
    case Mode::kImmutable: {
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      std::string escaped;
      for (const char c : name) escaped += c == '?' || c == '#' || c == '%'
                                               ? fmt::format("%{:02x}", static_cast<unsigned>(c))
                                               : std::string(1, c);
      name = "file:" + escaped + "?immutable=1";
      break;
    }
  }
  const int code = sqlite3_open_v2(name.c_str(), &db->handle_, flags, vfs.name());
  if (code != SQLITE_OK) return db->error(code, "opening");
  TRY(db->settle(mode));
  return db;
}

Result<void> Db::settle(Mode mode) {
  sqlite3_busy_timeout(handle_, kBusyMs);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, 64 << 20);
  sqlite3_limit(handle_, SQLITE_LIMIT_SQL_LENGTH, 64 << 10);
  sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(handle_, SQLITE_LIMIT_VARIABLE_NUMBER, 32);
  sqlite3_limit(handle_, SQLITE_LIMIT_COMPOUND_SELECT, 8);
  sqlite3_limit(handle_, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
  TRY(exec("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY"));
  if (mode == Mode::kRead || mode == Mode::kImmutable) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return {};
  }
  if (mode == Mode::kCreate) {
    int tail = 8;  // kPageTail; holds only for a file that is still empty
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &tail);
  }
  // The log file stays when the last connection closes, so that it need not be made durable again.
  int keep = 1;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Db*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return exec("PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216");
}

Db::~Db() {
  for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
  if (handle_ == nullptr) return;
  if (!vfs_->poison().empty()) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  sqlite3_close_v2(handle_);
}

Result<void> Db::exec(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code, "writing");
  return {};
}

Result<Query> Db::query(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return error(code, "reading");
  }
  CHECK(sqlite3_stmt_busy(statement) == 0, "a statement is used twice at a time");
  return Query(*this, statement);
}

Result<std::int64_t> Db::number(const char* sql, std::int64_t otherwise) {
  Query query = TRY(this->query(sql));
  return TRY(query.step()) ? query.integer(0) : otherwise;
}

bool Db::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
bool Db::read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }
std::int64_t Db::last_row() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Db::changes() const { return sqlite3_changes64(handle_); }

Result<void> Db::checkpoint(Checkpoint mode) {
  const int how = mode == Checkpoint::kPassive ? SQLITE_CHECKPOINT_PASSIVE
                                               : SQLITE_CHECKPOINT_TRUNCATE;
  const int code = sqlite3_wal_checkpoint_v2(handle_, "main", how, nullptr, nullptr);
  wal_pages_ = 0;
  if (code != SQLITE_OK) return error(code, "checkpointing");
  return {};
}

Result<void> Db::copy_to(const io::Path& file) {
  const std::unique_ptr<Db> into = TRY(open(file, Mode::kCreate, *vfs_));
  sqlite3_backup* copy = sqlite3_backup_init(into->handle_, "main", handle_, "main");
  if (copy == nullptr) return into->error(sqlite3_extended_errcode(into->handle_), "copying to");
  const int stepped = sqlite3_backup_step(copy, -1);
  const int finished = sqlite3_backup_finish(copy);
  if (stepped != SQLITE_DONE) return into->error(stepped, "copying to");
  if (finished != SQLITE_OK) return into->error(finished, "copying to");
  return {};
}

std::unexpected<Error> Db::error(int code, std::string_view act) const {
  const std::string file = file_.string();
  if (const std::string poison = vfs_->poison(); !poison.empty()) {
    return fail(Code::kUnavailable,
                fmt::format("the store takes no writes any more, because {}", poison),
                "look after the disk, then restart: what was acknowledged is on it");
  }
  const int system = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const char* words = sqlite3_errstr(code);
  if (const std::string damage = vfs_->damage(); code == SQLITE_IOERR_DATA && !damage.empty()) {
    return fail(Code::kCorrupt, damage, "run `rondo fsck`, then restore a backup");
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Code::kUnavailable,
                  fmt::format("another process has been writing to {} for 10 seconds", file),
                  "try again; `rondo status` names who holds the lease");
    case SQLITE_FULL: return full_disk(file_, act);
    case SQLITE_IOERR:
      if (system == ENOSPC || system == EDQUOT || system == EFBIG) return full_disk(file_, act);
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(Code::kCorrupt, fmt::format("{} is damaged: {}", file, words),
                  "run `rondo fsck`, then restore a backup");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      if (system == ENOENT) return fail(Code::kNotFound, fmt::format("{} does not exist", file));
      return fail(Code::kIo,
                  fmt::format("{} {} is not possible: {}{}{}", act, file, words,
                              system == 0 ? "" : ", ", system == 0 ? "" : std::strerror(system)),
                  "check owner and permissions of the folder, and that its disk is writable");
    case SQLITE_CONSTRAINT:
      return fail(Code::kConflict, fmt::format("{}: {}", file, sqlite3_errmsg(handle_)));
    case SQLITE_NOMEM: return fail(Code::kExhausted, "SQLite got no memory");
    case SQLITE_TOOBIG: return fail(Code::kInvalidInput, "an entry is larger than 64 MB");
    default: break;
  }
  return fail(Code::kIo, fmt::format("{} {} failed: {}", act, file,
                                     handle_ == nullptr ? words : sqlite3_errmsg(handle_)));
}

}  // namespace rondo::ledger
