// What stands between the scores behind the link and the answer of a pipeline: how probabilities
// are corrected, from which of two classes' on the second one is answered, and how wide the
// interval around a number is.
// It was chosen on rows that the model did not learn from, and is frozen with it; every path of
// scoring goes through here, so that all answer alike.
#pragma once

#include <optional>
#include <span>

#include "io/json.h"
#include "stats/calibration.h"
#include "stats/intervals.h"

namespace rondo::model {

enum class Task;

/// An answer f to a number has the interval f - reach to f + reach; quantiles have it from the
/// lowest - reach to the highest + reach, and there reach may be below 0.
struct Reach {
  double coverage = 0.9;  // the share of new labels that it is made for
  double reach = 0;
  /// Shape: one answer, or one a level, ascending. A reach that would turn them around leaves the
  /// middle between them.
  stats::Bounds around(std::span<const double> answer) const noexcept {
    const double low = answer.front() - reach, high = answer.back() + reach;
    return low <= high ? stats::Bounds{low, high}
                       : stats::Bounds{(low + high) / 2, (low + high) / 2};
  }
};

struct Answering {
  stats::Calibration calibration{};  // of classes; kNone: scores are answered as they are
  std::optional<double> threshold{};  // of two classes; none: one half
  std::optional<Reach> interval{};    // of numbers

  bool is_calibrated() const { return calibration.kind != stats::Calibration::Kind::kNone; }
  /// Nothing is done: a pipeline file has no section of it.
  bool is_plain() const { return !is_calibrated() && !threshold && !interval; }
  /// From this probability on the second of two classes is answered.
  double cut() const noexcept { return threshold.value_or(0.5); }
  /// The class that is answered: of two by cut(), of more the most probable, the first of equals.
  /// Shape: one probability a class.
  std::size_t class_of(std::span<const double> probabilities) const noexcept;
  /// In place, of any number of rows. Shape: what Forest::link() left, `outputs` a row. Cost: a
  /// branch when plain.
  void apply(std::span<double> answers, std::size_t outputs) const noexcept {
    calibration.apply(answers, outputs);
  }

  Json to_json() const;
  /// Section 4 of the pipeline file. Errors: kInvalidInput naming the part.
  static Result<Answering> from_json(const Json& json);
};

/// "none", "platt", "beta", "isotonic", "venn_abers", "temperature".
std::string_view name_of(stats::Calibration::Kind kind) noexcept;
Result<stats::Calibration::Kind> calibration_from(std::string_view name);

/// Whether a task can be answered so. Errors: kInvalidInput.
Result<void> check_answering(const Answering& answering, Task task);

}  // namespace rondo::model
