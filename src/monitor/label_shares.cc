// Counts only: what is said follows from them alone, so a restart changes nothing.
#include "monitor/label_shares.h"

#include <algorithm>
#include <cmath>

namespace rondo::monitor {
namespace {

constexpr std::size_t kTenths = 10;
constexpr std::uint64_t kFewestRows = 100;  // of a group that is compared
constexpr double kUneven = 0.8, kStandardErrors = 5;

}  // namespace

LabelShares::LabelShares(const model::Reference& reference) {
  const auto law = std::ranges::find(reference.derived, model::kAnswers,
                                     &model::ColumnReference::name);
  if (law == reference.derived.end() || law->edges.empty()) return;
  const std::size_t bins = law->edges.size() + 1;
  for (std::size_t tenth = 1; tenth < kTenths; ++tenth) {
    const std::size_t below = tenth * bins / kTenths;  // bins below this bound
    if (below == 0) continue;
    const double bound = law->edges[below - 1];
    if (bounds_.empty() || bound > bounds_.back()) bounds_.push_back(bound);
  }
  groups_.resize(bounds_.size() + 1);
}

void LabelShares::add(const Cohort& cohort) {
  if (groups_.empty()) return;
  for (const Judged& row : cohort.rows) {
    const double answer = std::isfinite(row.score) ? row.score : row.answer;
    if (!std::isfinite(answer)) continue;
    const auto place = std::ranges::lower_bound(bounds_, answer) - bounds_.begin();
    Group& group = groups_[static_cast<std::size_t>(place)];
    ++group.rows;
    if (row.label) ++group.labelled;
  }
}

Json LabelShares::state() const {
  Json out = Json::array();
  for (const Group& group : groups_) out.push_back({group.rows, group.labelled});
  return out;
}

/// A watcher of before had none.
Result<void> LabelShares::read(const Json& state) {
  if (state.is_null()) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's shares of labels have another shape");
  if (!state.is_array() || state.size() != groups_.size()) return wrong;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const Json& one = state[i];
    const bool shaped = one.is_array() && one.size() == 2 && one[0].is_number_unsigned() &&
                        one[1].is_number_unsigned();
    if (!shaped) return wrong;
    groups_[i] = {one[0].get<std::uint64_t>(), one[1].get<std::uint64_t>()};
    if (groups_[i].labelled > groups_[i].rows) return wrong;
  }
  return {};
}

Json LabelShares::summary() const {
  if (std::ranges::all_of(groups_, [](const Group& group) { return group.rows == 0; })) {
    return nullptr;
  }
  Json rows = Json::array();
  std::optional<std::size_t> least, greatest;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    rows.push_back({{"from", i == 0 ? Json(nullptr) : Json(bounds_[i - 1])},
                    {"to", i == bounds_.size() ? Json(nullptr) : Json(bounds_[i])},
                    {"rows", group.rows},
                    {"labelled", group.labelled}});
    if (group.rows < kFewestRows) continue;
    if (!least || group.share() < groups_[*least].share()) least = i;
    if (!greatest || group.share() > groups_[*greatest].share()) greatest = i;
  }
  Json out = {{"groups", std::move(rows)}, {"uneven", false}};
  if (!least || least == greatest) return out;
  const Group &low = groups_[*least], &high = groups_[*greatest];
  const auto variance = [](const Group& group) {
    return group.share() * (1 - group.share()) / static_cast<double>(group.rows);
  };
  const double error = std::sqrt(variance(low) + variance(high));
  if (low.share() >= kUneven * high.share()) return out;
  if (high.share() - low.share() <= kStandardErrors * error) return out;
  out["uneven"] = true;
  out["least"] = *least;
  out["greatest"] = *greatest;
  return out;
}

}  // namespace rondo::monitor
