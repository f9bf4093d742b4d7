// Over simdjson's DOM. When it refuses, the strict judge decides what is said.
#include "api/json_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "api/strict_json.h"
#include "io/toml.h"

namespace rondo::api {
namespace {

constexpr std::size_t kDepthLimit = 64;
constexpr std::size_t kKept = 1 << 20;  // a parser that grew beyond it is given back

/// The document with null in place of each NaN outside of texts, as Python's json writes missing
/// numbers unless told otherwise. None: there is no such.
std::optional<std::string> without_nan(std::string_view json) {
  constexpr std::string_view kNan = "NaN";
  std::string out;
  std::size_t taken = 0;
  bool text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (text && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      text = !text;
    } else if (!text && json[i] == 'N' && json.substr(i, kNan.size()) == kNan) {
      out.append(json, taken, i - taken);
      out += "null";
      taken = i + kNan.size();
      i = taken - 1;
    }
  }
  if (taken == 0) return std::nullopt;
  out.append(json, taken);
  return out;
}

Refusal refusal_of(simdjson::error_code error, std::string_view body) {
  if (!is_json(body)) {
    const bool infinite = body.find("Infinity") != body.npos;
    return {400, "invalid_json", "the body is not valid JSON",
            body.empty() ? "it is empty"
            : infinite   ? "JSON has no Infinity: write null for a missing value"
                         : "check quotes, commas, brackets and UTF-8"};
  }
  switch (error) {
    case simdjson::DEPTH_ERROR:
      return {400, "invalid_shape",
              fmt::format("values are nested deeper than {} levels", kDepthLimit),
              "a row is an object of numbers and texts"};
    case simdjson::NUMBER_ERROR:
      return {400, "invalid_shape", "a number is out of range",
              "whole numbers have up to 64 bits, others are below 1.8e308"};
    case simdjson::STRING_ERROR:
      return {400, "invalid_shape", "a text holds half of a surrogate pair",
              "write characters beyond U+FFFF as themselves or as two \\u escapes"};
    default: return {400, "invalid_shape", "the document cannot be read"};
  }
}

}  // namespace

std::expected<Element, Refusal> JsonReader::read(std::string& body, std::size_t size) {
  size = std::min(size, body.size());
  if (!parser_ || parser_->capacity() > kKept) {
    parser_ = std::make_unique<simdjson::dom::parser>();
    if (parser_->allocate(16 << 10, kDepthLimit) != simdjson::SUCCESS) {
      parser_.reset();
      return refuse(503, "unavailable", "no memory to read the request", "try again later");
    }
  }
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  Element root;
  const auto error = parser_->parse(body.data(), size, false).get(root);
  if (error == simdjson::SUCCESS) return root;
  if (const auto mended = without_nan(std::string_view(body).substr(0, size))) {
    if (parser_->parse(*mended).get(root) == simdjson::SUCCESS) return root;
  }
  if (error == simdjson::MEMALLOC) {
    return refuse(503, "unavailable", "no memory to read the request", "try again later");
  }
  return std::unexpected(refusal_of(error, std::string_view(body).substr(0, size)));
}

std::unexpected<Refusal> bad_shape(std::string message, std::string hint) {
  return refuse(400, "invalid_shape", std::move(message), std::move(hint));
}

std::unexpected<Refusal> wrong_type(std::string message, std::string hint) {
  return refuse(400, "wrong_type", std::move(message), std::move(hint));
}

std::unexpected<Refusal> twice(std::string_view key, std::string_view where) {
  return refuse(400, "duplicate_key", fmt::format("{}: \"{}\" comes twice", where, key),
                "name each key once");
}

std::string_view kind_of(const Element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::ARRAY: return "an array";
    case element_type::OBJECT: return "an object";
    case element_type::INT64:
    case element_type::UINT64: return "a whole number";
    case element_type::DOUBLE: return "a number";
    case element_type::STRING: return "a text";
    case element_type::BOOL: return "true or false";
    case element_type::NULL_VALUE: return "null";
  }
  return "a value";
}

std::expected<void, Refusal> members(const Element& element, std::string_view what,
                                     std::span<const std::string_view> names,
                                     std::span<std::optional<Element>> out, Others others) {
  Object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return bad_shape(fmt::format("{} must be an object, not {}", what, kind_of(element)));
  }
  std::vector<std::string_view> strangers;
  for (const auto [key, value] : object) {
    const auto found = std::ranges::find(names, key);
    if (found == names.end()) {
      if (others == Others::kIgnored) {
        strangers.push_back(key);
        continue;
      }
      const std::vector<std::string> known(names.begin(), names.end());
      const std::string near = io::nearest(key, known);
      return bad_shape(fmt::format("{} has no member \"{}\"", what, key),
                       near.empty() ? fmt::format("it may have: {}", fmt::join(known, ", "))
                                    : fmt::format("did you mean \"{}\"?", near));
    }
    std::optional<Element>& place = out[static_cast<std::size_t>(found - names.begin())];
    if (place) return twice(key, what);
    place = value;
  }
  std::ranges::sort(strangers);
  const auto doubled = std::ranges::adjacent_find(strangers);
  if (doubled != strangers.end()) return twice(*doubled, what);
  return {};
}

std::expected<std::string_view, Refusal> text_of(const Element& element, std::string_view what) {
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) return text;
  return wrong_type(fmt::format("{} must be a text, not {}", what, kind_of(element)));
}

}  // namespace rondo::api
