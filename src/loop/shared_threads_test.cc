// Each job once, whoever asks; and nobody waits for a turn that was given up.
#include "loop/shared.h"

#include <gtest/gtest.h>

#include <vector>

#include "loop/replay_world.h"

namespace rondo::loop {
namespace {

Json job(int number) { return {{"kind", "train"}, {"options", {{"n", number}}}}; }

SharedJob made(const std::string& reason) {
  SharedJob job;
  job.output.reason = reason;
  job.cpu_s = 3;
  return job;
}

TEST(SharedJobs, ManyAskAndOneWorks) {
  SharedJobs jobs;
  Counter worked, took;
  {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < 6; ++i) {
      workers.push_back(std::make_unique<Worker>("asks", [&](const Stop& stop) {
        for (int n = 0; n < 20; ++n) {
          auto asked = jobs.ask(job(n), stop);
          ASSERT_TRUE(asked);
          if (auto* turn = std::get_if<SharedJobs::Turn>(&*asked)) {
            worked.add();
            turn->finish(made(std::to_string(n)));
          } else {
            took.add(std::get<SharedJob>(*asked).output.reason == std::to_string(n) ? 1 : 100'000);
          }
        }
      }));
    }
    for (const auto& worker : workers) worker->join();
  }
  EXPECT_EQ(worked.get(), 20U);
  EXPECT_EQ(took.get(), 100U);
}

TEST(SharedJobs, ATurnThatIsGivenUpGoesToTheNext) {
  SharedJobs jobs;
  Stop stop;
  {
    const auto asked = jobs.ask(job(1), stop);
    ASSERT_TRUE(asked && std::holds_alternative<SharedJobs::Turn>(*asked));
  }
  auto again = jobs.ask(job(1), stop);
  ASSERT_TRUE(again && std::holds_alternative<SharedJobs::Turn>(*again));
  stop.request();
  EXPECT_EQ(jobs.ask(job(1), stop).error().code, Code::kCancelled) << "another one has the turn";
}

TEST(SharedJobs, WhereAJobSpillsMakesNoOtherJob) {
  SharedJobs jobs;
  const auto at = [](const char* temp) {
    return Json{{"kind", "prepare"}, {"options", {{"now", {{"temp", temp}}}}}};
  };
  auto asked = jobs.ask(at("/a"), {});
  std::get<SharedJobs::Turn>(*asked).finish(made("prepared"));
  EXPECT_TRUE(std::holds_alternative<SharedJob>(*jobs.ask(at("/b"), {})));
}

TEST(SharedJobs, TheLastOneHasTheMachine) {
  SharedJobs jobs;
  const std::size_t all = cores();
  std::optional<SharedJobs::Going> first(std::in_place, jobs);
  EXPECT_EQ(jobs.cores_each(), all);
  EXPECT_TRUE(jobs.alone());
  {
    std::vector<std::unique_ptr<SharedJobs::Going>> others;
    for (std::size_t i = 1; i < all; ++i) {
      others.push_back(std::make_unique<SharedJobs::Going>(jobs));
    }
    EXPECT_EQ(jobs.cores_each(), 1U);
    EXPECT_EQ(jobs.alone(), all == 1);
  }
  EXPECT_EQ(jobs.cores_each(), all);
}

TEST(Shared, TheRecordingIsReadOnce) {
  Shared shared;
  int read = 0;
  const auto reads = [&]() -> Result<Recording> {
    ++read;
    if (read == 1) return fail(Code::kIo, "not yet");
    return Recording();
  };
  EXPECT_FALSE(shared.recording(reads));
  const auto first = shared.recording(reads);
  ASSERT_TRUE(first);
  EXPECT_EQ(*shared.recording(reads), *first);
  EXPECT_EQ(read, 2);
}

}  // namespace
}  // namespace rondo::loop
