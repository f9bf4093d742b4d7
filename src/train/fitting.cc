// Boosts, takes LightGBM's text over into our own forest, and compares the two.
#include "train/fitting.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "io/digest.h"
#include "model/blend.h"
#include "model/compiled_forest.h"

namespace rondo::train {
namespace {

using model::Prepared;

constexpr std::size_t kRowsCompared = 1'000;

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

}  // namespace

std::string digest_of_text(std::string_view text) {
  constexpr std::string_view kBegin = "\nparameters:\n", kEnd = "\nend of parameters\n";
  const std::size_t begin = text.find(kBegin);
  const std::size_t end = text.find(kEnd, begin == text.npos ? 0 : begin);
  if (begin == text.npos || end == text.npos) return io::sha256(text).hex();
  return io::sha256(std::string(text.substr(0, begin)) +
                    std::string(text.substr(end + kEnd.size())))
      .hex();
}

/// One output a level; the digest is that of the levels' digests, a line each.
Result<void> take_levels(const std::vector<std::string>& texts, Model& model) {
  std::vector<model::Forest> levels;
  std::string digests;
  for (const std::string& text : texts) {
    levels.push_back(TRY(model::Forest::from_lightgbm(text)));
    digests += digest_of_text(text) + "\n";
  }
  model.forest = TRY(model::side_by_side(levels));
  model.digest = io::sha256(digests).hex();
  return {};
}

Result<Model> fit_model(const Prepared& prepared, const RowList& train,
                        const Parameters& parameters, const Limits& limits) {
  Booster booster = TRY(Booster::make(prepared, train, {}, parameters));
  const Course course = TRY(grow(booster, {}, limits));
  if (course.ending == Ending::kStopped) {
    return fail(Code::kCancelled, "training was stopped before it had a model");
  }
  Model model;
  model.spent = course.ending == Ending::kBudget;
  if (model.spent) return model;
  model.rounds = course.rounds;
  std::vector<std::string> texts = TRY(booster.texts(course.rounds));
  model.digest = digest_of_text(texts[0]);
  // LightGBM's raw scores of a forest are sums; that it divides them is a line of its text.
  constexpr std::string_view kMean = "\naverage_output\n";
  if (const std::size_t at = texts[0].find(kMean); parameters.forest && at != std::string::npos) {
    texts[0].replace(at, kMean.size(), "\n");
  }
  model.forest = TRY(model::Forest::from_lightgbm(texts[0]));
  if (!parameters.levels.empty()) TRY(take_levels(texts, model));
  TRY(compare(model.forest, booster, course.rounds, prepared));
  if (parameters.forest) {
    const model::Weighted mean{&model.forest, 1 / static_cast<double>(course.rounds)};
    model.forest = TRY(model::blend(std::span(&mean, 1)));
  }
  if (const auto corrections = parameters.corrections(); !corrections.empty()) {
    model.forest = TRY(model::shifted(model.forest, corrections));
  }
  return model;
}

}  // namespace rondo::train
