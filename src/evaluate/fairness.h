// How two classes are answered in each group of people: shares with their intervals, and the six
// figures by which they are compared. Figures describe; no verdict follows from them here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stats/intervals.h"

namespace rondo::evaluate {

/// Shape: one value a row each; positive, answered: 0 or 1; group: an index into `names`.
struct GroupedAnswers {
  std::span<const std::uint8_t> positive, answered;
  std::span<const std::uint32_t> group;
  std::span<const std::string> names;
};

struct Rate {
  stats::Share share;                 // undefined when its rows are 0
  stats::Bounds bounds;               // Wilson
};
struct GroupRates {
  std::string name;
  std::uint64_t rows = 0;
  bool judged = false;                // at least kFewestOfGroup rows
  Rate selected;                      // answered positive, of all
  Rate true_positive, false_positive;  // answered positive, of the positives, of the negatives
};

constexpr std::uint64_t kFewestOfGroup = 30;

/// Of the judged groups: greatest minus least, and least over greatest (1 when all are 0).
struct Disparity {
  double difference = 0, ratio = 1;
};
struct Fairness {
  std::vector<GroupRates> groups;     // of rows, in the order of the names
  /// None with less than two judged groups that have the rate.
  std::optional<Disparity> demographic_parity;  // of the selection rate
  std::optional<Disparity> equal_opportunity;   // of the true positive rate
  std::optional<Disparity> equalized_odds;      // of both rates: greater difference, lesser ratio
  std::string reason;                 // why something is none; else empty
};

/// Source: Hardt, Price, Srebro 2016 (odds, opportunity); figures as Fairlearn defines them
/// (demographic_parity_*, equal_opportunity_*, equalized_odds_* with agg "worst_case"). A rate that
/// a group does not have (no positives) is left out, where Fairlearn calls it 0.
Fairness fairness_of(const GroupedAnswers& rows, double level);

}  // namespace rondo::evaluate
