// Versions change and labels arrive while many threads ask: no reply mixes two versions, and what
// was learnt before a request is seen by it.
#include <gtest/gtest.h>

#include "base/worker.h"
#include "deploy/testing.h"

namespace rondo::deploy {
namespace {

constexpr std::int64_t kVersions = 8;
constexpr int kSwaps = 2'000;

TEST(RouterThreads, NoReplyMixesTwoVersions) {
  Router router;
  std::vector<std::shared_ptr<const Deployed>> versions;
  for (std::int64_t v = 0; v < kVersions; ++v) {
    versions.push_back(lagged(v + 1, 1000.0 * static_cast<double>(v + 1),
                              static_cast<std::uint32_t>(v % 3)));
  }
  const auto publish = [&](int turn) {
    const auto at = static_cast<std::size_t>(turn);
    router.publish(std::make_shared<const Routing>(
        Routing{versions[at % kVersions], versions[(at + kVersions - 1) % kVersions]}));
  };
  publish(0);
  Counter answered, wrong;
  {
    std::vector<std::unique_ptr<Worker>> askers;
    for (int thread = 0; thread < 3; ++thread) {
      askers.push_back(std::make_unique<Worker>("asker", [&](const Stop& stop) {
        const model::Cell cells[] = {cell(1.0)};
        while (!stop.requested()) {
          const auto routing = router.take();  // as a request does: once
          const std::int64_t named = routing->champion->version;
          for (int row = 0; row < 4; ++row) {
            const Time time{1'000'000'000'000};
            const Answer answer =
                Router::answer(routing->champion, {cells, time, time}, nullptr);
            const double base = 1000.0 * static_cast<double>(named) + 1;
            const bool right = answer.version == named && answer.by->version == named &&
                               (answer.value == base || answer.value == base + 10);
            if (!right) wrong.add();
          }
          if (routing->former && routing->former->version % kVersions + 1 != named) wrong.add();
          answered.add();
        }
      }));
    }
    for (int turn = 1; turn <= kSwaps || answered.get() < 100; ++turn) {
      publish(turn);
      const Time event{turn * 1'000LL};
      const model::Observation seen[] = {
          {0, "", event, event, static_cast<std::uint64_t>(turn), turn % 2 * 10.0}};
      router.learn(seen, "y", {});
    }
  }
  EXPECT_EQ(wrong.get(), 0U);
  EXPECT_GE(answered.get(), 100U);
}

TEST(RouterThreads, AReplacedVersionLivesUntilItsLastRequestLetsGo) {
  Router router;
  auto first = lagged(1, 1000, 0);
  const std::weak_ptr<Deployed> watched = first;
  router.publish(std::make_shared<const Routing>(Routing{std::move(first), nullptr}));
  auto request = router.take();
  router.publish(std::make_shared<const Routing>(Routing{lagged(2, 2000, 0), nullptr}));
  ASSERT_FALSE(watched.expired());
  const model::Cell cells[] = {cell(1.0)};
  EXPECT_EQ(Router::answer(request->champion, {cells, {}, {}}, nullptr).value, 1001);
  request = nullptr;
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace rondo::deploy
