// See lost.h.
#include "loop/lost.h"

#include <algorithm>

namespace rondo::loop {

using ledger::PredictionIds;

Result<LostAnswers::Ends> LostAnswers::read() const {
  Ends ends;
  const auto look = [&](std::string_view id, Time) {
    const auto origin = PredictionIds::origin_of(id);
    End& end = ends[{origin.start, origin.thread}];
    end.least = std::min(end.least, origin.sequence);
    end.greatest = std::max(end.greatest, origin.sequence);
    end.lot = std::max(end.lot, PredictionIds::lot_of(id));
    return false;
  };
  TRY(ledger::read_predictions(fs_, log_, {}, look, [](ledger::Prediction&&) {}));
  return ends;
}

Result<bool> LostAnswers::is_lost(std::string_view id) {
  const auto origin = PredictionIds::origin_of(id);
  const bool gone = gone_.with([&](const ledger::SequenceEnds& ends) {
    const auto end = ends.find({origin.start, origin.thread});
    return end != ends.end() && origin.sequence <= end->second;
  });
  if (gone) return true;
  if (start_ != 0 && origin.start >= start_) return false;
  return ends_.with([&](std::optional<Ends>& ends) -> Result<bool> {
    const auto beyond = [&] {
      const auto end = ends->find({origin.start, origin.thread});
      return end == ends->end() || origin.sequence > end->second.greatest ||
             origin.sequence < end->second.least || PredictionIds::lot_of(id) > end->second.lot;
    };
    const bool fresh = !ends;
    if (fresh) ends = TRY(read());
    if (!fresh && start_ == 0 && beyond()) ends = TRY(read());
    return beyond();
  });
}

void LostAnswers::dropped(const ledger::SequenceEnds& ends) {
  gone_.with([&](ledger::SequenceEnds& gone) {
    for (const auto& [whose, end] : ends) gone[whose] = std::max(gone[whose], end);
  });
}

}  // namespace rondo::loop
