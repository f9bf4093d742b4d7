// Alerts: the signals of one cause as one thing that a person is told about, acknowledges or puts
// off. A fold over the ledger's facts (`signal`, `person`, `deployed`; of the budget of cycles also
// `decision`, `step_started` and `step_finished`), so that a restart, a replay and a reading
// command see the same ones. An alert is named after the fact that opened it (A57: fact 57 of
// `rondo history --facts`): no counter can go wrong, and a person's word about A57 still means it
// when a later program groups otherwise.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "monitor/watcher.h"

namespace rondo::loop {

enum class Severity { kDrift, kQuality, kRisk };
inline constexpr std::array<std::string_view, 3> kSeverities = {"drift", "quality", "risk"};
constexpr std::string_view name_of(Severity severity) {
  return kSeverities[static_cast<std::size_t>(severity)];
}
/// At the head of a sentence.
constexpr std::string_view word_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kWords = {"DRIFT", "QUALITY", "RISK"};
  return kWords[static_cast<std::size_t>(severity)];
}
/// Harm is risk, drift explains, everything else is about the quality of data.
Severity severity_of(const monitor::Signal& signal);

/// What a person said of an alert. It holds until the alert becomes graver than it was then.
struct Said {
  std::string who, why;
  Time at;
  std::optional<Time> until;  // of a snooze
};

struct Alert {
  std::int64_t number = 0;      // of the fact that opened it
  Time opened;                  // when that was written down
  Time since, until;            // the window that opened it
  Severity severity = Severity::kDrift;  // of the gravest signal that is open
  std::vector<monitor::Signal> signals;  // in the order of opening; those that ended stay
  std::int64_t returns = 0;     // how often a signal that had ended came back
  std::optional<Said> acknowledged, snoozed;
  std::optional<Time> closed;   // when its last signal ended

  std::string name() const;     // "A57"
  bool snoozed_at(Time now) const { return snoozed && now < *snoozed->until; }
  /// "open", "acknowledged", "snoozed" or "closed".
  std::string_view state_at(Time now) const;
  /// How often the fault came: 1, and once more for each time that it went and came again.
  std::int64_t came() const;
  Time seen() const;            // end of the last window that is known to show it
  /// What it is about, each once: gravest, then strongest first.
  std::vector<std::string> subjects() const;
  /// "RISK model, temp, since T: ..."; names at most kNamed subjects. For people who may see data.
  std::string sentence() const;
  Json to_json() const;
  static Alert from_json(const Json& json);  // throws what nlohmann throws

  static constexpr std::size_t kNamed = 5;
};

/// "a, b, c, d, e and 35 more".
std::string named(const std::vector<std::string>& subjects);

/// The fold.
struct Alerts {
  std::vector<Alert> open;      // in the order of opening
  std::optional<Time> watched;  // since the first deployment
  /// Signals that opened since then under a stated number of false alarms a year: [severity].
  std::array<std::int64_t, 3> opened{};

  const Alert* find(std::int64_t number) const;
  Json to_json() const;
  static Alerts from_json(const Json& json);  // throws what nlohmann throws
  bool operator==(const Alerts& other) const { return to_json() == other.to_json(); }
};

/// The kinds of facts that it is made of.
inline constexpr std::array<std::string_view, 6> kAlertFacts = {
    "signal", "person", "deployed", "decision", "step_started", "step_finished"};

/// Kind of the signal that the budget of cycles is spent while a cycle is wanted.
inline constexpr const char* kBudget = "budget";
/// What a fact says of that: open, over, or nothing. Pure.
std::optional<monitor::Signal> budget_news(const ledger::Fact& fact);

/// One fact folded in; others than those kinds change nothing. Alerts that close are added to
/// `closed`. Pure.
/// Errors: kCorrupt for a signal that is none.
Result<void> fold(Alerts& alerts, const ledger::Fact& fact, std::vector<Alert>* closed = nullptr);

/// The number of "A57" (or "57"); none for another text.
std::optional<std::int64_t> alert_number(std::string_view name);

/// As programs see it; `now` decides what is snoozed. {"id","severity","state","since","seen",
/// "opened","closed","came","subjects" (at most kNamed),"more","signals" (their number),"kinds",
/// "keeps_rows_out","acknowledged","snoozed","sentence"}.
Json alert_json(const Alert& alert, Time now);

/// With what the watch saw of them since they opened: `watch` is the projection of that name.
std::vector<Alert> refreshed(std::vector<Alert> open, const Json& watch);

}  // namespace rondo::loop
