// See lost.h.
#include "loop/lost.h"

#include <algorithm>

namespace rondo::loop {

using ledger::PredictionIds;

Result<LostAnswers::Ends> LostAnswers::read() const {
  Ends ends;
  const auto look = [&](std::string_view id, Time) {
    const auto origin = PredictionIds::origin_of(id);
    auto& end = ends[{origin.start, origin.thread}];
    end = std::max(end, origin.sequence);
    return false;
  };
  TRY(ledger::read_predictions(fs_, log_, {}, look, [](ledger::Prediction&&) {}));
  return ends;
}

Result<bool> LostAnswers::is_lost(std::string_view id) {
  const auto origin = PredictionIds::origin_of(id);
  if (start_ != 0 && origin.start >= start_) return false;
  return ends_.with([&](std::optional<Ends>& ends) -> Result<bool> {
    const auto beyond = [&] {
      const auto end = ends->find({origin.start, origin.thread});
      return end == ends->end() || origin.sequence > end->second;
    };
    const bool fresh = !ends;
    if (fresh) ends = TRY(read());
    if (!fresh && start_ == 0 && beyond()) ends = TRY(read());
    return beyond();
  });
}

}  // namespace rondo::loop
