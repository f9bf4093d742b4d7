// Counting by the codes of a column; see named_slices.h.
#include "evaluate/named_slices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "evaluate/fairness.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

constexpr std::size_t kQuarters = 4;

struct Part {
  std::uint64_t rows = 0, inside = 0, positives = 0;
  double loss = 0, probability = 0;
};

Json share_json(std::uint64_t hits, std::uint64_t rows, double confidence) {
  const stats::Bounds bounds = stats::wilson({hits, rows}, confidence);
  return {{"value", static_cast<double>(hits) / static_cast<double>(rows)},
          {"low", bounds.low}, {"high", bounds.high}};
}

Json part_json(const Part& part, const std::string& where, const Looked& looked, bool enclosed,
               double confidence) {
  const double rows = static_cast<double>(part.rows);
  Json out = {{"where", where}, {"rows", part.rows}, {"judged", part.rows >= kFewestOfGroup},
              {"mean_loss", part.loss / rows}};
  if (enclosed) out["coverage"] = share_json(part.inside, part.rows, confidence);
  if (looked.truth.task != model::Task::kBinary) return out;
  out["mean_probability"] = part.probability / rows;
  out["positive"] = share_json(part.positives, part.rows, confidence);
  return out;
}

Result<std::size_t> place_of(const Looked& looked, const std::string& column) {
  const auto& steps = looked.prepared.transform.steps();
  std::vector<std::string> names;
  for (const model::Step& step : steps) names.push_back(step.feature);
  const auto found = std::ranges::find(names, column);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  return fail(Code::kInvalidInput,
              fmt::format("evaluate.slices: \"{}\" is no feature of the model", column),
              fmt::format("its features: {}", fmt::join(names, ", ")));
}

}  // namespace

Result<std::vector<std::string>> named_columns(const Json& slices) {
  if (slices == "auto" || slices == "off") return std::vector<std::string>{};
  const bool list = slices.is_array() && !slices.empty() &&
                    std::ranges::all_of(slices, [](const Json& one) { return one.is_string(); });
  if (list) return slices.get<std::vector<std::string>>();
  return fail(Code::kInvalidInput,
              fmt::format("evaluate.slices: {} is neither \"auto\", \"off\" nor a list of columns",
                          slices.dump()),
              "write \"auto\", \"off\", or columns whose parts are always told: [\"region\"]");
}

Result<Json> named_slices_json(const Looked& looked, const std::vector<std::string>& columns,
                               std::span<const stats::Bounds> between, double confidence) {
  Json out = Json::array();
  if (columns.empty()) return out;
  const std::vector<double> losses = slice_losses(looked.truth, looked.answers);
  const std::vector<std::size_t> rows = looked.prepared.rows_on(table::Side::kTest);
  for (const std::string& column : columns) {
    const std::size_t place = TRY(place_of(looked, column));
    const SliceFeature feature = slice_feature(looked.prepared, rows, place, kQuarters);
    std::vector<Part> parts(feature.text.size());
    for (std::size_t i = 0; i < losses.size(); ++i) {
      Part& part = parts[feature.code[i]];
      const double label = looked.truth.label[i], answer = looked.answers[i];
      part.rows += 1;
      part.loss += losses[i];
      const bool enclosed = !between.empty() && between[i].low <= label && label <= between[i].high;
      part.inside += enclosed ? 1 : 0;
      part.probability += answer;
      part.positives += label > 0.5 ? 1 : 0;
    }
    Json told = Json::array();
    for (std::size_t code = 0; code < parts.size(); ++code) {
      if (parts[code].rows == 0) continue;
      told.push_back(part_json(parts[code], feature.text[code], looked, !between.empty(),
                               confidence));
    }
    out.push_back({{"column", column}, {"parts", std::move(told)}});
  }
  return out;
}

}  // namespace rondo::evaluate
