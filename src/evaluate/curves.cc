// Points enough to see a shape, whatever the number of rows; equal answers are never told apart.
#include "evaluate/curves.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

constexpr std::size_t kPoints = 100, kTenths = 10, kMostClasses = 20;

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

Json roc(const Truth& truth, const Answers& answers) {
  std::vector<std::size_t> order = in_order(truth.rows());
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) {
    return answers[i];
  });
  const double positives = std::accumulate(truth.label.begin(), truth.label.end(), 0.0);
  const double negatives = static_cast<double>(truth.rows()) - positives;
  if (positives == 0 || negatives == 0) return nullptr;
  Json points = Json::array();
  double hits = 0, alarms = 0, next = 0;
  const auto add = [&](const Json& threshold) {
    points.push_back({{"threshold", threshold}, {"false_positive", alarms / negatives},
                      {"true_positive", hits / positives},
                      {"precision", hits + alarms == 0 ? Json(nullptr)
                                                       : Json(hits / (hits + alarms))}});
  };
  add(nullptr);
  for (std::size_t i = 0; i < order.size(); ++i) {
    (truth.label[order[i]] > 0.5 ? hits : alarms) += 1;
    const bool ends_tie = i + 1 == order.size() || answers[order[i + 1]] != answers[order[i]];
    // A point each hundredth of the way along both axes together, so that steep parts keep shape.
    const double way = (hits / positives + alarms / negatives) / 2 * kPoints;
    if (!ends_tie || (way < next && i + 1 < order.size())) continue;
    next = std::floor(way) + 1;
    add(answers[order[i]]);
  }
  return {{"kind", "roc"}, {"points", points}};
}

Json tenths(const Truth& truth, const Answers& answers) {
  std::vector<std::size_t> order = in_order(truth.rows());
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return answers[i]; });
  const double z = stats::normal_quantile(0.975);
  Json points = Json::array();
  for (std::size_t part = 0; part < kTenths; ++part) {
    const std::size_t from = part * order.size() / kTenths;
    const std::size_t until = (part + 1) * order.size() / kTenths;
    if (from == until) continue;
    const double count = static_cast<double>(until - from);
    double answer = 0, label = 0, squares = 0;
    for (std::size_t i = from; i < until; ++i) {
      answer += answers[order[i]] / count;
      label += truth.label[order[i]] / count;
    }
    for (std::size_t i = from; i < until; ++i) {
      squares += (truth.label[order[i]] - label) * (truth.label[order[i]] - label);
    }
    const double error = count < 2 ? 0 : z * std::sqrt(squares / (count - 1) / count);
    points.push_back({{"answer", answer}, {"truth", label}, {"low", label - error},
                      {"high", label + error}, {"rows", until - from}});
  }
  return {{"kind", "tenths"}, {"points", points}};
}

Json confusion(const Truth& truth, const Answers& answers,
               const std::vector<std::string>& classes) {
  std::vector<std::vector<std::uint64_t>> counts(classes.size(),
                                                 std::vector<std::uint64_t>(classes.size()));
  std::vector<std::uint64_t> rows(classes.size());
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    const auto label = static_cast<std::size_t>(truth.label[i]);
    ++rows[label];
    ++counts[label][class_of(truth, answers, i)];
  }
  std::vector<std::size_t> order = in_order(classes.size());
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t k) { return rows[k]; });
  order.resize(std::min(order.size(), kMostClasses));
  Json names = Json::array(), table = Json::array();
  for (const std::size_t k : order) {
    names.push_back(classes[k]);
    Json line = Json::array();
    for (const std::size_t other : order) line.push_back(counts[k][other]);
    table.push_back(std::move(line));
  }
  return {{"kind", "confusion"}, {"classes", names}, {"counts", table}};
}

}  // namespace

Json curve_json(const Truth& truth, const Answers& answers,
                const std::vector<std::string>& classes) {
  if (truth.rows() == 0) return nullptr;
  switch (truth.task) {
    case model::Task::kBinary: return roc(truth, answers);
    case model::Task::kRegression: return tenths(truth, answers);
    case model::Task::kQuantile: return nullptr;  // as numbers: evaluate/test_rows.h
    case model::Task::kMulticlass: break;
  }
  return confusion(truth, answers, classes);
}

}  // namespace rondo::evaluate
