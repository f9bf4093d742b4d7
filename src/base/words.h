// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rondo {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);
/// Three significant digits and no exponent between a thousandth and 10^15: "0.0123", "5,750".
std::string rounded(double number);
/// Bytes, of "16MiB", "2 GB" or "1000". Errors: kInvalidInput.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace rondo
