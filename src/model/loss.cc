// Losses by their definitions; see loss.h.
#include "model/loss.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "model/prepared.h"

namespace rondo::model {
namespace {

struct Named {
  Loss loss;
  std::string_view name, words;
};

constexpr std::array kLosses = {
    Named{Loss::kError, "error", "error"},
    Named{Loss::kAbsolute, "absolute", "mean absolute error"},
    Named{Loss::kSquared, "squared", "mean squared error"},
    Named{Loss::kBrier, "brier", "Brier score"},
    Named{Loss::kCost, "cost", "mean cost"},
    Named{Loss::kAuc, "auc", "1 - AUC, the share of pairs in the wrong order,"}};

const Named& told(Loss loss) noexcept {
  return *std::ranges::find(kLosses, loss, &Named::loss);
}

/// Of two classes (p - y)^2; of more the sum over classes.
double brier(const Judgeable& row) noexcept {
  if (row.probabilities.empty()) return (row.score - row.label) * (row.score - row.label);
  double sum = 0;
  for (std::size_t k = 0; k < row.probabilities.size(); ++k) {
    const double off = row.probabilities[k] - (static_cast<double>(k) == row.label ? 1 : 0);
    sum += off * off;
  }
  return sum;
}

}  // namespace

std::string_view name_of(Loss loss) noexcept { return told(loss).name; }
std::string_view words_of(Loss loss) noexcept { return told(loss).words; }

std::optional<Loss> loss_from(std::string_view name) noexcept {
  const auto found = std::ranges::find(kLosses, name, &Named::name);
  return found == kLosses.end() ? std::nullopt : std::optional(found->loss);
}

Loss plain_loss(Task task) noexcept {
  return is_number(task) ? Loss::kAbsolute : Loss::kError;
}

bool fits(Loss loss, Task task) noexcept {
  if (is_number(task)) return !of_classes(loss);
  const bool pairs = loss == Loss::kCost || loss == Loss::kAuc;
  return of_classes(loss) && (task == Task::kBinary || !pairs);
}

double LossRule::of(const Judgeable& row) const noexcept {
  double lost = 0;
  switch (loss) {
    case Loss::kError: return row.answer == row.label ? 0 : 1;
    case Loss::kAbsolute: lost = std::abs(row.answer - row.label); break;
    case Loss::kSquared: lost = (row.answer - row.label) * (row.answer - row.label); break;
    case Loss::kBrier: lost = brier(row); break;
    case Loss::kCost:
      if (row.answer != row.label) lost = row.answer == 1 ? false_positive : false_negative;
      break;
    case Loss::kAuc: CHECK(false, "the AUC is of pairs, not of rows");
  }
  return std::isfinite(lost) ? std::min(1.0, lost / scale) : 1;
}

std::optional<double> ScoredPairs::add(bool positive, double score) {
  if (waiting_.empty() || positives_ == positive) {
    positives_ = positive;
    waiting_.push_back(score);
    return std::nullopt;
  }
  const double other = waiting_.front();
  waiting_.pop_front();
  const double better = positive ? score : other, worse = positive ? other : score;
  if (better > worse) return 0;
  return better == worse ? 0.5 : 1;
}

}  // namespace rondo::model
