// A list of deleted rows of any bytes: it is refused, or it says the same when it is written again.
#include <cstdint>

#include "base/check.h"
#include "ledger/deletions.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rondo::ledger;
  const auto deletions =
      decode_deletions(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!deletions) return 0;
  const auto again = decode_deletions(encode(*deletions));
  CHECK(again && *again == *deletions, "what was read is written and read alike");
  return 0;
}
