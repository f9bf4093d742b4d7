// The stage as the loop calls it: stored inputs in, verdict, numbers and evidence file out.
#include "evaluate/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "io/bundle.h"
#include "io/scratch.h"
#include "model/blend.h"
#include "model/forest_build.h"
#include "model/prepared.h"
#include "model/reference.h"

namespace rondo::evaluate {
namespace {

using table::Side;

/// Answers 100 up to noon and 0 after: what is asked about changed rows, not the test scores.
std::string low_at_night() {
  auto builder = model::ForestBuilder::start({.features = 1}).value();
  EXPECT_TRUE(builder.add({{0}, {2}, {0}, {12}, {0}, {~0}, {~1}, {100, 0}}));
  return builder.finish().value().encode();
}

/// 40 days of hourly rows; the last 14 test. The label is level + daily wave + noise.
struct Project {
  io::Scratch scratch;
  std::shared_ptr<io::Fs> fs = io::real_fs(io::Durability::kProcess);
  ledger::Objects objects{fs, scratch / "objects"};
  model::Prepared prepared;
  std::vector<double> wave, noise;  // of the test rows
  std::string forest = low_at_night();
  ledger::StageInput input;

  Project() {
    Chance chance(Seed{1});
    prepared.target = "cnt";
    table::Schema inputs;
    inputs.fields = {{"hour", table::Type::kNumber}};
    model::Step step;
    step.feature = "hour";
    step.input = 0;
    prepared.transform = model::Transform(inputs, {step}, {});
    prepared.by_time = true;
    prepared.season = Span::days(1);
    for (int i = 0; i < 40 * 24; ++i) {
      const double regular = 200 + 100 * std::sin(6.283185307179586 * (i % 24) / 24);
      const double rest = 20 * chance.normal();
      prepared.time.push_back(Time{} + Span::hours(i));
      prepared.label.push_back(regular + rest);
      prepared.features.values.push_back(i % 24);
      prepared.source_row.push_back(static_cast<std::uint64_t>(i) + 1000);
      prepared.side.push_back(i < 26 * 24 ? Side::kTrain : Side::kTest);
      prepared.last_value.push_back(i < 24 ? std::nan("") : prepared.label[std::size_t(i) - 24]);
      if (i < 26 * 24) continue;
      wave.push_back(regular);
      noise.push_back(chance.normal());
    }
    prepared.features.rows = prepared.label.size();
    prepared.features.columns = 1;
    prepared.season_value = prepared.last_value;
    input.objects = &objects;
    input.fs = fs.get();
    input.out = scratch / "out";
    input.seed = Seed{7};
    input.options = {{"evaluate", Json::object()}, {"now", {{"look", 1}, {"champion", nullptr}}}};
    EXPECT_TRUE(fs->make_folders(input.out));
    put("prepared", prepared.encode().value());
  }
  void put(const std::string& name, const std::string& bytes) {
    input.inputs[name] = objects.put(bytes).value();
  }
  /// Answers that miss the regular part by `spread` times a normal number, plus `bias`.
  std::vector<double> answers(double spread, double bias) const {
    std::vector<double> scores;
    for (std::size_t i = 0; i < wave.size(); ++i) {
      scores.push_back(wave[i] + bias + spread * noise[i]);
    }
    return scores;
  }
  void candidate(std::vector<double> scores, std::vector<double> linear = {}) {
    model::Candidate candidate;
    candidate.linear_answers = std::move(linear);
    candidate.options = {{"line_was_tried", true}};
    candidate.test_scores = std::move(scores);
    candidate.forest = forest;
    put("candidate", candidate.encode().value());
  }
  void champion(std::vector<double> scores) {
    io::Bundle bundle;
    bundle.put_f64("scores", std::move(scores));
    put("champion_scores", bundle.encode());
    input.options["now"]["champion"] = {{"version", 3}, {"name", "bikes"}};
  }
  ledger::StageOutput run() {
    auto output = evaluate::run(input);
    EXPECT_TRUE(output) << output.error().text();
    return output.value_or(ledger::StageOutput{});
  }
};

// v3 misses another 30, but not in the first six hours of the day. The challenger is better as a
// whole, and misses another 35 there.
TEST(Evaluate, AChallengerThatFailsAPartOfTheRowsIsKeptOutNamingIt) {
  Project p;
  std::vector<double> former = p.answers(30, 0), scores = p.answers(2, 0);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (i % 24 >= 6) continue;
    former[i] = scores[i];
    scores[i] += 35;
  }
  for (double& hour : p.prepared.features.values) hour = hour < 6 ? 0 : 1;
  p.put("prepared", p.prepared.encode().value());
  p.champion(former);
  p.candidate(scores);
  auto output = p.run();
  EXPECT_EQ(output.result, "not better");
  const std::string where = "keeps v3: where hour < 1, 25.0 % of the test rows, its mean mae is";
  EXPECT_EQ(output.reason.substr(0, where.size()), where) << output.reason;
  EXPECT_EQ(output.evidence.at("/worse_slices/loss"_json_pointer), "mae");
  p.input.options["evaluate"]["slices"] = "off";
  output = p.run();
  EXPECT_EQ(output.result, "good") << output.reason;
  EXPECT_FALSE(output.evidence.contains("worse_slices"));
}

TEST(Evaluate, AModelThatAnswersAllAlikeIsKeptOut) {
  Project p;
  p.candidate(std::vector<double>(p.wave.size(), 200));
  const auto output = p.run();
  EXPECT_EQ(output.result, "not better");
  EXPECT_NE(output.reason.find("it answers all 336 test rows alike (200)"), std::string::npos)
      << output.reason;
  EXPECT_EQ(output.evidence.at("/sanity/train/rows"_json_pointer), 26 * 24);
}

/// Three quantiles that stand 20 times a normal quantile off the truth are as often above a label
/// as they say; slices, curve and the risk that is watched are those of the middle one.
TEST(Evaluate, QuantilesAreJudgedTogetherAndToldByTheMiddleOne) {
  Project p;
  p.prepared.task = model::Task::kQuantile;
  p.prepared.levels = {0.1, 0.5, 0.9};
  p.put("prepared", p.prepared.encode().value());
  std::vector<double> scores;
  for (const double regular : p.wave) {
    for (const double away : {-1.2816, 0.0, 1.2816}) scores.push_back(regular + 20 * away);
  }
  auto level = [](double leaf) {
    auto builder = model::ForestBuilder::start({.features = 1}).value();
    EXPECT_TRUE(builder.add({{0}, {2}, {0}, {12}, {0}, {~0}, {~1}, {100 + leaf, leaf}}));
    return builder.finish().value();
  };
  p.forest = model::side_by_side(std::vector{level(0), level(1), level(2)}).value().encode();
  p.candidate(scores);
  const auto output = p.run();
  EXPECT_EQ(output.result, "good") << output.reason;
  const Json& e = output.evidence;
  EXPECT_EQ(e.at("metric"), "pinball");
  // For normal noise of deviation s the mean pinball loss of level t is s phi(z_t).
  EXPECT_NEAR(e.at("value").get<double>(), 20 * (2 * 0.17550 + 0.39894) / 3, 0.4);
  EXPECT_EQ(e.at("baselines")[0].at("name"), "quantiles");
  ASSERT_EQ(e.at("levels").size(), 3U);
  for (const Json& one : e.at("levels")) {
    EXPECT_NEAR(one.at("/below/value"_json_pointer).get<double>(), one.at("level").get<double>(),
                0.06);
  }
  EXPECT_EQ(e.at("/curve/kind"_json_pointer), "tenths");
  EXPECT_EQ(e.at("/slices/loss"_json_pointer), "mae");
  EXPECT_EQ(e.at("/bound/loss"_json_pointer), "absolute");
  EXPECT_NEAR(e.at("/metrics/mae"_json_pointer).get<double>(), 20 * 0.7979, 1.5);
  p.candidate(p.answers(1, 0));
  EXPECT_FALSE(evaluate::run(p.input)) << "one number where three are needed";
}

TEST(Evaluate, AFirstModelThatALinearOneBeatsIsKeptOut) {
  Project p;
  p.candidate(p.answers(12, 0), p.answers(1, 0));
  const auto output = p.run();
  EXPECT_EQ(output.result, "not better");
  const Json& reasons = output.evidence.at("verdict").at("reasons");
  const std::string first = reasons.front();
  EXPECT_NE(first.find("the baseline \"linear\""), std::string::npos) << reasons;
  EXPECT_NE(first.find("a straight line is better with confidence"), std::string::npos) << reasons;
  EXPECT_EQ(output.evidence.at("baselines").back().at("name"), "linear");
  p.candidate(p.answers(1, 0), p.answers(12, 0));
  EXPECT_EQ(p.run().result, "good");
}

/// Rows without weight are as if they were not there; metrics are weighted, and say so.
TEST(Evaluate, RowsCountByTheirWeight) {
  Project p;
  p.candidate(p.answers(2, 0));
  const Json alike = p.run().evidence;
  EXPECT_FALSE(alike.contains("weight"));
  std::vector<double> spoiled = p.answers(2, 0);
  p.prepared.weight.assign(p.prepared.label.size(), 2);
  p.prepared.weight_column = "w";
  const std::size_t first = p.prepared.label.size() - spoiled.size();
  for (std::size_t i = 0; i < spoiled.size(); i += 2) {
    spoiled[i] += 500;
    p.prepared.weight[first + i] = 0;
  }
  p.put("prepared", p.prepared.encode().value());
  p.candidate(spoiled);
  const auto output = p.run();
  EXPECT_EQ(output.result, "good") << output.reason;
  EXPECT_EQ(output.evidence.at("weight"), "w");
  EXPECT_EQ(output.evidence.at("rows"), alike.at("rows").get<int>() / 2);
  EXPECT_NEAR(output.evidence.at("value").get<double>(), alike.at("value").get<double>(), 3)
      << "half of the rows miss by 500 and count nothing";
  p.prepared.weight.back() = -1;
  EXPECT_FALSE(p.prepared.encode());
}

TEST(Evaluate, AFirstModelThatBeatsTheBaselinesIsGood) {
  Project p;
  p.candidate(p.answers(2, 0));
  const auto output = p.run();
  EXPECT_EQ(output.result, "good") << output.reason;
  EXPECT_NE(output.reason.find("promotes the first model"), std::string::npos) << output.reason;
  EXPECT_NE(output.reason.find("on the same 336 rows of 14 days"), std::string::npos);
  const Json& e = output.evidence;
  EXPECT_EQ(e.at("metric"), "mae");
  EXPECT_EQ(e.at("value"), e.at("metrics").at("mae"));
  EXPECT_LT(e.at("low"), e.at("value"));
  EXPECT_GT(e.at("high"), e.at("value"));
  ASSERT_EQ(e.at("baselines").size(), 3U);
  EXPECT_EQ(e.at("baselines")[0].at("name"), "median");
  EXPECT_EQ(e.at("baselines")[1].at("name"), "last value");
  EXPECT_EQ(e.at("baselines")[2].at("name"), "same time 1d before");
  EXPECT_FALSE(e.contains("champion"));
  EXPECT_EQ(e.at("bound").at("loss"), "absolute");
  EXPECT_EQ(e.at("bound").at("days"), 14);
  EXPECT_LT(e.at("bound").at("test_risk"), e.at("bound").at("risk_bound"));
  EXPECT_EQ(e.at("verdict").at("decision"), "promote");
}

TEST(Evaluate, BoundsTheLossThatMonitoringWatches) {
  Project p;
  p.candidate(p.answers(2, 0));
  p.input.options["now"]["loss"] = "squared";
  EXPECT_EQ(p.run().evidence.at("bound").at("loss"), "squared");
  p.input.options["now"].erase("loss");
  p.input.options["evaluate"]["metric"] = "rmse";
  EXPECT_EQ(p.run().evidence.at("bound").at("loss"), "squared") << "it follows the metric";
  p.input.options["now"]["loss"] = "brier";
  const auto refused = run(p.input);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("is no loss of regression"), std::string::npos);
}

TEST(Evaluate, StoresWhatItSays) {
  Project p;
  p.candidate(p.answers(2, 0));
  const auto output = p.run();
  const auto text = p.fs->read(p.input.out / output.files.at("evidence"));
  ASSERT_TRUE(text);
  Json stored = io::parse_json(*text, "evidence").value();
  const Json answers = stored.at("answers");  // for monitoring alone
  EXPECT_EQ(model::Reference::from_json(answers).value().columns.at(0).rows, 336U);
  stored.erase("answers");
  EXPECT_EQ(io::canonical(stored), io::canonical(output.evidence));
  EXPECT_EQ(io::canonical(p.run().evidence), io::canonical(output.evidence)) << "not repeatable";
}

TEST(Evaluate, AnIntervalFromHeldOutRowsIsMeasuredOnTheTestRows) {
  Project p;
  model::Candidate candidate;
  candidate.forest = p.forest;
  candidate.test_scores = p.answers(0, 0);  // the label's noise has a deviation of 20
  for (std::uint32_t row = 100; row < 26 * 24; ++row) {
    candidate.held_rows.push_back(row);
    const double hour = p.prepared.features.values[row];
    candidate.held_answers.push_back(200 + 100 * std::sin(6.283185307179586 * hour / 24));
  }
  p.put("candidate", candidate.encode().value());
  const auto output = p.run();
  const Json& interval = output.evidence.at("interval");
  EXPECT_NEAR(interval.at("reach").get<double>(), 20 * 1.645, 4) << "of a normal law";
  EXPECT_EQ(interval.at("inside").at("rows"), 336);
  EXPECT_LT(interval.at("inside").at("low"), 0.9);
  EXPECT_GT(interval.at("inside").at("high"), 0.9);
  ASSERT_EQ(interval.at("by_answer").size(), 4U);
  ASSERT_EQ(interval.at("by_time").size(), 4U);
  std::uint64_t rows = 0, times = 0;
  for (const Json& one : interval.at("by_answer")) rows += one.at("rows").get<std::uint64_t>();
  for (const Json& one : interval.at("by_time")) times += one.at("rows").get<std::uint64_t>();
  EXPECT_EQ(rows, 336U);
  EXPECT_EQ(times, 336U);
  EXPECT_LT(interval.at("by_answer")[0].at("to"), interval.at("by_answer")[1].at("from"));
  const Json stored = io::parse_json(
      p.fs->read(p.input.out / output.files.at("evidence")).value(), "evidence").value();
  EXPECT_EQ(stored.at("answering").at("interval").at("reach"), interval.at("reach"));
}

TEST(Evaluate, TheChampionIsComparedOnTheSameRows) {
  Project p;
  p.candidate(p.answers(2, 0));
  p.champion(p.answers(2, 30));
  const auto better = p.run();
  EXPECT_EQ(better.result, "good") << better.reason;
  EXPECT_EQ(better.evidence.at("champion").at("name"), "v3");
  EXPECT_NE(better.reason.find("v3's"), std::string::npos);
  p.champion(p.answers(2, 0));
  const auto same = p.run();
  EXPECT_EQ(same.result, "not better") << same.reason;
  EXPECT_EQ(same.evidence.at("champion").at("gain"), 0);
  p.candidate(p.answers(2, 30));
  EXPECT_EQ(p.run().result, "not better");
}

TEST(Evaluate, AChallengerWorseThanABaselineIsRefusedWithItsName) {
  Project p;
  p.candidate(p.answers(0, 150));
  p.champion(p.answers(0, 190));
  const auto output = p.run();
  EXPECT_EQ(output.result, "not better");
  EXPECT_NE(output.reason.find("the baseline \"median\""), std::string::npos) << output.reason;
  EXPECT_NE(output.reason.find("is better with confidence"), std::string::npos);
}

TEST(Evaluate, FewRowsAreUndecided) {
  Project p;
  for (std::size_t i = 26 * 24; i < p.prepared.side.size(); ++i) {
    if (i >= 27 * 24) p.prepared.side[i] = Side::kNeither;
  }
  p.put("prepared", p.prepared.encode().value());
  auto scores = p.answers(2, 0);
  scores.resize(24);
  p.candidate(scores);
  const auto output = p.run();
  EXPECT_EQ(output.result, "undecided");
  EXPECT_NE(output.reason.find("24 test rows"), std::string::npos) << output.reason;
  EXPECT_GT(output.evidence.at("verdict").at("rows_needed"), 24);
}

TEST(Evaluate, AtLeastAndMetricAreObeyed) {
  Project p;
  p.candidate(p.answers(2, 0));
  p.input.options["evaluate"] = {{"metric", "rmse"}, {"at_least", 5}};
  const auto output = p.run();
  EXPECT_EQ(output.evidence.at("metric"), "rmse");
  EXPECT_EQ(output.result, "not better");
  EXPECT_NE(output.reason.find("at_least asks for 5"), std::string::npos) << output.reason;
}

TEST(Evaluate, WrongShapesAndWordsAreErrors) {
  Project p;
  p.candidate({1, 2, 3});
  auto output = run(p.input);
  ASSERT_FALSE(output);
  EXPECT_NE(output.error().message.find("3 answers where 336 test rows"), std::string::npos);
  p.candidate(p.answers(std::nan(""), 0));
  EXPECT_EQ(run(p.input).error().code, Code::kCorrupt);
  p.candidate(p.answers(2, 0));
  p.input.options["evaluate"] = {{"min_effect", "much"}};
  EXPECT_EQ(run(p.input).error().code, Code::kInvalidInput);
  p.input.options["evaluate"] = {{"metric", "auc"}};
  EXPECT_EQ(run(p.input).error().code, Code::kInvalidInput);
  p.input.inputs.erase("candidate");
  EXPECT_NE(run(p.input).error().message.find("candidate"), std::string::npos);
}

TEST(Evaluate, ABrokenInvariantKeepsAGoodModelOut) {
  Project p;
  p.candidate(p.answers(2, 0));
  p.input.options["evaluate"]["invariant"] = Json::parse(
      R"([{"column": "hour", "change": "+20", "answer": "not lower"}])");
  const auto refused = p.run();
  EXPECT_EQ(refused.result, "not better");
  EXPECT_NE(refused.reason.find("the invariant \"hour +20: not lower\" is broken in 5"),
            std::string::npos) << refused.reason;
  EXPECT_EQ(refused.evidence.at("invariants")[0].at("rows"), 336);
  p.input.options["evaluate"]["invariant"][0]["answer"] = "not higher";
  EXPECT_EQ(p.run().result, "good");
}

TEST(Evaluate, ASlowOrLargeModelIsKeptOut) {
  Project p;
  p.candidate(p.answers(2, 0));
  EXPECT_EQ(p.run().result, "good");
  p.input.options["now"]["cost"] = {{"row_us", 0.001}, {"bytes", 1e6}};
  const auto slow = p.run();
  EXPECT_EQ(slow.result, "not better");
  EXPECT_NE(slow.reason.find("and [train] row_max allows 0.001 us"), std::string::npos)
      << slow.reason;
  p.input.options["now"]["cost"] = {{"row_us", 50}, {"bytes", 10}};
  EXPECT_NE(p.run().reason.find("[train] size_max allows"), std::string::npos);
}

}  // namespace
}  // namespace rondo::evaluate
