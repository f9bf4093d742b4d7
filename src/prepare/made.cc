// Features that are made of columns, behind the leak guard, which judges the columns themselves.
// All that is fitted comes from training rows; values come from the very transform that serves, but
// for encodings in training rows, which may not know the row's own label.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "model/text_buckets.h"
#include "prepare/candidates.h"
#include "prepare/features.h"

namespace rondo::prepare {
namespace {

using model::Step;
using table::Column;

/// The category of a cell as the transform looks it up; nothing when it is missing.
std::optional<std::string> category_of(const Column& column, std::size_t row) {
  if (column.is_null(row)) return std::nullopt;
  if (table::is_text(column.type)) return std::string(column.text(row));
  const double value = column.as_double(row);
  if (!std::isfinite(value)) return std::nullopt;
  return shortest(value);
}

/// Codes by falling frequency, ties by bytes; what is rare shares the code behind the dictionary.
void fit_pairs(const Job& job, const Draft& draft, const Column& a, const Column& b, Step& step) {
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  for (const std::size_t i : draft.train) {
    const auto first = category_of(a, draft.used[i]), second = category_of(b, draft.used[i]);
    if (first && second) ++counts[{*first, *second}];
  }
  std::vector<std::pair<std::size_t, const std::pair<std::string, std::string>*>> order;
  for (const auto& [pair, count] : counts) {
    if (count < static_cast<std::size_t>(std::max<std::int64_t>(job.options.rare, 1))) continue;
    order.emplace_back(count, &pair);
  }
  std::ranges::stable_sort(order, std::ranges::greater(), [](const auto& each) {
    return each.first;
  });
  for (const auto& [count, pair] : order) {
    step.categories.push_back(pair->first);
    step.seconds.push_back(pair->second);
  }
  const bool some_rare = order.size() < counts.size();
  step.rare_code = some_rare ? static_cast<std::int32_t>(order.size()) : -1;
}

/// What stands where a later row has no number, if no training row lacks one: LightGBM would read a
/// missing value as 0 there.
void fill_gaps(std::vector<Step>& steps, const model::Matrix& values) {
  for (std::size_t column = 0; column < steps.size(); ++column) {
    Step& step = steps[column];
    const bool arithmetic = step.kind == Step::Kind::kArithmetic;
    if (!arithmetic && step.kind != Step::Kind::kText) continue;
    std::vector<double> there;
    for (std::size_t row = 0; row < values.rows; ++row) {
      there.push_back(values.row(row)[column]);
    }
    if (std::ranges::any_of(there, [](double x) { return std::isnan(x); })) continue;
    step.fill = arithmetic ? median(std::move(there)) : 0;
  }
}

/// Whether a column is among the inputs already, and where.
std::int32_t input_of(const Job& job, const std::string& name, table::Schema& inputs) {
  for (std::size_t i = 0; i < inputs.fields.size(); ++i) {
    if (inputs.fields[i].name == name) return static_cast<std::int32_t>(i);
  }
  inputs.fields.push_back(job.rows.schema().fields[*job.rows.schema().find(name)]);
  return static_cast<std::int32_t>(inputs.fields.size() - 1);
}

/// One; with many classes one each: the share of the class among rows of the category.
std::vector<Step> encodings_of(const Draft& draft, const Column& column, const Step& like) {
  std::vector<Step> steps;
  for (std::uint32_t index = 0; index < encodings_a_column(draft); ++index) {
    Step step = like;
    Encoding encoding = fit_encoding(draft, column, index);
    step.bucket = index;
    if (draft.task == model::Task::kMulticlass) step.feature += "_" + draft.classes[index];
    step.categories = std::move(encoding.categories);
    step.values = std::move(encoding.values);
    step.fill = encoding.mean;
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<Step> steps_for(const Job& job, const Draft& draft, const MadeWish& wish,
                            table::Schema& inputs) {
  Step step;
  step.kind = wish.kind;
  step.feature = wish.feature(job.situation.target);
  step.input = input_of(job, wish.columns[0], inputs);
  if (wish.columns.size() == 2) step.other = input_of(job, wish.columns[1], inputs);
  step.operation = wish.operation;
  step.weight = wish.weight;
  const Column& column = *job.rows.find(wish.columns[0]);
  if (wish.kind == Step::Kind::kPair) {
    fit_pairs(job, draft, column, *job.rows.find(wish.columns[1]), step);
  }
  if (wish.kind == Step::Kind::kEncoding) return encodings_of(draft, column, step);
  if (wish.kind != Step::Kind::kText) return {step};
  std::vector<Step> steps(model::kTextBuckets, step);
  for (std::uint32_t bucket = 0; bucket < model::kTextBuckets; ++bucket) {
    steps[bucket].bucket = bucket;
    steps[bucket].feature += "_" + std::to_string(bucket + 1);
  }
  return steps;
}

}  // namespace

model::Transform fit_made(const Job& job, const Draft& draft,
                          const std::vector<MadeWish>& wishes) {
  table::Schema inputs;
  std::vector<Step> steps;
  for (const MadeWish& wish : wishes) {
    for (Step& step : steps_for(job, draft, wish, inputs)) steps.push_back(std::move(step));
  }
  const model::Transform open(inputs, steps, {});
  fill_gaps(steps, matrix_of(job, draft, open, draft.train));
  return {std::move(inputs), std::move(steps), {}};
}

model::Matrix made_values(const Job& job, const Draft& draft, const model::Transform& transform,
                          std::span<const std::size_t> places) {
  model::Matrix matrix = matrix_of(job, draft, transform, places);
  std::vector<std::size_t> folds;
  for (std::size_t column = 0; column < matrix.columns; ++column) {
    const Step& step = transform.steps()[column];
    if (step.kind != Step::Kind::kEncoding) continue;
    if (folds.empty() && !job.situation.has_clock) folds = folds_of(job, draft);
    const std::string& name = transform.inputs().fields[static_cast<std::size_t>(step.input)].name;
    const std::vector<double> apart =
        encoded_apart(job, draft, *job.rows.find(name), step.bucket, folds);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (draft.split.side[draft.used[places[i]]] != table::Side::kTrain) continue;
      matrix.values[i * matrix.columns + column] = apart[places[i]];
    }
  }
  return matrix;
}

model::Transform fit_lags(const Job& job, const Draft& draft,
                          const std::vector<LagWish>& wishes) {
  model::HistorySpec history =
      history_of(wishes, job.situation.entity, scales_of(job, draft, wishes));
  table::Schema inputs;
  const auto need = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (inputs.find(name)) continue;
      inputs.fields.push_back(job.rows.schema().fields[*job.rows.schema().find(name)]);
    }
  };
  need(history.entity);
  for (const model::Side& side : history.sides) need(side.on);
  std::vector<Step> steps;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    Step step;
    step.kind = Step::Kind::kLag;
    step.feature = wishes[i].feature;
    step.lag = static_cast<std::uint32_t>(i);
    step.coded = !wishes[i].categories.empty();
    steps.push_back(std::move(step));
  }
  return {std::move(inputs), std::move(steps), std::move(history)};
}

namespace {

/// Behind the features that are there.
void add(const Job& job, Draft& draft, const model::Transform& more) {
  std::vector<std::size_t> all(draft.used.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  draft.matrix = joined(draft.matrix, made_values(job, draft, more, all));
  draft.transform = joined(draft.transform, more);
}

}  // namespace

Broken make_features(const Job& job, Draft& draft) {
  if (!job.made.empty()) add(job, draft, fit_made(job, draft, job.made));
  std::vector<Wish> wishes;
  if (job.found) {
    draft.search = {{"found", *job.found}};
    if (auto taken = wishes_from(*job.found)) wishes = std::move(*taken);
  } else if (job.options.features == "auto") {
    Found found = search_features(job, draft);
    draft.search = std::move(found.told);
    draft.search["found"] = to_json(found.wishes);
    wishes = std::move(found.wishes);
  }
  if (!wishes.empty()) add(job, draft, fit_wishes(job, draft, wishes));
  return {};
}

}  // namespace rondo::prepare
