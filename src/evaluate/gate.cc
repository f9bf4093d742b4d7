// The gate's rules and sentences; see gate.h.
#include "evaluate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/words.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

constexpr double kPower = 0.8;

std::string number(double value) { return fmt::format("{:.4g}", value); }

double needed_share(const Rival& rival, const Rules& rules, double alpha) {
  const double z = stats::normal_quantile(1 - alpha) + stats::normal_quantile(kPower);
  const double share = z * rival.paired.standard_error / rules.min_effect;
  return share * share;
}

/// What a judgement goes by.
struct Case {
  const Evidence& evidence;
  const Rules& rules;
  double alpha;
  const Rival* rival;

  bool first() const { return !evidence.champion; }
  bool better(double value, double than) const {
    return evidence.greater_is_better ? value >= than : value <= than;
  }
  double worse_end() const {
    return evidence.greater_is_better ? evidence.challenger.low : evidence.challenger.high;
  }
  double better_end() const {
    return evidence.greater_is_better ? evidence.challenger.high : evidence.challenger.low;
  }
  bool meets_at_least() const {
    return !rules.at_least || better(worse_end(), *rules.at_least);
  }
  bool misses_at_least() const {
    return rules.at_least && !better(better_end(), *rules.at_least);
  }
  std::string call(const Rival& other) const {
    if (evidence.champion && &other == &*evidence.champion) return other.name;
    return fmt::format("the baseline \"{}\"", other.name);
  }
  std::string challenger() const { return first() ? "the first model" : "the challenger"; }
  std::string keeps() const {
    return first() ? "deploys nothing: " : fmt::format("keeps {}: ", evidence.champion->name);
  }
};

/// "the challenger's mae is 41.2, v3's 40.9 on the same 336 rows of 14 days; gain -0.3 (-1.1 to
/// 0.5, each end at 96.96 %)".
std::string compared(const Case& c, const Rival& other) {
  const Paired& p = other.paired;
  const std::string days = p.days > 0 ? fmt::format(" of {} days", p.days) : "";
  return fmt::format("{}'s {} is {}, {}'s {} on the same {} rows{}; gain {} ({} to {}, each end at "
                     "{} %)",
                     c.challenger(), c.evidence.metric, number(other.challenger), c.call(other),
                     number(other.value), grouped(p.rows), days, number(p.gain.value),
                     number(p.gain.low), number(p.gain.high), number(100 * (1 - c.alpha)));
}

/// A baseline that stops the challenger for good, or (a first model only) that it has not beaten
/// yet.
enum class Guard { kPassed, kOpen, kFailed };

Guard guard_of(const Case& c, const Rival& baseline) {
  const Interval& gain = baseline.paired.gain;
  // Nobody asked for a line, so there is none to have in its place: it is told.
  if (baseline.is_model && !c.evidence.line_was_tried) return Guard::kPassed;
  // A line was tried too, and inner rows chose. What the test rows cannot prove is chance; what
  // they prove, they prove of a first model as well.
  if (!c.first() || baseline.is_model) return gain.high < 0 ? Guard::kFailed : Guard::kPassed;
  // The best rule of thumb stands for the champion: it must be beaten with confidence. The other
  // rules are worse than it on these rows, and it is enough to beat them there.
  if ((&baseline == c.rival ? gain.low : gain.value) > 0) return Guard::kPassed;
  return gain.high < c.rules.min_effect ? Guard::kFailed : Guard::kOpen;
}

std::string guard_sentence(const Case& c, const Rival& baseline, Guard guard) {
  if (baseline.is_model) {
    return compared(c, baseline) +
           ": a straight line is better with confidence, though inner rows did not show it; a "
           "search ([train] budget) finds other trees";
  }
  if (!c.first()) return compared(c, baseline) + ": the baseline is better with confidence";
  if (guard == Guard::kFailed) {
    return fmt::format("{}: a first model must beat each baseline, and this one is not better by "
                       "{}, the smallest gain worth a promotion",
                       compared(c, baseline), number(c.rules.min_effect));
  }
  return compared(c, baseline) +
         ": a first model must beat each baseline, the best one with confidence";
}

std::string at_least_sentence(const Case& c, double end, std::string_view which) {
  return fmt::format("the {} end of {}'s {}, {} ({} to {}), is {}, and at_least asks for {}",
                     which, c.challenger(), c.evidence.metric, number(c.evidence.challenger.value),
                     number(c.evidence.challenger.low), number(c.evidence.challenger.high),
                     number(end), number(*c.rules.at_least));
}

std::optional<Verdict> too_little(const Case& c) {
  const Evidence& e = c.evidence;
  Verdict verdict;
  const auto say = [&](std::string why, std::uint64_t rows) {
    verdict.reasons = {"undecided: " + std::move(why)};
    verdict.rows_needed = rows;
    return verdict;
  };
  if (e.rows < kFewestRows) {
    return say(fmt::format("there are {} test rows, and under {} nothing is judged",
                           grouped(e.rows),
                           kFewestRows), kFewestRows);
  }
  if (e.least_class < kFewestOfClass) {
    const auto rows = e.rows * kFewestOfClass / std::max<std::uint64_t>(1, e.least_class);
    return say(fmt::format("a class has {} test rows, and under {} nothing is judged",
                           e.least_class, kFewestOfClass), rows);
  }
  if (c.rival == nullptr) return say("there is nothing to compare with", 2 * e.rows);
  const Paired& paired = c.rival->paired;
  const bool defined = std::isfinite(paired.gain.low) && std::isfinite(paired.gain.high) &&
                       std::isfinite(e.challenger.low) && std::isfinite(e.challenger.high);
  if (defined) return std::nullopt;
  if (paired.days == 1) {
    return say(fmt::format("the {} test rows fall on one day, and a day is one observation",
                           grouped(e.rows)),
               2 * e.rows);
  }
  return say(fmt::format("{} is undefined on these {} test rows", e.metric, grouped(e.rows)),
             2 * e.rows);
}

/// Rows at which the blocking question could be answered; more than there are.
std::uint64_t rows_needed(const Case& c) {
  double share = 0;
  const auto ask = [&](const Rival& rival) {
    if (c.rules.min_effect > 0) share = std::max(share, needed_share(rival, c.rules, c.alpha));
  };
  if (!(c.rival->paired.gain.low > -c.rules.margin)) ask(*c.rival);
  for (const Rival& baseline : c.evidence.baselines) {
    if (guard_of(c, baseline) == Guard::kOpen) ask(baseline);
  }
  if (!c.meets_at_least()) {
    const double value = c.evidence.challenger.value;
    const double reach = value - c.worse_end(), away = value - *c.rules.at_least;
    if (away != 0) share = std::max(share, reach / away * (reach / away));
  }
  const double rows = static_cast<double>(c.evidence.rows);
  const double asked = std::min(std::ceil(rows * (share > 0 ? share : 2)), 1e15);
  return std::max(static_cast<std::uint64_t>(asked), c.evidence.rows + 1);
}

void promote(const Case& c, Verdict& verdict) {
  verdict.decision = Decision::kPromote;
  verdict.reasons.push_back(
      fmt::format("promotes {}: {}", c.challenger(), compared(c, *c.rival)));
  if (c.rules.margin > 0 && !(c.rival->paired.gain.low > 0)) {
    verdict.reasons.push_back(fmt::format("it may be worse by up to {}, and a margin of {} is "
                                          "accepted", number(-c.rival->paired.gain.low),
                                          number(c.rules.margin)));
  }
  for (const Rival& baseline : c.evidence.baselines) {
    if (&baseline == c.rival) continue;
    const Interval& gain = baseline.paired.gain;
    const bool lost = baseline.is_model && !(gain.value > 0);
    verdict.reasons.push_back(
        compared(c, baseline) +
        (!lost           ? ""
         : gain.high < 0 ? ": a straight line is better with confidence: [train] learners has them"
                         : ": not beaten, and not better with confidence"));
  }
}

/// Why the champion stays, the deciding reason first; empty when nothing says so.
std::vector<std::string> reasons_to_keep(const Case& c) {
  std::vector<std::string> reasons = c.evidence.guards;
  for (const Rival& baseline : c.evidence.baselines) {
    if (guard_of(c, baseline) == Guard::kFailed) {
      reasons.push_back(guard_sentence(c, baseline, Guard::kFailed));
    }
  }
  if (c.misses_at_least()) reasons.push_back(at_least_sentence(c, c.better_end(), "better"));
  const Interval& gain = c.rival->paired.gain;
  const bool said = c.first() && guard_of(c, *c.rival) == Guard::kFailed;
  if (gain.high < c.rules.min_effect && !said) {
    reasons.push_back(fmt::format("{}: at most {}, below the smallest gain worth a promotion, {}",
                                  compared(c, *c.rival), number(gain.high),
                                  number(c.rules.min_effect)));
  }
  return reasons;
}

void leave_open(const Case& c, Verdict& verdict) {
  verdict.decision = Decision::kUndecided;
  verdict.rows_needed = rows_needed(c);
  std::vector<std::string> reasons;
  const Interval& gain = c.rival->paired.gain;
  if (!c.first() && !(gain.low > -c.rules.margin)) {
    reasons.push_back(fmt::format("{}: it may be better or not", compared(c, *c.rival)));
  }
  for (const Rival& baseline : c.evidence.baselines) {
    if (guard_of(c, baseline) == Guard::kOpen) {
      reasons.push_back(guard_sentence(c, baseline, Guard::kOpen));
    }
  }
  if (!c.meets_at_least()) reasons.push_back(at_least_sentence(c, c.worse_end(), "worse"));
  if (reasons.empty()) reasons.push_back(compared(c, *c.rival));
  reasons.front() = fmt::format("undecided: {}; about {} test rows could tell", reasons.front(),
                                grouped(verdict.rows_needed));
  verdict.reasons = std::move(reasons);
}

}  // namespace

std::string_view name_of(Decision decision) noexcept {
  switch (decision) {
    case Decision::kPromote: return "promote";
    case Decision::kKeep: return "keep";
    case Decision::kUndecided: break;
  }
  return "undecided";
}

Json to_json(const Interval& interval) {
  return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
}

Json to_json(const Verdict& verdict) {
  return {{"decision", name_of(verdict.decision)},
          {"reasons", verdict.reasons},
          {"smallest_detectable", verdict.smallest_detectable},
          {"rows_needed", verdict.rows_needed},
          {"alpha", verdict.alpha},
          {"min_effect", verdict.min_effect}};
}

double alpha_of(std::int64_t look, double confidence) noexcept {
  if (look <= 0) return 1 - confidence;
  const double j = static_cast<double>(look);
  return (1 - confidence) * 6 / (std::numbers::pi * std::numbers::pi * j * j);
}

double smallest_gain(double rival_value, bool greater_is_better) noexcept {
  return greater_is_better ? 0.05 * (1 - rival_value) : 0.02 * rival_value;
}

const Rival* to_beat(const Evidence& evidence) noexcept {
  if (evidence.champion) return &*evidence.champion;
  const Rival* best = nullptr;
  for (const Rival& baseline : evidence.baselines) {
    if (baseline.is_model) continue;
    if (best == nullptr || baseline.paired.gain.value < best->paired.gain.value) best = &baseline;
  }
  return best;
}

Verdict judge(const Evidence& evidence, const Rules& rules) {
  const Case c{evidence, rules, alpha_of(evidence.look, rules.confidence), to_beat(evidence)};
  Verdict verdict;
  if (auto open = too_little(c)) {
    verdict = std::move(*open);
  } else {
    verdict.smallest_detectable =
        (stats::normal_quantile(1 - c.alpha) + stats::normal_quantile(kPower)) *
        c.rival->paired.standard_error;
    const bool beaten = std::ranges::all_of(evidence.baselines, [&](const Rival& baseline) {
      return guard_of(c, baseline) == Guard::kPassed;
    });
    const bool gains = c.rival->paired.gain.low > -rules.margin;
    if (gains && beaten && c.meets_at_least() && evidence.guards.empty()) {
      promote(c, verdict);
    } else if (auto reasons = reasons_to_keep(c); !reasons.empty()) {
      verdict.decision = Decision::kKeep;
      reasons.front() = c.keeps() + reasons.front();
      verdict.reasons = std::move(reasons);
    } else {
      leave_open(c, verdict);
    }
  }
  verdict.alpha = c.alpha;
  verdict.min_effect = rules.min_effect;
  return verdict;
}

}  // namespace rondo::evaluate
