// Features back to what a person would say of a row; see slice_features.h.
#include "evaluate/slice_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rondo::evaluate {
namespace {

using model::Step;

constexpr std::size_t kMostCodes = 60'000;

/// Codes of a category by their names; what is missing is the last.
SliceFeature category_feature(const Step& step, std::span<const double> values) {
  const std::size_t known = std::min(step.categories.size() + 1, kMostCodes);
  SliceFeature out{step.feature, {}, {}};
  for (std::size_t code = 0; code < known; ++code) {
    out.text.push_back(fmt::format("{} = {}", step.feature, category_name(step, code)));
  }
  out.text.push_back(step.feature + " is missing");
  for (const double value : values) {
    const bool there = std::isfinite(value) && value >= 0;
    out.code.push_back(static_cast<std::uint16_t>(
        there ? std::min(static_cast<std::size_t>(value), known - 1) : known));
  }
  return out;
}

}  // namespace

std::string category_name(const Step& step, std::size_t code) {
  if (code < step.categories.size()) {
    return code < step.seconds.size() ? step.categories[code] + ", " + step.seconds[code]
                                      : step.categories[code];
  }
  return "any other";
}

SliceFeature slice_feature(const model::Prepared& prepared, const std::vector<std::size_t>& rows,
                           std::size_t column, std::size_t bins) {
  std::vector<double> values;
  for (const std::size_t row : rows) values.push_back(prepared.features.row(row)[column]);
  const Step& step = prepared.transform.steps()[column];
  return step.is_category() ? category_feature(step, values)
                            : binned_feature(step.feature, values, bins);
}

std::vector<SliceFeature> slice_features(const model::Prepared& prepared) {
  const std::vector<std::size_t> rows = prepared.rows_on(table::Side::kTest);
  std::vector<SliceFeature> features;
  for (std::size_t column = 0; column < prepared.features.columns; ++column) {
    features.push_back(slice_feature(prepared, rows, column));
  }
  return features;
}

Metric slice_metric(const Truth& truth) noexcept {
  return truth.task == model::Task::kRegression ? Metric::kMae : Metric::kLogLoss;
}

std::vector<double> slice_losses(const Truth& truth, const Answers& answers) {
  Truth served = truth;
  served.weight.clear();
  std::vector<double> losses;
  for (std::size_t i = 0; i < served.rows(); ++i) {
    losses.push_back(sums_of(slice_metric(served), served, answers, i, 0).loss);
  }
  return losses;
}

}  // namespace rondo::evaluate
