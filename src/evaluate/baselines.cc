// Baselines from training rows; see baselines.h.
#include "evaluate/baselines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rondo::evaluate {
namespace {

using model::Prepared;
using model::Task;
using table::Side;

struct Counted {
  double value, weight;
};

/// The middle of two where half of the weight lies on each side.
double median(std::vector<Counted> values) {
  std::ranges::stable_sort(values, {}, &Counted::value);
  double all = 0, below = 0;
  for (const Counted& each : values) all += each.weight;
  for (std::size_t i = 0; i < values.size(); ++i) {
    below += values[i].weight;
    if (below > all / 2) return values[i].value;
    if (below < all / 2) continue;
    for (std::size_t next = i + 1; next < values.size(); ++next) {
      if (values[next].weight > 0) return 0.5 * (values[i].value + values[next].value);
    }
  }
  return values.back().value;
}

/// The least value that has so much of the weight at or below it. Shape: ascending.
double quantile(const std::vector<Counted>& values, double weight) {
  double below = 0;
  for (const Counted& each : values) {
    below += each.weight;
    if (below >= weight) return each.value;
  }
  return values.back().value;
}

double weight_of(const Prepared& prepared, std::size_t row) {
  return prepared.weight.empty() ? 1 : prepared.weight[row];
}

/// Answers that say "certainly class k".
void put_class(const Prepared& prepared, std::size_t k, Answers& out) {
  if (prepared.task == Task::kBinary) {
    out.push_back(k == 1 ? 1 : 0);
    return;
  }
  for (std::size_t i = 0; i < prepared.classes.size(); ++i) out.push_back(i == k ? 1 : 0);
}

void put_shares(const Prepared& prepared, const std::vector<double>& counts, Answers& out) {
  double sum = 0;
  for (const double count : counts) sum += count;
  if (prepared.task == Task::kBinary) {
    out.push_back(counts[1] / sum);
    return;
  }
  for (const double count : counts) out.push_back(count / sum);
}

Baseline constant(const Prepared& prepared, Metric metric,
                  const std::vector<std::size_t>& train, std::size_t test) {
  Baseline baseline;
  std::vector<Counted> labels;
  double all = 0;
  for (const std::size_t row : train) {
    labels.push_back({prepared.label[row], weight_of(prepared, row)});
    all += labels.back().weight;
  }
  Answers one;
  if (prepared.task == Task::kQuantile) {
    baseline.name = "quantiles";
    std::ranges::stable_sort(labels, {}, &Counted::value);
    for (const double level : prepared.levels) one.push_back(quantile(labels, level * all));
  } else if (prepared.task == Task::kRegression) {
    double mean = 0;
    for (const Counted& each : labels) mean += each.value * each.weight / all;
    const bool by_median = metric == Metric::kMae;
    baseline.name = by_median ? "median" : "mean";
    one.push_back(by_median ? median(std::move(labels)) : mean);
  } else {
    std::vector<double> counts(prepared.classes.size());
    for (const Counted& each : labels) counts[static_cast<std::size_t>(each.value)] += each.weight;
    baseline.name = metric == Metric::kAccuracy ? "majority" : "prior";
    const auto most = std::max_element(counts.begin(), counts.end()) - counts.begin();
    if (metric == Metric::kAccuracy) put_class(prepared, static_cast<std::size_t>(most), one);
    else put_shares(prepared, counts, one);
  }
  for (std::size_t i = 0; i < test; ++i) {
    baseline.rows.push_back(i);
    baseline.answers.insert(baseline.answers.end(), one.begin(), one.end());
  }
  return baseline;
}

/// counts[l][k]: training rows of class k whose former value was class l, and one.
std::vector<std::vector<double>> transitions(const Prepared& prepared,
                                             const std::vector<double>& former,
                                             const std::vector<std::size_t>& train) {
  const std::size_t classes = prepared.classes.size();
  std::vector<std::vector<double>> counts(classes, std::vector<double>(classes, 1));
  for (const std::size_t row : train) {
    if (!std::isfinite(former[row])) continue;
    const auto from = static_cast<std::size_t>(former[row]);
    counts[from][static_cast<std::size_t>(prepared.label[row])] += weight_of(prepared, row);
  }
  return counts;
}

Baseline former_value(const Prepared& prepared, Metric metric, std::string name,
                      const std::vector<double>& former, const std::vector<std::size_t>& train,
                      const std::vector<std::size_t>& test) {
  Baseline baseline{std::move(name), {}, {}};
  const bool itself = model::is_number(prepared.task) || metric == Metric::kAccuracy;
  std::vector<std::vector<double>> counts;
  if (!itself) counts = transitions(prepared, former, train);
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double value = former[test[i]];
    if (!std::isfinite(value)) continue;
    baseline.rows.push_back(i);
    if (model::is_number(prepared.task)) {
      baseline.answers.insert(baseline.answers.end(), prepared.outputs(), value);
    } else if (itself) {
      put_class(prepared, static_cast<std::size_t>(value), baseline.answers);
    } else {
      put_shares(prepared, counts[static_cast<std::size_t>(value)], baseline.answers);
    }
  }
  return baseline;
}

Result<void> check_former(const Prepared& prepared, const std::vector<double>& former) {
  if (model::is_number(prepared.task)) return {};
  for (const double value : former) {
    const bool is_class = !std::isfinite(value) ||
                          (value >= 0 && value < static_cast<double>(prepared.classes.size()));
    if (!is_class) return fail(Code::kCorrupt, "prepared data: a former value is no class");
  }
  return {};
}

}  // namespace

Result<std::vector<Baseline>> baselines(const Prepared& prepared, Metric metric) {
  const auto train = prepared.rows_on(Side::kTrain);
  const auto test = prepared.rows_on(Side::kTest);
  if (train.empty()) {
    return fail(Code::kInvalidInput, "evaluation: the prepared data have no training rows");
  }
  std::vector<Baseline> list = {constant(prepared, metric, train, test.size())};
  const auto add = [&](const std::string& name, const std::vector<double>& former) -> Result<void> {
    TRY(check_former(prepared, former));
    if (former.empty()) return {};
    list.push_back(former_value(prepared, metric, name, former, train, test));
    return {};
  };
  TRY(add("last value", prepared.last_value));
  TRY(add(fmt::format("same time {} before", to_text(prepared.season)), prepared.season_value));
  return list;
}

Baseline linear_baseline(Answers answers, std::size_t rows) {
  Baseline baseline{"linear", {}, std::move(answers), true};
  for (std::size_t i = 0; i < rows; ++i) baseline.rows.push_back(i);
  return baseline;
}

}  // namespace rondo::evaluate
