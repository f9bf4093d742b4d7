// As-of reads over observations that come late, corrected and out of order. Every version of a
// value is kept, sorted by (t, sequence, k), so a read is a walk from the newest entry back and
// depends on what was observed, never on the order in which it was told.
#include "model/history.h"

#include <algorithm>
#include <bit>
#include <cmath>
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

/// What one walk over a window finds.
struct Window {
  std::uint64_t count = 0;
  double sum = 0, mean = 0, squares = 0;  // mean and squared deviations: Welford, 1962
  double least = 0, greatest = 0, last = 0;
  Time newest;
};

template <class Entry>
Window read_window(std::span<const Entry> entries, Span over, Time p, Time q) {
  Window out;
  const Time from = before(p, over);
  const Time oldest = before(from, Span{1});  // the walk leaves it out
  Backward<Entry> walk(entries, q, [p](const Entry& e) { return e.event < p; });
  while (const Entry* entry = walk.next(oldest)) {
    const double x = entry->value;
    if (out.count++ == 0) {
      out.last = out.least = out.greatest = x;
      out.newest = entry->event;
    }
    out.sum += x;
    const double apart = x - out.mean;
    out.mean += apart / static_cast<double>(out.count);
    out.squares += apart * (x - out.mean);
    out.least = std::min(out.least, x);
    out.greatest = std::max(out.greatest, x);
  }
  return out;
}

double taken(const Window& window, Take take, Time p) {
  const auto count = static_cast<double>(window.count);
  if (take == Take::kCount) return count;
  if (window.count == 0) return kNothing;
  switch (take) {
    case Take::kCount: break;
    case Take::kSum: return window.sum;
    case Take::kMean: return window.sum / count;
    case Take::kStd: return window.count < 2 ? kNothing : std::sqrt(window.squares / (count - 1));
    case Take::kMin: return window.least;
    case Take::kMax: return window.greatest;
    case Take::kLast: return window.last;
    case Take::kAge: return static_cast<double>(p.us - window.newest.us) * 1e-6;
  }
  return kNothing;
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
  const auto over = json.contains("over_us") ? TRY(io::get<std::int64_t>(json, "over_us")) : 0;
  if (over != 0) {
    const auto take = take_from(io::get_or<std::string>(json, "take", ""));
    if (by != 0 || rows != 0 || over < 0 || over > kLongestLag.us || !take) {
      return fail(Code::kInvalidInput, "window \"" + lag.feature +
                                           "\" must be over a time (at most a century), with what "
                                           "it takes");
    }
    lag.series = static_cast<std::uint32_t>(which);
    lag.over = Span{over};
    lag.take = *take;
    return lag;
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

std::optional<Take> take_from(std::string_view name) {
  const auto found = std::ranges::find(kTakeNames, name);
  if (found == std::end(kTakeNames)) return std::nullopt;
  return static_cast<Take>(found - std::begin(kTakeNames));
}

Json HistorySpec::to_json() const {
  Json out = {{"series", series}, {"lags", Json::array()}};
  if (!entity.empty()) out["entity"] = entity;
  for (const Lag& lag : lags) {
    Json one = {{"feature", lag.feature}, {"series", lag.series}};
    if (lag.by.us > 0) one["by_us"] = lag.by.us;
    if (lag.rows > 0) one["rows"] = lag.rows;
    if (lag.over.us > 0) {
      one["over_us"] = lag.over.us;
      one["take"] = kTakeNames[static_cast<std::size_t>(lag.take)];
    }
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
  for (const Json& name : io::get_or<Json>(json, "entity", Json::array())) {
    if (!name.is_string()) {
      return fail(Code::kInvalidInput, "\"entity\" of the history lists no column names");
    }
    spec.entity.push_back(name.get<std::string>());
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
  const Lag* walked = nullptr;  // whose window `window` is
  Window window;
  for (std::size_t i = 0; i < spec_.lags.size(); ++i) {
    const Lag& lag = spec_.lags[i];
    const auto& entities = series_[lag.series];
    const auto found = entities.find(entity);
    const auto entries = found == entities.end() ? std::span<const Entry>() : found->second;
    if (lag.over.us == 0) {
      out[i] = read_lag(entries, lag, p, q);
      continue;
    }
    if (walked == nullptr || walked->series != lag.series || walked->over != lag.over) {
      window = read_window(entries, lag.over, p, q);
      walked = &lag;
    }
    out[i] = taken(window, lag.take, p);
  }
}

}  // namespace rondo::model
