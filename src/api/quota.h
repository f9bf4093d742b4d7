// How much one token may ask for. Each has a bucket that fills evenly and never holds more than
// what a burst may take; who has emptied it waits. Rows are known only when they were read, so a
// request may go into debt by its rows, and the next one is taken when that is paid off: over time
// nobody gets more than the quota, and no work is thrown away. Time is an argument.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "api/access.h"
#include "base/guarded.h"

namespace rondo::api {

/// Units: a second. 0: no quota.
struct Quota {
  double requests = 0, rows = 0;
  Span burst = Span::seconds(10);  // what was not used for so long may be used at once
  bool any() const { return requests > 0 || rows > 0; }
};

/// Pure.
class Bucket {
 public:
  /// What it holds when it is full, which it is at first.
  static double most(double rate, Span burst) {
    return std::max(rate * burst.in_seconds(), 1.0);
  }
  /// How long until it holds at least `amount`, at most as much as when it is full.
  Span wait_for(double amount, double rate, Span burst, std::int64_t now_us);
  /// Takes `amount` out, and more than there is.
  void take(double amount, double rate, Span burst, std::int64_t now_us);

 private:
  void fill(double rate, Span burst, std::int64_t now_us);
  std::optional<double> level_;
  std::int64_t at_us_ = 0;
};

/// The buckets of all who ask: each token's, and one of all who show none. The administrator, who
/// must reach a server that others keep busy, has none. Threads: any. Cost: without a quota a
/// comparison.
class Quotas {
 public:
  explicit Quotas(const Quota& quota) : quota_(quota) {}
  /// Counts a request. Errors: 429 with Retry-After; then it is not counted.
  std::expected<void, Refusal> take_request(const Principal& who, std::int64_t now_us);
  /// Counts rows that are answered.
  void take_rows(const Principal& who, std::size_t rows, std::int64_t now_us);

 private:
  struct Buckets {
    Bucket requests, rows;
    std::int64_t seen_us = 0;
  };
  bool is_free(const Principal& who) const {
    return !quota_.any() || who.roles.holds(Role::kAdmin);
  }
  static Buckets& of(std::map<std::string, Buckets>& all, const Principal& who,
                     std::int64_t now_us);

  Quota quota_;
  Guarded<std::map<std::string, Buckets>> all_;  // by name
};

}  // namespace rondo::api
