// Numbers as people read them; no other text is made here.
#include "base/words.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace rondo {

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string rounded(double number) {
  const std::string text = fmt::format("{:.3g}", number);
  const double shown = std::abs(std::strtod(text.c_str(), nullptr));
  if (!(shown >= 1000 && shown < 1e15)) return text;
  return (number < 0 ? "-" : "") + grouped(static_cast<std::uint64_t>(shown));
}

}  // namespace rondo
