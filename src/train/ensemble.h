// Which candidates answer together: greedy selection with replacement on out-of-fold raw scores.
#pragma once

#include "train/proposals.h"
#include "train/rows.h"

namespace rondo::train {

struct Share {
  std::size_t candidate = 0;  // index among those that were tried
  std::size_t times = 0;      // how often it was chosen; its weight is times / all of them
};

struct Ensemble {
  std::vector<Share> shares;  // in the order of candidates
  double loss = 0;            // out of fold, together
};

/// Loss of each row times its weight, whose mean over all rows is 1: then the losses' mean is the
/// weighted loss. Shape: raw is row-major, one a row, one a class, or one a level, ascending.
std::vector<double> row_losses(const Judged& rows, std::span<const double> raw);

/// LightGBM's answers as raw scores, up to a constant a row. Shape: as the answers.
std::vector<double> raw_of(model::Task task, std::span<const double> answers);

/// What an ensemble may be at most. A candidate alone always may: the gate keeps it out if not.
struct Most {
  std::size_t members = 8;
  double row_us = 1e300, bytes = 1e300;  // as model/cost.h predicts them
  std::size_t outputs = 1, features = 0;
};

/// Different candidates within the limits. One alone, the best, unless several gain more than a
/// standard error of the difference.
/// Source: Caruana, Niculescu-Mizil, Crew, Ksikes 2004 (Ensemble Selection from Libraries of
/// Models, ICML), section 2 with replacement; 50 steps at most; ties to the earlier candidate.
/// Cost: steps x candidates x rows.
Ensemble choose_together(const Judged& rows, const std::vector<Tried>& tried, const Most& limits);

/// What they answer together, out of fold: the mean of the members' raw scores by their weights.
std::vector<double> raw_together(const Ensemble& chosen, const std::vector<Tried>& tried);

/// Mean of a - b over the rows, in standard errors of it. 0 when they are the same.
/// Shape: units names what each row belongs to, within which rows depend on each other; empty: each
/// row stands for itself.
/// Source: Liang, Zeger 1986 (Biometrika 73), the variance of section 3 for a mean, times g/(g - 1)
/// for g units.
double standard_errors(std::span<const double> a, std::span<const double> b,
                       std::span<const std::uint64_t> units = {});
/// The same where a unit is a day, in order, and neighbouring days may be alike, as in a season or
/// a week of rain: with r the correlation of their mean differences, without its bias of few days,
/// the error is sqrt((1 + r)/(1 - r)) times that of days that know nothing of each other. Two weeks
/// do not tell all of it: of 14 days with r = .7 that differ by chance alone 6 % are ahead at 1 %,
/// without this 19 %.
/// Source: Kendall 1954, "Note on bias in the estimation of autocorrelation" (Biometrika 41).
double standard_errors_of_days(std::span<const double> a, std::span<const double> b,
                               std::span<const std::uint64_t> days);

}  // namespace rondo::train
