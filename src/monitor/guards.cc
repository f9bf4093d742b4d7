// Four paired tests. Failures count by row; the rest by request, since the rows of one depend on
// each other. A time is slow beyond the older version's 99th percentile, which earlier requests
// gave, so no bet knows its own outcome.
#include "monitor/guards.h"

#include <algorithm>

namespace rondo::monitor {
namespace {

constexpr std::size_t kTimes = 1000;      // of which the percentile is taken
constexpr std::size_t kFirstTimes = 200;  // before the first bet
constexpr std::size_t kTimesAnew = 50;    // requests between two percentiles
enum Place : std::size_t { kErrors, kLatency, kScores, kLoss };

}  // namespace

RolloutGuards::RolloutGuards(const GuardOptions& options)
    : options_(options),
      evidence_{stats::PairedEvidence(options.errors),
                stats::PairedEvidence(GuardOptions::kSlow),
                stats::PairedEvidence(GuardOptions::kStrange),
                stats::PairedEvidence(options.loss)},
      better_(options.margin),
      gain_(options.min_effect) {}

void RolloutGuards::add(const PairedRequest& request) {
  for (const int failure : request.failures) evidence_[kErrors].add(failure);
  evidence_[kScores].add(request.newer_strange - request.older_strange);
  if (request.newer_ns > 0 && request.older_ns > 0) time(request.newer_ns, request.older_ns);
}

void RolloutGuards::time(double newer, double older) {
  if (slow_ > 0) {
    const bool newer_slow = newer > options_.latency * slow_, older_slow = older > slow_;
    evidence_[kLatency].add(static_cast<double>(newer_slow) - static_cast<double>(older_slow));
  }
  if (times_.size() < kTimes) {
    times_.push_back(older);
  } else {
    times_[timed_ % kTimes] = older;
  }
  ++timed_;
  if (times_.size() < kFirstTimes || (slow_ > 0 && timed_ % kTimesAnew != 0)) return;
  std::vector<double> sorted = times_;
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 99 / 100);
  std::nth_element(sorted.begin(), place, sorted.end());
  slow_ = *place;
}

void RolloutGuards::add_loss(double difference) {
  evidence_[kLoss].add(difference);
  better_.add(difference);
  gain_.add(-difference);
}

Proof RolloutGuards::proof() const {
  return {better_.safe(), gain_.safe(), gain_.mean(), gain_.count()};
}

std::array<Guarding, 4> RolloutGuards::readings() const {
  std::array<Guarding, 4> out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const stats::PairedEvidence& e = evidence_[i];
    out[i] = {kNames[i], e.harm(), e.safe(), e.mean(), e.tolerance(), e.count()};
  }
  return out;
}

Json RolloutGuards::state() const {
  Json evidence = Json::array();
  for (const stats::PairedEvidence& each : evidence_) evidence.push_back(each.state());
  return {{"evidence", evidence}, {"times", times_}, {"timed", timed_}, {"slow", slow_},
          {"better", better_.state()}, {"gain", gain_.state()}};
}

Result<RolloutGuards> RolloutGuards::restore(const GuardOptions& options, const Json& state) {
  RolloutGuards out(options);
  const Json evidence = io::get_or<Json>(state, "evidence", nullptr);
  if (!evidence.is_array() || evidence.size() != out.evidence_.size()) {
    return fail(Code::kCorrupt, "guards of a rollout: the state has another number of guards");
  }
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    out.evidence_[i] =
        TRY(stats::PairedEvidence::restore(out.evidence_[i].tolerance(), evidence[i]));
  }
  if (state.contains("better")) {  // none before there were proofs
    out.better_ = TRY(stats::PairedEvidence::restore(options.margin, state.at("better")));
    out.gain_ = TRY(stats::PairedEvidence::restore(options.min_effect,
                                                   io::get_or<Json>(state, "gain", nullptr)));
  }
  out.times_ = io::get_or<std::vector<double>>(state, "times", {});
  out.timed_ = io::get_or<std::uint64_t>(state, "timed", 0);
  out.slow_ = io::get_or<double>(state, "slow", 0);
  if (out.times_.size() > kTimes) {
    return fail(Code::kCorrupt, "guards of a rollout: the state has too many times");
  }
  return out;
}

}  // namespace rondo::monitor
