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

}  // namespace

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
  std::string best;
  std::size_t fewest = kMostEdits + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t edits =
        longer > kLongestWord ? longer : distance(word, candidate);
    // A word of which more than half is edited is another word.
    if (edits < fewest && 2 * edits <= longer) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

}  // namespace rondo::io
