// A database that somebody else keeps, asked one SELECT at a time: PostgreSQL and SQLite by their
// ADBC drivers, DuckDB's files by the engine that we have. Whatever the text of a query says, the
// connection only reads. Only workers open one: a driver is foreign code that talks to a stranger.
#pragma once

#include <memory>

#include "io/fs.h"
#include "table/table.h"

namespace rondo::table {

/// A value to compare with. It is bound, and never written into the text of a query.
struct Value {
  Type type = Type::kInteger;
  std::int64_t integer = 0;  // kInteger, kTime (microseconds), kBool
  double number = 0;         // kNumber
  std::string text;          // kCategory, kText
  bool operator==(const Value&) const = default;
};

/// A column of an answer.
struct AnswerColumn {
  std::string name;
  std::string cast;   // what SQL casts it to, so that it becomes a type of ours; mostly empty
  bool text = false;  // it is text, or is cast to it
};

class Database {
 public:
  /// `driver`: "postgresql", "sqlite" or "duckdb". `uri`: postgresql://..., or a file. `temp` is a
  /// folder that DuckDB may spill into.
  /// Errors: kUnavailable (no server, no driver, somebody else writes), kInvalidInput (a wrong
  /// password, no database), kNotFound (no such file). No text has the uri or a password in it.
  static Result<std::unique_ptr<Database>> open(io::Fs& fs, const std::string& driver,
                                                const std::string& uri, const io::Path& temp);
  virtual ~Database() = default;
  /// The columns of a SELECT. Errors: kInvalidInput with the database's sentence.
  virtual Result<std::vector<AnswerColumn>> columns(const std::string& sql) = 0;
  /// Its rows; $1 in it stands for `bound`. Shape: numbers, integers, bools, dates, times and text
  /// become our types; what columns() wants cast is an error. Errors: as columns().
  virtual Result<Table> select(const std::string& sql, const Value* bound) = 0;
};

/// The parts of "postgresql://user:password@host/db" that must never be shown: the password as it
/// is written and as it reads. Errors: kInvalidInput for a uri that is none, or for a parameter
/// that is not on the list.
Result<std::vector<std::string>> postgresql_secrets(const std::string& uri);

}  // namespace rondo::table
