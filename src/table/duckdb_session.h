// One DuckDB, in memory or of a file, with one connection, closed by its destructor; queries in,
// tables out. Sealed sessions can reach no file and no setting: they are for text that a user
// wrote. So is a session of a file, which it reads and nothing else.
#pragma once

#include "io/fs.h"
#include "table/duckdb_library.h"
#include "table/database.h"

namespace rondo::table {

enum class Reach { kFiles, kSealed, kDatabase };

class DuckdbSession {
 public:
  /// Errors: kUnavailable, kIo with DuckDB's sentence.
  /// `file` is read with Reach::kDatabase.
  static Result<std::unique_ptr<DuckdbSession>> open(const io::Path& temp, Reach reach,
                                                     const io::Path& file = {});
  ~DuckdbSession();
  DuckdbSession(const DuckdbSession&) = delete;
  DuckdbSession& operator=(const DuckdbSession&) = delete;

  /// Runs one statement of ours. Errors: kInvalidInput with DuckDB's sentence.
  Result<void> run(const std::string& sql);
  /// Runs text that a user wrote: one statement, and it must be a SELECT.
  /// Shape: columns of BOOLEAN, BIGINT, DOUBLE, TIMESTAMP, VARCHAR become ours, any other is an
  /// error.
  /// $1 in it stands for `bound`.
  Result<Table> select(const std::string& sql, const Value* bound = nullptr);
  /// A SELECT of ours whose rows are made while they are asked for; no other query runs on this
  /// session until it is gone.
  class Rows;
  Result<std::unique_ptr<Rows>> stream(const std::string& sql);
  /// Name and DuckDB's type of each column of a SELECT.
  Result<std::vector<std::pair<std::string, std::string>>> describe(const std::string& sql);
  /// Creates a table with these columns and fills it. Shape: row order kept.
  Result<void> load(const std::string& name, const Table& table);

 private:
  explicit DuckdbSession(const DuckdbLibrary& duckdb) : duckdb_(duckdb) {}
  /// `at_least`: rows after which it stops between two chunks.
  Result<Table> collect(duckdb_result& result, std::size_t at_least = SIZE_MAX);
  Result<void> append(duckdb_appender appender, const Table& table);

  const DuckdbLibrary& duckdb_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

class DuckdbSession::Rows {
 public:
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  /// At least so many rows unless it is the end; without rows it is.
  Result<Table> next(std::size_t at_least);

 private:
  friend class DuckdbSession;
  explicit Rows(DuckdbSession& session) : session_(session) {}
  DuckdbSession& session_;
  duckdb_extracted_statements statements_ = nullptr;
  duckdb_prepared_statement prepared_ = nullptr;
  duckdb_result result_{};
  bool answered_ = false, ended_ = false;
};

/// What we read a column of DuckDB's as; types without a counterpart are read as text.
std::string_view cast_for(std::string_view type);
/// DuckDB's sentence without its kind and its drawing of the place.
std::string first_line(std::string_view message);
/// What DuckDB calls a type of ours.
std::string_view sql_type(Type type);
/// 'text' with its quotes doubled.
std::string sql_text(std::string_view text);
/// "name" with its quotes doubled.
std::string identifier(std::string_view name);

}  // namespace rondo::table
