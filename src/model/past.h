// The past of one entity in one series: every version of every value, with sums over its blocks, so
// that a window of a million values is two searches and a difference. The sums are of integers,
// which are exact: in whatever order values come, are corrected or leave a window, the bits are the
// same, and the same as those of adding up what is in the window.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/time.h"

namespace rondo::model {

__extension__ using Int128 = __int128;  // libstdc++ and gcc have it, the standard does not

/// Units of a series' sums: a value x counts as i = round((x - center) / 2^exponent). Fitted on
/// training rows: their median, and 40 binary digits below their greatest distance from it. What is
/// over 1,024 times as far is missing to windows.
struct Scale {
  static constexpr std::int32_t kLeast = -1000, kGreatest = 900;  // of the exponent
  double center = 0;
  std::int32_t exponent = -40;
  bool operator==(const Scale&) const = default;
  static Scale of(std::vector<double> values);
};
struct Units {
  explicit Units(const Scale& scale);
  double center, step, steps_per_one;
};

/// One version of a value; they are kept sorted by (event, sequence, known).
struct Version {
  Time event, known;
  std::uint64_t sequence = 0;
  double value = 0;
};

/// What is in a window: of n values that count as i, n and the sums of i and i*i.
struct Sums {
  std::uint64_t count = 0;
  Int128 sum = 0, squares = 0;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  void add(double value, std::int64_t steps);
};
/// Shape: NaN where nothing is there, and for the deviation (divisor n - 1) only one value.
double total(const Sums& sums, const Units& units);
double mean(const Sums& sums, const Units& units);
double deviation(const Sums& sums, const Units& units);

/// Threads: one writer, readers outside of it.
class Past {
 public:
  /// Whether it is a new version; else the greater of two claims with all times alike stays.
  /// Cost: O(1) for the newest, else what stands behind its place is added up again.
  bool apply(const Version& version, const Units& units);
  std::span<const Version> versions() const { return versions_; }
  /// Versions with event < time. Cost: O(log n).
  std::size_t before(Time time) const;
  /// Whether a reader at q knows, of any first versions, just the first ones.
  bool known_first(Time q) const { return q >= newest_known_ || in_order_; }
  /// Where behind the newest one of the first `end` versions is that q knows, if known_first(q);
  /// else `end`. Cost: the logarithm of how many it does not know.
  std::size_t known_before(std::size_t end, Time q) const;

  /// The values in [p - over, p) that a reader at q knows. Cost: O(log n) where q knows all that is
  /// told, or what is known came in order; else, and for least and greatest, what is in the window.
  class Reader {
   public:
    Reader(const Past& past, const Units& units, Time p, Time q);
    /// With least and greatest if `extremes`.
    Sums sums(Time from, bool extremes);
    /// The newest value since `from`; null if there is none.
    const Version* newest(Time from) const;
    /// How many different ones there are. Cost: O(m log m) and a thread's own memory for m values.
    std::size_t distinct(Time from) const;

   private:
    template <class Each>
    void walk(Time from, Each each) const;  // newest first, until it says false
    const Past& past_;
    const Units& units_;
    Time q_;
    std::size_t end_;    // versions with event < p
    std::size_t known_;  // of them those that q knows, when they are the first ones
    bool ordered_;       // whether they are
    bool summed_ = false;
    Sums until_;         // of all that q knows, once a window needed it
  };

 private:
  struct Block {       // whole ones only
    Sums until;        // count and sums: of all values up to its end
    double least, greatest;  // of its own
  };
  bool replaced(std::size_t place) const;
  bool same_value(std::size_t a, std::size_t b) const;
  void refresh(std::size_t place, const Units& units);
  Sums up_to(std::size_t place, const Units& units) const;
  void add(std::size_t from, std::size_t to, const Units& units, Sums& sums) const;

  std::vector<Version> versions_;
  std::vector<std::int64_t> firsts_;  // event of the first version of each block
  std::vector<Block> blocks_;
  Time newest_known_{std::numeric_limits<std::int64_t>::min()};
  bool in_order_ = true;  // no value has two versions, and `known` never falls
};

}  // namespace rondo::model
