// Held-out rows, brought into the shapes that calibration and intervals take.
#include "evaluate/answering.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluate/calibrate.h"
#include "evaluate/conformal.h"
#include "evaluate/gate.h"
#include "evaluate/threshold.h"

namespace rondo::evaluate {
namespace {

using model::Prepared;
using model::Task;

/// Labels of the rows that were held out.
Result<std::vector<double>> held_labels(const Prepared& prepared,
                                        const model::Candidate& candidate) {
  std::vector<double> labels;
  for (const std::uint32_t row : candidate.held_rows) {
    if (row >= prepared.label.size() || prepared.side[row] != table::Side::kTrain) {
      return fail(Code::kConflict,
                  fmt::format("evaluation: row {}, which training held out, is no training row of "
                              "these data", row),
                  "prepared data and candidate belong to different cycles");
    }
    labels.push_back(prepared.label[row]);
  }
  return labels;
}

/// The rows that were held out and count, as a map is fitted to them.
struct Held {
  std::vector<std::uint32_t> rows, label;
  std::vector<double> score, weight;  // score: one a row and output; weight: empty without any
};
Result<Held> held_rows(const Prepared& prepared, const model::Candidate& candidate) {
  const std::vector<double> labels = TRY(held_labels(prepared, candidate));
  const std::size_t outputs = prepared.outputs();
  if (candidate.held_answers.size() != labels.size() * outputs) {
    return fail(Code::kConflict, "evaluation: the candidate answers other classes",
                "prepared data and candidate belong to different cycles");
  }
  Held out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint32_t row = candidate.held_rows[i];
    if (!prepared.weight.empty()) {
      if (!(prepared.weight[row] > 0)) continue;
      out.weight.push_back(prepared.weight[row]);
    }
    out.rows.push_back(row);
    out.label.push_back(static_cast<std::uint32_t>(labels[i] + 0.5));
    const auto said = std::span(candidate.held_answers).subspan(i * outputs, outputs);
    out.score.insert(out.score.end(), said.begin(), said.end());
  }
  return out;
}

/// Days in order, a fifth of them a fold; without a clock groups, or else each class, by chance.
std::vector<std::uint32_t> folds_for(const Prepared& prepared, const Held& held, Seed seed) {
  if (!prepared.group.empty()) {
    std::vector<std::uint32_t> folds;
    for (const std::uint32_t row : held.rows) {
      Chance chance({seed.value ^ prepared.group[row]});
      folds.push_back(static_cast<std::uint32_t>(chance.below(kCalibrationFolds)));
    }
    return folds;
  }
  if (!prepared.by_time || prepared.time.empty()) return calibration_folds(held.label, seed);
  std::vector<std::int64_t> days;
  for (const std::uint32_t row : held.rows) days.push_back(day_of(prepared.time[row]));
  std::vector<std::int64_t> each = days;
  std::ranges::sort(each);
  each.erase(std::unique(each.begin(), each.end()), each.end());
  std::vector<std::uint32_t> folds;
  for (const std::int64_t day : days) {
    const auto place = std::ranges::lower_bound(each, day) - each.begin();
    folds.push_back(static_cast<std::uint32_t>(static_cast<std::size_t>(place) *
                                               kCalibrationFolds / each.size()));
  }
  return folds;
}

Json to_json(const CalibrationChoice& choice, std::size_t rows) {
  Json trials = Json::array();
  for (const CalibrationTrial& trial : choice.trials) {
    trials.push_back({{"map", model::name_of(trial.kind)}, {"log_loss", trial.log_loss},
                      {"gain", trial.gain}, {"standard_error", trial.standard_error}});
  }
  return {{"map", model::name_of(choice.calibration.kind)},
          {"reason", choice.reason},
          {"rows", rows},
          {"log_loss_before", choice.log_loss_before},
          {"log_loss", choice.log_loss},
          {"trials", trials}};
}

Json uncalibrated(std::string_view reason) { return {{"map", "none"}, {"reason", reason}}; }

Result<void> calibrate(const Options& options, const Prepared& prepared,
                       const model::Candidate& candidate, Seed seed, Chosen& out) {
  const auto maps = TRY(maps_of(options.calibrate, prepared.task));
  if (model::is_number(prepared.task)) return {};
  const Held held = TRY(held_rows(prepared, candidate));
  if (held.rows.empty()) {
    out.calibration = uncalibrated("left alone: training held no row out that could judge a map");
    return {};
  }
  const auto folds = folds_for(prepared, held, seed);
  CalibrationChoice choice;
  if (prepared.task == Task::kBinary) {
    const std::vector<std::uint8_t> positive(held.label.begin(), held.label.end());
    choice = choose_calibration(stats::Scored{held.score, positive, held.weight}, folds, maps);
  } else {
    choice = choose_calibration(
        stats::ClassScored{held.score, prepared.outputs(), held.label, held.weight}, folds, maps);
  }
  out.answering.calibration = choice.calibration;
  out.calibration = to_json(choice, held.rows.size());
  return {};
}

/// Of calibrated answers to the held-out rows.
Result<void> cut(const Options& options, const Prepared& prepared,
                 const model::Candidate& candidate, Chosen& out) {
  const CostRule rule = TRY(cost_rule(options.cost));
  if (!rule.is_set()) return {};
  if (prepared.task != Task::kBinary) {
    return fail(Code::kInvalidInput, "evaluate.cost needs a target of two classes", "leave it out");
  }
  const std::vector<double> labels = TRY(held_labels(prepared, candidate));
  std::vector<std::uint8_t> positive;
  for (const double label : labels) positive.push_back(label > 0.5 ? 1 : 0);
  const auto positives = static_cast<std::size_t>(std::ranges::count(positive, 1));
  const std::size_t least = std::min(positives, positive.size() - positives);
  const bool few = labels.size() < kFewestRows || least < kFewestOfClass;
  std::vector<double> answers = candidate.held_answers;
  out.answering.apply(answers, 1);
  out.threshold = {{"rows", labels.size()}};
  if (rule.costs) {
    out.threshold.update({{"fp", rule.costs->false_positive}, {"fn", rule.costs->false_negative},
                          {"expected", rule.costs->expected_threshold()}});
    const Cut best = least_cost_cut({answers, positive}, *rule.costs);
    out.answering.threshold = few ? rule.costs->expected_threshold() : best.threshold;
    out.threshold["reason"] =
        few ? fmt::format("fp/(fp + fn): {} held-out rows with {} of the rarer class are too few "
                          "to choose on", labels.size(), least)
            : fmt::format("least mean cost, {:.4g}, on {} held-out rows",
                          best.mean_cost(*rule.costs), labels.size());
  } else if (few) {
    out.threshold["capacity"] = *rule.capacity;
    out.threshold["reason"] = fmt::format("one half: {} held-out rows are too few to tell which "
                                          "share is above what", labels.size());
    return {};
  } else {
    out.answering.threshold = capacity_cut({answers, positive}, *rule.capacity).threshold;
    out.threshold["capacity"] = *rule.capacity;
    out.threshold["reason"] = fmt::format("at most {:.3g} % of {} held-out rows are at or above it",
                                          100 * *rule.capacity, labels.size());
  }
  out.threshold["threshold"] = *out.answering.threshold;
  return {};
}

Result<void> enclose(const Options& options, const Prepared& prepared,
                     const model::Candidate& candidate, Chosen& out) {
  if (!model::is_number(prepared.task) || options.interval == 0) return {};
  const std::vector<double> labels = TRY(held_labels(prepared, candidate));
  Conformal found;
  if (prepared.task == Task::kQuantile) {
    if (prepared.levels.size() < 2) return {};
    const std::size_t outputs = prepared.outputs();
    if (candidate.held_answers.size() != labels.size() * outputs) {
      return fail(Code::kConflict, "evaluation: the candidate answers other levels",
                  "prepared data and candidate belong to different cycles");
    }
    std::vector<stats::Bounds> between;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto row = std::span(candidate.held_answers).subspan(i * outputs, outputs);
      between.push_back({row.front(), row.back()});
    }
    found = quantile_conformal({labels, between}, options.interval);
  } else {
    found = split_conformal({labels, candidate.held_answers}, options.interval);
  }
  out.interval = {{"coverage", found.coverage}, {"rows", found.rows}, {"rank", found.rank}};
  if (prepared.task == Task::kQuantile) out.interval["around"] = "quantiles";
  if (!found.reach) {
    out.interval["reason"] = found.reason;
    return {};
  }
  out.interval["reach"] = *found.reach;
  out.answering.interval = model::Reach{found.coverage, *found.reach};
  return {};
}

}  // namespace

Result<Chosen> choose_answering(const Options& options, const model::Prepared& prepared,
                                const model::Candidate& candidate, Seed seed) {
  Chosen out;
  TRY(calibrate(options, prepared, candidate, seed.derive("calibration"), out));
  TRY(cut(options, prepared, candidate, out));
  TRY(enclose(options, prepared, candidate, out));
  return out;
}

}  // namespace rondo::evaluate
