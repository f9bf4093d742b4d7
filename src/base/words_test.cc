// Numbers as people read them.
#include "base/words.h"

#include <gtest/gtest.h>

namespace rondo {
namespace {

TEST(Words, Grouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(8662), "8,662");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(Words, RoundedHasThreeDigitsAndNoExponent) {
  const struct {
    double number;
    const char* text;
  } rows[] = {{5748.3, "5,750"}, {0.01234, "0.0123"}, {2, "2"},         {99.96, "100"},
              {999.6, "1,000"},  {1234567, "1,230,000"}, {-5748.3, "-5,750"}, {0, "0"}};
  for (const auto& row : rows) EXPECT_EQ(rounded(row.number), row.text) << row.number;
}

}  // namespace
}  // namespace rondo
