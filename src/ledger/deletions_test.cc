// Lists of deleted rows: the worked example of docs/FORMATS.md, both kinds, and damage.
#include "ledger/deletions.h"

#include <gtest/gtest.h>

namespace rondo::ledger {
namespace {

io::Digest digest_of_byte(std::uint8_t byte) {
  io::Digest digest;
  digest.bytes.fill(byte);
  return digest;
}

TEST(Deletions, HaveTheBytesOfTheWorkedExample) {
  const Deletions two = {{digest_of_byte(0x11), {1, 3}}};
  std::string wanted = "RONDODV1";
  wanted += std::string("\x01\0\0\0", 4) + std::string(32, '\x11');
  wanted += std::string("\x01\x01\0\0\0\0\0\0\0\x0a", 10);
  EXPECT_EQ(encode(two), wanted);
  EXPECT_EQ(*decode_deletions(wanted), two);
}

TEST(Deletions, AreListedWhereThatIsShorter) {
  const Deletions far = {{digest_of_byte(1), {1'000'000}}, {digest_of_byte(2), {0, 1, 2, 3, 4}}};
  const std::string bytes = encode(far);
  EXPECT_EQ(bytes.size(), 12u + 2 * (32 + 1 + 8) + 4 + 1);
  EXPECT_EQ(*decode_deletions(bytes), far);
  EXPECT_EQ(rows_of(far), 6u);
  EXPECT_EQ(rows_of({}), 0u);
}

TEST(Deletions, RefuseWhatTheyNeverWrote) {
  const std::string good = encode({{digest_of_byte(1), {2, 70}}, {digest_of_byte(2), {9}}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_deletions(good.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_deletions(good + "x"));
  const std::string list("RONDODV1\x01\0\0\0", 12);
  const auto one = [&](std::string_view rest) {
    return decode_deletions(list + std::string(32, '\x01') + std::string(rest)).has_value();
  };
  using namespace std::string_view_literals;
  EXPECT_TRUE(one("\0\x08\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0"sv));
  EXPECT_FALSE(one("\0\x08\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0"sv)) << "twice";
  EXPECT_FALSE(one("\0\x03\0\0\0\0\0\0\0\x02\0\0"sv)) << "half a number";
  EXPECT_FALSE(one("\x02\x04\0\0\0\0\0\0\0\x02\0\0\0"sv)) << "another kind";
  EXPECT_FALSE(one("\x01\x01\0\0\0\0\0\0\0\0"sv)) << "no row at all";
}

}  // namespace
}  // namespace rondo::ledger
