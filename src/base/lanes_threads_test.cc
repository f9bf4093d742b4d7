// Each part once, whatever the number of threads; what is thrown comes out.
#include "base/lanes.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

#include "base/cores.h"
#include "base/guarded.h"
#include "base/worker.h"

namespace rondo {
namespace {

TEST(Lanes, EachPartIsDoneOnce) {
  for (const std::size_t lanes : std::initializer_list<std::size_t>{0, 1, 3, 64}) {
    Guarded<std::multiset<std::size_t>> seen;
    side_by_side(20, lanes, [&](std::size_t i) { seen.with([i](auto& all) { all.insert(i); }); });
    const auto all = seen.with([](auto& each) { return each; });
    EXPECT_EQ(all.size(), 20U) << lanes;
    EXPECT_EQ(std::set<std::size_t>(all.begin(), all.end()).size(), 20U) << lanes;
  }
  side_by_side(0, 4, [](std::size_t) { FAIL() << "there is nothing to do"; });
}

TEST(Lanes, WhatIsThrownComesOutAndEndsTheRest) {
  for (const std::size_t lanes : std::initializer_list<std::size_t>{1, 3}) {
    Guarded<std::size_t> begun(std::size_t{0});
    const auto work = [&](std::size_t i) {
      begun.with([](std::size_t& count) { ++count; });
      static_cast<void>(std::string("..").at(i % 100));  // .at(3) throws
    };
    EXPECT_THROW(side_by_side(100'000, lanes, work), std::out_of_range);
    EXPECT_LT(begun.with([](std::size_t& count) { return count; }), 100'000U);
  }
}

TEST(Cores, WhoSharesTheMachineHasFewer) {
  const std::size_t all = cores();
  {
    const FewerCores one(1);
    EXPECT_EQ(cores(), 1U);
    const FewerCores more(all + 5);
    EXPECT_EQ(cores(), all);
    std::size_t beside = 0;
    { const Worker other("other", [&](const Stop&) { beside = cores(); }); }
    EXPECT_EQ(beside, all) << "another thread's";
    const FewerCores none(0);
    EXPECT_EQ(cores(), 1U);
  }
  EXPECT_EQ(cores(), all);
}

}  // namespace
}  // namespace rondo
