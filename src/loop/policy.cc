// Decisions. wanted() says what the policy would like, damped() what forbids it; next() follows the
// transition table and asks due() only at rest.
#include "loop/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/words.h"
#include "loop/mix.h"

namespace rondo::loop {
namespace {

std::string count_text(std::int64_t count) { return grouped(static_cast<std::uint64_t>(count)); }

constexpr const char* kLearns = "the model is not yet as good as before the change";
constexpr std::string_view kBuilt =
    "never, always, schedule, schedule:7d, drift, performance, cost, cron:7d";

std::unexpected<Error> no_policy(const std::string& name) {
  static const std::vector<std::string> kNames = {"never", "always", "schedule", "drift",
                                                  "performance", "cost", "cron"};
  const std::string near = io::nearest(name, kNames);
  return fail(Code::kInvalidInput,
              fmt::format("there is no policy \"{}\"{}; there are {}", name,
                          near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near),
                          kBuilt));
}

std::int64_t waiting_rows(const Snapshot& now) {
  return now.new_labelled.value_or(now.source_changed ? 1 : 0);
}

/// Labelled rows that a cycle started now would have.
std::int64_t labelled_then(const Snapshot& now) {
  return now.state.labelled + now.new_labelled.value_or(0) + now.served_labelled;
}

/// Harm is a reason for a cycle once there is a row that no training had.
Due harmed(const Snapshot& now, std::string sentence, Json numbers, std::int64_t base) {
  const std::int64_t have = labelled_then(now);
  if (have > base) return {true, std::move(sentence), std::move(numbers)};
  numbers["labelled"] = have;
  numbers["last_attempt_on"] = base;
  return {false,
          fmt::format("no: no labelled row came after the {} of the last training; {}",
                      count_text(base), sentence),
          std::move(numbers)};
}

bool rolls(const State& s) { return s.rollout && s.rollout->holds_up(); }

Json excess_json(const Snapshot& now) {
  const Json excess = io::get_or<Json>(now.watch, "excess", nullptr);
  return excess.is_object() ? excess : Json::object();
}

/// What a risen risk cost since its change point, judged or not; 0: no risk signal is open.
double excess_of(const Snapshot& now) {
  return io::get_or<double>(excess_json(now), "cost", 0);
}

/// The champion took over after harm and is not as good yet as what served before the change.
bool learns(const Snapshot& now) {
  return io::get_or<bool>(excess_json(now), "learning", false);
}

bool risen(const Snapshot& now) { return now.state.risk_signals > 0 || learns(now); }

std::optional<Action> first_cycle(const Snapshot& now, std::int64_t step) {
  const State& s = now.state;
  if (s.steps == 0) {
    return Action{step, s.cycle + 1, Stage::kCollection, "the project is new", false};
  }
  if (!s.trigger.empty()) {
    return Action{step, s.cycle + 1, Stage::kCollection, std::string(kAsked) + s.trigger, false};
  }
  if (waiting_rows(now) > 0) {
    return Action{step, s.cycle + 1, Stage::kCollection,
                  now.source_news.empty() ? "the source has news" : now.source_news, false};
  }
  return std::nullopt;
}

}  // namespace

Result<Policy> Policy::make(const std::string& name, const LoopOptions& options,
                            std::int64_t min_rows) {
  Policy policy;
  policy.name_ = name;
  policy.options_ = options;
  policy.min_rows_ = min_rows;
  policy.every_ = options.every;
  const std::size_t colon = name.find(':');
  const std::string word = name.substr(0, colon);
  if (colon != std::string::npos) {
    if (word != "schedule" && word != "cron") {
      return fail(Code::kInvalidInput,
                  fmt::format("policy \"{}\": only schedule and cron take a time", name));
    }
    policy.every_ = TRY(parse_span(name.substr(colon + 1)));
  }
  if (word == "never") policy.kind_ = Kind::kNever;
  else if (word == "always") policy.kind_ = Kind::kAlways;
  else if (word == "schedule") policy.kind_ = Kind::kSchedule;
  else if (word == "drift") policy.kind_ = Kind::kDrift;
  else if (word == "performance") policy.kind_ = Kind::kPerformance;
  else if (word == "cost") policy.kind_ = Kind::kCost;
  else if (word == "cron") policy.kind_ = Kind::kCron;
  else return no_policy(name);
  return policy;
}

std::int64_t Policy::labelled_needed(const Snapshot& now) const {
  const State& s = now.state;
  if (!s.trigger.empty()) return s.champion == 0 ? min_rows_ : 0;
  const std::int64_t trained =
      s.versions.contains(s.champion) ? s.versions.at(s.champion).labelled : 0;
  const std::int64_t base = std::max(trained, s.attempted_labelled);
  if (base == 0) return min_rows_;
  if (s.champion != 0 && damped(now)) return std::numeric_limits<std::int64_t>::max();
  if (kind_ == Kind::kCron || kind_ == Kind::kSchedule || harms(now)) return base + 1;
  return base + growth(base);
}

bool Policy::harms(const Snapshot& now) const {
  if (kind_ == Kind::kDrift) return now.state.drift_signals > 0;
  if (kind_ == Kind::kCost) return risen(now) && excess_of(now) >= worth(now);
  return now.state.risk_signals > 0;
}

double Policy::worth(const Snapshot& now) const {
  return options_.cost_of_cycle * static_cast<double>(now.state.fruitless + 1);
}

std::int64_t Policy::growth(std::int64_t base) const {
  const double share = kind_ == Kind::kAlways ? 0 : options_.new_data;
  return std::max<std::int64_t>(
      min_rows_, static_cast<std::int64_t>(std::ceil(share * static_cast<double>(base))));
}

double Policy::rest_days(const State& state) const {
  const auto vain = static_cast<int>(std::min<std::int64_t>(state.fruitless, 5));
  return std::min(30.0, std::ldexp(options_.cool_down.in_days(), vain));
}

std::optional<Due> Policy::damped(const Snapshot& now) const {
  const State& s = now.state;
  if (kind_ == Kind::kCron) return std::nullopt;
  const auto no = [](std::string reason, Json numbers) {
    return Due{false, std::move(reason), std::move(numbers)};
  };
  const double days = rest_days(s);
  const double since = (now.now - s.cycle_ended).in_days();
  if (s.cycle_ended > kBeginningOfTime && since < days) {
    return no(fmt::format("no: the last cycle ended {:.1f} days ago and the loop cools down for "
                          "{:.1f} days after it", since, days),
              {{"days_since_cycle", since}, {"cool_down_days", days}});
  }
  const auto month = std::count_if(s.cycles.begin(), s.cycles.end(), [&](Time t) {
    return now.now - t < Span::days(30);
  });
  if (month >= options_.cycles_per_month) {
    return no(fmt::format("no: {} cycles in 30 days, the budget is {}", month,
                          options_.cycles_per_month),
              {{"cycles_in_30_days", month}, {"cycles_per_month", options_.cycles_per_month}});
  }
  double cpu = 0;
  for (std::size_t i = 0; i < s.cycles.size() && i < s.cycle_cpu.size(); ++i) {
    if (now.now - s.cycles[i] < Span::days(30)) cpu += s.cycle_cpu[i];
  }
  if (cpu >= options_.cpu_per_month.in_seconds()) {
    return no(fmt::format("no: cycles took {:.0f} predicted CPU-seconds in 30 days, the budget is "
                          "{:.0f}", cpu, options_.cpu_per_month.in_seconds()),
              {{"predicted_cpu_s", cpu}, {"budget_s", options_.cpu_per_month.in_seconds()}});
  }
  return std::nullopt;
}

std::optional<Time> Policy::changes_at(const Snapshot& now) const {
  const State& s = now.state;
  if (s.paused || rolls(s)) return std::nullopt;
  const bool timed = kind_ == Kind::kSchedule || kind_ == Kind::kCron;
  if (!wanted(now).yes) return timed ? std::optional(s.cycle_started + every_) : std::nullopt;
  if (kind_ == Kind::kCron) return std::nullopt;
  const Span month = Span::days(30);
  Time at = s.cycle_ended;
  if (at > kBeginningOfTime) at = at + Span{static_cast<std::int64_t>(rest_days(s) * 86.4e9)};
  const auto most = static_cast<std::size_t>(options_.cycles_per_month);
  if (s.cycles.size() >= most) at = std::max(at, s.cycles[s.cycles.size() - most] + month);
  double cpu = 0;
  for (std::size_t i = std::min(s.cycles.size(), s.cycle_cpu.size()); i > 0; --i) {
    cpu += s.cycle_cpu[i - 1];
    if (cpu < options_.cpu_per_month.in_seconds()) continue;
    at = std::max(at, s.cycles[i - 1] + month);
    break;
  }
  return at > now.now ? std::optional(at) : std::nullopt;
}

Json Policy::settings() const {
  return {{"name", name_}, {"min_rows", min_rows_}, {"loop", io::write_options(options_)}};
}

Result<Policy> Policy::from_settings(const Json& settings) {
  const Json loop = io::get_or<Json>(settings, "loop", Json::object());
  return make(io::get_or<std::string>(settings, "name", ""),
              TRY(io::read_options<LoopOptions>(loop, "loop")),
              io::get_or<std::int64_t>(settings, "min_rows", 100));
}

std::string Policy::excess_text(const Snapshot& now) const {
  const std::int64_t vain = now.state.fruitless;
  std::string text = fmt::format("its excess cost is about {} so far, a cycle costs {}",
                                 rounded(excess_of(now)), rounded(options_.cost_of_cycle));
  if (vain == 1) text += ", and one was in vain";
  if (vain > 1) text += fmt::format(", and {} were in vain", vain);
  return text;
}

Due Policy::wanted(const Snapshot& now) const {
  const State& s = now.state;
  const std::int64_t trained = s.versions.contains(s.champion)
                                   ? s.versions.at(s.champion).labelled
                                   : 0;
  const std::int64_t base = std::max(trained, s.attempted_labelled);
  const std::int64_t have = labelled_then(now);
  const double days = (now.now - s.cycle_started).in_days();
  switch (kind_) {
    case Kind::kNever: return {false, "no: the policy is never", Json::object()};
    case Kind::kSchedule:
    case Kind::kCron:
      if (now.now - s.cycle_started >= every_) {
        return {true,
              fmt::format("{:.1f} days since the last cycle began, the schedule is {}", days,
                                  to_text(every_)), {{"days", days}, {"every", every_.in_days()}}};
      }
      return {false, fmt::format("no: {:.1f} days since the last cycle began, the schedule is {}",
                                 days, to_text(every_)),
              {{"days", days}, {"every", every_.in_days()}}};
    case Kind::kAlways:
    case Kind::kDrift:
    case Kind::kPerformance:
    case Kind::kCost: break;
  }
  const bool reacts = kind_ != Kind::kAlways;
  if (reacts && harms(now)) {
    Json why = {{"risk_signals", s.risk_signals}};
    if (kind_ == Kind::kDrift) {
      why["drift_signals"] = s.drift_signals;
      return harmed(now, s.drift_sentence, std::move(why), base);
    }
    const Json mix = mix_of(s);
    if (!mix.is_null()) why["mix"] = mix;
    if (kind_ == Kind::kPerformance) {
      return harmed(now, s.risk_sentence + mix_text(mix), std::move(why), base);
    }
    why["excess_cost"] = excess_of(now);
    why["cost_of_cycle"] = options_.cost_of_cycle;
    why["cycles_in_vain"] = s.fruitless;
    const std::string what = learns(now) ? kLearns : s.risk_sentence;
    return harmed(now, fmt::format("{}; {}{}", what, excess_text(now), mix_text(mix)),
                  std::move(why), base);
  }
  const std::int64_t needed = base + growth(base);
  Json numbers = {{"labelled", have}, {"needed", needed}, {"trained_on", trained},
                  {"last_attempt_on", s.attempted_labelled}};
  const bool counts = kind_ == Kind::kCost && risen(now);
  if (counts) {
    numbers["excess_cost"] = excess_of(now);
    numbers["cost_of_cycle"] = options_.cost_of_cycle;
    numbers["cycles_in_vain"] = s.fruitless;
  }
  std::string how = s.risk_signals > 0 ? "the risk rose" : "the model performs well";
  if (counts) how = fmt::format("{}, and {}", learns(now) ? kLearns : how, excess_text(now));
  if (reacts && options_.new_data <= 0) {
    return {false, fmt::format("no: {}{}", how, counts ? "" : ", and new_data is off"), numbers};
  }
  if (have >= needed) {
    return {true, fmt::format("labelled rows grew from {} to {} (due at {})", count_text(base),
                              count_text(have), count_text(needed)),
            numbers};
  }
  return {false, fmt::format("no: {}; {} labelled rows, the next cycle is due at {}", how,
                             count_text(have), count_text(needed)),
          numbers};
}

Due Policy::due(const Snapshot& now) const {
  if (now.state.paused) return {false, "no: the loop is paused", Json::object()};
  if (rolls(now.state)) {
    return {false, fmt::format("no: v{} is being rolled out", now.state.rollout->challenger),
            {{"challenger", now.state.rollout->challenger},
             {"share_percent", now.state.rollout->share() / 100.0}}};
  }
  if (!now.state.trigger.empty()) {
    return {true, std::string(kAsked) + now.state.trigger, Json::object()};
  }
  Due want = wanted(now);
  const auto held = want.yes ? damped(now) : std::nullopt;
  if (want.yes && !held) return want;
  const bool unread = now.source_changed && !now.new_labelled && kind_ != Kind::kNever;
  if (unread) {  // Collecting is cheap and never damped; whether to train is decided after it.
    return {true, now.source_news.empty() ? "the source has news" : now.source_news,
            want.numbers};
  }
  if (!held) return want;
  Due no = *held;
  no.numbers["wanted"] = want.reason;
  return no;
}

std::optional<Action> Policy::next(const Snapshot& now) const {
  const State& s = now.state;
  if (s.open) {
    if (s.waiting_version_step == s.open->step) return std::nullopt;  // a person decides
    return Action{s.open->step, s.open->cycle, s.open->stage, s.open->reason, true};
  }
  const std::int64_t step = s.steps + 1;
  if (s.next && *s.next == Stage::kCollection) {
    if (s.paused) return std::nullopt;
    return Action{step, s.cycle + 1, *s.next, s.last_reason, false};
  }
  if (s.next) {
    if (s.paused && *s.next != Stage::kMonitoring) return std::nullopt;
    return Action{step, s.cycle, *s.next, s.last_reason, false};
  }
  if (s.paused) return std::nullopt;
  if (s.champion == 0) return first_cycle(now, step);
  if (rolls(s) && !now.stay) return std::nullopt;  // only served requests bring it on
  const bool news = now.stay || now.windows_due || now.source_changed || !s.trigger.empty() ||
                    due(now).yes;
  if (!news) return std::nullopt;
  return Action{step, s.cycle, Stage::kMonitoring,
                now.source_news.empty() ? "there is news" : now.source_news, false};
}

}  // namespace rondo::loop
