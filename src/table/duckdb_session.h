// One in-memory DuckDB with one connection, closed by its destructor; queries in, tables out.
// Sealed sessions can reach no file and no setting: they are for text that a user wrote.
#pragma once

#include "io/fs.h"
#include "table/duckdb_library.h"
#include "table/table.h"

namespace rondo::table {

enum class Reach { kFiles, kSealed };

class DuckdbSession {
 public:
  /// Errors: kUnavailable, kIo with DuckDB's sentence.
  static Result<std::unique_ptr<DuckdbSession>> open(const io::Path& temp, Reach reach);
  ~DuckdbSession();
  DuckdbSession(const DuckdbSession&) = delete;
  DuckdbSession& operator=(const DuckdbSession&) = delete;

  /// Runs one statement of ours. Errors: kInvalidInput with DuckDB's sentence.
  Result<void> run(const std::string& sql);
  /// Runs text that a user wrote: one statement, and it must be a SELECT.
  /// Shape: columns of BOOLEAN, BIGINT, DOUBLE, TIMESTAMP, VARCHAR become ours, any other is an
  /// error.
  Result<Table> select(const std::string& sql);
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

/// What DuckDB calls a type of ours.
std::string_view sql_type(Type type);
/// 'text' with its quotes doubled.
std::string sql_text(std::string_view text);
/// "name" with its quotes doubled.
std::string identifier(std::string_view name);

}  // namespace rondo::table
