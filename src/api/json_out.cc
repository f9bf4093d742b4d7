// Text and numbers as JSON. Most text needs no escape: it is copied in runs.
#include "api/json_out.h"

#include <array>
#include <charconv>
#include <cmath>

#include "io/utf8.h"

namespace rondo::api {
namespace {

template <class Number>
void write_digits(std::string& out, Number number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end.ptr);
}

void write_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 15];
}

}  // namespace

void write_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t run = 0;  // start of what was not copied yet
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      ++i;
      continue;
    }
    const std::size_t length = byte < 0x80 ? 0 : io::utf8_length(text.substr(i));
    if (length != 0) {
      i += length;
      continue;
    }
    out += text.substr(run, i - run);
    if (byte < 0x80) {
      write_escape(out, text[i]);
    } else {
      out += "\xEF\xBF\xBD";
    }
    run = ++i;
  }
  out += text.substr(run);
  out += '"';
}

void write_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
  } else if (number == 0 && std::signbit(number)) {
    out += "-0.0";  // "-0" would be read back as a whole number, without its sign
  } else {
    write_digits(out, number);
  }
}

void write_number(std::string& out, std::int64_t number) { write_digits(out, number); }
void write_number(std::string& out, std::uint64_t number) { write_digits(out, number); }

}  // namespace rondo::api
