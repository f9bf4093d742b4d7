// Groups rise: all numbers of one are below all of the next, so that a rank belongs to one group,
// and a value to one as well.
#include "stats/landmarks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "stats/samples.h"

namespace rondo::stats {
namespace {

constexpr std::size_t kSortedUpTo = 1 << 14;    // numbers: dealing them pays beyond
constexpr std::size_t kGroup = 1 << 10;         // numbers a group is filled up to
constexpr std::size_t kMostOfGroup = 1 << 14;   // of a cell that is looked at as a group
constexpr int kMostCellBits = 18;
constexpr double kEnd = std::numeric_limits<double>::infinity();

/// Unsigned numbers in the order of the doubles.
std::uint64_t rising_bits(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);
  return bits ^ ((0 - (bits >> 63)) | 1ULL << 63);
}

struct Reach {
  double least = kEnd, greatest = -kEnd;
  double gap = 0;  // NaN where a number is not finite
};

/// Two chains, since each number waits for the one before.
Reach reach_of(std::span<const double> values) {
  Reach even, odd;
  const auto see = [](Reach& reach, double value) {
    reach.least = value < reach.least ? value : reach.least;
    reach.greatest = value > reach.greatest ? value : reach.greatest;
    reach.gap += value - value;
  };
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    see(even, values[i]);
    see(odd, values[i + 1]);
  }
  if (values.size() % 2 == 1) see(even, values.back());
  return {std::min(even.least, odd.least), std::max(even.greatest, odd.greatest),
          even.gap + odd.gap};
}

class Finder {
 public:
  Finder(std::size_t parts, std::uint64_t common_from, LandmarkRoom& room)
      : parts_(parts), common_from_(common_from), room_(room) {}

  Landmarks of(std::span<const double> values) {
    Reach reach = reach_of(values);
    if (std::isnan(reach.gap)) {
      room_.finite.clear();
      std::ranges::copy_if(values, std::back_inserter(room_.finite),
                           [](double value) { return std::isfinite(value); });
      values = room_.finite;
      reach = reach_of(values);
    }
    out_.numbers = values.size();
    if (values.empty()) return std::move(out_);
    out_.least = reach.least + 0.0;
    out_.greatest = reach.greatest + 0.0;
    if (out_.least == out_.greatest) {
      see_one_value(0, values.size(), out_.least);
    } else if (values.size() <= kSortedUpTo || values.size() > UINT32_MAX) {
      see_sorted(0, values);
    } else {
      deal(values);
      for (std::size_t group = 0; group + 1 < bounds_.size(); ++group) {
        const std::size_t from = bounds_[group], count = bounds_[group + 1] - from;
        if (count > 0) see_group(from, std::span(room_.dealt).subspan(from, count));
      }
    }
    return std::move(out_);
  }

 private:
  /// The place of the next landmark among all numbers.
  std::size_t rank() const {
    return ((out_.at.size() + 1) * out_.numbers + parts_ - 1) / parts_ - 1;
  }
  bool has_landmark_before(std::size_t end) const {
    return out_.at.size() + 1 < parts_ && rank() < end;
  }

  void count_run(double value, std::uint64_t count) {
    if (count >= common_from_) out_.common.push_back({value, count});
    else out_.greatest_rare = std::max(out_.greatest_rare, count);
  }

  void see_one_value(std::size_t from, std::size_t count, double value) {
    while (has_landmark_before(from + count)) out_.at.push_back({value, from + count});
    count_run(value, count);
  }

  void see_sorted(std::size_t from, std::span<const double> group) {
    std::vector<double>& sorted = room_.sorted;
    sorted.assign(group.begin(), group.end());
    sort_values(sorted, room_.spare);
    for (std::size_t i = 0; i < sorted.size();) {
      std::size_t end = i + 1;
      while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
      while (has_landmark_before(from + end)) out_.at.push_back({sorted[i], from + end});
      count_run(sorted[i], end - i);
      i = end;
    }
  }

  void see_group(std::size_t from, std::span<double> group) {
    const auto differs = [&](double value) { return value != group[0]; };
    if (std::ranges::none_of(group, differs)) return see_one_value(from, group.size(), group[0]);
    if (group.size() > kMostOfGroup) return see_sorted(from, group);
    while (has_landmark_before(from + group.size())) {
      const auto nth = group.begin() + static_cast<std::ptrdiff_t>(rank() - from);
      std::ranges::nth_element(group, nth);
      const double value = *nth;
      const auto up_to = std::ranges::count_if(group, [&](double v) { return v <= value; });
      out_.at.push_back({value, from + static_cast<std::uint64_t>(up_to)});
    }
    count_repeats(group);
  }

  /// A table of the group's values, at most a quarter full.
  void count_repeats(std::span<const double> group) {
    const std::size_t size = std::bit_ceil(4 * group.size());
    const int shift = 64 - std::countr_zero(size);
    if (room_.keys.size() < size) room_.keys.resize(size);
    room_.counts.assign(size, 0);
    std::uint64_t* const keys = room_.keys.data();
    std::uint16_t* const counts = room_.counts.data();
    std::uint16_t most = 0;
    for (const double value : group) {
      const auto key = std::bit_cast<std::uint64_t>(value);
      std::size_t at = (key * 0x9e3779b97f4a7c15ULL) >> shift;
      while (counts[at] != 0 && keys[at] != key) at = (at + 1) & (size - 1);
      keys[at] = key;
      most = std::max(most, ++counts[at]);
    }
    if (most < common_from_) {
      out_.greatest_rare = std::max<std::uint64_t>(out_.greatest_rare, most);
      return;
    }
    const std::size_t before = out_.common.size();
    for (std::size_t at = 0; at < size; ++at) {
      if (counts[at] != 0) count_run(std::bit_cast<double>(keys[at]), counts[at]);
    }
    std::sort(out_.common.begin() + static_cast<std::ptrdiff_t>(before), out_.common.end(),
              [](const auto& a, const auto& b) { return a.value < b.value; });
  }

  /// Cells of equal width in the order of bits, so many that few numbers share one; neighbours
  /// make a group.
  void deal(std::span<const double> values) {
    const std::uint64_t lowest = rising_bits(out_.least);
    const int cell_bits = std::min(kMostCellBits, static_cast<int>(std::bit_width(values.size())));
    const int width = static_cast<int>(std::bit_width(rising_bits(out_.greatest) - lowest));
    const int shift = std::max(0, width - cell_bits);
    const auto cell_of = [&](double value) { return (rising_bits(value) - lowest) >> shift; };
    std::vector<std::uint32_t>& cells = room_.cells;
    cells.assign(std::size_t{1} << cell_bits, 0);
    for (const double value : values) ++cells[cell_of(value)];
    group_cells();
    room_.dealt.resize(values.size());
    room_.places = bounds_;
    for (const double value : values) {
      room_.dealt[room_.places[cells[cell_of(value)]]++] = value + 0.0;
    }
  }

  /// In place of how many numbers a cell has: its group.
  void group_cells() {
    bounds_ = {0};
    std::uint32_t filled = 0, at = 0;
    const auto close = [&] {
      if (at > bounds_.back()) bounds_.push_back(at);
      filled = 0;
    };
    for (std::uint32_t& cell : room_.cells) {
      if (filled + cell > kGroup) close();
      filled += cell;
      at += cell;
      cell = static_cast<std::uint32_t>(bounds_.size() - 1);
    }
    close();
  }

  std::size_t parts_;
  std::uint64_t common_from_;
  LandmarkRoom& room_;
  std::vector<std::uint32_t> bounds_;  // of groups, one more than there are
  Landmarks out_;
};

}  // namespace

Landmarks landmarks(std::span<const double> values, std::size_t parts, std::uint64_t common_from,
                    LandmarkRoom& room) {
  return Finder(parts, common_from, room).of(values);
}

}  // namespace rondo::stats
