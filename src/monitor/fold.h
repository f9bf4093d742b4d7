// What a Watcher remembers, and the limits that it computed once from the reference.
#pragma once

#include "monitor/audit.h"
#include "monitor/check.h"
#include "monitor/inflow.h"
#include "monitor/label_free.h"
#include "monitor/label_shares.h"
#include "monitor/live_bound.h"
#include "monitor/repeats.h"
#include "monitor/risk_change.h"
#include "monitor/shifts.h"
#include "monitor/slice_risks.h"
#include "monitor/together.h"
#include "monitor/watcher.h"

namespace rondo::monitor {

/// Parts of the budget of false alarms: risk 1/2, quality 1/4; watched parts have the last quarter.
inline constexpr double kRiskPart = 0.5, kQualityPart = 0.25;

/// What was proved of the version that harm took out of service, while its successor learns the
/// change. Units: those of the label.
struct Goal {
  Time since;                           // the change point
  double risk = 0, bound = 1;           // on the older version's test rows; U
};
/// A change that is not learnt by then is how things are.
inline constexpr Span kLearning = Span::days(60);

/// A window whose inputs were looked at and whose labels are not due yet.
struct Unjudged {
  Time until;
  std::uint64_t rows = 0;
  bool kept_out = false;                // an input was broken
};

/// What is remembered of a column between windows.
struct Memory {
  std::optional<double> median;         // of the last clean window
  ToldRange told;
};

struct Watcher::State {
  State(const Options& options, const model::Reference& reference, std::int64_t version);

  Json to_json() const;
  /// Takes what to_json() gave. Errors: kCorrupt.
  Result<void> read(const Json& json);
  /// None: the row waits for its pair.
  std::optional<double> loss_of(const Judged& row);
  /// What the risk is held against, before what is tolerated.
  double bound() const { return live.bound().value_or(proved); }
  /// See Watcher::summary(), "excess".
  Json excess_json() const;
  /// What the version that answered before was measured by, if it was on its way back from harm.
  /// Errors: kCorrupt.
  Result<void> take_goal(const Json& older);
  /// Tells that a silence is over once a newer row came.
  void end_silence(std::vector<Signal>& out);
  void fold(const Cohort& cohort, std::vector<Signal>& out);
  void fold_audited(const Cohort& cohort, std::vector<Signal>& out);
  void look_at_labels(const Cohort& cohort, std::vector<Signal>& out);
  OpenSignals::Context quality(Scope scope, const Cohort& cohort) const;

  const model::Reference& reference;
  Options options;
  std::int64_t version = 0;
  model::LossRule rule;
  std::string loss;                     // its name
  double proved = 1;                    // U, of the test
  LiveBound live;                       // with a clock
  bool by_day = false;                  // a day is one observation; else a row is

  std::vector<ColumnCheck> columns;
  ColumnCheck label;
  WindowColumn scratch;

  OpenSignals open;
  Inflow inflow;
  Repeats repeats;
  Shifts shifts;
  Together together;
  SliceRisks slices;
  LabelFree estimate;
  Audits audits;
  LabelShares label_shares;
  model::ScoredPairs pairs;             // of the cohort
  RiskChange change;
  stats::RiskEvidence risk;
  stats::MeanSequence mean;
  stats::Fence fence;                   // of audits
  std::vector<Memory> memories;         // a column of `columns`
  Memory label_memory;
  Time newest = kBeginningOfTime;       // prediction time of the newest row seen
  std::optional<Time> observed;         // start of the last observation
  std::int64_t day = 0;                 // that is being filled
  double day_loss = 0, day_low = 0, day_high = 0;  // what the sum can be by audits
  std::uint64_t day_rows = 0, day_losses = 0;
  double loss_sum = 0;
  // Of the AUC judged rows are pairs; labelled ones are rows.
  std::uint64_t labelled_rows = 0, judged_rows = 0, judged_days = 0;
  std::uint64_t withheld_rows = 0, older_rows = 0, short_days = 0;
  std::uint64_t labels_due = 0, labels_in_time = 0;
  std::optional<Harm> harm;             // while a risk signal is open
  std::optional<Goal> goal;             // of a successor after harm
  std::vector<Unjudged> unjudged;

 private:
  void add(const Judged& row, std::optional<double> loss, OpenSignals::Window window,
           std::vector<Signal>& out);
  void observe(stats::Observation observation, OpenSignals::Window window,
               std::vector<Signal>& out);
  void end_day(std::vector<Signal>& out);
  void prove_again(double lost);
  Result<void> read_harm(const Json& json);
  double unit() const { return rule.scale; }
  std::uint64_t waiting_since(Time time) const;
  Signal alarm(OpenSignals::Window window) const;
  /// See Signal::cause; null: nothing is known of it.
  Json cause_since(Time since) const;
};

}  // namespace rondo::monitor
