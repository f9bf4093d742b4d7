// The parts of a small picture, read by hand.
#include "io/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace rondo::io {
namespace {

TEST(Png, HasItsPixelsAndItsPalette) {
  const std::uint8_t pixels[] = {0, 1, 2, 2, 1, 0};
  const Rgb palette[] = {{255, 255, 255}, {1, 2, 3}, {200, 0, 0}};
  const std::string png = png_of(3, pixels, palette);
  EXPECT_EQ(png.substr(0, 8), std::string("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(png.substr(12, 12), std::string("IHDR\0\0\0\3\0\0\0\2", 12));
  const std::size_t colours = png.find("PLTE"), data = png.find("IDAT");
  ASSERT_LT(colours, data);
  EXPECT_EQ(png.substr(colours + 4, 9), std::string("\xff\xff\xff\1\2\3\xc8\0\0", 9));
  const auto size = static_cast<unsigned char>(png[data - 1]);
  std::string rows(8, '?');
  uLongf got = rows.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(rows.data()), &got,
                       reinterpret_cast<const Bytef*>(png.data() + data + 4), size),
            Z_OK);
  EXPECT_EQ(rows, std::string("\0\0\1\2\0\2\1\0", 8));
  EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
  const auto whole = crc32(0, reinterpret_cast<const Bytef*>("IEND"), 4);
  EXPECT_EQ(static_cast<unsigned char>(png.back()), whole & 0xff);
}

}  // namespace
}  // namespace rondo::io
