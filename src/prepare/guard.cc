// The leak guard: columns that give the target away, rows that stand on both sides, clocks that run
// ahead. It reads training rows (evenly thinned when there are very many) and judges raw columns
// only: lags and parts of the event time cannot know what is not known yet.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "prepare/guard.h"
#include "prepare/linear.h"
#include "stats/delong.h"

namespace rondo::prepare {
namespace {

using model::Step;

constexpr double kLinear = 0.9999;
constexpr double kFuture = 0.001;
constexpr std::size_t kFewestNewest = 1'000;   // rows that are judged apart from the older ones,
constexpr std::size_t kFewestOfClass = 20;     // with so many of each of two classes
constexpr std::size_t kMostColumns = 256;      // of the least squares
constexpr std::size_t kMostProducts = 200'000'000;

std::vector<double> column_of(const Draft& draft, std::size_t column,
                              const std::vector<std::size_t>& rows) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::size_t row : rows) values.push_back(draft.matrix.row(row)[column]);
  return values;
}

/// The raw column of a step; empty for lags and parts of the event time.
std::string source_of(const Draft& draft, const Step& step) {
  if (step.input < 0) return {};
  return draft.transform.inputs().fields[static_cast<std::size_t>(step.input)].name;
}

/// Whether another finding has this very column.
bool is_named(const Draft& draft, const std::string& column) {
  return std::ranges::any_of(draft.findings, [&](const Finding& finding) {
    return finding.columns == std::vector<std::string>{column};
  });
}

/// Rows of one entity are in one fold where they are on one side of the split.
std::vector<std::uint8_t> folds_of(const Job& job, const Draft& draft,
                                   const std::vector<std::size_t>& rows) {
  std::vector<std::uint8_t> folds;
  if (draft.split.by_time || job.situation.entity.empty()) return folds;
  for (const std::size_t row : rows) {
    const std::uint64_t hash = Seed{}.derive(entity_of(job, draft.used[row])).value;
    folds.push_back(static_cast<std::uint8_t>(mixed(hash) % kFolds));
  }
  return folds;
}

/// By column: those that tell the target in these training rows.
using Copies = std::map<std::string, double>;

void add_copies(const Job& job, const Draft& draft, const std::vector<std::size_t>& rows,
                Copies& copies) {
  Answer answer = answer_of(draft.task, draft.classes.size(), labels_of(draft, rows));
  answer.fold = folds_of(job, draft, rows);
  for (std::size_t column = 0; column < draft.transform.features(); ++column) {
    const Step& step = draft.transform.steps()[column];
    const std::string source = source_of(draft, step);
    if (source.empty() || is_allowed(job, source) || is_named(draft, source)) continue;
    const bool categorical = step.kind == Step::Kind::kCategory;
    const double told = told_alone(cut(column_of(draft, column, rows), categorical), answer);
    if (told >= kCopy) copies[source] = std::max(copies[source], told);
  }
}

/// The newest quarter of the training rows, if it is large enough to be judged alone.
std::vector<std::size_t> newest_quarter(const Draft& draft) {
  const std::span rows = std::span(draft.train).last(draft.train.size() / 4);
  if (!draft.split.by_time || rows.size() < kFewestNewest) return {};
  if (draft.task == model::Task::kBinary) {
    const auto ones = static_cast<std::size_t>(std::ranges::count_if(
        rows, [&](std::size_t row) { return draft.label[row] == 1; }));
    if (std::min(ones, rows.size() - ones) < kFewestOfClass) return {};
  }
  return thinned(rows, kMostGuarded);
}

/// With a clock a leak may have begun lately, so the newest rows are judged alone too.
void find_copies(const Job& job, Draft& draft) {
  Copies copies;
  add_copies(job, draft, thinned(draft.train, kMostGuarded), copies);
  const auto newest = newest_quarter(draft);
  if (!newest.empty()) add_copies(job, draft, newest, copies);
  for (const auto& [source, told] : copies) {
    draft.findings.push_back(
        {"target copy", {source}, told,
         fmt::format("\"{}\" alone gives \"{}\" away ({} {:.4f} out of fold)", source,
                     job.situation.target, measure_of(draft), told)});
  }
}

/// The numeric features that the least squares may use; the most telling ones when they are many.
std::vector<std::size_t> numeric_features(const Job& job, const Draft& draft,
                                          const std::vector<std::size_t>& rows) {
  std::vector<std::pair<double, std::size_t>> order;
  const std::vector<double> label = labels_of(draft, rows);
  const double mean = stats::moments(label).mean;
  for (std::size_t column = 0; column < draft.transform.features(); ++column) {
    const Step& step = draft.transform.steps()[column];
    if (step.kind != Step::Kind::kNumber || is_allowed(job, source_of(draft, step))) continue;
    const std::vector<double> values = column_of(draft, column, rows);
    double sum = 0, products = 0, squares = 0, count = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      squares += values[i] * values[i];
      products += values[i] * (label[i] - mean);
      count += 1;
    }
    if (count * 2 < static_cast<double>(values.size())) continue;
    const double spread = std::sqrt(std::max(squares - sum * sum / count, 0.0));
    if (spread > 0) order.push_back({-std::abs(products) / spread, column});
  }
  std::ranges::sort(order);
  if (order.size() > kMostColumns) order.resize(kMostColumns);
  std::vector<std::size_t> columns;
  for (const auto& [weight, column] : order) columns.push_back(column);
  std::ranges::sort(columns);
  return columns;
}

void find_linear(const Job& job, Draft& draft) {
  if (draft.task == model::Task::kMulticlass) return;
  const auto columns = numeric_features(job, draft, thinned(draft.train, kMostGuarded));
  if (columns.empty()) return;
  const std::size_t most = std::max(kMostProducts / (columns.size() * columns.size() + 1),
                                    8 * columns.size());
  Sample sample;
  sample.columns.resize(columns.size());
  for (const std::size_t row : thinned(draft.train, std::min(most, kMostGuarded))) {
    const auto values = draft.matrix.row(row);
    const bool complete = std::ranges::all_of(
        columns, [&](std::size_t column) { return std::isfinite(values[column]); });
    if (!complete) continue;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      sample.columns[j].push_back(values[columns[j]]);
    }
    sample.target.push_back(draft.label[row]);
  }
  const LinearCopy copy = find_linear_copy(sample, kLinear);
  if (copy.columns.empty()) return;
  std::vector<std::string> names;
  for (const std::size_t j : copy.columns) {
    names.push_back(source_of(draft, draft.transform.steps()[columns[j]]));
  }
  for (const Finding& other : draft.findings) {
    if (other.columns == names) return;  // one column, named already
  }
  draft.findings.push_back(
      {"linear copy", names, copy.r2,
       fmt::format("{} give \"{}\" by a linear formula (R2 {:.5f} on rows that it was not fitted "
                   "to)",
                   fmt::join(names, " + "), job.situation.target, copy.r2)});
}

/// An identifier that orders the classes: it was given after the outcome was known, or the file is
/// sorted by it. With a clock, order and outcome may move together without any fault.
void find_telling_ids(const Job& job, Draft& draft) {
  if (draft.task != model::Task::kBinary || job.situation.has_clock) return;
  for (const Input& input : draft.ids) {
    const table::Column& column = job.rows.column(input.column);
    if (column.type != table::Type::kInteger || is_allowed(job, input.name)) continue;
    std::vector<double> score;
    std::vector<std::uint8_t> positive;
    double ones = 0;
    for (const std::size_t i : draft.train) {
      if (column.is_null(draft.used[i])) continue;
      score.push_back(column.as_double(draft.used[i]));
      positive.push_back(draft.label[i] == 1 ? 1 : 0);
      ones += positive.back();
    }
    const double zeros = static_cast<double>(score.size()) - ones;
    if (ones == 0 || zeros == 0) continue;
    const double auc = stats::placements(score, positive).auc;
    const double error = std::sqrt((ones + zeros + 1) / (12 * ones * zeros));
    if (std::abs(auc - 0.5) <= 4 * error) continue;
    draft.findings.push_back(
        {"id", {input.name}, auc,
         fmt::format("the identifier \"{}\" orders the classes (AUC {:.4f}, {:.0f} standard errors "
                     "from chance)",
                     input.name, auc, std::abs(auc - 0.5) / error)});
  }
}

void find_future_times(const Job& job, Draft& draft) {
  if (!job.situation.has_clock) return;
  for (const Input& input : draft.inputs) {
    if (input.reading != Reading::kTimeParts || is_allowed(job, input.name)) continue;
    const table::Column& column = job.rows.column(input.column);
    std::size_t later = 0, known = 0;
    for (const std::size_t i : draft.train) {
      const std::size_t row = draft.used[i];
      if (column.is_null(row)) continue;
      ++known;
      later += Time{column.integers[row]} > job.times[row] ? 1 : 0;
    }
    const double share = known > 0 ? static_cast<double>(later) / static_cast<double>(known) : 0;
    if (share <= kFuture) continue;
    draft.findings.push_back(
        {"future", {input.name}, share,
         fmt::format("\"{}\" is later than the row's own time in {} of {} training rows",
                     input.name, grouped(later), grouped(known))});
  }
}

/// A split by chance leaks no column; it promises too much.
std::string_view about_leaks(const std::vector<Finding>& findings) {
  const bool only_splits = std::ranges::all_of(
      findings, [](const Finding& each) { return !each.stops || each.rule == "split"; });
  return only_splits ? "the test would promise too much" : "the target would leak into the model";
}

std::string advice_for(const std::vector<Finding>& findings) {
  std::set<std::string> columns;
  std::vector<std::string> more;
  for (const Finding& finding : findings) {
    if (!finding.stops) continue;
    if (!finding.advice.empty()) {
      more.push_back(finding.advice);
    } else {
      columns.insert(finding.columns.begin(), finding.columns.end());
    }
  }
  std::string text;
  if (!columns.empty()) {
    const std::string names = listed({columns.begin(), columns.end()});
    text = fmt::format(". What is not known when a prediction is asked for belongs into "
                       "prepare.ignore, or into prepare.late when it comes with the label; what is "
                       "known then belongs into prepare.allow: {}",
                       names);
  }
  for (const std::string& each : more) text += ". " + each;
  return text;
}

}  // namespace

bool is_allowed(const Job& job, const std::string& column) {
  return std::ranges::find(job.options.allow, column) != job.options.allow.end();
}

std::vector<double> labels_of(const Draft& draft, const std::vector<std::size_t>& rows) {
  std::vector<double> labels;
  labels.reserve(rows.size());
  for (const std::size_t row : rows) labels.push_back(draft.label[row]);
  return labels;
}

std::string_view measure_of(const Draft& draft) {
  return draft.task == model::Task::kBinary ? "AUC" : "R2";
}

Broken find_leaks(const Job& job, Draft& draft) {
  draft.matrix = matrix_of(job, draft);
  if (job.situation.twin) return {};  // the measured model passed the guard with the same columns
  find_groups(job, draft);
  find_copies(job, draft);
  find_linear(job, draft);
  find_telling_ids(job, draft);
  find_duplicates(job, draft);
  find_future_times(job, draft);
  find_lost_order(job, draft);
  if (job.options.leaks != "stop") return {};
  std::vector<std::string> sentences;
  for (const Finding& finding : draft.findings) {
    if (finding.stops) sentences.push_back(finding.sentence);
  }
  if (sentences.empty()) return {};
  return fmt::format("{}: {}{}", about_leaks(draft.findings), fmt::join(sentences, "; "),
                     advice_for(draft.findings));
}

}  // namespace rondo::prepare
