// Stored rows lie in blocks of 64, each column after column, so that a block of some kilobytes
// stays in the first cache while a strip of asked rows meets it. Of each block only what is nearer
// than the farthest one kept is looked at.
#include "model/neighbours.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "stats/portable.h"

namespace rondo::model {
namespace {

constexpr float kApart = 0.70710677F;       // two codes that differ are 1 apart
constexpr double kFarthestScaled = 1e6;     // squares stay finite in single precision
constexpr double kGreatestAnswer = 1e290;   // so do sums in double

std::unexpected<Error> unfit_rows(const std::string& what) {
  return fail(Code::kInvalidInput, "neighbours: " + what);
}

Result<void> check_column(const Neighbours::Column& column, std::size_t features) {
  using Kind = Neighbours::Column::Kind;
  if (column.feature >= features) return unfit_rows("a column's feature is out of range");
  if (column.kind > Kind::kCode) return unfit_rows("there is no such kind of column");
  if (column.kind != Kind::kCode && column.code != 0) return unfit_rows("a number has no code");
  if (column.code >= 65'535) return unfit_rows("a code is above 65,534");
  const double numbers[] = {column.center, column.scale, column.low, column.high};
  if (!std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); })) {
    return unfit_rows("a column's number is not finite");
  }
  if (column.kind != Kind::kNumber) {
    if (std::ranges::all_of(numbers, [](double x) { return x == 0 && !std::signbit(x); })) {
      return {};
    }
    return unfit_rows("a column of a code has a scale");
  }
  if (!(column.scale > 0) || column.low > column.high) return unfit_rows("a column has no range");
  const auto is_near = [&](double x) {
    return std::fabs((x - column.center) / column.scale) <= kFarthestScaled;
  };
  if (is_near(column.low) && is_near(column.high)) return {};
  return unfit_rows("a column's range is too wide");
}

Result<void> check_rows(const Neighbours::Parts& parts, const Neighbours::Head& head) {
  const std::size_t rows = parts.answers.size();
  if (parts.k < Neighbours::kFewest || parts.k > Neighbours::kMost || parts.k > rows) {
    return unfit_rows("5 to 50 rows answer, of those that are there");
  }
  if (rows > Neighbours::kMostRows) return unfit_rows("there are more than 20,000 rows");
  if (parts.values.size() != rows * parts.columns.size() || parts.mean.size() != head.outputs ||
      (!parts.weights.empty() && parts.weights.size() != rows)) {
    return unfit_rows("numbers do not match its rows and columns");
  }
  const auto is_near = [](float x) { return std::fabs(x) <= static_cast<float>(kFarthestScaled); };
  if (!std::ranges::all_of(parts.values, is_near)) return unfit_rows("a value is out of range");
  if (!std::ranges::all_of(parts.weights, [](double w) { return w > 0 && w <= 1; })) {
    return unfit_rows("a weight is not above 0 and at most 1");
  }
  if (!std::ranges::all_of(parts.mean, [](double x) { return std::isfinite(x); })) {
    return unfit_rows("a mean is not finite");
  }
  const auto classes = static_cast<double>(head.outputs == 1 ? 2 : head.outputs);
  for (const double answer : parts.answers) {
    const bool ok = head.numbers
                        ? std::fabs(answer) <= kGreatestAnswer
                        : answer >= 0 && answer < classes && answer == std::trunc(answer);
    if (!ok) return unfit_rows("an answer is out of range");
  }
  return {};
}

}  // namespace

float Neighbours::Column::value(double x) const noexcept {
  switch (kind) {
    case Kind::kNumber: break;
    case Kind::kMissing: return std::isnan(x) ? 1.0F : 0.0F;
    case Kind::kCode:  // truncated, as sets are asked
      return x > -1 && std::max(std::trunc(x), 0.0) == static_cast<double>(code) ? kApart : 0.0F;
  }
  if (std::isnan(x)) return 0;
  return static_cast<float>((std::clamp(x, low, high) - center) / scale);
}

Result<std::shared_ptr<const Neighbours>> Neighbours::make(Parts parts, const Head& head) {
  if (parts.columns.empty() || parts.columns.size() > kMostColumns) {
    return unfit_rows("they have 1 to 256 columns");
  }
  if (head.numbers && head.outputs != 1) return unfit_rows("a number is one output");
  for (const Column& column : parts.columns) TRY(check_column(column, head.features));
  TRY(check_rows(parts, head));
  return std::shared_ptr<const Neighbours>(new Neighbours(std::move(parts), head));
}

Neighbours::Neighbours(Parts parts, const Head& head)
    : parts_(std::move(parts)), head_(head),
      distances_(near_distances_by(chosen_kernel().value_or(Kernel::kScalar))) {
  lay_out();
  weigh();
}

void Neighbours::lay_out() {
  const std::size_t columns = parts_.columns.size();
  blocks_.resize((rows() + kNearRows - 1) / kNearRows * kNearRows * columns);
  for (std::size_t row = 0; row < rows(); ++row) {
    float* const block = blocks_.data() + row / kNearRows * kNearRows * columns;
    for (std::size_t column = 0; column < columns; ++column) {
      block[column * kNearRows + row % kNearRows] = parts_.values[row * columns + column];
    }
  }
}

void Neighbours::weigh() {
  const std::size_t classes = head_.numbers ? 1 : head_.outputs == 1 ? 2 : head_.outputs;
  std::vector<double> counts(classes, head_.numbers ? 0 : 1);
  double all = 0;
  for (std::size_t row = 0; row < rows(); ++row) {
    const double weight = parts_.weights.empty() ? 1 : parts_.weights[row];
    all += weight;
    if (!head_.numbers) counts[static_cast<std::size_t>(parts_.answers[row])] += 1;
  }
  mean_weight_ = all / static_cast<double>(rows());
  for (const double count : counts) {
    if (head_.numbers) break;
    const double share = count / static_cast<double>(rows() + classes);
    share_.push_back(mean_weight_ * share);
    log_share_.push_back(stats::portable_log(share_.back()));
  }
}

void Neighbours::meet(std::size_t block, const float* distances, Found& found) const noexcept {
  const std::size_t from = block * kNearRows, most = parts_.k;
  const std::size_t count = std::min(kNearRows, rows() - from);
  for (std::size_t i = 0; i < count; ++i) {
    if (found.count == most && !(distances[i] < found.near[most - 1].distance)) continue;
    std::size_t at = found.count < most ? found.count++ : most - 1;
    for (; at > 0 && distances[i] < found.near[at - 1].distance; --at) {
      found.near[at] = found.near[at - 1];
    }
    found.near[at] = {distances[i], static_cast<std::uint32_t>(from + i)};
  }
}

void Neighbours::answer(const Found& found, double weight, std::span<double> out) const noexcept {
  double all = 0, sum = 0;
  struct Class {
    std::size_t number;
    double weight;
  };
  std::array<Class, kMost> seen;
  std::size_t classes = 0;
  for (std::size_t i = 0; i < found.count; ++i) {
    const std::size_t row = found.near[i].row;
    const double counts = parts_.weights.empty() ? 1 : parts_.weights[row];
    all += counts;
    sum += counts * parts_.answers[row];
    if (head_.numbers) continue;
    const auto number = static_cast<std::size_t>(parts_.answers[row]);
    std::size_t at = 0;
    while (at < classes && seen[at].number != number) ++at;
    if (at == classes) seen[classes++] = {number, 0};
    seen[at].weight += counts;
  }
  if (head_.numbers) {
    out[0] += weight * (sum / all);
    return;
  }
  if (head_.outputs == 1) {  // of two classes the sum is the weight of the second
    out[0] += weight * (stats::portable_log(sum + share_[1]) -
                        stats::portable_log(std::max(all - sum, 0.0) + share_[0]));
    return;
  }
  const double log_all = stats::portable_log(all + mean_weight_);
  for (std::size_t i = 0; i < classes; ++i) {  // in place of what the loop below adds
    const Class& one = seen[i];
    out[one.number] += weight * (stats::portable_log(one.weight + share_[one.number]) -
                                 log_share_[one.number]);
  }
  for (std::size_t k = 0; k < out.size(); ++k) out[k] += weight * (log_share_[k] - log_all);
}

void Neighbours::add(std::span<const double> features, double weight,
                     std::span<double> out) const noexcept {
  const std::size_t width = head_.features, columns = parts_.columns.size();
  const std::size_t all = features.size() / width, blocks = blocks_.size() / (kNearRows * columns);
  CHECK(features.size() == all * width && out.size() == all * head_.outputs,
        "rows fit their neighbours");
  std::array<float, kStrip * kMostColumns> asked;
  std::array<float, kNearRows> distances;
  std::array<Found, kStrip> found;
  for (std::size_t from = 0; from < all; from += kStrip) {
    const std::size_t rows = std::min(kStrip, all - from);
    for (std::size_t i = 0; i < rows; ++i) {
      found[i].count = 0;
      const auto row = features.subspan((from + i) * width, width);
      for (std::size_t column = 0; column < columns; ++column) {
        const Column& one = parts_.columns[column];
        asked[i * columns + column] = one.value(row[one.feature]);
      }
    }
    for (std::size_t block = 0; block < blocks; ++block) {
      const float* const stored = blocks_.data() + block * kNearRows * columns;
      for (std::size_t i = 0; i < rows; ++i) {
        Found& nearest = found[i];
        const float least =
            distances_(stored, asked.data() + i * columns, columns, distances.data());
        const bool full = nearest.count == parts_.k;
        if (full && !(least < nearest.near[nearest.count - 1].distance)) continue;
        meet(block, distances.data(), nearest);
      }
    }
    for (std::size_t i = 0; i < rows; ++i) {
      answer(found[i], weight, out.subspan((from + i) * head_.outputs, head_.outputs));
    }
  }
}

}  // namespace rondo::model
