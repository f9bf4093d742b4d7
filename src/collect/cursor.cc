// The cursor as JSON, and the canonical bytes of rows: equal rows have equal digests, whatever
// format they came from.
#include "collect/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "io/digest.h"

namespace rondo::collect {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {"none",   "time",         "seconds",
                                                    "millis", "microseconds", "steps",
                                                    "rows"};

Json to_json(const FileMark& mark) {
  return {{"bytes", mark.bytes},   {"digest", mark.digest},   {"edge", mark.edge},
          {"plain", mark.plain},   {"lines", mark.lines},     {"records", mark.records},
          {"open_end", mark.open_end}};
}

Result<std::uint64_t> count_of(const Json& json, std::string_view key) {
  const auto value = TRY(io::get<std::int64_t>(json, key));
  if (value < 0) return fail(Code::kCorrupt, fmt::format("cursor: \"{}\" is negative", key));
  return static_cast<std::uint64_t>(value);
}

Result<FileMark> mark_from(const Json& json) {
  FileMark mark;
  mark.bytes = TRY(count_of(json, "bytes"));
  mark.digest = TRY(io::get<std::string>(json, "digest"));
  mark.edge = TRY(io::get<std::string>(json, "edge"));
  mark.plain = TRY(count_of(json, "plain"));
  mark.lines = TRY(count_of(json, "lines"));
  mark.records = TRY(count_of(json, "records"));
  mark.open_end = TRY(io::get<bool>(json, "open_end"));
  return mark;
}

Result<ClockState> clock_from(const Json& json) {
  ClockState clock;
  const auto kind = TRY(io::get<std::string>(json, "kind"));
  const auto found = std::ranges::find(kKinds, kind);
  if (found == kKinds.end()) {
    return fail(Code::kCorrupt, fmt::format("cursor: \"{}\" is no kind of clock", kind));
  }
  clock.kind = static_cast<ClockState::Kind>(found - kKinds.begin());
  clock.rows_a_day = TRY(io::get<std::int64_t>(json, "rows_a_day"));
  clock.day = TRY(io::get<std::int64_t>(json, "day"));
  clock.row = TRY(io::get<std::int64_t>(json, "row"));
  clock.value = TRY(io::get<double>(json, "value"));
  return clock;
}

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

void put_cell(std::string& out, const table::Column& column, std::size_t row) {
  using table::Type;
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

std::string half(const std::string& bytes) { return io::sha256(bytes).hex().substr(0, 32); }

}  // namespace

Json Cursor::to_json() const {
  Json marks = Json::object();
  for (const auto& [name, mark] : files) marks[name] = collect::to_json(mark);
  Json json = {{"files", std::move(marks)}, {"exact", exact}};
  if (clock.kind == ClockState::Kind::kNone) return json;
  json["clock"] = {{"kind", kKinds[static_cast<std::size_t>(clock.kind)]},
                   {"rows_a_day", clock.rows_a_day},
                   {"day", clock.day},
                   {"row", clock.row},
                   {"value", clock.value}};
  if (newest) json["newest_us"] = newest->us;
  json["boundary"] = boundary;
  json["boundary_whole"] = boundary_whole;
  return json;
}

Result<Cursor> Cursor::from_json(const Json& json) {
  Cursor cursor;
  if (!json.is_object() || json.empty()) return cursor;
  const Json files = TRY(io::get<Json>(json, "files"));  // items() of a temporary would dangle
  for (const auto& [name, mark] : files.items()) {
    cursor.files[name] = TRY(mark_from(mark));
  }
  for (const Json& name : TRY(io::get<Json>(json, "exact"))) {
    if (name.is_string()) cursor.exact.insert(name.get<std::string>());
  }
  if (!json.contains("clock")) return cursor;
  cursor.clock = TRY(clock_from(json["clock"]));
  if (json.contains("newest_us")) {
    cursor.newest = Time{TRY(io::get<std::int64_t>(json, "newest_us"))};
  }
  for (const Json& digest : TRY(io::get<Json>(json, "boundary"))) {
    if (digest.is_string()) cursor.boundary.insert(digest.get<std::string>());
  }
  cursor.boundary_whole = TRY(io::get<bool>(json, "boundary_whole"));
  return cursor;
}

void append_canonical(const table::Table& rows, std::size_t row, std::string& out) {
  std::size_t used = out.size();
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    if (rows.schema().fields[i].name == table::kTimeColumn) continue;
    put_cell(out, rows.column(i), row);
    if (!rows.column(i).is_null(row)) used = out.size();
  }
  out.resize(used);
}

std::string row_digest(const table::Table& rows, std::size_t row) {
  std::string bytes;
  append_canonical(rows, row, bytes);
  return half(bytes);
}

std::string key_digest(const table::Table& rows, std::span<const std::size_t> columns,
                       std::size_t row) {
  std::string bytes;
  for (const std::size_t column : columns) put_cell(bytes, rows.column(column), row);
  return half(bytes);
}

}  // namespace rondo::collect
