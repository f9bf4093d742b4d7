// The loop around the outbox.
#include "loop/courier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/worker.h"
#include "loop/sinks.h"
#include "loop/views.h"

namespace rondo::loop {
namespace {

constexpr char kName[] = "sinks";
constexpr Span kPause = Span::millis(250);

Result<OutboxOptions> outbox_options(const Config& config, ledger::Ledger& ledger) {
  OutboxOptions options;
  const auto page = std::ranges::find(kSeverities, config.alerts.page);
  options.page = static_cast<Severity>(page - kSeverities.begin());
  options.remind = config.alerts.remind;
  options.sinks = sinks_of(config.alerts);
  options.project = config.model_name();
  const auto first = TRY(ledger.facts(0, 1));
  options.identity = first.empty() ? "new" : first.front().digest.brief();
  return options;
}

}  // namespace

Courier::Courier(Parts parts, Outbox outbox)
    : parts_(std::move(parts)), outbox_(std::move(outbox)) {}

Result<std::unique_ptr<Courier>> Courier::open(Parts parts) {
  const auto kept = TRY(parts.desk->ledger().projection(kName));
  const State now = parts.desk->look();
  Outbox fresh(parts.options, now.sequence, now.alerts);
  auto outbox = kept ? Outbox::restore(parts.options, *kept) : Result<Outbox>(std::move(fresh));
  const bool damaged = !outbox || outbox->through() > now.sequence;  // of a store that went back
  if (damaged) outbox = Outbox(parts.options, now.sequence, now.alerts);
  return std::unique_ptr<Courier>(new Courier(std::move(parts), *std::move(outbox)));
}

/// Writes what is new down, and tells it.
Result<void> Courier::keep() {
  Json state = outbox_.state();
  if (state != kept_) {
    TRY(parts_.desk->note({}, {{kName, state}}));
    kept_ = std::move(state);
  }
  for (const std::string& line : outbox_.lines()) parts_.log(line);
  parts_.complain(fmt::format("{}", fmt::join(outbox_.troubles(), "; ")));
  return {};
}

Result<void> Courier::turn(const Stop& stop) {
  if (parts_.desk->look().sequence != outbox_.through()) {
    const auto facts = TRY(parts_.desk->ledger().facts(outbox_.through()));
    TRY(outbox_.take(facts));
  }
  outbox_.tick(parts_.clock->now());
  TRY(keep());
  for (const std::string& sink : parts_.options.sinks) {
    const auto message = outbox_.due(sink, parts_.clock->now());
    if (!message || stop.requested()) continue;
    const auto said = parts_.send(sink, *message, stop);
    if (said) outbox_.delivered(sink, parts_.clock->now());
    else if (said.error().code != Code::kCancelled) {
      outbox_.failed(sink, said.error().line(), parts_.clock->now());
    }
    TRY(keep());
  }
  return {};
}

void Courier::run(const Stop& stop) {
  give_way();
  while (!stop.requested()) {
    if (const auto done = turn(stop); !done) parts_.complain(done.error().line());
    sleep_for(kPause, stop);
  }
}

Result<std::unique_ptr<Courier>> open_courier(const Config& config, Desk& desk, const Clock& clock,
                                              std::function<void(const std::string&)> log,
                                              std::function<void(const std::string&)> complain) {
  Courier::Parts parts;
  parts.desk = &desk;
  parts.clock = &clock;
  parts.options = TRY(outbox_options(config, desk.ledger()));
  parts.options.next = [&config, &desk](const Alert& alert) {
    const auto watch = desk.ledger().projection("watch");
    const Json seen = watch && *watch ? **watch : Json::object();
    return next_of(alert, desk.look(), config, seen);
  };
  parts.send = [&config](const std::string& sink, const Json& message, const Stop& stop) {
    return send_to(config.alerts, sink, message, stop);
  };
  parts.log = std::move(log);
  parts.complain = std::move(complain);
  return Courier::open(std::move(parts));
}

}  // namespace rondo::loop
