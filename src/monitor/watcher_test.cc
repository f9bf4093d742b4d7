// What the watcher remembers: a state that goes on with the same bits, signals that outlive a
// version, silence, and damage that is refused.
#include "monitor/watcher.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

using Told = std::vector<std::string>;

std::string text_of(const std::vector<Signal>& signals) {
  Json list = Json::array();
  for (const Signal& signal : signals) list.push_back(to_json(signal));
  return io::canonical(list);
}

/// Bikes with a bad fortnight of everything: labels stuck, humidity gone, answers off.
std::vector<Cohort> troubled(const Stream& stream, const model::Reference& reference,
                             std::size_t first, Span window) {
  auto cohorts = cohorts_of(stream, first, window, [](double y) { return 0.8 * y + 10; });
  for (std::size_t i = 0; i < cohorts.size(); ++i) {
    if (i >= 100 && i < 114) {
      for (Judged& row : cohorts[i].rows) row.label = 0;
    }
    if (i >= 200 && i < 210) {
      break_column(reference, cohorts[i], "hum",
                   [](std::size_t, model::Cell) { return model::Cell{}; });
    }
    if (i >= 300) {
      for (Judged& row : cohorts[i].rows) row.answer *= 1.5;
    }
  }
  return cohorts;
}

void expect_same_bits(Span window) {
  const Stream stream = bikes();
  const std::size_t first = 1500;
  const auto reference = reference_of(stream, first);
  reference->risk_bound = 0.1;
  const auto cohorts = troubled(stream, *reference, first, window);
  Options options;
  options.window = window;
  Watcher straight(options, reference, 1), restarted(options, reference, 1);
  std::size_t signals = 0;
  for (std::size_t i = 0; i < cohorts.size(); ++i) {
    const auto inputs = straight.inputs(cohorts[i]);
    const auto labels = straight.judge(cohorts[i]);
    signals += inputs.size() + labels.size();
    EXPECT_EQ(text_of(inputs), text_of(restarted.inputs(cohorts[i])));
    EXPECT_EQ(text_of(labels), text_of(restarted.judge(cohorts[i])));
    if (i % 7 != 3 && i + 1 != cohorts.size()) continue;
    const std::string bytes = io::canonical(straight.state());
    ASSERT_EQ(bytes, io::canonical(restarted.state())) << "window " << i;
    auto again = Watcher::restore(options, reference, io::parse_json(bytes).value());
    ASSERT_TRUE(again) << again.error().text();
    restarted = *std::move(again);
    EXPECT_EQ(io::canonical(restarted.summary()), io::canonical(straight.summary()));
  }
  EXPECT_GE(signals, 8U);
}

TEST(Watcher, GoesOnWithTheSameBitsAfterARestart) {
  expect_same_bits(Span::days(1));
  expect_same_bits(Span::hours(6));
}

TEST(Watcher, AQuarantineEndsAlthoughTheVersionChanged) {
  const Stream stream = generated(40, 200, 3);
  const auto reference = reference_of(stream, 20 * 200);
  const auto cohorts = cohorts_of(stream, 20 * 200);
  const auto gone = [](std::size_t, model::Cell) { return model::Cell{}; };
  Watcher older({}, reference, 1);
  Cohort broken = cohorts[0];
  break_column(*reference, broken, "hours", gone);
  EXPECT_EQ(told(older.inputs(broken)), Told{"!+missing hours"});
  Watcher newer({}, reference, 2);
  ASSERT_TRUE(newer.take_over(older.state()));
  broken = cohorts[1];
  break_column(*reference, broken, "hours", gone);
  EXPECT_EQ(told(newer.inputs(broken)), Told{}) << "it is the same signal";
  EXPECT_EQ(told(newer.inputs(cohorts[2])), Told{});
  EXPECT_EQ(told(newer.inputs(cohorts[2])), Told{}) << "the same window, from another version";
  EXPECT_EQ(told(newer.inputs(cohorts[3])), Told{});
  const auto ended = newer.inputs(cohorts[4]);
  ASSERT_EQ(told(ended), Told{"!-missing hours"});
  EXPECT_EQ(ended[0].since, cohorts[0].from);
  EXPECT_EQ(ended[0].seen, cohorts[1].until);
  EXPECT_FALSE(newer.take_over({{"open", 3}}));
}

TEST(Watcher, OneWindowWithTheFaultStartsTheCountAgain) {
  const Stream stream = generated(40, 200, 3);
  const auto reference = reference_of(stream, 20 * 200);
  const auto cohorts = cohorts_of(stream, 20 * 200);
  Watcher watcher({}, reference, 1);
  std::vector<std::string> at;
  for (std::size_t i = 0; i < 14; ++i) {
    Cohort cohort = cohorts[i];
    if (i == 1 || i == 3 || i == 6) {
      break_column(*reference, cohort, "hours",
                   [](std::size_t, model::Cell) { return model::Cell{}; });
    }
    for (const auto& name : told(watcher.inputs(cohort))) at.push_back(std::to_string(i) + name);
  }
  EXPECT_EQ(at, (Told{"1!+missing hours", "9!-missing hours"}));
}

TEST(Watcher, ANoticeGrowsIntoAQuarantineFromTheWindowThatProvedIt) {
  const Stream stream = generated(40, 200, 3);
  const auto reference = reference_of(stream, 20 * 200);
  const auto cohorts = cohorts_of(stream, 20 * 200);
  Watcher watcher({}, reference, 1);
  Cohort third = cohorts[0], whole = cohorts[1];
  break_column(*reference, third, "hours", [](std::size_t i, model::Cell c) {
    return i % 3 == 0 ? model::Cell{} : c;
  });
  break_column(*reference, whole, "hours",
               [](std::size_t, model::Cell) { return model::Cell{}; });
  EXPECT_EQ(told(watcher.inputs(third)), Told{"+missing hours"});
  const auto grown = watcher.inputs(whole);
  ASSERT_EQ(told(grown), Told{"!+missing hours"});
  EXPECT_EQ(grown[0].since, cohorts[1].from);
  EXPECT_EQ(watcher.open_signals().size(), 1U);
}

TEST(Watcher, RowsUnderAQualitySignalAreNotFoldedIntoTheRisk) {
  const Stream stream = generated(40, 200, 3);
  const auto reference = reference_of(stream, 20 * 200);
  Watcher watcher({}, reference, 1);
  Cohort cohort = cohorts_of(stream, 20 * 200)[0];
  break_column(*reference, cohort, "hours",
               [](std::size_t, model::Cell) { return model::Cell{}; });
  watcher.inputs(cohort);
  watcher.judge(cohort);
  EXPECT_EQ(watcher.summary().at("withheld_rows"), 200);
  EXPECT_EQ(watcher.summary().at("judged_rows"), 0);
}

TEST(Watcher, RowsUnderABrokenInputProveNoHarmAlthoughItIsMendedBeforeTheirLabelsCome) {
  const Stream stream = generated(40, 200, 3);
  const auto reference = reference_of(stream, 20 * 200);
  const auto cohorts = cohorts_of(stream, 20 * 200);
  Watcher watcher({}, reference, 1);
  Cohort broken = cohorts[0];
  break_column(*reference, broken, "hours", [](std::size_t, model::Cell) { return model::Cell{}; });
  EXPECT_EQ(told(watcher.inputs(broken)), Told{"!+missing hours"});
  for (std::size_t i = 1; i < 6; ++i) watcher.inputs(cohorts[i]);  // labels come a week later
  EXPECT_TRUE(watcher.open_signals().empty());
  Watcher again = *Watcher::restore({}, reference, watcher.state());
  again.judge(broken);
  EXPECT_EQ(again.summary().at("withheld_rows"), 200);
  for (std::size_t i = 1; i < 6; ++i) again.judge(cohorts[i]);
  EXPECT_EQ(again.summary().at("withheld_rows"), 200 * 3) << "until it was over";
  EXPECT_EQ(again.summary().at("judged_rows"), 200 * 3);
}

TEST(Watcher, SilenceIsToldOnceAndEndsWithTheNextRow) {
  const Stream stream = generated(40, 24, 3);  // a row an hour
  Watcher watcher({}, reference_of(stream, 20 * 24), 1);
  const auto cohorts = cohorts_of(stream, 20 * 24);
  EXPECT_TRUE(watcher.silence(cohorts[0].until + Span::days(9)).empty()) << "no row ever came";
  watcher.inputs(cohorts[0]);
  const Time newest = cohorts[0].rows.back().time;
  // Window and label delay are a day each, the longest gap is an hour: late after 51 hours.
  EXPECT_TRUE(watcher.silence(newest + Span::hours(51)).empty());
  const auto late = watcher.silence(newest + Span::hours(52));
  ASSERT_EQ(told(late), Told{"+freshness rows"});
  EXPECT_EQ(late[0].since, newest);
  EXPECT_TRUE(watcher.silence(newest + Span::hours(80)).empty()) << "told once";
  EXPECT_EQ(told(watcher.inputs(cohorts[3])), Told{"-freshness rows"});
}

TEST(Watcher, CellsOfAnotherSchemaAreLeftAlone) {
  const Stream stream = generated(40, 200, 3);
  Watcher watcher({}, reference_of(stream, 20 * 200), 2);
  Cohort cohort = cohorts_of(stream, 20 * 200)[0];
  for (Judged& row : cohort.rows) row.cells.resize(2);
  EXPECT_TRUE(watcher.inputs(cohort).empty());
}

TEST(Watcher, ASignalComesBackFromItsJson) {
  Signal signal;
  signal.kind = "spike";
  signal.subject = "cnt";
  signal.since = Time{1'319'760'000'000'001};
  signal.seen = signal.since + Span::days(1);
  signal.open = false;
  signal.quarantines = true;
  signal.value = 1.0 / 3;
  signal.threshold = 0.1;
  signal.evidence = 4.1;
  signal.false_alarms_per_year = 0.25;
  signal.sentence = "SPIKE cnt";
  const auto back = signal_from(io::parse_json(io::canonical(to_json(signal))).value());
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(io::canonical(to_json(*back)), io::canonical(to_json(signal)));
  EXPECT_EQ(back->since, signal.since);
  EXPECT_EQ(back->quarantines, signal.quarantines);
  Json broken = to_json(signal);
  broken["since"] = "yesterday";
  EXPECT_FALSE(signal_from(broken));
  EXPECT_FALSE(signal_from(Json(3)));
}

TEST(Watcher, ADamagedStateIsRefused) {
  const Stream stream = generated(40, 50, 3);
  const auto reference = reference_of(stream, 20 * 50);
  const Json good = Watcher({}, reference, 1).state();
  ASSERT_TRUE(Watcher::restore({}, reference, good));
  for (const char* key : {"version", "open", "risk", "mean", "columns", "label", "newest_us", "day",
                          "day_loss", "day_rows", "loss_sum", "judged_rows", "labels_due"}) {
    Json bad = good;
    bad[key] = "x";
    const auto restored = Watcher::restore({}, reference, bad);
    ASSERT_FALSE(restored) << key;
    EXPECT_EQ(restored.error().code, Code::kCorrupt) << key;
  }
  EXPECT_FALSE(Watcher::restore({}, reference, Json(nullptr)));
  EXPECT_FALSE(Watcher::restore({}, reference_of(bikes(), 1500), good)) << "other columns";
}

}  // namespace
}  // namespace rondo::monitor
