// Rejected rows as sentences and as JSON: nothing that is needed to find the row again is lost.
#include "collect/reject.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/words.h"
#include "io/digest.h"
#include "io/utf8.h"

namespace rondo::collect {
namespace {

constexpr std::array<std::string_view, 18> kNames = {
    "field_count", "stray_quote", "open_quote", "invalid_utf8", "nul",
    "too_long",    "json",        "type",       "time",         "target",
    "late_row",    "duplicate_key", "new_column", "new_table", "missing", "value", "range",
    "cursor"};

std::string text_of(const Json& reject, std::string_view key) {
  return io::get_or<std::string>(reject, key, "");
}

/// "data/may.csv:489:20", the beginning of the sentence.
std::string place_of(const Json& reject) {
  const std::string sentence = text_of(reject, "sentence");
  const std::size_t rest = text_of(reject, "detail").size() + 2;
  return sentence.substr(0, sentence.size() - std::min(rest, sentence.size()));
}

}  // namespace

std::string_view name_of(Why why) noexcept { return kNames[static_cast<std::size_t>(why)]; }

std::string shown(std::string_view text) {
  const bool readable = io::is_utf8(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (out.size() >= 40 && (byte & 0xC0) != 0x80) return out + "...";
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !readable)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string sentence(const Reject& reject, const std::string& file) {
  std::string at = fmt::format("{}:{}", file, reject.line > 0 ? reject.line : reject.record);
  if (reject.place > 0) at += fmt::format(":{}", reject.place);
  return at + ": " + reject.detail;
}

Json to_json(const Reject& reject, const Origin& origin) {
  Json json = {{"file", origin.file},
               {"digest", origin.digest},
               {"contract", origin.contract},
               {"record", reject.record},
               {"line", reject.line},
               {"offset", reject.offset},
               {"column", reject.column},
               {"code", name_of(reject.why)},
               {"detail", reject.detail},
               {"sentence", sentence(reject, origin.file)},
               {"hint", reject.hint}};
  if (io::is_utf8(reject.raw)) {
    json["raw"] = reject.raw;
  } else {
    json["raw_base64url"] = io::base64url(reject.raw);
  }
  return json;
}

std::vector<Reason> commonest(std::span<const Json> rejects, std::size_t at_most) {
  struct Group {
    std::size_t count = 0, first = 0;
  };
  std::map<std::string, Group> groups;
  for (std::size_t i = 0; i < rejects.size(); ++i) {
    // Equal texts in a column are one reason; of other rules each column is.
    const std::string code = text_of(rejects[i], "code");
    std::string key = code + '\0' + text_of(rejects[i], "column");
    if (code == "type") key += '\0' + text_of(rejects[i], "detail");
    Group& group = groups[key];
    if (group.count++ == 0) group.first = i;
  }
  std::vector<Group> sorted;
  for (const auto& [key, group] : groups) sorted.push_back(group);
  std::ranges::sort(sorted, [](const Group& a, const Group& b) {
    return a.count != b.count ? a.count > b.count : a.first < b.first;
  });
  std::vector<Reason> reasons;
  for (const Group& group : sorted) {
    if (reasons.size() == at_most) break;
    const Json& first = rejects[group.first];
    reasons.push_back({fmt::format("{} ({} row{}, first at {})", text_of(first, "detail"),
                                   grouped(group.count), group.count == 1 ? "" : "s",
                                   place_of(first)),
                       text_of(first, "hint")});
  }
  return reasons;
}

}  // namespace rondo::collect
