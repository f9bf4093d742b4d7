// As-of reads over observations that come late, corrected and out of order. Every version of a
// value is kept, sorted by (t, sequence, k), so a read is a walk from the newest entry back and
// depends on what was observed, never on the order in which it was told.
#include "model/history.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>
#include <tuple>

#include "base/check.h"

namespace rondo::model {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr Span kLongestLag = Span::days(36'525);  // a century; keeps t - 2 by far from overflow
constexpr std::uint32_t kMostRows = 1'000'000;

// t - by, but never beyond the ends of the type: a request may name any time.
Time before(Time t, Span by) {
  std::int64_t out = 0;
  return {__builtin_sub_overflow(t.us, by.us, &out) ? std::numeric_limits<std::int64_t>::min()
                                                    : out};
}

/// Walks back over the values that a reader at q knows, one version a value: the newest known.
/// Shape: entries sorted by (event, sequence, known).
template <class Entry>
class Backward {
 public:
  /// Starts with the newest entry for which `inside` (monotone: true, then false) still holds.
  template <class Inside>
  Backward(std::span<const Entry> entries, Time q, Inside inside) : entries_(entries), q_(q) {
    at_ = static_cast<std::size_t>(
        std::partition_point(entries.begin(), entries.end(), inside) - entries.begin());
  }
  /// The next older value that is known at q, not older than `oldest` (exclusive); null at the end.
  const Entry* next(Time oldest) {
    while (at_ > 0) {
      const Entry& entry = entries_[--at_];
      if (entry.event <= oldest) return nullptr;
      if (entry.known > q_) continue;
      while (at_ > 0 && entries_[at_ - 1].event == entry.event &&
             entries_[at_ - 1].sequence == entry.sequence) {
        --at_;  // an older version of the same value
      }
      return &entry;
    }
    return nullptr;
  }

 private:
  std::span<const Entry> entries_;
  Time q_;
  std::size_t at_ = 0;
};

template <class Entry>
double read_lag(std::span<const Entry> entries, const Lag& lag, Time p, Time q) {
  if (lag.by.us > 0) {
    const Time newest = before(p, lag.by);
    Backward<Entry> walk(entries, q, [newest](const Entry& e) { return e.event <= newest; });
    const Entry* found = walk.next(before(newest, lag.by));
    return found != nullptr ? found->value : kNothing;
  }
  Backward<Entry> walk(entries, q, [p](const Entry& e) { return e.event < p; });
  const Entry* found = nullptr;
  for (std::uint32_t n = 0; n < lag.rows; ++n) {
    found = walk.next(Time{std::numeric_limits<std::int64_t>::min()});
    if (found == nullptr) return kNothing;
  }
  return found->value;
}

// One total order of values, so that two claims with the same (t, sequence, k) end the same way
// whichever came first.
bool outranks(double a, double b) {
  const auto rank = [](double x) {
    const auto bits = std::bit_cast<std::int64_t>(x);
    return bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits;
  };
  return rank(a) > rank(b);
}

Result<Lag> lag_from(const Json& json, std::size_t series) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "a lag is not an object");
  Lag lag;
  lag.feature = TRY(io::get<std::string>(json, "feature"));
  const auto which = TRY(io::get<std::int64_t>(json, "series"));
  const auto by = json.contains("by_us") ? TRY(io::get<std::int64_t>(json, "by_us")) : 0;
  const auto rows = json.contains("rows") ? TRY(io::get<std::int64_t>(json, "rows")) : 0;
  if (lag.feature.empty()) return fail(Code::kInvalidInput, "a lag has an empty name");
  if (which < 0 || static_cast<std::uint64_t>(which) >= series) {
    return fail(Code::kInvalidInput, "lag \"" + lag.feature + "\" names no series");
  }
  if ((by > 0) == (rows > 0) || by < 0 || rows < 0 || by > kLongestLag.us || rows > kMostRows) {
    return fail(Code::kInvalidInput, "lag \"" + lag.feature +
                                         "\" must go back by a time (at most a century) or by 1 to "
                                         "1,000,000 rows");
  }
  lag.series = static_cast<std::uint32_t>(which);
  lag.by = Span{by};
  lag.rows = static_cast<std::uint32_t>(rows);
  return lag;
}

}  // namespace

Json HistorySpec::to_json() const {
  Json out = {{"series", series}, {"lags", Json::array()}};
  for (const Lag& lag : lags) {
    Json one = {{"feature", lag.feature}, {"series", lag.series}};
    if (lag.by.us > 0) one["by_us"] = lag.by.us;
    if (lag.rows > 0) one["rows"] = lag.rows;
    out["lags"].push_back(std::move(one));
  }
  return out;
}

Result<HistorySpec> HistorySpec::from_json(const Json& json) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "the history is not an object");
  HistorySpec spec;
  const Json series = TRY(io::get<Json>(json, "series"));
  const Json lags = TRY(io::get<Json>(json, "lags"));
  if (!series.is_array() || !lags.is_array()) {
    return fail(Code::kInvalidInput, "\"series\" and \"lags\" of the history are no lists");
  }
  std::set<std::string> names;
  for (const Json& name : series) {
    if (!name.is_string() || name.get_ref<const std::string&>().empty() ||
        !names.insert(name.get<std::string>()).second) {
      return fail(Code::kInvalidInput, "a series of the history has no name or another one's");
    }
    spec.series.push_back(name.get<std::string>());
  }
  std::set<std::string> features;
  for (const Json& one : lags) {
    spec.lags.push_back(TRY(lag_from(one, spec.series.size())));
    if (!features.insert(spec.lags.back().feature).second) {
      return fail(Code::kInvalidInput, "two lags are named \"" + spec.lags.back().feature + "\"");
    }
  }
  return spec;
}

HistoryState::HistoryState(HistorySpec spec)
    : spec_(std::move(spec)), series_(spec_.series.size()) {}

void HistoryState::apply(const Observation& observation) {
  CHECK(observation.series < series_.size(), "an observation names a series of the history");
  auto& entries = series_[observation.series][observation.entity];
  const Entry entry{observation.event, observation.known, observation.sequence, observation.value};
  const auto key = [](const Entry& e) { return std::tuple(e.event, e.sequence, e.known); };
  const auto place = std::lower_bound(
      entries.begin(), entries.end(), entry,
      [&key](const Entry& a, const Entry& b) { return key(a) < key(b); });
  if (place != entries.end() && key(*place) == key(entry)) {
    if (outranks(entry.value, place->value)) place->value = entry.value;
    return;
  }
  entries.insert(place, entry);
  ++size_;
}

void HistoryState::read(std::string_view entity, Time p, Time q,
                        std::span<double> out) const noexcept {
  CHECK(out.size() == spec_.lags.size(), "a read has room for each lag");
  for (std::size_t i = 0; i < spec_.lags.size(); ++i) {
    const Lag& lag = spec_.lags[i];
    const auto& entities = series_[lag.series];
    const auto found = entities.find(entity);
    out[i] = found == entities.end() ? kNothing
                                     : read_lag(std::span<const Entry>(found->second), lag, p, q);
  }
}

}  // namespace rondo::model
