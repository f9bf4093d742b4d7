// Older rows under a newer contract; a cell that has no form in the new type is an error, never
// a guess.
#include "table/conform.h"

#include <fmt/format.h>

namespace rondo::table {
namespace {

/// Appends one cell as `to`; false when it has no such form.
bool put(ColumnBuilder& builder, const Column& from, std::size_t row, Type to) {
  if (is_text(to)) {
    builder.text(from.cell_text(row));
    return true;
  }
  if (to == Type::kNumber && !is_text(from.type) && from.type != Type::kTime) {
    builder.number(from.as_double(row));
    return true;
  }
  if (to == Type::kInteger && from.type == Type::kBool) {
    builder.integer(from.integers[row]);
    return true;
  }
  if (to == Type::kInteger && from.type == Type::kNumber) {
    const auto whole = static_cast<std::int64_t>(from.numbers[row]);
    if (static_cast<double>(whole) != from.numbers[row]) return false;
    builder.integer(whole);
    return true;
  }
  if (to == Type::kTime && is_text(from.type)) {
    const auto time = parse_time(from.text(row));
    if (time) builder.integer(time->us);
    return time.has_value();
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const Column>> convert(std::shared_ptr<const Column> column, Type to) {
  if (column->type == to) return column;
  if (is_text(column->type) && is_text(to)) {
    auto copy = std::make_shared<Column>(*column);
    copy->type = to;
    return std::shared_ptr<const Column>(std::move(copy));
  }
  ColumnBuilder builder(to);
  for (std::size_t row = 0; row < column->size(); ++row) {
    if (column->is_null(row)) {
      builder.null();
    } else if (!put(builder, *column, row, to)) {
      return fail(Code::kInvalidInput,
                  fmt::format("\"{}\" in row {} is not a {}", column->cell_text(row), row + 1,
                              name_of(to)));
    }
  }
  return builder.finish();
}

Result<Table> conform(const Table& table, const Schema& schema) {
  std::vector<std::shared_ptr<const Column>> columns;
  for (const Field& field : schema.fields) {
    const auto index = table.schema().find(field.name);
    if (!index) {
      columns.push_back(Column::missing(field.type, table.rows()));
      continue;
    }
    columns.push_back(TRY(during(convert(table.shared(*index), field.type),
                                 fmt::format("reading column \"{}\"", field.name))));
  }
  return Table(schema, std::move(columns));
}

}  // namespace rondo::table
