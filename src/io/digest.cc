// Digests over OpenSSL, CRC-32C by the processor's instruction where it has one. A failure of
// OpenSSL to hash means that the machine is broken: that is a CHECK, so hashing returns no Result.
#include "io/digest.h"

#include <array>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <optional>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "base/check.h"

namespace rondo::io {
namespace {

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::array<std::uint8_t, 256> kSixBits = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(255);
  for (std::size_t i = 0; i < kBase64Url.size(); ++i) {
    out[static_cast<unsigned char>(kBase64Url[i])] = static_cast<std::uint8_t>(i);
  }
  return out;
}();

// Looking the algorithm up takes longer than hashing a short text, so it is done once.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const kFetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(kFetched != nullptr, "OpenSSL has no SHA-256");
  return kFetched;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context fresh_context() {
  Context context(EVP_MD_CTX_new());
  CHECK(context != nullptr, "OpenSSL has no memory for a digest");
  return context;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = crc;
  }
  return table;
}();

std::uint32_t crc_by_table(const unsigned char* data, std::size_t size, std::uint32_t crc) {
  for (; size > 0; --size, ++data) crc = kCrcTable[(crc ^ *data) & 0xFF] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
// The instruction takes three cycles, but can begin anew in each: three lanes of bytes go side by
// side. What a lane makes of the bytes before it is what kLane bytes of zero make of their CRC,
// which is linear: an XOR of one number for each of its bits.
constexpr std::size_t kLane = 512;

using OverLane = std::array<std::array<std::uint32_t, 256>, 4>;  // by byte of the CRC

OverLane over_lane() {
  OverLane out{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = 1U << bit;
    for (std::size_t i = 0; i < kLane; ++i) crc = kCrcTable[crc & 0xFF] ^ (crc >> 8);
    for (std::size_t value = 0; value < 256; ++value) {
      if ((value >> bit % 8 & 1) != 0) out[bit / 8][value] ^= crc;
    }
  }
  return out;
}

std::uint64_t passed_over(const OverLane& lane, std::uint64_t crc) {
  return lane[0][crc & 0xFF] ^ lane[1][crc >> 8 & 0xFF] ^ lane[2][crc >> 16 & 0xFF] ^
         lane[3][crc >> 24 & 0xFF];
}

std::uint64_t word_at(const unsigned char* data) {
  std::uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc_by_instruction(const unsigned char* data,
                                                                   std::size_t size,
                                                                   std::uint32_t crc) {
  std::uint64_t wide = crc;
  if (size >= 3 * kLane) {
    static const OverLane lane = over_lane();
    for (; size >= 3 * kLane; size -= 3 * kLane, data += 3 * kLane) {
      std::uint64_t second = 0, third = 0;
      for (std::size_t i = 0; i < kLane; i += 8) {
        wide = _mm_crc32_u64(wide, word_at(data + i));
        second = _mm_crc32_u64(second, word_at(data + kLane + i));
        third = _mm_crc32_u64(third, word_at(data + 2 * kLane + i));
      }
      wide = passed_over(lane, passed_over(lane, wide) ^ second) ^ third;
    }
  }
  for (; size >= 8; size -= 8, data += 8) wide = _mm_crc32_u64(wide, word_at(data));
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++data) crc = _mm_crc32_u8(crc, *data);
  return crc;
}
#endif

using Crc = std::uint32_t (*)(const unsigned char*, std::size_t, std::uint32_t);

Crc best_crc() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") != 0) return crc_by_instruction;
#endif
  return crc_by_table;
}

/// The two halves of HMAC for one key: SHA-256 after its first block. Copying a context that has
/// hashed a block is much cheaper than setting a key again.
class KeyedContext {
 public:
  explicit KeyedContext(std::string_view key) : key_(key) {
    std::array<unsigned char, 64> block{};
    if (key.size() > block.size()) {
      const Digest hashed = sha256(key);
      std::memcpy(block.data(), hashed.bytes.data(), hashed.bytes.size());
    } else if (!key.empty()) {
      std::memcpy(block.data(), key.data(), key.size());
    }
    for (unsigned char& byte : block) byte ^= 0x36;
    start(inner_, block);
    for (unsigned char& byte : block) byte ^= 0x36 ^ 0x5c;
    start(outer_, block);
    OPENSSL_cleanse(block.data(), block.size());
  }
  ~KeyedContext() { OPENSSL_cleanse(key_.data(), key_.size()); }
  KeyedContext(const KeyedContext&) = delete;
  KeyedContext& operator=(const KeyedContext&) = delete;

  bool is_for(std::string_view key) const { return key_ == key; }

  Digest sign(std::string_view message) {
    Digest digest;
    finish(inner_, unsigned_bytes(message), message.size(), digest);
    finish(outer_, digest.bytes.data(), digest.bytes.size(), digest);
    return digest;
  }

 private:
  static void start(const Context& context, const std::array<unsigned char, 64>& block) {
    CHECK(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), block.data(), block.size()) == 1,
          "OpenSSL cannot hash");
  }
  void finish(const Context& half, const unsigned char* data, std::size_t size, Digest& into) {
    CHECK(EVP_MD_CTX_copy_ex(work_.get(), half.get()) == 1 &&
              EVP_DigestUpdate(work_.get(), data, size) == 1 &&
              EVP_DigestFinal_ex(work_.get(), into.bytes.data(), nullptr) == 1,
          "OpenSSL cannot hash");
  }
  std::string key_;
  Context inner_ = fresh_context();
  Context outer_ = fresh_context();
  Context work_ = fresh_context();
};

}  // namespace

std::string Digest::hex() const {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

Result<Digest> Digest::from_hex(std::string_view text) {
  Digest digest;
  const bool good = text.size() == 2 * digest.bytes.size() &&
                    text.find_first_not_of(kHexDigits) == std::string_view::npos;
  if (!good) {
    return fail(Code::kInvalidInput,
                "\"" + std::string(text.substr(0, 80)) + "\" is not a SHA-256",
                "write 64 lower-case hexadecimal digits");
  }
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(kHexDigits.find(text[2 * i]) * 16 +
                                                kHexDigits.find(text[2 * i + 1]));
  }
  return digest;
}

Digest sha256(std::string_view bytes) {
  thread_local const Context kContext = fresh_context();
  Digest digest;
  CHECK(EVP_DigestInit_ex2(kContext.get(), sha256_algorithm(), nullptr) == 1 &&
            EVP_DigestUpdate(kContext.get(), bytes.data(), bytes.size()) == 1 &&
            EVP_DigestFinal_ex(kContext.get(), digest.bytes.data(), nullptr) == 1,
        "OpenSSL cannot hash");
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  // A thread signs with very few keys; the one that was used least recently makes room.
  thread_local std::array<std::unique_ptr<KeyedContext>, 4> recent;
  std::size_t place = 0;
  while (place < recent.size() && recent[place] && !recent[place]->is_for(key)) ++place;
  if (place == recent.size()) --place;
  if (!recent[place] || !recent[place]->is_for(key)) {
    recent[place] = std::make_unique<KeyedContext>(key);
  }
  for (; place > 0; --place) std::swap(recent[place], recent[place - 1]);
  return recent[0]->sign(message);
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  static const Crc kBest = best_crc();
  return ~kBest(unsigned_bytes(bytes), bytes.size(), ~before);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t have = 0; have < count;) {
    const ssize_t got = ::getrandom(bytes.data() + have, count - have, 0);
    CHECK(got > 0 || errno == EINTR, "the kernel gives no random bytes");
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kBase64Url[(bits >> (count - 6)) & 63];
  }
  if (count > 0) text += kBase64Url[(bits << (6 - count)) & 63];
  return text;
}

Result<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  bool good = text.size() % 4 != 1;
  for (const char c : text) {
    const std::uint8_t value = kSixBits[static_cast<unsigned char>(c)];
    good = good && value < 64;
    bits = (bits << 6) | (value & 63U);
    count += 6;
    if (count >= 8) bytes += static_cast<char>((bits >> (count -= 8)) & 0xFF);
  }
  // Bits that are left over must be zero, so that one value has one text.
  if (good && (bits & ((1U << count) - 1)) == 0) return bytes;
  return fail(Code::kInvalidInput,
              "\"" + std::string(text.substr(0, 60)) + "\" is not base64url without padding");
}

struct Hasher::State {
  Context context = fresh_context();
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  CHECK(EVP_DigestInit_ex2(state_->context.get(), sha256_algorithm(), nullptr) == 1,
        "OpenSSL cannot hash");
}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::add(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
        "OpenSSL cannot hash, or finish() was called before");
}

Digest Hasher::finish() {
  Digest digest;
  CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.bytes.data(), nullptr) == 1,
        "OpenSSL cannot hash, or finish() was called before");
  return digest;
}

}  // namespace rondo::io
