// Model Evaluation: measures the candidate on rows that came after its training, beside the
// champion and the baselines on the same rows, and lets the gate judge.
#pragma once

#include "evaluate/gate.h"
#include "io/options.h"
#include "ledger/stage_io.h"

namespace rondo::evaluate {

struct Options {
  std::string metric = "auto";
  Json at_least;                      // number or null
  std::string test = "auto";          // "0.2", "14d", or both by "auto"
  std::string split = "auto";
  std::string gap;
  double confidence = 0.95;
  double margin = 0;
  Json min_effect = "auto";
  std::string calibrate = "auto";
  double interval = 0.9;
  Json cost = Json::object();
  Json slices = "auto";               // or "off", or a list of columns
  std::vector<std::string> fairness;
  double fairness_max = 1;
  Json invariant = Json::array();     // [[evaluate.invariant]]: {"column", "change", "answer"}
};

template <class Visitor>
void describe(Visitor& v, Options& o) {
  using io::Key;
  v(Key{"metric", "what counts", 0, 0, "auto|mae|rmse|r2|auc|log_loss|accuracy|brier|pinball"},
    o.metric);
  v(Key{"at_least", "worse is never deployed (errors: at most)"}, o.at_least);
  v(Key{"test", "\"auto\", a share (\"0.2\") or a span (\"14d\") of newest rows"}, o.test);
  v(Key{"split",
        "\"auto\": by time if there is a clock, else by a hash of the row, or of its entity; "
        "\"group\": by its entity, with a clock too", 0, 0, "auto|time|random|group"},
    o.split);
  v(Key{"gap", "between training and test; default label_delay"}, o.gap);
  v(Key{"confidence", "of intervals and of the gate, over a champion's life", 0.5, 0.9999},
    o.confidence);
  v(Key{"margin", "accepted harm; above 0 \"not worse\" suffices", 0, 1e18}, o.margin);
  v(Key{"min_effect", "smallest gain worth a promotion, or \"auto\""}, o.min_effect);
  v(Key{"calibrate",
        "how probabilities are corrected; only if it helps on held-out rows; \"temperature\" of "
        "more than two classes, the other maps of two", 0, 0,
        "auto|none|platt|beta|isotonic|venn_abers|temperature"},
    o.calibrate);
  v(Key{"interval", "share of labels that the interval around a number is to hold; 0: none", 0,
        0.9999},
    o.interval);
  v(Key{"cost",
        "{fp = 1, fn = 5}, what mistakes of two classes cost, or {capacity = 0.1}, the share that "
        "may be answered positive: where the positive class begins"},
    o.cost);
  v(Key{"slices",
        "\"auto\": look for parts of the data where the model fails, or is worse than what serves; "
        "a list of columns: tell of their parts too; or \"off\""},
    o.slices);
  v(Key{"fairness", "columns of categories whose groups are compared"}, o.fairness);
  v(Key{"fairness_max", "greatest difference between groups that is deployed; 1: any", 0, 1},
    o.fairness_max);
  v(Key{"invariant", "[[evaluate.invariant]] column, change = \"+10%\", answer = \"not lower\""},
    o.invariant);
}

/// Stage entry. Inputs "prepared", "candidate", and "champion" (pipeline file) when one serves,
/// with "manifest" then too (the champion scores the same rows through its own transform and
/// history: the loop hands its scores in as input "champion_scores", a bundle made by loop/).
/// Output "evidence" (JSON; the file also holds "answering", model::Answering::to_json(), unless it
/// is plain: what deployment freezes with the twin). Results: "good", "not better", "undecided".
/// options = {"evaluate": Options, "now": {"look": j, "champion": {"version", "name"} | null,
/// "cost": {"row_us", "bytes"}, what a model may take at most, "watched"?, "loss"?: those of
/// [monitor]}}.
/// evidence of the StageOutput: {"metric", "value", "low", "high", "champion"?, "baselines": [...],
/// "verdict": {...}, "bound": {"loss", "loss_scale", "test_risk", "risk_bound", "days", "rows",
/// "day_correlation"}, "calibration", "threshold", "interval": those of answering.h,
/// "slices", "reliability", "fairness": those of detail.h, "by_slice": of named_slices.h,
/// "worse_slices": of worse_slices.h, "sanity": of sanity.h, "curve": of curves.h, "robustness",
/// "invariants": of probe.h, "cost": {"row_us" (predicted, model/cost.h), "bytes", "trees",
/// "leaves", "row_us_max", "bytes_max"}}. All but "calibration" is of the answers that will be
/// served.
Result<ledger::StageOutput> run(const ledger::StageInput& input);

}  // namespace rondo::evaluate
