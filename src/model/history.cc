// As-of reads over observations that come late, corrected and out of order. Every version of a
// value is kept, sorted by (t, sequence, k), so a read depends on what was observed, never on the
// order in which it was told.
#include "model/history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/check.h"
#include "model/history_sides.h"

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
class Backward {
 public:
  /// Starts before `at`.
  Backward(const Past& past, Time q, std::size_t at)
      : versions_(past.versions()), q_(q), at_(past.known_before(at, q)) {}
  /// The next older value that is known at q, not older than `oldest` (exclusive); null at the end.
  const Version* next(Time oldest) {
    while (at_ > 0) {
      const Version& version = versions_[--at_];
      if (version.event <= oldest) return nullptr;
      if (version.known > q_) continue;
      while (at_ > 0 && versions_[at_ - 1].event == version.event &&
             versions_[at_ - 1].sequence == version.sequence) {
        --at_;  // an older version of the same value
      }
      return &version;
    }
    return nullptr;
  }

 private:
  std::span<const Version> versions_;
  Time q_;
  std::size_t at_;
};

double read_lag(const Past& past, const Lag& lag, Time p, Time q) {
  if (lag.by.us > 0) {
    const Time newest = before(p, lag.by);
    const bool last = newest.us == std::numeric_limits<std::int64_t>::max();
    Backward walk(past, q, last ? past.versions().size() : past.before(newest + Span{1}));
    const Version* found = walk.next(before(newest, lag.by));
    return found != nullptr ? found->value : kNothing;
  }
  Backward walk(past, q, past.before(p));
  const Version* found = nullptr;
  for (std::uint32_t n = 0; n < lag.rows; ++n) {
    found = walk.next(Time{std::numeric_limits<std::int64_t>::min()});
    if (found == nullptr) return kNothing;
  }
  return found->value;
}

/// The windows of one series as one reader sees them. Neighbours over the same are added up once.
class Windows {
 public:
  Windows(const Past& past, const Units& units, Time p, Time q)
      : reader_(past, units, p, q), units_(units), p_(p) {}
  double read(const Lag& lag) {
    const Time from = before(p_, lag.over);
    switch (lag.take) {
      case Take::kCount: return static_cast<double>(sums(lag, from).count);
      case Take::kSum: return total(sums(lag, from), units_);
      case Take::kMean: return mean(sums(lag, from), units_);
      case Take::kStd: return deviation(sums(lag, from), units_);
      case Take::kMin: return sums(lag, from).count == 0 ? kNothing : sums_.least;
      case Take::kMax: return sums(lag, from).count == 0 ? kNothing : sums_.greatest;
      case Take::kDistinct: return static_cast<double>(reader_.distinct(from));
      case Take::kLast:
      case Take::kAge: break;
    }
    const Version* newest = reader_.newest(from);
    if (newest == nullptr) return kNothing;
    return lag.take == Take::kLast ? newest->value
                                   : static_cast<double>(p_.us - newest->event.us) * 1e-6;
  }

 private:
  const Sums& sums(const Lag& lag, Time from) {
    const bool extremes = lag.take == Take::kMin || lag.take == Take::kMax;
    if (over_ != lag.over || (extremes && !extremes_)) {
      sums_ = reader_.sums(from, extremes);
      over_ = lag.over;
      extremes_ = extremes;
    }
    return sums_;
  }

  Past::Reader reader_;
  const Units& units_;
  Time p_;
  Span over_;  // of what `sums_` are; 0: of nothing yet
  bool extremes_ = false;
  Sums sums_;
};

/// The newest fact that is known and young enough.
double read_join(const Past& past, Span ttl, Time p, Time q) {
  const Time oldest = before(p, ttl);
  const auto versions = past.versions();
  const bool last = p.us == std::numeric_limits<std::int64_t>::max();
  std::size_t at = last ? versions.size() : past.before(p + Span{1});
  const Version* found = nullptr;
  while (at > 0) {
    const Version& version = versions[--at];
    if (version.event <= oldest || (found != nullptr && version.event != found->event)) break;
    if (version.known > q) continue;
    if (found == nullptr || version.known > found->known) found = &version;  // the greater sequence
  }                                                                          // is met first
  return found != nullptr ? found->value : kNothing;
};

double of_nothing(const Lag& lag) {
  const bool counts = lag.take == Take::kCount || lag.take == Take::kDistinct;
  return lag.over.us > 0 && counts ? 0 : kNothing;
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
  const auto ttl = json.contains("ttl_us") ? TRY(io::get<std::int64_t>(json, "ttl_us")) : 0;
  if (ttl != 0) {
    if (by != 0 || rows != 0 || json.contains("over_us") || ttl < 0 || ttl > kLongestLag.us) {
      return fail(Code::kInvalidInput, "join \"" + lag.feature +
                                           "\" must have a ttl of at most a century, and no more");
    }
    lag.series = static_cast<std::uint32_t>(which);
    lag.ttl = Span{ttl};
    TRY(read_codes(json, lag));
    return lag;
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

Result<std::vector<Scale>> scales_from(const Json& list) {
  std::vector<Scale> scales;
  for (const Json& one : list) {
    if (!one.is_object()) return fail(Code::kInvalidInput, "a scale is not an object");
    const auto center = TRY(io::get<double>(one, "center"));
    const auto exponent = TRY(io::get<std::int64_t>(one, "exponent"));
    if (!std::isfinite(center) || exponent < Scale::kLeast || exponent > Scale::kGreatest) {
      return fail(Code::kInvalidInput, "a scale of the history is out of range");
    }
    scales.push_back({center, static_cast<std::int32_t>(exponent)});
  }
  return scales;
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
  for (const Scale& scale : scales) {
    out["scales"].push_back({{"center", scale.center}, {"exponent", scale.exponent}});
  }
  write_sides(*this, out);
  for (const Lag& lag : lags) {
    Json one = {{"feature", lag.feature}, {"series", lag.series}};
    if (lag.by.us > 0) one["by_us"] = lag.by.us;
    if (lag.rows > 0) one["rows"] = lag.rows;
    if (lag.ttl.us > 0) one["ttl_us"] = lag.ttl.us;
    write_codes(lag, one);
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
  spec.scales = TRY(scales_from(io::get_or<Json>(json, "scales", Json::array())));
  if (!spec.scales.empty() && spec.scales.size() != spec.series.size()) {
    return fail(Code::kInvalidInput, "the history has not one scale a series");
  }
  std::set<std::string> features;
  for (const Json& one : lags) {
    spec.lags.push_back(TRY(lag_from(one, spec.series.size())));
    if (spec.lags.back().over.us > 0 && spec.scales.empty()) {
      return fail(Code::kInvalidInput, "the history has windows, and no scales to add them up by");
    }
    if (!features.insert(spec.lags.back().feature).second) {
      return fail(Code::kInvalidInput, "two lags are named \"" + spec.lags.back().feature + "\"");
    }
  }
  TRY(read_sides(json, spec));
  return spec;
}

HistoryState::HistoryState(HistorySpec spec)
    : spec_(std::move(spec)), series_(spec_.series.size()) {
  for (std::size_t i = 0; i < spec_.series.size(); ++i) {
    units_.emplace_back(spec_.scales.empty() ? Scale() : spec_.scales[i]);
  }
}

void HistoryState::apply(const Observation& observation) {
  CHECK(observation.series < series_.size(), "an observation names a series of the history");
  Entities& entities = series_[observation.series];
  auto found = entities.find(observation.entity);
  if (found == entities.end()) {
    if (most_bytes_ > 0 && bytes() >= most_bytes_) {
      ++refused_;
      return;
    }
    found = entities.try_emplace(observation.entity).first;
    entity_bytes_ += kEntityBytes + observation.entity.size();
  }
  const double value = observation.value + 0.0;  // -0 is 0
  if (found->second.apply({observation.event, observation.known, observation.sequence, value},
                          units_[observation.series])) {
    ++size_;
  }
}

void HistoryState::swap_sides(HistoryState& other) {
  CHECK(other.spec_ == spec_, "histories that read the same learn from one another");
  const auto count = [](const auto& by_key) {
    std::uint64_t versions = 0;
    for (const auto& [key, past] : by_key) versions += past.versions().size();
    return versions;
  };
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (spec_.side(i) == nullptr) continue;
    const std::uint64_t mine = count(series_[i]), theirs = count(other.series_[i]);
    std::swap(series_[i], other.series_[i]);
    size_ = size_ - mine + theirs;
    other.size_ = other.size_ - theirs + mine;
  }
}

void HistoryState::read(std::string_view entity, Time p, Time q,
                        std::span<double> out) const noexcept {
  CHECK(out.size() == spec_.lags.size(), "a read has room for each lag");
  const Past* past = nullptr;
  std::optional<Windows> windows;
  std::size_t series = spec_.series.size();  // whose `past` and `windows` are
  for (std::size_t i = 0; i < spec_.lags.size(); ++i) {
    const Lag& lag = spec_.lags[i];
    if (lag.series != series) {
      series = lag.series;
      const auto found = series_[series].find(
          spec_.sides.empty() ? entity : key_at(entity, key_place(spec_, lag)));
      past = found == series_[series].end() ? nullptr : &found->second;
      windows.reset();
    }
    if (past == nullptr) {
      out[i] = of_nothing(lag);
    } else if (lag.ttl.us > 0) {
      out[i] = read_join(*past, lag.ttl, p, q);
    } else if (lag.over.us == 0) {
      out[i] = read_lag(*past, lag, p, q);
    } else {
      if (!windows) windows.emplace(*past, units_[series], p, q);
      out[i] = windows->read(lag);
    }
  }
}

}  // namespace rondo::model
