// The sample is what it says: all up to the limit, then a random part that only the ids decide.
#include "loop/window_sample.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rondo::loop {
namespace {

std::vector<std::string> ids(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(fmt::format("AAAA{:06}.{}", i / 4, i % 4));
  return out;
}

std::set<std::string> kept_of(std::size_t most, const std::vector<std::string>& in,
                              double* share = nullptr) {
  WindowSample sample(most);
  std::set<std::string> gone;
  for (const std::string& id : in) {
    ledger::Prediction row;
    row.id = id;
    sample.add(std::move(row), [&](const std::string& out) { gone.insert(out); });
  }
  std::set<std::string> out;
  for (const auto& item : sample.rows()) out.insert(item.first);
  for (const std::string& id : gone) EXPECT_FALSE(out.contains(id)) << id;
  if (share != nullptr) *share = sample.share();
  return out;
}

TEST(WindowSample, KeepsAllUpToTheLimit) {
  double share = 0;
  EXPECT_EQ(kept_of(1000, ids(1000), &share).size(), 1000U);
  EXPECT_EQ(share, 1);
}

TEST(WindowSample, OfMoreARandomPartOfTheSizeThatItSays) {
  double share = 0;
  const auto kept = kept_of(10'000, ids(200'000), &share);
  EXPECT_LE(kept.size(), 10'000U);
  EXPECT_EQ(share, 1.0 / 32);
  // 6250 expected; 320 is four standard deviations of a binomial of 200,000 at 1/32.
  EXPECT_NEAR(static_cast<double>(kept.size()), 6250, 320);
  // Rows of one request are drawn one by one: 4 of them together are 32^-4 likely, not 1/32.
  const auto requests = std::ranges::count_if(
      kept, [&](const std::string& id) { return kept.contains(id.substr(0, 11) + "3"); });
  EXPECT_LT(requests, static_cast<std::ptrdiff_t>(kept.size()) / 2);
}

TEST(WindowSample, OrderAndRepetitionChangeNothing) {
  std::vector<std::string> all = ids(5'000);
  const auto forward = kept_of(700, all);
  std::ranges::reverse(all);
  EXPECT_EQ(kept_of(700, all), forward);
  std::vector<std::string> twice = all;
  twice.insert(twice.end(), all.begin() + 1'000, all.end());
  EXPECT_EQ(kept_of(700, twice), forward);
}

}  // namespace
}  // namespace rondo::loop
