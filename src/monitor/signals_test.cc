// How often a signal comes within its life, and that a telling again does not begin to count anew.
#include "monitor/signals.h"

#include <gtest/gtest.h>

namespace rondo::monitor {
namespace {

TEST(OpenSignals, AFaultThatComesAndGoesIsOneSignalThatCounts) {
  OpenSignals open;
  std::vector<Signal> out;
  const Time begin = *parse_time("2024-03-01");
  Finding finding;
  finding.kind = "missing";
  finding.evidence = 2;
  int day = 0;
  const auto window = [&](bool shows) {
    const OpenSignals::Window here{begin + Span::days(day), begin + Span::days(day + 1)};
    if (shows) open.note({Scope::kInput, here, 0.25}, "a", std::span(&finding, 1), out);
    open.settle(Scope::kInput, here, out);
    ++day;
  };
  for (const bool shows : {true, true, false, true, false, false, true, true}) window(shows);
  ASSERT_EQ(out.size(), 1U) << "told once";
  ASSERT_EQ(open.list().size(), 1U);
  EXPECT_EQ(open.list().front().came, 3);
  EXPECT_EQ(OpenSignals::restore(open.state())->list().front().came, 3);
  window(false);
  finding.quarantines = true;
  window(true);
  ASSERT_EQ(out.size(), 2U) << "it keeps rows out now";
  EXPECT_EQ(out.back().came, 4) << "and came once more with that";
  EXPECT_EQ(open.list().front().came, 4);
  for (int i = 0; i < 3; ++i) window(false);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_FALSE(out.back().open);
  EXPECT_EQ(signal_from(to_json(out.back()))->came, 4);
  EXPECT_FALSE(to_json(out.front()).contains("came")) << "facts of before read as they did";
}

}  // namespace
}  // namespace rondo::monitor
