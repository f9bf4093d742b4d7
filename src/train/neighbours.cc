// The linear form says what the columns are; the model's own code makes them of features, here as
// where it serves.
#include "train/neighbours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "model/cost.h"
#include "model/forest_build.h"
#include "train/linear.h"
#include "train/linear_form.h"

namespace rondo::train {
namespace {

constexpr std::array<std::int64_t, 4> kCounts = {5, 10, 20, 50};
constexpr std::size_t kFewestKept = 50, kRowsThatChoose = 2'000, kRowsOfMean = 1'000;
constexpr std::size_t kRowsAtATime = 1'000;

/// Rows that count, as columns and answers; nothing: they are too few, or have no column.
std::optional<model::Neighbours::Parts> kept_rows(const model::Prepared& prepared,
                                                  const RowList& train, double row_us) {
  RowList counting;
  for (const std::uint32_t row : train) {
    if (prepared.weight.empty() || prepared.weight[row] > 0) counting.push_back(row);
  }
  if (counting.size() < kFewestKept) return std::nullopt;
  RowList rows = thinned(counting, model::Neighbours::kMostRows);
  model::Neighbours::Parts parts;
  parts.columns = LinearForm(prepared, rows, false).for_distances();
  if (parts.columns.empty()) return std::nullopt;
  rows = thinned(counting, model::rows_within(row_us / 2, parts.columns.size()));
  if (rows.size() < kFewestKept) return std::nullopt;
  double most = 0;
  for (const std::uint32_t row : rows) {
    const auto features = prepared.features.row(row);
    for (const auto& column : parts.columns) {
      parts.values.push_back(column.value(features[column.feature]));
    }
    parts.answers.push_back(prepared.label[row]);
    if (!prepared.weight.empty()) most = std::max(most, prepared.weight[row]);
  }
  for (const std::uint32_t row : rows) {
    if (prepared.weight.empty()) break;
    // Beside the heaviest the lightest may be nothing in a double; it has to be something.
    parts.weights.push_back(std::max(prepared.weight[row] / most, 1e-300));
  }
  return parts;
}

Result<model::Forest> forest_with(const model::Prepared& prepared, model::Neighbours::Parts parts,
                                  std::size_t outputs) {
  model::ForestBuilder builder = TRY(model::ForestBuilder::start(
      {prepared.features.columns, outputs, link_of(prepared.task), 1.0}));
  for (std::size_t i = 0; i < outputs; ++i) {
    model::ForestBuilder::Tree tree;
    tree.leaves = {0};
    tree.covers = {static_cast<double>(parts.answers.size())};
    TRY(builder.add(tree));
  }
  TRY(builder.add_neighbours(std::move(parts), 1));
  return builder.finish();
}

/// A forest with the mean of what it answers to rows that it was made of.
std::optional<Near> near_of(const model::Prepared& prepared, const RowList& train,
                            model::Neighbours::Parts parts, std::int64_t k) {
  const std::size_t outputs = prepared.outputs();
  parts.k = static_cast<std::uint32_t>(k);
  parts.mean.assign(outputs, 0);
  const auto plain = forest_with(prepared, parts, outputs);
  if (!plain) return std::nullopt;
  const RowList some = thinned(train, kRowsOfMean);
  const FeatureRows features(prepared.features, some);
  std::vector<double> raw(some.size() * outputs);
  plain->raw_batch(features.values(), some.size(), raw);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    parts.mean[i % outputs] += raw[i] / static_cast<double>(some.size());
  }
  const std::size_t rows = parts.answers.size(), columns = parts.columns.size();
  auto forest = forest_with(prepared, std::move(parts), outputs);
  if (!forest) return std::nullopt;
  return Near{*std::move(forest), k, rows, columns};
}

}  // namespace

Result<NearLimits> near_limits(const Options& options, const Stop& stop) {
  return NearLimits{static_cast<double>(TRY(parse_span(options.row_max)).us), stop};
}

std::optional<std::vector<double>> near_answers(const model::Forest& forest,
                                                const model::Prepared& prepared,
                                                const RowList& rows, const Stop& stop) {
  std::vector<double> answers;
  for (std::size_t from = 0; from < rows.size(); from += kRowsAtATime) {
    if (stop.requested()) return std::nullopt;
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(kRowsAtATime, rows.size() - from);
    const RowList some(begin, begin + static_cast<std::ptrdiff_t>(count));
    const std::vector<double> more = answers_of(forest, prepared, some);
    answers.insert(answers.end(), more.begin(), more.end());
  }
  return answers;
}

std::optional<NearChoice> choose_near(const model::Prepared& prepared, const Inner& inner,
                                      const NearLimits& limits) {
  NearChoice best{kCounts[1], std::numeric_limits<double>::quiet_NaN()};
  if (inner.stop.empty()) return best;
  const auto parts = kept_rows(prepared, inner.fit, limits.row_us);
  if (!parts) return std::nullopt;
  const RowList some = thinned(inner.stop, kRowsThatChoose);
  std::vector<double> labels;
  for (const std::uint32_t row : some) labels.push_back(prepared.label[row]);
  const std::vector<double> weights =
      has_weight(prepared, some) ? weights_of(prepared, some) : std::vector<double>();
  std::optional<Near> found;
  for (const std::int64_t k : kCounts) {
    auto near = near_of(prepared, inner.fit, *parts, k);
    if (!near) return std::nullopt;
    const auto answers = near_answers(near->forest, prepared, some, limits.stop);
    if (!answers) return std::nullopt;
    const double loss = mean_loss({prepared.task, labels, weights}, *answers);
    if (!std::isfinite(loss) || loss >= best.loss) continue;
    best.k = k;
    best.loss = loss;
    found = std::move(near);
  }
  if (!found) return std::nullopt;
  auto answers = near_answers(found->forest, prepared, inner.stop, limits.stop);
  if (!answers) return std::nullopt;
  best.answers = *std::move(answers);
  if (some.size() == inner.stop.size()) return best;
  labels.clear();
  for (const std::uint32_t row : inner.stop) labels.push_back(prepared.label[row]);
  const std::vector<double> all = weights_of(prepared, inner.stop);
  best.loss = mean_loss({prepared.task, labels, all}, best.answers);
  return best;
}

std::optional<Near> fit_near(const model::Prepared& prepared, const RowList& train, std::int64_t k,
                             const NearLimits& limits) {
  if (limits.stop.requested()) return std::nullopt;
  auto parts = kept_rows(prepared, train, limits.row_us);
  if (!parts) return std::nullopt;
  return near_of(prepared, train, *std::move(parts), k);
}

std::optional<Near> fit_best_near(const model::Prepared& prepared, const RowList& train, Seed seed,
                                  const NearLimits& limits) {
  const auto choice = choose_near(prepared, inner_split(prepared, train, seed), limits);
  if (!choice) return std::nullopt;
  return fit_near(prepared, train, choice->k, limits);
}

}  // namespace rondo::train
