// Each durable act of the stage fails as a value, and the next run from the same start writes what
// an undisturbed one would have. Failpoints are armed at a process's first hit, so each case is its
// own.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect/testing.h"

namespace rondo::collect {
namespace {

#if defined(RONDO_FAILPOINTS)

class Armed : public CollectTest {
 protected:
  Armed() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    put("data/a.csv", "x,y\n1,1\nbad\n2,2\n");
  }
  /// Whether the first run fails by the point and the second one makes version 1 with all rows.
  bool fails_once(const std::string& point) {
    setenv("RONDO_FAILPOINTS", (point + "=error@1").c_str(), 1);
    const auto failed = run();
    if (failed || !failed.error().message.contains(point) || manifest_) return false;
    must(run());
    return manifest().number == 1 && column("x") == "1 2" && rejects().size() == 1;
  }
};

TEST_F(Armed, EachActFailsAsAValueAndCanBeRepeated) {
  for (const std::string point : {"segment_write", "rejects_write", "manifest_write"}) {
    EXPECT_EXIT(_exit(fails_once(point) ? 42 : 1), testing::ExitedWithCode(42), "") << point;
  }
}

#endif

}  // namespace
}  // namespace rondo::collect
