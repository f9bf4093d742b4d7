// SHA-256 and CRC-32C, over OpenSSL and SSE 4.2. A Digest is a value type of its own, so that it is
// never confused with another string.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rondo::io {

/// A SHA-256. Shape: 32 bytes. Text: 64 lower-case hexadecimal digits.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
  std::string hex() const;
  /// The first 12 digits, for people.
  std::string brief() const { return hex().substr(0, 12); }
  static Result<Digest> from_hex(std::string_view text);
};

Digest sha256(std::string_view bytes);
/// HMAC-SHA-256 (RFC 2104). Threads: any.
Digest hmac_sha256(std::string_view key, std::string_view message);
/// CRC-32C (Castagnoli), starting from `before`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
/// Compares in constant time.
bool equal_in_constant_time(std::string_view a, std::string_view b);
/// Bytes that nobody can guess, from the kernel.
std::string random_bytes(std::size_t count);
std::string base64url(std::string_view bytes);  // without padding
Result<std::string> from_base64url(std::string_view text);

/// Hashes a stream.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void add(std::string_view bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
