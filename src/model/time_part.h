// How long the parts of a time take to come round.
#pragma once

#include "model/transform.h"

namespace rondo::model {

/// 0 of the year, which never does.
constexpr Span cycle_of(Step::Part part) noexcept {
  switch (part) {
    case Step::Part::kYear: return {};
    case Step::Part::kMonth:
    case Step::Part::kDayOfYear: return Span::days(366);
    case Step::Part::kDay: return Span::days(31);
    case Step::Part::kWeekday: return Span::days(7);
    case Step::Part::kHour:
    case Step::Part::kMinuteOfDay: return Span::days(1);
  }
  return {};
}

/// Whether rows over such a stretch may learn from the part: they span its cycle twice. What came
/// once cannot be told from chance, and a part that has not come round is but the clock once more.
constexpr bool comes_round(Step::Part part, Span stretch) noexcept {
  return stretch.us >= 2 * cycle_of(part).us;
}

}  // namespace rondo::model
