// How long a well-formed UTF-8 sequence is. Both the reader that must refuse broken text and the
// writer that must never send it ask here, so that they cannot disagree.
#pragma once

#include <cstddef>
#include <string_view>

namespace rondo::io {

/// Bytes of the well-formed sequence at the front of `text` (not empty), or 0.
/// Source: Unicode 15, table 3-7.
constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

/// Whether all of it is well-formed. Cost: a few bytes a cycle.
bool is_utf8(std::string_view text) noexcept;

}  // namespace rondo::io
