// What a row needs from the past: late labels and lagged columns, with as-of semantics. One type
// serves training and serving, so both compute the same bits. A read names (entity, p, q) and sees
// only observations with t < p and k <= q, ordered by (t, sequence); a join with another table sees
// the fact of time p as well.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/json.h"
#include "model/past.h"

namespace rondo::model {

/// A value that became known: of `series` (index into HistorySpec::series), at event time t, known
/// at k. Rows that quarantine keeps out are never applied, so they read as missing.
struct Observation {
  std::uint32_t series = 0;
  std::string entity;
  Time event;                   // t
  Time known;                   // k
  std::uint64_t sequence = 0;   // breaks ties of t
  double value = 0;
};

/// What a window gives of the values in it. Empty: NaN, kCount and kDistinct 0; kStd (divisor
/// n - 1) of one: NaN. kLast is the newest value, kAge its distance from p in seconds.
enum class Take : std::uint8_t { kCount, kSum, kMean, kStd, kMin, kMax, kLast, kAge, kDistinct };
inline constexpr std::string_view kTakeNames[] = {"count", "sum",  "mean", "std",     "min",
                                                  "max",   "last", "age",  "distinct"};
std::optional<Take> take_from(std::string_view name);

/// Another table that rows are joined with: its facts whose cells in the columns `on`, which both
/// have, are those of the row.
struct Side {
  std::string table;
  std::vector<std::string> on;
  bool operator==(const Side&) const = default;
};

/// One feature of the past. A lag by time: the newest observation with p - 2 by < t <= p - by; by
/// rows: the n-th newest. A window: what `take` gives of those with p - over <= t < p. A join: of
/// the facts of another table with p - ttl < t <= p, known at q, the one of greatest (t, k,
/// sequence), and missing where that has no value.
struct Lag {
  std::uint32_t series = 0;
  Span by;                      // by time when > 0
  std::uint32_t rows = 0;       // by rows when > 0
  std::string feature;          // name of the feature, "cnt_lag_48h", "cnt_mean_7d"
  Span over{};                  // a window when > 0
  Take take = Take::kMean;
  Span ttl{};                   // a join when > 0
  std::vector<std::string> categories{};  // a join of texts: code = place
  std::int32_t rare_code = -1;            // of rare and unseen texts, or -1: missing
  bool operator==(const Lag&) const = default;
};

/// What a pipeline reads from the past.
struct HistorySpec {
  std::vector<std::string> series;  // column names; the target may be one
  std::vector<Lag> lags;
  std::vector<std::string> entity{};  // columns whose cells say whose past it is; none: everybody's
  std::vector<Scale> scales{};        // one a series where there are windows
  std::vector<Side> sides{};        // other tables
  std::vector<std::int32_t> side_of{};  // one a series: its place in `sides`, -1: the rows have it;
                                        // empty: all of them -1
  /// The other table that a series comes from ("weather.temp"); null: it is a column of the rows.
  const Side* side(std::size_t series_index) const;
  bool operator==(const HistorySpec&) const = default;
  Json to_json() const;
  static Result<HistorySpec> from_json(const Json& json);
};

/// What `read` is asked for where a history has sides: the key of the entity, then one a side.
std::string keys_in_one(std::span<const std::string> keys);

/// Threads: one writer, readers outside of it (deploy/ guards it).
class HistoryState {
 public:
  explicit HistoryState(HistorySpec spec);
  const HistorySpec& spec() const { return spec_; }
  /// Any order of application gives the same reads. The same (series, entity, t, sequence) with a
  /// later k is a correction: a read at q sees the newest version known at q. With the same k too,
  /// the greater value stays (NaN above all), so that order still does not matter.
  /// Cost: O(log n), O(n) when far out of order.
  void apply(const Observation& observation);
  /// Shape: out has one value a lag, NaN when nothing is known. Cost: O(log n) a lag, plus what is
  /// not yet known at q (lag by rows: plus rows; window: see Past); once for neighbours over the
  /// same window.
  void read(std::string_view entity, Time p, Time q, std::span<double> out) const noexcept;
  /// Swaps what both know of other tables. Both have the same spec.
  void swap_sides(HistoryState& other);
  /// Versions held.
  std::uint64_t size() const { return size_; }
  /// Beyond so many bytes() nothing of an entity that is not known yet is taken: it reads as
  /// missing. Those that are known go on, and nothing is forgotten. 0: no limit.
  void hold_at_most(std::uint64_t bytes) { most_bytes_ = bytes; }
  /// Observations that were not taken for that.
  std::uint64_t refused() const { return refused_; }
  /// About the memory that it takes.
  std::uint64_t bytes() const { return size_ * kVersionBytes + entity_bytes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  using Entities = std::unordered_map<std::string, Past, Hash, std::equal_to<>>;
  HistorySpec spec_;
  std::vector<Units> units_;      // one a series
  std::vector<Entities> series_;
  static constexpr std::uint64_t kVersionBytes = 48, kEntityBytes = 192;  // with their sums, nodes
  std::uint64_t size_ = 0, entity_bytes_ = 0, most_bytes_ = 0, refused_ = 0;
};

}  // namespace rondo::model
