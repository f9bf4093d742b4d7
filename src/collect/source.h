// One file of the source as far as it is new: where it came from, its records, and either a Grid of
// cells as they were written (CSV, JSON) or a typed table (Parquet).
#pragma once

#include <memory>
#include <optional>

#include "collect/grid.h"
#include "io/fs.h"
#include "table/contract.h"
#include "table/engine.h"
#include "table/table.h"

namespace rondo::collect {

enum class Format { kCsv, kJson, kParquet };

/// DuckDB, opened when something first needs it. Threads: one.
class Tools {
 public:
  explicit Tools(io::Path temp) : temp_(std::move(temp)) {}
  Result<table::Engine*> engine();
  Result<std::unique_ptr<table::Engine>> another_engine() const {
    return table::Engine::open(temp_);
  }

 private:
  io::Path temp_;
  std::unique_ptr<table::Engine> engine_;
};

/// One cell as it was written. The text lives until the next call with the same buffer.
struct Written {
  CellKind kind = CellKind::kNull;
  std::string_view text{};
};

class Source {
 public:
  std::string file;    // relative to the project
  std::string digest;  // SHA-256 of the file, hex
  Grid grid;           // of Parquet: only names, rejects and counts
  std::optional<table::Table> typed;
  bool csv = false;    // its records are lines of fields, named by a header
  bool behind = false;       // a database: what was read before is left out already
  std::uint64_t earlier = 0; // its records that were read earlier

  std::size_t rows() const { return typed ? typed->rows() : grid.rows(); }
  const std::vector<std::string>& names() const { return grid.names; }
  std::optional<std::size_t> find(std::string_view name) const;
  bool delimited() const { return !typed && csv; }
  Written cell(std::size_t row, std::size_t column, std::string& buffer) const;
  struct Place {
    std::uint64_t record = 0, line = 0;  // from 1; no line where it is typed: 0
  };
  Place place(std::size_t row) const;
  /// A reject for a row that could be split, without its reason.
  Reject reject(std::size_t row) const;
  /// Forgets the rows that are not kept, as if they did not exist yet, and the rejects among them.
  void keep(const std::vector<bool>& rows, const std::vector<bool>& rejects);
};

/// A row as an object, by the names of its columns.
Json row_json(const table::Table& rows, std::size_t row);

/// The format by the first bytes; "auto" or as `wanted` says. Errors: kInvalidInput.
Format format_of(std::string_view bytes, const std::string& file, const std::string& wanted);

}  // namespace rondo::collect
