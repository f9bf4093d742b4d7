// What an answer loses once its label is known: the one definition of what is bounded on the test
// rows, frozen with the reference and watched in production. A loss is divided by a scale that was
// frozen too, and lies in [0, 1] then.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string_view>

#include "model/answering.h"

namespace rondo::model {

enum class Loss : std::uint8_t { kError, kAbsolute, kSquared, kBrier, kCost, kAuc };
/// "error", "absolute", "squared", "brier", "cost", "auc".
std::string_view name_of(Loss loss) noexcept;
std::optional<Loss> loss_from(std::string_view name) noexcept;
/// As a sentence calls its mean: "mean squared error", "Brier score".
std::string_view words_of(Loss loss) noexcept;
/// Of numbers the absolute error, of classes the share of wrong answers.
Loss plain_loss(Task task) noexcept;
/// Absolute and squared errors are of numbers; Brier score and error of classes; cost and AUC of
/// two classes.
bool fits(Loss loss, Task task) noexcept;
inline bool of_classes(Loss loss) noexcept {
  return loss != Loss::kAbsolute && loss != Loss::kSquared;
}

/// An answer and its label.
struct Judgeable {
  double label = 0;                        // number, or class index
  double answer = 0;                       // number, or index of the class that was answered
  double score = 0;                        // of two classes the probability of the second
  std::span<const double> probabilities{}; // of more classes, one each
};

struct LossRule {
  Loss loss = Loss::kError;
  double scale = 1;                        // > 0; in the unit of the loss
  double false_positive = 1, false_negative = 1;  // prices, for the cost
  /// In [0, 1]; 1 where the answer is no number. Shape: not for the AUC, which is of pairs.
  double of(const Judgeable& row) const noexcept;
};

/// The AUC row by row: the i-th positive of a cohort with its i-th negative.
class ScoredPairs {
 public:
  /// 1 where the row completes a pair and its negative has the greater score, 1/2 for a tie; none
  /// while it waits for one of the other class.
  std::optional<double> add(bool positive, double score);
  void clear() noexcept { waiting_.clear(); }

 private:
  std::deque<double> waiting_;             // of one class alone, the oldest first
  bool positives_ = false;                 // which
};

}  // namespace rondo::model
