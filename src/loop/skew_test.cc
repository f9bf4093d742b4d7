// A planted bit must be told, what is right must not, and one row in a thousand is looked at.
#include "loop/skew.h"

#include <gtest/gtest.h>

#include <bit>

#include "deploy/testing.h"
#include "loop/rescore.h"

namespace rondo::loop {
namespace {

/// A thousand answers of one version, its newest "y" grows as they are given.
std::vector<ledger::Prediction> answered(const std::shared_ptr<deploy::Deployed>& by) {
  std::vector<ledger::Prediction> rows(SkewWatch::kOneIn);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Time now{1'000'000 + static_cast<std::int64_t>(i)};
    const model::Cell x = deploy::cell(i % 2 == 0 ? -1.0 : 1.0);
    by->history->with([&](model::HistoryState& history) {
      history.apply({0, "", now + Span{-1}, now + Span{-1}, i, static_cast<double>(i % 10)});
    });
    const auto answer = deploy::Router::answer(by, {{&x, 1}, now, now}, nullptr);
    rows[i].id = "row" + std::to_string(i);
    rows[i].time = now;
    rows[i].version = answer.version;
    rows[i].value = answer.value;
    rows[i].lags = answer.lags;
    rows[i].cells = model::encode_cells({&x, 1});
  }
  return rows;
}

TEST(SkewWatch, OneInAThousandIsScoredAgainAndComesOutTheSame) {
  const auto by = deploy::lagged(4, 100, 0);
  SkewWatch watch;
  for (int i = 0; i < 5; ++i) watch.offer(answered(by));
  watch.check({by, nullptr});
  EXPECT_EQ(watch.checked(), 5U);
  EXPECT_EQ(watch.mismatches(), 0U);
  EXPECT_EQ(watch.alert(), "");
}

TEST(SkewWatch, OneBitIsAnAlertThatStays) {
  const auto by = deploy::lagged(4, 100, 0);
  auto rows = answered(by);
  for (ledger::Prediction& row : rows) {
    row.value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(row.value) ^ 1);
  }
  SkewWatch watch;
  watch.offer(rows);
  watch.check({by, nullptr});
  EXPECT_EQ(watch.checked(), 1U);
  EXPECT_EQ(watch.mismatches(), 1U);
  EXPECT_NE(watch.alert().find("1 of 1 answers"), std::string::npos) << watch.alert();
  EXPECT_NE(watch.alert().find("v4"), std::string::npos) << watch.alert();
  watch.offer(answered(by));
  watch.check({by, nullptr});
  EXPECT_EQ(watch.checked(), 2U);
  EXPECT_NE(watch.alert(), "");
}

TEST(SkewWatch, AVersionThatIsGoneIsPassedOver) {
  SkewWatch watch;
  watch.offer(answered(deploy::lagged(4, 100, 0)));
  watch.check({deploy::lagged(5, 100, 0), nullptr});
  EXPECT_EQ(watch.checked(), 0U);
}

TEST(Rescore, EveryRowOfABlockHasItsLoggedBits) {
  const auto by = deploy::lagged(4, 100, 0);
  const auto rows = answered(by);
  std::vector<LoggedRow> again;
  for (const auto& row : rows) again.push_back(logged_row(row, *by->pipeline).value());
  const auto answers = score_again(*by->pipeline, again);
  ASSERT_EQ(answers.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_TRUE(same_bits(as_answered(by->pipeline->parts(), {&answers[i], 1}), rows[i])) << i;
  }
  auto without = rows[0];
  without.lags.clear();
  EXPECT_FALSE(logged_row(without, *by->pipeline)) << "a record from before lags were logged";
}

}  // namespace
}  // namespace rondo::loop
