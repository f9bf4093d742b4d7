// The loop over rounds. It looks at stop and budget before each one and keeps no model itself: the
// booster is left at the round where it ended.
#include "train/boosting.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/clock.h"

namespace rondo::train {
namespace {

constexpr std::size_t kRoundsPerProgress = 25;

std::optional<Ending> interrupted(const Limits& limits) {
  if (limits.stop.requested()) return Ending::kStopped;
  if (limits.until_us && monotonic_us() > *limits.until_us) return Ending::kBudget;
  return std::nullopt;
}

}  // namespace

std::size_t patience_for(const Growth& growth, std::size_t rows) {
  if (growth.forest) return kForestTrees;
  // With 20 to 100 rounds the error on two years of bikes is the same within .1 of 42.5.
  constexpr double kSteps = 3, kLeast = 20, kMost = 300, kFullBelow = 10'000;
  const double share = kFullBelow / std::max(kFullBelow, static_cast<double>(rows));
  return static_cast<std::size_t>(std::max(kLeast, std::min(kMost, kSteps / growth.rate) * share));
}

Result<Course> grow(Booster& booster, const Judged& stop, const Limits& limits) {
  Course course;
  course.loss = std::numeric_limits<double>::quiet_NaN();
  while (course.rounds < limits.rounds) {
    if (const auto ending = interrupted(limits)) {
      course.ending = *ending;
      break;
    }
    const bool split = TRY(booster.grow());
    course.rounds = TRY(booster.rounds());
    if (!stop.labels.empty() && (split || course.best == 0)) {
      const auto answers = TRY(booster.answers());
      const double loss = mean_loss(stop, answers);
      if (course.best == 0 || loss < course.loss) {
        course.best = course.rounds;
        course.loss = loss;
        if (limits.keep_answers) course.answers.assign(answers.begin(), answers.end());
      }
    }
    if (!split) {
      course.ending = Ending::kNoSplit;
      break;
    }
    if (!stop.labels.empty() && course.rounds - course.best >= limits.patience) {
      course.ending = Ending::kPatience;
      break;
    }
    if (limits.progress && course.rounds % kRoundsPerProgress == 0) {
      limits.progress(course.rounds, course.loss);
    }
  }
  if (stop.labels.empty()) course.best = course.rounds;
  return course;
}

}  // namespace rondo::train
