// The stage: one candidate. The best number of rounds is found on an inner part, then the same is
// fitted on every training row; a twin is fitted with the rounds of its original. No candidate
// leaves without proof that our forest answers as LightGBM does.
#include "train/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <exception>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/words.h"
#include "model/compiled_forest.h"
#include "model/forest_build.h"
#include "train/boosting.h"

namespace rondo::train {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Prepared;

constexpr std::size_t kRowsCompared = 1'000;
constexpr std::size_t kRoundsWithoutInner = 100;
constexpr std::string_view kSpent = "budget spent without a model";

/// What was asked for, read once.
struct Plan {
  Options options;
  std::size_t twin_rounds = 0;  // 0: find them
  std::size_t most_rounds = 0;
  Parameters parameters;
  Limits limits;                // stop and budget
};

/// How many rounds the inner part is for, and what it saw.
struct Choice {
  std::size_t rounds = 0, inner_rows = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();
  bool spent = false;
};

struct Model {
  model::Forest forest;
  std::string digest;
  std::size_t rounds = 0;
  bool spent = false;
};

Result<Plan> plan_for(const StageInput& input, const Prepared& prepared) {
  Plan plan;
  plan.options = TRY(
      io::read_options<Options>(io::get_or<Json>(input.options, "train", Json::object()), "train"));
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  plan.twin_rounds = io::get_or<std::uint64_t>(now, "rounds", 0);
  const auto budget = TRY(read_budget(plan.options.budget));
  // A twin costs what its original did: no budget ends it.
  if (budget && plan.twin_rounds == 0) plan.limits.until_us = monotonic_us() + budget->us;
  const bool classes = prepared.task == model::Task::kMulticlass;
  const std::size_t outputs = classes ? prepared.classes.size() : 1;
  plan.most_rounds = std::min(static_cast<std::size_t>(plan.options.rounds),
                              model::kMostTrees / std::max<std::size_t>(outputs, 1));
  const std::size_t threads =
      threads_for(plan.options.threads, prepared.features.values.size());
  plan.parameters = TRY(parameters_for(prepared, plan.options, input.seed, threads));
  plan.limits.stop = input.stop;
  return plan;
}

Result<void> check_shape(const Prepared& prepared, const RowList& train) {
  if (train.empty()) {
    return fail(Code::kInvalidInput, "no row is left to train on",
                "collect more rows, or make [evaluate] test smaller");
  }
  const std::size_t columns = prepared.features.columns;
  if (columns == 0 || columns > model::kMostFeatures) {
    return fail(Code::kInvalidInput,
                fmt::format("trees take 1 to {} features, not {}", model::kMostFeatures, columns),
                "name columns under [prepare] ignore");
  }
  const std::size_t classes = prepared.classes.size();
  if (prepared.task == model::Task::kMulticlass && (classes < 2 || classes > model::kMostClasses)) {
    return fail(Code::kInvalidInput,
                fmt::format("trees tell 2 to {} classes apart, not {}", model::kMostClasses,
                            classes),
                "is the target a number, or an identifier?");
  }
  return {};
}

/// Limits of one fit that is the part [from, to] of the whole in a progress bar.
Limits limits_for(const Plan& plan, const StageInput& input, std::size_t rounds, double from,
                  double to) {
  Limits limits = plan.limits;
  limits.rounds = rounds;
  if (!input.progress) return limits;
  limits.progress = [&input, rounds, from, to](std::size_t round, double best) {
    Json said = {{"what", "training"},
                 {"done", from + (to - from) * static_cast<double>(round) /
                                     static_cast<double>(rounds)},
                 {"rounds", round}};
    if (std::isfinite(best)) said["best"] = best;
    input.progress(said);
  };
  return limits;
}

std::unexpected<Error> stopped() {
  return fail(Code::kCancelled, "training was stopped before it had a model");
}

Result<Choice> choose_rounds(const Prepared& prepared, const RowList& train, const Plan& plan,
                             const StageInput& input) {
  const Inner inner = inner_split(prepared, train, input.seed);
  if (inner.stop.empty()) return Choice{std::min(plan.most_rounds, kRoundsWithoutInner)};
  std::vector<double> labels;
  for (const std::uint32_t row : inner.stop) labels.push_back(prepared.label[row]);
  Limits limits = limits_for(plan, input, plan.most_rounds, 0, 0.7);
  limits.patience = patience_for(plan.options.rate, inner.fit.size());
  Booster booster = TRY(Booster::make(prepared, inner.fit, inner.stop, plan.parameters));
  const Course course = TRY(grow(booster, prepared.task, labels, limits));
  if (course.ending == Ending::kStopped) return stopped();
  return Choice{course.best, inner.stop.size(), course.loss, course.ending == Ending::kBudget};
}

/// SHA-256 of the text without its part `parameters`, where the number of threads stands.
std::string digest_of(std::string_view text) {
  constexpr std::string_view kBegin = "\nparameters:\n", kEnd = "\nend of parameters\n";
  const std::size_t begin = text.find(kBegin);
  const std::size_t end = text.find(kEnd, begin == text.npos ? 0 : begin);
  if (begin == text.npos || end == text.npos) return io::sha256(text).hex();
  return io::sha256(std::string(text.substr(0, begin)) +
                    std::string(text.substr(end + kEnd.size())))
      .hex();
}

/// Rows spread over all of them.
RowList some_of(std::size_t rows) {
  const std::size_t step = std::max<std::size_t>(rows / kRowsCompared, 1);
  RowList some;
  for (std::size_t i = 0; i < rows; i += step) some.push_back(static_cast<std::uint32_t>(i));
  return some;
}

/// Every kernel of this CPU. Errors: kCorrupt when one raw score differs from LightGBM's in one
/// bit.
Result<void> compare(const model::Forest& forest, const Booster& booster, std::size_t rounds,
                     const Prepared& prepared) {
  const RowList rows = some_of(prepared.features.rows);
  const FeatureRows features(prepared.features, rows);
  const auto theirs = TRY(booster.raw(features.values(), rounds));
  std::vector<double> ours(theirs.size());
  for (const model::Kernel kernel : model::supported_kernels()) {
    model::CompiledForest(forest, kernel).raw_batch(features.values(), rows.size(), ours);
    const auto other = std::ranges::mismatch(ours, theirs, [](double a, double b) {
      return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
    });
    if (other.in1 == ours.end()) continue;
    const auto at = static_cast<std::size_t>(other.in1 - ours.begin());
    return fail(Code::kCorrupt,
                fmt::format("row {}: LightGBM answers {}, our forest {} (kernel {}); the model is "
                            "not used", prepared.source_row[rows[at / forest.outputs()]],
                            theirs[at], ours[at], name_of(kernel)),
                "use the version of LightGBM that deps/packages.lock names");
  }
  return {};
}

Result<Model> fit(const Prepared& prepared, const RowList& train, std::size_t rounds,
                  const Plan& plan, const StageInput& input, double done) {
  Booster booster = TRY(Booster::make(prepared, train, {}, plan.parameters));
  const Course course =
      TRY(grow(booster, prepared.task, {}, limits_for(plan, input, rounds, done, 1)));
  if (course.ending == Ending::kStopped) return stopped();
  Model model;
  model.spent = course.ending == Ending::kBudget;
  if (model.spent) return model;
  model.rounds = course.rounds;
  const std::string text = TRY(booster.text(course.rounds));
  model.forest = TRY(model::Forest::from_lightgbm(text));
  model.digest = digest_of(text);
  TRY(compare(model.forest, booster, course.rounds, prepared));
  return model;
}

model::Candidate candidate_of(const Prepared& prepared, const Model& model, const Plan& plan) {
  model::Candidate candidate;
  candidate.options = {{"learner", "trees"},
                       {"parameters", plan.parameters.json()},
                       {"rounds", model.rounds},
                       {"seed", plan.options.seed}};
  candidate.forest = model.forest.encode();
  candidate.forest_digest = model.digest;
  candidate.rounds = model.rounds;
  const RowList test = rows_of(prepared, table::Side::kTest);
  const FeatureRows features(prepared.features, test);
  candidate.test_scores.resize(test.size() * model.forest.outputs());
  model::CompiledForest(model.forest).raw_batch(features.values(), test.size(),
                                                candidate.test_scores);
  model.forest.link(candidate.test_scores);
  return candidate;
}

std::string reason_of(const Plan& plan, const Choice& choice, const Model& model,
                      std::size_t rows) {
  const std::string what = fmt::format("{} rounds of trees on {} rows",
                                       grouped(static_cast<std::uint64_t>(model.rounds)),
                                       grouped(rows));
  if (plan.twin_rounds > 0) return what + ", as many as the candidate that was measured";
  if (choice.inner_rows == 0) return what + ": too few rows to find out how many are best";
  return fmt::format("{}; {} inner rows chose how many", what,
                     grouped(static_cast<std::uint64_t>(choice.inner_rows)));
}

Json evidence_of(const Prepared& prepared, const Choice& choice, const Model& model,
                 std::size_t rows) {
  Json evidence = {{"learner", "trees"},        {"task", name_of(prepared.task)},
                   {"rounds", model.rounds},    {"trees", model.forest.trees()},
                   {"leaves", model.forest.leaves()}, {"train_rows", rows},
                   {"inner_rows", choice.inner_rows}, {"forest_digest", model.digest}};
  if (choice.inner_rows > 0) {
    evidence["loss"] = loss_name(prepared.task);
    evidence["inner_loss"] = choice.loss;
  }
  return evidence;
}

StageOutput spent(const Plan& plan) {
  StageOutput output;
  output.result = kSpent;
  output.reason = fmt::format("no model was finished within [train] budget = \"{}\"",
                              plan.options.budget);
  return output;
}

Result<StageOutput> write(const model::Candidate& candidate, const StageInput& input) {
  StageOutput output;
  output.files["candidate"] = "candidate";
  RONDO_FAILPOINT(kCandidateWrite);
  const std::string bytes = TRY(candidate.encode());
  TRY(io::write_atomically(*input.fs, input.out / "candidate", bytes));
  return output;
}

Result<Prepared> read_prepared(const StageInput& input) {
  const auto found = input.inputs.find("prepared");
  if (found == input.inputs.end()) {
    return fail(Code::kInvalidInput, "training was started without prepared data");
  }
  return Prepared::decode(TRY(input.objects->get(found->second)));
}

Result<StageOutput> train(const StageInput& input) {
  const Prepared prepared = TRY(read_prepared(input));
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  TRY(check_shape(prepared, rows));
  const Plan plan = TRY(plan_for(input, prepared));
  Choice choice{plan.twin_rounds};
  if (plan.twin_rounds == 0) choice = TRY(choose_rounds(prepared, rows, plan, input));
  if (choice.spent) return spent(plan);
  const double done = choice.inner_rows > 0 ? 0.7 : 0;
  const Model model = TRY(fit(prepared, rows, choice.rounds, plan, input, done));
  if (model.spent) return spent(plan);
  StageOutput output = TRY(write(candidate_of(prepared, model, plan), input));
  output.result = "trained";
  output.reason = reason_of(plan, choice, model, rows.size());
  output.evidence = evidence_of(prepared, choice, model, rows.size());
  return output;
}

}  // namespace

Result<std::optional<Span>> read_budget(const std::string& budget) {
  if (budget == "1 candidate") return std::optional<Span>{};
  if (const auto span = parse_span(budget); span && span->us > 0) return std::optional(*span);
  return fail(Code::kInvalidInput, fmt::format("train.budget: \"{}\" is no budget", budget),
              "write a time (\"60s\") or \"1 candidate\"");
}

Result<StageOutput> run(const StageInput& input) {
  try {
    return during(train(input), "training");
  } catch (const std::bad_alloc&) {
    return fail(Code::kExhausted, "training ran out of memory",
                "give it fewer rows or columns, or a machine with more memory");
  } catch (const std::exception& error) {
    return fail(Code::kInvalidInput, fmt::format("training failed: {}", error.what()));
  }
}

}  // namespace rondo::train
