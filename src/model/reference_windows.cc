// Cutting by one rule for reference and live rows is what lets their windows be compared: a window
// has the rows of a stretch, or of as many stretches as it takes to have enough.
#include "model/reference_windows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "stats/box.h"

namespace rondo::model {
namespace {

constexpr std::size_t kFewWindows = 8;
constexpr std::uint64_t kFewRows = 20;

std::int64_t stretch_of(Time time, Span length) {
  const std::int64_t down = time.us / length.us;
  return time.us % length.us < 0 ? down - 1 : down;
}

/// Rows of the median stretch that has any.
std::uint64_t usual_rows(std::span<const Time> times, std::span<const std::size_t> order,
                         Span length) {
  std::vector<std::uint64_t> counts;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool next = i == 0 || stretch_of(times[order[i]], length) !=
                                    stretch_of(times[order[i - 1]], length);
    if (next) counts.push_back(0);
    ++counts.back();
  }
  std::ranges::sort(counts);
  return counts[counts.size() / 2];
}

ReferenceWindows cut(std::span<const Time> times, std::span<const std::size_t> order,
                     Span length) {
  ReferenceWindows windows;
  windows.clock = {length, std::max<std::uint64_t>(1, usual_rows(times, order, length) / 2), 0};
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool ends = i > 0 && rows.size() >= windows.clock.least_rows &&
                      stretch_of(times[order[i]], length) !=
                          stretch_of(times[order[i - 1]], length);
    if (ends) windows.rows.push_back(std::exchange(rows, {}));
    rows.push_back(order[i]);
  }
  if (rows.size() >= windows.clock.least_rows) windows.rows.push_back(std::move(rows));
  windows.clock.windows = windows.rows.size();
  return windows;
}

}  // namespace

std::vector<ReferenceWindows> windows_of(std::span<const Time> times) {
  std::vector<ReferenceWindows> out;
  if (times.empty()) return out;
  std::vector<std::size_t> order(times.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return times[i]; });
  for (const Span length : {Span::hours(1), Span::days(1)}) {
    ReferenceWindows windows = cut(times, order, length);
    if (windows.rows.size() < kFewWindows || windows.clock.least_rows < kFewRows / 2) continue;
    out.push_back(std::move(windows));
  }
  return out;
}

Envelope envelope_of(std::span<const std::uint8_t> bins, std::size_t count,
                     const ReferenceWindows& windows) {
  std::vector<stats::WindowShares> shares;
  std::vector<double> means(count, 0.0);
  for (const std::vector<std::size_t>& rows : windows.rows) {
    stats::WindowShares window{std::vector<double>(count, 0.0), static_cast<double>(rows.size())};
    for (const std::size_t row : rows) window.shares[bins[row]] += 1 / window.rows;
    for (std::size_t b = 0; b < count; ++b) means[b] += window.shares[b];
    shares.push_back(std::move(window));
  }
  for (double& mean : means) mean = std::min(1.0, mean / static_cast<double>(shares.size()));
  stats::Box box{means, means};
  stats::widen(box, shares);
  for (double& low : box.low) low = std::floor(low * kShareSteps) / kShareSteps;
  for (double& high : box.high) high = std::min(1.0, std::ceil(high * kShareSteps) / kShareSteps);
  return {std::move(box.low), std::move(box.high)};
}

void freeze_volume(std::span<const Time> times, Reference& reference) {
  std::vector<Time> sorted(times.begin(), times.end());
  std::sort(sorted.begin(), sorted.end());
  std::map<std::int64_t, double> rows;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    ++rows[day_of(sorted[i])];
    if (i > 0) reference.longest_gap = std::max(reference.longest_gap, sorted[i] - sorted[i - 1]);
  }
  // The first and the last day may be cut by the borders of the data.
  std::int64_t from = rows.begin()->first, until = rows.rbegin()->first;
  if (until - from >= 2) {
    ++from;
    --until;
  }
  double least = std::numeric_limits<double>::infinity(), most = 0;
  std::int64_t present = 0;
  for (auto day = rows.lower_bound(from); day != rows.end() && day->first <= until; ++day) {
    least = std::min(least, day->second);
    most = std::max(most, day->second);
    ++present;
  }
  reference.rows_per_day_least = present < until - from + 1 ? 0 : least;
  reference.rows_per_day_most = most;
}

}  // namespace rondo::model
