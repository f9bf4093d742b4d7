// The log of pushed rows: what waits behind a place in it.
#include "ledger/pushed.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace rondo::ledger {
namespace {

TEST(Pushed, RowsBehindTheEndOfASegmentWait) {
  const io::Scratch scratch;
  const auto fs = io::real_fs();
  io::LogState state;
  const auto log = *io::RecordLog::open(fs, scratch / "pushed", {.segment_bytes = 100}, &state);
  const auto push = [&](const std::string& lines, std::uint64_t rows) {
    const std::vector<std::string> one = {encode({"", "", "", rows, lines})};
    ASSERT_TRUE(log->append(one, kPushedType));
    ASSERT_TRUE(log->sync());
  };
  const auto nothing = [](Pushed&&) {};
  push(std::string(200, ' ') + "\n", 1);
  // Collected before the full segment got its end, which is written with the next rows.
  const io::LogPosition through = *read_pushed(*fs, scratch / "pushed", {}, nothing);
  EXPECT_EQ(*pushed_waiting(*fs, scratch / "pushed", through), 0U);
  push("{}\n{}\n", 2);
  EXPECT_EQ(*pushed_waiting(*fs, scratch / "pushed", through), 2U);
  ASSERT_TRUE(log->finish());
  EXPECT_EQ(*pushed_waiting(*fs, scratch / "pushed", through), 2U);
  const io::LogPosition end = *read_pushed(*fs, scratch / "pushed", through, nothing);
  EXPECT_EQ(*pushed_waiting(*fs, scratch / "pushed", end), 0U);
}

}  // namespace
}  // namespace rondo::ledger
