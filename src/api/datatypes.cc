// A table, and little-endian bytes as numbers: the machine is little-endian too (x86-64), so a
// value is its copied bytes.
#include "api/datatypes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>

namespace rondo::api {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr double kTwo63 = 9223372036854775808.0, kTwo64 = 18446744073709551616.0;
constexpr Datatype kDatatypes[] = {
    {"BOOL", Family::kBool, 1},
    {"INT8", Family::kWhole, 1, -128, 128},
    {"INT16", Family::kWhole, 2, -32768, 32768},
    {"INT32", Family::kWhole, 4, -2147483648.0, 2147483648.0},
    {"INT64", Family::kWhole, 8, -kTwo63, kTwo63},
    {"UINT8", Family::kWhole, 1, 0, 256},
    {"UINT16", Family::kWhole, 2, 0, 65536},
    {"UINT32", Family::kWhole, 4, 0, 4294967296.0},
    {"UINT64", Family::kWhole, 8, 0, kTwo64},
    {"FP16", Family::kReal, 2, 0, 0, false},
    {"BF16", Family::kReal, 2, 0, 0, false},
    {"FP32", Family::kReal, 4},
    {"FP64", Family::kReal, 8},
    {"BYTES", Family::kBytes, 0},
};

template <class Number>
Number copied(std::string_view bytes) {
  Number number;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

template <class Signed, class Unsigned>
double whole(std::string_view bytes, bool is_signed) {
  return is_signed ? static_cast<double>(copied<Signed>(bytes))
                   : static_cast<double>(copied<Unsigned>(bytes));
}

double whole_of(const Datatype& type, std::string_view bytes) {
  const bool is_signed = type.low < 0;
  switch (type.size) {
    case 1: return whole<std::int8_t, std::uint8_t>(bytes, is_signed);
    case 2: return whole<std::int16_t, std::uint16_t>(bytes, is_signed);
    case 4: return whole<std::int32_t, std::uint32_t>(bytes, is_signed);
    default: return whole<std::int64_t, std::uint64_t>(bytes, is_signed);
  }
}

}  // namespace

const Datatype* find_datatype(std::string_view name) noexcept {
  const auto found = std::ranges::find(kDatatypes, name, &Datatype::name);
  return found == std::end(kDatatypes) ? nullptr : &*found;
}

double from_fp16(std::uint16_t bits) noexcept {
  const int exponent = bits >> 10 & 31;
  const double fraction = bits & 1023;
  double value = 0;
  if (exponent == 31) {
    value = fraction == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

double from_bf16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::optional<double> read_element(const Datatype& type, std::string_view bytes) noexcept {
  switch (type.family) {
    case Family::kBool:
      if (bytes[0] != 0 && bytes[0] != 1) return std::nullopt;
      return bytes[0];
    case Family::kWhole: return whole_of(type, bytes);
    case Family::kReal: break;
    case Family::kBytes: return std::nullopt;
  }
  if (type.size == 8) return copied<double>(bytes);
  if (type.size == 4) return copied<float>(bytes);
  const auto bits = copied<std::uint16_t>(bytes);
  return type.name == "FP16" ? from_fp16(bits) : from_bf16(bits);
}

}  // namespace rondo::api
