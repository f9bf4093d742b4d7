// What is written is valid JSON and reads back to the same bits.
#include "api/json_out.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <limits>

#include "api/strict_json.h"
#include "base/seed.h"
#include "io/json.h"

namespace rondo::api {
namespace {

template <class Number>
std::string number(Number value) {
  std::string out;
  write_number(out, value);
  return out;
}

std::string text(std::string_view value) {
  std::string out;
  write_text(out, value);
  return out;
}

TEST(JsonOut, NumbersByHand) {
  EXPECT_EQ(number(31.0), "31");
  EXPECT_EQ(number(12.5), "12.5");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(-0.0), "-0.0");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(number(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(number(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(JsonOut, AnyDoubleReadsBackToTheSameBits) {
  Chance chance(Seed{7});
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(chance.next());
    if (!(value - value == 0)) continue;  // not finite
    const std::string written = number(value);
    ASSERT_TRUE(is_json(written)) << written;
    const double back = std::strtod(written.c_str(), nullptr);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << written;
  }
}

TEST(JsonOut, TextsAreEscapedAndAlwaysUtf8) {
  EXPECT_EQ(text("plain"), "\"plain\"");
  EXPECT_EQ(text("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(text(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(text("\x7f"), R"("\u007f")");
  EXPECT_EQ(text("\xC3\xA4\xF0\x9F\x9A\xB2"), "\"\xC3\xA4\xF0\x9F\x9A\xB2\"");
  EXPECT_EQ(text("a\xff\xC3"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonOut, AnyBytesGiveValidJson) {
  Chance chance(Seed{8});
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes(chance.below(12), ' ');
    for (char& c : bytes) c = static_cast<char>(chance.below(256));
    ASSERT_TRUE(is_json(text(bytes))) << i;
    ASSERT_TRUE(io::parse_json(text(bytes)).has_value()) << i;
  }
}

}  // namespace
}  // namespace rondo::api
