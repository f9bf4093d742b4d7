// Tables are put together, cut and joined here; cells are never changed. Every Table that exists
// has columns of one length whose types are those of its schema.
#include "table/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace rondo::table {
namespace {

constexpr std::array<std::string_view, 6> kTypeNames = {"number", "integer", "category",
                                                        "text",   "bool",    "time"};

void append_to(Column& to, const Column& from) {
  to.valid.append(from.valid);
  to.numbers.insert(to.numbers.end(), from.numbers.begin(), from.numbers.end());
  to.integers.insert(to.integers.end(), from.integers.begin(), from.integers.end());
}

std::shared_ptr<const Column> joined_text(std::span<const Table> parts, std::size_t index) {
  ColumnBuilder builder(parts[0].column(index).type);
  for (const Table& part : parts) {
    const Column& column = part.column(index);
    for (std::size_t row = 0; row < column.size(); ++row) {
      column.is_null(row) ? builder.null() : builder.text(column.text(row));
    }
  }
  return builder.finish();
}

}  // namespace

std::string number_text(double value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

std::string_view name_of(Type type) noexcept {
  return kTypeNames[static_cast<std::size_t>(type)];
}

Result<Type> type_from(std::string_view name) {
  const auto found = std::ranges::find(kTypeNames, name);
  if (found != kTypeNames.end()) return static_cast<Type>(found - kTypeNames.begin());
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is not a type of column", name),
              fmt::format("write one of {}", fmt::join(kTypeNames, ", ")));
}

std::optional<std::size_t> Schema::find(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &Field::name);
  if (found == fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - fields.begin());
}

Json Schema::to_json() const {
  Json json = Json::array();
  for (const Field& field : fields) {
    json.push_back({{"name", field.name}, {"type", name_of(field.type)}});
  }
  return json;
}

Result<Schema> Schema::from_json(const Json& json) {
  if (!json.is_array()) return fail(Code::kCorrupt, "a schema must be a list of columns");
  Schema schema;
  for (const Json& item : json) {
    auto name = TRY(io::get<std::string>(item, "name"));
    const auto type = TRY(type_from(TRY(io::get<std::string>(item, "type"))));
    schema.fields.push_back({std::move(name), type});
  }
  return schema;
}

void Bits::push_many(bool bit, std::size_t count) {
  for (; count > 0 && (size_ & 63) != 0; --count) push(bit);
  words_.insert(words_.end(), count / 64, bit ? ~std::uint64_t{0} : 0);
  size_ += count / 64 * 64;
  for (count %= 64; count > 0; --count) push(bit);
}

void Bits::append(const Bits& other) {
  if ((size_ & 63) == 0) {
    words_.insert(words_.end(), other.words_.begin(), other.words_.end());
    size_ += other.size_;
    return;
  }
  for (std::size_t i = 0; i < other.size_; ++i) push(other.get(i));
}

std::size_t Bits::count() const {
  std::size_t ones = 0;
  for (const std::uint64_t word : words_) ones += static_cast<std::size_t>(std::popcount(word));
  return ones;
}

double Column::as_double(std::size_t row) const {
  if (is_null(row)) return std::numeric_limits<double>::quiet_NaN();
  return type == Type::kNumber ? numbers[row] : static_cast<double>(integers[row]);
}

Json Column::cell_json(std::size_t row) const {
  if (is_null(row)) return nullptr;
  switch (type) {
    case Type::kNumber: return numbers[row];
    case Type::kInteger: return integers[row];
    case Type::kBool: return integers[row] != 0;
    case Type::kTime: return to_text(Time{integers[row]});
    default: return text(row);
  }
}

std::string Column::cell_text(std::size_t row) const {
  if (is_null(row)) return {};
  switch (type) {
    case Type::kNumber: return number_text(numbers[row]);
    case Type::kInteger: return std::to_string(integers[row]);
    case Type::kBool: return integers[row] != 0 ? "true" : "false";
    case Type::kTime: return to_text(Time{integers[row]});
    case Type::kCategory:
    case Type::kText: return std::string(text(row));
  }
  return {};
}

std::shared_ptr<const Column> Column::missing(Type type, std::size_t rows) {
  ColumnBuilder builder(type);
  for (std::size_t row = 0; row < rows; ++row) builder.null();
  return builder.finish();
}

Table::Table(Schema schema, std::vector<std::shared_ptr<const Column>> columns)
    : schema_(std::move(schema)), columns_(std::move(columns)) {
  CHECK(schema_.fields.size() == columns_.size(), "a table has one column a field");
  rows_ = columns_.empty() ? 0 : columns_[0]->size();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    CHECK(columns_[i]->size() == rows_, "the columns of a table have one length");
    CHECK(columns_[i]->type == schema_.fields[i].type, "a column has the type of its field");
  }
}

const Column* Table::find(std::string_view name) const {
  const auto index = schema_.find(name);
  return index ? columns_[*index].get() : nullptr;
}

Table Table::take(std::span<const std::size_t> rows) const {
  std::vector<std::shared_ptr<const Column>> columns;
  columns.reserve(columns_.size());
  const auto gather = [&](const auto& from, auto& to) {
    if (from.empty()) return;
    to.reserve(rows.size());
    for (const std::size_t row : rows) to.push_back(from[row]);
  };
  for (const auto& from : columns_) {
    auto column = std::make_shared<Column>();
    column->type = from->type;
    column->dictionary = from->dictionary;
    for (const std::size_t row : rows) column->valid.push(from->valid.get(row));
    gather(from->numbers, column->numbers);
    gather(from->integers, column->integers);
    gather(from->codes, column->codes);
    columns.push_back(std::move(column));
  }
  Table table(schema_, std::move(columns));
  table.rows_ = rows.size();
  return table;
}

Result<Table> Table::concatenate(std::span<const Table> parts) {
  if (parts.empty()) return Table();
  if (parts.size() == 1) return parts[0];
  const Schema& schema = parts[0].schema();
  for (const Table& part : parts) {
    if (part.schema() == schema) continue;
    const auto [a, b] = std::ranges::mismatch(schema.fields, part.schema().fields);
    const std::string name = a != schema.fields.end() ? a->name : b->name;
    return fail(Code::kInvalidInput,
                fmt::format("tables with different columns cannot be joined: \"{}\"", name));
  }
  std::vector<std::shared_ptr<const Column>> columns;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const Type type = schema.fields[i].type;
    if (type == Type::kCategory || type == Type::kText) {
      columns.push_back(joined_text(parts, i));
      continue;
    }
    auto column = std::make_shared<Column>();
    column->type = type;
    for (const Table& part : parts) append_to(*column, part.column(i));
    columns.push_back(std::move(column));
  }
  return Table(schema, std::move(columns));
}

Table Table::with(Field field, std::shared_ptr<const Column> column) const {
  Schema schema = schema_;
  auto columns = columns_;
  if (const auto index = schema.find(field.name)) {
    schema.fields[*index] = std::move(field);
    columns[*index] = std::move(column);
  } else {
    schema.fields.push_back(std::move(field));
    columns.push_back(std::move(column));
  }
  return Table(std::move(schema), std::move(columns));
}

std::string Table::cell_text(std::size_t row, std::size_t column) const {
  return columns_[column]->cell_text(row);
}

}  // namespace rondo::table
