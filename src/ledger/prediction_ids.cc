// Ids that only we can make: 15 bytes that say where an id comes from and how many rows it names,
// 12 bytes of HMAC over them.
#include <array>
#include <charconv>
#include <cstring>

#include "ledger/prediction_log.h"

namespace rondo::ledger {
namespace {

constexpr std::size_t kPlain = 15, kWhole = 27, kText = 36;

void put_big(char* into, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i, value >>= 8) into[i] = static_cast<char>(value & 0xff);
}

/// Big endian, so that the text sorts by start, thread, sequence within one alphabet.
std::array<char, kWhole> sealed(const std::string& secret, std::string_view plain) {
  std::array<char, kWhole> out{};
  std::memcpy(out.data(), plain.data(), kPlain);
  const io::Digest mac = io::hmac_sha256(secret, plain);
  std::memcpy(out.data() + kPlain, mac.bytes.data(), kWhole - kPlain);
  return out;
}

}  // namespace

PredictionIds::PredictionIds(std::string secret, std::uint32_t start)
    : secret_(std::move(secret)), start_(start) {}

std::string PredictionIds::make(std::uint16_t thread, std::uint64_t sequence,
                                std::uint64_t rows) const {
  char plain[kPlain];
  put_big(plain, start_, 4);
  put_big(plain + 4, thread, 2);
  put_big(plain + 6, sequence, 6);
  put_big(plain + 12, rows, 3);
  const auto whole = sealed(secret_, {plain, kPlain});
  return io::base64url({whole.data(), whole.size()});
}

PredictionIds::Origin PredictionIds::origin_of(std::string_view id) {
  constexpr std::size_t kOriginText = 16, kOrigin = 12;
  if (id.size() < kText) return {};
  const auto bytes = io::from_base64url(id.substr(0, kOriginText));
  if (!bytes || bytes->size() != kOrigin) return {};
  const auto big = [&](std::size_t from, std::size_t until) {
    std::uint64_t value = 0;
    for (std::size_t i = from; i < until; ++i) {
      value = value << 8 | static_cast<unsigned char>((*bytes)[i]);
    }
    return value;
  };
  return {static_cast<std::uint32_t>(big(0, 4)), static_cast<std::uint16_t>(big(4, 6)), big(6, 12)};
}

double PredictionIds::lot_of(std::string_view id) {
  constexpr std::size_t kLotText = 8;  // 48 bits of the HMAC
  if (id.size() < kText) return 0;
  const auto bytes = io::from_base64url(id.substr(kText - kLotText, kLotText));
  if (!bytes) return 0;
  std::uint64_t value = 0;
  for (const char byte : *bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<double>(value) * 0x1p-48;
}

bool PredictionIds::authentic(std::string_view id) const {
  if (id.size() < kText + 2 || id[kText] != '.') return false;
  const auto bytes = io::from_base64url(id.substr(0, kText));
  if (!bytes || bytes->size() != kWhole) return false;
  const auto whole = sealed(secret_, std::string_view(*bytes).substr(0, kPlain));
  if (!io::equal_in_constant_time({whole.data(), whole.size()}, *bytes)) return false;
  const std::string_view row = id.substr(kText + 1);
  if (row.size() > 1 && row.front() == '0') return false;  // one text a row
  std::uint64_t number = 0, rows = 0;
  const auto [end, error] = std::from_chars(row.data(), row.data() + row.size(), number);
  if (error != std::errc() || end != row.data() + row.size()) return false;
  for (std::size_t i = 12; i < kPlain; ++i) {
    rows = rows << 8 | static_cast<unsigned char>((*bytes)[i]);
  }
  return number < rows;
}

}  // namespace rondo::ledger
