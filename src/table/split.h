// Which rows train and which test. With a clock: train = labels known at T0, test = the newest part
// after it. Without: by a hash of the row, so that a row keeps its side in later versions.
#pragma once

#include "base/seed.h"
#include "table/table.h"

namespace rondo::table {

enum class Side : std::uint8_t { kTrain, kTest, kNeither };

struct Split {
  std::vector<Side> side;  // one a row
  bool by_time = false;
  Time train_until;        // rows up to it train: their labels were known at test_from
  Time test_from, test_until;  // the first test row; just behind the newest usable row
  std::size_t train = 0, test = 0;
};

struct SplitOptions {
  double test_share = 0.2;
  Span test_longest = Span::days(14);
  Span gap;               // label_delay unless set
  Time test_after = kBeginningOfTime;  // the champion's last training row: test rows come after it
};

/// Shape: times.size() rows, with their event times. Only rows with usable[i] get a side.
Split split_by_time(std::span<const Time> times, std::span<const std::uint8_t> usable,
                    const SplitOptions& options);
/// u = first 64 bits of SHA-256(seed, row text) / 2^64; test if u < test_share.
Split split_by_hash(std::span<const std::string> row_keys, std::span<const std::uint8_t> usable,
                    double test_share, Seed seed);

}  // namespace rondo::table
