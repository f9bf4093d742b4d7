// Served predictions as rows: typed by the contract, left to the source where it has them too.
#include "collect/served.h"

#include <cmath>

#include "collect/testing.h"
#include "ledger/served_rows.h"
#include "model/served_past.h"

namespace rondo::collect {
namespace {

using ServedStage = CollectTest;

table::Contract contract_of(std::vector<table::Field> fields) {
  table::Contract contract;
  contract.schema.fields = std::move(fields);
  return contract;
}

Json group(std::vector<std::string> columns, Json rows) {
  return {{"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

Json served_row(const std::string& id, std::int64_t time_us, Json label, Json cells) {
  return {{"id", id}, {"time_us", time_us}, {"label", std::move(label)},
          {"cells", std::move(cells)}};
}

const table::Contract kContract = contract_of({{"x", table::Type::kInteger},
                                               {"kind", table::Type::kCategory},
                                               {"left", table::Type::kNumber},
                                               {"y", table::Type::kBool}});

TEST(ServedRows, AreTypedByTheContractInOrderOfTime) {
  const Json json = {{"groups", {group({"kind", "x"}, {served_row("b.0", 20, "true", {"a", 2}),
                                                       served_row("a.0", 10, false, {"b", 3})})}}};
  const ServedRows out = must(served_rows(json, kContract, "y", {}, true));
  ASSERT_EQ(out.rows.rows(), 2u);
  EXPECT_EQ(out.rows.schema().fields[0].name, "_time");
  EXPECT_EQ(out.rows.cell_text(0, 1), "3") << "the earlier one comes first";
  EXPECT_EQ(out.rows.cell_text(1, 2), "a");
  EXPECT_EQ(out.rows.cell_text(1, 3), "") << "a column that no version read is missing";
  EXPECT_EQ(out.rows.find("y")->integers[1], 1);
  EXPECT_EQ(out.same_by, (std::vector<std::string>{"kind", "x", "_time", "y"}));
}

TEST(ServedRows, WhatTheContractCannotHoldIsRejectedWithItsId) {
  const Json json = {{"groups", {group({"x"}, {served_row("a.0", 1, true, {1.5}),
                                               served_row("b.0", 2, true, {"two"}),
                                               served_row("c.0", 3, "maybe", {3}),
                                               served_row("d.0", 4, true, {nullptr})})}}};
  const ServedRows out = must(served_rows(json, kContract, "y", {}, true));
  EXPECT_EQ(out.rows.rows(), 1u) << "a missing cell is no wrong one";
  ASSERT_EQ(out.rejects.size(), 3u);
  EXPECT_EQ(out.rejects[0]["detail"], "x is 1.5 in prediction a.0, which no integer can be");
  EXPECT_EQ(out.rejects[2]["column"], "y");
  EXPECT_EQ(out.read, 4u);
}

TEST(ServedRows, AKeyNamesOneRowWhereEveryVersionReadsIt) {
  const Json both = {{"groups", {group({"x", "kind"}, {served_row("a.0", 1, true, {7, "a"}),
                                                       served_row("b.0", 2, false, {7, "b"})})}}};
  const ServedRows keyed = must(served_rows(both, kContract, "y", {"x"}, false));
  EXPECT_EQ(keyed.same_by, std::vector<std::string>{"x"});
  ASSERT_EQ(keyed.rows.rows(), 1u);
  EXPECT_EQ(keyed.rows.cell_text(0, 1), "a") << "the first that was asked about";
  const ServedRows other = must(served_rows(both, kContract, "y", {"left"}, false));
  EXPECT_EQ(other.same_by, (std::vector<std::string>{"kind", "x", "y"}));
  EXPECT_EQ(other.rows.rows(), 2u);
}

TEST_F(ServedStage, ASourceIsRightAboutARowThatWasServedToo) {
  put("data/a.csv", "x,kind,y\n1,a,10\n2,b,20\n");
  options_.min_rows = 1;
  must(run());
  const auto serve = [&](Json rows) {
    const Json json = {{"groups", {group({"x", "kind"}, std::move(rows))}}};
    served_ = must(objects_.put(io::canonical(json)));
    auto out = must(run());
    served_.reset();
    return out;
  };
  const auto first = serve({served_row("p.0", 0, 20, {2, "b"}), served_row("q.0", 0, 30, {3, "a"}),
                            served_row("r.0", 0, 40, {4, "a"})});
  EXPECT_EQ(first.reason, "2 predictions that got their label, 1 known already");
  EXPECT_EQ(column("y"), "10 20 30 40");
  EXPECT_EQ(manifest().labelled, 4u);

  append("data/a.csv", "3,a,30\n4,a,41\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2 3 4 4") << "without a key another label is another row";
  EXPECT_EQ(manifest().rows, 5u);
  EXPECT_EQ(manifest().superseded, 1u);
  EXPECT_EQ(manifest().labelled, 5u);

  // With rows from a file and from serving in one collection, each is counted once.
  append("data/a.csv", "5,c,50\n");
  const auto both = serve({served_row("s.0", 0, 50, {5, "c"}), served_row("t.0", 0, 60, {6, "c"})});
  EXPECT_EQ(both.reason, "1 row from data/a.csv, 1 prediction that got its label, 1 known already");
  EXPECT_EQ(column("x"), "1 2 3 4 5 4 6") << "segments of sources come first";
  EXPECT_EQ(manifest().rows, 7u);
}

TEST_F(ServedStage, WhatTheHistoryAnsweredGoesWithItsRow) {
  put("data/a.csv", "x,y\n1,10\n5,50\n");
  options_.min_rows = 1;
  must(run());
  EXPECT_EQ(must(ledger::read_with_served(manifest(), objects_, scratch_.path())).served.columns(),
            0u);
  const std::string lag = std::string(model::kServedColumn) + "lag_a";
  const std::int64_t bits = model::served_bits(std::nextafter(0.1, 1));
  const auto row = [&](const std::string& id, double y, int x, std::int64_t label, Json lags) {
    Json made = served_row(id, 0, y, {x});
    made["label_row"] = label;
    made["known_us"] = 1000 * label;
    made["lags"] = std::move(lags);
    return made;
  };
  Json some = group({"x"}, {row("a.0", 20, 2, 7, {bits, 3}), row("b.0", 50, 5, 8, {4, 4})});
  some["lags"] = {lag, ""};  // a lag without a name is not kept
  Json none = group({"x"}, {row("c.0", 30, 3, 9, Json::array()), served_row("d.0", 0, 40, {4})});
  served_ = must(objects_.put(io::canonical({{"groups", {some, none}}})));
  must(run());
  EXPECT_EQ(column("x"), "1 5 2 3 4");
  const auto [rows, served] =
      must(ledger::read_with_served(manifest(), objects_, scratch_.path()));
  EXPECT_EQ(rows.schema(), this->rows().schema()) << "nobody takes it for a feature";
  ASSERT_EQ(served.columns(), 3u);
  const table::Column* labels = served.find(model::kServedLabel);
  const table::Column* known = served.find(model::kServedKnown);
  const table::Column* lags = served.find(lag);
  ASSERT_TRUE(labels && known && lags);
  EXPECT_TRUE(labels->is_null(0) && labels->is_null(1)) << "rows of the source";
  EXPECT_EQ(labels->integers[2], 7);
  EXPECT_EQ(known->integers[2], 7000);
  EXPECT_EQ(lags->integers[2], bits);
  EXPECT_EQ(labels->integers[3], 9);
  EXPECT_TRUE(lags->is_null(3)) << "its version had no such lag";
  EXPECT_TRUE(labels->is_null(4)) << "gathered without";
}

TEST_F(ServedStage, ACountThatDoesNotHoldIsCorrupt) {
  put("data/a.csv", "x,y\n1,10\n");
  options_.min_rows = 1;
  must(run());
  served_ = must(objects_.put(io::canonical(
      {{"groups", {group({"x"}, {served_row("p.0", 0, 20, {2})})}}})));
  must(run());
  ledger::Manifest wrong = manifest();
  wrong.superseded = 1;
  wrong.rows -= 1;
  EXPECT_EQ(code_of(ledger::read_dataset(wrong, objects_, scratch_.path())), Code::kCorrupt);
}

}  // namespace
}  // namespace rondo::collect
