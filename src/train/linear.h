// The linear model: what is reached without interactions. Straight, it is a baseline that every
// report shows beside the trees; straight or bent, whichever is better on inner rows, it is a
// learner of its own. It is fitted here, by code of this folder alone, with the same bits for any
// number of threads, and becomes a forest of linear terms.
#pragma once

#include <optional>

#include "base/stop.h"
#include "model/forest.h"
#include "train/rows.h"

namespace rondo::train {

/// How a line is to be fitted, and what that was worth on inner rows.
struct LineChoice {
  bool bent = false;                       // with knots: LinearForm
  double penalty = 0;                      // alpha: newton.h
  double loss = 0;                         // on Inner::stop; NaN where there are none
  std::vector<double> answers{};           // to those, after the link, row-major
};

/// Straight and bent; nothing where there is no solution.
struct LineChoices {
  std::optional<LineChoice> straight{}, bent{};
  /// The one with the smaller loss; null when there is none.
  const LineChoice* better() const;
};

struct Line {
  model::Forest forest;                    // trees of one leaf, and terms
  std::size_t rows = 0, columns = 0;       // that it was fitted to
  LineChoice choice{};
  Json json() const;
};

/// alpha is the one of 1e-1, 1e-2, 1e-3, 1e-4 with the least loss on the inner rows; 1e-2 where
/// there are none. Cost: as four fits each.
LineChoices choose_lines(const model::Prepared& prepared, const Inner& inner, bool may_bend,
                         const Stop& stop);

/// Least squares for numbers; the logistic loss for two classes; for more the multinomial one,
/// class by class in turn, each beside what the others say. Numbers enter as (x - median)/IQR, held
/// at a range of theirs beyond what was seen, a missing one as the median with a column of its own,
/// categories as a column for each of the 40 most frequent; bent, also as what they have above each
/// of five quantiles; of all columns the 256 that tell most alone. Rows are thinned evenly to
/// 20,000 at most, and further with many classes.
/// Nothing: there are fewer than 50 rows, no column with two values, no solution in finite numbers,
/// or somebody asked to stop.
/// Cost: rows x classes x (columns that are not 0 in a row)^2 a step, about 20 steps.
/// Source: newton.h.
std::optional<Line> fit_line(const model::Prepared& prepared, const RowList& train,
                             const LineChoice& choice, const Stop& stop);

/// Chosen on an inner part of the rows, then fitted on all of them.
std::optional<Line> fit_best_line(const model::Prepared& prepared, const RowList& train, Seed seed,
                                  const Stop& stop);

/// Of one answer for a number, for each class otherwise.
model::Link link_of(model::Task task);

/// After the link. Shape: row-major.
std::vector<double> answers_of(const model::Forest& forest, const model::Prepared& prepared,
                               const RowList& rows);

}  // namespace rondo::train
