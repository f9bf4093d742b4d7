// JSON in and out. The parser builds its value through nlohmann's event interface, so that depth is
// counted before anything nests and a key that comes twice is seen; the writer is our own, because
// digests are taken of its text and two values that are equal must have one text.
#include "io/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <type_traits>
#include <vector>

template class nlohmann::basic_json<>;

namespace rondo::io {
namespace {

constexpr std::size_t kDepthLimit = 64;

/// Goes over the text and leaves word of where it is, for the places in errors.
class Tracked {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Tracked() = default;
  Tracked(const char* at, const char** seen) : at_(at), seen_(seen) {}
  reference operator*() const { return *at_; }
  Tracked& operator++() {
    *seen_ = ++at_;
    return *this;
  }
  Tracked operator++(int) {
    Tracked before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Tracked& other) const { return at_ == other.at_; }

 private:
  const char* at_ = nullptr;
  const char** seen_ = nullptr;
};

/// Takes the parser's events. Returning false ends the parsing with `problem` set.
class Builder {
 public:
  Json value;
  std::string problem;
  std::optional<std::size_t> stopped_at;  // the offset of a mistake in the syntax

  bool null() { return add(nullptr); }
  bool boolean(bool v) { return add(v); }
  bool number_integer(Json::number_integer_t v) { return add(v); }
  bool number_unsigned(Json::number_unsigned_t v) { return add(v); }
  bool number_float(Json::number_float_t v, const std::string&) { return add(v); }
  bool string(std::string& v) { return add(std::move(v)); }
  bool binary(Json::binary_t&) { return refuse("binary values are not JSON"); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    key_ = std::move(name);
    if (!open_.back()->contains(key_)) return true;
    return refuse(fmt::format("the key \"{}\" comes twice in one object", key_));
  }

  bool parse_error(std::size_t read, const std::string&, const nlohmann::json::exception& error) {
    stopped_at = read - 1;
    // The library's text begins with its own place; ours stands before the message already.
    const std::string_view text = error.what();
    const std::size_t place = text.find("column ");
    const std::size_t colon = text.find(": ", place == std::string_view::npos ? 0 : place);
    const std::size_t bracket = text.find("] ");
    if (colon != std::string_view::npos && place != std::string_view::npos) {
      return refuse(std::string(text.substr(colon + 2)));
    }
    return refuse(std::string(bracket == std::string_view::npos ? text : text.substr(bracket + 2)));
  }

 private:
  bool refuse(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return false;
  }

  Json* place(Json&& made) {
    if (open_.empty()) {
      value = std::move(made);
      return &value;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(made));
      return &parent.back();
    }
    Json& slot = parent[key_];
    slot = std::move(made);
    return &slot;
  }

  template <class T>
  bool add(T&& made) {
    place(Json(std::forward<T>(made)));
    return true;
  }

  bool open(Json&& made) {
    if (open_.size() == kDepthLimit) {
      return refuse(fmt::format("values are nested deeper than {} levels", kDepthLimit));
    }
    open_.push_back(place(std::move(made)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<Json*> open_;
  std::string key_;
};

/// "3:7" of an offset; columns count characters, not bytes.
std::string line_and_column(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return fmt::format("{}:{}", line, column);
}

template <class Number>
void write_number(Number number, std::string& out) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, number);
  out.append(text, written.ptr);
}

void write_float(double number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
  } else if (number == 0 && std::signbit(number)) {
    out += "-0.0";  // "-0" would be read back as a whole number, without its sign
  } else {
    write_number(number, out);
  }
}

void write_text(const std::string& text, std::string& out) {
  // Text from outside may hold bytes that are not UTF-8; they become U+FFFD.
  out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_value(const Json& value, std::string& out) {
  const char* before = "";
  switch (value.type()) {
    case Json::value_t::object:
      out += '{';
      for (const auto& [key, member] : value.items()) {
        out += before;
        write_text(key, out);
        out += ':';
        write_value(member, out);
        before = ",";
      }
      out += '}';
      return;
    case Json::value_t::array:
      out += '[';
      for (const Json& item : value) {
        out += before;
        write_value(item, out);
        before = ",";
      }
      out += ']';
      return;
    case Json::value_t::string: return write_text(value.get_ref<const std::string&>(), out);
    case Json::value_t::boolean: out += value.get<bool>() ? "true" : "false"; return;
    case Json::value_t::number_integer: return write_number(value.get<std::int64_t>(), out);
    case Json::value_t::number_unsigned: return write_number(value.get<std::uint64_t>(), out);
    case Json::value_t::number_float: return write_float(value.get<double>(), out);
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded: out += "null"; return;
  }
}

std::string described(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string: return "a text";
    case Json::value_t::null: return "null";
    default: return canonical(value);
  }
}

/// Whether `value` can be read as T without a change, and what T is called.
template <class T>
struct Kind;
template <>
struct Kind<std::string> {
  static constexpr const char* kName = "a text";
  static bool fits(const Json& value) { return value.is_string(); }
};
template <>
struct Kind<bool> {
  static constexpr const char* kName = "true or false";
  static bool fits(const Json& value) { return value.is_boolean(); }
};
template <>
struct Kind<double> {
  static constexpr const char* kName = "a number";
  static bool fits(const Json& value) { return value.is_number(); }
};
template <>
struct Kind<Json> {
  static constexpr const char* kName = "a value";
  static bool fits(const Json&) { return true; }
};
template <class T>
  requires std::is_integral_v<T>
struct Kind<T> {
  static constexpr const char* kName =
      std::is_unsigned_v<T> ? "a whole number from 0 on" : "a whole number";
  static bool fits(const Json& value) {
    if (value.is_number_unsigned()) return std::in_range<T>(value.get<std::uint64_t>());
    return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  }
};
template <class T>
struct Kind<std::vector<T>> {
  static constexpr const char* kName = std::is_same_v<T, double> ? "a list of numbers"
                                       : std::is_integral_v<T>   ? "a list of whole numbers"
                                                                 : "a list of texts";
  static bool fits(const Json& value) {
    if (!value.is_array()) return false;
    for (const Json& item : value) {
      if (!Kind<T>::fits(item)) return false;
    }
    return true;
  }
};

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view what) {
  const char* seen = text.data();
  Builder builder;
  const bool good = Json::sax_parse(Tracked(text.data(), &seen),
                                    Tracked(text.data() + text.size(), &seen), &builder);
  if (good && builder.problem.empty()) return std::move(builder.value);
  const auto read = static_cast<std::size_t>(seen - text.data());
  const std::size_t offset = builder.stopped_at.value_or(read == 0 ? 0 : read - 1);
  return fail(Code::kInvalidInput,
              fmt::format("{}:{}: {}", what, line_and_column(text, offset), builder.problem));
}

std::string canonical(const Json& value) {
  std::string out;
  write_value(value, out);
  return out;
}

template <class T>
Result<T> get(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return fail(Code::kInvalidInput, fmt::format("\"{}\" is looked for in {}, which is no object",
                                                 key, described(object)));
  }
  const auto found = object.find(key);
  if (found == object.end()) {
    return fail(Code::kInvalidInput, fmt::format("the key \"{}\" is missing", key));
  }
  if (!Kind<T>::fits(*found)) {
    return fail(Code::kInvalidInput, fmt::format("the key \"{}\" must be {}, not {}", key,
                                                 Kind<T>::kName, described(*found)));
  }
  return found->template get<T>();
}

template Result<std::string> get(const Json&, std::string_view);
template Result<bool> get(const Json&, std::string_view);
template Result<int> get(const Json&, std::string_view);
template Result<std::int64_t> get(const Json&, std::string_view);
template Result<std::uint32_t> get(const Json&, std::string_view);
template Result<std::uint64_t> get(const Json&, std::string_view);
template Result<double> get(const Json&, std::string_view);
template Result<Json> get(const Json&, std::string_view);
template Result<std::vector<std::string>> get(const Json&, std::string_view);
template Result<std::vector<std::int64_t>> get(const Json&, std::string_view);
template Result<std::vector<double>> get(const Json&, std::string_view);

}  // namespace rondo::io
