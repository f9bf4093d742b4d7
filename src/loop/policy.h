// The only place where decisions live. Pure and idempotent: a snapshot goes in, at most one action
// comes out; asked twice about the same snapshot it answers the same. No clock, no files, no
// chance.
#pragma once

#include <memory>

#include "loop/config.h"
#include "monitor/guards.h"
#include "loop/state.h"

namespace rondo::loop {

/// What is true now, as far as a decision needs it.
struct Snapshot {
  State state;
  Time now;
  bool source_changed = false;               // the source differs from the cursor
  std::optional<std::int64_t> new_labelled;  // usable labelled rows waiting in it, where known
  std::string source_news;                   // "data/may.csv grew by 2,311 bytes"
  std::int64_t served_labelled = 0;          // labels of predictions that wait to become rows
  bool windows_due = false;                  // a window of predictions waits to be judged
  Json watch = Json::object();               // Watcher::summary()
  bool stay = false;                         // `up` and replays wait; `run` ends when it rests
};

/// How the reason of a cycle begins that a person asked for.
inline constexpr std::string_view kAsked = "asked: ";

/// What to do next: carry out a step (again, if it was interrupted).
struct Action {
  std::int64_t step = 0, cycle = 0;
  Stage stage = Stage::kCollection;
  std::string reason;
  bool resumes = false;  // the step was started before
};

/// Whether a new cycle is due, with the numbers that decided; "no" is an answer too.
struct Due {
  bool yes = false;
  std::string reason;              // a sentence
  Json numbers = Json::object();   // every number beside its threshold
};

/// What is known of a rollout.
struct RolloutEvidence {
  std::uint64_t rows = 0;      // answered by the newer version at its present share
  std::uint64_t unseen = 0;    // scored by it before its first share
  std::uint64_t labels = 0;    // mature ones of rows of its present share, compared
  std::array<monitor::Guarding, 4> guards{};
  monitor::Proof proof;
  double proved_at = 20;       // evidence of a proof that is enough: 1/(1 - confidence)
  std::string broken;          // why it cannot be loaded; empty: it can
};

/// What becomes of a rollout, with the numbers that decided.
struct Move {
  enum class What : std::uint8_t { kHold, kAdvance, kPromote, kRollBack, kEnd };
  What what = What::kHold;
  std::string cause;               // a word: the guard that fired, or what is waited for
  std::string reason;              // a sentence
  Json numbers = Json::object();   // every number beside its threshold
};
inline constexpr std::string_view kMoves[] = {"hold", "advance", "promote", "roll back", "end"};

class Policy {
 public:
  /// Errors: kInvalidInput with the list of policies that are built.
  static Result<Policy> make(const std::string& name, const LoopOptions& options,
                             std::int64_t min_rows);
  /// {"name","min_rows","loop": every key of [loop]}, and back: a decision keeps it, to be made
  /// again. Errors: kInvalidInput, as make().
  Json settings() const;
  static Result<Policy> from_settings(const Json& settings);
  const std::string& name() const { return name_; }
  /// Retrains and deploys whatever comes out, as a crontab would: no gate, no quarantine.
  bool crontab() const { return kind_ == Kind::kCron; }
  /// The action that follows from the snapshot, or none: rest.
  std::optional<Action> next(const Snapshot& now) const;
  /// Is a cycle due? Only asked while a model serves and nothing else is going on.
  Due due(const Snapshot& now) const;
  /// When time alone would change that "no": the end of a cool-down or of what filled a budget, or
  /// the schedule's next turn. None: only news would, or a person.
  std::optional<Time> changes_at(const Snapshot& now) const;
  /// Whether a rollout holds, gets its next share, takes over or is taken back. A guard fires at
  /// evidence 4/.01: all of them together take a version back that is within their tolerances once
  /// in a hundred rollouts, at most. Pure.
  static Move roll_out(const Rollout& rollout, const RolloutEvidence& evidence,
                       const DeployOptions& options, Time now, bool paused);
  /// While a risk is proved to have risen: the newest of the last three versions that served before
  /// and have not been tried since, as what was learnt of an old time may fit again. It is tried as
  /// what has yet to prove itself is, so [deploy] prove_labels turns it on. Pure.
  static std::optional<std::int64_t> revives(const State& state, const Config& config);
  /// Evidence at which a guard fires, and at which harm counts as bounded.
  static constexpr double kFires = 400, kBounded = 20;
  /// Total labelled rows from which a training is due.
  std::int64_t labelled_needed(const Snapshot& now) const;
  /// What forbids a training now, if anything: cool-down, budgets.
  std::optional<Due> damped(const Snapshot& now) const;

 private:
  enum class Kind { kNever, kAlways, kSchedule, kDrift, kPerformance, kCost, kCron };
  /// What a harm must have cost before the next cycle: of each cycle in vain, and of that one.
  double worth(const Snapshot& now) const;
  std::int64_t growth(std::int64_t base) const;
  /// Days of rest after a cycle: the cool-down, doubled by each cycle in vain, 30 at most.
  double rest_days(const State& state) const;
  /// Whether a risk that rose is a reason by itself: with "cost" once it cost as much as a cycle.
  /// Source: ski rental, Karlin, Manasse, Rudolph, Sleator 1988: at constant excess at most twice
  /// the cost of one who knew how long it lasts.
  bool harms(const Snapshot& now) const;
  std::string excess_text(const Snapshot& now) const;
  Due wanted(const Snapshot& now) const;
  std::string name_;
  Kind kind_ = Kind::kPerformance;
  LoopOptions options_;
  std::int64_t min_rows_ = 100;
  Span every_;
};

}  // namespace rondo::loop
