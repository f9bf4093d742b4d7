// What a model answers to rows that were changed on purpose: how much of its loss hangs on one
// column, and whether it keeps the promises of [[evaluate.invariant]]. Of test rows alone, and of
// whole rows: what is made of a changed column is made anew.
#pragma once

#include <optional>
#include <vector>

#include "base/seed.h"
#include "evaluate/metrics.h"
#include "io/json.h"
#include "model/answering.h"
#include "model/forest.h"

namespace rondo::evaluate {

/// One table [[evaluate.invariant]].
struct Invariant {
  enum class Change : std::uint8_t { kFactor, kAdd, kSet };
  enum class Answer : std::uint8_t { kNotLower, kNotHigher, kSame };
  std::string column;
  Change change = Change::kFactor;
  double amount = 1;               // of kSet: NaN where the value is no number
  std::string value;               // of kSet, as it was written: a category
  Answer answer = Answer::kNotLower;
  std::string text;                // as it was written: "income +10%: not lower"
};

/// Errors: kInvalidInput naming the table by its number and what is wrong with it.
Result<std::vector<Invariant>> invariants_from(const Json& list);

struct Probed {
  const model::Prepared& prepared;
  const model::Forest& forest;
  const Truth& truth;              // the test rows
  const model::Answering& answering;  // what becomes of the forest's scores
};

/// {"rows","loss","mean_loss","columns":[{"column","missing","noise","scaled","swapped"}],
/// "not_tried":[columns]}: what the mean loss of test rows grows by when the column is missing, a
/// number has noise of a tenth of its interquartile range or is a thousand times itself, or has
/// another row's category; null where that cannot be. Sorted by the greatest. Null for no rows.
/// Up to 500 rows, fewer of large forests, so that it costs about a million walks down a tree.
Json robustness_json(const Probed& probed, Seed seed);

/// [{"invariant","rows","broken","share","example"}], of up to 2,000 test rows. Binary: the answer
/// is the probability of the second class. A column that some feature is made of in a way that
/// cannot be seen in its rows again leaves those rows out.
/// Errors: kInvalidInput naming a column that the model does not read, or a target of many classes.
Result<Json> invariants_json(const Probed& probed, const std::vector<Invariant>& invariants);

/// More than this share of rows may not break one.
inline constexpr double kMostBroken = 0.01;
/// Those that are broken too often, a sentence each.
std::vector<std::string> broken_invariants(const Json& invariants);

}  // namespace rondo::evaluate
