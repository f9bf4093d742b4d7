// See canonical.h; the bytes are part of the formats (docs/FORMATS.md, "Manifest").
#include "table/canonical.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>

#include "io/digest.h"

namespace rondo::table {
namespace {

void put(std::string& out, char kind, std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  out.push_back(kind);
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out += bytes;
}

template <class Value>
void put_value(std::string& out, char kind, Value value) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  put(out, kind, {bytes.data(), bytes.size()});
}

/// A whole number is written as a double where that loses nothing, so that a column which is
/// widened later has the digests that it had.
void put_integer(std::string& out, std::int64_t value) {
  constexpr std::int64_t kExact = 9007199254740992;  // 2^53
  if (value < -kExact || value > kExact) return put_value(out, 'i', value);
  put_value(out, 'd', static_cast<double>(value));
}

void put_cell(std::string& out, const Column& column, std::size_t row) {
  if (column.is_null(row)) return put(out, 'n', {});
  switch (column.type) {
    case Type::kNumber:
      return put_value(out, 'd', column.numbers[row] == 0 ? 0.0 : column.numbers[row]);
    case Type::kInteger: return put_integer(out, column.integers[row]);
    case Type::kBool: return put_value(out, 'b', column.integers[row]);
    case Type::kTime: return put_value(out, 't', column.integers[row]);
    default: return put(out, 's', column.text(row));
  }
}

RowId half(const std::string& bytes) {
  const io::Digest digest = io::sha256(bytes);
  RowId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.a = id.a << 8 | digest.bytes[i];
    id.b = id.b << 8 | digest.bytes[8 + i];
  }
  return id;
}

std::string hex(const RowId& id) { return fmt::format("{:016x}{:016x}", id.a, id.b); }

}  // namespace

void append_canonical(const Table& rows, std::size_t row, std::string& out) {
  std::size_t used = out.size();
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    if (rows.schema().fields[i].name == kTimeColumn) continue;
    put_cell(out, rows.column(i), row);
    if (!rows.column(i).is_null(row)) used = out.size();
  }
  out.resize(used);
}

void append_cells(const Table& rows, std::span<const std::size_t> columns, std::size_t row,
                  std::string& out) {
  for (const std::size_t column : columns) put_cell(out, rows.column(column), row);
}

RowId row_id(const Table& rows, std::size_t row) {
  std::string bytes;
  append_canonical(rows, row, bytes);
  return half(bytes);
}

RowId key_id(const Table& rows, std::span<const std::size_t> columns, std::size_t row) {
  std::string bytes;
  append_cells(rows, columns, row, bytes);
  return half(bytes);
}

std::string row_digest(const Table& rows, std::size_t row) { return hex(row_id(rows, row)); }

std::string key_digest(const Table& rows, std::span<const std::size_t> columns,
                       std::size_t row) {
  return hex(key_id(rows, columns, row));
}

Result<std::vector<std::size_t>> key_places(const Schema& schema,
                                            std::span<const std::string> key,
                                            std::string_view whose) {
  std::vector<std::size_t> places;
  for (const std::string& name : key) {
    const auto place = schema.find(name);
    if (!place) {
      return fail(Code::kInvalidInput,
                  fmt::format("the key \"{}\" is no column {}", name, whose));
    }
    places.push_back(*place);
  }
  return places;
}

}  // namespace rondo::table
