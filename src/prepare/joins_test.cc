// Joins as features: one definition for batch and row, checked against the definition written down
// once more as a search through all facts, and what a person is told where a join cannot be.
#include <gtest/gtest.h>

#include <bit>

#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

constexpr const char* kJoin = R"([{"table": "weather", "on": ["place", "level"], "ttl": "3h",
                                   "take": ["temp", "sky", "icy"]}])";

/// Rows at two places, and weather with gaps, doubled times and missing cells, known an hour late.
Job flights(std::size_t count, std::uint64_t seed) {
  Chance chance(Seed{seed});
  std::vector<std::string> place, sky, where;
  std::vector<std::int64_t> level, there, icy;
  std::vector<double> temp;
  std::vector<Time> times = clock(count, Span::seconds(1200)), weather;
  Time time = kStart - Span::hours(4);
  for (std::size_t i = 0; i < count; ++i) {
    place.push_back(chance.below(2) == 0 ? "JFK" : "LGA");
    level.push_back(static_cast<std::int64_t>(chance.below(2)));
    time = time + Span::seconds(static_cast<std::int64_t>(chance.below(4)) * 900);
    weather.push_back(time);
    where.push_back(chance.below(20) == 0 ? "" : chance.below(2) == 0 ? "JFK" : "LGA");
    there.push_back(static_cast<std::int64_t>(chance.below(2)));
    temp.push_back(chance.below(10) == 0 ? NAN : chance.normal());
    const char* const kSkies[] = {"clear", "clear", "rain", "snow", ""};
    sky.push_back(i == 17 ? "hail" : kSkies[chance.below(5)]);
    icy.push_back(static_cast<std::int64_t>(chance.below(2)));
  }
  Job job = job_of(Grid().times(times).column("place", Type::kCategory, place)
                       .integers("level", level).numbers("x", noise(count, seed))
                       .numbers("y", noise(count, seed + 1)).table(), "y");
  job.tables["weather"] = Grid().times(weather).column("place", Type::kCategory, where)
                              .integers("level", there).numbers("temp", temp)
                              .column("sky", Type::kCategory, sky)
                              .integers("icy", icy, Type::kBool).table();
  job.situation.tables["weather"] = Span::hours(1);
  job.options.ignore = {"level"};
  job.lags = *joins_from(Json::parse(kJoin));
  return job;
}

/// The place of the newest fact that a row may see; none when there is none. Of equal times the
/// later one.
std::optional<std::size_t> naive(const Job& job, std::size_t asking) {
  const table::Table& weather = job.tables.at("weather");
  const auto text = [](const table::Table& rows, const char* name, std::size_t row) {
    return rows.find(name)->is_null(row) ? std::string("missing") : rows.find(name)->cell_text(row);
  };
  const Time p = job.times[asking];
  std::optional<std::size_t> best;
  for (std::size_t row = 0; row < weather.rows(); ++row) {
    const Time t{weather.find(table::kTimeColumn)->integers[row]};
    if (t > p || t.us <= p.us - Span::hours(3).us || t + Span::hours(1) > p) continue;
    bool ours = true;
    for (const char* name : {"place", "level"}) {
      ours = ours && text(weather, name, row) == text(job.rows, name, asking);
    }
    if (ours) best = row;  // they are in order of time
  }
  return best;
}

TEST(Joins, EqualTheirDefinitionBitForBit) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Job job = flights(700, seed);
    const Draft draft = draft_of(job);
    const table::Table& weather = job.tables.at("weather");
    const auto& lags = draft.transform.history().lags;
    const auto& codes = std::ranges::find(lags, "weather_sky", &model::Lag::feature)->categories;
    std::size_t there = 0, missing = 0;
    for (std::size_t i = 0; i < draft.used.size(); ++i) {
      const auto fact = naive(job, draft.used[i]);
      for (const char* name : {"temp", "icy", "sky"}) {
        const table::Column& column = *weather.find(name);
        double expected = NAN;
        if (fact && !column.is_null(*fact)) {
          const bool text = table::is_text(column.type);
          expected = text ? static_cast<double>(std::ranges::find(codes, column.text(*fact)) -
                                                codes.begin())  // what is rare: behind the last
                          : column.as_double(*fact);
        }
        const double got = feature(draft, i, std::string("weather_") + name);
        (std::isnan(expected) ? missing : there) += 1;
        if (std::isnan(expected)) ASSERT_TRUE(std::isnan(got)) << name << " of row " << i;
        else ASSERT_EQ(std::bit_cast<std::uint64_t>(got), std::bit_cast<std::uint64_t>(expected));
      }
    }
    EXPECT_GT(there, 800u);
    EXPECT_GT(missing, 100u);
  }
}

TEST(Joins, TextsGetCodesByFallingFrequencyAmongTrainingRows) {
  const Draft draft = draft_of(flights(700, 1));
  const auto& lags = draft.transform.history().lags;
  const auto sky = std::ranges::find(lags, "weather_sky", &model::Lag::feature);
  ASSERT_NE(sky, lags.end());
  ASSERT_GE(sky->categories.size(), 3u);
  EXPECT_EQ(sky->categories[0], "clear");
  const auto categorical = draft.transform.categorical();
  const auto names = draft.transform.feature_names();
  const auto is = [&](const char* name) {
    const auto place = std::ranges::find(names, name) - names.begin();
    return std::ranges::find(categorical, static_cast<std::int32_t>(place)) != categorical.end();
  };
  EXPECT_TRUE(is("weather_sky"));
  EXPECT_FALSE(is("weather_temp"));
}

TEST(Joins, WhatTheyAreJoinedByIsAnInputFeatureOrNot) {
  const Draft draft = draft_of(flights(700, 1));
  EXPECT_TRUE(draft.transform.inputs().find("level"));
  const auto back = model::Transform::from_json(draft.transform.to_json());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->steps(), draft.transform.steps());
  EXPECT_EQ(back->history(), draft.transform.history());
}

TEST(Joins, TheReportTellsHowManyRowsFoundNothing) {
  const Job job = flights(700, 1);
  const Draft draft = draft_of(job);
  const Json joins = evidence_of(job, draft).at("joins");
  ASSERT_EQ(joins.size(), 3u);
  std::size_t missing = 0;
  for (std::size_t i = 0; i < draft.used.size(); ++i) {
    missing += std::isnan(feature(draft, i, "weather_temp")) ? 1 : 0;
  }
  EXPECT_EQ(joins[0].at("feature"), "weather_temp");
  EXPECT_EQ(joins[0].at("missing"), missing);
  EXPECT_NE(reason_of(job, draft).find("3 of them joined"), std::string::npos);
}

TEST(Joins, AJoinThatCannotBeIsSaid) {
  struct Row {
    const char* said;
    void (*change)(Job&);
  };
  const Row all[] = {
      {"joined on \"floor\", which is not in dataset d1",
       [](Job& job) { job.lags[0].on = {"place", "floor"}; }},
      {"\"temp\" of table \"weather\", which has no such column; it has place, level and sky",
       [](Job& job) {
         job.tables["weather"] = Grid().times({kStart})
                                     .column("place", Type::kCategory, {"JFK"})
                                     .integers("level", {1})
                                     .column("sky", Type::kCategory, {"clear"}).table();
       }},
      {"is a category in the rows and a number in the table",
       [](Job& job) {
         job.tables["weather"] = Grid().times({kStart}).numbers("place", {1})
                                     .integers("level", {1}).numbers("temp", {1}).table();
       }},
      {"has no row in dataset d1 yet", [](Job& job) { job.tables.clear(); }},
      {"needs a clock", [](Job& job) { job.situation.has_clock = false; }},
      {"the rows have a column of that name", [](Job& job) {
         job.rows = Grid(job.rows).numbers("weather_temp", noise(job.rows.rows(), 3)).table();
       }},
      {"not known when a prediction is asked for",
       [](Job& job) { job.options.late = {"place"}; }},
  };
  for (const Row& row : all) {
    Job job = flights(100, 1);
    row.change(job);
    Draft draft;
    const std::string why = work(job, draft);
    EXPECT_NE(why.find(row.said), std::string::npos) << why;
  }
}

TEST(Joins, AreReadWithWhatIsWrongWithThem) {
  struct Row {
    const char *json, *said;
  };
  const Row all[] = {
      {R"([{"on": [], "ttl": "1h", "take": ["a"]}])", "names no table"},
      {R"([{"table": "w", "ttl": "1h", "take": ["a"]}])", "has no list of columns `on`"},
      {R"([{"table": "w", "on": ["a", "a"], "ttl": "1h", "take": ["a"]}])", "names \"a\" twice"},
      {R"([{"table": "w", "on": [], "take": ["a"]}])", "does not say how old"},
      {R"([{"table": "w", "on": [], "ttl": "0s", "take": ["a"]}])", "a ttl of more than nothing"},
      {R"([{"table": "w", "on": [], "ttl": "1h", "take": []}])", "takes no column"},
      {R"([{"table": "w", "on": [], "ttl": "1h", "take": ["a"], "tll": 1}])",
       "unknown key \"tll\""},
      {R"([{"table": "w", "on": [], "ttl": "1h", "take": ["a"]},
           {"table": "w", "on": [], "ttl": "2h", "take": ["b"]}])", "a second time"},
  };
  for (const Row& row : all) {
    const auto read = joins_from(Json::parse(row.json));
    ASSERT_FALSE(read.has_value()) << row.json;
    EXPECT_NE(read.error().message.find(row.said), std::string::npos) << read.error().message;
  }
}

}  // namespace
}  // namespace rondo::prepare
