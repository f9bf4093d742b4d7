// SQLite as a small type of ours: a connection with the project's settings, statements prepared
// once, and errors as sentences with the code that tells what a caller can do. sqlite3.h is seen in
// this folder's .cc files only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "io/digest.h"
#include "io/json.h"
#include "ledger/vfs.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rondo::ledger {

/// One run of a prepared statement. Reset when it goes; one at a time for each text.
class Query {
 public:
  explicit Query(class Db& db, sqlite3_stmt* statement) : db_(&db), statement_(statement) {}
  Query(Query&& other) noexcept : db_(other.db_), statement_(other.statement_) {
    other.statement_ = nullptr;
  }
  Query& operator=(Query&&) = delete;
  ~Query();
  /// In order of the statement's question marks. Text is copied.
  Query& bind(std::int64_t value);
  Query& bind(std::string_view text);
  Query& bind(const io::Digest& digest);
  Query& bind_blob(std::string_view bytes);
  Query& bind_null();
  /// True: a row is there. Errors: as Db::error.
  Result<bool> step();
  /// step() until there is no row.
  Result<void> run();
  std::int64_t integer(int column) const;
  std::string text(int column) const;  // also the bytes of a blob
  bool is_null(int column) const;
  Result<Json> json(int column) const;
  Result<io::Digest> digest(int column) const;

 private:
  Db* db_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

/// One connection. Threads: one at a time (the owner guards it).
class Db {
 public:
  enum class Mode { kRead, kWrite, kCreate, kImmutable };
  /// Opens with the settings of docs/FORMATS.md, "Store"; `vfs` must outlive it.
  static Result<std::unique_ptr<Db>> open(const io::Path& file, Mode mode, const Vfs& vfs);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  Result<void> exec(const char* sql);
  /// Prepared at first use and kept; `sql` is a literal.
  Result<Query> query(const char* sql);
  /// First column of the first row as a number; `otherwise` when there is no row.
  Result<std::int64_t> number(const char* sql, std::int64_t otherwise = 0);
  bool in_transaction() const;
  bool read_only() const;
  std::int64_t last_row() const;
  std::int64_t changes() const;
  /// Pages in the write-ahead log after the last commit of this connection.
  int wal_pages() const { return wal_pages_; }
  /// kPassive copies what no reader holds up; kTruncate waits and empties the log.
  enum class Checkpoint { kPassive, kTruncate };
  /// Errors: also when another process is in the way (kUnavailable).
  Result<void> checkpoint(Checkpoint mode);
  /// Copies everything into a new file. Errors: kExhausted, kIo.
  Result<void> copy_to(const io::Path& file);
  /// What SQLite's return code means for the caller.
  std::unexpected<Error> error(int code, std::string_view act) const;

 private:
  Db() = default;
  Result<void> settle(Mode mode);
  sqlite3* handle_ = nullptr;
  const Vfs* vfs_ = nullptr;
  io::Path file_;
  int wal_pages_ = 0;
  std::map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace rondo::ledger
