// One part of the input: whole records of one file, as they were written, with where they stood.
// How a part is read depends on nothing but the part, so parts are scored side by side.
#pragma once

#include "batch/scoring.h"
#include "collect/clock.h"
#include "collect/collect.h"
#include "collect/source.h"

namespace rondo::batch {

/// What all parts share.
struct Settings {
  std::shared_ptr<const deploy::Deployed> by;
  collect::Options options;      // how files are read: null, names, time, trim
  table::Contract contract;      // types of columns that the clock reads; may be empty
  collect::ClockState clock;     // where the project's clock stands
  Time now;                      // of rows where there is no clock
  Form form = Form::kCsv;
  Beside beside;
  std::vector<std::string> keys; // columns that lead each line; empty: the number of the row
  io::Path temp;                 // for DuckDB
  Stop stop;                     // of who waits for standard input
};

/// Of one file.
struct Layout {
  std::string file;              // for sentences
  collect::Format format = collect::Format::kCsv;
  table::Dialect dialect;
  std::vector<std::string> names;  // CSV: of the columns
  std::string head = "\n";        // what each part begins with: the header, where there is one
};

struct Part {
  std::shared_ptr<const Layout> layout;
  std::string bytes;                 // the layout's head, then records; of Parquet: empty
  std::optional<table::Table> table; // of Parquet
  std::uint64_t lines = 0;           // of the file that stand before it
  std::uint64_t file_rows = 0;       // rows of the file that do
  std::uint64_t rows = 0;            // rows of all files that do

  std::string_view records() const {
    return std::string_view(bytes).substr(layout->head.size());
  }
};

/// What one thread keeps from part to part.
struct Room {
  explicit Room(const Settings& settings) : tools(settings.temp), clock(settings.clock) {}
  collect::Tools tools;
  collect::ClockState clock;
};

/// Where the clock stands behind the newest dataset version, of its manifest's cursor.
Result<collect::ClockState> clock_from(const Json& cursor);
/// Whether the event time of a row is asked for: by lags, or by parts of it.
bool needs_time(const model::Transform& transform);

/// Any part, by the readers of Data Collection. Gives the number of rows.
/// Errors: kInvalidInput naming file, line, row and column of the first cell that does not fit.
Result<std::uint64_t> score_any(const Settings& settings, const Part& part, Room& room,
                                std::string& out);
/// A part of CSV in ASCII without quotes whose cells are all spelled plainly: straight from its
/// bytes to features. None, with `out` as it was, when it is not like that: score_any() reads it,
/// or tells what is wrong. Cost: some 10 ns a cell.
std::optional<std::uint64_t> score_plain(const Settings& settings, const Part& part,
                                         std::string& out);

/// The key of a row, as it begins its line.
void append_row_number(std::string& out, Form form, std::uint64_t row);
void append_key(std::string& out, Form form, std::string_view name, std::string_view text);

}  // namespace rondo::batch
