// Whether the probabilities of classes should be corrected, and by which map. A map can hurt a
// good model, so it must prove itself on rows that it was not fitted to, and none is the default.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "base/seed.h"
#include "model/answering.h"
#include "stats/calibration.h"

namespace rondo::evaluate {

struct CalibrationTrial {
  stats::Calibration::Kind kind = stats::Calibration::Kind::kNone;
  double log_loss = 0;                // mean, of rows outside of the fit
  double gain = 0;                    // over the scores as they are
  double standard_error = 0;          // of the gain
};

struct CalibrationChoice {
  stats::Calibration calibration;     // of all rows; kNone: leave the scores alone
  double log_loss_before = 0;         // mean, of the scores as they are
  double log_loss = 0;                // of the chosen map, on rows outside of each fit
  std::vector<CalibrationTrial> trials;
  std::string reason;                 // a sentence
};

/// The maps that [evaluate] calibrate means for a task: "auto" all that it can have, "none" none, a
/// name that one. Errors: kInvalidInput for a map that the task cannot have.
Result<std::vector<stats::Calibration::Kind>> maps_of(std::string_view calibrate,
                                                      model::Task task);

inline constexpr std::array kMaps = {
    stats::Calibration::Kind::kPlatt, stats::Calibration::Kind::kBeta,
    stats::Calibration::Kind::kIsotonic, stats::Calibration::Kind::kVennAbers};

constexpr std::uint32_t kCalibrationFolds = 5;
/// Five folds of rows, each with its share of every class.
std::vector<std::uint32_t> calibration_folds(std::span<const std::uint32_t> label, Seed seed);

/// Fits each of `maps` without each fold in turn and scores that fold. The map with the least mean
/// log-loss is used, if it gains more than one standard error over the scores as they are. The
/// error is that of row differences times sqrt(1 + k/(k-1)) for k folds, since the fits share rows
/// (Nadeau, Bengio 2003): without it 4 to 7 % of calibrated models would be changed, with it 3 % of
/// them with 100 rows, 1 % with 1,000. With weights a gain is a ratio of sums, and its error that
/// of the ratio (Cochran 1977, section 2.11).
/// Shape: scores that the model gave to rows it was not trained on; fold[i] is any number, and rows
/// that depend on each other should share one (a day). Fewer than 30 rows, 5 of a class (of more
/// classes: 5 outside of the greatest) or 2 folds: none. An empty list of maps: none. No
/// weight is 0.
/// Cost: O(rows log rows) a fold and map.
CalibrationChoice choose_calibration(const stats::Scored& rows,
                                     std::span<const std::uint32_t> fold,
                                     std::span<const stats::Calibration::Kind> maps = kMaps);
/// The same for more classes: kTemperature, or an empty list.
CalibrationChoice choose_calibration(const stats::ClassScored& rows,
                                     std::span<const std::uint32_t> fold,
                                     std::span<const stats::Calibration::Kind> maps);

}  // namespace rondo::evaluate
