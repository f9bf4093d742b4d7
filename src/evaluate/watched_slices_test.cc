// Which parts are watched, and what is proved of each, against counts by hand.
#include "evaluate/watched_slices.h"

#include <gtest/gtest.h>

#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

using table::Side;

/// 400 test rows of two classes: kind a and b by turns, c ten times, size from 0 to 399 and missing
/// in the last 40; wrong in each tenth row of a and each fourth of b.
struct Known {
  model::Prepared prepared;
  Truth truth{model::Task::kBinary, 2, {}, {}};
  Answers answers;
  std::uint64_t wrong_a = 0, rows_a = 0;

  Known() {
    table::Schema inputs;
    inputs.fields = {{"kind", table::Type::kCategory}, {"size", table::Type::kNumber}};
    model::Step kind, size, hour;
    kind.feature = "kind";
    kind.kind = model::Step::Kind::kCategory;
    kind.input = 0;
    kind.categories = {"a", "b", "c"};
    size.feature = "size";
    size.input = 1;
    hour.feature = "hour";
    hour.kind = model::Step::Kind::kTimePart;
    prepared.transform = model::Transform(inputs, {kind, size, hour}, {});
    for (int i = 0; i < 400; ++i) {
      const int code = i < 10 ? 2 : i % 2;
      prepared.features.values.insert(
          prepared.features.values.end(),
          {static_cast<double>(code), i < 360 ? i : std::nan(""), 0.0});
      prepared.side.push_back(Side::kTest);
      const bool wrong = code == 0 ? i % 20 == 0 : code == 1 && i % 8 == 1;
      truth.label.push_back(1);
      answers.push_back(wrong ? 0.2 : 0.9);
      rows_a += code == 0 ? 1 : 0;
      wrong_a += code == 0 && wrong ? 1 : 0;
    }
    prepared.features.rows = 400;
    prepared.features.columns = 3;
  }
  Result<Json> watched(const std::vector<std::string>& columns) const {
    return watched_slices_json({prepared, truth, answers}, columns, {});
  }
};

TEST(WatchedSlices, EachPartHasABoundOfItsOwn) {
  const Known known;
  const Json kinds = known.watched({"kind"}).value();
  ASSERT_EQ(kinds.size(), 2U) << "ten rows of c are too few";
  const Json& a = kinds[0].at("value") == "a" ? kinds[0] : kinds[1];
  EXPECT_EQ(a.at("where"), "kind = a");
  EXPECT_EQ(a.at("rows"), known.rows_a);
  EXPECT_NEAR(a.at("test_risk").get<double>(),
              static_cast<double>(known.wrong_a) / static_cast<double>(known.rows_a), 1e-12);
  EXPECT_EQ(a.at("risk_bound"),
            stats::clopper_pearson_upper({known.wrong_a, known.rows_a}, 0.01));
  const Json sizes = known.watched({"size"}).value();
  ASSERT_EQ(sizes.size(), 5U) << "four quarters, and what is missing";
  std::uint64_t rows = 0;
  for (const Json& one : sizes) rows += one.at("rows").get<std::uint64_t>();
  EXPECT_EQ(rows, 400U);
  EXPECT_EQ(known.watched({"kind", "size"}).value().size(), 7U);
  EXPECT_TRUE(known.watched({}).value().empty());
}

TEST(WatchedSlices, DaysAreCountedOnce) {
  Known known;
  for (std::int64_t i = 0; i < 400; ++i) known.truth.day.push_back(i / 100);
  EXPECT_TRUE(known.watched({"kind"}).value().empty()) << "four days are no week";
  for (std::int64_t i = 0; i < 400; ++i) known.truth.day[static_cast<std::size_t>(i)] = i / 40;
  const Json kinds = known.watched({"kind"}).value();
  ASSERT_EQ(kinds.size(), 2U);
  EXPECT_EQ(kinds[0].at("days"), 10);
  EXPECT_EQ(kinds[0].at("rows_per_day"), 20);
}

TEST(WatchedSlices, AColumnThatIsNoInputIsNamed) {
  const Known known;
  for (const char* column : {"hour", "sise"}) {
    const auto refused = known.watched({column});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text().find(column), std::string::npos);
    EXPECT_NE(refused.error().text().find("monitor.slices"), std::string::npos);
    EXPECT_NE(refused.error().text().find("kind, size"), std::string::npos);
  }
}

}  // namespace
}  // namespace rondo::evaluate
