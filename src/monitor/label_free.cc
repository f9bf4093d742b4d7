// The band is that of chance and of the fit, and as wide again as windows with labels were off.
#include "monitor/label_free.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rondo::monitor {
namespace {

constexpr std::size_t kCompared = 20, kFewestCompared = 5;
constexpr double kBand = 1.645;      // 90 %
constexpr double kOffShare = 0.9;    // quantile of what windows were off by
constexpr double kBroken = 3;        // standard errors of their mean

using stats::ExpectedMetrics;
constexpr std::pair<const char*, double ExpectedMetrics::*> kExpected[] = {
    {"accuracy", &ExpectedMetrics::accuracy}, {"precision", &ExpectedMetrics::precision},
    {"recall", &ExpectedMetrics::recall},     {"specificity", &ExpectedMetrics::specificity},
    {"f1", &ExpectedMetrics::f1},             {"auc", &ExpectedMetrics::auc}};

/// Null where a ratio is undefined.
Json json_of(const ExpectedMetrics& metrics) {
  Json out = Json::object();
  for (const auto& [name, member] : kExpected) {
    const double value = metrics.*member;
    out[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  }
  return out;
}

}  // namespace

LabelFree::LabelFree(const model::Reference& reference)
    : reference_(reference),
      rule_(reference.loss_rule()),
      by_scores_(!reference.scores.empty()) {
  const bool kinds = by_scores_ ? !reference.score_kinds.empty() : !model::of_classes(rule_.loss);
  if (!kinds || reference.tree.nodes.empty()) return;
  std::vector<std::string> columns;
  for (const model::ColumnReference& column : reference.columns) columns.push_back(column.name);
  walk_.emplace(reference.tree, columns);
  leaf_numbers_ = reference.tree.leaf_numbers();
}

/// A kind weighs its share of the window by its share of the test.
std::optional<stats::Reweighted> LabelFree::map_for(const Cohort& cohort, bool labelled) const {
  if (!walk_) return std::nullopt;
  std::vector<double> weight(leaf_numbers_.back());
  double all = 0;
  for (const Judged& row : cohort.rows) {
    if (!std::isfinite(row.score) || (labelled && !row.label)) continue;
    if (row.cells.size() != reference_.columns.size()) return std::nullopt;
    weight[leaf_numbers_[walk_->leaf_of(row.cells)]] += 1;
    all += 1;
  }
  if (all == 0) return std::nullopt;
  const auto& nodes = reference_.tree.nodes;
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    if (nodes[node].column.empty()) weight[leaf_numbers_[node]] /= all * nodes[node].share;
  }
  return stats::reweighted(reference_.scores, reference_.score_kinds, weight);
}

LabelFree::Estimated LabelFree::by_scores(const Cohort& cohort, bool labelled) const {
  const auto map = map_for(cohort, labelled);
  stats::ErrorEstimate estimate(map ? map->map : reference_.scores);
  double wrong = 0;
  for (const Judged& row : cohort.rows) {
    if (!std::isfinite(row.score) || (labelled && !row.label)) continue;
    estimate.add(row.score, !reference_.scores_of_positive || row.answer > 0.5);
    wrong += row.label && row.answer == *row.label ? 0 : 1;
  }
  if (estimate.rows() == 0) return {};
  return {estimate.error(), wrong / static_cast<double>(estimate.rows()),
          estimate.chance_variance(), (map ? map->lost : 1) * estimate.fit_variance(),
          estimate.rows(), map.has_value()};
}

/// The variance of a loss in [0, 1] of mean r is r (1 - r) at most. Source: Bhatia, Davis 2000 (A
/// Better Bound on the Variance, American Mathematical Monthly 107), theorem 1.
LabelFree::Estimated LabelFree::by_kinds(const Cohort& cohort, bool labelled) const {
  std::map<std::size_t, double> kinds;
  Estimated out;
  for (const Judged& row : cohort.rows) {
    if (row.cells.size() != reference_.columns.size() || (labelled && !row.label)) continue;
    ++out.rows;
    kinds[walk_->leaf_of(row.cells)] += 1;
    if (labelled) out.realized += rule_.of({*row.label, row.answer, 0, {}});
  }
  const auto all = static_cast<double>(out.rows);
  for (const auto& [leaf, rows] : kinds) {
    const model::RiskTree::Node& kind = reference_.tree.nodes[leaf];
    const double spread = kind.risk * (1 - kind.risk);
    const double tested = kind.share * static_cast<double>(reference_.tree.rows);
    out.value += rows / all * kind.risk;
    out.chance_variance += rows / all * spread / all;
    out.fit_variance += rows / all * rows / all * spread / tested;
  }
  out.realized /= std::max(all, 1.0);
  return out;
}

void LabelFree::look(const Cohort& cohort) {
  if (!estimates()) return;
  const Estimated estimate = estimate_of(cohort, false);
  if (estimate.rows == 0) return;
  newest_ = WindowMean{estimate.value, estimate.chance_variance + estimate.fit_variance,
                       estimate.rows, cohort.until};
  weighted_ = estimate.weighted;
  if (by_scores_ && reference_.scores_of_positive) expect(cohort);
}

void LabelFree::expect(const Cohort& cohort) {
  const auto weighted = map_for(cohort, false);
  const stats::ScoreMap& map = weighted ? weighted->map : reference_.scores;
  std::vector<double> score, c;
  std::vector<std::uint8_t> positive;
  for (const Judged& row : cohort.rows) {
    if (!std::isfinite(row.score)) continue;
    score.push_back(row.score);
    c.push_back(map.probability(row.score));
    positive.push_back(row.answer > 0.5 ? 1 : 0);
  }
  expected_ = stats::expected_metrics(score, c, positive);
}

void LabelFree::compare(const Cohort& cohort) {
  if (!estimates()) return;
  const Estimated estimate = estimate_of(cohort, true);
  if (estimate.rows == 0) return;
  compared_.push_back({estimate.realized - estimate.value, estimate.fit_variance});
  if (compared_.size() > kCompared) compared_.pop_front();
}

double LabelFree::mean_off() const {
  double sum = 0;
  for (const Compared& one : compared_) sum += one.off;
  return compared_.empty() ? 0 : sum / static_cast<double>(compared_.size());
}

/// A rule: the mean of what they were off by is beyond three standard errors of it and of the fit.
bool LabelFree::violated() const {
  if (compared_.size() < kFewestCompared) return false;
  const double count = static_cast<double>(compared_.size()), mean = mean_off();
  double squares = 0, fit = 0;
  for (const Compared& one : compared_) {
    squares += (one.off - mean) * (one.off - mean);
    fit += one.fit_variance / count;
  }
  return std::fabs(mean) > kBroken * std::sqrt(squares / (count - 1) / count + fit);
}

Json LabelFree::summary() const {
  if (!newest_) return nullptr;
  std::vector<double> off;
  for (const Compared& one : compared_) off.push_back(std::fabs(one.off));
  std::ranges::sort(off);
  double width = kBand * std::sqrt(newest_->variance);
  if (!off.empty()) {
    const auto rank = std::ceil(kOffShare * static_cast<double>(off.size()));
    width += off[static_cast<std::size_t>(rank) - 1];
  }
  const double unit = by_scores_ ? 1 : rule_.scale;
  Json out = {{"loss", model::name_of(by_scores_ ? model::Loss::kError : rule_.loss)},
              {"value", unit * newest_->value},
              {"low", unit * std::max(0.0, newest_->value - width)},
              {"high", unit * std::min(1.0, newest_->value + width)},
              {"rows", newest_->rows},
              {"until", to_text(newest_->until)},
              {"compared", compared_.size()},
              {"off", unit * mean_off()},
              {"violated", violated()}};
  if (by_scores_ && walk_) out["weighted"] = weighted_;
  if (expected_) out["expected"] = json_of(*expected_);
  return out;
}

Json LabelFree::state() const {
  if (!estimates()) return nullptr;
  Json compared = Json::array();
  for (const Compared& one : compared_) compared.push_back({one.off, one.fit_variance});
  Json newest = nullptr;
  if (newest_) newest = newest_->to_json();
  Json out = {{"newest", std::move(newest)}, {"compared", std::move(compared)}};
  if (weighted_) out["weighted"] = true;
  if (expected_) out["expected"] = json_of(*expected_);
  return out;
}

/// A watcher of before had none.
Result<void> LabelFree::read(const Json& state) {
  if (state.is_null() || !estimates()) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's estimates have another shape");
  const Json compared = io::get_or<Json>(state, "compared", nullptr);
  const Json newest = io::get_or<Json>(state, "newest", nullptr);
  if (!compared.is_array() || compared.size() > kCompared) return wrong;
  compared_.clear();
  for (const Json& one : compared) {
    const bool shaped = one.is_array() && one.size() == 2 && one[0].is_number() &&
                        one[1].is_number();
    if (!shaped) return wrong;
    compared_.push_back({one[0].get<double>(), one[1].get<double>()});
  }
  newest_.reset();
  weighted_ = io::get_or<bool>(state, "weighted", false);
  if (newest.is_null()) return {};
  newest_ = WindowMean::from_json(newest);
  if (!newest_) return wrong;
  const Json expected = io::get_or<Json>(state, "expected", nullptr);
  expected_.reset();
  if (!expected.is_object()) return {};
  expected_.emplace();
  for (const auto& [name, member] : kExpected) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    (*expected_).*member = io::get_or<double>(expected, name, kNone);
  }
  return {};
}

}  // namespace rondo::monitor
