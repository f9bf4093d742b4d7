// The stored rows and model of a cycle, explained.
#include "loop/explain_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loop/desk.h"
#include "loop/state.h"
#include "model/compiled_forest.h"
#include "model/explain.h"
#include "model/pipeline.h"
#include "model/prepared.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kRows = 500;

std::vector<double> test_features(const model::Prepared& prepared) {
  const std::vector<std::size_t> test = prepared.rows_on(table::Side::kTest);
  const std::size_t count = std::min(kRows, test.size());
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = prepared.features.row(test[i * test.size() / count]);
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

Result<std::string> object_named(ledger::Store& store, const std::string& digest) {
  return store.objects->get(TRY(io::Digest::from_hex(digest)));
}

}  // namespace

Result<Json> explain_view(ledger::Store& store, std::int64_t version) {
  const State state = TRY(read_state(*store.ledger));
  const auto found = state.versions.find(version);
  if (found == state.versions.end() || found->second.candidate.empty()) {
    return fail(Code::kNotFound,
                fmt::format("v{} was not measured here, so there are no rows to explain", version),
                "rows of your own: rondo models explain v" + fmt::to_string(version) +
                    " --row FILE");
  }
  const auto prepared =
      TRY(model::Prepared::decode(TRY(object_named(store, found->second.prepared))));
  const auto candidate =
      TRY(model::Candidate::decode(TRY(object_named(store, found->second.candidate))));
  const auto forest = TRY(model::Forest::decode(candidate.forest));
  const auto explainer =
      TRY(model::ForestExplainer::make(forest, model::CompiledForest(forest).kernel()));
  const std::size_t outputs = forest.outputs(), width = explainer.columns();
  const std::vector<double> features = test_features(prepared);
  const std::size_t rows = features.size() / prepared.features.columns;
  std::vector<double> out(rows * outputs * (width + 1));
  explainer.contributions(features, rows, out);
  std::vector<double> mean(width);
  Json base = Json::array();
  for (std::size_t i = 0; i < rows * outputs; ++i) {
    const auto one = std::span(out).subspan(i * (width + 1), width + 1);
    for (std::size_t column = 0; column < width; ++column) {
      mean[column] += std::abs(one[column]) / static_cast<double>(rows);
    }
    if (i < outputs) base.push_back(one[width]);
  }
  double all = 0;
  std::vector<std::size_t> order;
  for (std::size_t column = 0; column < width; ++column) {
    all += mean[column];
    order.push_back(column);
  }
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return mean[i]; });
  Json told = Json::array();
  for (const std::size_t column : order) {
    told.push_back({{"feature", column < prepared.features.columns
                                    ? prepared.transform.steps()[column].feature
                                    : std::string(model::kNeighboursName)},
                    {"mean", mean[column]},
                    {"share", all > 0 ? mean[column] / all : 0}});
  }
  return Json{{"version", version}, {"rows", rows}, {"base", base}, {"features", told}};
}

}  // namespace rondo::loop
