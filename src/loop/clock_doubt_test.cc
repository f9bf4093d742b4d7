// A clock that jumped far ahead starts no cycle until a person says that it is right.
#include <gtest/gtest.h>

#include <fstream>

#include "base/clock.h"
#include "io/scratch.h"
#include "loop/run.h"
#include "loop/service.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

constexpr Time kThen{1'767'225'600'000'000};  // 2026-01-01

TEST(ClockDoubt, BeginsAfterThirtyDays) {
  State state;
  EXPECT_FALSE(clock_doubt(state, kThen)) << "a new project has no record to compare with";
  state.sequence = 1;
  state.last_at = kThen;
  EXPECT_FALSE(clock_doubt(state, kThen + Span::days(30)));
  EXPECT_FALSE(clock_doubt(state, kThen - Span::days(400))) << "a clock behind is not followed";
  const auto doubt = clock_doubt(state, kThen + Span::days(31));
  ASSERT_TRUE(doubt);
  EXPECT_NE(doubt->text().find("31 days after the last record"), std::string::npos);
}

TEST(ClockDoubt, NothingIsDecidedUntilAPersonAcceptsTheClock) {
  const io::Scratch scratch;
  const io::Path project = scratch / "project";
  std::filesystem::create_directories(project);
  std::ofstream(project / "rondo.toml")
      << "[project]\nname = \"toy\"\ntarget = \"y\"\n[collect]\nsource = \"rows.csv\"\n";
  std::ofstream(project / "rows.csv") << "x,y\n1,2\n2,3\n";
  const auto run = [&](std::optional<Time> now) {
    return run_until_rest({project, nullptr, nullptr, now, false}, Stop(), nullptr);
  };
  ASSERT_TRUE(run(kThen));
  const auto facts = [&] {
    const auto store = *ledger::Store::open(io::real_fs(), store_folder(project), {});
    return read_state(*store->ledger)->sequence;
  };
  const auto before = facts();
  ASSERT_GT(before, 0);
  const auto later = run(std::nullopt);
  ASSERT_FALSE(later.has_value());
  EXPECT_EQ(later.error().code, Code::kConflict);
  EXPECT_NE(later.error().text().find("--accept-clock"), std::string::npos);
  EXPECT_TRUE(ask_project(project, "pause", Json::object(), "me", "")) << "a person may always act";
  EXPECT_TRUE(ask_project(project, "resume", Json::object(), "me", ""));
  EXPECT_EQ(facts(), before + 2);
  EXPECT_FALSE(run(std::nullopt)) << "and accepts no clock by that";
  ASSERT_TRUE(ask_project(project, "accept_clock", Json::object(), "me", ""));
  EXPECT_TRUE(run(std::nullopt));
}

}  // namespace
}  // namespace rondo::loop
