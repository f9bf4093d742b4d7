// mode = "merge" and "replace" as the conductor runs them, against what can be said by hand and
// against a table that is simply written over.
#include <fmt/format.h>

#include <map>
#include <random>

#include "collect/segment.h"
#include "collect/testing.h"

namespace rondo::collect {
namespace {

class Merging : public CollectTest {
 protected:
  Merging() {
    options_.mode = "merge";
    options_.key = {"id"};
    options_.min_rows = 1;
  }
};

TEST_F(Merging, ALaterRowOfAKeyWinsAndTheOlderOneIsDeleted) {
  put("data/a.csv", "id,x,y\n1,a,10\n2,b,\n3,c,30\n");
  must(run());
  put("data/b.csv", "id,x,y\n2,B,20\n4,d,40\n1,a,10\n");
  const auto merged = must(run());
  EXPECT_EQ(merged.reason, "2 rows from data/b.csv, 1 of them in place of older ones, "
                           "1 known already");
  EXPECT_EQ(column("id"), "1 3 2 4");
  EXPECT_EQ(column("x"), "a c B d");
  const ledger::Manifest now = manifest();
  EXPECT_EQ(now.rows, 4u);
  EXPECT_EQ(now.labelled, 4u) << "the label of 2 came late";
  ASSERT_TRUE(now.deleted);
  EXPECT_EQ(now.deleted->rows, 1u);
  EXPECT_EQ(now.counts.read, 3u);
  EXPECT_EQ(now.counts.accepted, 2u);
  EXPECT_EQ(now.counts.duplicate, 1u);
  EXPECT_EQ(must(run()).result, "unchanged");
}

TEST_F(Merging, TheVersionBeforeStaysAsItWas) {
  put("data/a.csv", "id,x,y\n1,a,10\n2,b,20\n");
  must(run());
  const auto first = *manifest_;
  put("data/b.csv", "id,x,y\n1,z,11\n");
  must(run());
  EXPECT_EQ(column("x"), "b z");
  manifest_ = first;
  EXPECT_EQ(column("x"), "a b");
}

TEST_F(Merging, EventTimeDecidesBeforeArrival) {
  options_.time = "at";
  put("data/a.csv", "id,at,y\n1,2024-01-05,1\n2,2024-01-05,2\n");
  must(run());
  put("data/b.csv", "id,at,y\n1,2024-01-04,99\n2,2024-01-05,22\n3,2024-01-01,3\n");
  must(run());
  EXPECT_EQ(column("id"), "3 1 2") << "in order of event time; a late row of a new key is taken";
  EXPECT_EQ(column("y"), "3 1 22") << "an older row of key 1 changes nothing, a tie is won by 2";
  EXPECT_EQ(manifest().counts.duplicate, 1u);
  put("data/c.csv", "id,at,y\n1,2024-01-07,5\n1,2024-01-06,6\n");
  must(run());
  EXPECT_EQ(column("y"), "3 22 5") << "within a file too";
}

TEST_F(Merging, ARowMayBeReplacedAgainAndAgain) {
  put("data/0.csv", "id,y\n1,0\n2,0\n3,0\n");
  must(run());
  for (int i = 1; i < 6; ++i) {
    put(fmt::format("data/{}.csv", i), fmt::format("id,y\n2,{}\n{},7\n", i, 10 + i));
    must(run());
  }
  EXPECT_EQ(column("id"), "1 3 11 12 13 14 2 15");
  EXPECT_EQ(manifest().deleted->rows, 5u);
  EXPECT_EQ(manifest().rows, 8u);
}

TEST_F(Merging, AColumnThatIsWidenedKeepsItsKeys) {
  put("data/a.csv", "id,y\n1,1\n2,2\n");
  must(run());
  options_.contract = {{"type", "evolve"}};
  put("data/b.csv", "id,y\nx,3\n1,9\n");
  must(run());
  EXPECT_EQ(column("id"), "2 x 1");
  EXPECT_EQ(column("y"), "2 3 9");
}

TEST_F(Merging, AClockThatOnlyOrdersIsRefused) {
  options_.time = "n";
  put("data/a.csv", "id,n,y\n1,0.25,1\n2,0.5,2\n");
  const auto refused = run();
  EXPECT_EQ(code_of(refused), Code::kInvalidInput);
  EXPECT_NE(message_of(refused).find("only orders"), std::string::npos) << message_of(refused);
}

TEST_F(Merging, IsWhatWritingOverATableGives) {
  std::mt19937 chance(3);
  struct Row {
    int time, value;
  };
  std::map<int, Row> table;
  options_.time = "at";
  for (int batch = 0; batch < 12; ++batch) {
    std::string csv = "id,at,v,y\n";
    std::vector<std::pair<int, Row>> sent;
    for (int i = 0; i < 40; ++i) {
      const int id = static_cast<int>(chance() % 50);
      const Row row{static_cast<int>(chance() % 27) + 1, static_cast<int>(chance() % 4)};
      csv += fmt::format("{},2024-01-{:02},{},1\n", id, row.time, row.value);
      sent.emplace_back(id, row);
    }
    put(fmt::format("data/{:02}.csv", batch), csv);
    must(run());
    for (const auto& [id, row] : sent) {
      const auto [at, is_new] = table.try_emplace(id, row);
      if (!is_new && row.time >= at->second.time) at->second = row;
    }
    std::map<int, std::pair<int, int>> wanted, found;
    for (const auto& [id, row] : table) wanted[id] = {row.time, row.value};
    const table::Table all = rows();
    for (std::size_t row = 0; row < all.rows(); ++row) {
      const int day = std::stoi(all.find("at")->cell_text(row).substr(8, 2));
      found[std::stoi(all.find("id")->cell_text(row))] = {
          day, std::stoi(all.find("v")->cell_text(row))};
    }
    ASSERT_EQ(found, wanted) << "after batch " << batch;
    ASSERT_EQ(all.rows(), table.size()) << "each key stands once";
    ASSERT_EQ(manifest().rows, table.size());
  }
}

TEST_F(Merging, AListThatIsMissingOrOfAnotherVersionIsCorrupt) {
  put("data/a.csv", "id,y\n1,1\n2,2\n");
  must(run());
  put("data/b.csv", "id,y\n1,3\n");
  must(run());
  ledger::Manifest wrong = manifest();
  wrong.deleted->rows = 2;
  EXPECT_EQ(code_of(ledger::read_dataset(wrong, objects_, scratch_.path())), Code::kCorrupt);
  wrong = manifest();
  wrong.deleted.reset();
  EXPECT_FALSE(ledger::Manifest::from_json(wrong.to_json())) << "counts must add up";
}

class Replacing : public CollectTest {
 protected:
  Replacing() {
    options_.mode = "replace";
    options_.min_rows = 1;
  }
};

TEST_F(Replacing, WhatTheFilesHoldNowIsTheVersion) {
  options_.time = "at";
  put("data/a.csv", "at,y\n2024-01-01,1\n2024-01-02,2\n");
  put("data/b.csv", "at,y\n2024-01-03,3\n");
  must(run());
  EXPECT_EQ(must(run()).result, "unchanged");
  put("data/a.csv", "at,y\n2024-01-02,22\n");
  const auto changed = must(run());
  EXPECT_EQ(changed.reason, "2 rows from data/a.csv and data/b.csv");
  EXPECT_EQ(column("y"), "22 3");
  EXPECT_EQ(manifest().rows, 2u);
  EXPECT_EQ(manifest().labelled, 2u);
  EXPECT_EQ(manifest().segments.size(), 1u);
  EXPECT_EQ(manifest().number, 2u);
  std::filesystem::remove(scratch_ / "data/b.csv");
  const Json cursor = manifest().cursor;
  const Peek peek = must(collect::peek(*fs_, options_, scratch_.path(), cursor));
  EXPECT_TRUE(peek.changed);
  EXPECT_EQ(peek.what, "data/b.csv is gone");
  must(run());
  EXPECT_EQ(column("y"), "22");
  EXPECT_EQ(must(run()).result, "unchanged");
}

TEST_F(Replacing, TheContractGoesOn) {
  put("data/a.csv", "x,y\n1,1\n");
  must(run());
  put("data/a.csv", "x,y\n2,2\nmany,3\n");
  must(run());
  EXPECT_EQ(column("x"), "2");
  EXPECT_EQ(rejects().size(), 1u);
}

TEST_F(Replacing, SomeRowsThatCannotBeReadReplaceNothing) {
  put("data/a.csv", "x,y\n1,1\n");
  must(run());
  put("data/a.csv", "x,y\nmany,1\n");
  EXPECT_EQ(code_of(run()), Code::kInvalidInput);
  EXPECT_EQ(column("x"), "1");
  put("data/a.csv", "x,y\n");
  EXPECT_EQ(code_of(run()), Code::kInvalidInput) << "nor does an empty file";
}

TEST(Content, OfMergedRowsIsThatOfTheSameRowsReadAtOnce) {
  table::ColumnBuilder a(table::Type::kInteger), b(table::Type::kInteger);
  for (const int x : {1, 2, 3, 4}) a.integer(x);
  for (const int x : {1, 3}) b.integer(x);
  const table::Schema schema{{{"x", table::Type::kInteger}}};
  const std::vector<std::size_t> kept = {0, 2};
  EXPECT_EQ(content_digest(table::Table(schema, {a.finish()}).take(kept)),
            content_digest(table::Table(schema, {b.finish()})));
}

}  // namespace
}  // namespace rondo::collect
