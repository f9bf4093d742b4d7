// Rows of a database behind what was read before. The cursor of a source holds the greatest value c
// of its `cursor` and the digests of the rows in [c - lag, c]; the next reading takes the rows from
// c - lag on and drops those. So rows that share c, and rows that are committed late, come once.
// Only a worker asks: everything here that opens a connection is called from jobs.
#pragma once

#include "collect/cursor.h"
#include "collect/files.h"
#include "collect/sql.h"
#include "table/database.h"

namespace rondo::collect {

struct Asking {
  io::Fs& fs;
  const Options& options;
  const io::Path& project;
  const io::Path& temp;  // for DuckDB
  /// Backfill: rows of these times are wanted, and the databases need give no others.
  std::optional<TimeRange> again = std::nullopt;
};

/// What a database answered.
struct Answer {
  table::Table rows;             // as the query names its columns, in the order of the cursor
  std::vector<Reject> rejects;   // rows without a value of the cursor
  std::uint64_t before = 0;      // rows that were read earlier
  SqlMark mark;                  // where the next reading goes on
  bool news = false;             // there is a row, or (without a cursor) another answer than before
};

/// Asks one source. Errors: as table::Database, naming the source; kInvalidInput for a cursor that
/// is no column, changed its type or has too many rows within `lag`.
Result<Answer> ask(const Asking& asking, const SqlSource& source, const SqlMark& before);

/// Adds what the databases have beyond the cursor, and moves it on. In a backfill what they have in
/// its range, and others where the cursor is not the time.
Result<void> add_databases(const Asking& asking, News& news, Cursor& cursor);
/// The same of answers that a worker fetched before: Parquet files by name.
Result<void> add_fetched(const Options& options, const FetchedRows& fetched, Tools& tools,
                         News& news, Cursor& cursor);
/// As a source of rows.
Source open_answer(const NewBytes& news);

// Pure parts, for tests ------------------------------------------------------------------------

/// The answer in the order of `cursor` (null: as it is), less what the mark knows.
Result<Answer> behind(const table::Table& rows, const table::Column* cursor, const SqlMark& before,
                      Span lag, const std::string& named);
/// From where on the next reading takes rows; nothing at the first.
Result<std::optional<table::Value>> lower_bound(const SqlMark& before, Span lag);
/// SHA-256 of the names and cells as text, so that a column that is widened changes none.
std::vector<std::string> answer_digests(const table::Table& rows);

}  // namespace rondo::collect
