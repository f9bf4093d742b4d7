// Which rows train and which test. With a clock: train = labels known at T0, test = the newest part
// after it, after a change of the law no more than the newer half of the time since. Without: by a
// hash of the row, so that a row keeps its side in later versions.
#pragma once

#include <optional>

#include "base/seed.h"
#include "table/table.h"

namespace rondo::table {

enum class Side : std::uint8_t { kTrain, kTest, kNeither };

struct Split {
  std::vector<Side> side;  // one a row
  bool by_time = false;
  Time train_until;        // rows up to it train: their labels were known at test_from
  Time test_from, test_until;  // the first test row; just behind the newest usable row
  bool by_change = false;  // the test begins where it does because the law changed
  std::size_t train = 0, test = 0;
};

struct SplitOptions {
  double test_share = 0.2;
  Span test_longest = Span::days(14);
  Span gap;               // label_delay unless set
  Time test_after = kBeginningOfTime;  // the champion's last training row: test rows come after it
  std::optional<Time> changed{};          // when an alarm says that the law changed
};

/// Of what came since a change a model learns from so much time at least, and is tested on as much:
/// from a week on its bound knows how far days reach (evaluate/bound.h). The gate wants the rows.
constexpr Span kFewestSinceChange = Span::days(7);
constexpr std::ptrdiff_t kFewestRowsSinceChange = 30;

/// The newest rows test: test_share of them and test_longest of time at most, and after a change
/// the newer half of the time since, without the gap, where halves are long enough: rows of before
/// it would test what no longer holds, and what never saw a row of after it can be no better.
/// Shape: times.size() rows, with their event times. Only rows with usable[i] get a side.
Split split_by_time(std::span<const Time> times, std::span<const std::uint8_t> usable,
                    const SplitOptions& options);
/// u = first 64 bits of SHA-256(seed, row text) / 2^64; test if u < test_share.
Split split_by_hash(std::span<const std::string> row_keys, std::span<const std::uint8_t> usable,
                    double test_share, Seed seed);

}  // namespace rondo::table
