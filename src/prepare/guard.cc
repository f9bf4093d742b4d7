// The leak guard: columns that give the target away, rows that stand on both sides, clocks that run
// ahead. It reads training rows (evenly thinned when there are very many) and judges raw columns
// only: lags and parts of the event time cannot know what is not known yet.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <compare>
#include <map>
#include <set>

#include "prepare/features.h"
#include "prepare/linear.h"
#include "prepare/single.h"
#include "stats/delong.h"

namespace rondo::prepare {
namespace {

using model::Step;

constexpr double kCopy = 0.995;
constexpr double kLinear = 0.9999;
constexpr double kDuplicates = 0.005;
constexpr double kChance = 1e-3;               // error of each bound that proves duplicates
constexpr double kFuture = 0.001;
constexpr std::size_t kMostRows = 65'536;
constexpr std::size_t kMostColumns = 256;      // of the least squares
constexpr std::size_t kMostProducts = 200'000'000;

bool is_allowed(const Job& job, const std::string& column) {
  return std::ranges::find(job.options.allow, column) != job.options.allow.end();
}

/// At most so many of the training rows, evenly.
std::vector<std::size_t> thinned(const std::vector<std::size_t>& train, std::size_t most) {
  const std::size_t stride = (train.size() + most - 1) / most;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < train.size(); i += stride) rows.push_back(train[i]);
  return rows;
}

std::vector<double> column_of(const Draft& draft, std::size_t column,
                              const std::vector<std::size_t>& rows) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::size_t row : rows) values.push_back(draft.matrix.row(row)[column]);
  return values;
}

std::vector<double> labels_of(const Draft& draft, const std::vector<std::size_t>& rows) {
  std::vector<double> labels;
  labels.reserve(rows.size());
  for (const std::size_t row : rows) labels.push_back(draft.label[row]);
  return labels;
}

/// The raw column of a step; empty for lags and parts of the event time.
std::string source_of(const Draft& draft, const Step& step) {
  if (step.input < 0) return {};
  return draft.transform.inputs().fields[static_cast<std::size_t>(step.input)].name;
}

void find_copies(const Job& job, Draft& draft) {
  const auto rows = thinned(draft.train, kMostRows);
  const Answer answer = answer_of(draft.task, draft.classes.size(), labels_of(draft, rows));
  const std::string_view measure = draft.task == model::Task::kBinary ? "AUC" : "R2";
  std::map<std::string, double> copies;
  for (std::size_t column = 0; column < draft.transform.features(); ++column) {
    const Step& step = draft.transform.steps()[column];
    const std::string source = source_of(draft, step);
    if (source.empty() || is_allowed(job, source)) continue;
    const bool categorical = step.kind == Step::Kind::kCategory;
    const double told = told_alone(cut(column_of(draft, column, rows), categorical), answer);
    if (told >= kCopy) copies[source] = std::max(copies[source], told);
  }
  for (const auto& [source, told] : copies) {
    draft.findings.push_back(
        {"target copy", {source}, told,
         fmt::format("\"{}\" alone gives \"{}\" away ({} {:.4f} out of fold)", source,
                     job.situation.target, measure, told)});
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
  const auto columns = numeric_features(job, draft, thinned(draft.train, kMostRows));
  if (columns.empty()) return;
  const std::size_t most = std::max(kMostProducts / (columns.size() * columns.size() + 1),
                                    8 * columns.size());
  Sample sample;
  sample.columns.resize(columns.size());
  for (const std::size_t row : thinned(draft.train, std::min(most, kMostRows))) {
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

std::uint64_t cells_hash(const Draft& draft, const std::vector<std::size_t>& columns,
                         std::size_t row) {
  std::uint64_t hash = 0x2545f4914f6cdd1d;
  for (const std::size_t column : columns) {
    const double value = draft.matrix.row(row)[column];
    const auto bits = std::isnan(value) ? ~std::uint64_t{0}
                                        : std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
    hash = mixed(hash ^ bits) + 0x9e3779b97f4a7c15;
  }
  return hash;
}

/// A row as a hash of its feature cells, its label, and its place among the training rows.
struct Seen {
  std::uint64_t cells = 0;
  double label = 0;
  std::size_t place = 0;
  auto operator<=>(const Seen&) const = default;
  bool same_row(const Seen& other) const { return cells == other.cells && label == other.label; }
};

struct Copies {
  std::size_t whole = 0, other_label = 0;  // of the test rows
  stats::Share before;                     // newer half of training: rows that repeat an older one
};

Copies count_copies(const Draft& draft, const std::vector<std::size_t>& columns) {
  std::vector<Seen> seen;
  seen.reserve(draft.train.size());
  for (const std::size_t row : draft.train) {
    seen.push_back({cells_hash(draft, columns, row), draft.label[row], seen.size()});
  }
  std::ranges::sort(seen);
  Copies copies;
  copies.before.rows = (seen.size() + 1) / 2;
  for (std::size_t i = 1; i < seen.size(); ++i) {
    const bool newer = seen[i].place >= seen.size() / 2;
    copies.before.hits += newer && seen[i].same_row(seen[i - 1]) ? 1 : 0;
  }
  for (const std::size_t row : draft.test) {
    const Seen wanted{cells_hash(draft, columns, row), draft.label[row], 0};
    const auto cells = std::ranges::lower_bound(seen, wanted.cells, {}, &Seen::cells);
    if (cells == seen.end() || cells->cells != wanted.cells) continue;
    const auto whole = std::ranges::lower_bound(seen, wanted);
    const bool found = whole != seen.end() && whole->same_row(wanted);
    ++(found ? copies.whole : copies.other_label);
  }
  return copies;
}

/// Test rows that are copies of training rows, label included. Some rows repeat by themselves, and
/// how many is seen in the newer half of the training rows. A test row meets at most twice as many
/// older rows as those did, so by itself it repeats at most twice as often: more must be proved.
void find_duplicates(const Job& job, Draft& draft) {
  if (!job.situation.has_clock || draft.test.empty()) return;
  std::vector<std::size_t> columns;
  for (std::size_t column = 0; column < draft.transform.features(); ++column) {
    if (draft.transform.steps()[column].input >= 0) columns.push_back(column);
  }
  if (columns.empty()) return;
  const Copies copies = count_copies(draft, columns);
  const stats::Share share{copies.whole, draft.test.size()};
  if (share.value() <= kDuplicates) return;
  const double by_itself = 2 * stats::clopper_pearson_upper(copies.before, kChance);
  if (stats::clopper_pearson_lower(share, kChance) <= by_itself) return;
  draft.findings.push_back(
      {"duplicates", {}, share.value(),
       fmt::format("{} of the {} test rows are copies of training rows, \"{}\" included ({} more "
                   "have the same cells and another \"{}\")",
                   grouped(copies.whole), grouped(draft.test.size()), job.situation.target,
                   grouped(copies.other_label), job.situation.target)});
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

std::string advice_for(const std::vector<Finding>& findings) {
  std::set<std::string> columns;
  bool copies = false;
  for (const Finding& finding : findings) {
    columns.insert(finding.columns.begin(), finding.columns.end());
    copies = copies || finding.columns.empty();
  }
  std::string text;
  if (!columns.empty()) {
    const std::string names = listed({columns.begin(), columns.end()});
    text = fmt::format(". What is not known when a prediction is asked for belongs into "
                       "prepare.ignore, or into prepare.late when it comes with the label; what is "
                       "known then belongs into prepare.allow: {}",
                       names);
  }
  if (copies) {
    text += ". Take the copies out of the source, or set prepare.leaks = \"warn\" if such rows are "
            "really different events";
  }
  return text;
}

}  // namespace

Broken find_leaks(const Job& job, Draft& draft) {
  draft.matrix = matrix_of(job, draft);
  if (job.situation.twin) return {};  // the measured model passed the guard with the same columns
  find_copies(job, draft);
  find_linear(job, draft);
  find_telling_ids(job, draft);
  find_duplicates(job, draft);
  find_future_times(job, draft);
  if (draft.findings.empty() || job.options.leaks != "stop") return {};
  std::vector<std::string> sentences;
  for (const Finding& finding : draft.findings) sentences.push_back(finding.sentence);
  return fmt::format("the target would leak into the model: {}{}", fmt::join(sentences, "; "),
                     advice_for(draft.findings));
}

}  // namespace rondo::prepare
