// What is told to whom, and what of it was delivered: pure but for what is said of the future, and
// all of it is in its JSON, so that a restart goes on where it was. Facts go in, in order; messages
// for each sink come out, each with a key that stays the same however often it is sent. A message
// leaves only when its sink took it, so each arrives at least once. No value of a row is in a
// message; names of columns are.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "loop/alerts.h"

namespace rondo::loop {

struct OutboxOptions {
  Severity page = Severity::kRisk;  // lowest severity that goes to the sinks
  Span remind = Span::days(1);      // 0: never
  std::vector<std::string> sinks;   // that are set: "webhook", "email"
  std::string project;              // name of its model
  std::string identity;             // of the store: two projects of one name have other keys
  /// What the loop does next about an open alert, asked when it is told; none: nothing is said.
  std::function<std::string(const Alert&)> next{};
};

class Outbox {
 public:
  /// Nothing was told yet: what is open already counts as told, so that old news wakes nobody.
  Outbox(OutboxOptions options, std::int64_t through, Alerts alerts);
  /// Goes on. Waiting messages of sinks that are not set any more are dropped. Errors: kCorrupt.
  static Result<Outbox> restore(OutboxOptions options, const Json& state);
  Json state() const;

  /// Folds the next facts, then tells what became of alerts: what one transaction wrote of forty
  /// columns is one message. Errors: kCorrupt.
  Result<void> take(std::span<const ledger::Fact> facts);
  std::int64_t through() const { return through_; }  // the last fact that was taken
  /// Reminders that are due.
  void tick(Time now);
  /// The message that `sink` should get now, if any.
  std::optional<Json> due(const std::string& sink, Time now) const;
  void delivered(const std::string& sink, Time now);
  void failed(const std::string& sink, const std::string& why, Time now);
  /// A sentence a sink that does not answer; empty: all do.
  std::vector<std::string> troubles() const;
  /// Lines for the log since the last call.
  std::vector<std::string> lines();
  std::size_t waiting(const std::string& sink) const;

  static constexpr std::int64_t kDead = 3;  // failures in a row
  static constexpr Span kLongestPause = Span::hours(1);

 private:
  struct Told {
    Severity severity = Severity::kDrift;
    bool paged = false;
    Time last;
    std::int64_t reminders = 0;
  };
  struct Sink {
    std::deque<Json> waiting;
    std::int64_t failures = 0;
    Time since, next;  // of the first failure in a row; before `next` nothing is tried
    std::string error;
  };
  struct News {
    std::string_view event;
    std::int64_t mark = 0;  // makes the key one of its own
    Time at;
  };
  void tell(const News& news, const Alert& alert, bool page);
  void tell_open(const Alert& alert, Time at);
  void tell_closed(const Alert& alert);
  void tell_of_sink(const std::string& sink, const News& news, const std::string& text);

  OutboxOptions options_;
  std::int64_t through_ = 0;
  Alerts alerts_;
  std::map<std::int64_t, Told> told_;    // by alert
  std::map<std::string, Sink> sinks_;    // those that are set
  std::vector<std::string> lines_;
};

/// A message that tells nothing: for `rondo alerts test`. `mark` makes its key one of its own.
Json test_message(const std::string& project, const std::string& mark, Time now);

}  // namespace rondo::loop
