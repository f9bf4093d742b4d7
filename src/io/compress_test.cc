// Decompression: both formats, their ends, their caps.
#include "io/compress.h"

#include <gtest/gtest.h>

#include "base/seed.h"
#include "io/testing.h"

namespace rondo::io {
namespace {

constexpr std::uint64_t kPlenty = 1ULL << 40;

/// 1 MB that compresses little, then 3 MB that compress well: more than one step of output.
std::string sample() {
  std::string text;
  Chance chance(Seed{5});
  while (text.size() < 1 << 20) text += static_cast<char>(chance.next());
  return text + std::string(3 << 20, 'a');
}

TEST(Decompress, BothFormatsAndPlainText) {
  const std::string text = sample();
  EXPECT_TRUE(*decompress(gzip(text), kPlenty) == text);
  EXPECT_TRUE(*decompress(zstd_compress(text), kPlenty) == text);
  EXPECT_EQ(*decompress("a,b\n1,2\n", kPlenty), "a,b\n1,2\n");
  EXPECT_EQ(*decompress(gzip(""), 0), "");
  EXPECT_EQ(*decompress(zstd_compress(""), 0), "");
  EXPECT_EQ(*decompress("", UINT64_MAX), "");
}

TEST(Decompress, MembersInARowAreOneText) {
  EXPECT_EQ(*decompress(gzip("one,") + gzip("two"), kPlenty), "one,two");
  EXPECT_EQ(*decompress(zstd_compress("one,") + zstd_compress("two"), kPlenty), "one,two");
}

TEST(Decompress, TheCapCountsWhatComesOut) {
  const std::string text = sample();
  for (const std::string& bytes : {gzip(text), zstd_compress(text), text}) {
    EXPECT_TRUE(decompress(bytes, text.size()));
    const auto refused = decompress(bytes, text.size() - 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kExhausted);
    EXPECT_NE(refused.error().message.find(std::to_string(text.size() - 1)), std::string::npos);
  }
}

TEST(Decompress, CutOrDamagedInputIsRefused) {
  const std::string text = "a line of text, again and again and again and again";
  for (const std::string& bytes : {gzip(text), zstd_compress(text)}) {
    for (std::size_t size = 4; size < bytes.size(); ++size) {
      ASSERT_EQ(decompress(bytes.substr(0, size), kPlenty).error().code, Code::kInvalidInput);
    }
    std::string bad = bytes;
    bad[bad.size() - 2] = static_cast<char>(bad[bad.size() - 2] ^ 1);  // in the checksum
    EXPECT_FALSE(decompress(bad, kPlenty));
    EXPECT_FALSE(decompress(bytes + "garbage", kPlenty));
  }
}

}  // namespace
}  // namespace rondo::io
