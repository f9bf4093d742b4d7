// Counts by group and their extremes; see fairness.h.
#include "evaluate/fairness.h"

#include <fmt/format.h>

#include <algorithm>

namespace rondo::evaluate {
namespace {

void count_in(Rate& rate, bool hit) noexcept {
  rate.share.rows += 1;
  rate.share.hits += hit ? 1 : 0;
}

std::optional<Disparity> disparity_of(const std::vector<GroupRates>& groups,
                                      Rate GroupRates::*which) {
  double least = 1, greatest = 0;
  std::size_t judged = 0;
  for (const GroupRates& group : groups) {
    const stats::Share share = (group.*which).share;
    if (!group.judged || share.rows == 0) continue;
    ++judged;
    least = std::min(least, share.value());
    greatest = std::max(greatest, share.value());
  }
  if (judged < 2) return std::nullopt;
  return Disparity{greatest - least, greatest > 0 ? least / greatest : 1};
}

std::optional<Disparity> worse_of(const std::optional<Disparity>& a,
                                  const std::optional<Disparity>& b) {
  if (!a || !b) return std::nullopt;
  return Disparity{std::max(a->difference, b->difference), std::min(a->ratio, b->ratio)};
}

std::string what_is_missing(const Fairness& fairness) {
  const auto judged = std::ranges::count_if(fairness.groups, &GroupRates::judged);
  if (judged < 2) {
    return fmt::format("not judged: {} of {} groups have {} rows or more, two are needed", judged,
                       fairness.groups.size(), kFewestOfGroup);
  }
  if (fairness.equalized_odds) return {};
  return "odds are not judged: fewer than two groups have both positives and negatives";
}

}  // namespace

Fairness fairness_of(const GroupedAnswers& rows, double level) {
  std::vector<GroupRates> all(rows.names.size());
  for (std::size_t i = 0; i < rows.group.size(); ++i) {
    GroupRates& group = all[rows.group[i]];
    const bool hit = rows.answered[i] != 0;
    group.rows += 1;
    count_in(group.selected, hit);
    count_in(rows.positive[i] ? group.true_positive : group.false_positive, hit);
  }
  Fairness out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    GroupRates& group = all[i];
    if (group.rows == 0) continue;
    group.name = rows.names[i];
    group.judged = group.rows >= kFewestOfGroup;
    for (Rate* rate : {&group.selected, &group.true_positive, &group.false_positive}) {
      rate->bounds = stats::wilson(rate->share, level);
    }
    out.groups.push_back(std::move(group));
  }
  const auto false_positive = disparity_of(out.groups, &GroupRates::false_positive);
  out.demographic_parity = disparity_of(out.groups, &GroupRates::selected);
  out.equal_opportunity = disparity_of(out.groups, &GroupRates::true_positive);
  out.equalized_odds = worse_of(out.equal_opportunity, false_positive);
  out.reason = what_is_missing(out);
  return out;
}

}  // namespace rondo::evaluate
