// Rows from CSV bodies, which have a header. What a text means under a type is asked of
// collect/, so that a file and a request give the same cells.
#include <fmt/format.h>

#include <cmath>

#include "api/csv_records.h"
#include "api/frames.h"
#include "collect/cells.h"

namespace rondo::api {
namespace {

using model::Cell;
using table::Type;

bool read_whole(std::string_view text, double& number) {
  std::int64_t whole = 0;
  if (collect::parse_integer(text, whole)) {
    number = static_cast<double>(whole);
    return true;
  }
  // As pandas writes whole numbers of a column with missing ones: "3.0".
  return collect::parse_number(text, number) == collect::Parsed::kYes &&
         number == std::trunc(number);
}

bool read_field(std::string_view text, Type type, Cell& out) {
  std::int64_t us = 0;
  out.kind = Cell::Kind::kNumber;
  switch (type) {
    case Type::kNumber: return collect::parse_number(text, out.number) == collect::Parsed::kYes;
    case Type::kInteger: return read_whole(text, out.number);
    case Type::kBool:
      out.number = text == "true" || text == "True" ? 1 : 0;
      return out.number == 1 || text == "false" || text == "False";
    case Type::kTime:
      if (!collect::parse_moment(text, us)) return false;
      out.number = static_cast<double>(us);
      return true;
    case Type::kCategory:
    case Type::kText: break;
  }
  out.kind = Cell::Kind::kText;
  out.text = text;
  return true;
}

}  // namespace

std::expected<void, Refusal> add_csv(Batch& batch, std::string_view text,
                                     std::span<const std::string> null, std::optional<Time> time) {
  CsvRecords records = TRY(CsvRecords::of(text, batch.kept()));
  std::vector<std::string_view> fields;
  TRY(records.next(fields));
  const ColumnMap map = TRY(ColumnMap::of(fields, batch.inputs(), batch.outsiders()));
  const std::vector<std::string> missing(null.begin(), null.end());
  for (std::size_t row = 0; !records.at_end(); ++row) {
    TRY(records.next(fields));
    if (fields.size() != map.places().size()) {
      return bad_shape(fmt::format("row {} of the CSV has {} fields, the header has {}", row,
                                   fields.size(), map.places().size()));
    }
    const std::span<Cell> cells = batch.cells();
    std::optional<Time> own;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (map.places()[i] == ColumnMap::kTime) {
        own = TRY(read_time(fields[i], fmt::format("row {}: \"_time\"", row)));
        continue;
      }
      const table::Field& field = batch.inputs().fields[map.places()[i]];
      Cell& cell = cells[map.places()[i]] = Cell{};
      if (collect::is_null(fields[i], missing)) continue;
      if (read_field(fields[i], field.type, cell)) continue;
      return wrong_type(fmt::format("row {}: column \"{}\" takes {}, not \"{}\"", row, field.name,
                                    expectation(field.type), fields[i].substr(0, 100)));
    }
    TRY(batch.add(own.value_or(time.value_or(batch.now()))));
  }
  return {};
}

}  // namespace rondo::api
