// The example as a whole: what its preparation keeps, drops and finds, at its first cycle and at
// its end, and that days which a signal keeps out are found nowhere.
#include <gtest/gtest.h>

#include <algorithm>

#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ',') fields.emplace_back();
    else if (c != '\r') fields.back() += c;
  }
  return fields;
}

bool is_double(const std::string& name) {
  return name == "temp" || name == "atemp" || name == "hum" || name == "windspeed";
}

}  // namespace

table::Table bikes() {
  const auto fs = io::real_fs(io::Durability::kProcess);
  const auto packed = fs->read(io::Path(RONDO_SOURCE_DIR) / "examples/bikes/hour.csv.gz");
  std::istringstream lines(*io::decompress(*packed, 1U << 24));
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = fields_of(line);
  std::vector<std::vector<std::string>> cells(names.size());
  std::vector<Time> times;
  while (std::getline(lines, line)) {
    const auto fields = fields_of(line);
    for (std::size_t i = 0; i < fields.size(); ++i) cells[i].push_back(fields[i]);
    times.push_back(*parse_time(fields[1]) + Span::hours(std::stoll(fields[5])));
  }
  Grid grid;
  grid.times(times);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto type = names[i] == "dteday"    ? table::Type::kTime
                      : is_double(names[i]) ? table::Type::kNumber
                                            : table::Type::kInteger;
    grid.column(names[i], type, cells[i]);
  }
  return grid.table();
}

Job bikes_job() {
  static const table::Table rows = bikes();
  Job job = job_of(rows, "cnt");
  job.options.ignore = {"instant", "dteday", "yr", "casual", "registered"};
  job.lags = *lags_from(Json::parse(R"([{"column": "cnt", "by": "48h"},
                                        {"column": "cnt", "by": "168h"}])"));
  job.situation.label_delay = Span::days(1);
  job.situation.gap = Span::days(1);
  return job;
}

namespace {

/// As on the morning of the first of March 2011, when the example's first cycle runs.
Job first_cycle() {
  Job job = bikes_job();
  job.now = *parse_time("2011-03-02");
  return job;
}

TEST(Bikes, AreReadyAsTheirExampleSays) {
  const Job job = bikes_job();
  const Draft draft = draft_of(job);
  EXPECT_EQ(reason_of(job, draft),
            "17,022 rows of d1 train, 334 test (the newest 14 days), 23 in the gap of 1d "
            "before them; 16 features, 2 of them lags");
  // The days of 2012-12-18 to 2012-12-31 lack two hours: 14 * 24 - 2 rows (the file itself).
  EXPECT_EQ(to_text(draft.split.test_from), "2012-12-18T00:00:00Z");
  EXPECT_EQ(draft.transform.feature_names(),
            (std::vector<std::string>{"season", "mnth", "hr", "holiday", "weekday", "workingday",
                                      "weathersit", "temp", "atemp", "hum", "windspeed",
                                      "_time_year", "_time_day", "_time_weekday", "cnt_lag_48h",
                                      "cnt_lag_168h"}));
  EXPECT_EQ(draft.season, Span::days(7));
  EXPECT_TRUE(draft.findings.empty());
}

TEST(Bikes, TheFirstCycleKnowsNoMonthsYet) {
  const Job job = first_cycle();
  const Draft draft = draft_of(job);
  // Labels are a day late: the newest used row is of midnight, March 1.
  EXPECT_EQ(to_text(job.times[draft.used.back()]), "2011-03-01T00:00:00Z");
  const auto names = draft.transform.feature_names();
  EXPECT_EQ(std::ranges::count(names, "_time_day"), 0);
  EXPECT_EQ(std::ranges::count(names, "_time_weekday"), 1);
  EXPECT_TRUE(draft.findings.empty());
}

TEST(Bikes, GiveNoFalseAlarmAtAnyTime) {
  const Time end = *parse_time("2013-01-02");
  for (Job job = first_cycle(); job.now < end; job.now = job.now + Span::days(11)) {
    const Draft draft = draft_of(job);
    EXPECT_TRUE(draft.findings.empty()) << to_text(job.now);
    EXPECT_EQ(draft.season, Span::days(7)) << to_text(job.now);
  }
}

TEST(Bikes, CasualAndRegisteredAreNamed) {
  for (Job job : {bikes_job(), first_cycle()}) {
    job.options.ignore = {"instant", "dteday", "yr"};
    Draft draft;
    const std::string why = work(job, draft);
    EXPECT_EQ(why.substr(0, why.find(" (R2")),
              "the target would leak into the model: casual + registered give \"cnt\" by a linear "
              "formula");
    EXPECT_EQ(draft.findings.size(), 1U);
  }
}

TEST(Bikes, TheRunningNumberIsAnIdentifier) {
  Job job = bikes_job();
  job.options.ignore = {"dteday", "yr", "casual", "registered"};
  const Draft draft = draft_of(job);
  EXPECT_EQ(draft.dropped[4].column, "instant");
  EXPECT_EQ(draft.dropped[4].why, "an identifier: nearly every row has its own value");
}

TEST(Bikes, QuarantinedDaysAreInNoRowAndInNoLag) {
  Job job = bikes_job();
  const Time from = *parse_time("2011-10-28"), until = *parse_time("2011-11-27");
  job.situation.quarantine = {{from, until, "cnt", "a value that was never so frequent"}};
  const Draft draft = draft_of(job);
  std::size_t blind = 0;
  for (std::size_t i = 0; i < draft.used.size(); ++i) {
    const Time time = job.times[draft.used[i]];
    EXPECT_FALSE(time >= from && time < until);
    const Time back = time - Span::hours(48);
    if (back < from + Span::hours(48) || back >= until) continue;
    EXPECT_TRUE(std::isnan(feature(draft, i, "cnt_lag_48h"))) << to_text(time);
    ++blind;
  }
  // The two days after the stretch look back into it.
  const auto after = std::ranges::count_if(job.times, [until](Time time) {
    return time >= until && time < until + Span::hours(48);
  });
  EXPECT_EQ(blind, static_cast<std::size_t>(after));
}

}  // namespace

}  // namespace rondo::prepare
