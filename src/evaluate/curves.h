// What one would rather look at than read: answers beside truth, in a few points.
#pragma once

#include "evaluate/metrics.h"
#include "io/json.h"

namespace rondo::evaluate {

/// Of the test rows, null for none.
/// Two classes: {"kind": "roc", "points": [{"threshold","false_positive","true_positive",
/// "precision"}]}, at most 101, by falling threshold; the first and the last are (0, 0) and (1, 1).
/// Numbers: {"kind": "tenths", "points": [{"answer","truth","low","high","rows"}]}: rows in the
/// order of their answers, cut into tenths; mean answer, mean truth, its 95 % interval (normal).
/// More classes: {"kind": "confusion", "classes": [...], "counts": [[...]]}: a row for each true
/// class, a column for each that was answered; of the 20 commonest classes.
/// Cost: a sort of the rows.
Json curve_json(const Truth& truth, const Answers& answers,
                const std::vector<std::string>& classes);

}  // namespace rondo::evaluate
