// The signals that are open, and when they close: after three windows in a row without the
// finding. A signal is told when it opens, when it begins to quarantine, and when it closes; in
// between it is one signal, however often the fault shows. At most one signal a subject keeps rows
// from training, so that its end ends the quarantine.
#pragma once

#include <span>

#include "monitor/check.h"
#include "monitor/watcher.h"

namespace rondo::monitor {

/// Signals of one scope are looked at together, so they are clean together.
enum class Scope { kInput, kLabel, kLabelCount, kRisk, kRows, kHours, kDays, kSlices, kTogether,
                   kVolume, kRepeats };

class OpenSignals {
 public:
  struct Window {
    Time from, until;
  };
  struct Context {
    Scope scope = Scope::kInput;
    Window window;
    double false_alarms_per_year = 0;
  };
  /// Notes what a window showed of a subject; adds what must be told to `out`.
  void note(const Context& context, const std::string& subject, std::span<const Finding> findings,
            std::vector<Signal>& out);
  /// Opens a signal, or tells an open one again.
  void raise(Scope scope, Window window, Signal signal, std::vector<Signal>& out);
  /// Marks an open signal as seen in this window.
  void seen(const std::string& kind, const std::string& subject, Window window);
  /// The window says nothing of an open signal: it brings it no nearer to its end.
  void pass_over(const std::string& kind, const std::string& subject, Window window);
  /// The window was looked at for this scope: what it did not show is one window nearer to its end.
  /// The same window may come again, from another version.
  void settle(Scope scope, Window window, std::vector<Signal>& out);
  void close(Scope scope, std::vector<Signal>& out);
  bool quarantines() const;
  bool quarantines(const std::string& subject) const;
  bool open(const std::string& kind, const std::string& subject) const;
  /// Something else than a drift of it is open.
  bool broken(const std::string& subject) const;
  std::vector<Signal> list() const;
  Json state() const;
  /// Errors: kCorrupt.
  static Result<OpenSignals> restore(const Json& state);

 private:
  struct Entry {
    Scope scope = Scope::kInput;
    Signal signal;
    Time dirty = kBeginningOfTime;    // start of the last window that showed it
    Time counted = kBeginningOfTime;  // start of the last window that did not
    std::int64_t clean = 0;
  };
  Entry* find(const std::string& kind, const std::string& subject);
  void mark(Entry& entry, Window window) const;
  void tell_end(Entry& entry, std::vector<Signal>& out) const;
  std::vector<Entry> entries_;        // in the order of opening
};

/// "SPIKE cnt, since 2011-10-28T00:00:00Z: ...".
std::string headline(const std::string& kind, const std::string& subject, Time since);

}  // namespace rondo::monitor
