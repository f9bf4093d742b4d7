// Lags and baselines: one definition for batch and row, checked against the definition written down
// once more as a plain search through all rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

/// Hours with gaps, doubled times and missing cells.
Job uneven(std::size_t count, std::uint64_t seed) {
  Chance chance(Seed{seed});
  std::vector<Time> times;
  std::vector<double> y, w;
  Time time = kStart;
  for (std::size_t i = 0; i < count; ++i) {
    time = time + Span::hours(static_cast<std::int64_t>(chance.below(3)));
    times.push_back(time);
    y.push_back(chance.below(20) == 0 ? NAN : static_cast<double>(chance.below(1000)));
    w.push_back(chance.below(10) == 0 ? NAN : chance.normal());
  }
  Job job = job_of(Grid().times(times).numbers("x", noise(count, seed)).numbers("w", w)
                       .numbers("y", y).table(), "y");
  job.situation.label_delay = job.situation.gap = Span::hours(30);
  job.situation.delay = Span::hours(2);
  job.situation.quarantine = {{kStart + Span::hours(150), kStart + Span::hours(190), "y", "zeros"}};
  job.lags = *lags_from(Json::parse(R"([{"column": "y", "by": "1d"}, {"column": "y", "by": "2d"},
      {"column": "y", "rows": 1}, {"column": "w", "by": "3h"}, {"column": "w", "rows": 4}])"));
  const auto windows = *windows_from(Json::parse(R"([
      {"column": "y", "over": "3d",
       "take": ["count", "mean", "std", "min", "max", "age", "distinct"]},
      {"column": "w", "over": "8h", "take": ["sum", "count"]}])"));
  job.lags.insert(job.lags.end(), windows.begin(), windows.end());
  return job;
}

/// What its windows are added up in.
model::Scale scale_of(const Draft& draft, const std::string& column) {
  const model::HistorySpec& spec = draft.transform.history();
  const auto found = std::ranges::find(spec.series, column);
  return spec.scales.at(static_cast<std::size_t>(found - spec.series.begin()));
}

/// Of the known values in a window, the oldest first; the sums are of whole steps (data.md 32).
double naive_window(const std::vector<std::pair<Time, double>>& known, model::Take take, Time p,
                    const model::Scale& scale) {
  using model::Take;
  const auto n = static_cast<double>(known.size());
  if (take == Take::kCount || (take == Take::kDistinct && known.empty())) return n;
  if (known.empty() || (take == Take::kStd && n < 2)) return NAN;
  const double step = std::ldexp(1, scale.exponent);
  model::Int128 sum = 0, rest = 0, squares = 0;
  double least = HUGE_VAL, greatest = -HUGE_VAL;
  const auto steps = [&](double x) {
    return model::Int128(std::nearbyint((x - scale.center) / step));
  };
  for (const auto& [time, value] : known) {
    sum += steps(value);
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  const model::Int128 middle = sum / static_cast<std::int64_t>(known.size());
  for (const auto& [time, value] : known) {
    rest += steps(value) - middle;
    squares += (steps(value) - middle) * (steps(value) - middle);
  }
  const auto left = static_cast<double>(rest);
  switch (take) {
    case Take::kSum: return n * scale.center + static_cast<double>(sum) * step;
    case Take::kMean: return scale.center + static_cast<double>(sum) / n * step;
    case Take::kStd:
      return std::sqrt((static_cast<double>(squares) - left * left / n) / (n - 1)) * step;
    case Take::kMin: return least;
    case Take::kMax: return greatest;
    case Take::kLast: return known.back().second;
    case Take::kAge: return static_cast<double>((p - known.back().first).us) * 1e-6;
    case Take::kDistinct: {
      std::set<double> values;
      for (const auto& [time, value] : known) values.insert(value);
      return static_cast<double>(values.size());
    }
    case Take::kCount: break;
  }
  return n;
}

/// data.md 28, by looking at every row: only t < p and k <= q = p; by time p - 2d < t <= p - d, the
/// newest; by rows the n-th newest; ties of t by row.
double naive(const Job& job, const Draft& draft, const LagWish& lag, std::size_t asking) {
  const Time p = job.times[asking];
  const bool target = lag.column == job.situation.target;
  const Span delay = target ? job.situation.label_delay : job.situation.delay;
  const table::Column& column = *job.rows.find(lag.column);
  std::vector<std::pair<Time, double>> known;
  for (std::size_t row = 0; row < job.rows.rows(); ++row) {
    const Time t = job.times[row];
    bool out = column.is_null(row) || t >= p || t + delay > p;
    for (const std::string& name : job.situation.entity) {
      const table::Column& whose = *job.rows.find(name);
      out = out || whose.cell_text(row) != whose.cell_text(asking);
    }
    for (const Quarantine& q : job.situation.quarantine) out = out || (t >= q.from && t < q.until);
    if (lag.by.us > 0) out = out || t > p - lag.by || t <= p - Span{2 * lag.by.us};
    if (lag.over.us > 0) out = out || t < p - lag.over;
    if (!out) known.push_back({t, column.as_double(row)});
  }
  if (lag.over.us > 0) {
    return naive_window(known, lag.take, p, scale_of(draft, lag.column));
  }
  const std::size_t back = lag.rows > 0 ? lag.rows : 1;
  return known.size() < back ? NAN : known[known.size() - back].second;
}

/// Two columns say whose row it is; one has missing cells, neither need be a feature.
Job of_many(Job job, std::uint64_t seed) {
  Chance chance(Seed{seed});
  table::ColumnBuilder shop(Type::kCategory), till(Type::kInteger);
  for (std::size_t row = 0; row < job.rows.rows(); ++row) {
    shop.text(std::string(1, static_cast<char>('a' + chance.below(3))));
    const std::uint64_t number = chance.below(3);
    if (number == 2) till.null();
    else till.integer(static_cast<std::int64_t>(number));
  }
  job.rows = job.rows.with({"shop", Type::kCategory}, shop.finish());
  job.rows = job.rows.with({"till", Type::kInteger}, till.finish());
  job.situation.entity = {"shop", "till"};
  job.options.ignore = {"till"};
  return job;
}

TEST(Lags, EqualTheirDefinitionBitForBit) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const Job job = seed < 4 ? uneven(600, seed) : of_many(uneven(900, seed), seed);
    const Draft draft = draft_of(job);
    std::size_t there = 0, missing = 0;
    for (std::size_t i = 0; i < draft.used.size(); ++i) {
      for (const LagWish& lag : job.lags) {
        const double expected = naive(job, draft, lag, draft.used[i]);
        const double got = feature(draft, i, lag.feature);
        (std::isnan(expected) ? missing : there) += 1;
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(got)) << lag.feature << " of row " << i;
        } else {
          EXPECT_EQ(got, expected) << lag.feature << " of row " << i;
        }
      }
      const double last = naive(job, draft, {"y", {}, 1, ""}, draft.used[i]);
      EXPECT_TRUE(std::isnan(last) ? std::isnan(draft.last_value[i]) : last == draft.last_value[i]);
    }
    EXPECT_GT(there, 1000U);
    EXPECT_GT(missing, 50U);
  }
}

void expect_rows_as_in_the_batch(const Job& job) {
  const Draft draft = draft_of(job);
  // A history that lives through time: before each row it learns what was known by then, no more.
  auto seen = observations(job.rows, draft.transform.history(), "y", {}, job.situation);
  std::ranges::stable_sort(seen, {}, &model::Observation::known);
  model::HistoryState history(draft.transform.history());
  const model::Transform reloaded = *model::Transform::from_json(draft.transform.to_json());
  std::vector<const table::Column*> columns;
  for (const auto& field : reloaded.inputs().fields) columns.push_back(job.rows.find(field.name));
  std::vector<model::Cell> cells(columns.size());
  std::vector<double> row(reloaded.features());
  std::size_t learned = 0;
  for (std::size_t i = 0; i < draft.used.size(); ++i) {
    const Time now = job.times[draft.used[i]];
    for (; learned < seen.size() && seen[learned].known <= now; ++learned) {
      history.apply(seen[learned]);
    }
    model::gather(columns, draft.used[i], cells);
    reloaded.row({cells, now, now}, &history, row);
    for (std::size_t column = 0; column < row.size(); ++column) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(row[column]),
                std::bit_cast<std::uint64_t>(draft.matrix.row(i)[column]))
          << "row " << i << ", " << reloaded.feature_names()[column];
    }
  }
}

TEST(Lags, ARowAloneGivesTheBitsOfTheBatch) {
  expect_rows_as_in_the_batch(uneven(400, 4));
  expect_rows_as_in_the_batch(of_many(uneven(400, 4), 4));
}

TEST(Lags, ObservationsAreKnownWhenTheyWere) {
  std::vector<std::string> target = {"no", "yes", "", "maybe"};
  const auto times = clock(4);
  const table::Table rows = Grid().times(times).integers("w", {5, 6, 7, 8})
                                .column("y", Type::kCategory, target).table();
  Situation situation;
  situation.label_delay = Span::days(1);
  situation.delay = Span::hours(2);
  situation.quarantine = {{times[1], times[2], "w", "spike"}};
  const auto seen = observations(rows, {{"y", "w", "gone"}, {}}, "y", {"no", "yes"}, situation);
  // Row 1 is kept out, row 2 has no label, "maybe" is no class of this model.
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].series, 0U);
  EXPECT_EQ(seen[0].value, 0);
  EXPECT_EQ(seen[0].known, times[0] + Span::days(1));
  EXPECT_EQ(seen[1].series, 1U);
  EXPECT_EQ(seen[1].known, times[0] + Span::hours(2));
  EXPECT_EQ(seen[2].event, times[2]);
  EXPECT_EQ(seen[2].sequence, 2U);
  EXPECT_EQ(seen[3].value, 8);
  EXPECT_TRUE(observations(Grid().integers("w", {5}).table(), {{"w"}, {}}, "y", {}, situation)
                  .empty());
}

TEST(Windows, AreReadFromTheOptions) {
  const auto wishes = *windows_from(Json::parse(
      R"([{"column": "cnt", "over": "7d", "take": ["mean", "count"]}])"));
  ASSERT_EQ(wishes.size(), 2U);
  EXPECT_EQ(wishes[0].feature, "cnt_mean_7d");
  EXPECT_EQ(wishes[1].feature, "cnt_count_7d");
  const model::HistorySpec spec = history_of(wishes, {}, {{"cnt", {12.5, -33}}});
  EXPECT_EQ(*model::HistorySpec::from_json(spec.to_json()), spec);
  const std::pair<const char*, const char*> wrong[] = {
      {R"([{"over": "7d", "take": ["mean"]}])", "[[prepare.window]] number 1 names no column"},
      {R"([{"column": "a", "take": ["mean"]}])",
       "[[prepare.window]] number 1 does not say over which time"},
      {R"([{"column": "a", "over": "0s", "take": ["mean"]}])",
       "[[prepare.window]] number 1 must be over more than nothing and at most a century"},
      {R"([{"column": "a", "over": "7d"}])",
       "[[prepare.window]] number 1 does not list what it takes"},
      {R"([{"column": "a", "over": "7d", "take": ["mean", "median"]}])",
       "[[prepare.window]] number 1 cannot take \"median\""},
      {R"([{"column": "a", "over": "7d", "take": [1]}])",
       "[[prepare.window]] number 1 cannot take 1"},
      {R"([{"column": "a", "over": "7d", "take": ["mean"], "by": "1d"}])",
       "[[prepare.window]] number 1 has the unknown key \"by\""},
      {R"([{"column": "a", "over": "7d", "take": ["mean"]},
           {"column": "a", "over": "168h", "take": ["mean"]}])",
       "[[prepare.window]] number 2 asks for \"a_mean_168h\" twice"},
      {R"({"column": "a"})", "prepare.window is no list of tables"}};
  for (const auto& [text, sentence] : wrong) {
    const auto read = windows_from(Json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().message, sentence);
  }
}

TEST(Lags, AreReadFromTheOptions) {
  const auto lags = *lags_from(Json::parse(R"([{"column": "cnt", "by": "48h"},
                                               {"column": "cnt", "rows": 3}])"));
  EXPECT_EQ(lags[0].feature, "cnt_lag_48h");
  EXPECT_EQ(lags[0].by, Span::hours(48));
  EXPECT_EQ(lags[1].feature, "cnt_lag_3_rows");
  EXPECT_EQ(history_of(lags, {}, {}).series, std::vector<std::string>{"cnt"});
  constexpr const char* kRows = "[[prepare.lag]] number 1 must go back by 1 to 1,000,000 rows";
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {R"([{"by": "48h"}])", "[[prepare.lag]] number 1 names no column"},
      {R"([{"column": "a"}])", "[[prepare.lag]] number 1 must have either `by` or `rows`"},
      {R"([{"column": "a", "by": "1h", "rows": 1}])",
       "[[prepare.lag]] number 1 must have either `by` or `rows`"},
      {R"([{"column": "a", "by": "0s"}])",
       "[[prepare.lag]] number 1 must go back by more than nothing and at most a century"},
      {R"([{"column": "a", "rows": 0}])", kRows},
      {R"([{"column": "a", "rows": "2"}])", kRows},
      {R"([{"column": "a", "hours": 2}])",
       "[[prepare.lag]] number 1 has the unknown key \"hours\""},
      {R"([{"column": "a", "by": "1d"}, {"column": "a", "by": "24h"}])",
       "[[prepare.lag]] number 2 asks for \"a_lag_24h\" a second time"},
      {R"({"column": "a"})", "prepare.lag is no list of tables"},
      {R"([{"column": "a", "by": "soon"}])", "\"soon\" is not a span of time"},
  };
  for (const auto& [text, sentence] : wrong) {
    const auto read = lags_from(Json::parse(text));
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().message, sentence) << text;
  }
}

TEST(Lags, ThatCannotBeAreRefused) {
  Job job = job_of(Grid().times(clock(100)).numbers("x", noise(100, 1))
                       .column("c", Type::kCategory, std::vector<std::string>(100, "a"))
                       .numbers("y", noise(100, 2)).table(), "y");
  const auto said = [&job](const std::string& column) {
    job.lags = {{column, Span::days(1), 0, column + "_lag_1d"}};
    Draft draft;
    return work(job, draft);
  };
  EXPECT_EQ(said("gone"), "[[prepare.lag]] reads the column \"gone\", which is not in dataset d1");
  EXPECT_EQ(said("c"),
            "[[prepare.lag]] reads \"c\", which is a category; only numbers and the target can be "
            "lagged");
  job.options.late = {"x"};
  EXPECT_EQ(said("x"),
            "[[prepare.lag]] reads \"x\", which is in prepare.late; of late values only the target "
            "can be lagged in this version");
  job.situation.entity = {"c", "y"};
  EXPECT_EQ(said("y"),
            "[[prepare.lag]] of \"y\" is kept apart by [collect] entity, and \"y\" is not known "
            "when a prediction is asked for");
  job.situation.entity.clear();
  job.situation.has_clock = false;
  job.times.clear();
  EXPECT_EQ(said("y"), "[[prepare.lag]] of \"y\" needs a clock; set [collect] time");
}

TEST(Lags, ALagThatIsNeverKnownInTimeIsDroppedWithTheReason) {
  Job job = uneven(600, 1);
  job.lags = {{"y", Span::hours(15), 0, "y_lag_15h"}};  // p - 30h < t, known only after 30h
  const Draft draft = draft_of(job);
  ASSERT_FALSE(draft.dropped.empty());
  EXPECT_EQ(draft.dropped.back().column, "y_lag_15h");
  EXPECT_EQ(draft.dropped.back().why,
            "missing in all training rows: its values are known only after 30h");
  EXPECT_TRUE(draft.transform.history().series.empty());
}

TEST(Baselines, SeasonIsWhatIsKnownAndServesBetter) {
  // Forty days by the hour: by weekday and hour, and by hour alone.
  std::vector<double> weekly, daily;
  const auto times = clock(40 * 24);
  for (const Time time : times) {
    const Civil c = civil(time);
    weekly.push_back(c.weekday * 100 + c.hour);
    daily.push_back(c.hour);
  }
  const auto season = [&](const std::vector<double>& y, Span delay) {
    Job job = job_of(Grid().times(times).numbers("x", noise(y.size(), 1)).numbers("y", y).table(),
                     "y");
    job.options.leaks = "warn";
    job.situation.label_delay = job.situation.gap = delay;
    const Draft draft = draft_of(job);
    for (std::size_t i = 0; i < y.size() && draft.season >= delay; ++i) {
      const auto back = static_cast<std::size_t>(draft.season.us / Span::hours(1).us);
      if (i < draft.used.size() && draft.used[i] >= back) {
        EXPECT_EQ(draft.season_value[i], y[draft.used[i] - back]);
      }
    }
    return draft.season;
  };
  EXPECT_EQ(season(weekly, Span::days(1)), Span::days(7));
  EXPECT_EQ(season(daily, Span::days(1)), Span::days(1));   // equally good: the shorter one
  EXPECT_EQ(season(daily, Span::hours(25)), Span::days(7)); // a day ago is not known yet
  EXPECT_EQ(season(daily, Span::days(8)), Span::days(14));
}

}  // namespace
}  // namespace rondo::prepare
