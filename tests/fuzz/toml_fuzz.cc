// Settings from anywhere: refused with a place, or accepted; then every key has a place, and the
// canonical text of the value reads back as the same value.
#include <cstdint>

#include "base/check.h"
#include "io/toml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = rondo::io::parse_toml(text, "f");
  if (!parsed) {
    CHECK(parsed.error().code == rondo::Code::kInvalidInput, "bad settings are invalid input");
    CHECK(parsed.error().message.starts_with("f:"), "a mistake has a place");
    return 0;
  }
  for (const auto& item : parsed->value.items()) {
    CHECK(parsed->where.contains(item.key()), "every key has a place");
  }
  const std::string once = rondo::io::canonical(parsed->value);
  const auto again = rondo::io::parse_json(once);
  CHECK(again && rondo::io::canonical(*again) == once, "canonical text is canonical");
  return 0;
}
