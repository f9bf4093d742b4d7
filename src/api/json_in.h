// A request's body as JSON, validated whole before anything is read from it. The parser keeps its
// buffers from request to request; what it hands out lives until the next read. It accepts a key
// that comes twice: whoever walks an object must refuse that (Members does).
#pragma once

#include <simdjson.h>

#include <memory>
#include <span>

#include "api/http.h"

namespace rondo::api {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

/// Threads: one.
class JsonReader {
 public:
  /// NaN outside of texts is read as null. Errors: 400 invalid_json; 400 invalid_shape for a valid
  /// document that is nested deeper than 64 levels, or that holds a number beyond 64 bits or half a
  /// surrogate pair. `body` is padded. Only its first `size` bytes are read; what follows them is
  /// left as it is.
  std::expected<Element, Refusal> read(std::string& body, std::size_t size = std::string::npos);

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
};

std::unexpected<Refusal> bad_shape(std::string message, std::string hint = {});
std::unexpected<Refusal> wrong_type(std::string message, std::string hint = {});
std::unexpected<Refusal> twice(std::string_view key, std::string_view where);

/// "a text", "a whole number", "null", ...: for messages.
std::string_view kind_of(const Element& element);

/// Places the members of an object by their names. Shape: out has names.size() elements; those that
/// are absent stay empty. Errors: duplicate_key for any key that comes twice; invalid_shape for a
/// member without a name here, unless `others` are welcome.
enum class Others : std::uint8_t { kRefused, kIgnored };
std::expected<void, Refusal> members(const Element& element, std::string_view what,
                                     std::span<const std::string_view> names,
                                     std::span<std::optional<Element>> out, Others others);

std::expected<std::string_view, Refusal> text_of(const Element& element, std::string_view what);

}  // namespace rondo::api
