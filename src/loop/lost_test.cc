// What counts as lost: an authentic id of a start that is over, beyond the end of what it logged.
#include "loop/lost.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace rondo::loop {
namespace {

using ledger::PredictionIds;
using ledger::PredictionLog;

class Lost : public testing::Test {
 protected:
  /// What start `start` answered and logged, one row a sequence.
  void log(std::uint32_t start, std::uint16_t thread, std::uint64_t from, std::uint64_t until) {
    const auto log = PredictionLog::open(fs_, scratch_.path(), start).value();
    for (std::uint64_t at = from; at < until; ++at) {
      ledger::Prediction row;
      row.id = id(start, thread, at);
      ASSERT_TRUE(log->write(std::span(&row, 1)));
    }
    ASSERT_TRUE(log->flush());
  }
  static std::string id(std::uint32_t start, std::uint16_t thread, std::uint64_t sequence) {
    return PredictionIds("secret", start).make(thread, sequence, 1) + ".0";
  }
  LostAnswers by(std::uint32_t start) { return {*fs_, scratch_.path(), start}; }

  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
};

TEST_F(Lost, BeyondTheEndOfAStartThatIsOver) {
  log(1, 0, 0, 3);
  log(1, 5, 0, 1);
  LostAnswers now = by(2);
  EXPECT_FALSE(now.is_lost(id(1, 0, 2)).value());
  EXPECT_TRUE(now.is_lost(id(1, 0, 3)).value());
  EXPECT_FALSE(now.is_lost(id(1, 5, 0)).value()) << "each thread has an end of its own";
  EXPECT_TRUE(now.is_lost(id(1, 7, 0)).value()) << "nothing of that thread was logged";
}

TEST_F(Lost, NotWhatThisStartOrALaterOneAnswers) {
  log(1, 0, 0, 1);
  LostAnswers now = by(2);
  EXPECT_FALSE(now.is_lost(id(2, 0, 99)).value()) << "it is on its way to the log";
  EXPECT_FALSE(now.is_lost(id(3, 0, 99)).value()) << "another program took over and goes on";
}

TEST_F(Lost, WithoutAStartOfItsOwnTheLogMayStillGrow) {
  log(1, 0, 0, 1);
  LostAnswers beside = by(0);
  EXPECT_TRUE(beside.is_lost(id(1, 0, 1)).value());
  log(1, 0, 1, 2);
  EXPECT_FALSE(beside.is_lost(id(1, 0, 1)).value());
}

TEST_F(Lost, WhatWasDroppedFromTheLogOrNeverKept) {
  log(1, 0, 5, 8);  // retention took 0 to 4 in an earlier start
  LostAnswers now = by(2);
  EXPECT_TRUE(now.is_lost(id(1, 0, 4)).value());
  EXPECT_FALSE(now.is_lost(id(1, 0, 5)).value());
  EXPECT_FALSE(now.is_lost(id(2, 3, 9)).value());
  now.dropped({{{2, 3}, 9}, {{1, 0}, 6}});
  EXPECT_TRUE(now.is_lost(id(2, 3, 9)).value()) << "also of this start";
  EXPECT_FALSE(now.is_lost(id(2, 3, 10)).value());
  EXPECT_TRUE(now.is_lost(id(1, 0, 6)).value());
  EXPECT_FALSE(now.is_lost(id(1, 0, 7)).value());
  now.dropped({{{2, 3}, 4}});
  EXPECT_TRUE(now.is_lost(id(2, 3, 9)).value()) << "what is gone stays gone";
}

TEST_F(Lost, WhatTheShareLeftOut) {
  // Of an earlier start that kept a tenth: only ids whose lot is below were logged.
  const auto log = PredictionLog::open(fs_, scratch_.path(), 1).value();
  for (std::uint64_t at = 0; at < 400; ++at) {
    ledger::Prediction row;
    row.id = id(1, 0, at);
    if (PredictionIds::lot_of(row.id) >= 0.1) continue;
    ASSERT_TRUE(log->write(std::span(&row, 1)));
  }
  ASSERT_TRUE(log->flush());
  LostAnswers now = by(2);
  int lost = 0, kept = 0;
  for (std::uint64_t at = 50; at < 350; ++at) {
    const bool left_out = PredictionIds::lot_of(id(1, 0, at)) >= 0.1;
    ASSERT_EQ(now.is_lost(id(1, 0, at)).value(), left_out) << at;
    ++(left_out ? lost : kept);
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(lost, 100);
}

}  // namespace
}  // namespace rondo::loop
