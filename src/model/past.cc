// Sums over blocks, kept as versions come; reads that take two of them apart, or walk.
#include "model/past.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <tuple>

namespace rondo::model {
namespace {

constexpr std::size_t kBlock = 16;
constexpr int kDigits = 40;                                     // below the greatest distance
constexpr double kFarthest = 0x1p50;                            // in units
constexpr double kEmpty = std::numeric_limits<double>::quiet_NaN();

/// Nothing when the value is too far away, or none.
std::optional<std::int64_t> in_units(double value, const Units& units) {
  const double steps = (value - units.center) * units.steps_per_one;
  if (!(std::abs(steps) <= kFarthest)) return std::nullopt;
  return std::llrint(steps);
}

// One total order of values, so that two claims with the same (t, sequence, k) end the same way
// whichever came first.
bool outranks(double a, double b) {
  const auto rank = [](double x) {
    const auto bits = std::bit_cast<std::int64_t>(x);
    return bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits;
  };
  return rank(a) > rank(b);
}

auto key(const Version& v) { return std::tuple(v.event, v.sequence, v.known); }

}  // namespace

Scale Scale::of(std::vector<double> values) {
  std::erase_if(values, [](double x) { return !std::isfinite(x); });
  if (values.empty()) return {};
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  Scale scale{*middle, 0};
  double farthest = 0;
  for (const double x : values) farthest = std::max(farthest, std::abs(x - scale.center));
  if (!std::isfinite(farthest)) farthest = std::numeric_limits<double>::max();
  const int exponent = farthest > 0 ? std::ilogb(farthest) : 0;
  scale.exponent = std::clamp(exponent - kDigits, kLeast, kGreatest);
  return scale;
}

Units::Units(const Scale& scale)
    : center(scale.center),
      step(std::ldexp(1, scale.exponent)),
      steps_per_one(std::ldexp(1, -scale.exponent)) {}

void Sums::add(double value, std::int64_t steps) {
  ++count;
  sum += steps;
  squares += Int128{steps} * steps;
  least = std::min(least, value);
  greatest = std::max(greatest, value);
}

double total(const Sums& sums, const Units& units) {
  if (sums.count == 0) return kEmpty;
  return static_cast<double>(sums.count) * units.center +
         static_cast<double>(sums.sum) * units.step;
}

double mean(const Sums& sums, const Units& units) {
  if (sums.count == 0) return kEmpty;
  return units.center +
         static_cast<double>(sums.sum) / static_cast<double>(sums.count) * units.step;
}

double deviation(const Sums& sums, const Units& units) {
  if (sums.count < 2) return kEmpty;
  // Around the whole number next to the mean, in integers still, so that nothing cancels after.
  const auto n = static_cast<Int128>(sums.count);
  const Int128 middle = sums.sum / n;
  const double rest = static_cast<double>(sums.sum - n * middle);
  const double squares =
      static_cast<double>(sums.squares - 2 * middle * sums.sum + n * middle * middle);
  const auto count = static_cast<double>(sums.count);
  return std::sqrt((squares - rest * rest / count) / (count - 1)) * units.step;
}

bool Past::apply(const Version& version, const Units& units) {
  const auto place = std::lower_bound(
      versions_.begin(), versions_.end(), version,
      [](const Version& a, const Version& b) { return key(a) < key(b); });
  const auto at = static_cast<std::size_t>(place - versions_.begin());
  if (place != versions_.end() && key(*place) == key(version)) {
    if (!outranks(version.value, place->value)) return false;
    place->value = version.value;
    refresh(at, units);
    return false;
  }
  versions_.insert(place, version);
  newest_known_ = std::max(newest_known_, version.known);
  const auto out_of_order = [this](std::size_t a, std::size_t b) {
    return same_value(a, b) || versions_[b].known < versions_[a].known;
  };
  if (at > 0 && out_of_order(at - 1, at)) in_order_ = false;
  if (at + 1 < versions_.size() && out_of_order(at, at + 1)) in_order_ = false;
  refresh(at, units);
  return true;
}

std::size_t Past::before(Time time) const {
  const auto block = static_cast<std::size_t>(
      std::lower_bound(firsts_.begin(), firsts_.end(), time.us) - firsts_.begin());
  if (block == 0) return 0;
  const auto from = versions_.begin() + static_cast<std::ptrdiff_t>((block - 1) * kBlock);
  const auto to = versions_.begin() +
                  static_cast<std::ptrdiff_t>(std::min(block * kBlock, versions_.size()));
  const auto found =
      std::partition_point(from, to, [time](const Version& v) { return v.event < time; });
  return static_cast<std::size_t>(found - versions_.begin());
}

std::size_t Past::known_before(std::size_t end, Time q) const {
  if (q >= newest_known_ || !in_order_) return end;
  std::size_t step = 1, to = end;  // most often only the last few are not known
  while (to > 0 && versions_[to - 1].known > q) {
    to -= std::min(step, to);
    step *= 2;
  }
  const auto found = std::partition_point(
      versions_.begin() + static_cast<std::ptrdiff_t>(to),
      versions_.begin() + static_cast<std::ptrdiff_t>(end),
      [q](const Version& v) { return v.known <= q; });
  return static_cast<std::size_t>(found - versions_.begin());
}

bool Past::same_value(std::size_t a, std::size_t b) const {
  return versions_[a].event == versions_[b].event && versions_[a].sequence == versions_[b].sequence;
}

bool Past::replaced(std::size_t place) const {
  return place + 1 < versions_.size() && same_value(place, place + 1);
}

/// After a change at `place`, which may have replaced the version before it.
void Past::refresh(std::size_t place, const Units& units) {
  blocks_.resize(std::min(blocks_.size(), (place == 0 ? 0 : place - 1) / kBlock));
  firsts_.resize(std::min(firsts_.size(), place / kBlock));
  for (std::size_t i = firsts_.size() * kBlock; i < versions_.size(); i += kBlock) {
    firsts_.push_back(versions_[i].event.us);
  }
  while ((blocks_.size() + 1) * kBlock <= versions_.size()) {
    Sums own;
    const std::size_t from = blocks_.size() * kBlock;
    add(from, from + kBlock, units, own);
    Block block{own, own.least, own.greatest};
    if (!blocks_.empty()) {
      block.until.count += blocks_.back().until.count;
      block.until.sum += blocks_.back().until.sum;
      block.until.squares += blocks_.back().until.squares;
    }
    blocks_.push_back(block);
  }
}

void Past::add(std::size_t from, std::size_t to, const Units& units, Sums& sums) const {
  for (std::size_t i = from; i < to; ++i) {
    if (replaced(i)) continue;
    const double value = versions_[i].value;
    if (const auto steps = in_units(value, units)) sums.add(value, *steps);
  }
}

/// Count and sums of the versions before `place`.
Sums Past::up_to(std::size_t place, const Units& units) const {
  const std::size_t whole = std::min(place / kBlock, blocks_.size());
  Sums sums = whole == 0 ? Sums() : blocks_[whole - 1].until;
  add(whole * kBlock, place, units, sums);
  return sums;
}

Past::Reader::Reader(const Past& past, const Units& units, Time p, Time q)
    : past_(past),
      units_(units),
      q_(q),
      end_(past.before(p)),
      known_(past.known_before(end_, q)),
      ordered_(past.known_first(q)) {}

template <class Each>
void Past::Reader::walk(Time from, Each each) const {
  const auto& versions = past_.versions_;
  std::size_t at = known_;
  while (at > 0) {
    const Version& version = versions[--at];
    if (version.event < from) return;
    if (version.known > q_) continue;
    const std::size_t found = at;  // the newest version that is known; the older ones are passed
    while (at > 0 && past_.same_value(at - 1, found)) --at;
    const auto steps = in_units(version.value, units_);
    if (steps && !each(version, *steps)) return;
  }
}

Sums Past::Reader::sums(Time from, bool extremes) {
  Sums out;
  if (!ordered_) {
    walk(from, [&out](const Version& version, std::int64_t steps) {
      out.add(version.value, steps);
      return true;
    });
    return out;
  }
  const std::size_t begin = past_.before(from);
  if (begin >= known_) return out;
  const std::size_t whole = (begin + kBlock - 1) / kBlock;  // the first block that is inside
  const std::size_t last = std::min(known_ / kBlock, past_.blocks_.size());
  if (whole >= last) {
    past_.add(begin, known_, units_, out);
    return out;
  }
  if (!summed_) {
    until_ = past_.up_to(known_, units_);
    summed_ = true;
  }
  const Sums before = past_.up_to(begin, units_);
  out.count = until_.count - before.count;
  out.sum = until_.sum - before.sum;
  out.squares = until_.squares - before.squares;
  if (!extremes) return out;
  Sums ends;
  past_.add(begin, whole * kBlock, units_, ends);
  past_.add(last * kBlock, known_, units_, ends);
  out.least = ends.least;
  out.greatest = ends.greatest;
  for (std::size_t block = whole; block < last; ++block) {
    out.least = std::min(out.least, past_.blocks_[block].least);
    out.greatest = std::max(out.greatest, past_.blocks_[block].greatest);
  }
  return out;
}

const Version* Past::Reader::newest(Time from) const {
  const Version* found = nullptr;
  walk(from, [&found](const Version& version, std::int64_t) {
    found = &version;
    return false;
  });
  return found;
}

std::size_t Past::Reader::distinct(Time from) const {
  thread_local std::vector<double> values;
  values.clear();
  walk(from, [](const Version& version, std::int64_t) {
    values.push_back(version.value);
    return true;
  });
  std::ranges::sort(values);
  return static_cast<std::size_t>(std::ranges::unique(values).begin() - values.begin());
}

}  // namespace rondo::model
