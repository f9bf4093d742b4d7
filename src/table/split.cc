// Which rows train and which test. Both splits are pure: by time they depend on times alone, by
// hash on the row's own text, so a row never changes sides because other rows came or went.
#include "table/split.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "io/digest.h"

namespace rondo::table {
namespace {

/// The usable event times, sorted.
std::vector<Time> usable_times(std::span<const Time> times, std::span<const std::uint8_t> usable) {
  std::vector<Time> sorted;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (usable[i] != 0) sorted.push_back(times[i]);
  }
  std::ranges::sort(sorted);
  return sorted;
}

/// The first time of the newest part: at most `share` of the rows (rows of one time stay together)
/// and `longest` of time, after `test_after`. Behind the newest row when there is no such part.
Time beginning_of_test(const std::vector<Time>& sorted, const SplitOptions& options) {
  const auto count = static_cast<double>(sorted.size());
  const auto tested = static_cast<std::size_t>(std::floor(count * options.test_share));
  if (tested == 0) return sorted.back() + Span{1};
  const Time by_share = sorted[sorted.size() - tested];
  const Time by_length = sorted.back() - options.test_longest + Span{1};
  const Time earliest = std::max({by_share, by_length, options.test_after + Span{1}});
  const auto first = std::ranges::lower_bound(sorted, earliest);
  return first != sorted.end() ? *first : sorted.back() + Span{1};
}

/// The first row of the newer half of the time since the change; nothing when that is too little.
std::optional<Time> half_since_change(const std::vector<Time>& sorted,
                                      const SplitOptions& options) {
  if (!options.changed) return std::nullopt;
  const Span half{((sorted.back() - *options.changed).us - options.gap.us) / 2};
  const auto first = std::ranges::lower_bound(sorted, sorted.back() - half);
  if (half < kFewestSinceChange || sorted.end() - first < kFewestRowsSinceChange) {
    return std::nullopt;
  }
  return *first;
}

void count_sides(Split& split) {
  split.train = static_cast<std::size_t>(std::ranges::count(split.side, Side::kTrain));
  split.test = static_cast<std::size_t>(std::ranges::count(split.side, Side::kTest));
}

}  // namespace

Split split_by_time(std::span<const Time> times, std::span<const std::uint8_t> usable,
                    const SplitOptions& options) {
  CHECK(times.size() == usable.size(), "one flag a row");
  Split split;
  split.by_time = true;
  split.side.assign(times.size(), Side::kNeither);
  const std::vector<Time> sorted = usable_times(times, usable);
  if (sorted.empty()) return split;
  split.test_from = beginning_of_test(sorted, options);
  const auto since = half_since_change(sorted, options);
  split.by_change = since && *since > split.test_from;
  if (split.by_change) split.test_from = *since;
  split.test_until = sorted.back() + Span{1};
  // A label is known `gap` after its row: what trains was known when the first test row came.
  split.train_until = split.test_from - options.gap;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (usable[i] == 0) continue;
    if (times[i] >= split.test_from) {
      split.side[i] = Side::kTest;
    } else if (times[i] <= split.train_until) {
      split.side[i] = Side::kTrain;
    }
  }
  count_sides(split);
  return split;
}

Split split_by_hash(std::span<const std::string> row_keys, std::span<const std::uint8_t> usable,
                    double test_share, Seed seed) {
  CHECK(row_keys.size() == usable.size(), "one flag a row");
  Split split;
  split.side.assign(row_keys.size(), Side::kNeither);
  std::string text;
  for (std::size_t i = 0; i < row_keys.size(); ++i) {
    if (usable[i] == 0) continue;
    text.clear();
    for (int shift = 0; shift < 64; shift += 8) {
      text.push_back(static_cast<char>(seed.value >> shift & 255));
    }
    text += row_keys[i];
    const io::Digest digest = io::sha256(text);
    std::uint64_t first = 0;
    for (std::size_t byte = 0; byte < 8; ++byte) first = first << 8 | digest.bytes[byte];
    const double u = std::ldexp(static_cast<double>(first >> 11), -53);
    split.side[i] = u < test_share ? Side::kTest : Side::kTrain;
  }
  count_sides(split);
  return split;
}

}  // namespace rondo::table
