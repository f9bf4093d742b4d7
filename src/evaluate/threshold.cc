// All cuts of sorted scores, and a curve over draws of units; see threshold.h.
#include "evaluate/threshold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "evaluate/compare.h"
#include "evaluate/units.h"
#include "stats/bootstrap.h"

namespace rondo::evaluate {
namespace {

/// A cut and the scores beside it: any threshold above `below`, up to `above`, makes it.
struct Gap {
  Cut cut;
  double below = 0, above = 1;

  double halfway() const noexcept {
    const double middle = below + (above - below) / 2;
    return std::max(0.0, middle > below ? middle : above);
  }
  bool makes(double threshold) const noexcept { return below < threshold && threshold <= above; }
  double distance(double threshold) const noexcept {
    if (makes(threshold)) return 0;
    return std::min(std::abs(threshold - below), std::abs(threshold - above));
  }
};

/// From the one that answers no row to the one that answers all.
std::vector<Gap> gaps_of(const stats::Scored& rows) {
  std::vector<std::size_t> order(rows.score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, std::greater{}, [&](std::size_t i) { return rows.score[i]; });
  Cut cut;
  for (const std::uint8_t positive : rows.positive) {
    (positive ? cut.false_negatives : cut.true_negatives) += 1;
  }
  // Above all scores: the next number above 1 answers none, even of the certain ones.
  double above = std::nextafter(1.0, 2.0);
  std::vector<Gap> gaps;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double score = rows.score[order[i]];
    if (i == 0 || score != above) {
      gaps.push_back({cut, score, above});
      above = score;
    }
    const bool positive = rows.positive[order[i]] != 0;
    (positive ? cut.true_positives : cut.false_positives) += 1;
    (positive ? cut.false_negatives : cut.true_negatives) -= 1;
  }
  gaps.push_back({cut, -std::numeric_limits<double>::min(), above});
  return gaps;
}

Cut placed(const Gap& gap, double threshold) noexcept {
  Cut cut = gap.cut;
  cut.threshold = threshold;
  return cut;
}

/// For each unit the mistakes at each threshold: rows, then false positives and false negatives.
struct Mistakes {
  std::size_t width = 0;
  std::vector<double> sums;
  std::span<const double> of(std::size_t unit) const {
    return std::span(sums).subspan(unit * width, width);
  }
};
Mistakes mistakes_of(const Truth& truth, const Answers& answers, const Costs& costs,
                     std::span<const double> thresholds, const Units& units) {
  Mistakes out;
  out.width = 1 + thresholds.size();
  out.sums.resize(units.count * out.width);
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    const bool positive = truth.label[i] > 0.5;
    double* const sums = out.sums.data() + units.of_row[i] * out.width;
    sums[0] += 1;
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      const bool answered = answers[i] >= thresholds[t];
      if (answered && !positive) sums[1 + t] += costs.false_positive;
      if (!answered && positive) sums[1 + t] += costs.false_negative;
    }
  }
  return out;
}

/// Mean cost at each threshold when each unit counts with its weight.
std::vector<double> mean_costs(const Mistakes& mistakes, std::span<const double> weights) {
  std::vector<double> total(mistakes.width);
  for (std::size_t unit = 0; unit < weights.size(); ++unit) {
    if (weights[unit] == 0) continue;
    const std::span<const double> sums = mistakes.of(unit);
    for (std::size_t k = 0; k < total.size(); ++k) total[k] += weights[unit] * sums[k];
  }
  for (std::size_t k = 1; k < total.size(); ++k) total[k] /= total[0];
  total.erase(total.begin());
  return total;
}

}  // namespace

Result<CostRule> cost_rule(const Json& cost) {
  const auto refused = [&](std::string_view what) {
    return fail(Code::kInvalidInput, fmt::format("evaluate.cost: {} {}", cost.dump(), what),
                "write {fp = 1, fn = 5}, what each mistake costs, or {capacity = 0.1}, the share "
                "of rows that may be answered positive");
  };
  CostRule rule;
  if (cost.is_null() || (cost.is_object() && cost.empty())) return rule;
  if (!cost.is_object()) return refused("is no table");
  for (const auto& [key, value] : cost.items()) {
    if (key != "fp" && key != "fn" && key != "capacity") return refused("has another key");
    if (!value.is_number() || !(value.get<double>() >= 0)) {
      return refused("holds what is no number from 0 on");
    }
  }
  if (cost.contains("capacity")) {
    rule.capacity = cost.at("capacity").get<double>();
    if (cost.size() > 1) return refused("has capacity beside costs");
    if (!(*rule.capacity > 0) || !(*rule.capacity < 1)) return refused("is no share in (0, 1)");
    return rule;
  }
  rule.costs = {io::get_or<double>(cost, "fp", 1), io::get_or<double>(cost, "fn", 1)};
  if (!(rule.costs->false_positive + rule.costs->false_negative > 0)) {
    return refused("makes no mistake cost anything");
  }
  return rule;
}

double Cut::mean_cost(const Costs& costs) const noexcept {
  if (rows() == 0) return 0;
  return (costs.false_positive * static_cast<double>(false_positives) +
          costs.false_negative * static_cast<double>(false_negatives)) /
         static_cast<double>(rows());
}

Cut cut_at(const stats::Scored& rows, double threshold) noexcept {
  Cut cut;
  cut.threshold = threshold;
  for (std::size_t i = 0; i < rows.score.size(); ++i) {
    const bool positive = rows.positive[i] != 0;
    if (rows.score[i] >= threshold) {
      (positive ? cut.true_positives : cut.false_positives) += 1;
    } else {
      (positive ? cut.false_negatives : cut.true_negatives) += 1;
    }
  }
  return cut;
}

Cut least_cost_cut(const stats::Scored& rows, const Costs& costs) {
  const double expected = costs.expected_threshold();
  if (rows.score.empty()) return cut_at(rows, expected);
  const std::vector<Gap> gaps = gaps_of(rows);
  const Gap& best = *std::ranges::min_element(gaps, {}, [&](const Gap& gap) {
    return std::pair(gap.cut.mean_cost(costs), gap.distance(expected));
  });
  return placed(best, best.makes(expected) ? expected : best.halfway());
}

Cut capacity_cut(const stats::Scored& rows, double share) {
  // A product that should be a whole number may be an ulp below it.
  const double most = share * static_cast<double>(rows.score.size()) * (1 + 1e-12);
  const std::vector<Gap> gaps = gaps_of(rows);
  const Gap* last = &gaps.front();
  for (const Gap& gap : gaps) {
    const std::uint64_t answered = gap.cut.true_positives + gap.cut.false_positives;
    if (static_cast<double>(answered) <= most) last = &gap;
  }
  return placed(*last, last->halfway());
}

std::vector<CostPoint> cost_curve(const Truth& truth, const Answers& answers, const Costs& costs,
                                  std::span<const double> thresholds, double level, Seed seed) {
  constexpr double kUnknownBand = std::numeric_limits<double>::quiet_NaN();
  std::vector<CostPoint> out;
  for (const double threshold : thresholds) {
    out.push_back({threshold, 0, {kUnknownBand, kUnknownBand}});
  }
  if (truth.rows() == 0) return out;
  const Units units = mixed_units_of(truth);
  const Mistakes mistakes = mistakes_of(truth, answers, costs, thresholds, units);
  const std::vector<double> value = mean_costs(mistakes, std::vector<double>(units.count, 1.0));
  for (std::size_t t = 0; t < out.size(); ++t) out[t].mean_cost = value[t];
  if (units.independent() < 2) return out;
  std::vector<std::vector<double>> draws(thresholds.size());
  stats::resample({units.count, units.block, kDraws, units.stratum}, seed,
                  [&](std::span<const double> weights) {
                    const std::vector<double> drawn = mean_costs(mistakes, weights);
                    for (std::size_t t = 0; t < drawn.size(); ++t) draws[t].push_back(drawn[t]);
                  });
  const double most = std::max(costs.false_positive, costs.false_negative);
  for (std::size_t t = 0; t < out.size(); ++t) {
    const stats::Bounds band =
        stats::bootstrap_bounds(value[t], std::move(draws[t]), units.independent(), (1 - level) / 2)
            .bounds;
    out[t].band = {std::max(0.0, band.low), std::min(most, band.high)};
  }
  return out;
}

}  // namespace rondo::evaluate
