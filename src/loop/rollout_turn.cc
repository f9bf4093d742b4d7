// One look at a rollout after another. What was committed and then failed is mended by the next.
#include "loop/rollout_turn.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "loop/basis.h"

namespace rondo::loop {
namespace {

constexpr Span kNoteEvery = Span::seconds(5);  // the evidence, while nothing is decided

}  // namespace

/// Errors of a pipeline that cannot be loaded are evidence.
Result<RolloutEvidence> RolloutTurn::look(const State& state, Time at) {
  RolloutEvidence evidence;
  const Rollout& rollout = *state.rollout;
  if (!watch_ || !watch_->is_of(rollout)) {
    watch_.reset();
    auto opened = RolloutWatch::open(
        *parts_.store, *parts_.config, state,
        [this](std::int64_t version) { return parts_.world->loaded(version); });
    if (opened) {
      watch_ = *std::move(opened);
    } else if (opened.error().code == Code::kCorrupt || opened.error().code == Code::kNotFound) {
      evidence.broken = opened.error().message;
      return evidence;
    } else {
      return std::unexpected(opened.error());
    }
  }
  TRY(watch_->read(at));
  evidence = watch_->evidence(rollout);
  shown_.with([&](Evidence& shown) {
    shown.version = rollout.challenger;
    for (const monitor::Guarding& guard : evidence.guards) {
      shown.by_guard[std::string(guard.name)] = guard.harm;
    }
  });
  return evidence;
}

Result<void> RolloutTurn::judge() {
  const State state = parts_.desk->look();
  if (parts_.world->behind(state)) TRY(parts_.world->changed(state));
  if (!state.rollout) {
    if (watch_) shown_.with([](Evidence& shown) { shown = {}; });
    watch_.reset();
    const auto archived = Policy::revives(state, *parts_.config);
    return archived ? revive(state, *archived, parts_.clock->now()) : Result<void>();
  }
  const Rollout& rollout = *state.rollout;
  if (!rollout.stands_in.empty()) return {};  // until its column is well again
  const Time at = parts_.clock->now();
  const RolloutEvidence evidence = TRY(look(state, at));
  const Move move = Policy::roll_out(rollout, evidence, parts_.config->deploy, at, state.paused);
  if (move.what == Move::What::kHold && move.cause == rollout.held) {
    const std::int64_t us = monotonic_us();
    if (!watch_ || us - noted_us_ < kNoteEvery.us) return {};
    noted_us_ = us;
    return parts_.desk->note({}, {{"rollout", watch_->projection()}});
  }
  const State after = TRY(make(rollout, evidence, move, at));
  if (same_routing(state, after)) return {};
  RONDO_FAILPOINT(kPromoteAfterCommit);
  TRY(parts_.world->changed(after));
  if (parts_.observer) {
    parts_.observer({{"event", "rollout"}, {"reason", move.reason}, {"at", to_text(at)}});
  }
  return {};
}

/// An older version is tried beside the one whose risk rose.
Result<void> RolloutTurn::revive(const State& state, std::int64_t version, Time at) {
  const std::string why =
      fmt::format("the risk of v{} rose; v{}, which served before, may fit again", state.champion,
                  version);
  Json begin = rollout_plan(parts_.config->deploy, state.versions.at(version).pipeline, true);
  begin.update({{"act", "begin"}, {"challenger", version}, {"champion", state.champion},
                {"who", "policy"}, {"why", why}});
  const State after = TRY(parts_.desk->append([&](const State& now) -> Result<Entry> {
    Entry entry;
    if (Policy::revives(now, *parts_.config) != version) return entry;
    entry.facts.push_back({at, "rollout", now.steps, begin});
    return entry;
  }));
  TRY(parts_.world->changed(after));
  if (parts_.observer) {
    parts_.observer({{"event", "rollout"}, {"reason", why}, {"at", to_text(at)}});
  }
  return {};
}

/// One transaction: the decision, what follows from it, and the evidence as it stands. Nothing when
/// somebody ended the rollout meanwhile.
Result<State> RolloutTurn::make(const Rollout& rollout, const RolloutEvidence& evidence,
                                const Move& move, Time at) {
  if (move.what == Move::What::kPromote) RONDO_FAILPOINT(kPromoteBegin);
  if (move.what == Move::What::kRollBack) RONDO_FAILPOINT(kRollback);
  return parts_.desk->append([&](const State& state) -> Result<Entry> {
    Entry entry;
    if (!state.rollout || state.rollout->to_json() != rollout.to_json()) return entry;
    const DeployOptions& options = parts_.config->deploy;
    entry.facts = rollout_facts(state, move, rollout_basis(state, evidence, options, at), at,
                                options.rollback_window);
    if (watch_) entry.projections.push_back({"rollout", watch_->projection()});
    return entry;
  });
}

}  // namespace rondo::loop
