// Other tables beside the rows: each has its own cursor, rejects and version, and a version of the
// rows names them.
#include "collect/testing.h"

namespace rondo::collect {
namespace {

class TablesTest : public CollectTest {
 protected:
  TablesTest() {
    options_.time = "at";
    options_.min_rows = 1;
    options_.table = {{"weather", {{"source", "weather.csv"}, {"time", "at"},
                                   {"max_rejected", 0.5}}}};
    put("data/rows.csv", "at,place,y\n2024-01-01 10:00:00,JFK,1\n2024-01-01 11:00:00,LGA,2\n");
    put("weather.csv", "at,place,temp\n2024-01-01 09:00:00,JFK,3.5\n2024-01-01 10:00:00,LGA,4\n");
  }
  ledger::Manifest weather() const {
    return must(ledger::get_manifest(objects_, manifest().tables.at("weather")));
  }
  table::Table facts() const {
    return must(ledger::read_tables(manifest(), objects_, scratch_.path())).at("weather");
  }
};

TEST_F(TablesTest, AVersionOfTheRowsNamesOneOfEachTable) {
  const auto out = must(run());
  EXPECT_EQ(out.result, "new rows");
  EXPECT_EQ(out.reason, "2 rows from data/rows.csv; weather: 2 rows from weather.csv");
  EXPECT_EQ(out.evidence.at("tables").at("weather").at("accepted"), 2);
  EXPECT_TRUE(out.files.contains("weather.segment"));
  EXPECT_EQ(weather().number, 1u);
  EXPECT_EQ(weather().rows, 2u);
  EXPECT_EQ(facts().rows(), 2u);
  EXPECT_EQ(rows().rows(), 2u);
  EXPECT_EQ(must(run()).result, "unchanged");
  EXPECT_EQ(manifest().number, 1u);
}

TEST_F(TablesTest, NewFactsAloneMakeAVersionThatIsUnchangedForTraining) {
  must(run());
  const auto before = manifest();
  append("weather.csv", "2024-01-01 11:00:00,JFK,5\nnot a time,JFK,6\n");
  const auto peeked = must(peek_all(*fs_, options_, scratch_.path(), &before, objects_));
  EXPECT_TRUE(peeked.changed);
  EXPECT_NE(peeked.what.find("weather.csv grew"), std::string::npos) << peeked.what;
  const auto out = must(run());
  EXPECT_EQ(out.result, "unchanged");
  EXPECT_EQ(out.reason,
            "nothing new in data/rows.csv; weather: 1 row from weather.csv, 1 rejected");
  EXPECT_EQ(manifest().number, 2u);
  EXPECT_EQ(manifest().rows, 2u);
  EXPECT_EQ(manifest().counts.read, 0u);
  EXPECT_EQ(manifest().segments.size(), before.segments.size());
  EXPECT_EQ(weather().number, 2u);
  EXPECT_EQ(weather().parent, before.tables.at("weather"));
  EXPECT_EQ(weather().counts.rejected, 1u);
  EXPECT_TRUE(weather().rejects.has_value());
  EXPECT_EQ(facts().rows(), 3u);
  const auto now = manifest();
  EXPECT_FALSE(must(peek_all(*fs_, options_, scratch_.path(), &now, objects_)).changed);
}

TEST_F(TablesTest, ATableKeepsItsVersionWhereOnlyRowsAreNew) {
  must(run());
  const auto before = manifest().tables;
  append("data/rows.csv", "2024-01-01 12:00:00,JFK,3\n");
  const auto out = must(run());
  EXPECT_EQ(out.reason, "1 row from data/rows.csv");
  EXPECT_FALSE(out.evidence.contains("tables"));
  EXPECT_EQ(manifest().tables, before);
  EXPECT_EQ(manifest().rows, 3u);
}

TEST_F(TablesTest, ATableThatIsNotConfiguredAnyMoreIsNoPartOfTheNextVersion) {
  must(run());
  options_.table = Json::object();
  must(run());
  EXPECT_EQ(manifest().number, 2u);
  EXPECT_TRUE(manifest().tables.empty());
}

TEST_F(TablesTest, ABackfillIsOfTheRowsAlone) {
  options_.table["weather"]["mode"] = "replace";  // which has no range to fill
  must(run());
  append("weather.csv", "2024-01-01 11:00:00,JFK,5\n");
  situation_.backfill = TimeRange{Time{}, kEndOfTime};
  EXPECT_EQ(must(run()).result, "unchanged");
  EXPECT_EQ(facts().rows(), 3u);
}

TEST_F(TablesTest, ErrorsNameTheTable) {
  std::filesystem::remove(scratch_ / "weather.csv");
  EXPECT_NE(text_of(run()).find("table weather"), std::string::npos) << text_of(run());
}

TEST_F(TablesTest, WhatATableNeedsIsSaidWithItsKey) {
  struct Row {
    Json table;
    const char* said;
  };
  const Row all[] = {
      {{{"time", "at"}}, "collect.table.weather.source: is missing"},
      {{{"source", "w.csv"}}, "collect.table.weather.time: is missing"},
      {{{"source", "push"}, {"time", "at"}}, "collect.table.weather.source: is \"push\""},
      {{{"source", "w.csv"}, {"time", "at"}, {"mode", "merge"}},
       "collect.table.weather.key: is missing"},
      {{{"source", "w.csv"}, {"time", "at"}, {"tims", "at"}}, "did you mean \"time\"?"},
      {{{"source", "w.csv"}, {"time", "at"}, {"entity", "place"}}, "entity: unknown key"},
  };
  for (const Row& row : all) {
    options_.table = {{"weather", row.table}};
    const std::string said = message_of(tables_of(options_));
    EXPECT_NE(said.find(row.said), std::string::npos) << said;
  }
  options_.table = {{"the weather", all[0].table}};
  EXPECT_NE(message_of(tables_of(options_)).find("letters, digits and _"), std::string::npos);
}

}  // namespace
}  // namespace rondo::collect
