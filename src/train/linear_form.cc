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
constexpr int kKnots = 5;
/// A distance, a sum of squares, would be that of one wild value alone.
constexpr double kFarthestNear = 3;

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

LinearForm::LinearForm(const model::Prepared& prepared, const RowList& rows, bool bent)
    : prepared_(prepared), bent_(bent) {
  for (std::size_t feature = 0; feature < prepared.features.columns; ++feature) {
    Part part = prepared.transform.steps()[feature].is_category() ? category_part(feature, rows)
                                                                  : number_part(feature, rows);
    part.first = columns_;
    columns_ += columns_of(part);
    parts_.push_back(std::move(part));
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
  // A line goes on beyond what was seen, but not for ever.
  const double least = values.front(), most = values.back(), range = most - least;
  part.low = std::max(least - range, part.median - kFarthest * part.scale);
  part.high = std::min(most + range, part.median + kFarthest * part.scale);
  for (int k = 1; bent_ && part.scale > 0 && k <= kKnots; ++k) {
    const double knot = quantile(values, static_cast<double>(k) / (kKnots + 1));
    const double before = part.knots.empty() ? least : part.knots.back();
    if (knot > before && knot < most) part.knots.push_back(knot);
  }
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
  // What joins have not seen has a code behind the dictionary, which no file may ask for.
  const model::Step& step = prepared_.transform.steps()[feature];
  const bool rare_is_own = step.rare_code == static_cast<std::int64_t>(step.categories.size());
  part.codes = std::min(part.codes, step.categories.size() + (rare_is_own ? 1 : 0));
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
      const double within = std::clamp(x, part.low, part.high);
      put(part.first, (within - part.median) / part.scale);
      for (std::size_t k = 0; k < part.knots.size(); ++k) {
        put(part.first + 2 + k, std::max(0.0, within - part.knots[k]) / part.scale);
      }
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

std::vector<model::LinearTerm> LinearForm::terms(std::span<const double> coefficients,
                                                 std::span<const double> means,
                                                 std::uint32_t output) const {
  std::vector<model::LinearTerm> out;
  const auto has = [&](std::size_t column) { return place_[column] != kNone; };
  const auto of = [&](std::size_t column) {
    return has(column) ? coefficients[place_[column]] : 0;
  };
  const auto mean_of = [&](std::size_t column) {
    return has(column) ? coefficients[place_[column]] * means[place_[column]] : 0;
  };
  const auto keep = [&](model::LinearTerm term, std::size_t feature) {
    term.feature = static_cast<std::uint32_t>(feature);
    term.output = output;
    out.push_back(std::move(term));
  };
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    model::LinearTerm term;
    for (std::size_t k = 0; part.category && k < part.codes; ++k) {
      term.by_code.push_back(of(part.first + k));
      term.mean += mean_of(part.first + k);
    }
    if (part.category) {
      if (!std::ranges::all_of(term.by_code, [](double x) { return x == 0; })) keep(term, i);
      continue;
    }
    term.missing = of(part.first + 1);
    term.mean = mean_of(part.first) + mean_of(part.first + 1);
    if (part.scale > 0 && has(part.first)) {
      term.slope = of(part.first) / part.scale;
      term.center = part.median;
      term.low = part.low;
      term.high = part.high;
    }
    if (term.slope != 0 || term.missing != 0) keep(term, i);
    for (std::size_t k = 0; k < part.knots.size(); ++k) {
      const std::size_t column = part.first + 2 + k;
      if (of(column) == 0) continue;
      keep({.slope = of(column) / part.scale, .center = part.knots[k], .low = part.knots[k],
            .high = part.high, .mean = mean_of(column)}, i);
    }
  }
  return out;
}

std::vector<model::Neighbours::Column> LinearForm::for_distances() const {
  using Column = model::Neighbours::Column;
  std::vector<Column> out;
  const auto keep = [&](std::size_t column, std::size_t feature, Column made) {
    if (place_[column] == kNone) return;
    made.feature = static_cast<std::uint32_t>(feature);
    out.push_back(made);
  };
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    for (std::size_t k = 0; part.category && k < part.codes; ++k) {
      keep(part.first + k, i, {.kind = Column::Kind::kCode, .code = static_cast<std::uint32_t>(k)});
    }
    if (part.category) continue;
    const double reach = kFarthestNear * part.scale;
    if (part.scale > 0) {
      keep(part.first, i, {.center = part.median, .scale = part.scale,
                           .low = std::max(part.low, part.median - reach),
                           .high = std::min(part.high, part.median + reach)});
    }
    keep(part.first + 1, i, {.kind = Column::Kind::kMissing});
  }
  return out;
}

std::vector<double> Design::means() const {
  std::vector<double> sums(columns);
  for (std::size_t i = 0; i < column.size(); ++i) sums[column[i]] += value[i];
  for (double& sum : sums) sum /= static_cast<double>(std::max<std::size_t>(rows(), 1));
  return sums;
}

}  // namespace rondo::train
