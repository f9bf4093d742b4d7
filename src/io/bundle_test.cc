// Bundles: what goes in comes out bit for bit, and no damaged bundle is accepted.
#include "io/bundle.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "io/digest.h"

namespace rondo::io {
namespace {

Bundle example() {
  Bundle bundle;
  bundle.meta = {{"kind", "prepared"}, {"columns", {"a", "b"}}, {"rate", 0.1}};
  bundle.put_f64("x", {1.5, -0.0, std::nan("7"), std::numeric_limits<double>::infinity()});
  bundle.put_i64("time", {INT64_MIN, 0, INT64_MAX});
  bundle.put_i32("code", {-1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
  bundle.put_u8("mask", {1, 0, 1});
  bundle.put_bytes("text", std::string("a\0b", 3));
  bundle.put_f64("none", {});
  return bundle;
}

TEST(Bundle, EverythingComesBack) {
  const std::string bytes = example().encode();
  const auto back = Bundle::decode(bytes);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->meta, example().meta);
  EXPECT_EQ(back->names(),
            (std::vector<std::string>{"code", "mask", "none", "text", "time", "x"}));
  const auto x = *back->f64("x");
  ASSERT_EQ(x.size(), 4U);
  EXPECT_TRUE(std::signbit(x[1]));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(x[2]), std::bit_cast<std::uint64_t>(std::nan("7")));
  EXPECT_EQ((*back->i64("time"))[0], INT64_MIN);
  EXPECT_EQ((*back->i32("code"))[16], 17);
  EXPECT_EQ((*back->u8("mask"))[2], 1);
  EXPECT_EQ(*back->bytes("text"), std::string_view("a\0b", 3));
  EXPECT_TRUE(back->f64("none")->empty());
  EXPECT_EQ(back->encode(), bytes);
  EXPECT_EQ(bytes.size() % 64, 0U);
}

TEST(Bundle, NamesWhatIsMissing) {
  const Bundle bundle = example();
  EXPECT_EQ(bundle.f64("y").error().message, "the bundle has no array \"y\"");
  EXPECT_EQ(bundle.i64("x").error().message, "the array \"x\" is not of the type i64");
  EXPECT_EQ(bundle.f64("y").error().code, Code::kCorrupt);
}

TEST(Bundle, EachFlippedBitIsRefused) {
  const std::string bytes = example().encode();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto decoded = Bundle::decode(bad);
      ASSERT_FALSE(decoded) << "byte " << at << " bit " << bit;
      ASSERT_EQ(decoded.error().code, Code::kCorrupt);
    }
  }
}

TEST(Bundle, EachOtherLengthIsRefused) {
  const std::string bytes = example().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(Bundle::decode(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(Bundle::decode(bytes + std::string(64, '\0')));
}

/// A bundle with a proper checksum around any header.
std::string with_header(const std::string& header, const std::string& rest = {}) {
  std::string bytes = "RONDOBN1";
  for (const std::uint32_t number :
       {static_cast<std::uint32_t>(header.size()), crc32c(header)}) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xFF);
  }
  bytes += header;
  bytes.resize((bytes.size() + 63) / 64 * 64, '\0');
  return bytes + rest;
}

TEST(Bundle, HeadersThatLieAreRefused) {
  EXPECT_TRUE(Bundle::decode(with_header(R"({"arrays":[],"meta":null})")));
  const auto entry = [](const char* count, const char* name, const char* type) {
    return std::string(R"({"count":)") + count + R"(,"crc32c":0,"name":")" + name +
           R"(","type":")" + type + "\"}";
  };
  for (const std::string& entries :
       {entry("18446744073709551615", "a", "f64"), entry("2305843009213693952", "a", "f64"),
        entry("-1", "a", "u8"), entry("1", "a", "u8"), entry("0", "a", "f32"),
        entry("0", "b", "u8") + "," + entry("0", "a", "u8"),
        std::string(R"({"count":0,"crc32c":0,"name":"a","type":"u8","zzz":1})")}) {
    EXPECT_FALSE(Bundle::decode(with_header("{\"arrays\":[" + entries + "],\"meta\":{}}")))
        << entries;
  }
  EXPECT_TRUE(Bundle::decode(
      with_header("{\"arrays\":[" + entry("0", "a", "u8") + "],\"meta\":{}}")));
  for (const char* header :
       {R"({"arrays":{},"meta":{}})", R"({"arrays":[]})", R"([])", R"({"arrays":[], "meta":{}})"}) {
    EXPECT_FALSE(Bundle::decode(with_header(header))) << header;
  }
}

}  // namespace
}  // namespace rondo::io
