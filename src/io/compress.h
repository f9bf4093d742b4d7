// Compressed files from outside, and our own zstd. What comes out is counted while it comes out, so
// that a small file cannot fill the memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rondo::io {

/// The plain bytes of gzip or zstd, recognised by their first bytes (several members or frames in a
/// row are one text); anything else is handed back as it is.
/// Errors: kExhausted beyond `at_most` bytes of output; kInvalidInput for damaged or cut input.
Result<std::string> decompress(std::string_view bytes, std::uint64_t at_most);

/// One zstd frame with a checksum. Level 3.
std::string zstd_compress(std::string_view bytes);

}  // namespace rondo::io
