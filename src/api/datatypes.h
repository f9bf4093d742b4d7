// The datatypes of the inference protocol: what family of values each holds, its borders, its size
// in a binary tensor, and how those bytes read. One list serves JSON and binary.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rondo::api {

enum class Family : std::uint8_t { kBool, kWhole, kReal, kBytes };

/// Whole numbers from `low` to below `beyond`; a value outside is an error, never cut off.
struct Datatype {
  std::string_view name;
  Family family;
  std::uint8_t size;      // bytes of an element; 0 for BYTES: a length u32, then so many
  double low = 0, beyond = 0;
  bool in_json = true;    // FP16 and BF16 come in binary only
};

/// Null for a name that is none.
const Datatype* find_datatype(std::string_view name) noexcept;

/// One element of a binary tensor. A number is exact but for 64-bit ones beyond 2^53, which JSON
/// rounds too. None for a BOOL that is neither 0 nor 1. Shape: bytes has type.size bytes.
std::optional<double> read_element(const Datatype& type, std::string_view bytes) noexcept;

/// IEEE half precision and the upper half of single precision.
double from_fp16(std::uint16_t bits) noexcept;
double from_bf16(std::uint16_t bits) noexcept;

}  // namespace rondo::api
