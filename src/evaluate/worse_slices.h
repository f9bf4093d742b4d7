// Where a challenger that wins as a whole is worse than the champion: parts of the data of 5 % of
// the test rows at least, told by up to three conditions. Found on one half of the test rows and
// tested on the other, like the slices of slices.h.
#pragma once

#include "evaluate/slices.h"
#include "evaluate/slice_features.h"
#include "io/json.h"

namespace rondo::evaluate {

inline constexpr double kLeastShare = 0.05;

/// Losses of the test rows under both models. Shape: all of one length; `unit` as in SliceRows.
struct RivalRows {
  std::span<const double> champion, challenger;
  std::span<const SliceFeature> features;
  std::span<const std::int64_t> unit;
};

struct WorseSlice {
  std::vector<std::string> conditions;
  std::vector<Predicate> predicates;  // of ascending features
  std::uint64_t rows = 0;             // of all test rows
  double share = 0;                   // of them
  double champion = 0, challenger = 0;  // mean losses, on the half that was not searched
  double p = 1, adjusted = 1;         // one-sided; by Holm over the slices found
  bool worse = false;                 // adjusted <= 1 - confidence
};

struct WorseReport {
  std::uint64_t rows_searched = 0, rows_tested = 0;
  bool complete = true;               // false: the bounded work ended before the search
  std::vector<WorseSlice> slices;     // at most ten, the most suspicious first, worse or not
};

/// "Worse" is by more than smallest_gain() of an error, 2 % of the champion's loss there: no two
/// models are equal anywhere, and with rows enough any difference is beyond chance. The search is a
/// beam: of all parts by one predicate, then of the parts of the ten most suspicious, twice, the
/// ten whose mean harm is most standard errors above 0. The test is that of slices.h, of the mean
/// harm within the slice alone.
/// Source: beam search for subgroups: Lavrac, Kavsek, Flach, Todorovski 2004; errors by unit:
/// Liang, Zeger 1986; Holm 1979.
/// Cost: 21 passes over the searched rows and all features, at most 4e8 cells.
WorseReport find_worse_slices(const RivalRows& rows, double confidence, Seed seed);

/// {"rows_searched","rows_tested","loss","least_share","tolerance","complete","slices":
/// [{"conditions","rows","share","champion","challenger","p","adjusted","worse"}]}; with too few
/// rows {"why_not"}.
/// Shape: features are slice_features() of the prepared rows.
Json worse_slices_json(const Looked& looked, std::span<const SliceFeature> features,
                       const Answers& champion, double confidence, Seed seed);
/// Those that are worse, a sentence each, the least p first.
std::vector<std::string> worse_served(const Json& found, const std::string& champion);

}  // namespace rondo::evaluate
