// The cursor as JSON. Whatever is read is checked field by field.
#include "collect/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

Json to_json(const SqlMark& mark) {
  Json json = {{"records", mark.records}};
  if (!mark.digest.empty()) json["digest"] = mark.digest;
  if (!mark.missing.empty()) json["missing"] = mark.missing;
  if (!mark.value) return json;
  json["type"] = table::name_of(mark.value->type);
  if (table::is_text(mark.value->type)) json["value"] = mark.value->text;
  else if (mark.value->type == table::Type::kNumber) json["value"] = mark.value->number;
  else json["value"] = mark.value->integer;
  json["rows"] = mark.rows;
  return json;
}

Result<SqlMark> sql_mark_from(const Json& json) {
  SqlMark mark;
  mark.records = TRY(count_of(json, "records"));
  mark.digest = io::get_or<std::string>(json, "digest", "");
  mark.missing = io::get_or<std::vector<std::string>>(json, "missing", {});
  if (!json.contains("value")) return mark;
  table::Value value;
  value.type = TRY(table::type_from(TRY(io::get<std::string>(json, "type"))));
  if (table::is_text(value.type)) value.text = TRY(io::get<std::string>(json, "value"));
  else if (value.type == table::Type::kNumber) value.number = TRY(io::get<double>(json, "value"));
  else value.integer = TRY(io::get<std::int64_t>(json, "value"));
  mark.value = std::move(value);
  mark.rows = TRY(io::get<std::vector<std::string>>(json, "rows"));
  return mark;
}

}  // namespace

Json Cursor::to_json() const {
  Json marks = Json::object();
  for (const auto& [name, mark] : files) marks[name] = collect::to_json(mark);
  Json json = {{"files", std::move(marks)}, {"exact", exact}};
  if (!pushed.segment.empty()) {
    json["pushed"] = {{"segment", pushed.segment}, {"offset", pushed.offset},
                      {"records", pushed.records}};
  }
  for (const auto& [name, mark] : sql) json["sql"][name] = collect::to_json(mark);
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
  const Json databases = io::get_or<Json>(json, "sql", Json::object());
  for (const auto& [name, mark] : databases.items()) {
    cursor.sql[name] = TRY(sql_mark_from(mark));
  }
  if (json.contains("pushed")) {
    const Json mark = json["pushed"];
    cursor.pushed.segment = TRY(io::get<std::string>(mark, "segment"));
    cursor.pushed.offset = TRY(count_of(mark, "offset"));
    cursor.pushed.records = TRY(count_of(mark, "records"));
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

bool same_files(const Cursor& a, const Cursor& b) {
  const auto same = [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.digest == other.second.digest;
  };
  return std::ranges::equal(a.files, b.files, same) && std::ranges::equal(a.sql, b.sql, same);
}

}  // namespace rondo::collect
