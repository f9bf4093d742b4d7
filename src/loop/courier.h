// Carries messages about alerts to their sinks, in a thread of its own: whatever a sink does, the
// loop does not wait for it. What was told and delivered is the projection "sinks", written before
// the first try and after each, under the lease; a kill in between sends again under the same key.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/guarded.h"
#include "loop/config.h"
#include "loop/desk.h"
#include "loop/outbox.h"

namespace rondo::loop {

class Courier {
 public:
  using Send = std::function<Result<std::string>(const std::string& sink, const Json& message,
                                                 const Stop& stop)>;
  struct Parts {
    Desk* desk = nullptr;
    const Clock* clock = nullptr;
    OutboxOptions options;
    Send send;
    std::function<void(const std::string& line)> log;       // in the courier's thread
    std::function<void(const std::string& all)> complain;   // of dead sinks; empty: none
  };
  /// Goes on where the project was. Errors: of the ledger.
  static Result<std::unique_ptr<Courier>> open(Parts parts);
  /// Until a stop is requested.
  void run(const Stop& stop);
  /// One round: new facts, reminders, one try a sink. Errors: of the ledger.
  Result<void> turn(const Stop& stop);

 private:
  Courier(Parts parts, Outbox outbox);
  Result<void> keep();
  Parts parts_;
  Outbox outbox_;
  Json kept_;
};

/// With the sinks that a project's settings name. What it is given must outlive it.
Result<std::unique_ptr<Courier>> open_courier(const Config& config, Desk& desk, const Clock& clock,
                                              std::function<void(const std::string&)> log,
                                              std::function<void(const std::string&)> complain);

}  // namespace rondo::loop
