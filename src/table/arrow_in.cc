// Arrow's layouts, buffer by buffer: validity bits, then offsets or values.
#include "table/arrow_in.h"

#include <fmt/format.h>

#include <cstring>

namespace rondo::table {
namespace {


constexpr std::int64_t kDayUs = 86'400'000'000;

/// How the cells of one format are read.
struct Layout {
  Type type = Type::kCategory;
  char unit = 0;       // the letter of Arrow's format; of times: s, m, u, n, d (days), M (date64)
  bool known = false;
};

Layout layout_of(std::string_view format) {
  if (format == "n") return {Type::kCategory, 'n', true};
  if (format == "b") return {Type::kBool, 'b', true};
  if (format == "u" || format == "U") return {Type::kCategory, format[0], true};
  if (format == "f" || format == "g") return {Type::kNumber, format[0], true};
  if (format == "L") return {Type::kNumber, 'L', true};
  if (format.size() == 1 && std::string_view("cCsSiIl").contains(format[0])) {
    return {Type::kInteger, format[0], true};
  }
  if (format == "tdD") return {Type::kTime, 'd', true};
  if (format == "tdm") return {Type::kTime, 'M', true};
  const bool stamp = format.size() >= 4 && format.starts_with("ts") && format[3] == ':';
  if (stamp) return {Type::kTime, format[2], true};
  return {};
}

template <class T>
T at(const ArrowArray& array, std::size_t buffer, std::int64_t row) {
  T value;
  const auto* bytes = static_cast<const char*>(array.buffers[buffer]);
  std::memcpy(&value, bytes + static_cast<std::size_t>(row) * sizeof(T), sizeof(T));
  return value;
}

bool bit(const ArrowArray& array, std::size_t buffer, std::int64_t row) {
  const auto byte = at<std::uint8_t>(array, buffer, row >> 3);
  return (byte >> (row & 7) & 1) != 0;
}

template <class Offset>
std::string_view text_at(const ArrowArray& array, std::int64_t row) {
  const auto from = static_cast<std::size_t>(at<Offset>(array, 1, row));
  const auto to = static_cast<std::size_t>(at<Offset>(array, 1, row + 1));
  if (from == to) return {};
  return {static_cast<const char*>(array.buffers[2]) + from, to - from};
}

std::int64_t integer_at(const ArrowArray& array, char format, std::int64_t row) {
  switch (format) {
    case 'c': return at<std::int8_t>(array, 1, row);
    case 'C': return at<std::uint8_t>(array, 1, row);
    case 's': return at<std::int16_t>(array, 1, row);
    case 'S': return at<std::uint16_t>(array, 1, row);
    case 'i': return at<std::int32_t>(array, 1, row);
    case 'I': return at<std::uint32_t>(array, 1, row);
    default: return at<std::int64_t>(array, 1, row);
  }
}

std::int64_t floor_thousandth(std::int64_t value) {
  return value / 1000 - (value % 1000 < 0 ? 1 : 0);
}

/// Microseconds; nothing when they are beyond 64 bits ("infinity" in PostgreSQL).
std::optional<std::int64_t> time_at(const ArrowArray& array, char unit, std::int64_t row) {
  std::int64_t value = unit == 'd' ? at<std::int32_t>(array, 1, row)
                                   : at<std::int64_t>(array, 1, row);
  if (unit == 'n') return floor_thousandth(value);
  const std::int64_t times = unit == 'd' ? kDayUs
                             : unit == 's' ? 1'000'000
                             : unit == 'u' ? 1
                                           : 1000;
  const bool endless = value == INT64_MAX || value == INT64_MIN || value == INT32_MAX ||
                       (unit == 'd' && value == INT32_MIN);
  if (endless || __builtin_mul_overflow(value, times, &value)) return std::nullopt;
  return value;
}

void take_cells(const ArrowArray& array, const Layout& layout, ColumnBuilder& builder) {
  const bool may_miss = array.n_buffers > 0 && array.buffers[0] != nullptr;
  for (std::int64_t i = 0; i < array.length; ++i) {
    const std::int64_t row = array.offset + i;
    if (layout.unit == 'n' || (may_miss && !bit(array, 0, row))) {
      builder.null();
      continue;
    }
    switch (layout.type) {
      case Type::kBool: builder.integer(bit(array, 1, row) ? 1 : 0); break;
      case Type::kInteger: builder.integer(integer_at(array, layout.unit, row)); break;
      case Type::kNumber:
        builder.number(layout.unit == 'f'   ? static_cast<double>(at<float>(array, 1, row))
                       : layout.unit == 'L' ? static_cast<double>(at<std::uint64_t>(array, 1, row))
                                            : at<double>(array, 1, row));
        break;
      case Type::kTime: {
        const auto time = time_at(array, layout.unit, row);
        if (time) builder.integer(*time);
        else builder.null();
        break;
      }
      default:
        builder.text(layout.unit == 'U' ? text_at<std::int64_t>(array, row)
                                        : text_at<std::int32_t>(array, row));
    }
  }
}

/// A value of a schema's metadata: a count, then keys and values, each after its length.
std::string_view metadata_of(const char* metadata, std::string_view key) {
  if (metadata == nullptr) return {};
  const auto number = [&] {
    std::int32_t value;
    std::memcpy(&value, metadata, sizeof value);
    metadata += sizeof value;
    return value;
  };
  const auto text = [&] {
    const auto length = static_cast<std::size_t>(number());
    const std::string_view word(metadata, length);
    metadata += length;
    return word;
  };
  for (std::int32_t left = number(); left > 0; --left) {
    const std::string_view name = text(), value = text();
    if (name == key) return value;
  }
  return {};
}

AnswerColumn column_of(const ArrowSchema& schema) {
  const Layout layout = layout_of(schema.format);
  AnswerColumn column{schema.name == nullptr ? "" : schema.name, "", false};
  const bool decimal = metadata_of(schema.metadata, "ADBC:postgresql:typname") == "numeric";
  if (decimal) column.cast = "double precision";
  else if (!layout.known) column.cast = "text";
  column.text = !decimal && layout.type == Type::kCategory && layout.unit != 'n';
  return column;
}

struct SchemaOwner {
  ArrowSchema schema{};
  ~SchemaOwner() {
    if (schema.release != nullptr) schema.release(&schema);
  }
};
struct ArrayOwner {
  ArrowArray array{};
  ~ArrayOwner() {
    if (array.release != nullptr) array.release(&array);
  }
};

/// What BoundRow owns is freed with it; whoever has the struct only marks it as released.
void released(ArrowSchema* schema) { schema->release = nullptr; }
void released(ArrowArray* array) { array->release = nullptr; }

}  // namespace

ArrowIn::~ArrowIn() {
  if (stream_.release != nullptr) stream_.release(&stream_);
}

Result<void> ArrowIn::check(int code) {
  if (code == 0) return {};
  const char* why = stream_.get_last_error(&stream_);
  return fail(Code::kInvalidInput, why == nullptr ? "the driver gave no reason" : why);
}

Result<std::vector<AnswerColumn>> ArrowIn::columns() {
  SchemaOwner owner;
  TRY(check(stream_.get_schema(&stream_, &owner.schema)));
  std::vector<AnswerColumn> columns;
  for (std::int64_t i = 0; i < owner.schema.n_children; ++i) {
    columns.push_back(column_of(*owner.schema.children[i]));
  }
  return columns;
}

Result<Table> ArrowIn::read() {
  SchemaOwner owner;
  TRY(check(stream_.get_schema(&stream_, &owner.schema)));
  Schema schema;
  std::vector<Layout> layouts;
  std::vector<ColumnBuilder> builders;
  for (std::int64_t i = 0; i < owner.schema.n_children; ++i) {
    const ArrowSchema& column = *owner.schema.children[i];
    layouts.push_back(layout_of(column.format));
    if (!layouts.back().known) {
      return fail(Code::kInvalidInput, fmt::format("column \"{}\" has a type that is not known "
                                                   "(Arrow's \"{}\")", column.name, column.format),
                  "cast it to text in the query");
    }
    schema.fields.push_back({column.name == nullptr ? "" : column.name, layouts.back().type});
    builders.emplace_back(layouts.back().type);
  }
  for (;;) {
    ArrayOwner batch;
    TRY(check(stream_.get_next(&stream_, &batch.array)));
    if (batch.array.release == nullptr) break;
    for (std::size_t i = 0; i < builders.size(); ++i) {
      take_cells(*batch.array.children[i], layouts[i], builders[i]);
    }
  }
  std::vector<std::shared_ptr<const Column>> columns;
  for (ColumnBuilder& builder : builders) columns.push_back(builder.finish());
  return Table(std::move(schema), std::move(columns));
}

BoundRow::BoundRow(const Value& value) : value_(value) {
  const char* format = "l";
  if (value.type == Type::kNumber) format = "g";
  if (value.type == Type::kTime) format = "tsu:";
  if (is_text(value.type)) format = "u";
  column_schema_ = {format, "1", nullptr, 0, 0, nullptr, nullptr, released, nullptr};
  schema = {"+s", "", nullptr, 0, 1, schemas_, nullptr, released, nullptr};
  buffers_[1] = &value_.integer;
  if (value.type == Type::kNumber) buffers_[1] = &value_.number;
  if (is_text(value.type)) {
    offsets_[1] = static_cast<std::int32_t>(value_.text.size());
    buffers_[1] = offsets_;
    buffers_[2] = value_.text.data();
  }
  const std::int64_t buffers = is_text(value.type) ? 3 : 2;
  column_ = {1, 0, 0, buffers, 0, buffers_, nullptr, nullptr, released, nullptr};
  array = {1, 0, 0, 1, 1, no_buffer_, columns_, nullptr, released, nullptr};
}

}  // namespace rondo::table
