// What a model's card tells beside the verdict: where it fails, whether its probabilities mean what
// they say, and how groups of people fare. Of the test rows; nothing of it chooses a model.
#pragma once

#include "base/seed.h"
#include "evaluate/risk_leaves.h"
#include "evaluate/slice_features.h"
#include "evaluate/threshold.h"
#include "io/json.h"

namespace rondo::evaluate {

/// {"rows_searched","rows_tested","mean_loss","loss","complete","slices":[{"conditions","rows",
/// "mean_loss","loss_elsewhere","p","adjusted","named"}]}; with too few rows {"why_not"}.
/// Of the loss: log-loss, of numbers the absolute error. Cost: that of find_slices().
/// Shape: features are slice_features() of the prepared rows.
Json slices_json(const Looked& looked, std::span<const SliceFeature> features, double confidence,
                 Seed seed);

/// The law of the answers to the test rows, model::freeze_answers() as JSON: of numbers the values,
/// of two classes the probabilities of the second, of more those of the answered one.
Json answers_json(const Looked& looked);

/// How often answers are right by the probability that comes with them: {"scores": stats::ScoreMap,
/// "score_kinds"?: stats::ScoreKinds by leaves, where there are several}.
/// Empty for numbers, and where the rows say nothing of it.
Json score_maps_json(const Looked& looked, const GrownTree& grown, Seed seed);

/// {"rows","calibration_error","brier","reliability","resolution","uncertainty","z","p","bins":
/// [{"low","high","mean_probability","share","share_low","share_high","rows"}]}; null unless there
/// are two classes. Of a calibrated model the evidence adds "before": {"calibration_error","brier",
/// "z","p"} of the probabilities without their map.
Json reliability_json(const Looked& looked, double confidence);

/// What the threshold of `looked.truth` makes of the test rows: {"selected","precision","recall":
/// {"value","low","high"} or null, "mean_cost"?, "mean_cost_at_half"?, "curve"?: [{"threshold",
/// "mean_cost","low","high"}]}, the last three where there are costs. Shape: two classes.
Json cut_json(const Looked& looked, const CostRule& rule, double confidence, Seed seed);

/// How many test labels the interval holds: {"inside": {"rows","value","low","high"}, "by_answer":
/// [the same, with "from","to": a quarter of the rows by their answers], "by_time": [the same by
/// quarters of the days; empty without a clock]}. Shape: numbers; an interval a row.
Json coverage_json(const Looked& looked, std::span<const stats::Bounds> between,
                   double confidence);

/// Of each level of quantiles how many test labels are at or below its answer:
/// [{"level","below": {"rows","value","low","high"}}]; null for other tasks.
Json levels_json(const Truth& truth, const Answers& answers, double confidence);

/// Of each column, which must be a feature with categories: {"column","groups":[{"name","rows",
/// "judged","selected","true_positive","false_positive": {"value","low","high"}}],
/// "demographic_parity","equal_opportunity","equalized_odds": {"difference","ratio"} or null,
/// "why_not"}. Positive is the second class as it is served (Truth::threshold).
/// Errors: kInvalidInput naming a column that is no such feature, or a target of other kinds.
Result<Json> fairness_json(const Looked& looked, const std::vector<std::string>& columns,
                           double confidence);

/// The figures of fairness_json() that differ by more than `most`, one sentence each.
std::vector<std::string> unfair(const Json& fairness, double most);

}  // namespace rondo::evaluate
