// The list of what LightGBM is told. Nothing in it depends on the machine but the number of
// threads, from which no bit follows.
#include "train/parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/worker.h"

namespace rondo::train {
namespace {

/// Below so many values a thread spends its time in waiting for the others.
constexpr std::size_t kCellsPerThread = 500'000;

std::string_view objective_of(model::Task task) {
  switch (task) {
    case model::Task::kRegression: return "regression";
    case model::Task::kBinary: return "binary";
    case model::Task::kMulticlass: return "multiclass";
  }
  return "regression";
}

}  // namespace

std::string Parameters::text() const {
  std::string text;
  for (const auto& [name, value] : values) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

Json Parameters::json() const {
  Json json = Json::object();
  for (const auto& [name, value] : values) {
    if (name != "num_threads") json[name] = value;
  }
  return json;
}

std::size_t lanes_for(std::int64_t wanted) {
  return wanted > 0 ? static_cast<std::size_t>(wanted) : cores();
}

std::size_t threads_for(std::int64_t wanted, std::size_t cells) {
  if (wanted > 0) return static_cast<std::size_t>(wanted);
  return std::clamp<std::size_t>(cells / kCellsPerThread, 1, cores());
}

Result<Parameters> parameters_for(const model::Prepared& prepared, const Options& options,
                                  Seed seed, std::size_t threads) {
  if (options.leaves < 2 || options.rounds < 1 || options.min_leaf < 1 || !(options.rate > 0)) {
    return fail(Code::kInvalidInput, "[train] rate, leaves, rounds and min_leaf must be above 0",
                "leave them out to get the defaults");
  }
  return parameters_with(prepared, growth_of(options), seed, threads);
}

Result<Parameters> parameters_with(const model::Prepared& prepared, const Growth& growth,
                                   Seed seed, std::size_t threads) {
  Parameters p;
  const auto set = [&p](std::string name, std::string value) {
    p.values.emplace_back(std::move(name), std::move(value));
  };
  set("objective", std::string(objective_of(prepared.task)));
  if (prepared.task == model::Task::kMulticlass) {
    set("num_class", fmt::to_string(prepared.classes.size()));
  }
  set("learning_rate", fmt::to_string(growth.rate));
  set("num_leaves", fmt::to_string(growth.leaves));
  set("min_data_in_leaf", fmt::to_string(growth.min_leaf));
  // What is left at its default is left out: then the bits are those of LightGBM without it.
  if (growth.columns < 1) set("feature_fraction", fmt::to_string(growth.columns));
  if (growth.rows < 1) {
    set("bagging_fraction", fmt::to_string(growth.rows));
    set("bagging_freq", "1");
  }
  if (growth.l1 > 0) set("lambda_l1", fmt::to_string(growth.l1));
  if (growth.l2 > 0) set("lambda_l2", fmt::to_string(growth.l2));
  const auto categorical = prepared.transform.categorical();
  if (!categorical.empty()) {
    set("categorical_feature", fmt::format("{}", fmt::join(categorical, ",")));
  }
  set("metric", "none");  // losses are computed here, in one order
  set("deterministic", "true");
  set("force_row_wise", "true");
  set("seed", fmt::to_string(seed.derive("trees").value % 2'147'483'647));
  set("verbosity", "-1");
  set("num_threads", fmt::to_string(threads));
  return p;
}

}  // namespace rondo::train
