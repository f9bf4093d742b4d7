// A rehearsed fault: values of one column replaced over a stretch of time, as if a counter had
// failed. Only replays set one.
#include "collect/fault.h"

#include <fmt/format.h>

#include <cmath>

namespace rondo::collect {
namespace {

using table::ColumnBuilder;
using table::Type;

void put(ColumnBuilder& builder, const table::Column& column, std::size_t row) {
  if (column.is_null(row)) return builder.null();
  switch (column.type) {
    case Type::kNumber: return builder.number(column.numbers[row]);
    case Type::kCategory:
    case Type::kText: return builder.text(column.text(row));
    default: return builder.integer(column.integers[row]);
  }
}

Result<void> put_value(ColumnBuilder& builder, Type type, const Json& value) {
  const bool text = type == Type::kCategory || type == Type::kText;
  if (value.is_null()) {
    builder.null();
  } else if (text) {
    builder.text(value.is_string() ? value.get<std::string>() : value.dump());
  } else if (value.is_number() && type == Type::kNumber) {
    builder.number(value.get<double>());
  } else if (value.is_number() && value.get<double>() == std::floor(value.get<double>())) {
    builder.integer(static_cast<std::int64_t>(value.get<double>()));
  } else {
    return fail(Code::kInvalidInput, fmt::format("fault: {} is no {}", value.dump(),
                                                 name_of(type)));
  }
  return {};
}

}  // namespace

Result<table::Table> with_fault(const table::Table& rows, std::span<const Time> times,
                                const Json& fault) {
  if (!fault.is_object() || fault.empty() || times.empty()) return rows;
  const auto name = TRY(io::get<std::string>(fault, "column"));
  const Time from = TRY(parse_time(TRY(io::get<std::string>(fault, "from"))));
  const Time to = TRY(parse_time(TRY(io::get<std::string>(fault, "to"))));
  const table::Column* column = rows.find(name);
  if (column == nullptr) {
    return fail(Code::kInvalidInput, fmt::format("fault: there is no column \"{}\"", name));
  }
  ColumnBuilder builder(column->type);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (times[row] < from || times[row] >= to) {
      put(builder, *column, row);
    } else {
      TRY(put_value(builder, column->type, fault.value("value", Json())));
    }
  }
  return rows.with({name, column->type}, builder.finish());
}

}  // namespace rondo::collect
