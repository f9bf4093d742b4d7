// A picture as a PNG file, for pages that stand alone: a byte a pixel, at most 256 colours.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace rondo::io {

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
};

/// Shape: `pixels` are rows of `width` from the top, each a place in `palette`, of which there are
/// 1 to 256. Source: ISO/IEC 15948 (PNG); compressed by zlib. The same bytes each time.
std::string png_of(std::uint32_t width, std::span<const std::uint8_t> pixels,
                   std::span<const Rgb> palette);

}  // namespace rondo::io
