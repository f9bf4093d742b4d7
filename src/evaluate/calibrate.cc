// Cross-fitting and the rule of one standard error; see calibrate.h.
#include "evaluate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "evaluate/gate.h"
#include "model/prepared.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

using Kind = stats::Calibration::Kind;

/// Those of `values` whose row is not in fold `out`.
template <class T>
std::vector<T> without(std::span<const T> values, std::span<const std::uint32_t> fold,
                       std::uint32_t out) {
  std::vector<T> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (fold[i] != out) kept.push_back(values[i]);
  }
  return kept;
}

/// What the choice needs to know of rows of two classes; ManyClasses says the same of more.
struct TwoClasses {
  const stats::Scored& rows;

  std::size_t count() const { return rows.score.size(); }
  double loss(const stats::Calibration& map, std::size_t i) const {
    return stats::log_loss(map.probability(rows.score[i]), rows.positive[i] != 0);
  }
  static stats::Calibration fit(Kind kind, const stats::Scored& some) {
    switch (kind) {
      case Kind::kPlatt: return stats::fit_platt(some);
      case Kind::kBeta: return stats::fit_beta(some);
      case Kind::kIsotonic: return stats::fit_isotonic(some);
      case Kind::kVennAbers: return stats::fit_venn_abers(some);
      case Kind::kTemperature:
      case Kind::kNone: break;
    }
    return {};
  }
  stats::Calibration fit(Kind kind) const { return fit(kind, rows); }
  stats::Calibration fit_without(Kind kind, std::span<const std::uint32_t> fold,
                                 std::uint32_t out) const {
    const auto score = without(rows.score, fold, out);
    const auto positive = without(rows.positive, fold, out);
    const auto weight = without(rows.weight, fold, out);
    return fit(kind, {score, positive, weight});
  }
  /// Rows outside of the greatest class.
  std::uint64_t others() const {
    const auto positives = static_cast<std::uint64_t>(
        std::ranges::count_if(rows.positive, [](std::uint8_t p) { return p != 0; }));
    return std::min<std::uint64_t>(positives, rows.positive.size() - positives);
  }
  static constexpr const char* kOthers = "of the rarer class";
};

struct ManyClasses {
  const stats::ClassScored& rows;

  std::size_t count() const { return rows.label.size(); }
  double loss(const stats::Calibration& map, std::size_t i) const {
    const auto said = rows.score.subspan(i * rows.classes, rows.classes);
    std::vector<double> row(said.begin(), said.end());
    map.apply(row, rows.classes);
    return stats::log_loss(row[rows.label[i]], true);
  }
  stats::Calibration fit(Kind kind) const {
    return kind == Kind::kTemperature ? stats::fit_temperature(rows) : stats::Calibration{};
  }
  /// The rows stay where they are and weigh nothing: probabilities of many classes are many.
  stats::Calibration fit_without(Kind kind, std::span<const std::uint32_t> fold,
                                 std::uint32_t out) const {
    std::vector<double> weight(rows.weight.begin(), rows.weight.end());
    if (weight.empty()) weight.assign(count(), 1);
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= fold[i] == out ? 0 : 1;
    stats::ClassScored some = rows;
    some.weight = weight;
    return ManyClasses{some}.fit(kind);
  }
  std::uint64_t others() const {
    std::vector<std::uint64_t> count(rows.classes);
    for (const std::uint32_t label : rows.label) ++count[label];
    return rows.label.size() - *std::ranges::max_element(count);
  }
  static constexpr const char* kOthers = "outside of the greatest class";
};

/// The log-loss of each row under a map that was fitted without the row's fold.
template <class Rows>
std::vector<double> cross_fitted(const Rows& rows, Kind kind, std::span<const std::uint32_t> fold,
                                 const std::set<std::uint32_t>& folds) {
  std::vector<double> losses(rows.count());
  for (const std::uint32_t out : folds) {
    const stats::Calibration map = rows.fit_without(kind, fold, out);
    for (std::size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] == out) losses[i] = rows.loss(map, i);
    }
  }
  return losses;
}

/// Mean of row values, and the variance of n times that mean over n: with weights of the ratio sum
/// w x / sum w, whose row terms are w (x - mean) / mean w.
stats::Moments weighted_moments(std::vector<double> values, std::span<const double> weight) {
  if (weight.empty()) return stats::moments(values);
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weight[i] * values[i];
    all += weight[i];
  }
  const double mean = sum / all, usual = all / static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = weight[i] / usual * (values[i] - mean);
  }
  return {mean, stats::moments(values).variance};
}

CalibrationTrial tried(Kind kind, std::span<const double> before, const std::vector<double>& after,
                       std::span<const double> weight, std::size_t folds) {
  std::vector<double> gains(before.size());
  for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = before[i] - after[i];
  const stats::Moments gain = weighted_moments(gains, weight);
  // The fits share most of their rows, so row differences depend on each other.
  const double k = static_cast<double>(folds), shared = 1 + k / (k - 1);
  return {kind, weighted_moments(after, weight).mean, gain.mean,
          std::sqrt(shared * gain.variance / static_cast<double>(gains.size()))};
}

/// Why no map can be judged on these rows; empty if one can.
template <class Rows>
std::string too_few(const Rows& rows, std::size_t folds) {
  const std::uint64_t least = rows.others();
  if (rows.count() >= kFewestRows && least >= kFewestOfClass && folds >= 2) return {};
  return fmt::format("{} rows with {} {} in {} folds are too few to judge a map (30 rows, 5 of a"
                     " class, 2 folds)", rows.count(), least, Rows::kOthers, folds);
}

template <class Rows>
CalibrationChoice chosen_of(const Rows& rows, std::span<const std::uint32_t> fold,
                            std::span<const Kind> maps) {
  CalibrationChoice out;
  const std::span<const double> weight = rows.rows.weight;
  std::vector<double> before(rows.count());
  for (std::size_t i = 0; i < before.size(); ++i) before[i] = rows.loss({}, i);
  out.log_loss_before = out.log_loss = weighted_moments(before, weight).mean;
  if (maps.empty()) {
    out.reason = "left alone: no map was wished";
    return out;
  }
  const std::set<std::uint32_t> folds(fold.begin(), fold.end());
  out.reason = too_few(rows, folds.size());
  if (!out.reason.empty()) return out;
  for (const Kind kind : maps) {
    const std::vector<double> after = cross_fitted(rows, kind, fold, folds);
    out.trials.push_back(tried(kind, before, after, weight, folds.size()));
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
  out.calibration = rows.fit(best.kind);
  return out;
}

}  // namespace

Result<std::vector<Kind>> maps_of(std::string_view calibrate, model::Task task) {
  const bool two = task == model::Task::kBinary, many = task == model::Task::kMulticlass;
  if (calibrate == "auto") {
    if (two) return std::vector<Kind>(kMaps.begin(), kMaps.end());
    return many ? std::vector<Kind>{Kind::kTemperature} : std::vector<Kind>{};
  }
  const Kind kind = TRY(model::calibration_from(calibrate));
  if (kind == Kind::kNone) return std::vector<Kind>{};
  if (kind == Kind::kTemperature ? !many : !two) {
    return fail(Code::kInvalidInput,
                fmt::format("evaluate.calibrate: \"{}\" needs a target of {}two classes", calibrate,
                            kind == Kind::kTemperature ? "more than " : ""),
                "leave it out");
  }
  return std::vector<Kind>{kind};
}

std::vector<std::uint32_t> calibration_folds(std::span<const std::uint32_t> label, Seed seed) {
  Chance chance(seed);
  std::vector<std::uint32_t> fold(label.size());
  std::map<std::uint32_t, std::vector<std::size_t>> of_class;
  for (std::size_t i = 0; i < label.size(); ++i) of_class[label[i]].push_back(i);
  for (auto& [which, rows] : of_class) {
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
  return chosen_of(TwoClasses{rows}, fold, maps);
}

CalibrationChoice choose_calibration(const stats::ClassScored& rows,
                                     std::span<const std::uint32_t> fold,
                                     std::span<const Kind> maps) {
  return chosen_of(ManyClasses{rows}, fold, maps);
}

}  // namespace rondo::evaluate
