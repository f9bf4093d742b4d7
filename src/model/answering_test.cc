// What stands behind the link: it comes back as it was, what falls or leaves [0, 1] is refused, and
// a pipeline answers through it in the same bits, singly and by its golden rows.
#include "model/answering.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "model/pipeline.h"
#include "model/sections.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

using stats::Calibration;
using Map = Calibration::Kind;

Answering of(Calibration map) { return Answering{std::move(map)}; }

std::vector<Answering> each_map() {
  const std::vector<Calibration::Knot> steps = {{0.1, 0, 0.2}, {0.3, 0.1, 0.4}, {0.9, 0.7, 1}};
  const std::vector<Calibration::Knot> line = {{0.1, 0.2, 0.2}, {0.3, 0.2, 0.2}, {0.9, 0.7, 0.7}};
  return {of({Map::kPlatt, 0.7, 0.7, 0.1, {}}), of({Map::kBeta, 0.3, 1.7, -0.1, {}}),
          of({Map::kIsotonic, 1, 1, 0, line}), of({Map::kVennAbers, 1, 1, 0, steps})};
}

/// small_parts() with two classes in place of a number.
Pipeline::Parts two_classes(const Answering& answering) {
  Pipeline::Parts parts = small_parts();
  parts.task = Task::kBinary;
  parts.classes = {"no", "yes"};
  parts.forest =
      Forest::from_lightgbm(changed(mixed_text(), "objective=regression",
                                    "objective=binary sigmoid:1"))
          .value();
  parts.answering = answering;
  for (GoldenRow& row : parts.golden) {
    const std::string bytes = row.cells;
    row = Pipeline::make_golden(parts.transform, parts.forest, parts.answering,
                                decode_cells(bytes).value(), row.time, row.lags);
  }
  return parts;
}

TEST(Answering, EachMapComesBack) {
  for (const Answering& want : each_map()) {
    const Json json = want.to_json();
    const auto got = Answering::from_json(io::parse_json(io::canonical(json)).value());
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->to_json(), json);
    for (double p = 0; p <= 1; p += 0.01) {
      EXPECT_EQ(got->calibration.probability(p), want.calibration.probability(p));
    }
  }
}

TEST(Answering, AnIntervalComesBackAndIsOfNumbersAlone) {
  Answering want;
  want.interval = Reach{0.9, 0.1};
  const Json json = want.to_json();
  const auto got = Answering::from_json(io::parse_json(io::canonical(json)).value());
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->to_json(), json);
  const double two[] = {2};
  EXPECT_EQ(got->interval->around(two).low, 2 - 0.1);
  EXPECT_EQ(got->interval->around(two).high, 2 + 0.1);
  Pipeline::Parts parts = small_parts();
  parts.answering = want;
  const auto loaded = Pipeline::load(Pipeline::encode(parts).value());
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ((*loaded)->parts().answering.interval->reach, 0.1);
  parts.answering.interval->reach = -1;
  EXPECT_FALSE(Pipeline::encode(parts)) << "quantiles alone may lie outside of their interval";
  EXPECT_FALSE(check_answering(want, Task::kBinary));
}

TEST(Answering, FromItsThresholdOnTheSecondClassIsAnswered) {
  Answering want;
  EXPECT_EQ(want.class_of(std::array{0.5, 0.5}), 1U);
  EXPECT_EQ(want.class_of(std::array{0.75, 0.25}), 0U);
  want.threshold = 0.25;
  EXPECT_EQ(want.class_of(std::array{0.75, 0.25}), 1U);
  EXPECT_EQ(want.class_of(std::array{0.76, 0.24}), 0U);
  EXPECT_EQ(want.class_of(std::array{0.4, 0.3, 0.3}), 0U) << "of more classes the most probable";
  const auto got = Answering::from_json(io::parse_json(io::canonical(want.to_json())).value());
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->threshold, want.threshold);
  EXPECT_EQ(split(Pipeline::encode(two_classes(want)).value()).value().size(), 7U);
  EXPECT_FALSE(check_answering(want, Task::kMulticlass));
}

TEST(Answering, WhatIsNoMapIsRefused) {
  const struct {
    const char* text;
    const char* message;
  } rows[] = {
      {"[]", "not an object"},
      {"{}", "says nothing"},
      {R"({"tomorrow":1})", "\"tomorrow\" is not known"},
      {R"({"threshold":1.5})", "the threshold is no probability"},
      {R"({"interval":{"coverage":1,"reach":1}})", "no coverage in (0, 1)"},
      {R"({"calibration":{"map":"magic"}})", "no map of probabilities \"magic\""},
      {R"({"calibration":{"map":"none"}})", "is none"},
      {R"({"calibration":{"map":"temperature","power":-1}})", "falls"},
      {R"({"calibration":{"map":"temperature","a":1}})", "\"power\""},
      {R"({"calibration":{"map":"platt","a":-1,"b":-1,"c":0}})", "falls"},
      {R"({"calibration":{"map":"beta","a":1,"b":1}})", "\"c\""},
      {R"({"calibration":{"map":"isotonic","knots":[]}})", "no knots"},
      {R"({"calibration":{"map":"isotonic","knots":[[0.1,0.2]]}})", "not three numbers"},
      {R"({"calibration":{"map":"isotonic","knots":[[0.1,0.2,1.2]]}})", "outside of [0, 1]"},
      {R"({"calibration":{"map":"venn_abers","knots":[[0.1,0.2,0.3],[0.2,0.1,0.3]]}})", "falls"},
      {R"({"calibration":{"map":"venn_abers","knots":[[0.2,0.2,0.3],[0.2,0.2,0.3]]}})", "falls"},
  };
  for (const auto& row : rows) {
    const auto got = Answering::from_json(io::parse_json(row.text).value());
    ASSERT_FALSE(got) << row.text;
    EXPECT_NE(got.error().text().find(row.message), std::string::npos) << got.error().text();
  }
}

TEST(Answering, APipelineAnswersThroughItsMapAndKeepsItsRawScores) {
  const std::string plain_file = Pipeline::encode(two_classes({})).value();
  EXPECT_EQ(split(plain_file).value().size(), 6U) << "without a map there is no section of it";
  const auto plain = Pipeline::load(plain_file).value();
  for (const Answering& answering : each_map()) {
    const std::string file = Pipeline::encode(two_classes(answering)).value();
    EXPECT_EQ(split(file).value().size(), 7U);
    const auto loaded = Pipeline::load(file);
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(Pipeline::encode((*loaded)->parts()).value(), file);
    for (const GoldenRow& row : plain->parts().golden) {
      const auto cells = decode_cells(row.cells).value();
      double was = 0, raw_was = 0, is = 0, raw_is = 0;
      plain->score(cells, row.time, row.lags, {&was, 1}, nullptr, {&raw_was, 1});
      (*loaded)->score(cells, row.time, row.lags, {&is, 1}, nullptr, {&raw_is, 1});
      EXPECT_EQ(std::bit_cast<std::uint64_t>(raw_was), std::bit_cast<std::uint64_t>(raw_is));
      EXPECT_EQ(is, answering.calibration.probability(was));
      double batch = raw_is;
      (*loaded)->answer({&batch, 1});
      EXPECT_EQ(std::bit_cast<std::uint64_t>(batch), std::bit_cast<std::uint64_t>(is));
    }
  }
}

TEST(Answering, AnotherMapIsNoticedByTheGoldenRows) {
  const std::string file = Pipeline::encode(two_classes(each_map()[0])).value();
  auto sections = split(file).value();
  Json json = each_map()[0].to_json();
  json["calibration"]["c"] = 0.1000001;
  const std::string other = io::canonical(json);
  for (Section& section : sections) {
    if (section.kind == Kind::kAnswering) section.bytes = other;
  }
  const auto loaded = Pipeline::load(join(sections));
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().text().find("golden row 0: answer 0"), std::string::npos)
      << loaded.error().text();
}

TEST(Answering, ATemperatureComesBackAndIsOfManyClassesAlone) {
  const Answering want = of({Map::kTemperature, 0.4, 1, 0, {}});
  const auto got = Answering::from_json(io::parse_json(io::canonical(want.to_json())).value());
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->to_json(), want.to_json());
  std::vector<double> a = {0.7, 0.2, 0.1, 0, 1, 0}, b = a;
  want.apply(a, 3);
  got->apply(b, 3);
  EXPECT_EQ(a, b);
  EXPECT_LT(a[0], 0.6);
  EXPECT_TRUE(check_answering(want, Task::kMulticlass));
  EXPECT_FALSE(check_answering(want, Task::kBinary));
  EXPECT_FALSE(check_answering(each_map()[0], Task::kMulticlass));
}

TEST(Answering, AMapOfANumberIsRefused) {
  Pipeline::Parts parts = small_parts();
  parts.answering = each_map()[0];
  const auto bytes = Pipeline::encode(parts);
  ASSERT_FALSE(bytes);
  EXPECT_NE(bytes.error().text().find("needs two classes"), std::string::npos);
}

}  // namespace
}  // namespace rondo::model
