// The split of callers: exact shares, kept keys, a function that never changes.
#include "deploy/router.h"

#include <gtest/gtest.h>

#include <string>

namespace rondo::deploy {
namespace {

double share_of(std::string_view salt, std::uint16_t share, const std::string& before) {
  int under = 0;
  for (int i = 0; i < 100'000; ++i) {
    under += place_of(salt, before + std::to_string(i)) < share ? 1 : 0;
  }
  return under / 100'000.0;
}

TEST(Split, AHundredThousandKeysAreDividedWithinHalfAPercent) {
  constexpr std::uint16_t kShares[] = {500, 2'500, 5'000, 9'000};
  for (const std::uint16_t share : kShares) {
    for (const char* before : {"", "user-", "00000000000000000000", "AAAAAwABAAAAAA"}) {
      EXPECT_NEAR(share_of("3f2a", share, before), share / 10'000.0, 0.005) << share << before;
    }
  }
  EXPECT_EQ(share_of("3f2a", 0, "user-"), 0);
  EXPECT_EQ(share_of("3f2a", kWhole, "user-"), 1);
}

TEST(Split, AGrowingShareKeepsItsKeys) {
  for (int i = 0; i < 10'000; ++i) {
    const std::uint16_t place = place_of("salt", std::to_string(i));
    EXPECT_TRUE(!(place < 500) || place < 2'500) << i;
    EXPECT_EQ(place, place_of("salt", std::to_string(i)));
  }
}

TEST(Split, AnotherRolloutDrawsOthers) {
  int both = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string key = std::to_string(i);
    both += place_of("v7", key) < 2'000 && place_of("v8", key) < 2'000 ? 1 : 0;
  }
  EXPECT_NEAR(both / 100'000.0, 0.04, 0.005);
  EXPECT_NE(place_of("a", "bc"), place_of("ab", "c"));
}

TEST(Split, TheFunctionIsTheDocumentedOne) {
  EXPECT_EQ(place_of("salt", "user-1"), 3413);
  EXPECT_EQ(place_of("", ""), 2295);
}

}  // namespace
}  // namespace rondo::deploy
