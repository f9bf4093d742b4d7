// Landmarks against sorting everything, over columns that are hard to deal.
#include "stats/landmarks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

namespace rondo::stats {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr std::size_t kParts = 20;

/// The definition, over what is sorted.
Landmarks by_sorting(std::vector<double> values, std::uint64_t common_from) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  for (double& value : values) value = value == 0 ? 0 : value;
  std::ranges::sort(values);
  const std::size_t n = values.size();
  Landmarks out;
  out.numbers = n;
  if (n == 0) return out;
  out.least = values.front();
  out.greatest = values.back();
  const auto up_to = [&](double value) {
    return static_cast<std::uint64_t>(std::ranges::upper_bound(values, value) - values.begin());
  };
  for (std::size_t i = 1; i < kParts; ++i) {
    std::size_t rank = 0;  // the least with (rank + 1) / n >= i / kParts
    while ((rank + 1) * kParts < i * n) ++rank;
    out.at.push_back({values[rank], up_to(values[rank])});
  }
  for (std::size_t i = 0; i < n; i = up_to(values[i])) {
    const std::uint64_t count = up_to(values[i]) - i;
    if (count >= common_from) out.common.push_back({values[i], count});
    else out.greatest_rare = std::max(out.greatest_rare, count);
  }
  return out;
}

void expect_same_landmarks(const Landmarks& found, const Landmarks& plain) {
  EXPECT_EQ(found.numbers, plain.numbers);
  EXPECT_EQ(found.least, plain.least);
  EXPECT_EQ(found.greatest, plain.greatest);
  EXPECT_FALSE(found.least == 0 && std::signbit(found.least));
  EXPECT_FALSE(found.greatest == 0 && std::signbit(found.greatest));
  EXPECT_EQ(found.greatest_rare, plain.greatest_rare);
  ASSERT_EQ(found.at.size(), plain.at.size());
  for (std::size_t i = 0; i < plain.at.size(); ++i) {
    EXPECT_EQ(found.at[i].value, plain.at[i].value) << i;
    EXPECT_EQ(found.at[i].up_to, plain.at[i].up_to) << i;
    EXPECT_FALSE(found.at[i].value == 0 && std::signbit(found.at[i].value)) << i;
  }
  ASSERT_EQ(found.common.size(), plain.common.size());
  for (std::size_t i = 0; i < plain.common.size(); ++i) {
    EXPECT_EQ(found.common[i].value, plain.common[i].value) << i;
    EXPECT_EQ(found.common[i].count, plain.common[i].count) << i;
  }
}

struct HardLaw {
  const char* name;
  std::function<double(std::size_t, std::size_t, std::mt19937_64&)> value;  // row, rows
};

double evenly(std::mt19937_64& chance) { return static_cast<double>(chance() >> 11) * 0x1p-53; }

const HardLaw kHardLaws[] = {
    {"even", [](auto, auto, auto& chance) { return evenly(chance); }},
    {"both signs", [](auto, auto, auto& chance) { return evenly(chance) - evenly(chance); }},
    {"wide", [](auto, auto, auto& chance) { return std::exp(40 * evenly(chance) - 20); }},
    {"constant", [](auto, auto, auto&) { return -7.25; }},
    {"rising", [](std::size_t i, auto, auto&) { return static_cast<double>(i); }},
    {"falling", [](std::size_t i, std::size_t n, auto&) { return static_cast<double>(n - i) / 3; }},
    {"few values", [](auto, auto, auto& chance) { return static_cast<double>(chance() % 7) - 3; }},
    {"one of two", [](auto, auto, auto& chance) { return chance() % 100 == 0 ? 1.0 : 0.0; }},
    {"ties", [](auto, auto, auto& chance) { return std::floor(evenly(chance) * 3000) / 8; }},
    {"rare ties", [](std::size_t i, auto, auto&) { return static_cast<double>(i / 2) * 0x1p-40; }},
    {"zeros of both signs",
     [](auto, auto, auto& chance) {
       return chance() % 2 == 0 ? -0.0 : evenly(chance) > .5 ? 0.0 : -1;
     }},
    {"missing and infinite",
     [](std::size_t i, auto, auto& chance) {
       if (i % 5 == 0) return kNoNumber;
       return i % 7 == 0 ? kInfinite : i % 11 == 0 ? -kInfinite : evenly(chance);
     }},
    {"none finite", [](std::size_t i, auto, auto&) { return i % 2 == 0 ? kNoNumber : -kInfinite; }},
    {"one finite", [](std::size_t i, auto, auto&) { return i == 0 ? 3 : kNoNumber; }},
    {"from end to end",
     [](std::size_t i, auto, auto& chance) {
       return i == 3 ? -kLargest : i == 4 ? kLargest : 1e-300 * evenly(chance);
     }},
    // All but a few in a single cell, once of many values and once of two.
    {"a crowd",
     [](std::size_t i, auto, auto& chance) { return i < 5 ? -1e9 : 1 + 1e-12 * evenly(chance); }},
    {"a crowd of two",
     [](std::size_t i, auto, auto&) {
       return i < 5 ? -1e9 : i % 3 == 0 ? 1.0 : std::nextafter(1, 2);
     }},
    {"denormal",
     [](auto, auto, auto& chance) {
       return static_cast<double>(chance() % 90'000) * 0x1p-1074;
     }},
};

TEST(Landmarks, AreThoseOfWhatIsSorted) {
  LandmarkRoom room;  // of all of them, one after another
  for (const HardLaw& law : kHardLaws) {
    for (const std::size_t rows : {0U, 1U, 2U, 19U, 20U, 21U, 16'384U, 16'385U, 20'000U}) {
      std::mt19937_64 chance(rows);
      std::vector<double> values(rows);
      for (std::size_t i = 0; i < rows; ++i) values[i] = law.value(i, rows, chance);
      for (const std::uint64_t common_from : {1UL, rows / 100 + 1}) {
        SCOPED_TRACE(std::string(law.name) + ", " + std::to_string(rows) + " rows, common from " +
                     std::to_string(common_from));
        expect_same_landmarks(landmarks(values, kParts, common_from, room),
                     by_sorting(values, common_from));
      }
    }
  }
}

}  // namespace
}  // namespace rondo::stats
