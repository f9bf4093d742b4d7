// The stage: one candidate to hand on. With a budget of one, the best number of rounds is found on
// an inner part; with a larger one a search chooses between many on folds. Then the same is fitted
// on every training row; a twin is fitted as its original was.
#include "train/train.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "base/clock.h"
#include "base/words.h"
#include "model/forest_build.h"
#include "train/alone.h"
#include "train/ensemble.h"
#include "train/handing.h"
#include "train/inputs.h"
#include "train/mix.h"
#include "train/script.h"
#include "train/window.h"

namespace rondo::train {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Prepared;

constexpr std::size_t kRoundsWithoutInner = 100;
constexpr double kClearly = 1.645;  // standard errors that a line is ahead: 95 %, one-sided
constexpr std::string_view kSpent = "budget spent without a model";

/// How many rounds the inner part is for, and what it saw.
struct Choice {
  std::size_t rounds = 0, inner_rows = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();
  bool spent = false;
  Held held{};
};

Result<Plan> plan_for(const StageInput& input, const Prepared& prepared) {
  Plan plan;
  plan.options = TRY(
      io::read_options<Options>(io::get_or<Json>(input.options, "train", Json::object()), "train"));
  if (prepared.task == model::Task::kQuantile) plan.options.learners = {"trees"};
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  plan.twin_rounds = io::get_or<std::uint64_t>(now, "rounds", 0);
  for (const Json& member : io::get_or<Json>(now, "members", Json::array())) {
    plan.twin_members.push_back(TRY(Member::from_json(member)));
  }
  plan.budget = TRY(read_budget(plan.options.budget));
  // What was recorded decides in place of time.
  const auto recorded = io::get_or<std::uint64_t>(now, "candidates", 0);
  if (recorded > 0) plan.budget = {std::nullopt, recorded, true};
  // A twin costs what its original did: no budget ends it.
  if (plan.budget.time && plan.twin_rounds == 0) {
    plan.limits.until_us = monotonic_us() + plan.budget.time->us;
  }
  plan.most_rounds = std::min(static_cast<std::size_t>(plan.options.rounds),
                              model::kMostTrees / std::max<std::size_t>(prepared.outputs(), 1));
  if (growth_of(plan.options).forest) plan.most_rounds = std::min(plan.most_rounds, kForestTrees);
  plan.threads = threads_for(plan.options.threads, prepared.features.values.size());
  plan.parameters = TRY(parameters_for(prepared, plan.options, input.seed, plan.threads));
  plan.limits.stop = input.stop;
  return plan;
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
  Inner inner = inner_split(prepared, train, input.seed);
  if (inner.stop.empty()) return Choice{std::min(plan.most_rounds, kRoundsWithoutInner)};
  std::vector<double> labels;
  for (const std::uint32_t row : inner.stop) labels.push_back(prepared.label[row]);
  Limits limits = limits_for(plan, input, plan.most_rounds, 0, 0.7);
  limits.patience = patience_for(growth_of(plan.options), inner.fit.size());
  limits.keep_answers = true;
  Booster booster = TRY(Booster::make(prepared, inner.fit, inner.stop, plan.parameters));
  const std::vector<double> weights = weights_of(prepared, inner.stop);
  Course course = TRY(grow(booster, {prepared.task, labels, weights, prepared.levels}, limits));
  if (course.ending == Ending::kStopped) return stopped();
  const std::size_t rows = inner.stop.size();
  return Choice{course.best, rows, course.loss, course.ending == Ending::kBudget,
                {std::move(inner.stop), std::move(course.answers)}};
}

std::string reason_of(const Plan& plan, const Choice& choice, const Model& model,
                      std::size_t rows) {
  const auto count = grouped(static_cast<std::uint64_t>(model.rounds));
  const std::string what =
      plan.parameters.forest ? fmt::format("a forest of {} trees on {} rows", count, grouped(rows))
                             : fmt::format("{} rounds of trees on {} rows", count, grouped(rows));
  if (plan.twin_rounds > 0) return what + ", as many as the candidate that was measured";
  if (choice.inner_rows == 0) return what + ": too few rows to find out how many are best";
  return fmt::format("{}; {} inner rows chose how many", what,
                     grouped(static_cast<std::uint64_t>(choice.inner_rows)));
}

Json evidence_of(const Prepared& prepared, const Plan& plan, const Choice& choice,
                 const Model& model, std::size_t rows) {
  Json evidence = {{"learner", learner_of(growth_of(plan.options))},
                   {"task", name_of(prepared.task)},
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

/// Progress of the fits on every row.
std::function<void(std::size_t)> told_of(const StageInput& input, std::size_t members) {
  return [&input, members](std::size_t done) {
    if (!input.progress) return;
    input.progress({{"what", "training on every row"},
                    {"done", static_cast<double>(done) / static_cast<double>(members)}});
  };
}

/// A twin of what a search chose: nothing is searched again.
Result<StageOutput> fit_again(const Prepared& prepared, const RowList& rows, const Plan& plan,
                              const StageInput& input) {
  const Mixed mixed = TRY(fit_members(prepared, rows, plan.twin_members, input.seed,
                                      plan.options, input.stop,
                                      told_of(input, plan.twin_members.size())));
  StageOutput output = TRY(hand_on(prepared, mixed, {}, 0, rows.size(), plan, input));
  output.reason = fmt::format("{} on {} rows, as the candidate that was measured",
                              grown_text(mixed), grouped(rows.size()));
  return output;
}

std::string found_reason(const Prepared& prepared, const Searched& searched, const Mixed& mixed,
                         std::size_t rows) {
  const Tried& best = searched.tried[best_of(searched.tried)];
  const std::string_view loss = loss_name(prepared.task);
  std::string text = fmt::format("{} tried on {} folds; the best has a {} of {:.4g}",
                                 searched.tried.size() == 1
                                     ? std::string("1 candidate was")
                                     : grouped(searched.tried.size()) + " candidates were",
                                 searched.folds, loss, best.loss);
  if (mixed.members.size() > 1) {
    text += fmt::format(", {} together {:.4g}", mixed.members.size(), searched.chosen.loss);
  }
  return text + fmt::format("; {} on {} rows", grown_text(mixed), grouped(rows));
}

/// What the chosen ones answer together to the rows of the folds, each by models that had not
/// learned from it.
Held held_of(const Searched& searched, const std::vector<Inner>& folds, const Model& model) {
  Held held;
  for (const Inner& fold : folds) {
    held.rows.insert(held.rows.end(), fold.stop.begin(), fold.stop.end());
  }
  held.answers = searched.raw;
  model.forest.link(held.answers);
  return held;
}

/// Many candidates on folds; what they chose is fitted on every training row.
Result<StageOutput> find(const Prepared& prepared, const RowList& rows,
                         const std::vector<Inner>& folds, const Plan& plan,
                         const StageInput& input) {
  SearchLimits limits{plan.budget.candidates, plan.limits.until_us, input.stop, input.progress};
  if (!input.kept.empty()) limits.trials = {*input.fs, input.kept};
  // All members together are one forest.
  const std::size_t room = model::kMostTrees / std::max<std::size_t>(prepared.outputs(), 1) /
                           static_cast<std::size_t>(plan.options.ensemble);
  const Searched searched =
      TRY(search(prepared, folds, plan.options,
                 std::clamp<std::size_t>(room, 1, plan.most_rounds), input.seed, limits));
  if (searched.tried.empty()) return spent(plan);
  // A stop ended the search, not what it found.
  const std::vector<Member> members = members_of(searched);
  const Mixed mixed = TRY(fit_members(prepared, rows, members, input.seed, plan.options,
                                      {}, told_of(input, members.size())));
  StageOutput output = TRY(hand_on(prepared, mixed,
                                   held_of(searched, folds, mixed.model),
                                   searched.tried.size(), rows.size(), plan, input));
  output.reason = found_reason(prepared, searched, mixed, rows.size());
  output.evidence["tried"] = tried_json(searched);
  output.measured["resumed"] = searched.resumed;
  output.evidence["folds"] = searched.folds;
  output.evidence["inner_rows"] = searched.rows;
  output.evidence["loss"] = loss_name(prepared.task);
  output.evidence["inner_loss"] = searched.chosen.loss;
  return output;
}

/// What a script hands over becomes a candidate like any other.
Result<StageOutput> take_over(const Prepared& prepared, const RowList& rows, const Plan& plan,
                              const StageInput& input) {
  const std::int64_t until = plan.limits.until_us.value_or(0);
  Scripted made = TRY(run_script({prepared, rows, plan.options, plan.twin_rounds, until}, input));
  StageOutput output =
      TRY(write(candidate_of(prepared, made.model, {}, std::move(made.options), plan), input));
  output.result = "trained";
  output.reason = fmt::format("`{}` trained {} trees of {} on {} rows", plan.options.command,
                              grouped(made.model.forest.trees()), made.library,
                              grouped(rows.size()));
  output.evidence = evidence_of(prepared, plan, Choice{made.model.rounds}, made.model, rows.size());
  output.evidence["learner"] = "script";
  output.evidence["inner_rows"] = made.inner_rows;
  output.evidence["command"] = plan.options.command;
  output.evidence["library"] = made.library;
  output.evidence["objective"] = made.objective;
  if (!made.said.empty()) output.measured["said"] = made.said;
  return output;
}

/// What else was asked for, and what it is measured beside.
void add_wishes(const Prepared& prepared, const Plan& plan, Json& evidence) {
  if (!prepared.weight_column.empty()) evidence["weight"] = prepared.weight_column;
  if (!plan.mix.is_null()) evidence["mix"] = plan.mix.at("shares");
  if (!plan.window.is_null()) evidence["window"] = plan.window;
  if (!plan.without.empty()) evidence["without"] = plan.without;
  if (!plan.options.class_weight.empty()) evidence["class_weight"] = plan.options.class_weight;
  if (!plan.options.monotone.empty()) evidence["monotone"] = plan.options.monotone;
  if (plan.baseline) evidence["linear"] = plan.baseline->json();
}

/// Of each level the quantile of what the labels are above a line's answers; empty without rows.
std::vector<double> quantiles_around(const Prepared& prepared, const RowList& rows,
                                     const std::vector<double>& line) {
  std::vector<double> above;
  for (std::size_t i = 0; i < line.size(); ++i) above.push_back(prepared.label[rows[i]] - line[i]);
  std::ranges::sort(above);
  std::vector<double> out;
  for (const double level : prepared.levels) {
    if (above.empty()) break;
    const double rank = std::ceil(level * static_cast<double>(above.size()));
    out.push_back(above[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
  }
  return out;
}

/// What lines are worth on the inner part, and the straight one as a baseline.
void look_at_lines(const Prepared& prepared, const RowList& rows, Plan& plan,
                   const StageInput& input) {
  if (plan.of_twin()) return;  // nothing is measured
  const bool learner = learners_of(plan.options).line && !plan.budget.searches &&
                       plan.options.command.empty();
  const bool measured = !prepared.rows_on(table::Side::kTest).empty();
  if (!learner && !measured) return;
  const Inner inner = inner_split(prepared, rows, input.seed);
  plan.lines = choose_lines(prepared, inner, learner, input.stop);
  if (!plan.lines.straight || !measured) return;
  if (prepared.task == model::Task::kQuantile) {
    plan.around = quantiles_around(prepared, inner.stop, plan.lines.straight->answers);
    if (plan.around.empty()) return;
  }
  plan.baseline = fit_line(prepared, rows, *plan.lines.straight, input.stop);
}

/// The line that is the candidate in place of trees; null: there is none, or it is not clearly
/// better on the inner rows than trees, which follow more of what comes later.
const LineChoice* line_instead(const Prepared& prepared, const Plan& plan, const Choice& trees) {
  const Learners learners = learners_of(plan.options);
  if (!learners.line || plan.twin_rounds > 0) return nullptr;
  const LineChoice* const line = plan.lines.better();
  if (!learners.grow() || line == nullptr || trees.held.rows.empty()) {
    return learners.grow() ? nullptr : line;
  }
  std::vector<double> labels;
  for (const std::uint32_t row : trees.held.rows) labels.push_back(prepared.label[row]);
  const std::vector<double> weights = weights_of(prepared, trees.held.rows);
  const Judged judged{prepared.task, labels, weights};
  const auto losses = [&](const std::vector<double>& answers) {
    return row_losses(judged, raw_of(prepared.task, answers));
  };
  const double ahead = standard_errors(losses(trees.held.answers), losses(line->answers),
                                       units_of(prepared, trees.held.rows));
  return ahead > kClearly ? line : nullptr;
}

Result<StageOutput> fit_one(const Prepared& prepared, const RowList& rows, const Plan& plan,
                            const StageInput& input) {
  Choice choice{plan.twin_rounds};
  const bool trees = learners_of(plan.options).grow();
  if (plan.twin_rounds == 0 && trees) choice = TRY(choose_rounds(prepared, rows, plan, input));
  if (choice.spent) return spent(plan);
  const LineChoice* const line = line_instead(prepared, plan, choice);
  if (!trees && !learners_of(plan.options).line) {
    return fit_near_alone(prepared, rows, plan, input);
  }
  if (line != nullptr || !trees) {
    return fit_line_alone(prepared, rows, line, choice.loss, plan, input);
  }
  const double done = choice.inner_rows > 0 ? 0.7 : 0;
  const Model model = TRY(fit_model(prepared, rows, plan.parameters,
                                    limits_for(plan, input, choice.rounds, done, 1)));
  if (model.spent) return spent(plan);
  const Json options = {{"learner", learner_of(growth_of(plan.options))},
                        {"parameters", plan.parameters.json()},
                        {"rounds", model.rounds},
                        {"seed", plan.options.seed}};
  StageOutput output = TRY(write(
      candidate_of(prepared, model, std::move(choice.held), options, plan), input));
  output.result = "trained";
  output.reason = reason_of(plan, choice, model, rows.size());
  output.evidence = evidence_of(prepared, plan, choice, model, rows.size());
  return output;
}

Result<StageOutput> fit_as_planned(const Prepared& prepared, const RowList& rows, const Plan& plan,
                                   const StageInput& input) {
  if (!plan.options.command.empty()) return take_over(prepared, rows, plan, input);
  if (!plan.twin_members.empty()) return fit_again(prepared, rows, plan, input);
  if (plan.budget.searches && plan.twin_rounds == 0) {
    const auto folds = folds_of(prepared, rows, input.seed,
                                static_cast<std::size_t>(plan.options.folds));
    if (!folds.empty()) return find(prepared, rows, folds, plan, input);
  }
  return fit_one(prepared, rows, plan, input);
}

Result<StageOutput> train(const StageInput& input) {
  Prepared prepared = TRY(read_prepared(input));
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  const Json mix = io::get_or<Json>(now, "mix", nullptr);
  if (!mix.is_null()) TRY(weigh_like(mix, prepared));
  RowList rows = rows_of(prepared, table::Side::kTrain);
  TRY(check_inputs(prepared, rows));
  Plan plan = TRY(plan_for(input, prepared));
  plan.mix = mix;
  Window window = TRY(choose_window(prepared, std::move(rows), plan, input));
  rows = std::move(window.rows);
  plan.window = std::move(window.found);
  plan.without = plan.of_twin()
                     ? io::get_or<std::vector<std::string>>(now, "without", {})
                     : clock_parts_without_cycle(prepared, rows);
  leave_out(plan.without, prepared);
  look_at_lines(prepared, rows, plan, input);
  StageOutput output = TRY(fit_as_planned(prepared, rows, plan, input));
  if (output.result == "trained") add_wishes(prepared, plan, output.evidence);
  output.reason += window.text;
  if (!plan.without.empty()) {
    output.reason += fmt::format("; without {}: these rows do not hold it twice",
                                 fmt::join(plan.without, ", "));
  }
  if (!mix.is_null()) output.reason += "; rows of kinds that come oftener now count more";
  return output;
}

}  // namespace

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
