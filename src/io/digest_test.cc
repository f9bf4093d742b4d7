// Digests against published answers: FIPS 180-4 examples, RFC 4231, RFC 3720 (B.4).
#include "io/digest.h"

#include <gtest/gtest.h>

namespace rondo::io {
namespace {

TEST(Sha256, FipsExamples) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Hasher hasher;
  for (int i = 0; i < 1'000; ++i) hasher.add(std::string(1'000, 'a'));
  EXPECT_EQ(hasher.finish().hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HexBothWays) {
  const Digest digest = sha256("rondo");
  EXPECT_EQ(*Digest::from_hex(digest.hex()), digest);
  EXPECT_EQ(digest.brief(), digest.hex().substr(0, 12));
  std::string upper = digest.hex();
  upper[0] = 'A';
  for (const std::string& bad :
       {std::string(), digest.hex() + "0", digest.hex().substr(1), upper}) {
    EXPECT_EQ(Digest::from_hex(bad).error().code, Code::kInvalidInput) << bad;
  }
}

TEST(Hmac, Rfc4231) {
  EXPECT_EQ(hmac_sha256(std::string(20, '\x0b'), "Hi There").hex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?").hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First").hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, ManyKeysInAnyOrderKeepTheirAnswers) {
  std::vector<std::string> first;
  for (int i = 0; i < 9; ++i) first.push_back(hmac_sha256(std::to_string(i), "m").hex());
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 9; ++i) {
      const std::size_t key = (i * 5 + static_cast<std::size_t>(round)) % 9;
      EXPECT_EQ(hmac_sha256(std::to_string(key), "m").hex(), first[key]);
    }
  }
}

TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
  const auto bit_by_bit = [](std::string_view bytes) {
    std::uint32_t crc = ~0U;
    for (const char c : bytes) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    }
    return ~crc;
  };
  const std::string many = random_bytes(5000);
  for (const std::size_t size : {511UL, 1535UL, 1536UL, 1537UL, 3071UL, 3072UL, 4999UL}) {
    EXPECT_EQ(crc32c(many.substr(1, size)), bit_by_bit(many.substr(1, size))) << size;
  }
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text));
  }
}

TEST(Base64Url, Rfc4648WithoutPadding) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},       {"f", "Zg"},       {"fo", "Zm8"},       {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(base64url(bytes), text);
    EXPECT_EQ(*from_base64url(text), bytes);
  }
  for (const char* bad : {"Z", "Zg==", "Zh", "Z g", "Zm9vZ", "+/8"}) {
    EXPECT_FALSE(from_base64url(bad)) << bad;
  }
}

TEST(Random, BytesAreNotRepeated) {
  EXPECT_EQ(random_bytes(32).size(), 32U);
  EXPECT_NE(random_bytes(32), random_bytes(32));
}

TEST(Compare, InConstantTimeStillCompares) {
  EXPECT_TRUE(equal_in_constant_time("token", "token"));
  EXPECT_FALSE(equal_in_constant_time("token", "tokem"));
  EXPECT_FALSE(equal_in_constant_time("token", "token2"));
}

}  // namespace
}  // namespace rondo::io
