// Where the next collection goes on: per file how much of it was taken, and the newest event time
// with the digests of the rows at it. It is part of the manifest, so data and cursor are one
// commit, and it holds nothing that depends on when or where rows were collected.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "io/json.h"
#include "table/canonical.h"
#include "table/database.h"

namespace rondo::collect {

/// How far one file was read.
struct FileMark {
  std::uint64_t bytes = 0;    // of the file as it lies there
  std::string digest;         // SHA-256 of them, hex
  std::string edge;           // digest of the first and last 4 KiB, hex
  std::uint64_t plain = 0;    // bytes after decompression
  std::uint64_t lines = 0, records = 0;
  bool open_end = false;      // the last record had no line end
  bool operator==(const FileMark&) const = default;
};

/// What the clock is, and where it stands. `kTime`: a time. `kSeconds`, `kMillis`, `kMicros`: Unix
/// time as a number. `kSteps`, `kRows`: a number that only orders (collect/clock.h).
struct ClockState {
  enum class Kind { kNone, kTime, kSeconds, kMillis, kMicros, kSteps, kRows };
  Kind kind = Kind::kNone;
  bool orders_only() const { return kind == Kind::kSteps || kind == Kind::kRows; }
  std::int64_t rows_a_day = 0;  // kSteps: rows of one value, spread over its day
  std::int64_t day = -1;        // kSteps: days begun so far, less one
  std::int64_t row = -1;        // rows given a time so far (kSteps: of the last day), less one
  double value = 0;             // the greatest value
};

/// How far the log of pushed rows was read.
struct PushMark {
  std::string segment;
  std::uint64_t offset = 0, records = 0;
};

/// How far a database was read (collect/database_rows.h).
struct SqlMark {
  std::uint64_t records = 0;              // rows that were read
  std::optional<table::Value> value;      // the greatest one of its cursor
  std::vector<std::string> rows;          // digests within `lag` of it, sorted; equal rows repeat
  std::vector<std::string> missing;       // digests of rows without a value, sorted
  std::string digest;                     // without a cursor: of the whole answer
  bool operator==(const SqlMark&) const = default;
};

struct Cursor {
  std::map<std::string, FileMark> files;
  std::map<std::string, SqlMark> sql;
  PushMark pushed;
  ClockState clock;
  std::optional<Time> newest;
  std::set<std::string> boundary;  // digests of the rows at the greatest value of the clock
  bool boundary_whole = true;      // false: too many to list
  std::set<std::string> exact;     // integer columns with values beyond 2^53
  Json to_json() const;
  static Result<Cursor> from_json(const Json& json);
};
/// Whether two cursors have seen the same bytes under the same names, and the same answers.
bool same_files(const Cursor& a, const Cursor& b);
inline constexpr std::size_t kBoundaryListed = 4096;
inline constexpr std::size_t kAnswerListed = 100'000;  // rows within `lag` of a database's cursor

}  // namespace rondo::collect
