// A pipeline assembled from a small project loads, says where it comes from, holds golden rows that
// are nobody's row, and is refused when the twin is worse than what was measured.
#include "deploy/assemble.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "deploy/testing.h"

namespace rondo::deploy {
namespace {

using model::Cell;
using model::Pipeline;

std::shared_ptr<const Pipeline> loaded(const Project& project) {
  auto pipeline = Pipeline::load(project.file());
  EXPECT_TRUE(pipeline.has_value()) << pipeline.error().text();
  return *pipeline;
}

TEST(Assemble, MakesAFileThatLoadsAndSaysWhereItComesFrom) {
  Project project;
  const ledger::StageInput input = project.input();
  const auto output = assemble(input);
  ASSERT_TRUE(output.has_value()) << output.error().text();
  EXPECT_EQ(output->result, "deployed") << output->reason;
  EXPECT_EQ(output->files, (std::map<std::string, std::string>{{"pipeline", "pipeline.rondo"}}));
  EXPECT_EQ(output->evidence.at("metrics"),
            Json::parse(R"({"mae":0.75,"rmse":3.5,"low":0.5,"high":1.25})"));
  EXPECT_EQ(output->evidence.at("label_until_us"), Project::time(Project::kRows - 1).us);
  EXPECT_EQ(output->evidence.at("features"), 6);
  EXPECT_EQ(output->evidence.at("trees"), 2);
  EXPECT_EQ(output->evidence.at("bytes"), project.file().size());

  const auto pipeline = loaded(project);
  const Json& provenance = pipeline->parts().provenance;
  for (const auto& [name, digest] : input.inputs) {
    EXPECT_EQ(provenance.at("inputs").at(name), digest.hex()) << name;
  }
  EXPECT_EQ(provenance.at("inputs").size(), 5U);
  EXPECT_EQ(provenance.at("dataset"), 5);
  EXPECT_EQ(provenance.at("model"), "bikes");
  EXPECT_EQ(provenance.at("rounds"), 2);
  EXPECT_EQ(provenance.at("seed"), input.seed.value);
  EXPECT_EQ(provenance.at("numerics"), 1);
  EXPECT_EQ(provenance.at("trained_rows"), 60 * 24 - 20);
  const Json& card = provenance.at("card");
  EXPECT_EQ(card.at("baselines"), project.evidence.at("baselines"));
  EXPECT_EQ(card.at("verdict"), project.evidence.at("verdict"));
  EXPECT_NE(card.at("measured_on").get<std::string>().find("336 rows that its twin"),
            std::string::npos)
      << card;
}

TEST(Assemble, TheReferenceIsFrozenWithoutRowsThatAreKeptOut) {
  Project project;
  ASSERT_EQ(project.assemble()->result, "deployed");
  const auto pipeline = loaded(project);
  const model::Reference& reference = pipeline->reference();
  ASSERT_EQ(reference.columns.size(), 4U);
  EXPECT_EQ(reference.columns[0].name, "temp");
  EXPECT_EQ(reference.columns[0].maximum, 40) << "999 stands in rows that are kept out";
  EXPECT_EQ(reference.columns[0].rows, 60U * 24 - 20);
  EXPECT_EQ(reference.columns[1].categories, (std::vector<std::string>{"clear", "rain", "snow"}));
  EXPECT_EQ(reference.label.name, "cnt");
  EXPECT_TRUE(reference.has_clock);
  EXPECT_EQ(reference.loss, "absolute");
  EXPECT_EQ(reference.loss_scale, 20);
  EXPECT_EQ(reference.test_risk, 0.025);
  EXPECT_EQ(reference.risk_bound, 0.05);
  EXPECT_EQ(reference.least_day, 0.0125);
  EXPECT_EQ(reference.test_days, 14U);
  EXPECT_EQ(reference.test_rows, 336U);
  EXPECT_EQ(reference.day_correlation, 0.1);
}

// The measured model answered 0 everywhere, the twin otherwise.
TEST(Assemble, TheLawOfAnswersIsThatOfTheTwinToo) {
  Project project;
  std::vector<double> answers(336, 0.0);
  std::vector<Time> times;
  for (std::size_t hour = 0; hour < answers.size(); ++hour) times.push_back(Project::time(hour));
  project.evidence["answers"] = model::freeze_answers(answers, times).to_json();
  ASSERT_EQ(project.assemble()->result, "deployed");
  const model::Reference reference = loaded(project)->reference();
  const model::ColumnReference& law = reference.derived.back();
  ASSERT_EQ(law.name, model::kAnswers);
  ASSERT_EQ(law.envelopes.size(), 1U) << "hours of one row each are no clock";
  const auto bin = [&](double answer) {
    return model::bin_of(law, {Cell::Kind::kNumber, answer, {}});
  };
  EXPECT_GT(law.envelopes[0].high[bin(1)], 0.2) << "no answer of the measured one is above 0";
  EXPECT_LT(law.envelopes[0].low[bin(0)], 0.8) << "all of its answers are 0";
}

TEST(Assemble, TheTwinAnswersThroughTheMapThatItsMeasuredModelWasJudgedWith) {
  Project project;
  project.binary = true;
  ASSERT_EQ(project.assemble()->result, "deployed");
  const auto plain = loaded(project);
  EXPECT_TRUE(plain->parts().answering.is_plain());
  project.evidence["answering"] = Json::parse(
      R"({"calibration":{"map":"platt","a":0.5,"b":0.5,"c":0.25}})");
  const auto output = project.assemble();
  ASSERT_EQ(output->result, "deployed") << output->reason;
  const auto mapped = loaded(project);
  EXPECT_EQ(mapped->parts().answering.to_json(), project.evidence.at("answering"));
  for (std::size_t i = 0; i < plain->parts().golden.size(); ++i) {
    const double was = plain->parts().golden[i].answer[0], is = mapped->parts().golden[i].answer[0];
    // ln(p/(1 - p)) = 0.5 ln(s/(1 - s)) + 0.25
    EXPECT_NEAR(std::log(is / (1 - is)), 0.5 * std::log(was / (1 - was)) + 0.25, 1e-9);
  }
}

TEST(Assemble, GoldenRowsAreNobodysRow) {
  Project project;
  ASSERT_EQ(project.assemble()->result, "deployed");
  const auto pipeline = loaded(project);
  std::set<std::string> training;
  std::vector<Cell> cells(4);
  const table::Column* columns[] = {project.rows.find("temp"), project.rows.find("sky"),
                                    project.rows.find("n"), project.rows.find("holiday")};
  for (std::size_t i = 0; i < Project::kRows; ++i) {
    model::gather(columns, i, cells);
    training.insert(model::encode_cells(cells) + std::to_string(Project::time(i).us));
  }
  for (const model::GoldenRow& row : pipeline->parts().golden) {
    EXPECT_FALSE(training.contains(row.cells + std::to_string(row.time.us)));
  }
}

/// The values of one input over all golden rows: numbers, texts, and whether one is missing.
struct Seen {
  std::set<double> numbers;
  std::set<std::string> texts;
  bool missing = false;
};
Seen seen(const Pipeline& pipeline, std::size_t input) {
  Seen out;
  for (const model::GoldenRow& row : pipeline.parts().golden) {
    const auto cells = model::decode_cells(row.cells).value();
    const Cell& cell = cells[input];
    if (cell.kind == Cell::Kind::kMissing) out.missing = true;
    if (cell.kind == Cell::Kind::kNumber) out.numbers.insert(cell.number);
    if (cell.kind == Cell::Kind::kText) out.texts.insert(std::string(cell.text));
  }
  return out;
}

TEST(Assemble, GoldenRowsGoWhereArithmeticIsDelicate) {
  Project project;
  ASSERT_EQ(project.assemble()->result, "deployed");
  const auto pipeline = loaded(project);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Seen temp = seen(*pipeline, 0), sky = seen(*pipeline, 1), n = seen(*pipeline, 2),
             holiday = seen(*pipeline, 3);
  EXPECT_TRUE(temp.missing && sky.missing && n.missing && holiday.missing);
  for (const double x : {0.0, std::nextafter(0.0, -kInfinity), 40.0, std::nextafter(40, kInfinity),
                         20.0, std::nextafter(20, kInfinity)}) {  // extremes, beyond, the cut
    EXPECT_TRUE(temp.numbers.contains(x)) << x;
  }
  EXPECT_TRUE(temp.numbers.contains(pipeline->reference().columns[0].edges[0]));
  EXPECT_EQ(sky.texts, (std::set<std::string>{"clear", "rain", "snow", "never seen"}));
  EXPECT_TRUE(n.numbers.contains(0) && n.numbers.contains(10)) << "beyond 1 to 9";
  for (const double x : n.numbers) EXPECT_EQ(x, std::floor(x));
  EXPECT_EQ(holiday.numbers, (std::set<double>{0, 1}));
  std::set<double> lags;
  bool no_lag = false;
  for (const model::GoldenRow& row : pipeline->parts().golden) {
    if (std::isnan(row.lags[0])) no_lag = true;
    else lags.insert(row.lags[0]);
  }
  EXPECT_TRUE(no_lag);
  EXPECT_TRUE(lags.contains(15) && lags.contains(std::nextafter(15, kInfinity)));
}

TEST(Assemble, TheSameInputsGiveTheSameBytes) {
  Project project;
  ASSERT_EQ(project.assemble()->result, "deployed");
  const std::string first = project.file();
  ASSERT_EQ(project.assemble()->result, "deployed");
  EXPECT_TRUE(first == project.file());
}

TEST(Assemble, DamagedBytesAreRefused) {
  Project project;
  ASSERT_EQ(project.assemble()->result, "deployed");
  const std::string good = project.file();
  for (std::size_t at = 0; at < good.size(); at += 97) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    const auto refused = Pipeline::load(bad);
    ASSERT_FALSE(refused.has_value()) << "byte " << at;
    EXPECT_EQ(refused.error().code, Code::kCorrupt);
  }
}

// Above 20 degrees the right answer is 30 to 36 and the twin answers `leaf` + .5 (+ 5). Test rows
// have 20.1 to 40 degrees in half of the hours: leaf = 50 is wrong by 20 there, by 10 on average,
// which is a risk of .5 by the scale of 20. leaf = 30 is right but for what is between 0 and 1, and
// for missing temperatures (one row in 31, half of them wrong by 20 or more): .25 + .33 or more.
TEST(Assemble, ATwinBelowTheFloorIsRefusedWithItsNumbers) {
  Project project;
  EXPECT_NEAR(project.assemble()->evidence.at("floor").at("value").get<double>(), 0.7, 0.15);
  project.leaf = 50;
  const auto output = project.assemble();
  ASSERT_TRUE(output.has_value()) << output.error().text();
  EXPECT_EQ(output->result, "refused by its golden rows");
  EXPECT_TRUE(output->files.empty());
  EXPECT_NEAR(output->evidence.at("floor").at("value").get<double>(), 10, 0.6);
  EXPECT_EQ(output->evidence.at("floor").at("most"), 1.25);
  EXPECT_EQ(output->evidence.at("floor").at("rows"), 336);
  EXPECT_NE(output->reason.find("mean absolute error on the 336 test rows"), std::string::npos)
      << output->reason;
  EXPECT_NE(output->reason.find("is 0.75, and 1.25 at most"), std::string::npos) << output->reason;
  project.evidence["high"] = 11;
  EXPECT_EQ(project.assemble()->result, "deployed") << "the interval is what decides";
}

TEST(Assemble, WithoutAnIntervalOfTheLossTheBoundOfTheRiskIsTheFloor) {
  Project project;
  project.leaf = 50;
  project.evidence["high"] = nullptr;  // all rows on one day
  auto output = project.assemble();
  EXPECT_EQ(output->result, "refused by its golden rows");
  EXPECT_NEAR(output->evidence.at("floor").at("value").get<double>(), 10, 0.6);
  EXPECT_EQ(output->evidence.at("floor").at("most"), 1) << ".05 of the scale of 20";
  project.evidence["metric"] = "rmse";
  project.evidence["high"] = 1000;
  EXPECT_EQ(project.assemble()->result, "refused by its golden rows");
  project.evidence["bound"]["risk_bound"] = 0.6;
  EXPECT_EQ(project.assemble()->result, "deployed");
}

TEST(Assemble, WithoutAGateThereIsNoFloorAndNoClaim) {
  Project project;
  project.leaf = 50;
  project.evidence = nullptr;
  const auto output = project.assemble();
  ASSERT_TRUE(output.has_value()) << output.error().text();
  EXPECT_EQ(output->result, "deployed");
  EXPECT_EQ(output->evidence.at("metrics"), Json::object());
  const auto pipeline = loaded(project);
  EXPECT_EQ(pipeline->reference().risk_bound, 1);
  EXPECT_EQ(pipeline->reference().loss, "absolute");
  EXPECT_FALSE(pipeline->parts().provenance.at("card").contains("verdict"));
}

TEST(Assemble, ClassesAreJudgedByTheirErrors) {
  Project project;
  project.binary = true;
  project.leaf = 2;
  project.evidence["metric"] = "auc";
  project.evidence["bound"] = {{"loss", "error"}, {"loss_scale", 1.0}, {"test_risk", 0.02},
                               {"risk_bound", 0.05}, {"days", 14}, {"rows", 336}};
  auto output = project.assemble();
  ASSERT_TRUE(output.has_value()) << output.error().text();
  EXPECT_EQ(output->result, "deployed") << output->reason;
  EXPECT_EQ(loaded(project)->reference().loss, "error");
  EXPECT_EQ(loaded(project)->reference().label.maximum, 1) << "labels are indexes of classes";
  project.leaf = -2;  // says the opposite
  output = project.assemble();
  EXPECT_EQ(output->result, "refused by its golden rows");
  EXPECT_NE(output->reason.find("share of wrong answers"), std::string::npos) << output->reason;
  EXPECT_NE(output->reason.find("5 % at most"), std::string::npos) << output->reason;
  project.evidence["metric"] = "accuracy";
  project.evidence["low"] = 0.9;
  output = project.assemble();
  EXPECT_EQ(output->result, "refused by its golden rows");
  EXPECT_NEAR(output->evidence.at("floor").at("most").get<double>(), 0.1, 1e-12);
  project.evidence = nullptr;
  ASSERT_EQ(project.assemble()->result, "deployed");
  EXPECT_EQ(loaded(project)->reference().loss, "error");
}

TEST(Assemble, TheFloorIsOfTheLossThatIsWatched) {
  Project project;
  project.binary = true;
  project.leaf = 2;  // answers 0.12 and 0.88
  project.evidence["metric"] = "log_loss";
  project.evidence["bound"] = {{"loss", "error"}, {"loss_scale", 1.0}, {"test_risk", 0.02},
                               {"risk_bound", 0.05}, {"days", 14}, {"rows", 336}};
  auto output = project.assemble();
  const double wrong = output->evidence.at("floor").at("value");
  project.evidence["bound"]["loss"] = "brier";
  output = project.assemble();
  ASSERT_EQ(output->result, "deployed") << output->reason;
  EXPECT_EQ(loaded(project)->reference().loss, "brier");
  const double off = 1 / (1 + std::exp(2.0));
  EXPECT_NEAR(output->evidence.at("floor").at("value").get<double>(),
              off * off * (1 - wrong) + (1 - off) * (1 - off) * wrong, 1e-9);
  EXPECT_NE(output->reason.find("Brier score"), std::string::npos) << output->reason;
  project.evidence["bound"]["loss"] = "auc";
  output = project.assemble();
  ASSERT_EQ(output->result, "deployed") << output->reason;
  EXPECT_LT(output->evidence.at("floor").at("value"), 0.04) << "nearly all pairs are in order";
  project.leaf = -2;  // says the opposite
  output = project.assemble();
  EXPECT_EQ(output->result, "refused by its golden rows");
  EXPECT_NE(output->reason.find("pairs in the wrong order"), std::string::npos) << output->reason;
}

TEST(Assemble, TheFloorIsOfTheClassThatTheThresholdAnswers) {
  Project project;
  project.binary = true;
  project.leaf = 2;  // answers 0.12 and 0.88
  project.evidence["metric"] = "accuracy";
  project.evidence["low"] = 0.9;
  project.evidence["bound"] = {{"loss", "error"}, {"loss_scale", 1.0}, {"test_risk", 0.4},
                               {"risk_bound", 0.45}, {"days", 14}, {"rows", 336}};
  project.evidence["answering"] = {{"threshold", 0.1}};  // answers all "many"
  const auto output = project.assemble();
  const double value = output->evidence.at("floor").at("value").get<double>();
  EXPECT_EQ(output->evidence.at("floor").at("most"), 0.45) << "by the risk, not the accuracy";
  EXPECT_GT(value, 0.2) << "the few are wrong now";
}

TEST(Assemble, AMissingInputIsNamed) {
  Project project;
  ledger::StageInput input = project.input();
  input.inputs.erase("twin_candidate");
  const auto output = assemble(input);
  ASSERT_FALSE(output.has_value());
  EXPECT_NE(output.error().message.find("twin_candidate"), std::string::npos);
}

}  // namespace
}  // namespace rondo::deploy
