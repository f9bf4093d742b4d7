// What can be said about the source without reading it: names, sizes, edges. And the situation that
// the loop hands over, as JSON.
#include <fmt/format.h>

#include <algorithm>

#include "collect/push.h"
#include "collect/segment.h"
#include "ledger/pushed.h"

namespace rondo::collect {
namespace {

/// A new file without a complete first row has nothing for us yet.
Result<bool> has_rows(io::Fs& fs, const io::Path& path, std::uint64_t size) {
  constexpr std::uint64_t kHead = 64 << 10;
  if (size == 0 || size >= kHead) return size > 0;
  const std::string head = TRY(fs.read(path));
  const std::size_t line = head.find('\n');
  return line == std::string::npos || head.find_first_not_of("\r\n", line) != std::string::npos;
}

struct Look {
  std::string what;  // empty: as it was
  std::uint64_t bytes = 0;
  Time touched{};
};

Result<Look> look_at_file(io::Fs& fs, const io::Path& path, const std::string& file,
                          const Cursor& cursor) {
  const auto stat = TRY(fs.stat(path));
  if (!stat) return fail(Code::kNotFound, fmt::format("{} was not found", file));
  const auto mark = cursor.files.find(file);
  const std::string edge = TRY(edge_of(fs, path, stat->size));
  if (mark == cursor.files.end()) {
    for (const auto& [name, other] : cursor.files) {
      if (other.bytes == stat->size && other.edge == edge) return Look{};
    }
    if (!TRY(has_rows(fs, path, stat->size))) return Look{};
    return Look{fmt::format("{} is new ({} bytes)", file, grouped(stat->size)), stat->size,
                stat->modified};
  }
  const std::uint64_t before = mark->second.bytes;
  if (stat->size > before) {
    return Look{fmt::format("{} grew by {} bytes", file, grouped(stat->size - before)),
                stat->size - before, stat->modified};
  }
  if (stat->size < before) {
    return Look{fmt::format("{} shrank by {} bytes", file, grouped(before - stat->size)), 0,
                stat->modified};
  }
  if (edge == mark->second.edge) return Look{};
  return Look{fmt::format("{} changed", file), 0, stat->modified};
}

}  // namespace

Result<Peek> peek(io::Fs& fs, const Options& options, const io::Path& project, const Json& cursor) {
  const Cursor before = TRY(Cursor::from_json(cursor));
  Peek peek;
  std::size_t changed = 0;
  const auto names = TRY(find_files(fs, project, options.source));
  if (options.mode == "replace") {
    for (const auto& [file, mark] : before.files) {
      if (std::ranges::find(names, file) != names.end()) continue;
      if (changed++ == 0) peek.what = file + " is gone";
    }
  }
  for (const std::string& file : names) {
    Look look = TRY(look_at_file(fs, project / file, file, before));
    if (look.what.empty()) continue;
    peek.bytes += look.bytes;
    peek.touched = std::max(peek.touched.value_or(look.touched), look.touched);
    if (changed++ == 0) peek.what = std::move(look.what);
  }
  if (is_pushed_to(options)) {
    const io::LogPosition from{before.pushed.segment, before.pushed.offset};
    peek.pushed = TRY(ledger::pushed_waiting(fs, pushed_folder(project), from));
    peek.only_pushed = peek.pushed > 0 && changed == 0;
    if (peek.only_pushed) peek.what = "rows were pushed";
  }
  peek.changed = changed > 0 || peek.pushed > 0;
  if (changed > 1) peek.what += fmt::format(", and {} more files changed", changed - 1);
  return peek;
}

Json to_json(const Situation& situation) {
  return {{"project_folder", situation.project_folder},
          {"target", situation.target},
          {"label_delay", to_text(situation.label_delay)},
          {"labelled_needed", situation.labelled_needed},
          {"as_of", situation.as_of ? Json(to_text(*situation.as_of)) : Json()},
          {"fault", situation.fault},
          {"retry", situation.retry},
          {"backfill_from", situation.backfill ? Json(to_text(situation.backfill->from)) : Json()},
          {"backfill_to", situation.backfill ? Json(to_text(situation.backfill->to)) : Json()},
          {"table", situation.table},
          {"temp", situation.temp},
          {"part_bytes", situation.part_bytes}};
}

Result<Situation> situation_from(const Json& json) {
  Situation situation;
  situation.project_folder = TRY(io::get<std::string>(json, "project_folder"));
  situation.target = TRY(io::get<std::string>(json, "target"));
  situation.label_delay = TRY(parse_span(TRY(io::get<std::string>(json, "label_delay"))));
  situation.labelled_needed = io::get_or<std::int64_t>(json, "labelled_needed", 0);
  const auto as_of = io::get_or<std::string>(json, "as_of", "");
  if (!as_of.empty()) situation.as_of = TRY(parse_time(as_of));
  situation.fault = io::get_or<Json>(json, "fault", Json::object());
  situation.retry = io::get_or<bool>(json, "retry", false);
  const auto from = io::get_or<std::string>(json, "backfill_from", "");
  if (!from.empty()) {
    const auto to = TRY(io::get<std::string>(json, "backfill_to"));
    situation.backfill = {TRY(parse_time(from)), TRY(parse_time(to))};
  }
  situation.table = io::get_or<std::string>(json, "table", "");
  situation.temp = io::get_or<std::string>(json, "temp", "");
  situation.part_bytes = static_cast<std::uint64_t>(
      io::get_or<std::int64_t>(json, "part_bytes", kPartBytes));
  return situation;
}

}  // namespace rondo::collect
