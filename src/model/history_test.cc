// As-of reads against the definition itself: a naive evaluator looks at every observation for every
// read, and must agree bit for bit, whatever the order in which the observations were told.
#include "model/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "base/seed.h"

namespace rondo::model {
namespace {

constexpr Time at(std::int64_t hour) { return Time{} + Span::hours(hour); }

HistorySpec made_spec() {
  HistorySpec out;
  out.series = {"cnt", "temp"};
  out.scales = {{0.25, -38}, {-3, -41}};
  out.lags = {{0, Span::hours(48), 0, "cnt_lag_48h"}, {0, Span::hours(3), 0, "cnt_lag_3h"},
              {0, Span{}, 1, "cnt_lag_1"},            {0, Span{}, 4, "cnt_lag_4"},
              {1, Span::hours(1), 0, "temp_lag_1h"},  {1, Span{}, 2, "temp_lag_2"}};
  for (std::size_t take = 0; take < std::size(kTakeNames); ++take) {
    out.lags.push_back({0, Span{}, 0, "cnt_7h_" + std::string(kTakeNames[take]), Span::hours(7),
                        static_cast<Take>(take)});
  }
  out.lags.push_back({1, Span{}, 0, "temp_7h", Span::hours(7), Take::kMean});
  out.lags.push_back({1, Span{}, 0, "temp_30h", Span::hours(30), Take::kMean});
  return out;
}

const HistorySpec& spec() {
  static const HistorySpec made = made_spec();
  return made;
}

/// Of what is in the window, the newest first: data.md 32, added up one by one.
double naive_window(std::vector<const Observation*> seen, Take take, Time p, const Scale& scale) {
  const double step = std::ldexp(1, scale.exponent);
  const auto steps = [&](const Observation* o) {
    return std::nearbyint((o->value - scale.center) / step);
  };
  std::erase_if(seen, [&](const Observation* o) { return std::abs(steps(o)) > 0x1p50; });
  const auto n = static_cast<double>(seen.size());
  if (take == Take::kCount) return n;
  std::set<double> values;
  for (const Observation* o : seen) values.insert(o->value);
  if (take == Take::kDistinct) return static_cast<double>(values.size());
  if (seen.empty() || (take == Take::kStd && seen.size() < 2)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  Int128 sum = 0;
  for (const Observation* o : seen) sum += static_cast<std::int64_t>(steps(o));
  const Int128 middle = sum / static_cast<std::int64_t>(seen.size());
  Int128 rest = 0, squares = 0;
  for (const Observation* o : seen) {
    const Int128 apart = static_cast<std::int64_t>(steps(o)) - middle;
    rest += apart;
    squares += apart * apart;
  }
  const auto r = static_cast<double>(rest);
  switch (take) {
    case Take::kCount:
    case Take::kDistinct: break;
    case Take::kSum: return n * scale.center + static_cast<double>(sum) * step;
    case Take::kMean: return scale.center + static_cast<double>(sum) / n * step;
    case Take::kStd:
      return std::sqrt((static_cast<double>(squares) - r * r / n) / (n - 1)) * step;
    case Take::kMin: return *values.begin();
    case Take::kMax: return *values.rbegin();
    case Take::kLast: return seen.front()->value;
    case Take::kAge: return static_cast<double>((p - seen.front()->event).us) * 1e-6;
  }
  return 0;
}

/// data.md 28, read literally, in quadratic time.
double naive(const std::vector<Observation>& all, const Lag& lag, std::string_view entity, Time p,
             Time q) {
  std::vector<const Observation*> seen;
  for (const Observation& o : all) {
    if (o.series != lag.series || o.entity != entity || !(o.event < p) || !(o.known <= q)) continue;
    bool replaced = false;  // by a version that became known later
    for (const Observation& other : all) {
      replaced = replaced || (other.series == o.series && other.entity == o.entity &&
                              other.event == o.event && other.sequence == o.sequence &&
                              other.known > o.known && other.known <= q);
    }
    if (!replaced) seen.push_back(&o);
  }
  std::sort(seen.begin(), seen.end(), [](const Observation* a, const Observation* b) {
    return std::tuple(a->event, a->sequence) > std::tuple(b->event, b->sequence);
  });
  if (lag.over.us > 0) {
    std::erase_if(seen, [&](const Observation* o) { return o->event < p - lag.over; });
    return naive_window(seen, lag.take, p, spec().scales[lag.series]);
  }
  if (lag.rows > 0) {
    return seen.size() >= lag.rows ? seen[lag.rows - 1]->value
                                   : std::numeric_limits<double>::quiet_NaN();
  }
  for (const Observation* o : seen) {
    if (o->event <= p - lag.by && o->event > p - Span{2 * lag.by.us}) return o->value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Late, reordered, doubled in time, corrected observations of three entities.
std::vector<Observation> observations(std::size_t count) {
  Chance chance(Seed{5});
  std::vector<Observation> all;
  for (std::size_t i = 0; i < count; ++i) {
    const auto hour = static_cast<std::int64_t>(chance.below(60));
    const auto late = static_cast<std::int64_t>(chance.below(30));
    Observation o{static_cast<std::uint32_t>(chance.below(2)),
                  std::string(1, static_cast<char>('a' + chance.below(3))),
                  at(hour),
                  at(hour + late),
                  chance.below(3),
                  chance.below(20) == 0 ? 5000 : chance.uniform()};
    const bool told = std::any_of(all.begin(), all.end(), [&](const Observation& x) {
      return x.series == o.series && x.entity == o.entity && x.event == o.event &&
             x.sequence == o.sequence && x.known == o.known;
    });
    if (!told) all.push_back(std::move(o));
  }
  return all;
}

std::vector<double> reads(const HistoryState& state) {
  std::vector<double> out;
  std::vector<double> row(state.spec().lags.size());
  for (const char* entity : {"a", "b", "c", "nobody"}) {
    for (std::int64_t p = -1; p < 100; p += 3) {
      for (const std::int64_t q : {p - 20, p - 1, p, p + 7, std::int64_t{1000}}) {
        state.read(entity, at(p), at(q), row);
        out.insert(out.end(), row.begin(), row.end());
      }
    }
  }
  return out;
}

void expect_bits(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i])) << i;
  }
}

TEST(History, EqualsTheNaiveEvaluatorInEveryBit) {
  const auto all = observations(400);
  HistoryState state(spec());
  for (const Observation& o : all) state.apply(o);
  std::vector<double> want;
  std::size_t known = 0;
  for (const char* entity : {"a", "b", "c", "nobody"}) {
    for (std::int64_t p = -1; p < 100; p += 3) {
      for (const std::int64_t q : {p - 20, p - 1, p, p + 7, std::int64_t{1000}}) {
        for (const Lag& lag : spec().lags) {
          want.push_back(naive(all, lag, entity, at(p), at(q)));
          known += std::isnan(want.back()) ? 0 : 1;
        }
      }
    }
  }
  EXPECT_GT(known, 500U);  // the reads are not all empty
  expect_bits(reads(state), want);
  EXPECT_EQ(state.size(), all.size());
}

/// Many values of one entity, each known `delay` after it happened: sums over blocks.
TEST(History, AddsUpAMillionAsItAddsUpAFew) {
  Chance chance(Seed{11});
  std::vector<Observation> all;
  HistoryState state(spec());
  std::vector<double> row(spec().lags.size());
  for (std::int64_t i = 0; i < 500; ++i) {
    const auto late = static_cast<std::int64_t>(chance.below(9));
    const Time event = Time{} + Span{i / 2 * 120'000'000 + late};
    const double value = i % 50 == 7 ? -1e6 : chance.uniform() * 10 - 2;
    all.push_back({static_cast<std::uint32_t>(i % 2), "a", event, event + Span::hours(1),
                   static_cast<std::uint64_t>(i), value});
    state.apply(all.back());
    if (i % 60 == 59) {  // a correction, and one that comes far too late
      all.push_back(all[static_cast<std::size_t>(i) - 40]);
      all.back().known = event + Span::hours(2);
      all.back().value = chance.uniform();
      state.apply(all.back());
    }
    if (i % 20 != 0) continue;
    for (const Span ahead : {Span{}, Span::hours(1), Span::hours(9), Span::hours(1000)}) {
      const Time p = event + Span{ahead.us / 9};
      state.read("a", p, event + ahead, row);
      for (std::size_t lag = 0; lag < row.size(); ++lag) {
        const double want = naive(all, spec().lags[lag], "a", p, event + ahead);
        ASSERT_EQ(std::bit_cast<std::uint64_t>(row[lag]), std::bit_cast<std::uint64_t>(want))
            << spec().lags[lag].feature << " after " << i;
      }
    }
  }
}

TEST(History, TheDeviationOfWhatIsAlikeIsNothingHoweverFarFromTheCenter) {
  HistorySpec one;
  one.series = {"x"};
  one.scales = {Scale::of({1, 2, 3, 4, 1000})};
  one.lags = {{0, Span{}, 0, "std", Span::days(900), Take::kStd},
              {0, Span{}, 0, "mean", Span::days(900), Take::kMean}};
  HistoryState state(one);
  for (int i = 0; i < 10'000; ++i) state.apply({0, "", at(i), at(i), 0, 123456.75});
  std::vector<double> out(2);
  state.read("", at(10'000), at(10'000), out);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 123456.75);
  for (int i = 10'000; i < 20'000; ++i) state.apply({0, "", at(i), at(i), 0, 123457.75});
  state.read("", at(20'000), at(20'000), out);
  EXPECT_NEAR(out[0], std::sqrt(20'000.0 / 19'999) / 2, 1e-12);
  EXPECT_EQ(out[1], 123457.25);
}

TEST(History, AScaleIsTheMedianAndFortyDigitsBelowTheGreatestDistance) {
  EXPECT_EQ(Scale::of({5, 1, 3}), (Scale{3, 1 - 40}));
  EXPECT_EQ(Scale::of({0, 0, 9}), (Scale{0, 3 - 40}));
  EXPECT_EQ(Scale::of({7, 7}), (Scale{7, -40}));
  EXPECT_EQ(Scale::of({}), Scale());
  EXPECT_EQ(Scale::of({0, 1e-320, 0}).exponent, Scale::kLeast);
  EXPECT_EQ(Scale::of({-1e308, 1e308, 1e308}).exponent, Scale::kGreatest);
}

TEST(History, AnyOrderOfApplicationGivesTheSameReads) {
  auto all = observations(300);
  all.push_back(all[7]);
  all.back().value = 99;  // two claims with the same t, sequence and k
  HistoryState first(spec());
  for (const Observation& o : all) first.apply(o);
  Chance chance(Seed{9});
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[chance.below(i)]);
    HistoryState other(spec());
    for (const Observation& o : all) other.apply(o);
    EXPECT_EQ(other.size(), first.size());
    expect_bits(reads(other), reads(first));
  }
}

struct Border {
  const char* what;
  Observation told;
  std::int64_t p, q;
  std::size_t lag;
  bool seen;
};

TEST(History, BordersOfTimeAndKnowledge) {
  const Observation o{0, "a", at(100), at(110), 0, 5};
  const Observation corrected{0, "a", at(100), at(120), 0, 6};
  const Border rows[] = {
      {"t == p is the row itself: not seen", o, 100, 200, 2, false},
      {"t just before p is seen", o, 101, 200, 2, true},
      {"k == q is known", o, 150, 110, 2, true},
      {"k just after q is not", o, 150, 109, 2, false},
      {"t == p - by is in the window", o, 148, 200, 0, true},
      {"t just after p - by is too young", o, 147, 200, 0, false},
      {"t just after p - 2 by is in the window", o, 195, 200, 0, true},
      {"t == p - 2 by is too old", o, 196, 200, 0, false},
      {"a correction is not seen before it is known", corrected, 150, 119, 2, false},
  };
  for (const Border& row : rows) {
    HistoryState state(spec());
    state.apply(row.told);
    std::vector<double> out(spec().lags.size());
    state.read("a", at(row.p), at(row.q), out);
    EXPECT_EQ(!std::isnan(out[row.lag]), row.seen) << row.what;
  }
}

TEST(History, NewEntitiesFindNoRoomBeyondItsLimitAndKnownOnesGoOn) {
  HistoryState state({{"y"}, {{0, {}, 1, "y_lag_1"}}, {"shop"}});
  const auto tell = [&](const std::string& shop, std::int64_t hour, double value) {
    state.apply({0, shop, at(hour), at(hour), static_cast<std::uint64_t>(hour), value});
  };
  const auto newest = [&](const std::string& shop) {
    double out = 0;
    state.read(shop, at(100), at(100), std::span(&out, 1));
    return out;
  };
  tell("a", 0, 1);
  tell("b", 1, 2);
  state.hold_at_most(state.bytes());
  tell("c", 2, 3);
  tell("a", 3, 4);
  tell("c", 4, 5);
  EXPECT_EQ(newest("a"), 4);
  EXPECT_EQ(newest("b"), 2);
  EXPECT_TRUE(std::isnan(newest("c")));
  EXPECT_EQ(state.refused(), 2u);
  state.hold_at_most(0);
  tell("c", 5, 6);
  EXPECT_EQ(newest("c"), 6);
}

TEST(History, ACorrectionReplacesTheValueOnlyFromWhenItIsKnown) {
  HistoryState state(spec());
  state.apply({0, "a", at(100), at(120), 0, 6});  // told before what it corrects
  state.apply({0, "a", at(100), at(110), 0, 5});
  std::vector<double> out(spec().lags.size());
  state.read("a", at(150), at(119), out);
  EXPECT_EQ(out[2], 5);
  state.read("a", at(150), at(120), out);
  EXPECT_EQ(out[2], 6);
  EXPECT_TRUE(std::isnan(out[3]));  // still one value, not two rows
}

TEST(History, TimesAtTheEndsOfTheirTypeReadAsMissing) {
  HistoryState state(spec());
  state.apply({0, "a", at(100), at(110), 0, 5});
  std::vector<double> out(spec().lags.size());
  state.read("a", Time{std::numeric_limits<std::int64_t>::min()}, kEndOfTime, out);
  EXPECT_TRUE(std::isnan(out[0]));
  state.read("a", Time{std::numeric_limits<std::int64_t>::max()}, kEndOfTime, out);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[2], 5);
}

TEST(History, SpecComesBackFromJsonAndIsChecked) {
  const auto back = HistorySpec::from_json(spec().to_json());
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(*back, spec());
  const auto refused = [](const char* pointer, const Json& value) {
    Json json = spec().to_json();
    json[Json::json_pointer(pointer)] = value;
    return !HistorySpec::from_json(json);
  };
  EXPECT_TRUE(refused("/lags/0/series", 2));
  EXPECT_TRUE(refused("/lags/0/series", -1));
  EXPECT_TRUE(refused("/lags/0/by_us", 0));
  EXPECT_TRUE(refused("/lags/0/by_us", "48h"));
  EXPECT_TRUE(refused("/lags/0/by_us", std::numeric_limits<std::int64_t>::max()));
  EXPECT_TRUE(refused("/lags/0/rows", 1));  // by time and by rows at once
  EXPECT_TRUE(refused("/lags/2/rows", -1));
  EXPECT_TRUE(refused("/lags/1/feature", "cnt_lag_48h"));
  EXPECT_TRUE(refused("/series/1", "cnt"));
  EXPECT_TRUE(refused("/scales", Json::array()));
  EXPECT_TRUE(refused("/scales/0/exponent", 901));
  EXPECT_TRUE(refused("/scales/0/center", "0"));
  EXPECT_TRUE(refused("/scales/2", Json{{"center", 0}, {"exponent", 0}}));
  EXPECT_TRUE(refused("/series", "cnt"));
}

}  // namespace
}  // namespace rondo::model
