// The shadow under many threads: every record comes to the log once, in the order of its thread,
// with what the other version answered.
#include "loop/shadow.h"

#include <gtest/gtest.h>

#include "deploy/testing.h"
#include "io/scratch.h"

namespace rondo::loop {
namespace {

/// v1 answers 10 at x = -1, v2 20.
deploy::Routing routing(bool rolls_out) {
  deploy::Routing table;
  table.champion = deploy::lagged(1, 10, 0);
  if (rolls_out) {
    deploy::Trial trial;
    trial.other = deploy::lagged(2, 20, 0);
    trial.share = trial.recorded = 5'000;
    table.trial = std::make_shared<const deploy::Trial>(trial);
  }
  return table;
}

ledger::Prediction row(const std::string& id, std::int64_t version, ledger::Arm arm) {
  const model::Cell x = deploy::cell(-1.0);
  ledger::Prediction out;
  out.id = id;
  out.version = version;
  out.value = version == 1 ? 10 : 20;
  out.arm = arm;
  out.share = 5'000;
  out.cells = model::encode_cells({&x, 1});
  return out;
}

class ShadowThreads : public ::testing::Test {
 protected:
  std::vector<ledger::Prediction> logged() {
    EXPECT_TRUE(log_->flush());
    std::vector<ledger::Prediction> out;
    EXPECT_TRUE(ledger::read_predictions(*fs_, scratch_.path(), {}, [&](ledger::Prediction&& one) {
      out.push_back(std::move(one));
    }));
    return out;
  }
  void publish(bool rolls_out) {
    router_.publish(std::make_shared<const deploy::Routing>(routing(rolls_out)));
  }

  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
  std::unique_ptr<ledger::PredictionLog> log_ =
      ledger::PredictionLog::open(fs_, scratch_.path(), 1).value();
  deploy::Router router_;
};

TEST_F(ShadowThreads, EachRecordComesOnceInOrderWithItsShadow) {
  publish(true);
  constexpr int kEach = 200;
  {
    ShadowScorer shadow(router_, *log_);
    EXPECT_FALSE(shadow.busy());
    shadow.hold();
    std::vector<std::unique_ptr<Worker>> threads;
    for (int t = 0; t < 3; ++t) {
      threads.push_back(std::make_unique<Worker>("asks", [&shadow, t](const Stop&) {
        for (int i = 0; i < kEach; ++i) {
          const auto arm = static_cast<ledger::Arm>(i % 3);
          const auto one = row(std::to_string(t) + "-" + std::to_string(i) + ".0",
                               arm == ledger::Arm::kCanary ? 2 : 1, arm);
          EXPECT_TRUE(shadow.write({&one, 1}));
        }
      }));
    }
    for (const auto& thread : threads) thread->join();
    shadow.drain();
    EXPECT_EQ(shadow.scored() + shadow.shed(), 3U * 2 * kEach / 3 + 2);
    EXPECT_TRUE(shadow.busy());
    shadow.release();
    EXPECT_FALSE(shadow.busy());
  }
  std::map<char, int> next;
  for (const ledger::Prediction& one : logged()) {
    const int number = next[one.id[0]]++;
    EXPECT_EQ(one.id.substr(2), std::to_string(number) + ".0") << "out of order";
    if (one.arm == ledger::Arm::kNamed) {
      EXPECT_FALSE(one.shadow) << "who names a version is not compared";
      continue;
    }
    ASSERT_TRUE(one.shadow) << one.id;
    EXPECT_EQ(one.shadow->version, one.version == 1 ? 2 : 1);
    EXPECT_EQ(one.shadow->value, one.version == 1 ? 20 : 10);
    EXPECT_GT(one.shadow->own_ns, 0U);
    EXPECT_GT(one.shadow->shadow_ns, 0U);
  }
  for (const char thread : {'0', '1', '2'}) EXPECT_EQ(next[thread], kEach);
}

TEST_F(ShadowThreads, TheChampionScoresTheRowAsItReadsIt) {
  publish(true);
  ShadowScorer shadow(router_, *log_);
  auto one = row("a.0", 2, ledger::Arm::kCanary);
  const model::Cell x = deploy::cell(1.0);  // v1 answers 11 there; x is -1 to v2
  one.read_cells = model::encode_cells({&x, 1});
  ASSERT_TRUE(shadow.write({&one, 1}));
  shadow.drain();
  const auto rows = logged();
  ASSERT_EQ(rows.size(), 1U);
  ASSERT_TRUE(rows[0].shadow);
  EXPECT_EQ(rows[0].shadow->value, 11);
  EXPECT_EQ(rows[0].read_cells, one.read_cells);
}

TEST_F(ShadowThreads, ARolloutThatEndedMeanwhileLosesNoRecord) {
  publish(false);
  ShadowScorer shadow(router_, *log_);
  const auto one = row("a.0", 2, ledger::Arm::kCanary);
  ASSERT_TRUE(shadow.write({&one, 1}));
  shadow.drain();
  const auto rows = logged();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].shadow);
  EXPECT_FALSE(shadow.busy());
}

TEST_F(ShadowThreads, BeyondItsRoomScoringIsShedAndThenTheRecord) {
  publish(true);
  ShadowScorer shadow(router_, *log_);
  const std::vector<ledger::Prediction> many(150'000, row("a.0", 1, ledger::Arm::kChampion));
  ASSERT_TRUE(shadow.write(many));
  EXPECT_EQ(shadow.shed(), many.size());
  const std::vector<ledger::Prediction> more(250'000, row("b.0", 1, ledger::Arm::kChampion));
  EXPECT_FALSE(shadow.write(more));
  EXPECT_EQ(shadow.dropped(), more.size());
  shadow.drain();
  EXPECT_EQ(shadow.scored(), 0U);
}

}  // namespace
}  // namespace rondo::loop
