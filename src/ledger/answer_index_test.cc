// Each id finds its own answer, wherever in the log it stands, and what is not there yet is ahead.
#include "ledger/answer_index.h"

#include "ledger/fixture.h"
#include "ledger/log_retention.h"

namespace rondo::ledger {
namespace {

using Ids = std::set<std::string, std::less<>>;

class AnswerIndexTest : public ScratchTest {
 protected:
  /// Answers of two threads of a start, about 3 kB each; the time of one is 1,000 * start + i.
  void write(std::uint32_t start, int from, int to) {
    const PredictionIds ids("secret", start);
    const auto log = must(PredictionLog::open(fs_, root_, start, {.segment_bytes = 3 << 20}));
    for (int i = from; i < to; ++i) {
      Prediction row;
      row.id = ids.make(static_cast<std::uint16_t>(i % 2), static_cast<std::uint64_t>(i), 1) + ".0";
      row.time = {1000 * std::int64_t{start} + i};
      row.answered = row.time;
      row.cells = std::string(3000, 'c');
      ASSERT_TRUE(log->write(std::span(&row, 1)));
      if (i % 300 == 299) must(log->flush());
    }
    must(log->flush());
  }
  static std::string id(std::uint32_t start, int i) {
    return PredictionIds("secret", start)
               .make(static_cast<std::uint16_t>(i % 2), static_cast<std::uint64_t>(i), 1) +
           ".0";
  }
  static std::map<std::string, std::int64_t> found(AnswerIndex& index, const Ids& ids) {
    std::map<std::string, std::int64_t> out;
    must(index.find(ids, [&](Prediction&& row) { out[row.id] = row.time.us; }));
    return out;
  }
};

TEST_F(AnswerIndexTest, EveryIdFindsItsAnswer) {
  write(1, 0, 990);
  write(2, 500, 3000);
  AnswerIndex index(*fs_, root_);
  int rounds = 1;
  while (!must(index.extend(1))) ++rounds;
  EXPECT_GE(rounds, 10) << "10 MB, in batches of up to 900 kB";
  Ids all;
  std::map<std::string, std::int64_t> want;
  for (int i = 0; i < 990; i += 7) want[id(1, i)] = 1000 + i;
  for (int i = 500; i < 3000; i += 7) want[id(2, i)] = 2000 + i;
  for (const auto& item : want) all.insert(item.first);
  all.insert(id(1, 2000));  // never answered
  all.insert(id(2, 0));
  EXPECT_EQ(found(index, all), want);
  EXPECT_EQ(found(index, {id(2, 2999)}).size(), 1U);
}

TEST_F(AnswerIndexTest, WhatIsNotReadYetIsAhead) {
  write(1, 0, 600);
  AnswerIndex index(*fs_, root_);
  EXPECT_TRUE(index.is_ahead(id(1, 5)));
  EXPECT_TRUE(found(index, {id(1, 5)}).empty());
  ASSERT_TRUE(must(index.extend(100)));
  EXPECT_FALSE(index.is_ahead(id(1, 5)));
  EXPECT_TRUE(index.is_ahead(id(1, 600)));
  EXPECT_TRUE(index.is_ahead(id(2, 600))) << "of a start that has answered nothing yet";
  write(2, 600, 601);
  ASSERT_TRUE(must(index.extend(100)));
  EXPECT_TRUE(index.is_ahead(id(1, 600))) << "a kill took it";
  EXPECT_FALSE(index.is_ahead(id(2, 600)));
  EXPECT_EQ(found(index, {id(1, 599), id(2, 600)}).size(), 2U);
}

TEST_F(AnswerIndexTest, AnswersThatOvertakeEachOtherAreFound) {
  // The last answers of a part come before the first ones, as when a thread scores beside others.
  AnswerIndex index(*fs_, root_);
  std::map<std::string, std::int64_t> want;
  for (const int from : {900, 600, 300, 0, 1200}) {
    write(1, from, from + 300);
    while (!must(index.extend(1))) {
    }
    EXPECT_EQ(index.is_ahead(id(1, 1199)), false) << from;
    EXPECT_EQ(index.is_ahead(id(1, 1201)), from != 1200);
    for (int i = from; i < from + 300; i += 7) {
      want[id(1, i)] = 1000 + i;
      EXPECT_EQ(found(index, {id(1, i)}).size(), 1U) << i;
    }
  }
  Ids all;
  for (const auto& item : want) all.insert(item.first);
  EXPECT_EQ(found(index, all), want);
}

TEST_F(AnswerIndexTest, DroppedSegmentsAreForgotten) {
  AnswerIndex index(*fs_, root_);
  write(1, 0, 3000);
  while (!must(index.extend(1))) {
  }
  LogRetention retention(*fs_, root_, Span::days(1), 4 << 20);
  EXPECT_GE(must(retention.run(Time{0})).segments, 1U);
  write(1, 3000, 3600);
  write(2, 0, 900);
  while (!must(index.extend(1))) {
  }
  AnswerIndex other(*fs_, root_);
  while (!must(other.extend(1))) {
  }
  EXPECT_EQ(index.parts(), other.parts());
  EXPECT_TRUE(found(index, {id(1, 0)}).empty());
  EXPECT_FALSE(index.is_ahead(id(1, 0)));
  EXPECT_EQ(found(index, {id(1, 3599), id(2, 0), id(2, 899)}).size(), 3U);
}

TEST_F(AnswerIndexTest, AManyTimesExtendedLogIsReadWhole) {
  // A megabyte in many small steps is one part.
  AnswerIndex index(*fs_, root_);
  Ids all;
  for (std::uint32_t start = 1; start <= 3; ++start) {
    for (int i = 0; i < 900; i += 30) {
      const PredictionIds ids("secret", start);
      write(start, i, i + 30);
      for (int k = i; k < i + 30; ++k) all.insert(id(start, k));
      must(index.extend(1));
    }
  }
  while (!must(index.extend(1))) {
  }
  EXPECT_EQ(found(index, all).size(), all.size());
}

TEST_F(AnswerIndexTest, WhatWasDroppedIsNotFound) {
  write(1, 0, 3000);
  AnswerIndex index(*fs_, root_);
  while (!must(index.extend(10))) {
  }
  LogRetention retention(*fs_, root_, Span{1500}, 1ULL << 40);
  const auto dropped = must(retention.run(Time{4000}));
  ASSERT_GT(dropped.segments, 0U);
  const auto left = found(index, {id(1, 0), id(1, 2998), id(1, 2999)});
  EXPECT_EQ(left.size(), 2U);
  EXPECT_FALSE(left.contains(id(1, 0)));
  EXPECT_FALSE(index.is_ahead(id(1, 0)));
}

}  // namespace
}  // namespace rondo::ledger
