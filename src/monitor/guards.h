// The guards of a rollout: what the newer of two versions does to the same requests, against the
// older one. A fold over paired requests and mature labels; it decides nothing (loop::Policy does).
// Everything that must survive a restart is in its JSON.
#pragma once

#include "stats/paired.h"

namespace rondo::monitor {

/// What both versions did to one request.
struct PairedRequest {
  std::vector<int> failures;            // a row: 1 the newer failed alone, -1 the older, 0 else
  double newer_ns = 0, older_ns = 0;    // time of scoring, a row; 0: not measured
  double newer_strange = 0, older_strange = 0;  // mean strangeness of the answers, in [0, 1]
};

struct GuardOptions {
  double errors = 0.001;   // tolerated mean difference of failed rows
  double latency = 1.5;    // tolerated ratio of scoring times
  double loss = 0.01;      // tolerated mean difference of losses
  // Of a challenger that has yet to prove itself, in the unit of losses: harm that is accepted, and
  // the gain that is worth a promotion.
  double margin = 0, min_effect = 0;
  static constexpr double kSlow = 0.01, kStrange = 0.05;  // tolerated differences of the other two
};

/// One guard as it stands.
struct Guarding {
  std::string_view name;
  double harm = 0, safe = 0;   // evidence that it is beyond its tolerance, and within
  double mean = 0, tolerance = 0;
  std::uint64_t count = 0;     // observations
};

/// Whether labels show that the newer version is better, or that it gains too little.
struct Proof {
  // Evidence: the mean loss is less than margin above; it is less than min_effect below.
  double better = 0, no_gain = 0;
  double gain = 0;                 // mean of the older one's loss minus the newer one's
  std::uint64_t count = 0;
};

class RolloutGuards {
 public:
  static constexpr std::array<std::string_view, 4> kNames = {"errors", "latency", "scores", "loss"};

  explicit RolloutGuards(const GuardOptions& options);
  void add(const PairedRequest& request);
  /// A mature label: the newer version's loss minus the older one's, each in [0, 1].
  void add_loss(double difference);
  /// In the order of kNames.
  std::array<Guarding, 4> readings() const;
  /// Either evidence ever reaches 1/a with probability a at most while what it denies is true.
  Proof proof() const;
  Json state() const;
  /// Errors: kCorrupt.
  static Result<RolloutGuards> restore(const GuardOptions& options, const Json& state);

 private:
  void time(double newer, double older);
  GuardOptions options_;
  std::array<stats::PairedEvidence, 4> evidence_;
  stats::PairedEvidence better_, gain_;  // of losses, newer minus older and the other way round
  std::vector<double> times_;   // of the older version, the last kTimes, as a ring
  std::uint64_t timed_ = 0;
  double slow_ = 0;             // their 99th percentile, some requests ago; 0: too few yet
};

}  // namespace rondo::monitor
