// Test rows and answers, brought into the shapes that slices, reliability and fairness take.
#include "evaluate/detail.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "evaluate/conformal.h"
#include "evaluate/fairness.h"
#include "evaluate/reliability.h"
#include "evaluate/slices.h"
#include "model/reference.h"
#include "stats/cbpe.h"

namespace rondo::evaluate {
namespace {

using model::Step;

constexpr int kCurvePoints = 20;  // of the cost curve, and the threshold itself
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_json(const Rate& rate) {
  if (rate.share.rows == 0) return nullptr;
  return {{"value", static_cast<double>(rate.share.hits) / static_cast<double>(rate.share.rows)},
          {"low", number_or_null(rate.bounds.low)},
          {"high", number_or_null(rate.bounds.high)}};
}

Json to_json(const std::optional<Disparity>& disparity) {
  if (!disparity) return nullptr;
  return {{"difference", disparity->difference}, {"ratio", disparity->ratio}};
}

/// A number a row: its answer, or the probability that comes with it.
std::vector<double> scores_of(const Looked& looked) {
  const Truth& truth = looked.truth;
  if (outputs_of(truth) == 1) return looked.answers;
  std::vector<double> out;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const std::size_t answered = served_class_of(truth, looked.answers, row);
    out.push_back(looked.answers[row * outputs_of(truth) + answered]);
  }
  return out;
}

std::vector<std::uint8_t> positives_of(const Truth& truth) {
  std::vector<std::uint8_t> out;
  for (const double label : truth.label) out.push_back(label > 0.5 ? 1 : 0);
  return out;
}

/// The groups of one column: each row's number, and their names in the order of the codes.
Result<std::pair<std::vector<std::uint32_t>, std::vector<std::string>>> groups_of(
    const Looked& looked, const std::string& column) {
  const auto& steps = looked.prepared.transform.steps();
  const auto step = std::ranges::find_if(steps, [&](const Step& each) {
    return each.feature == column && each.kind == Step::Kind::kCategory;
  });
  if (step == steps.end()) {
    return fail(Code::kInvalidInput,
                fmt::format("evaluate.fairness: \"{}\" is no feature with categories", column),
                "name a column of categories that the model reads; `rondo models show` lists its "
                "features");
  }
  const auto place = static_cast<std::size_t>(step - steps.begin());
  std::vector<std::string> names;
  for (std::size_t code = 0; code <= step->categories.size(); ++code) {
    names.push_back(category_name(*step, code));
  }
  names.emplace_back("missing");
  std::vector<std::uint32_t> groups;
  for (const std::size_t row : looked.prepared.rows_on(table::Side::kTest)) {
    const double value = looked.prepared.features.row(row)[place];
    const bool there = std::isfinite(value) && value >= 0;
    groups.push_back(static_cast<std::uint32_t>(
        there ? std::min(static_cast<std::size_t>(value), names.size() - 2) : names.size() - 1));
  }
  return std::pair(std::move(groups), std::move(names));
}

Json to_json(const Coverage& coverage) {
  const auto share = static_cast<double>(coverage.inside.hits) /
                     static_cast<double>(coverage.inside.rows);
  return {{"rows", coverage.inside.rows}, {"value", share},
          {"low", coverage.bounds.low}, {"high", coverage.bounds.high}};
}

/// Coverage of four groups of rows by a value of each, about as many rows in each; equal values
/// stay together. `ascending`: the values in order; days that begin within a group belong to it.
Json by_quarter(const Enclosed& enclosed, std::span<const double> values,
                std::span<const double> ascending, double confidence) {
  std::vector<std::uint32_t> group(values.size());
  Json out = Json::array();
  std::array<double, 4> from{}, to{};
  from.fill(std::numeric_limits<double>::infinity());
  to.fill(-std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto place = std::ranges::lower_bound(ascending, values[i]) - ascending.begin();
    group[i] = static_cast<std::uint32_t>(4 * static_cast<std::size_t>(place) / values.size());
    from[group[i]] = std::min(from[group[i]], values[i]);
    to[group[i]] = std::max(to[group[i]], values[i]);
  }
  for (const Coverage& one : coverage_by(enclosed, group, confidence)) {
    Json quarter = to_json(one);
    quarter["from"] = from[one.group];
    quarter["to"] = to[one.group];
    out.push_back(std::move(quarter));
  }
  return out;
}

}  // namespace

Json slices_json(const Looked& looked, std::span<const SliceFeature> features, double confidence,
                 Seed seed) {
  if (looked.truth.rows() < kFewestForSlices) {
    return {{"why_not", fmt::format("{} test rows are too few, {} are needed",
                                    looked.truth.rows(), kFewestForSlices)}};
  }
  const Metric metric = slice_metric(looked.truth);
  const std::vector<double> loss = slice_losses(looked.truth, looked.answers);
  const SliceReport report = find_slices({loss, features, looked.truth.unit()}, confidence, seed);
  Json slices = Json::array();
  for (const Slice& slice : report.slices) {
    slices.push_back({{"conditions", slice.conditions}, {"rows", slice.rows},
                      {"mean_loss", slice.mean_loss}, {"loss_elsewhere", slice.loss_elsewhere},
                      {"p", slice.p}, {"adjusted", slice.adjusted}, {"named", slice.named}});
  }
  return {{"rows_searched", report.rows_searched}, {"rows_tested", report.rows_tested},
          {"mean_loss", report.mean_loss},         {"loss", name_of(metric)},
          {"complete", report.complete},           {"slices", slices}};
}

Json answers_json(const Looked& looked) {
  std::vector<Time> times;
  const auto& of = looked.prepared.time;
  for (const std::size_t row : looked.prepared.rows_on(table::Side::kTest)) {
    if (!of.empty()) times.push_back(of[row]);
  }
  return model::freeze_answers(scores_of(looked), times).to_json();
}

Json score_maps_json(const Looked& looked, const GrownTree& grown, Seed seed) {
  const Truth& truth = looked.truth;
  Json out = Json::object();
  if (truth.task == model::Task::kRegression) return out;
  const bool two = truth.task == model::Task::kBinary;
  const std::vector<double> score = scores_of(looked);
  std::vector<std::uint8_t> positive;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const std::size_t answered = served_class_of(truth, looked.answers, row);
    const bool right = static_cast<double>(answered) == truth.label[row];
    positive.push_back((two ? truth.label[row] > 0.5 : right) ? 1 : 0);
  }
  const stats::ScoreMap map = stats::fit_score_map({score, positive}, seed);
  if (map.empty()) return out;
  out["scores"] = map.to_json();
  const std::size_t kinds = grown.tree.leaf_numbers().back();
  if (kinds < 2) return out;
  out["score_kinds"] = count_kinds(map, {score, positive}, grown.leaf, kinds).to_json();
  return out;
}

Json reliability_json(const Looked& looked, double confidence) {
  if (looked.truth.task != model::Task::kBinary || looked.truth.rows() == 0) return nullptr;
  const std::vector<std::uint8_t> positive = positives_of(looked.truth);
  const Reliability found = reliability_of({looked.answers, positive}, confidence);
  Json bins = Json::array();
  for (const ReliabilityBin& bin : found.bins) {
    bins.push_back({{"low", bin.low}, {"high", bin.high},
                    {"mean_probability", bin.mean_probability},
                    {"share", static_cast<double>(bin.positives.hits) /
                                  static_cast<double>(bin.positives.rows)},
                    {"share_low", bin.bounds.low}, {"share_high", bin.bounds.high},
                    {"rows", bin.positives.rows}});
  }
  return {{"rows", found.rows},
          {"calibration_error", found.calibration_error},
          {"brier", found.brier},
          {"reliability", found.reliability},
          {"resolution", found.resolution},
          {"uncertainty", found.uncertainty},
          {"z", found.z ? Json(*found.z) : Json(nullptr)},
          {"p", found.p},
          {"bins", bins}};
}

Json cut_json(const Looked& looked, const CostRule& rule, double confidence, Seed seed) {
  const std::vector<std::uint8_t> positive = positives_of(looked.truth);
  const stats::Scored rows{looked.answers, positive};
  const double threshold = looked.truth.threshold;
  const Cut cut = cut_at(rows, threshold);
  const std::uint64_t selected = cut.true_positives + cut.false_positives;
  const auto share = [&](std::uint64_t hits, std::uint64_t of) {
    const stats::Share part{hits, of};
    return to_json(Rate{part, stats::wilson(part, confidence)});
  };
  Json out = {{"selected", share(selected, cut.rows())},
              {"precision", share(cut.true_positives, selected)},
              {"recall", share(cut.true_positives, cut.true_positives + cut.false_negatives)}};
  if (!rule.costs) return out;
  out["mean_cost"] = cut.mean_cost(*rule.costs);
  out["mean_cost_at_half"] = cut_at(rows, 0.5).mean_cost(*rule.costs);
  std::vector<double> thresholds = {threshold};
  for (int i = 1; i < kCurvePoints; ++i) {
    thresholds.push_back(static_cast<double>(i) / kCurvePoints);
  }
  std::ranges::sort(thresholds);
  out["curve"] = Json::array();
  for (const CostPoint& point : cost_curve(looked.truth, looked.answers, *rule.costs, thresholds,
                                           confidence, seed)) {
    out["curve"].push_back({{"threshold", point.threshold}, {"mean_cost", point.mean_cost},
                            {"low", number_or_null(point.band.low)},
                            {"high", number_or_null(point.band.high)}});
  }
  return out;
}

Json levels_json(const Truth& truth, const Answers& answers, double confidence) {
  if (truth.levels.empty() || truth.rows() == 0) return nullptr;
  Json out = Json::array();
  const std::vector<std::uint32_t> all(truth.rows(), 0);
  for (std::size_t k = 0; k < truth.levels.size(); ++k) {
    std::vector<stats::Bounds> below;
    for (std::size_t i = 0; i < truth.rows(); ++i) {
      below.push_back({-std::numeric_limits<double>::infinity(),
                       answers[i * truth.levels.size() + k]});
    }
    const auto found = coverage_by({truth.label, below}, all, confidence);
    out.push_back({{"level", truth.levels[k]}, {"below", to_json(found.front())}});
  }
  return out;
}

Json coverage_json(const Looked& looked, std::span<const stats::Bounds> between,
                   double confidence) {
  const std::size_t rows = looked.truth.rows();
  const Enclosed enclosed{looked.truth.label, between};
  const std::vector<std::uint32_t> all(rows, 0);
  Json out = {{"inside", nullptr}, {"by_answer", Json::array()}, {"by_time", Json::array()}};
  for (const Coverage& one : coverage_by(enclosed, all, confidence)) out["inside"] = to_json(one);
  std::vector<double> answers = looked.answers;
  std::ranges::sort(answers);
  out["by_answer"] = by_quarter(enclosed, looked.answers, answers, confidence);
  const std::vector<double> days(looked.truth.day.begin(), looked.truth.day.end());
  if (!days.empty()) out["by_time"] = by_quarter(enclosed, days, days, confidence);
  return out;
}

Result<Json> fairness_json(const Looked& looked, const std::vector<std::string>& columns,
                           double confidence) {
  Json out = Json::array();
  if (columns.empty()) return out;
  if (looked.truth.task != model::Task::kBinary) {
    return fail(Code::kInvalidInput, "evaluate.fairness needs a target of two classes",
                "leave it out");
  }
  const std::vector<std::uint8_t> positive = positives_of(looked.truth);
  std::vector<std::uint8_t> answered;
  for (std::size_t i = 0; i < looked.truth.rows(); ++i) {
    answered.push_back(served_class_of(looked.truth, looked.answers, i) == 1 ? 1 : 0);
  }
  for (const std::string& column : columns) {
    const auto [groups, names] = TRY(groups_of(looked, column));
    const Fairness found = fairness_of({positive, answered, groups, names}, confidence);
    Json rows = Json::array();
    for (const GroupRates& group : found.groups) {
      if (group.rows == 0) continue;
      rows.push_back({{"name", group.name}, {"rows", group.rows}, {"judged", group.judged},
                      {"selected", to_json(group.selected)},
                      {"true_positive", to_json(group.true_positive)},
                      {"false_positive", to_json(group.false_positive)}});
    }
    out.push_back({{"column", column}, {"groups", rows},
                   {"demographic_parity", to_json(found.demographic_parity)},
                   {"equal_opportunity", to_json(found.equal_opportunity)},
                   {"equalized_odds", to_json(found.equalized_odds)},
                   {"why_not", found.reason}});
  }
  return out;
}

std::vector<std::string> unfair(const Json& fairness, double most) {
  constexpr std::pair<const char*, const char*> kFigures[] = {
      {"demographic_parity", "demographic parity"},
      {"equal_opportunity", "equal opportunity"},
      {"equalized_odds", "equalized odds"}};
  std::vector<std::string> out;
  for (const Json& one : fairness) {
    for (const auto& [key, name] : kFigures) {
      if (one.at(key).is_null()) continue;
      const double difference = one.at(key).at("difference").get<double>();
      if (difference <= most) continue;
      out.push_back(fmt::format("{} by {} differs by {:.3g}, and [evaluate] fairness_max allows "
                                "{:.3g}", name, one.at("column").get<std::string>(), difference,
                                most));
    }
  }
  return out;
}

}  // namespace rondo::evaluate
