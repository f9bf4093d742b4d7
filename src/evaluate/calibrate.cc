// Cross-fitting and the rule of one standard error; see calibrate.h.
#include "evaluate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "evaluate/gate.h"
#include "model/answering.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

using Kind = stats::Calibration::Kind;

stats::Calibration fit_map(Kind kind, const stats::Scored& rows) {
  switch (kind) {
    case Kind::kPlatt: return stats::fit_platt(rows);
    case Kind::kBeta: return stats::fit_beta(rows);
    case Kind::kIsotonic: return stats::fit_isotonic(rows);
    case Kind::kVennAbers: return stats::fit_venn_abers(rows);
    case Kind::kNone: break;
  }
  return {};
}

/// The log-loss of each row under a map that was fitted without the row's fold.
std::vector<double> cross_fitted(Kind kind, const stats::Scored& rows,
                                 std::span<const std::uint32_t> fold,
                                 const std::set<std::uint32_t>& folds) {
  std::vector<double> losses(rows.score.size());
  for (const std::uint32_t out : folds) {
    std::vector<double> score;
    std::vector<std::uint8_t> positive;
    for (std::size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] == out) continue;
      score.push_back(rows.score[i]);
      positive.push_back(rows.positive[i]);
    }
    const stats::Calibration map = fit_map(kind, {score, positive});
    for (std::size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] != out) continue;
      losses[i] = stats::log_loss(map.probability(rows.score[i]), rows.positive[i] != 0);
    }
  }
  return losses;
}

CalibrationTrial tried(Kind kind, std::span<const double> before, std::span<const double> after,
                       std::size_t folds) {
  std::vector<double> gains(before.size());
  for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = before[i] - after[i];
  const stats::Moments gain = stats::moments(gains);
  // The fits share most of their rows, so row differences depend on each other.
  const double k = static_cast<double>(folds), shared = 1 + k / (k - 1);
  return {kind, stats::moments(after).mean, gain.mean,
          std::sqrt(shared * gain.variance / static_cast<double>(gains.size()))};
}

/// Why no map can be judged on these rows; empty if one can.
std::string too_few(const stats::Scored& rows, std::size_t folds) {
  const auto positives = static_cast<std::uint64_t>(
      std::ranges::count_if(rows.positive, [](std::uint8_t p) { return p != 0; }));
  const std::uint64_t least = std::min<std::uint64_t>(positives, rows.positive.size() - positives);
  if (rows.score.size() >= kFewestRows && least >= kFewestOfClass && folds >= 2) return {};
  return fmt::format("{} rows with {} of the rarer class in {} folds are too few to judge a map"
                     " (30 rows, 5 of a class, 2 folds)", rows.score.size(), least, folds);
}

}  // namespace

Result<std::vector<Kind>> maps_of(std::string_view calibrate) {
  if (calibrate == "auto") return std::vector<Kind>(kMaps.begin(), kMaps.end());
  const Kind kind = TRY(model::calibration_from(calibrate));
  return kind == Kind::kNone ? std::vector<Kind>{} : std::vector<Kind>{kind};
}

std::vector<std::uint32_t> calibration_folds(std::span<const std::uint8_t> positive, Seed seed) {
  Chance chance(seed);
  std::vector<std::uint32_t> fold(positive.size());
  for (const bool which : {false, true}) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < positive.size(); ++i) {
      if ((positive[i] != 0) == which) rows.push_back(i);
    }
    for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[chance.below(i)]);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      fold[rows[i]] = static_cast<std::uint32_t>(i % kCalibrationFolds);
    }
  }
  return fold;
}

CalibrationChoice choose_calibration(const stats::Scored& rows,
                                     std::span<const std::uint32_t> fold,
                                     std::span<const Kind> maps) {
  CalibrationChoice out;
  std::vector<double> before(rows.score.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    before[i] = stats::log_loss(rows.score[i], rows.positive[i] != 0);
  }
  out.log_loss_before = out.log_loss = stats::moments(before).mean;
  if (maps.empty()) {
    out.reason = "left alone: no map was wished";
    return out;
  }
  const std::set<std::uint32_t> folds(fold.begin(), fold.end());
  out.reason = too_few(rows, folds.size());
  if (!out.reason.empty()) return out;
  for (const Kind kind : maps) {
    const std::vector<double> after = cross_fitted(kind, rows, fold, folds);
    out.trials.push_back(tried(kind, before, after, folds.size()));
  }
  const CalibrationTrial& best = *std::ranges::min_element(out.trials, {},
                                                           &CalibrationTrial::log_loss);
  const bool used = best.gain > best.standard_error;
  out.reason = fmt::format("{}: the best map, {}, gains {:.5f} of log-loss {:.5f} on rows outside"
                           " of the fit, {} one standard error ({:.5f})",
                           used ? "calibrated" : "left alone", model::name_of(best.kind), best.gain,
                           out.log_loss_before, used ? "more than" : "not more than",
                           best.standard_error);
  if (!used) return out;
  out.log_loss = best.log_loss;
  out.calibration = fit_map(best.kind, rows);
  return out;
}

}  // namespace rondo::evaluate
