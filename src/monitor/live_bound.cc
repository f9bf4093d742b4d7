// The looks are few and their errors halve, so that all of them together are wrong seldom.
#include "monitor/live_bound.h"

#include "stats/betting.h"

namespace rondo::monitor {
namespace {

constexpr std::size_t kFirstLook = 28, kLooks = 5;
constexpr std::size_t kMostDays = kFirstLook << (kLooks - 1);
constexpr double kErrorOfFirst = 0.005;    // halved by each later one
constexpr double kCloser = 0.8;            // a bound that is little closer is not worth a new start

}  // namespace

void LiveBound::add(double loss) {
  if (days_.size() <= kMostDays) days_.push_back(loss);  // one more says that the last look was
}

std::optional<double> LiveBound::look(double proved) const {
  double error = kErrorOfFirst;
  for (std::size_t at = kFirstLook; at <= kMostDays; at *= 2, error /= 2) {
    if (days_.size() != at) continue;
    const double bound = stats::mean_upper(days_, stats::reach_of_days(days_).high, error);
    if (bound < kCloser * proved) return bound;
  }
  return std::nullopt;
}

Json LiveBound::state() const {
  return {{"days", days_}, {"bound", bound_ ? Json(*bound_) : Json(nullptr)}};
}

/// A watcher of before had none.
Result<void> LiveBound::read(const Json& state) {
  if (state.is_null()) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's days have another shape");
  const Json days = io::get_or<Json>(state, "days", nullptr);
  if (!days.is_array() || days.size() > kMostDays + 1) return wrong;
  days_.clear();
  for (const Json& day : days) {
    if (!day.is_number()) return wrong;
    days_.push_back(day.get<double>());
  }
  bound_.reset();
  const Json bound = io::get_or<Json>(state, "bound", nullptr);
  if (bound.is_null()) return {};
  if (!bound.is_number()) return wrong;
  bound_ = bound.get<double>();
  return {};
}

}  // namespace rondo::monitor
