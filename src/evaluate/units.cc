// Days, entities or parts of the rows; see units.h.
#include "evaluate/units.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rondo::evaluate {
namespace {

/// Independent rows beyond so many are drawn in groups: sums of independent rows are independent,
/// and a percentile of so many units does not change any more.
constexpr std::size_t kMostUnits = 2000;

Units days(const Truth& truth) {
  Units units;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    if (i == 0 || truth.day[i] != truth.day[i - 1]) ++units.count;
    units.of_row.push_back(static_cast<std::uint32_t>(units.count - 1));
  }
  const double rows = static_cast<double>(truth.rows());
  const double rows_of_day = rows / static_cast<double>(std::max<std::size_t>(1, units.count));
  units.block = static_cast<std::size_t>(std::max(1.0, std::round(std::cbrt(rows) / rows_of_day)));
  return units;
}

Units entities(const Truth& truth) {
  Units units;
  std::map<std::int64_t, std::uint32_t> number;
  for (const std::int64_t group : truth.group) {
    const auto next = static_cast<std::uint32_t>(number.size());
    units.of_row.push_back(number.try_emplace(group, next).first->second);
  }
  units.count = number.size();
  return units;
}

/// Rows, or groups of rows of one class that are as large as each other but for one row.
Units rows_by_class(const Truth& truth) {
  Units units;
  const std::size_t classes = std::max<std::size_t>(1, truth.classes);
  std::vector<std::size_t> sizes(classes), seen(classes), first(classes), groups(classes);
  const auto class_of_row = [&](std::size_t i) {
    return truth.classes == 0 ? 0 : static_cast<std::size_t>(truth.label[i]);
  };
  for (std::size_t i = 0; i < truth.rows(); ++i) ++sizes[class_of_row(i)];
  for (std::size_t k = 0; k < classes; ++k) {
    const double share = static_cast<double>(sizes[k]) / static_cast<double>(truth.rows());
    const auto most = static_cast<std::size_t>(std::ceil(share * static_cast<double>(kMostUnits)));
    groups[k] = std::min(sizes[k], most);
    first[k] = units.count;
    units.count += groups[k];
    units.stratum.insert(units.stratum.end(), groups[k], static_cast<std::uint32_t>(k));
  }
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    const std::size_t k = class_of_row(i);
    units.of_row.push_back(static_cast<std::uint32_t>(first[k] + seen[k]++ % groups[k]));
  }
  return units;
}

}  // namespace

Units units_of(const Truth& truth) {
  if (!truth.day.empty()) return days(truth);
  return truth.group.empty() ? rows_by_class(truth) : entities(truth);
}

Units mixed_units_of(const Truth& truth) {
  if (!truth.unit().empty()) return units_of(truth);
  Units units;
  units.count = std::min(truth.rows(), kMostUnits);
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    units.of_row.push_back(static_cast<std::uint32_t>(i % units.count));
  }
  return units;
}

}  // namespace rondo::evaluate
