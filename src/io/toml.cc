// TOML into Json, over toml++ without exceptions: its nodes carry the places that our errors name.
#include "io/toml.h"

#define TOML_EXCEPTIONS 0
// Its checks of itself abort on some broken texts; what they doubt is an error all the same.
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace rondo::io {
namespace {

constexpr int kDepthLimit = 64;
constexpr std::size_t kSizeLimit = 1 << 20;
// The library limits how deep values nest, but not how many dots a key has, and it takes deep
// tables apart by recursion. A text with few dots cannot nest deeply.
constexpr std::ptrdiff_t kDotsLimit = 5'000;

Place place_of(const toml::source_region& region) {
  return {static_cast<std::uint32_t>(region.begin.line),
          static_cast<std::uint32_t>(region.begin.column)};
}

std::unexpected<Error> refuse(std::string_view file, Place place, std::string_view why) {
  return fail(Code::kInvalidInput,
              fmt::format("{}:{}:{}: {}", file, place.line, place.column, why));
}

template <class T>
std::string as_text(const T& date_or_time) {
  std::ostringstream out;
  out << date_or_time;
  return out.str();
}

class Converter {
 public:
  Converter(std::string_view file, Toml& into) : file_(file), into_(into) {}

  Result<Json> table(const toml::table& from, const std::string& path, int depth) {
    if (depth > kDepthLimit) return too_deep(from);
    Json object = Json::object();
    for (const auto& [key, node] : from) {
      const std::string name(key.str());
      const std::string below = path.empty() ? name : path + "." + name;
      into_.where.emplace(below, place_of(key.source()));
      object[name] = TRY(value(node, below, depth + 1));
    }
    return object;
  }

 private:
  Result<Json> array(const toml::array& from, const std::string& path, int depth) {
    if (depth > kDepthLimit) return too_deep(from);
    Json list = Json::array();
    for (const toml::node& node : from) {
      const std::string below = fmt::format("{}[{}]", path, list.size());
      into_.where.emplace(below, place_of(node.source()));
      list.push_back(TRY(value(node, below, depth + 1)));
    }
    return list;
  }

  Result<Json> value(const toml::node& node, const std::string& path, int depth) {
    if (const auto* inner = node.as_table()) return table(*inner, path, depth);
    if (const auto* inner = node.as_array()) return array(*inner, path, depth);
    if (const auto* text = node.as_string()) return Json(text->get());
    if (const auto* number = node.as_integer()) return Json(number->get());
    if (const auto* number = node.as_floating_point()) return Json(number->get());
    if (const auto* truth = node.as_boolean()) return Json(truth->get());
    if (const auto* date = node.as_date()) return Json(as_text(date->get()));
    if (const auto* time = node.as_time()) return Json(as_text(time->get()));
    if (const auto* both = node.as_date_time()) return Json(as_text(both->get()));
    return refuse(file_, place_of(node.source()), "this kind of value is not known");
  }

  std::unexpected<Error> too_deep(const toml::node& node) const {
    return refuse(file_, place_of(node.source()),
                  fmt::format("values are nested deeper than {} levels", kDepthLimit));
  }

  std::string_view file_;
  Toml& into_;
};

/// Damerau-Levenshtein distance where no part is edited twice: three rows of the table suffice.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// The only candidate that begins with the word, or empty.
std::string begun_by(const std::string& word, std::span<const std::string> candidates) {
  constexpr std::size_t kFewestLetters = 3;
  std::string found;
  if (word.size() < kFewestLetters) return found;
  for (const std::string& candidate : candidates) {
    if (!lower(candidate).starts_with(word)) continue;
    if (!found.empty()) return {};
    found = candidate;
  }
  return found;
}

std::string text_of(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out + '"';
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && std::ranges::all_of(key, [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  });
  return bare ? key : text_of(key);
}

}  // namespace

std::string place_of(const std::map<std::string, Place>& where, std::string_view file,
                     const std::string& key) {
  auto place = where.find(key);
  if (place == where.end()) place = where.find(key.substr(0, key.find('[')));
  if (place == where.end()) return std::string(file);
  return fmt::format("{}:{}:{}", file, place->second.line, place->second.column);
}

std::string to_toml(const Json& value) {
  if (value.is_string()) return text_of(value.get<std::string>());
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const Json& item : value) parts.push_back(to_toml(item));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      if (!item.is_null()) parts.push_back(key_text(key) + " = " + to_toml(item));
    }
    return parts.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(parts, ", "));
  }
  return value.is_null() ? "" : value.dump();
}

Result<Toml> parse_toml(std::string_view text, std::string_view file_name) {
  if (text.size() > kSizeLimit || std::ranges::count(text, '.') > kDotsLimit) {
    return refuse(file_name, {1, 1},
                  fmt::format("settings have at most {} bytes and {} dots", kSizeLimit,
                              kDotsLimit));
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return refuse(file_name, place_of(parsed.error().source()), parsed.error().description());
  }
  Toml result;
  Converter converter(file_name, result);
  result.value = TRY(converter.table(parsed.table(), "", 0));
  return result;
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t kMostEdits = 3;
  constexpr std::size_t kLongestWord = 128;  // no key is longer; the cost is the product of lengths
  if (word.size() > kLongestWord) return {};
  const std::string typed = lower(word);
  std::string best;
  std::size_t fewest = kMostEdits + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t edits =
        longer > kLongestWord ? longer : distance(typed, lower(candidate));
    // A word of which more than half is edited is another word.
    if (edits < fewest && 2 * edits <= longer) {
      best = candidate;
      fewest = edits;
    }
  }
  return best.empty() ? begun_by(typed, candidates) : best;
}

}  // namespace rondo::io
