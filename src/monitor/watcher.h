// Monitoring & Maintenance: folds predictions with their late labels into signals, each with its
// evidence and its stated number of false alarms a year. Pure: state in, cohort in, state and
// signals out. A cohort is what one version answered in one day (or one window); it is judged once,
// when its labels are due, in order of (prediction time, id), so the order of arrival changes
// nothing.
#pragma once

#include <limits>
#include <span>

#include "io/options.h"
#include "model/reference.h"

namespace rondo::monitor {

inline constexpr double kDaysPerYear = 365.25;

struct Options {
  std::string loss = "auto";            // of the next model: auto, or one of model/loss.h
  double cost_per_error = 1;
  double tolerance = 0.05;
  Span label_delay = Span::days(1);
  double false_alarms_per_year = 1;     // risk 1/2, quality 1/4, slices 1/4
  double false_notices_per_year = 2;    // drift: 2/5 by the hour, 2/5 by the day, rest joint
  double drift_tolerance = 0;
  Span window = Span::days(1);
  std::int64_t sample_rows = 50'000;
  std::vector<std::string> slices{};
  std::int64_t audit_per_day = 0;
  std::uint64_t seed = 1;               // [train] seed: whom audits ask follows from it
};

template <class Visitor>
void describe(Visitor& v, Options& o) {
  using io::Key;
  v(Key{"loss", "what is watched, from the next model on; \"auto\" follows [evaluate] metric", 0, 0,
        "auto|error|brier|auc|absolute|squared|cost"},
    o.loss);
  v(Key{"cost_per_error", "price of a unit of loss: of a wrong answer, or of 1 in the target", 0,
        1e18},
    o.cost_per_error);
  v(Key{"tolerance", "risk may exceed its proved bound by this share", 0, 10}, o.tolerance);
  v(Key{"label_delay", "age at which a cohort of predictions is judged", 0, 1e9}, o.label_delay);
  v(Key{"false_alarms_per_year", "all that may page", 1e-6, 1e4}, o.false_alarms_per_year);
  v(Key{"false_notices_per_year", "of drifting inputs, which page nobody", 1e-6, 1e4},
    o.false_notices_per_year);
  v(Key{"drift_tolerance", "change of a bin's share that is no drift, relative to it", 0, 10},
    o.drift_tolerance);
  v(Key{"window", "length of a cohort", 60, 1e9}, o.window);
  v(Key{"sample_rows", "answers of a window that are judged; of more a random part", 100, 1e8},
    o.sample_rows);
  v(Key{"slices", "columns whose values are watched one by one, numbers by quarters"}, o.slices);
  v(Key{"audit_per_day", "labels that Rondo may ask for; 0: it waits for those that come", 0, 1e6},
    o.audit_per_day);
}

/// One judged or unjudged prediction of a cohort. Cells in the order of the reference's columns.
struct Judged {
  Time time;
  std::string id;
  std::vector<model::Cell> cells;
  double answer = 0;                    // regression value, or index of the answered class
  // The probability that came with it: of two classes that of the second, of more that of the
  // answered one. NaN: none.
  double score = std::numeric_limits<double>::quiet_NaN();
  std::span<const double> probabilities{};  // of more than two classes, owned by the log's row
  std::optional<double> label;          // number, or class index; absent: did not come in time
};

/// Everything that one version answered in [from, until).
struct Cohort {
  std::int64_t version = 0;
  Time from, until;
  std::vector<Judged> rows;
};

struct Signal {
  // "risk" | "missing" | "spike" | "jump" | "freshness" | "volume" | "repeats" | "quality" (new
  // values, out of range) | "drift" (a column's law left that of the training)
  std::string kind;
  std::string subject;                  // "model", a column's name, or a watched part of the rows
  Time since, seen;                     // begin of the first, end of the last window that shows it
  bool open = true;                     // false: it closed (3 clean windows)
  bool quarantines = false;             // its rows train nothing
  double value = 0, threshold = 0, evidence = 0;
  double false_alarms_per_year = 0;
  std::int64_t came = 1;                // once, and again each time after a clean window
  std::string sentence;                 // for people
  Json cause = nullptr;                 // of a risk: see RiskChange::cause(), "columns"
};
Json to_json(const Signal& signal);
Result<Signal> signal_from(const Json& json);

struct Arrival {
  Time answered, time;                  // when its answer was given; its prediction time
};
/// The answers of one window, whichever version gave them, in any order.
struct Arrivals {
  Time from, until;
  std::vector<Arrival> rows;
  double share = 1;                     // of the window's answers that the rows are
};

/// The fold. Everything that must survive a restart is in its JSON.
class Watcher {
 public:
  Watcher(Options options, std::shared_ptr<const model::Reference> reference,
          std::int64_t version);
  /// Restores the fold. Errors: kCorrupt.
  static Result<Watcher> restore(Options options,
                                 std::shared_ptr<const model::Reference> reference,
                                 const Json& state);
  Json state() const;
  /// Goes on with the signals that the watcher of an older version left open, given its state(), so
  /// that a quarantine ends although the version changed; and with what was proved before harm, if
  /// harm took that version out of service. Errors: kCorrupt.
  Result<void> take_over(const Json& older);
  /// What came in a window, as soon as it closed and before its inputs: how long rows let wait, and
  /// whether a day had as many as days of training.
  std::vector<Signal> arrived(Arrivals arrivals);
  /// Inputs of a window, as soon as it closed (labels not needed): missing, range, spike, repeats;
  /// and the end of a silence.
  std::vector<Signal> inputs(const Cohort& cohort);
  /// The windows of inputs that ended since the last call, for a picture: {"version","columns",
  /// "windows":[[clock,from_us,until_us,rows,base64url of ShiftWindow::beyond]]}. Null: none did.
  Json take_windows();
  /// The labels of a cohort, once, at age label_delay: label spike and quality first; rows under an
  /// open quality signal are not folded into the risk.
  std::vector<Signal> judge(const Cohort& cohort);
  /// No row came for longer than rows ever let wait; or such a silence is over. `newest` is the
  /// prediction time of the newest row that was read, whose window may still be open.
  std::vector<Signal> silence(Time now, Time newest = kBeginningOfTime);
  /// Whether silence() has a beginning to tell.
  bool silent(Time now, Time newest = kBeginningOfTime) const {
    return now > silent_after(newest);
  }
  /// The end of time when silence is not watched, or told already.
  Time silent_after(Time newest = kBeginningOfTime) const;
  std::vector<Signal> open_signals() const;
  /// What the policy and `status` read: {"judged_rows", "judged_days", "mean_loss", "test_risk",
  /// "risk_bound", "bound_of": "test" or "days served", "evidence", "threshold", "since", "lower",
  /// "upper", "labels_due", "labels_in_time", "label_delay_s", "false_alarms_per_year",
  /// "withheld_rows", "older_rows", "short_days",
  /// "excess": null, or while a risk signal is open {"since","judged_rows","unjudged_rows",
  /// "mean_loss","test_risk","cost"}, what the risen risk cost since its change point; of a
  /// successor that is still worse than what was proved before the change, with "learning",
  /// "loss", "unit", "of": what it is called, what its numbers are divided by, and whether it is of
  /// "rows" or of "pairs"; "labels_by_answer"?: LabelShares::summary(),
  /// "audits"?: Audits::summary(), "estimate"?: LabelFree::summary(),
  /// "shifts": Shifts::summary(), "together"?: Together::summary(), "slices"?:
  /// SliceRisks::summary(), "day_correlation"}: of neighbouring
  /// days in the test, which the claim takes to be small.
  Json summary() const;

 private:
  struct State;
  Options options_;
  std::shared_ptr<const model::Reference> reference_;
  std::shared_ptr<State> state_;  // unique; shared_ptr so that the header needs no definition
};

}  // namespace rondo::monitor
