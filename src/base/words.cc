// Numbers as people read them; no other text is made here.
#include "base/words.h"

#include <fmt/format.h>

#include <charconv>
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

Result<std::uint64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr Unit kUnits[] = {{"", 1},          {"B", 1},           {"KiB", 1ULL << 10},
                             {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"kB", 1000},
                             {"MB", 1'000'000},   {"GB", 1'000'000'000}};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& known : kUnits) {
    if (error != std::errc{} || unit != known.name || number == 0) continue;
    if (number <= UINT64_MAX / known.bytes) return number * known.bytes;
  }
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is no size", text),
              "write a number and B, KiB, MiB, GiB, kB, MB or GB, like \"16MiB\"");
}

}  // namespace rondo
