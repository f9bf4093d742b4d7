// Model Evaluation from stored inputs to stored evidence. The numbers are made by compare,
// baselines and bound, the verdict by the gate; here they are brought together on the same test
// rows.
#include "evaluate/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "base/failpoint.h"
#include "evaluate/answering.h"
#include "evaluate/baselines.h"
#include "evaluate/bound.h"
#include "evaluate/compare.h"
#include "evaluate/cost_limits.h"
#include "evaluate/curves.h"
#include "evaluate/detail.h"
#include "evaluate/named_slices.h"
#include "evaluate/risk_leaves.h"
#include "evaluate/probe.h"
#include "evaluate/sanity.h"
#include "evaluate/test_rows.h"
#include "evaluate/watched_slices.h"
#include "evaluate/worse_slices.h"
#include "io/bundle.h"

namespace rondo::evaluate {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Prepared;
using table::Side;

constexpr std::string_view kFile = "evidence.json";

Result<std::string> read(const StageInput& input, const std::string& name) {
  const auto found = input.inputs.find(name);
  if (found == input.inputs.end()) {
    return fail(Code::kInvalidInput, fmt::format("evaluation lacks its input \"{}\"", name));
  }
  return during(input.objects->get(found->second), "reading " + name);
}

/// Everything that is compared, on the test rows.
struct Case {
  Options options;
  Prepared prepared;
  Metric metric = Metric::kMae;
  std::int64_t look = 1;
  Truth truth;
  Truth told_truth;                     // quantiles as one number each, else the same: what is told
  Answers told;                         // in detail, and what monitoring watches
  std::vector<stats::Bounds> between;   // intervals of the test rows; empty: there are none
  Chosen chosen;
  Answers challenger, uncalibrated;     // as it will be served; as the trees say
  model::Forest forest;
  std::size_t forest_bytes = 0;
  CostLimits limits;
  std::optional<std::string> champion;  // its name
  Answers champion_answers;
  std::vector<Baseline> baselines;
  bool line_was_tried = false;
  std::vector<std::string> watched;         // [monitor] slices
  RiskBound bound;
  Seed seed;
  double alpha() const { return alpha_of(look, options.confidence); }
};

Result<Answers> checked(Answers answers, const Truth& truth, std::string_view whose) {
  if (answers.size() != truth.rows() * outputs_of(truth)) {
    return fail(Code::kConflict,
                fmt::format("evaluation: {} gave {} answers where {} test rows need {} each", whose,
                            answers.size(), truth.rows(), outputs_of(truth)),
                "it may know other classes of the target than these rows have");
  }
  if (!std::ranges::all_of(answers, [](double answer) { return std::isfinite(answer); })) {
    return fail(Code::kCorrupt, fmt::format("evaluation: {} gave an answer that is no number",
                                            whose));
  }
  return answers;
}

/// "at_least" and "min_effect" may be absent, or a word.
Result<std::optional<double>> number_of(const Json& value, std::string_view key) {
  if (value.is_number()) return value.get<double>();
  if (value.is_null() || value == "auto" || value == "") return std::optional<double>{};
  return fail(Code::kInvalidInput,
              fmt::format("evaluate.{}: {} is no number", key, value.dump()));
}

Result<Case> read_case(const StageInput& input) {
  Case c;
  c.options = TRY(io::read_options<Options>(
      io::get_or<Json>(input.options, "evaluate", Json::object()), "evaluate"));
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  c.look = io::get_or<std::int64_t>(now, "look", 1);
  c.prepared = TRY(Prepared::decode(TRY(read(input, "prepared"))));
  const Prepared& prepared = c.prepared;
  const auto candidate = TRY(model::Candidate::decode(TRY(read(input, "candidate"))));
  c.metric = TRY(metric_for(c.options.metric, prepared.task));
  c.truth = test_truth(prepared);
  const Json most = io::get_or<Json>(now, "cost", Json::object());
  if (most.contains("row_us")) c.limits.row_us = TRY(io::get<double>(most, "row_us"));
  if (most.contains("bytes")) c.limits.bytes = TRY(io::get<double>(most, "bytes"));
  c.forest_bytes = candidate.forest.size();
  c.forest = TRY(during(model::Forest::decode(candidate.forest), "reading the candidate"));
  c.uncalibrated = TRY(checked(candidate.test_scores, c.truth, "the candidate"));
  c.chosen = TRY(choose_answering(c.options, prepared, candidate, input.seed));
  c.challenger = c.uncalibrated;
  c.chosen.answering.apply(c.challenger, outputs_of(c.truth));
  c.truth.threshold = c.chosen.answering.cut();
  if (input.inputs.contains("champion_scores")) {
    const auto bundle = TRY(io::Bundle::decode(TRY(read(input, "champion_scores"))));
    const auto scores = TRY(bundle.f64("scores"));
    const Json champion = io::get_or<Json>(now, "champion", Json::object());
    c.champion = fmt::format("v{}", io::get_or<std::int64_t>(champion, "version", 0));
    c.champion_answers =
        TRY(checked({scores.begin(), scores.end()}, c.truth, "the champion " + *c.champion));
  } else {
    c.look = 0;
  }
  c.baselines = TRY(baselines(prepared, c.metric));
  c.line_was_tried = io::get_or<bool>(candidate.options, "line_was_tried", false);
  if (!candidate.linear_answers.empty()) {
    c.baselines.push_back(linear_baseline(
        TRY(checked(candidate.linear_answers, c.truth, "the linear model")), c.truth.rows()));
  }
  c.watched = io::get_or<std::vector<std::string>>(now, "watched", {});
  std::tie(c.told_truth, c.told) = as_numbers(c.truth, c.challenger);
  const std::size_t outputs = outputs_of(c.truth);
  for (std::size_t i = 0; c.chosen.answering.interval && i < c.truth.rows(); ++i) {
    c.between.push_back(c.chosen.answering.interval->around(
        std::span(c.challenger).subspan(i * outputs, outputs)));
  }
  const auto loss = io::get_or<std::string>(now, "loss", "auto");
  c.bound = risk_bound(c.told_truth, c.told,
                       TRY(watched_rule(loss, c.options, c.told_truth, c.told)));
  c.seed = input.seed;
  return c;
}

Rival rival(const Case& c, std::string name, const Truth& truth, const Answers& challenger,
            const Answers& answers) {
  Rival rival{std::move(name), value_of(c.metric, truth, answers),
              value_of(c.metric, truth, challenger), {}};
  rival.paired =
      compare(c.metric, truth, challenger, answers, c.alpha(), c.seed.derive("gain:" + rival.name));
  return rival;
}

bool has_weight(const Truth& truth, std::size_t row) {
  return truth.weight.empty() || truth.weight[row] > 0;
}

/// Rows that have weight.
std::uint64_t counted_rows(const Truth& truth) {
  std::uint64_t rows = 0;
  for (std::size_t row = 0; row < truth.rows(); ++row) rows += has_weight(truth, row) ? 1 : 0;
  return rows;
}

std::uint64_t least_class(const Truth& truth) {
  if (model::is_number(truth.task)) return counted_rows(truth);
  std::vector<std::uint64_t> counts(truth.classes);
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    if (has_weight(truth, row)) ++counts[static_cast<std::size_t>(truth.label[row])];
  }
  return counts.empty() ? 0 : *std::ranges::min_element(counts);
}

/// What the gate sees. A baseline that answers too few of the rows to be compared is left out.
Evidence gather(const Case& c) {
  Evidence evidence;
  evidence.metric = name_of(c.metric);
  evidence.greater_is_better = greater_is_better(c.metric);
  evidence.challenger = measure(c.metric, c.truth, c.challenger, c.options.confidence,
                                c.seed.derive("metric"));
  evidence.rows = counted_rows(c.truth);
  evidence.least_class = least_class(c.truth);
  evidence.look = c.look;
  if (c.champion) {
    evidence.champion = rival(c, *c.champion, c.truth, c.challenger, c.champion_answers);
  }
  for (const Baseline& baseline : c.baselines) {
    const Truth truth = part(c.truth, baseline.rows);
    if (truth.rows() < kFewestRows) continue;
    Rival other = rival(c, baseline.name, truth, part(c.truth, c.challenger, baseline.rows),
                        baseline.answers);
    other.is_model = baseline.is_model;
    if (std::isfinite(other.paired.gain.low)) evidence.baselines.push_back(std::move(other));
  }
  evidence.line_was_tried = c.line_was_tried;
  return evidence;
}

Result<Rules> rules_of(const Case& c, const Evidence& evidence) {
  Rules rules;
  rules.at_least = TRY(number_of(c.options.at_least, "at_least"));
  rules.confidence = c.options.confidence;
  rules.margin = c.options.margin;
  const auto asked = TRY(number_of(c.options.min_effect, "min_effect"));
  const Rival* other = to_beat(evidence);
  if (asked) {
    rules.min_effect = *asked;
  } else if (other != nullptr) {
    rules.min_effect = smallest_gain(other->value, evidence.greater_is_better);
  }
  return rules;
}

Json to_json(const Rival& rival) {
  const Paired& p = rival.paired;
  return {{"name", rival.name},   {"value", rival.value}, {"challenger", rival.challenger},
          {"gain", p.gain.value}, {"low", p.gain.low},    {"high", p.gain.high},
          {"rows", p.rows},       {"days", p.days},       {"standard_error", p.standard_error}};
}

Json all_metrics(const Case& c) {
  Json metrics = Json::object();
  for (const Metric metric : metrics_of(c.truth.task)) {
    const double value = value_of(metric, c.truth, c.challenger);
    if (std::isfinite(value)) metrics[std::string(name_of(metric))] = value;
  }
  return metrics;
}

/// What is told beside the verdict, and what of it keeps a model out.
struct Details {
  Json slices, by_slice, worse_slices, watched_slices;
  Json reliability, threshold, interval, levels, fairness, robustness, invariants, cost, sanity;
};

/// Where it is worse than the champion; that keeps out what would win as a whole.
void compare_slices(const Case& c, const Looked& looked, std::span<const SliceFeature> features,
                    Evidence& evidence, Details& details) {
  if (!evidence.champion || c.options.slices == "off") return;
  const Answers champion = as_numbers(c.truth, c.champion_answers).second;
  details.worse_slices =
      worse_slices_json(looked, features, champion, c.options.confidence,
                        c.seed.derive("worse slices"));
  if (!(evidence.champion->paired.gain.low > -c.options.margin)) return;
  for (std::string& why : worse_served(details.worse_slices, *c.champion)) {
    evidence.guards.push_back(std::move(why));
  }
}

Result<Details> details_of(const Case& c, Evidence& evidence) {
  const Looked looked{c.prepared, c.told_truth, c.told};
  Details details;
  std::vector<SliceFeature> features;
  if (c.options.slices != "off") {
    features = slice_features(c.prepared);
    details.slices = slices_json(looked, features, c.options.confidence, c.seed.derive("slices"));
  }
  details.by_slice = TRY(named_slices_json(looked, TRY(named_columns(c.options.slices)), c.between,
                                           c.options.confidence));
  details.watched_slices = TRY(watched_slices_json(looked, c.watched, c.bound.rule));
  details.reliability = reliability_json(looked, c.options.confidence);
  if (!details.reliability.is_null() && c.chosen.answering.is_calibrated()) {
    const Json before = reliability_json({c.prepared, c.truth, c.uncalibrated},
                                         c.options.confidence);
    for (const char* key : {"calibration_error", "brier", "z", "p"}) {
      details.reliability["before"][key] = before.at(key);
    }
  }
  details.threshold = c.chosen.threshold;
  if (!details.threshold.is_null()) {
    details.threshold.update(cut_json(looked, TRY(cost_rule(c.options.cost)),
                                      c.options.confidence, c.seed.derive("cost curve")));
  }
  details.interval = c.chosen.interval;
  if (!c.between.empty()) {
    details.interval.update(coverage_json(looked, c.between, c.options.confidence));
  }
  details.levels = levels_json(c.truth, c.challenger, c.options.confidence);
  details.fairness = TRY(fairness_json(looked, c.options.fairness, c.options.confidence));
  evidence.guards = unfair(details.fairness, c.options.fairness_max);
  compare_slices(c, looked, features, evidence, details);
  const Probed probed{c.prepared, c.forest, c.truth, c.chosen.answering};
  details.cost = cost_json(c.forest, c.forest_bytes, c.limits);
  for (std::string& why : too_costly(details.cost)) evidence.guards.push_back(std::move(why));
  details.robustness = robustness_json(probed, c.seed.derive("robustness"));
  details.sanity = sanity_json(probed, c.metric, evidence.challenger.value, c.uncalibrated,
                               details.robustness);
  for (std::string& why : not_sane(details.sanity, evidence.rows)) {
    evidence.guards.push_back(std::move(why));
  }
  details.invariants =
      TRY(invariants_json(probed, TRY(invariants_from(c.options.invariant))));
  for (std::string& why : broken_invariants(details.invariants)) {
    evidence.guards.push_back(std::move(why));
  }
  return details;
}

Json evidence_json(const Case& c, const Evidence& evidence, const Verdict& verdict,
                   const Details& details) {
  Json baselines = Json::array();
  for (const Rival& baseline : evidence.baselines) baselines.push_back(to_json(baseline));
  Json json = {{"metric", evidence.metric},
               {"value", evidence.challenger.value},
               {"low", evidence.challenger.low},
               {"high", evidence.challenger.high},
               {"metrics", all_metrics(c)},
               {"baselines", baselines},
               {"verdict", evaluate::to_json(verdict)},
               {"bound", evaluate::to_json(c.bound)},
               {"rows", evidence.rows},
               {"days", days_of(c.truth)},
               {"look", evidence.look},
               {"cost", details.cost},
               {"sanity", details.sanity}};
  if (!c.truth.group.empty()) {
    json["groups"] = std::set<std::int64_t>(c.truth.group.begin(), c.truth.group.end()).size();
  }
  if (!c.truth.weight.empty()) json["weight"] = c.prepared.weight_column;
  if (evidence.champion) json["champion"] = to_json(*evidence.champion);
  if (!c.chosen.calibration.is_null()) json["calibration"] = c.chosen.calibration;
  if (const Json curve = curve_json(c.told_truth, c.told, c.prepared.classes); !curve.is_null()) {
    json["curve"] = curve;
  }
  if (!details.robustness.is_null()) json["robustness"] = details.robustness;
  if (!details.invariants.empty()) json["invariants"] = details.invariants;
  if (!details.slices.is_null()) json["slices"] = details.slices;
  if (!details.by_slice.empty()) json["by_slice"] = details.by_slice;
  if (!details.worse_slices.is_null()) json["worse_slices"] = details.worse_slices;
  if (!details.watched_slices.empty()) json["watched_slices"] = details.watched_slices;
  if (!details.reliability.is_null()) json["reliability"] = details.reliability;
  if (!details.threshold.is_null()) json["threshold"] = details.threshold;
  if (!details.interval.is_null()) json["interval"] = details.interval;
  if (!details.levels.is_null()) json["levels"] = details.levels;
  if (!details.fairness.empty()) json["fairness"] = details.fairness;
  return json;
}

/// What is frozen with the pipeline to explain losses and to estimate them without labels.
void add_for_monitoring(const Case& c, Json& stored) {
  const Looked looked{c.prepared, c.told_truth, c.told};
  if (c.truth.rows() > 0) stored["answers"] = answers_json(looked);
  const auto grown = grow_risk_tree(looked, scaled_losses(c.told_truth, c.told, c.bound.rule));
  stored.update(score_maps_json(looked, grown, c.seed.derive("scores")));
  if (!grown.tree.nodes.empty()) stored["tree"] = grown.tree.to_json();
}

std::string result_of(Decision decision) {
  switch (decision) {
    case Decision::kPromote: return "good";
    case Decision::kKeep: return "not better";
    case Decision::kUndecided: break;
  }
  return "undecided";
}

}  // namespace

Result<StageOutput> run(const StageInput& input) {
  const Case c = TRY(read_case(input));
  if (input.progress) input.progress({{"done", 0.2}, {"what", "comparing"}});
  Evidence evidence = gather(c);
  if (input.stop.requested()) return fail(Code::kCancelled, "evaluation was stopped");
  const Details details = TRY(details_of(c, evidence));
  const Verdict verdict = judge(evidence, TRY(rules_of(c, evidence)));
  StageOutput output;
  output.result = result_of(verdict.decision);
  output.reason = verdict.reasons.front();
  output.evidence = evidence_json(c, evidence, verdict, details);
  output.files["evidence"] = kFile;
  RONDO_FAILPOINT(kEvidenceWrite);
  Json stored = output.evidence;
  add_for_monitoring(c, stored);
  if (!c.chosen.answering.is_plain()) stored["answering"] = c.chosen.answering.to_json();
  TRY(io::write_atomically(*input.fs, input.out / kFile, io::canonical(stored)));
  return output;
}

}  // namespace rondo::evaluate
