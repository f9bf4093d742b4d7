// The rules of a rollout, read top down: what breaks or harms goes back at once; what waits is
// held; what has seen enough and is within its tolerances goes on.
#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "loop/policy.h"

namespace rondo::loop {
namespace {

using What = Move::What;
constexpr std::string_view kLoss = "loss";

std::string percent(double share) { return fmt::format("{:.4g} %", share * 100); }

/// What the guard saw, as the end of a sentence.
std::string harm_text(const monitor::Guarding& guard, const Rollout& r,
                      const DeployOptions& options) {
  if (guard.name == "errors") {
    return fmt::format("it fails {} more rows than v{} (tolerated: {})", percent(guard.mean),
                       r.champion, percent(guard.tolerance));
  }
  if (guard.name == "latency") {
    return fmt::format("{} more of its requests than of v{}'s are slow to score (tolerated: {}); "
                       "slow is over the 99th percentile of v{}'s times, for the new one over {:g} "
                       "times that",
                       percent(guard.mean), r.champion, percent(guard.tolerance), r.champion,
                       options.guard_latency);
  }
  if (guard.name == "scores") {
    return fmt::format("its answers are {} more unusual, beside the labels that it was trained "
                       "on, than v{}'s beside theirs (tolerated: {})",
                       percent(guard.mean), r.champion, percent(guard.tolerance));
  }
  return fmt::format("its loss is {:.4g} above v{}'s on {} labelled requests (tolerated: {:g})",
                     guard.mean, r.champion, grouped(guard.count), guard.tolerance);
}

Json numbers_of(const Rollout& r, const RolloutEvidence& e, const DeployOptions& o, Time now) {
  Json numbers = {{"challenger", r.challenger},
                  {"champion", r.champion},
                  {"share_percent", r.share() / 100.0},
                  {"seconds", (now - r.since).in_seconds()},
                  {"fires_at", Policy::kFires},
                  {"bounded_at", Policy::kBounded}};
  if (r.watched) {
    numbers["until"] = to_text(r.until);
  } else if (r.place < 0) {
    numbers["unseen_rows"] = e.unseen;
    if (!r.proves) numbers["unseen_rows_needed"] = o.shadow_rows;
  } else {
    numbers["rows"] = e.rows;
    numbers["rows_needed"] = o.canary_rows;
    numbers["labels"] = e.labels;
    numbers["labels_needed"] = o.canary_labels;
    numbers["seconds_needed"] = o.canary_time.in_seconds();
  }
  if (r.proves) {
    numbers["better_evidence"] = e.proof.better;
    numbers["no_gain_evidence"] = e.proof.no_gain;
    numbers["gain"] = e.proof.gain;
    numbers["labels"] = e.proof.count;
    numbers["labels_most"] = o.prove_labels;
    numbers["proved_at"] = e.proved_at;
  }
  for (const monitor::Guarding& guard : e.guards) {
    const std::string name(guard.name);
    numbers[name + "_evidence"] = guard.harm;
    numbers[name + "_bounded"] = guard.safe;
    numbers[name + "_difference"] = guard.mean;
    numbers[name + "_tolerated"] = guard.tolerance;
    numbers[name + "_compared"] = guard.count;
  }
  return numbers;
}

Move waits(std::string cause, std::string reason) {
  return {What::kHold, std::move(cause), std::move(reason), Json::object()};
}

/// What the present share still waits for.
std::optional<Move> unfinished(const Rollout& r, const RolloutEvidence& e, const DeployOptions& o,
                               Time now) {
  const std::string who = fmt::format("v{} stays at {:g} %", r.challenger, r.share() / 100.0);
  if (r.place < 0) {
    if (e.unseen < static_cast<std::uint64_t>(o.shadow_rows)) {
      return waits("unseen", fmt::format("v{} scores unseen until it has {} rows", r.challenger,
                                         grouped(static_cast<std::uint64_t>(o.shadow_rows))));
    }
    return std::nullopt;
  }
  if (e.rows < static_cast<std::uint64_t>(o.canary_rows)) {
    return waits("rows", fmt::format("{} until it has answered {} rows", who,
                                     grouped(static_cast<std::uint64_t>(o.canary_rows))));
  }
  if (now - r.since < o.canary_time) {
    return waits("time", fmt::format("{} for {}", who, to_text(o.canary_time)));
  }
  if (e.labels < static_cast<std::uint64_t>(o.canary_labels)) {
    return waits("labels", fmt::format("{} until {} labels are mature", who,
                                       grouped(static_cast<std::uint64_t>(o.canary_labels))));
  }
  return std::nullopt;
}

/// Labels of requests that both answered say which is better, whenever one looks.
Move proof(const Rollout& r, const RolloutEvidence& e, const DeployOptions& o) {
  const std::string seen = fmt::format("{:.4g} less loss than v{} on {} labelled requests",
                                       e.proof.gain, r.champion, grouped(e.proof.count));
  const auto ends = [&](std::string cause, std::string why) {
    return Move{What::kEnd, std::move(cause),
                fmt::format("v{} is dropped: {} ({})", r.challenger, why, seen), {}};
  };
  if (e.proof.better >= e.proved_at) {
    return {What::kPromote, "better",
            fmt::format("v{} takes over from v{}: it proved to be better; {}; evidence {:.0f}, "
                        "enough is {:.0f}",
                        r.challenger, r.champion, seen, std::min(e.proof.better, 1e9),
                        e.proved_at),
            {}};
  }
  if (e.proof.no_gain >= e.proved_at) {
    return ends("no gain", "it gains too little to be worth a change");
  }
  if (e.proof.count >= static_cast<std::uint64_t>(o.prove_labels)) {
    return ends("undecided", "its labels are used up and have not shown that it is better");
  }
  return waits("proof", fmt::format("v{} is scored unseen until labels show whether it is better "
                                    "than v{}", r.challenger, r.champion));
}

/// What has yet to be shown of a guard, behind "that".
std::string bound_text(const monitor::Guarding& guard, std::int64_t champion) {
  if (guard.name == "errors") {
    return fmt::format("it fails at most {} more rows than v{}", percent(guard.tolerance),
                       champion);
  }
  if (guard.name == "latency") {
    return fmt::format("at most {} more of its requests than of v{}'s are slow to score",
                       percent(guard.tolerance), champion);
  }
  if (guard.name == "scores") {
    return fmt::format("its answers are at most {} more unusual than v{}'s",
                       percent(guard.tolerance), champion);
  }
  return fmt::format("its loss is at most {:g} above v{}'s", guard.tolerance, champion);
}

/// The guard whose harm is not bounded yet. Labels delay nothing unless they are asked for.
std::optional<Move> unbounded(const Rollout& r, const RolloutEvidence& e, const DeployOptions& o) {
  for (const monitor::Guarding& guard : e.guards) {
    if (guard.safe >= Policy::kBounded) continue;
    if (guard.name == kLoss && o.canary_labels == 0) continue;
    return waits("bound of " + std::string(guard.name),
                 fmt::format("v{} {} until enough requests of both show that {}", r.challenger,
                             r.place < 0 ? std::string("scores unseen")
                                         : fmt::format("stays at {:g} %", r.share() / 100.0),
                             bound_text(guard, r.champion)));
  }
  return std::nullopt;
}

Move decide(const Rollout& r, const RolloutEvidence& e, const DeployOptions& o, Time now,
            bool paused) {
  if (!e.broken.empty() && !r.watched) {
    return {What::kRollBack, "loading",
            fmt::format("v{} is taken back: it cannot be loaded: {}", r.challenger, e.broken), {}};
  }
  for (const monitor::Guarding& guard : e.guards) {
    if (guard.harm < Policy::kFires || (r.watched && guard.name != kLoss)) continue;
    return {What::kRollBack, std::string(guard.name),
            fmt::format("v{} is taken back: {}; evidence {:.0f}, the guard fires at {:.0f}",
                        r.challenger, harm_text(guard, r, o), std::min(guard.harm, 1e9),
                        Policy::kFires),
            {}};
  }
  if (r.watched) {
    if (now < r.until && !e.broken.empty()) {  // damage says nothing about what it learned
      return waits("loading", fmt::format("v{} cannot be loaded, and its labels are not compared: "
                                          "{}", r.challenger, e.broken));
    }
    if (now < r.until) {
      return waits("watched", fmt::format("v{} answers alone; until {} its labels can take it back",
                                          r.challenger, to_text(r.until)));
    }
    return {What::kEnd, "window",
            fmt::format("v{} stays: its labels gave no reason to go back to v{}", r.challenger,
                        r.champion),
            {}};
  }
  if (paused) {
    return waits("paused", fmt::format("v{} stays at {:g} %: the loop is paused", r.challenger,
                                       r.share() / 100.0));
  }
  if (r.proves) return proof(r, e, o);
  if (auto move = unfinished(r, e, o, now)) return *std::move(move);
  if (auto move = unbounded(r, e, o)) return *std::move(move);
  const auto next = static_cast<std::size_t>(r.place + 1);
  if (next < r.shares.size()) {
    return {What::kAdvance, "bounded",
            fmt::format("v{} goes from {:g} % to {:g} %: no guard fired, harm is within tolerance",
                        r.challenger, r.share() / 100.0, r.shares[next]),
            {}};
  }
  return {What::kPromote, "bounded",
          fmt::format("v{} takes over from v{}: no guard fired, harm is within tolerance",
                      r.challenger, r.champion),
          {}};
}

}  // namespace

std::optional<std::int64_t> Policy::revives(const State& s, const Config& config) {
  constexpr int kTried = 3;
  const bool risen = std::ranges::any_of(s.open_signals, [](const monitor::Signal& signal) {
    return signal.kind == "risk";
  });
  const bool may = config.deploy.prove_labels > 0 && config.loop.policy != "never" && !s.paused;
  if (!risen || !may || s.champion == 0 || s.rollout) return std::nullopt;
  int looked = 0;
  for (auto at = s.versions.rbegin(); at != s.versions.rend() && looked < kTried; ++at) {
    if (!at->second.served || at->first == s.champion) continue;
    ++looked;
    if (std::ranges::find(s.revived, at->first) == s.revived.end()) return at->first;
  }
  return std::nullopt;
}

Move Policy::roll_out(const Rollout& rollout, const RolloutEvidence& evidence,
                      const DeployOptions& options, Time now, bool paused) {
  Move move = decide(rollout, evidence, options, now, paused);
  move.numbers = numbers_of(rollout, evidence, options, now);
  return move;
}

}  // namespace rondo::loop
