// Neighbours: rows of the training part, kept scaled, answer for those near them. Fitted here by
// code of this folder alone, with the same bits for any number of threads, they become a forest of
// one term. They see what no split and no sum sees, likeness in many columns at once, and forget
// nothing; but every column counts alike, and a model's file holds training rows.
#pragma once

#include <optional>

#include "base/stop.h"
#include "model/forest.h"
#include "train/rows.h"
#include "train/train.h"

namespace rondo::train {

/// What neighbours may cost: [train] row_max, of which they take half, so that others may answer
/// beside them.
struct NearLimits {
  double row_us = 50;
  Stop stop{};
};
/// Errors: kInvalidInput where [train] row_max is no time.
Result<NearLimits> near_limits(const Options& options, const Stop& stop);

/// How many answer, and what that was worth on inner rows.
struct NearChoice {
  std::int64_t k = 0;
  double loss = 0;                    // NaN where there are no inner rows
  std::vector<double> answers{};      // to those, after the link, row-major
};

struct Near {
  model::Forest forest;               // trees of one leaf, and the term
  std::int64_t k = 0;
  std::size_t rows = 0, columns = 0;  // that are kept
};

/// k of 5, 10, 20 and 50 with the least loss on the inner rows, of which 2,000 at most choose; 10
/// where there are none. Nothing: as fit_near(). Cost: as answers to 8,000 rows, and to all inner
/// ones.
std::optional<NearChoice> choose_near(const model::Prepared& prepared, const Inner& inner,
                                      const NearLimits& limits);

/// Columns as the straight line has them (LinearForm). Rows are thinned evenly to 20,000, or what
/// may be asked within half of row_us (model/cost.h); those without weight are left out.
/// Nothing: there are fewer than 50 rows, no column with two values, no time for 50 rows, or
/// somebody asked to stop.
/// Cost: as a line's columns, and answers to 1,000 rows.
std::optional<Near> fit_near(const model::Prepared& prepared, const RowList& train, std::int64_t k,
                             const NearLimits& limits);

/// Chosen on an inner part of the rows, then fitted on all of them.
std::optional<Near> fit_best_near(const model::Prepared& prepared, const RowList& train, Seed seed,
                                  const NearLimits& limits);

/// As answers_of(), in parts between which a stop is seen; nothing then.
std::optional<std::vector<double>> near_answers(const model::Forest& forest,
                                                const model::Prepared& prepared,
                                                const RowList& rows, const Stop& stop);

}  // namespace rondo::train
