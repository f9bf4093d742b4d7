// One order statistic and its bookkeeping; see conformal.h.
#include "evaluate/conformal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "model/answering.h"

namespace rondo::evaluate {
namespace {

/// The reach from scores, and k; without one, the reason.
Conformal reach_of(std::vector<double> scores, double coverage) {
  Conformal out;
  out.coverage = coverage;
  out.rows = scores.size();
  const double n = static_cast<double>(scores.size());
  // A product that should be a whole number may be an ulp above it.
  out.rank = static_cast<std::uint64_t>(std::ceil((n + 1) * coverage * (1 - 1e-12)));
  out.rank = std::max<std::uint64_t>(out.rank, 1);
  if (out.rank > out.rows) {
    const double needed = std::ceil(coverage / (1 - coverage) * (1 - 1e-12));
    out.reason = fmt::format("no interval: {} rows cannot promise {:g} %, at least {:.0f} can",
                             out.rows, 100 * coverage, needed);
    return out;
  }
  const auto place = scores.begin() + static_cast<std::ptrdiff_t>(out.rank) - 1;
  std::nth_element(scores.begin(), place, scores.end());
  out.reach = *place;
  return out;
}

bool holds(stats::Bounds band, double label) noexcept {
  return band.low <= label && label <= band.high;
}

}  // namespace

stats::Bounds Conformal::around(double answer) const noexcept {
  return around(stats::Bounds{answer, answer});
}

stats::Bounds Conformal::around(stats::Bounds between) const noexcept {
  const double ends[] = {between.low, between.high};
  return model::Reach{coverage, reach.value_or(0)}.around(ends);
}

Conformal split_conformal(const Answered& rows, double coverage) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < rows.label.size(); ++i) {
    scores.push_back(std::abs(rows.label[i] - rows.answer[i]));
  }
  Conformal out = reach_of(std::move(scores), coverage);
  if (out.reach) out.mean_width = 2 * *out.reach;
  return out;
}

Conformal quantile_conformal(const Enclosed& rows, double coverage) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < rows.label.size(); ++i) {
    const auto [low, high] = rows.between[i];
    scores.push_back(std::max(low - rows.label[i], rows.label[i] - high));
  }
  Conformal out = reach_of(std::move(scores), coverage);
  out.kind = Conformal::Kind::kQuantiles;
  if (!out.reach) return out;
  double width = 0;
  for (const stats::Bounds& between : rows.between) {
    const stats::Bounds band = out.around(between);
    width += band.high - band.low;
  }
  out.mean_width = width / static_cast<double>(rows.between.size());
  return out;
}

const Conformal& narrower(const Conformal& split, const Conformal& quantiles) noexcept {
  if (!quantiles.reach) return split;
  if (!split.reach) return quantiles;
  return quantiles.mean_width < split.mean_width ? quantiles : split;
}

std::vector<Coverage> coverage_by(const Enclosed& rows, std::span<const std::uint32_t> group,
                                  double level) {
  std::map<std::uint32_t, Coverage> by_group;
  for (std::size_t i = 0; i < rows.label.size(); ++i) {
    Coverage& in = by_group[group[i]];
    in.inside.rows += 1;
    in.inside.hits += holds(rows.between[i], rows.label[i]) ? 1 : 0;
    in.mean_width += rows.between[i].high - rows.between[i].low;
  }
  std::vector<Coverage> out;
  for (auto& [number, in] : by_group) {
    in.group = number;
    in.mean_width /= static_cast<double>(in.inside.rows);
    in.bounds = stats::wilson(in.inside, level);
    out.push_back(in);
  }
  return out;
}

}  // namespace rondo::evaluate
