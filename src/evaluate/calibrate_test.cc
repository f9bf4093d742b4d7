// The choice of a map: distorted scores are mended, calibrated ones left alone, and what is chosen
// never scores worse on rows outside of its fit.
#include "evaluate/calibrate.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace rondo::evaluate {
namespace {

using MapKind = stats::Calibration::Kind;

struct Probabilities {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  stats::Scored rows() const { return {score, positive}; }
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
  return choose_calibration(data.rows(), calibration_folds(data.positive, seed));
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
  const auto fold = calibration_folds(data.positive, Seed{3});
  std::array<std::array<int, 2>, kCalibrationFolds> count{};
  for (std::size_t i = 0; i < 1000; ++i) ++count[fold[i]][data.positive[i]];
  for (const auto& classes : count) {
    EXPECT_NEAR(classes[0], count[0][0], 1);
    EXPECT_NEAR(classes[1], count[0][1], 1);
  }
  EXPECT_EQ(fold, calibration_folds(data.positive, Seed{3}));
  EXPECT_NE(fold, calibration_folds(data.positive, Seed{4}));
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
