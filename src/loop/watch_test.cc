// When another version becomes the champion, its watch goes on with what the last one gathered.
#include "loop/watch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/seed.h"
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

/// The window of what came last need not close, and a row from the future hides no silence.
TEST_F(WatchTest, ASilenceIsSeenWhileItsWindowIsOpen) {
  options_.window = Span::days(1);
  options_.label_delay = Span{};
  const auto lagged = deploy::lagged(4, 100, 0);
  auto parts = lagged->pipeline->parts();
  parts.reference.has_clock = true;
  parts.reference.longest_gap = Span::hours(1);
  const auto pipeline = *model::Pipeline::load(*model::Pipeline::encode(parts));
  const auto watch = Watch::open(*store_, options_, pipeline, 4).value();
  answer(1, 0, 100);
  ASSERT_TRUE(watch->read());
  const Time newest = Time{99'000'000};
  EXPECT_FALSE(watch->silent(newest + Span::hours(27)));
  EXPECT_TRUE(watch->silent(newest + Span::hours(28)));
  answer(2, 86'400 * 9, 86'400 * 9 + 1);
  ASSERT_TRUE(watch->read());
  EXPECT_TRUE(watch->silent(newest + Span::hours(28))) << "of next week";
  EXPECT_EQ(watch->silence(newest + Span::hours(28)).size(), 1U);
  EXPECT_FALSE(watch->silent(newest + Span::hours(29))) << "told";
  const auto over = watch->silence(Time{86'400LL * 9 * 1'000'000});
  ASSERT_EQ(over.size(), 1U);
  EXPECT_FALSE(over.front().open);
}

/// Answers and labels of one window in an order by chance, a label given twice, one for nothing:
/// what the watch has learnt is the same in every bit.
TEST_F(WatchTest, TheOrderOfArrivalChangesNothing) {
  constexpr std::uint64_t kAnswers = 60;
  std::string learnt;
  for (const std::uint64_t order : {0U, 1U, 2U}) {
    const io::Scratch scratch;
    ledger::OpenOptions create;
    create.create = true;
    const auto store = ledger::Store::open(fs_, scratch.path() / ".rondo", create).value();
    std::vector<std::uint64_t> answers, labels;
    for (std::uint64_t i = 0; i < kAnswers; ++i) {
      answers.push_back(i);
      labels.push_back(i);
    }
    Chance chance(Seed{order});
    for (std::size_t i = kAnswers - 1; i > 0 && order > 0; --i) {
      std::swap(answers[i], answers[chance.below(i + 1)]);
      std::swap(labels[i], labels[chance.below(i + 1)]);
    }
    const auto log = ledger::PredictionLog::open(fs_, store->log(), 1).value();
    for (const std::uint64_t i : answers) {
      ledger::Prediction row;
      row.id = ids_->make(0, i, 1) + ".0";
      row.time = row.answered = Time{static_cast<std::int64_t>(i / 3) * 1'000'000};  // ties too
      row.version = 4;
      row.value = static_cast<double>(i % 7);
      const model::Cell x = deploy::cell(static_cast<double>(i % 5));
      row.cells = model::encode_cells({&x, 1});
      ASSERT_TRUE(log->write(std::span(&row, 1)));
    }
    ASSERT_TRUE(log->flush());
    labels.push_back(labels.front());  // again
    labels.push_back(kAnswers + 7);    // of no answer
    for (const std::uint64_t i : labels) {
      const Time time{static_cast<std::int64_t>(i) * 1'000'000};
      const ledger::Label label{ids_->make(0, i, 1) + ".0", std::sqrt(static_cast<double>(i % 11)),
                                time, time, 1, false};
      ASSERT_TRUE(store->ledger->add_labels(std::span(&label, 1)));
    }
    const auto pipeline = deploy::lagged(4, 100, 0)->pipeline;
    const auto watch = Watch::open(*store, options_, pipeline, 4).value();
    ASSERT_TRUE(watch->read());
    const Time now = Time{0} + Span::hours(2);
    ASSERT_TRUE(watch->look(*watch->due(now)));
    const auto judged = watch->look(*watch->due(now));
    ASSERT_TRUE(judged);
    EXPECT_EQ(judged->labelled, kAnswers) << "each once, and none for nothing";
    const std::string said = watch->projection().at("state").dump();
    if (order == 0) learnt = said;
    EXPECT_EQ(said, learnt) << "order " << order;
  }
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
