// What is fitted, and that it is fitted on training rows only.
#include <gtest/gtest.h>

#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

const model::Step& step(const Draft& draft, const std::string& name) {
  for (const model::Step& each : draft.transform.steps()) {
    if (each.feature == name) return each;
  }
  ADD_FAILURE() << "no feature " << name;
  return draft.transform.steps().front();
}

std::string why(const Draft& draft, const std::string& column) {
  for (const Dropped& each : draft.dropped) {
    if (each.column == column) return each.why;
  }
  return "kept";
}

/// 100 hours, of which 80 train; cells of one more column.
Job with_column(const std::string& name, Type type, const std::vector<std::string>& cells) {
  return job_of(Grid().times(clock(100)).numbers("x", noise(100, 1)).column(name, type, cells)
                    .numbers("y", noise(100, 2)).table(), "y");
}

TEST(Fit, NumberGetsItsMedianOnlyWhenNoneWasMissing) {
  std::vector<std::string> cells;
  for (int i = 0; i < 100; ++i) cells.push_back(std::to_string(i % 80 * 2) + ".5");
  cells[90] = "";  // a test row
  const Draft full = draft_of(with_column("n", Type::kNumber, cells));
  // The values 0.5, 2.5, ... 158.5 train: the lower of the two in the middle is the 40th.
  EXPECT_EQ(step(full, "n").fill, 78.5);
  EXPECT_EQ(feature(full, 90, "n"), 78.5);
  cells[3] = "";
  const Draft lacking = draft_of(with_column("n", Type::kNumber, cells));
  EXPECT_EQ(step(lacking, "n").fill, std::nullopt);
  EXPECT_TRUE(std::isnan(feature(lacking, 90, "n")));
  Job strict = with_column("n", Type::kNumber, cells);
  strict.options.missing = "reject";
  Draft draft;
  EXPECT_EQ(work(strict, draft),
            "column \"n\" has missing values, and [prepare] missing is \"reject\"");
}

TEST(Fit, CategoriesByFrequencyTiesByBytesRareShareOneCode) {
  std::vector<std::string> cells;
  for (int i = 0; i < 80; ++i) {
    cells.push_back(i < 30   ? "zebra"
                    : i < 50 ? "b"
                    : i < 70 ? "a"
                    : i < 74 ? "r1"
                    : i < 78 ? "r2"
                             : "");
  }
  for (int i = 0; i < 20; ++i) cells.push_back(i < 5 ? "never seen" : "test only");
  const Draft draft = draft_of(with_column("c", Type::kCategory, cells));
  EXPECT_EQ(step(draft, "c").categories, (std::vector<std::string>{"zebra", "a", "b"}));
  EXPECT_EQ(step(draft, "c").rare_code, 3);
  EXPECT_EQ(feature(draft, 0, "c"), 0);
  EXPECT_EQ(feature(draft, 40, "c"), 2);
  EXPECT_EQ(feature(draft, 71, "c"), 3);
  EXPECT_EQ(feature(draft, 82, "c"), 3);
  EXPECT_TRUE(std::isnan(feature(draft, 79, "c")));
}

TEST(Fit, UnseenIsMissingWhereNothingWasRare) {
  std::vector<std::string> cells;
  for (int i = 0; i < 100; ++i) cells.push_back(i >= 80 ? "new" : i % 2 == 0 ? "even" : "odd");
  const Draft draft = draft_of(with_column("c", Type::kCategory, cells));
  EXPECT_EQ(step(draft, "c").rare_code, -1);
  EXPECT_TRUE(std::isnan(feature(draft, 90, "c")));
}

TEST(Fit, TypesChangeTheReadingOfAColumn) {
  std::vector<std::string> cells;
  for (int i = 0; i < 100; ++i) cells.push_back(i % 3 == 0 ? "100000" : "7");
  Job job = with_column("n", Type::kInteger, cells);
  job.options.types = {{"n", "category"}};
  const Draft draft = draft_of(job);
  EXPECT_EQ(step(draft, "n").kind, model::Step::Kind::kCategory);
  EXPECT_EQ(feature(draft, 1, "n"), 0);
  EXPECT_EQ(feature(draft, 3, "n"), 1);
  EXPECT_EQ(draft.transform.inputs().fields[1].type, Type::kInteger);  // cells stay as they come

  Job text = with_column("t", Type::kCategory, std::vector<std::string>(100, "a"));
  text.options.types = {{"t", "number"}};
  Draft broken;
  EXPECT_EQ(work(text, broken),
            "column \"t\" was collected as category and cannot be read as number; if some texts "
            "stand for missing values, name them in [collect] null and collect anew");
}

TEST(Fit, FreeTextIsListedAndReadAsCategoryOnDemand) {
  std::vector<std::string> cells;
  for (int i = 0; i < 100; ++i) cells.push_back(i % 2 == 0 ? "some words" : "other words");
  Job job = with_column("t", Type::kText, cells);
  EXPECT_EQ(why(draft_of(job), "t"), "free text: [[prepare.text]] makes features of it");
  job.options.types = {{"t", "category"}};
  EXPECT_EQ(feature(draft_of(job), 0, "t"), 1);  // as frequent, but later by bytes
}

TEST(Fit, DropsWhatSaysNothing) {
  const std::size_t n = 300;  // 240 train
  std::vector<std::string> late_news(n, "a"), ids, missing(n), unique;
  for (std::size_t i = 250; i < n; ++i) late_news[i] = "b";
  const auto x = noise(n, 1);
  auto x_until_test = x;
  x_until_test[260] = 5;
  std::vector<std::int64_t> numbered, coarse;
  for (std::size_t i = 0; i < n; ++i) {
    numbered.push_back(static_cast<std::int64_t>(i * 17 % 1009));
    coarse.push_back(static_cast<std::int64_t>(i / 2));
    unique.push_back("user " + std::to_string(i * 7919 % 1000));
  }
  const Job job = job_of(
      Grid().times(clock(n)).numbers("x", x).numbers("double_of_x", x_until_test)
          .column("late_news", Type::kCategory, late_news).column("none", Type::kNumber, missing)
          .integers("number", numbered).integers("coarse", coarse)
          .column("user", Type::kCategory, unique).numbers("y", noise(n, 2)).table(), "y");
  const Draft draft = draft_of(job);
  EXPECT_EQ(why(draft, "late_news"), "the same in all training rows");
  EXPECT_EQ(why(draft, "none"), "missing in all training rows");
  EXPECT_EQ(why(draft, "double_of_x"), "the same as \"x\" in all training rows");
  EXPECT_EQ(why(draft, "number"), "an identifier: nearly every row has its own value");
  EXPECT_EQ(why(draft, "user"), "an identifier: nearly every row has its own value");
  EXPECT_EQ(why(draft, "coarse"), "kept");  // half as many values as rows
  EXPECT_EQ(why(draft, "x"), "kept");       // all different, but it measures
  for (const table::Field& field : draft.transform.inputs().fields) {
    EXPECT_TRUE(field.name == "x" || field.name == "coarse") << field.name;
  }
  Job excused = job;
  excused.options.allow = {"number"};
  EXPECT_EQ(why(draft_of(excused), "number"), "kept");
}

TEST(Fit, NothingLeftIsSaid) {
  const Job job = job_of(Grid().times(clock(100, Span::seconds(1)))
                             .column("only", Type::kCategory, std::vector<std::string>(100, "a"))
                             .numbers("y", noise(100, 2)).table(), "y");
  Draft draft;
  EXPECT_EQ(work(job, draft),
            "no column is left that could be a feature: only (the same in all training rows)");
}

TEST(Fit, IgnoredLateAndMisspeltColumns) {
  Job job = job_of(Grid().numbers("x", noise(100, 1)).numbers("later", noise(100, 3))
                       .numbers("junk", noise(100, 4)).numbers("y", noise(100, 2)).table(), "y");
  job.options.ignore = {"junk", "jnuk"};
  job.options.late = {"later"};
  const Draft draft = draft_of(job);
  EXPECT_EQ(draft.transform.feature_names(), std::vector<std::string>{"x"});
  EXPECT_EQ(why(draft, "junk"), "ignored");
  EXPECT_EQ(why(draft, "later"), "known only with the label");
  EXPECT_EQ(draft.notes,
            std::vector<std::string>{"prepare.ignore names \"jnuk\", which is no column of d1"});
}

struct ClockCase {
  const char* what;
  std::size_t rows;
  Span step;
  std::vector<std::string> parts;
};

TEST(Fit, PartsOfTheEventTimeOnceTheirPeriodCameTwice) {
  // 80 % of the rows train.
  const std::vector<ClockCase> cases = {
      {"four days by the hour", 5 * 24, Span::hours(1), {"hour"}},
      {"two days less an hour, by the hour", 60, Span::hours(1), {}},
      {"sixteen days by the half hour", 20 * 48, Span::seconds(1800),
       {"weekday", "hour", "minute_of_day"}},
      {"forty days by the hour", 50 * 24, Span::hours(1), {"weekday", "hour"}},
      {"seventy-two days by the hour", 90 * 24, Span::hours(1), {"day", "weekday", "hour"}},
      {"four years by the day", 5 * 365, Span::days(1),
       {"year", "month", "day", "weekday", "day_of_year"}},
      {"a minute by the second", 75, Span::seconds(1), {}},
  };
  for (const ClockCase& each : cases) {
    Job job = job_of(Grid().times(clock(each.rows, each.step)).numbers("x", noise(each.rows, 1))
                         .numbers("y", noise(each.rows, 2)).table(), "y");
    job.situation.test_longest = Span::days(10'000);
    const Draft draft = draft_of(job);
    std::vector<std::string> expected = {"x"};
    for (const std::string& part : each.parts) expected.push_back("_time_" + part);
    EXPECT_EQ(draft.transform.feature_names(), expected) << each.what;
    for (std::size_t i = 0; i < draft.used.size(); ++i) {
      const Civil civil = rondo::civil(job.times[i]);
      for (const std::string& part : each.parts) {
        const double value = feature(draft, i, "_time_" + part);
        EXPECT_EQ(value, part == "year"          ? civil.year
                         : part == "month"       ? civil.month
                         : part == "day"         ? civil.day
                         : part == "weekday"     ? civil.weekday
                         : part == "hour"        ? civil.hour
                         : part == "day_of_year" ? civil.day_of_year
                                                 : civil.hour * 60 + civil.minute);
      }
    }
  }
}

TEST(Fit, ATimeColumnBecomesItsPartsAndNamesStayApart) {
  std::vector<std::string> stamps;
  for (int i = 0; i < 200; ++i) stamps.push_back(to_text(kStart - Span::hours(5 * i)));
  Job job = job_of(Grid().numbers("at_hour", noise(200, 1)).column("at", Type::kTime, stamps)
                       .numbers("y", noise(200, 2)).table(), "y");
  const Draft draft = draft_of(job);
  EXPECT_EQ(draft.transform.feature_names(),
            (std::vector<std::string>{"at_hour", "at_year", "at_weekday", "at_hour_2"}));
  EXPECT_EQ(feature(draft, 1, "at_hour_2"), 19);  // five hours before midnight
}

TEST(Fit, AClockColumnIsNoFeatureThoughServedRowsLackIt) {
  const std::size_t n = 400;
  std::vector<std::int64_t> stamps;
  for (const Time time : clock(n)) stamps.push_back(time.us);
  std::vector<std::string> texts, other;
  for (std::size_t i = 0; i < n; ++i) {
    texts.push_back(i % 5 == 0 ? "" : to_text(Time{stamps[i]}));  // a request named none
    other.push_back(i % 5 == 0 ? "" : to_text(Time{stamps[i] - (i % 2 == 0 ? 0 : 1)}));
  }
  const Job job = job_of(Grid().times(clock(n)).column("at", Type::kTime, texts)
                             .column("other", Type::kTime, other).numbers("x", noise(n, 3))
                             .numbers("y", noise(n, 4)).table(), "y");
  const Draft draft = draft_of(job);
  for (const table::Field& field : draft.transform.inputs().fields) EXPECT_NE(field.name, "at");
  EXPECT_TRUE(draft.transform.inputs().find("other")) << "it is not event time everywhere";
}

TEST(Fit, TestRowsChangeNothing) {
  const auto make = [](std::uint64_t seed) {
    auto x = noise(400, 1), other = noise(400, seed);
    std::vector<std::string> c;
    for (std::size_t i = 0; i < 400; ++i) {
      const double value = i < 320 ? x[i] : other[i];
      if (i >= 320) x[i] = other[i];
      c.push_back(std::to_string(static_cast<int>(std::abs(value) * 9)));
    }
    return draft_of(job_of(Grid().times(clock(400)).numbers("x", x).column("c", Type::kCategory, c)
                               .numbers("y", noise(400, 2)).table(), "y"));
  };
  const Draft a = make(5), b = make(6);
  EXPECT_EQ(a.transform.to_json(), b.transform.to_json());
  EXPECT_NE(a.matrix.values, b.matrix.values);
}

}  // namespace
}  // namespace rondo::prepare
