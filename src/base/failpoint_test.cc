// Failpoints are armed by the environment when a process hits its first one, so each case is a
// process of its own (a death test that starts the program anew).
#include "base/failpoint.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace rondo {
namespace {

TEST(Failpoint, NamesAreSnakeCase) {
  EXPECT_EQ(name_of(Failpoint::kObjectRename), "object_rename");
  EXPECT_EQ(name_of(Failpoint::kFactsBeforeCommit), "facts_before_commit");
  const Error error = injected_error(Failpoint::kLogSync);
  EXPECT_EQ(error.code, Code::kIo);
  EXPECT_NE(error.message.find("log_sync"), std::string::npos);
}

#if defined(RONDO_FAILPOINTS)

Result<void> pass_swap() {
  RONDO_FAILPOINT(kSwap);
  return {};
}

class Armed : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  static void arm(const char* plan) { setenv("RONDO_FAILPOINTS", plan, 1); }
};

TEST_F(Armed, FailsAtTheNthHitOnly) {
  EXPECT_EXIT(
      {
        arm("swap=error@2,rollback=short");
        const bool good = pass_swap() && !pass_swap() && pass_swap() &&
                          hit(Failpoint::kRollback) == Injected::kShortWrite &&
                          hit(Failpoint::kRollback) == Injected::kShortWrite;
        _exit(good ? 42 : 1);
      },
      testing::ExitedWithCode(42), "");
}

TEST_F(Armed, DiesByKill) {
  EXPECT_EXIT(
      {
        arm("swap=off,gc_mark=crash@1");
        static_cast<void>(pass_swap());
        hit(Failpoint::kGcMark);
        _exit(0);
      },
      testing::KilledBySignal(SIGKILL), "");
}

TEST_F(Armed, RefusesAPlanThatArmsNothing) {
  EXPECT_DEATH(
      {
        arm("swop=error");
        hit(Failpoint::kSwap);
      },
      "\"swop=error\": there is no such failpoint");
  EXPECT_DEATH(
      {
        arm("swap=explode");
        hit(Failpoint::kSwap);
      },
      "actions are off, error, short, crash, sleep:MS");
}

TEST_F(Armed, NotesEachPointOnce) {
  const std::string log = testing::TempDir() + "failpoints_hit";
  ::unlink(log.c_str());
  EXPECT_EXIT(
      {
        setenv("RONDO_FAILPOINT_LOG", log.c_str(), 1);
        for (int i = 0; i < 3; ++i) hit(Failpoint::kSwap);
        hit(Failpoint::kMigrate);
        _exit(42);
      },
      testing::ExitedWithCode(42), "");
  std::ifstream in(log);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, "swap\nmigrate\n");
}

#endif

}  // namespace
}  // namespace rondo
