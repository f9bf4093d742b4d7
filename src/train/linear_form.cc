// Medians, quartiles and the choice of columns, all from training rows in their order.
#include "train/linear_form.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rondo::train {
namespace {

constexpr std::size_t kMostCategories = 40;
/// Farther from the median, in quartile ranges, nothing is told apart: squares stay finite.
constexpr double kFarthest = 1e4;

/// The value at a share of sorted ones, between two of them linearly.
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double deviation(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean) / count;
  return std::sqrt(squares);
}

/// How much of the labels each column explains alone, as a share of what it varies.
class Telling {
 public:
  Telling(const model::Prepared& prepared, const RowList& rows, std::size_t columns)
      : prepared_(prepared), groups_(std::max<std::size_t>(prepared.classes.size(), 1)),
        sums_(columns), squares_(columns), by_group_(columns * groups_), sizes_(groups_) {
    for (const std::uint32_t row : rows) {
      mean_ += prepared.label[row] / static_cast<double>(rows.size());
    }
  }
  void add(std::uint32_t row, std::size_t column, double value) {
    const double label = prepared_.label[row];
    sums_[column] += value;
    squares_[column] += value * value;
    const bool number = prepared_.classes.empty();
    by_group_[column * groups_ + (number ? 0 : static_cast<std::size_t>(label))] +=
        number ? value * (label - mean_) : value;
  }
  void count(std::uint32_t row) {
    if (!prepared_.classes.empty()) sizes_[static_cast<std::size_t>(prepared_.label[row])] += 1;
  }
  double share(std::size_t column, double rows) const {
    const double spread = squares_[column] - sums_[column] * sums_[column] / rows;
    if (!(spread > 1e-12 * squares_[column])) return 0;
    double explained = 0;
    for (std::size_t k = 0; k < groups_; ++k) {
      const double sum = by_group_[column * groups_ + k];
      if (prepared_.classes.empty()) explained += sum * sum;
      else if (sizes_[k] > 0) {
        const double apart = sum - sizes_[k] * sums_[column] / rows;
        explained += apart * apart / sizes_[k];
      }
    }
    return explained / spread;
  }

 private:
  const model::Prepared& prepared_;
  std::size_t groups_;
  double mean_ = 0;
  std::vector<double> sums_, squares_, by_group_, sizes_;
};

}  // namespace

LinearForm::LinearForm(const model::Prepared& prepared, const RowList& rows)
    : prepared_(prepared) {
  for (std::size_t feature = 0; feature < prepared.features.columns; ++feature) {
    Part part = prepared.transform.steps()[feature].is_category() ? category_part(feature, rows)
                                                                  : number_part(feature, rows);
    part.first = columns_;
    columns_ += part.category ? part.codes : 2;
    parts_.push_back(part);
  }
  place_.resize(columns_);
  std::iota(place_.begin(), place_.end(), std::uint32_t{0});
  choose(rows);
}

LinearForm::Part LinearForm::number_part(std::size_t feature, const RowList& rows) const {
  std::vector<double> values;
  for (const std::uint32_t row : rows) {
    const double value = prepared_.features.row(row)[feature];
    if (std::isfinite(value)) values.push_back(value);
  }
  Part part;
  if (values.empty()) return part;
  std::ranges::sort(values);
  part.median = quantile(values, 0.5);
  part.scale = quantile(values, 0.75) - quantile(values, 0.25);
  if (!(part.scale > 0)) part.scale = deviation(values);
  if (!std::isfinite(part.scale)) part.scale = 0;
  return part;
}

/// Codes go by falling frequency.
LinearForm::Part LinearForm::category_part(std::size_t feature, const RowList& rows) const {
  Part part;
  part.category = true;
  for (const std::uint32_t row : rows) {
    const double code = prepared_.features.row(row)[feature];
    if (!(code >= 0) || code >= static_cast<double>(kMostCategories)) continue;
    part.codes = std::max(part.codes, static_cast<std::size_t>(code) + 1);
  }
  return part;
}

/// Columns with two values, the most telling ones when they are too many.
void LinearForm::choose(const RowList& rows) {
  const Design all = design(rows);
  Telling telling(prepared_, rows, columns_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    telling.count(rows[i]);
    for (std::size_t at = all.from[i]; at + 1 < all.from[i + 1]; ++at) {
      telling.add(rows[i], all.column[at], all.value[at]);
    }
  }
  std::vector<double> share(columns_);
  std::vector<std::size_t> order;
  for (std::size_t column = 0; column < columns_; ++column) {
    share[column] = telling.share(column, static_cast<double>(rows.size()));
    if (share[column] > 0) order.push_back(column);
  }
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return share[i]; });
  if (order.size() > kMostColumns) order.resize(kMostColumns);
  std::ranges::sort(order);
  std::ranges::fill(place_, kNone);
  columns_ = 0;
  for (const std::size_t column : order) place_[column] = static_cast<std::uint32_t>(columns_++);
}

void LinearForm::add_row(std::uint32_t row, Design& design) const {
  const auto put = [&](std::size_t column, double value) {
    if (value == 0 || place_[column] == kNone) return;
    design.column.push_back(place_[column]);
    design.value.push_back(value);
  };
  const auto features = prepared_.features.row(row);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    const double x = features[i];
    if (part.category) {
      if (x >= 0 && x < static_cast<double>(part.codes)) {
        put(part.first + static_cast<std::size_t>(x), 1);
      }
    } else if (std::isnan(x)) {
      put(part.first + 1, 1);
    } else if (part.scale > 0) {
      put(part.first, std::clamp((x - part.median) / part.scale, -kFarthest, kFarthest));
    }
  }
  design.column.push_back(static_cast<std::uint32_t>(columns_));
  design.value.push_back(1);
  design.from.push_back(design.column.size());
}

Design LinearForm::design(const RowList& rows) const {
  Design design;
  design.columns = columns_ + 1;
  for (const std::uint32_t row : rows) add_row(row, design);
  return design;
}

}  // namespace rondo::train
