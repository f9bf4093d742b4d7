// A bundle of any bytes: refused as damaged, or it is exactly what encode() makes of its content.
#include <cstdint>

#include "base/check.h"
#include "io/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto decoded = rondo::io::Bundle::decode(bytes);
  if (!decoded) {
    CHECK(decoded.error().code == rondo::Code::kCorrupt, "a bad bundle is a corrupt one");
    return 0;
  }
  CHECK(decoded->encode() == bytes, "one content has one encoding");
  return 0;
}
