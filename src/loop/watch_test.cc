// When another version becomes the champion, its watch goes on with what the last one gathered.
#include "loop/watch.h"

#include <gtest/gtest.h>

#include "deploy/testing.h"
#include "io/scratch.h"

namespace rondo::loop {
namespace {

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() {
    ledger::OpenOptions create;
    create.create = true;
    store_ = ledger::Store::open(fs_, scratch_.path() / ".rondo", create).value();
    options_.window = Span::hours(1);
    options_.label_delay = Span::hours(1);
    ids_.emplace(store_->ledger->secret("prediction_ids").value(), 1);
  }
  /// Of each of these rows.
  void label(std::uint64_t from, std::uint64_t to) {
    std::vector<ledger::Label> labels;
    for (std::uint64_t i = from; i < to; ++i) {
      const Time time{static_cast<std::int64_t>(i) * 1'000'000};
      labels.push_back({ids_->make(0, i, 1) + ".0", 1.0, time, time, 1, false});
    }
    ASSERT_TRUE(store_->ledger->add_labels(labels));
  }
  /// So many answers of the first hour, each with its label.
  void answer(std::uint64_t epoch, std::uint64_t from, std::uint64_t to, bool labelled = true) {
    const auto log = ledger::PredictionLog::open(fs_, store_->log(), epoch).value();
    for (std::uint64_t i = from; i < to; ++i) {
      ledger::Prediction row;
      row.id = ids_->make(0, i, 1) + ".0";
      row.time = row.answered = Time{static_cast<std::int64_t>(i) * 1'000'000};
      row.version = 4;
      const model::Cell x = deploy::cell(1);
      row.cells = model::encode_cells({&x, 1});
      ASSERT_TRUE(log->write(std::span(&row, 1)));
    }
    ASSERT_TRUE(log->flush());
    if (labelled) label(from, to);
  }
  std::unique_ptr<Watch> open(std::int64_t version) {
    const auto pipeline = deploy::lagged(version, 100, 0)->pipeline;
    return Watch::open(*store_, options_, pipeline, version).value();
  }

  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
  std::unique_ptr<ledger::Store> store_;
  monitor::Options options_;
  std::optional<ledger::PredictionIds> ids_;
};

/// A kill may leave a label whose answer is written anew; another kill must not forget it.
TEST_F(WatchTest, ALabelThatWasReadBeforeItsAnswerIsReadAgainAfterAStart) {
  label(0, 10);
  auto watch = open(4);
  ASSERT_TRUE(watch->read());
  EXPECT_EQ(watch->projection().at("place").at("label_row"), 0) << "they are known, and nowhere";
  answer(1, 0, 10, false);
  ASSERT_TRUE(watch->read());
  EXPECT_EQ(watch->projection().at("place").at("label_row"), 0) << "of the window that is open";
  answer(2, 10, 20);
  ASSERT_TRUE(watch->read());
  const Time now = Time{0} + Span::hours(2);
  ASSERT_TRUE(watch->look(*watch->due(now)));
  EXPECT_EQ(watch->look(*watch->due(now))->labelled, 20U);
  EXPECT_EQ(watch->projection().at("place").at("label_row"), 20) << "judged, and done with";
}

TEST_F(WatchTest, TheNextVersionsWatchKnowsWhatTheLastOneGathered) {
  answer(1, 0, 100);
  auto last = open(4);
  ASSERT_TRUE(last->read());
  auto next = open(5);
  next->take_over(std::move(*last));
  // It need not be read again: nothing of it is left to read.
  const auto segments = io::log_segments(*fs_, store_->log()).value();
  for (const io::LogSegment& segment : segments) {
    ASSERT_TRUE(io::drop_segment(*fs_, store_->log(), segment.name));
  }
  answer(2, 100, 150);
  ASSERT_TRUE(next->read());
  const Time now = Time{0} + Span::hours(2);
  ASSERT_EQ(next->matured(now), Time{0});
  ASSERT_FALSE(next->due(now)->labels);
  EXPECT_EQ(next->look(*next->due(now))->rows, 150U);
  ASSERT_TRUE(next->due(now)->labels);
  const Watch::Judged judged = next->look(*next->due(now)).value();
  EXPECT_EQ(judged.rows, 150U);
  EXPECT_EQ(judged.labelled, 150U);
  EXPECT_EQ(next->version(), 5);
  EXPECT_FALSE(next->due(now).has_value());
}

}  // namespace
}  // namespace rondo::loop
