// Predictions and their late labels, gathered into windows and handed to the watcher when they are
// due. Its place in the log and the watcher's fold are one projection ("watch"), written in the
// same transaction as the signals and decisions that follow, so a kill anywhere changes nothing.
#pragma once

#include <map>
#include <unordered_set>

#include "ledger/prediction_log.h"
#include "ledger/store.h"
#include "loop/state.h"
#include "loop/window_sample.h"
#include "model/pipeline.h"
#include "monitor/watcher.h"

namespace rondo::loop {

class Watch {
 public:
  /// `pipeline` is the champion's. Errors: kCorrupt.
  static Result<std::unique_ptr<Watch>> open(ledger::Store& store, const monitor::Options& options,
                                             std::shared_ptr<const model::Pipeline> pipeline,
                                             std::int64_t version);
  /// Goes on where the watch of the version before is: what it gathered needs not be read again.
  void take_over(Watch&& before);
  /// Reads what is new in log and labels.
  Result<void> read();
  /// What is due at `now`: the inputs of a window that closed, or the labels of one that is as old
  /// as label_delay; in the order in which they became due.
  struct Turn {
    Time window;                         // its start
    bool labels = false;
  };
  std::optional<Turn> due(Time now) const;
  /// When the next turn of the answers so far is due, or silence is told; none: answers must come.
  std::optional<Time> turns_at(Time now) const;
  /// The start of the next window whose labels are due at `now`.
  std::optional<Time> matured(Time now) const;
  /// Looks at that window: signals in order, and the projection to write with them.
  struct Judged {
    Time from, until;
    std::vector<monitor::Signal> signals;
    std::uint64_t rows = 0, labelled = 0;  // that were judged
    double share = 1;                      // of the window's answers that the rows are
    Json windows = nullptr;                // Watcher::take_windows()
  };
  Result<Judged> look(Turn turn);
  /// Whether opening the watch would show nothing: no answer or label that the projection lacks, no
  /// window to judge, no silence to tell. Cost: two reads of the store; no model is loaded.
  static Result<bool> quiet(ledger::Store& store, std::int64_t version, Time now);
  /// No row came for longer than it ever did.
  bool silent(Time now) const { return watcher_.silent(now, newest(now)); }
  /// That, or that it is over.
  std::vector<monitor::Signal> silence(Time now) { return watcher_.silence(now, newest(now)); }
  Json projection() const;
  Json summary() const { return watcher_.summary(); }
  std::int64_t version() const { return version_; }
  /// Stretches of event time with answers that are not judged yet, in order; neighbours are one.
  std::vector<std::pair<Time, Time>> pending() const;
  /// Labels, since the start, whose window was judged before they came, or whose answer is lost.
  /// Once a window had more answers than are judged, only labels that a sample would keep count.
  std::uint64_t late_labels() const { return late_labels_; }

 private:
  Watch(ledger::Store& store, const monitor::Options& options,
        std::shared_ptr<const model::Pipeline> pipeline, std::int64_t version,
        monitor::Watcher watcher);
  struct Place {
    io::LogPosition log;
    std::int64_t label_row = 0;
  };
  static Place place_from(const Json& json);
  /// Where a start must read from to know what is known now and stands in no window.
  Place place_now() const;
  /// A label whose answer was not read, and where reading must start again to meet it.
  struct Homeless {
    ledger::Label label;
    std::int64_t after = 0;
  };
  struct Window {
    Place began;  // where reading must start again to see all of it
    WindowSample sample;
    bool looked = false;  // at its inputs
    Time newest = kBeginningOfTime;  // prediction time in it
  };
  /// Of the rows in windows that began; a clock that runs ahead hides no silence.
  Time newest(Time now) const;
  void judge_inputs(Judged& out);
  void judge_labels(Judged& out);
  /// Of each version that answered in the window, rows in the order of (time, id); counts them.
  using Cells = std::vector<std::vector<model::Cell>>;
  std::vector<monitor::Cohort> cohorts_of(const WindowSample& sample, Judged& out,
                                          Cells& keep) const;
  std::int64_t start_of(Time time) const;
  bool may_be_late(std::string_view id) const;
  monitor::Judged row_of(const ledger::Prediction& prediction, Cells& keep) const;
  std::optional<double> number_of(const Json& label) const;

  ledger::Store& store_;
  monitor::Options options_;
  std::shared_ptr<const model::Pipeline> pipeline_;
  std::int64_t version_;
  monitor::Watcher watcher_;
  Place place_;
  Time through_ = kBeginningOfTime;  // windows before were judged
  Time looked_ = kBeginningOfTime;   // their inputs were looked at
  std::map<std::int64_t, Window> windows_;
  std::unordered_set<std::string> asked_;  // the ids in the samples of open windows
  std::map<std::string, ledger::Label, std::less<>> labels_;     // of answers in open windows
  std::map<std::string, Homeless, std::less<>> homeless_;
  double least_share_ = 1;  // of a window so far; a label beyond it may not be late at all
  std::uint64_t late_labels_ = 0;
};

/// A label as the number that the model's answer is compared with: itself, or the class's index.
std::optional<double> label_number(const Json& label, const model::Pipeline::Parts& parts);

}  // namespace rondo::loop
