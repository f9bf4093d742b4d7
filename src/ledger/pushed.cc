// A payload is a line of JSON about the request, then its rows.
#include "ledger/pushed.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/json.h"

namespace rondo::ledger {
namespace {

Result<bool> exists(io::Fs& fs, const io::Path& folder) {
  return TRY(fs.stat(folder)).has_value();
}

}  // namespace

std::string encode(const Pushed& pushed) {
  Json head = {{"rows", pushed.rows}};
  if (!pushed.key.empty()) {
    head["key"] = pushed.key;
    head["body"] = pushed.body;
    head["reply"] = pushed.reply;
  }
  return io::canonical(head) + "\n" + pushed.lines;
}

Result<Pushed> decode_pushed(std::string_view payload) {
  const std::size_t end = payload.find('\n');
  const Json head = TRY(io::parse_json(payload.substr(0, end), "the head of pushed rows"));
  Pushed out;
  out.key = io::get_or<std::string>(head, "key", "");
  out.body = io::get_or<std::string>(head, "body", "");
  out.reply = io::get_or<std::string>(head, "reply", "");
  out.rows = static_cast<std::uint64_t>(io::get_or<std::int64_t>(head, "rows", -1));
  if (end != payload.npos) out.lines = payload.substr(end + 1);
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(out.lines, '\n'));
  if (out.rows == lines) return out;
  return fail(Code::kCorrupt, fmt::format("pushed rows: {} lines where {} were taken", lines,
                                          out.rows), "run `rondo fsck`");
}

Result<io::LogPosition> read_pushed(io::Fs& fs, const io::Path& folder,
                                    const io::LogPosition& from,
                                    const std::function<void(Pushed&&)>& each) {
  if (!TRY(exists(fs, folder))) return from;
  std::optional<Error> broken;
  const auto take = [&](std::uint8_t type, std::string_view payload) {
    if (broken || type != kPushedType) return;
    auto pushed = decode_pushed(payload);
    if (pushed) each(std::move(*pushed));
    else broken = pushed.error();
  };
  io::LogState state;
  const io::LogPosition end = TRY(io::read_log(fs, folder, from, take, &state));
  if (broken) return std::unexpected(*broken);
  if (state.damaged.empty()) return end;
  return fail(Code::kCorrupt, fmt::format("pushed rows are damaged: {}", state.damaged.front()),
              "run `rondo fsck`");
}

Result<std::uint64_t> pushed_waiting(io::Fs& fs, const io::Path& folder,
                                     const io::LogPosition& from) {
  if (!TRY(exists(fs, folder))) return std::uint64_t{0};
  std::uint64_t rows = 0;
  const auto take = [&](std::uint8_t type, std::string_view payload) {
    if (type != kPushedType) return;
    if (const auto pushed = decode_pushed(payload)) rows += pushed->rows;
  };
  for (io::LogPosition at = from; rows == 0;) {
    // The part may hold nothing but the end of a segment.
    io::LogPosition next = TRY(io::read_log_part(fs, folder, at, take));
    if (next.segment == at.segment && next.offset == at.offset) break;
    at = std::move(next);
  }
  return rows;
}

}  // namespace rondo::ledger
