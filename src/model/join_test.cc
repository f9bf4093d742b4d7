// Joins with another table against their definition (data.md 35): of the facts of a key with
// p - ttl < t <= p and k <= q the one of greatest (t, k, s). A naive evaluator looks at every fact
// for every read.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "base/seed.h"
#include "model/transform.h"

namespace rondo::model {
namespace {

constexpr Time at(std::int64_t hour, std::int64_t minute = 0) {
  return Time{} + Span::hours(hour) + Span::seconds(60 * minute);
}

/// The rows' own lag, and two columns of a table of weather that is joined by place.
HistorySpec spec() {
  HistorySpec out;
  out.series = {"y", "weather.temp", "weather.wind"};
  out.sides = {{"weather", {"place"}}};
  out.side_of = {-1, 0, 0};
  Lag temp, wind;
  temp.series = 1;
  temp.feature = "weather_temp";
  temp.ttl = Span::hours(3);
  wind.series = 2;
  wind.feature = "weather_wind";
  wind.ttl = Span::hours(8);
  out.lags = {{0, Span{}, 1, "y_lag_1"}, temp, wind};
  return out;
}

std::string keys(const std::string& entity, const std::string& place) {
  return keys_in_one(std::vector<std::string>{entity, place});
}

double temp_at(const HistoryState& history, const std::string& place, Time p, Time q) {
  std::vector<double> out(3);
  history.read(keys("", place), p, q, out);
  return out[1];
}

TEST(Join, SeesTheNewestFactThatIsKnownAndYoungEnough) {
  HistoryState history(spec());
  history.apply({1, "JFK", at(10), at(10), 0, 1.0});
  history.apply({1, "JFK", at(12), at(12, 30), 0, 2.0});
  history.apply({1, "LGA", at(9), at(9), 0, 7.0});
  struct Row {
    const char* what;
    std::string place;
    Time p, q;
    double expected;
  };
  const Row rows[] = {
      {"of its own time", "JFK", at(10), at(10), 1.0},
      {"not of a minute later", "JFK", at(9, 59), at(20), NAN},
      {"not before it is known", "JFK", at(12), at(12), 1.0},
      {"once it is known", "JFK", at(12, 30), at(12, 30), 2.0},
      {"as late as the ttl lasts", "JFK", at(14, 59), at(14, 59), 2.0},
      {"a fact as old as the ttl is too old", "JFK", at(15), at(15), NAN},
      {"an older one that is known counts from the row", "JFK", at(12, 59), at(12), 1.0},
      {"and is too old at last", "JFK", at(13), at(12), NAN},
      {"of its own place", "LGA", at(10), at(10), 7.0},
      {"of no other", "EWR", at(10), at(10), NAN},
  };
  for (const Row& row : rows) {
    const double got = temp_at(history, row.place, row.p, row.q);
    if (std::isnan(row.expected)) EXPECT_TRUE(std::isnan(got)) << row.what << ": " << got;
    else EXPECT_EQ(got, row.expected) << row.what;
  }
}

TEST(Join, TheNewestFactCountsWhereItsValueIsMissingToo) {
  HistoryState history(spec());
  history.apply({1, "JFK", at(10), at(10), 0, 1.0});
  history.apply({1, "JFK", at(11), at(11), 0, NAN});
  EXPECT_TRUE(std::isnan(temp_at(history, "JFK", at(12), at(12))));
  EXPECT_EQ(temp_at(history, "JFK", at(10, 59), at(12)), 1.0);
}

double naive(const std::vector<Observation>& all, const Lag& lag, const std::string& key, Time p,
             Time q) {
  const Observation* best = nullptr;
  const auto rank = [](const Observation& o) { return std::tuple(o.event, o.known, o.sequence); };
  for (const Observation& o : all) {
    if (o.series != lag.series || o.entity != key || o.known > q) continue;
    if (!(p.us - lag.ttl.us < o.event.us && o.event <= p)) continue;
    if (best == nullptr || rank(o) > rank(*best)) best = &o;
  }
  return best == nullptr ? NAN : best->value;
}

TEST(Join, EqualsItsDefinitionWhateverTheOrder) {
  const std::string places[] = {"JFK", "LGA", std::string("a\0b", 3)};
  for (const std::uint64_t seed : {1, 2, 3}) {
    Chance chance(Seed{seed});
    std::vector<Observation> facts;
    for (std::uint64_t i = 0; i < 400; ++i) {
      const Time t = at(static_cast<std::int64_t>(chance.below(120)));
      const Time k = t + Span::hours(static_cast<std::int64_t>(chance.below(5)));
      facts.push_back({1 + static_cast<std::uint32_t>(chance.below(2)), places[chance.below(3)], t,
                       k, i, chance.below(9) == 0 ? NAN : chance.normal()});
    }
    HistoryState one(spec()), other(spec());
    for (const Observation& o : facts) one.apply(o);
    for (auto o = facts.rbegin(); o != facts.rend(); ++o) other.apply(*o);
    std::size_t there = 0;
    for (int i = 0; i < 2'000; ++i) {
      const Time p = at(static_cast<std::int64_t>(chance.below(130)));
      const Time q = p + Span::hours(static_cast<std::int64_t>(chance.below(7)) - 3);
      const std::string& place = places[chance.below(3)];
      std::vector<double> a(3), b(3);
      one.read(keys("somebody", place), p, q, a);
      other.read(keys("somebody", place), p, q, b);
      for (const std::size_t lag : {1, 2}) {
        const double expected = naive(facts, one.spec().lags[lag], place, p, q);
        there += std::isnan(expected) ? 0 : 1;
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(a[lag]) && std::isnan(b[lag])) << seed << " " << to_text(p);
        } else {
          ASSERT_EQ(std::bit_cast<std::uint64_t>(a[lag]), std::bit_cast<std::uint64_t>(expected));
          ASSERT_EQ(std::bit_cast<std::uint64_t>(b[lag]), std::bit_cast<std::uint64_t>(expected));
        }
      }
    }
    EXPECT_GT(there, 1'000u);
  }
}

TEST(Join, ANewVersionOfTheTableLeavesTheRowsPastAlone) {
  HistoryState history(spec()), fresh(spec());
  history.apply({0, "shop", at(1), at(1), 0, 5.0});
  history.apply({1, "JFK", at(10), at(10), 0, 1.0});
  fresh.apply({1, "JFK", at(10), at(10), 0, 1.5});
  fresh.apply({1, "JFK", at(11), at(11), 0, 2.5});
  history.swap_sides(fresh);
  std::vector<double> out(3);
  history.read(keys("shop", "JFK"), at(11), at(11), out);
  EXPECT_EQ(out[0], 5.0);
  EXPECT_EQ(out[1], 2.5);
  EXPECT_EQ(history.size(), 3u);
  EXPECT_EQ(fresh.size(), 1u);
}

/// A transform that joins "weather" by "place"; its lag is told apart by "shop".
Transform transform() {
  HistorySpec history = spec();
  history.entity = {"shop"};
  table::Schema inputs;
  inputs.fields = {{"place", table::Type::kCategory}, {"shop", table::Type::kCategory}};
  std::vector<Step> steps(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    steps[i].kind = Step::Kind::kLag;
    steps[i].lag = i;
    steps[i].feature = history.lags[i].feature;
  }
  return Transform(inputs, steps, history);
}

TEST(Join, ARowIsJoinedByItsOwnCells) {
  const Transform by = transform();
  HistoryState history(by.history());
  const auto key = [](std::string_view text) {
    Cell cell;
    cell.kind = Cell::Kind::kText;
    cell.text = text;
    std::string out;
    append_entity(cell, out);
    return out;
  };
  history.apply({0, key("north"), at(1), at(1), 0, 5.0});
  history.apply({1, key("JFK"), at(2), at(2), 0, 1.0});
  history.apply({1, key("north"), at(2), at(2), 0, 9.0});
  std::vector<Cell> cells(2);
  cells[0].kind = cells[1].kind = Cell::Kind::kText;
  cells[0].text = "JFK";
  cells[1].text = "north";
  std::vector<double> out(3);
  by.row({cells, at(3), at(3)}, &history, out);
  EXPECT_EQ(out[0], 5.0);
  EXPECT_EQ(out[1], 1.0);
  std::swap(cells[0], cells[1]);
  by.row({cells, at(3), at(3)}, &history, out);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], 9.0);
}

TEST(Join, ReadsBackFromJsonAndRefusesWhatCannotBe) {
  const Transform by = transform();
  const auto back = Transform::from_json(by.to_json());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->history(), by.history());
  EXPECT_EQ(HistorySpec::from_json(spec().to_json()).value(), spec());
  struct Row {
    const char *what, *at;
    Json value;
  };
  const Row rows[] = {
      {"a ttl of nothing", "/lags/1/ttl_us", 0},
      {"a ttl that goes back", "/lags/1/ttl_us", -1},
      {"more than a ttl", "/lags/1/by_us", 5},
      {"a join of the rows' own series", "/lags/1/series", 0},
      {"a lag of another table", "/lags/0/series", 1},
      {"a table that is not there", "/side_of/1", 1},
      {"too few places", "/side_of", Json::array({-1, 0})},
      {"a table without a name", "/sides/0/table", ""},
      {"codes of one text twice", "/lags/1/categories", Json::array({"a", "a"})},
  };
  for (const Row& row : rows) {
    Json json = spec().to_json();
    json[Json::json_pointer(row.at)] = row.value;
    const auto read = HistorySpec::from_json(json);
    EXPECT_FALSE(read.has_value()) << row.what;
  }
}

}  // namespace
}  // namespace rondo::model
