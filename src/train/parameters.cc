// The list of what LightGBM is told. Nothing in it depends on the machine but the number of
// threads, from which no bit follows.
#include "train/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/worker.h"
#include "io/toml.h"

namespace rondo::train {
namespace {

/// Below so many values a thread spends its time in waiting for the others.
constexpr std::size_t kCellsPerThread = 500'000;
constexpr std::size_t kNamesTold = 20;
/// Beyond these a class has no part in what 32-bit floats can learn.
constexpr double kLeastClassWeight = 1e-6, kMostClassWeight = 1e6;

std::string_view objective_of(model::Task task) {
  switch (task) {
    case model::Task::kRegression: return "regression";
    case model::Task::kBinary: return "binary";
    case model::Task::kMulticlass: return "multiclass";
    case model::Task::kQuantile: return "quantile";
  }
  return "regression";
}

/// "; did you mean ...", or what there is.
std::string advice_for(const std::string& name, const std::vector<std::string>& names) {
  const std::string near = io::nearest(name, names);
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  const std::size_t told = std::min(names.size(), kNamesTold);
  return fmt::format("there {} {}{}", names.size() == 1 ? "is" : "are",
                     fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(told),
                               ", "),
                     told < names.size() ? fmt::format(" and {} more", names.size() - told) : "");
}

/// 1, -1 or 0 for each feature; empty where nothing is asked for.
Result<std::vector<int>> directions_of(const model::Prepared& prepared, const Json& monotone) {
  TRY(check_monotone(monotone));
  if (monotone.empty()) return std::vector<int>{};
  if (prepared.task == model::Task::kMulticlass) {
    return fail(Code::kInvalidInput,
                "[train] monotone: with more than two classes no answer is the higher one",
                "leave it out, or ask for two classes");
  }
  const auto names = prepared.transform.feature_names();
  std::vector<int> out(names.size());
  for (const auto& [name, direction] : monotone.items()) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      return fail(Code::kInvalidInput,
                  fmt::format("[train] monotone names \"{}\", which is no feature", name),
                  advice_for(name, names));
    }
    const auto place = static_cast<std::size_t>(found - names.begin());
    if (prepared.transform.steps()[place].is_category()) {
      return fail(Code::kInvalidInput,
                  fmt::format("[train] monotone names \"{}\", whose values have no order: it is a "
                              "category", name),
                  "read it as a number: [prepare] types");
    }
    out[place] = direction.get<int>();
  }
  return out;
}

/// One a class; empty where nothing is asked for.
Result<std::vector<double>> class_weights_of(const model::Prepared& prepared, const Json& asked) {
  TRY(check_class_weight(asked));
  if (asked.empty()) return std::vector<double>{};
  if (prepared.classes.empty()) {
    return fail(Code::kInvalidInput,
                fmt::format("[train] class_weight: the target \"{}\" is a number without classes",
                            prepared.target),
                "leave it out, or name a column of weights: [train] weight");
  }
  std::vector<double> weights(prepared.classes.size(), 1);
  for (const auto& [name, weight] : asked.items()) {
    const auto found = std::ranges::find(prepared.classes, name);
    if (found == prepared.classes.end()) {
      return fail(Code::kInvalidInput,
                  fmt::format("[train] class_weight names \"{}\", which is no class of \"{}\"",
                              name, prepared.target),
                  advice_for(name, prepared.classes));
    }
    weights[static_cast<std::size_t>(found - prepared.classes.begin())] = weight.get<double>();
  }
  return weights;
}

}  // namespace

Result<void> check_class_weight(const Json& class_weight) {
  if (!class_weight.is_object()) {
    return fail(Code::kInvalidInput, "train.class_weight: it is no table",
                "write class_weight = { yes = 5 }");
  }
  for (const auto& [name, weight] : class_weight.items()) {
    if (weight.is_number() && weight.get<double>() >= kLeastClassWeight &&
        weight.get<double>() <= kMostClassWeight) {
      continue;
    }
    return fail(Code::kInvalidInput,
                fmt::format("train.class_weight: of \"{}\" it says {}", name, weight.dump()),
                fmt::format("write how often a row of that class counts: from {:g} to {:g}",
                            kLeastClassWeight, kMostClassWeight));
  }
  return {};
}

Result<void> check_monotone(const Json& monotone) {
  if (!monotone.is_object()) {
    return fail(Code::kInvalidInput, "train.monotone: it is no table",
                "write monotone = { income = 1 }");
  }
  for (const auto& [name, direction] : monotone.items()) {
    if (direction.is_number_integer() && (direction == 1 || direction == -1)) continue;
    return fail(Code::kInvalidInput,
                fmt::format("train.monotone: of \"{}\" it says {}", name, direction.dump()),
                "write 1 where a greater value never lowers the answer, -1 where it never raises "
                "it");
  }
  return {};
}

std::string Parameters::text(std::size_t level) const {
  std::string text;
  if (!levels.empty()) text = fmt::format("alpha={}", levels[level]);
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
  if (!class_weights.empty()) json["class_weights"] = class_weights;
  if (!levels.empty()) json["levels"] = levels;
  return json;
}

std::vector<double> Parameters::corrections() const {
  std::vector<double> out;
  if (class_weights.empty()) return out;
  for (const double weight : class_weights) out.push_back(-std::log(weight));
  if (out.size() > 2 || multiclass) return out;
  return {out[1] - out[0]};
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
  return parameters_with(prepared, growth_of(options), options, seed, threads);
}

Result<Parameters> parameters_with(const model::Prepared& prepared, const Growth& growth,
                                   const Options& options, Seed seed, std::size_t threads) {
  const auto directions = TRY(directions_of(prepared, options.monotone));
  Parameters p;
  p.class_weights = TRY(class_weights_of(prepared, options.class_weight));
  p.multiclass = prepared.task == model::Task::kMulticlass;
  p.levels = prepared.levels;
  const auto set = [&p](std::string name, std::string value) {
    p.values.emplace_back(std::move(name), std::move(value));
  };
  set("objective", std::string(objective_of(prepared.task)));
  if (prepared.task == model::Task::kMulticlass) {
    set("num_class", fmt::to_string(prepared.classes.size()));
  }
  if (growth.forest) {
    const auto features = static_cast<double>(std::max<std::size_t>(prepared.features.columns, 1));
    p.forest = true;
    set("boosting", "rf");
    set("feature_fraction_bynode", fmt::to_string(std::sqrt(features) / features));
  } else {
    set("learning_rate", fmt::to_string(growth.rate));
  }
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
  if (!directions.empty()) {
    set("monotone_constraints", fmt::format("{}", fmt::join(directions, ",")));
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
