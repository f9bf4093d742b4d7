// A candidate's options as Json and back.
#include "train/growth.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/neighbours.h"
#include "model/prepared.h"

namespace rondo::train {
namespace {

constexpr auto kFewestNear = static_cast<std::int64_t>(model::Neighbours::kFewest);
constexpr auto kMostNear = static_cast<std::int64_t>(model::Neighbours::kMost);

}  // namespace

std::string_view learner_of(const Growth& growth) {
  if (growth.near) return "neighbours";
  return growth.line ? "linear" : growth.forest ? "forest" : "trees";
}

Growth forest_growth() { return {.leaves = 128, .min_leaf = 5, .rows = 0.632, .forest = true}; }

Json Growth::json() const {
  if (near && k == 0) return {{"learner", learner_of(*this)}};
  if (near) return {{"learner", learner_of(*this)}, {"k", k}};
  if (line && penalty == 0) return {{"learner", learner_of(*this)}};
  if (line) return {{"learner", learner_of(*this)}, {"bent", bent}, {"penalty", penalty}};
  if (forest) {
    return {{"learner", learner_of(*this)}, {"leaves", leaves}, {"min_leaf", min_leaf},
            {"rows", rows}};
  }
  return {{"rate", rate},       {"leaves", leaves}, {"min_leaf", min_leaf}, {"columns", columns},
          {"rows", rows},       {"l1", l1},         {"l2", l2}};
}

Result<Growth> Growth::from_json(const Json& json) {
  Growth growth;
  const auto learner = io::get_or<std::string>(json, "learner", "trees");
  growth.near = learner == "neighbours";
  if (growth.near) {
    growth.k = io::get_or<std::int64_t>(json, "k", 0);
    if (growth.k == 0 || (growth.k >= kFewestNear && growth.k <= kMostNear)) return growth;
    return fail(Code::kInvalidInput, "5 to 50 neighbours answer, not " + std::to_string(growth.k));
  }
  growth.line = learner == "linear";
  if (growth.line) {
    growth.bent = io::get_or<bool>(json, "bent", false);
    growth.penalty = io::get_or<double>(json, "penalty", 0);
    return growth;
  }
  if (learner == "forest") {
    growth = forest_growth();
    growth.leaves = TRY(io::get<std::int64_t>(json, "leaves"));
    growth.min_leaf = TRY(io::get<std::int64_t>(json, "min_leaf"));
    growth.rows = TRY(io::get<double>(json, "rows"));
    return growth;
  }
  growth.rate = TRY(io::get<double>(json, "rate"));
  growth.leaves = TRY(io::get<std::int64_t>(json, "leaves"));
  growth.min_leaf = TRY(io::get<std::int64_t>(json, "min_leaf"));
  growth.columns = TRY(io::get<double>(json, "columns"));
  growth.rows = TRY(io::get<double>(json, "rows"));
  growth.l1 = TRY(io::get<double>(json, "l1"));
  growth.l2 = TRY(io::get<double>(json, "l2"));
  return growth;
}

Result<void> check_learners(const Options& options) {
  const auto wrong = [](std::string what, std::string advice) {
    return fail(Code::kInvalidInput, "train.learners: " + std::move(what), std::move(advice));
  };
  std::vector<std::string> seen;
  for (const std::string& name : options.learners) {
    if (name != "trees" && name != "linear" && name != "forest" && name != "neighbours") {
      return wrong(fmt::format("\"{}\" is no learner", name),
                   "there are trees, linear, forest and neighbours");
    }
    if (std::ranges::find(seen, name) != seen.end()) {
      return wrong(fmt::format("\"{}\" is there twice", name), "name each once");
    }
    seen.push_back(name);
  }
  if (seen.empty()) {
    return wrong("it is empty",
                 "write learners = [\"trees\", \"linear\", \"forest\", \"neighbours\"]");
  }
  if (!options.monotone.empty() && !learners_of(options).grow()) {
    return wrong("neither lines nor neighbours keep what [train] monotone asks for",
                 "add \"trees\", or leave monotone out");
  }
  return {};
}

Result<void> check_quantiles(const Options& options) {
  const auto wrong = [](std::string what, std::string advice) {
    return fail(Code::kInvalidInput, "train.quantiles: " + std::move(what), std::move(advice));
  };
  if (options.quantiles.empty()) return {};
  if (!model::are_levels(options.quantiles)) {
    return wrong("are no levels", "write 1 to 20 numbers between 0 and 1 that rise: quantiles = "
                                  "[0.1, 0.5, 0.9]");
  }
  if (!options.command.empty()) {
    return wrong("are set beside train.command",
                 "a script answers one number: leave one of them out");
  }
  if (learners_of(options).trees) return {};
  return wrong("are learned by trees, which train.learners leaves out", "add \"trees\"");
}

Learners learners_of(const Options& options) {
  const auto named = [&](std::string_view name) {
    return std::ranges::find(options.learners, name) != options.learners.end();
  };
  const bool free = options.monotone.empty();
  return {named("trees"), named("linear") && free, named("forest"), named("neighbours") && free};
}

Growth growth_of(const Options& options) {
  const Learners learners = learners_of(options);
  if (learners.forest && !learners.trees) return forest_growth();
  return {.rate = options.rate, .leaves = options.leaves, .min_leaf = options.min_leaf};
}

}  // namespace rondo::train
