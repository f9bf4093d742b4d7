// DuckDB behind a small type of ours: reading and writing Parquet, SQL expressions over a table.
// libduckdb is opened with dlopen at first use, so commands that need none of this start at once.
// One thread, no extensions, no network. Text that a user wrote runs in a database of its own that
// can reach no file and whose settings are locked.
#pragma once

#include <memory>

#include "io/fs.h"
#include "table/table.h"

namespace rondo::table {

/// Rows of a file, a part at a time. Threads: one. The engine outlives it.
class TableStream {
 public:
  virtual ~TableStream() = default;
  /// At least so many rows (some thousands more at most) unless it is the end; without rows it is.
  virtual Result<Table> next(std::size_t at_least) = 0;
};

class Engine {
 public:
  /// Loads the library (14 ms at the first time). `temp` is a folder that DuckDB may spill into.
  /// Errors: kUnavailable when the library cannot be found (the text says where it was sought).
  static Result<std::unique_ptr<Engine>> open(const io::Path& temp);
  virtual ~Engine() = default;
  /// Gives back memory that nobody uses: of our heap, and some 30 MB of pages of the library's
  /// code, which are read again when they are needed. Threads: any. Cost: milliseconds.
  static void rest();

  /// Parquet files in order, all columns; integers, decimals, dates and strings become our types;
  /// what has no type of ours becomes text. Errors: kInvalidInput naming the file.
  virtual Result<Table> read_parquet(std::span<const io::Path> files) = 0;
  /// The same, a table for each run of files whose columns are alike: one query each, since a query
  /// costs more than a small file. Columns whose name begins with `without` are not read, unless it
  /// is empty.
  virtual Result<std::vector<Table>> read_alike(std::span<const io::Path> files,
                                                std::string_view without) = 0;
  /// Row order kept, one thread, zstd: the same table gives the same bytes.
  virtual Result<void> write_parquet(const Table& table, const io::Path& file) = 0;
  /// The rows of one Parquet file behind the first `skip`, as read_parquet() has them, without the
  /// columns that read_alike() leaves out. Cost: memory of a row group and of what is asked for.
  /// Nothing else may be asked of the engine meanwhile.
  virtual Result<std::unique_ptr<TableStream>> stream_parquet(const io::Path& file,
                                                              std::uint64_t skip,
                                                              std::string_view without) = 0;
  /// A CSV file of ours as Parquet: names and types of its columns are given, in order; an empty
  /// cell is missing. Constant memory. Errors: kIo.
  virtual Result<void> csv_to_parquet(const io::Path& csv, const Schema& schema,
                                      const io::Path& parquet) = 0;
  /// Evaluates one SQL scalar expression for each row of the table, e.g. "dteday + to_hours(hr)".
  /// Shape: a column of table.rows() cells. Errors: kInvalidInput with DuckDB's sentence.
  virtual Result<std::shared_ptr<const Column>> evaluate(const Table& table,
                                                         const std::string& expression) = 0;
};

}  // namespace rondo::table
