// Hashing of keys. The function must stay as it is: another one would move every caller.
#include "deploy/router.h"

namespace rondo::deploy {
namespace {

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash) noexcept {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace

std::uint16_t place_of(std::string_view salt, std::string_view key) noexcept {
  std::uint64_t hash = fnv1a(salt, 0xcbf29ce484222325ULL);
  hash = fnv1a(key, (hash ^ 0xff) * 0x100000001b3ULL);  // a byte that no text holds parts the two
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  hash ^= hash >> 33;
  return static_cast<std::uint16_t>(hash % kWhole);
}

}  // namespace rondo::deploy
