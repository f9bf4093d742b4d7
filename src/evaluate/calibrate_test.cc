// The choice of a map: distorted scores are mended, calibrated ones left alone, and what is chosen
// never scores worse on rows outside of its fit.
#include "evaluate/calibrate.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "model/prepared.h"

namespace rondo::evaluate {
namespace {

using MapKind = stats::Calibration::Kind;

struct Probabilities {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  std::vector<double> weight{};
  stats::Scored rows() const { return {score, positive, weight}; }
  std::vector<std::uint32_t> label() const { return {positive.begin(), positive.end()}; }
};

/// Labels by probability p, scores with the log-odds of p times `stretch` plus `shift`.
Probabilities simulated(std::size_t rows, double stretch, double shift, Seed seed) {
  Chance chance(seed);
  Probabilities out;
  for (std::size_t i = 0; i < rows; ++i) {
    const double z = 1.5 * chance.normal() - 1;
    out.positive.push_back(chance.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
    out.score.push_back(1 / (1 + std::exp(-(stretch * z + shift))));
  }
  return out;
}

CalibrationChoice chosen(const Probabilities& data, Seed seed) {
  return choose_calibration(data.rows(), calibration_folds(data.label(), seed));
}

double mean_loss(const stats::Calibration& map, const Probabilities& data) {
  double sum = 0;
  for (std::size_t i = 0; i < data.score.size(); ++i) {
    sum += stats::log_loss(map.probability(data.score[i]), data.positive[i] != 0);
  }
  return sum / static_cast<double>(data.score.size());
}

// Scores too sure, not sure enough, or shifted: on new rows nearly the whole loss is won back.
TEST(Calibrate, MendsDistortedScores) {
  for (const auto& [stretch, shift] : {std::pair{2.5, 0.0}, {1.0, 1.2}, {0.4, -0.5}}) {
    const Probabilities data = simulated(3000, stretch, shift, Seed{5});
    const CalibrationChoice choice = chosen(data, Seed{6});
    ASSERT_NE(choice.calibration.kind, MapKind::kNone) << choice.reason;
    EXPECT_LT(choice.log_loss, choice.log_loss_before);
    const Probabilities fresh = simulated(20'000, stretch, shift, Seed{8});
    const Probabilities truth = simulated(20'000, 1, 0, Seed{8});
    const double distorted = mean_loss({}, fresh), best = mean_loss({}, truth);
    EXPECT_LT(mean_loss(choice.calibration, fresh) - best, 0.1 * (distorted - best));
  }
}

TEST(Calibrate, LeavesCalibratedScoresAlone) {
  int alone = 0;
  for (std::uint64_t run = 1; run <= 200; ++run) {
    const Probabilities data = simulated(500, 1, 0, Seed{run});
    const CalibrationChoice choice = chosen(data, Seed{run});
    if (choice.calibration.kind == MapKind::kNone) ++alone;
    EXPECT_LE(choice.log_loss, choice.log_loss_before);
  }
  EXPECT_GE(alone, 190);
}

// The isotonic map gives probabilities 0 and 1, so its cross-fitted loss is what it costs new rows.
TEST(Calibrate, TrialsAreScoredOutsideOfTheirFit) {
  const Probabilities data = simulated(300, 1, 0, Seed{11});
  const CalibrationChoice choice = chosen(data, Seed{12});
  ASSERT_EQ(choice.trials.size(), 4U);
  for (const CalibrationTrial& trial : choice.trials) {
    EXPECT_NEAR(trial.gain, choice.log_loss_before - trial.log_loss, 1e-12);
    EXPECT_GT(trial.standard_error, 0);
  }
  EXPECT_EQ(choice.trials[2].kind, MapKind::kIsotonic);
  EXPECT_GT(choice.trials[2].log_loss,
            mean_loss(stats::fit_isotonic(data.rows()), data) + 0.01);
}

TEST(Calibrate, FoldsHoldTheirShareOfBothClasses) {
  const Probabilities data = simulated(1000, 1, 0, Seed{2});
  const auto fold = calibration_folds(data.label(), Seed{3});
  std::array<std::array<int, 2>, kCalibrationFolds> count{};
  for (std::size_t i = 0; i < 1000; ++i) ++count[fold[i]][data.positive[i]];
  for (const auto& classes : count) {
    EXPECT_NEAR(classes[0], count[0][0], 1);
    EXPECT_NEAR(classes[1], count[0][1], 1);
  }
  EXPECT_EQ(fold, calibration_folds(data.label(), Seed{3}));
  EXPECT_NE(fold, calibration_folds(data.label(), Seed{4}));
}

// A tenth of the rows has nearly all of the weight, so there are about 60 rows to judge by.
TEST(Calibrate, LeavesCalibratedScoresOfUnequalWeightsAlone) {
  int alone = 0;
  for (std::uint64_t run = 1; run <= 200; ++run) {
    Probabilities data = simulated(600, 1, 0, Seed{run});
    for (std::size_t i = 0; i < 600; ++i) data.weight.push_back(i % 10 == 0 ? 50 : 0.5);
    if (chosen(data, Seed{run}).calibration.kind == MapKind::kNone) ++alone;
  }
  EXPECT_GE(alone, 190);
}

// Only the rows that weigh are too sure, or only those that hardly do.
TEST(Calibrate, WhatIsGainedIsOfTheWeight) {
  for (const bool heavy : {true, false}) {
    Probabilities data = simulated(4000, 1, 0, Seed{9});
    const Probabilities sure = simulated(4000, 3, 0, Seed{9});
    for (std::size_t i = 0; i < 4000; ++i) {
      if (i % 2 == 0) data.score[i] = sure.score[i];
      data.weight.push_back((i % 2 == 0) == heavy ? 5 : 0.001);
    }
    const CalibrationChoice choice = chosen(data, Seed{6});
    EXPECT_EQ(choice.calibration.kind != MapKind::kNone, heavy) << choice.reason;
    const auto& trial = choice.trials[0];
    Probabilities half;
    for (std::size_t i = heavy ? 0 : 1; i < 4000; i += 2) {
      half.score.push_back(data.score[i]);
      half.positive.push_back(data.positive[i]);
    }
    EXPECT_NEAR(choice.log_loss_before, mean_loss({}, half), 1e-3);
    EXPECT_NEAR(trial.gain, choice.log_loss_before - trial.log_loss, 1e-12);
    const CalibrationTrial alone = chosen(half, Seed{6}).trials[0];
    EXPECT_NEAR(trial.standard_error, alone.standard_error, 0.1 * alone.standard_error);
  }
}

/// Labels of four classes; what is said has `sure` times the right log-odds.
struct FourClasses {
  std::vector<double> score;
  std::vector<std::uint32_t> label;
  FourClasses(std::size_t rows, double sure, Seed seed) {
    Chance chance(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      double right[4], said[4], all = 0, all_said = 0;
      for (int k = 0; k < 4; ++k) {
        const double z = 1.2 * chance.normal();
        all += right[k] = std::exp(z);
        all_said += said[k] = std::exp(sure * z);
      }
      double left = chance.uniform() * all;
      std::uint32_t drawn = 0;
      while (drawn < 3 && left >= right[drawn]) left -= right[drawn++];
      label.push_back(drawn);
      for (const double each : said) score.push_back(each / all_said);
    }
  }
  CalibrationChoice chosen(Seed seed) const {
    const MapKind maps[] = {MapKind::kTemperature};
    return choose_calibration(stats::ClassScored{score, 4, label}, calibration_folds(label, seed),
                              maps);
  }
};

TEST(Calibrate, OfManyClassesATemperatureIsUsedOnlyIfItHelps) {
  const FourClasses sure(2000, 2.5, Seed{1});
  const CalibrationChoice choice = sure.chosen(Seed{2});
  ASSERT_EQ(choice.calibration.kind, MapKind::kTemperature) << choice.reason;
  EXPECT_NEAR(choice.calibration.a, 1 / 2.5, 0.05);
  EXPECT_LT(choice.log_loss, choice.log_loss_before - 0.1);
  int alone = 0;
  for (std::uint64_t run = 1; run <= 200; ++run) {
    const auto found = FourClasses(300, 1, Seed{run}).chosen(Seed{run});
    if (found.calibration.kind == MapKind::kNone) ++alone;
  }
  EXPECT_GE(alone, 190);
  const CalibrationChoice few = FourClasses(29, 3, Seed{1}).chosen(Seed{2});
  EXPECT_NE(few.reason.find("outside of the greatest class"), std::string::npos) << few.reason;
}

TEST(Calibrate, ATaskHasItsMapsAndNoOthers) {
  using model::Task;
  EXPECT_EQ(maps_of("auto", Task::kBinary).value().size(), 4U);
  EXPECT_EQ(maps_of("auto", Task::kMulticlass).value(), std::vector{MapKind::kTemperature});
  EXPECT_TRUE(maps_of("auto", Task::kRegression).value().empty());
  EXPECT_TRUE(maps_of("none", Task::kBinary).value().empty());
  EXPECT_EQ(maps_of("beta", Task::kBinary).value(), std::vector{MapKind::kBeta});
  EXPECT_FALSE(maps_of("beta", Task::kMulticlass));
  EXPECT_FALSE(maps_of("temperature", Task::kBinary));
  EXPECT_FALSE(maps_of("temperature", Task::kQuantile));
  EXPECT_FALSE(maps_of("magic", Task::kBinary));
}

TEST(Calibrate, FewRowsAreNotJudged) {
  const Probabilities data = simulated(29, 3, 0, Seed{2});
  const CalibrationChoice few = chosen(data, Seed{3});
  EXPECT_EQ(few.calibration.kind, MapKind::kNone);
  EXPECT_NE(few.reason.find("29 rows"), std::string::npos) << few.reason;
  const Probabilities many = simulated(100, 3, 0, Seed{2});
  const std::vector<std::uint32_t> together(100, 1);
  EXPECT_TRUE(choose_calibration(many.rows(), together).trials.empty());
}

}  // namespace
}  // namespace rondo::evaluate
