// A source is a grid of written cells or a typed table; both answer the same questions.
#include "collect/source.h"

#include <algorithm>

namespace rondo::collect {

Result<table::Engine*> Tools::engine() {
  if (engine_ == nullptr) engine_ = TRY(table::Engine::open(temp_));
  return engine_.get();
}

std::optional<std::size_t> Source::find(std::string_view name) const {
  const auto found = std::ranges::find(names(), name);
  if (found == names().end()) return std::nullopt;
  return static_cast<std::size_t>(found - names().begin());
}

Written Source::cell(std::size_t row, std::size_t column, std::string& buffer) const {
  if (!typed) {
    const CellRef& ref = grid.cell(row, column);
    return {ref.kind(), ref.kind() == CellKind::kNull ? std::string_view() : grid.text(ref)};
  }
  const table::Column& from = typed->column(column);
  if (from.is_null(row)) return {};
  buffer = from.cell_text(row);
  switch (from.type) {
    case table::Type::kNumber:
    case table::Type::kInteger: return {CellKind::kNumber, buffer};
    case table::Type::kBool: return {CellKind::kBool, buffer};
    default: return {CellKind::kQuoted, buffer};
  }
}

Json row_json(const table::Table& rows, std::size_t row) {
  Json cells = Json::object();
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    cells[rows.schema().fields[i].name] = rows.column(i).cell_json(row);
  }
  return cells;
}

Source::Place Source::place(std::size_t row) const {
  if (typed) return {earlier + row + 1, 0};
  return {grid.records[row].number, grid.records[row].line};
}

Reject Source::reject(std::size_t row) const {
  Reject reject;
  reject.before = row;
  if (typed) {
    reject.record = earlier + row + 1;
    reject.raw = io::canonical(row_json(*typed, row));
    return reject;
  }
  const Record& record = grid.records[row];
  reject.record = record.number;
  reject.line = record.line;
  reject.offset = record.offset + grid.shift;
  reject.raw = grid.raw(record).substr(0, kRawKept);
  return reject;
}

void Source::keep(const std::vector<bool>& rows_kept, const std::vector<bool>& rejects_kept) {
  std::vector<std::size_t> kept, before(rows_kept.size() + 1, 0);
  for (std::size_t row = 0; row < rows_kept.size(); ++row) {
    if (rows_kept[row]) kept.push_back(row);
    before[row + 1] = kept.size();
  }
  std::vector<Reject> rejects;
  for (std::size_t i = 0; i < grid.rejects.size(); ++i) {
    if (!rejects_kept[i]) continue;
    rejects.push_back(std::move(grid.rejects[i]));
    rejects.back().before = before[rejects.back().before];
  }
  grid.rejects = std::move(rejects);
  if (typed) {
    typed = typed->take(kept);
    return;
  }
  std::vector<Record> records;
  std::vector<CellRef> cells;
  const std::size_t width = grid.names.size();
  for (const std::size_t row : kept) {
    records.push_back(grid.records[row]);
    const auto first = grid.cells.begin() + static_cast<std::ptrdiff_t>(row * width);
    cells.insert(cells.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  grid.records = std::move(records);
  grid.cells = std::move(cells);
}

Format format_of(std::string_view bytes, const std::string& file, const std::string& wanted) {
  if (wanted == "csv") return Format::kCsv;
  if (wanted == "json") return Format::kJson;
  if (wanted == "parquet" || bytes.starts_with("PAR1")) return Format::kParquet;
  // By name, since a CSV may begin with a bracket; by its first byte only without a known name.
  if (file.contains(".json") || file.contains(".ndjson")) return Format::kJson;
  if (file.contains(".csv") || file.contains(".tsv") || file.contains(".txt")) return Format::kCsv;
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[');
  return json ? Format::kJson : Format::kCsv;
}

}  // namespace rondo::collect
