// Messages follow from facts and time alone.
#include "loop/outbox.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace rondo::loop {
namespace {

constexpr std::int64_t kVersion = 1;

/// Names with what could end a line or hide the rest taken out.
std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return text;
}

/// "the loss of judged answers is 0.171, proved bound 0.128; " of a risk that is open.
std::string of_risk(const Alert& alert) {
  for (const monitor::Signal& signal : alert.signals) {
    if (signal.kind != "risk" || (!signal.open && !alert.closed)) continue;
    return fmt::format("; the loss of judged answers is {:.3g}, its proved bound {:.3g}",
                       signal.value, signal.threshold);
  }
  return {};
}

std::string text_of_alert(const Alert& alert, std::string_view event, std::int64_t mark,
                          const std::string& next) {
  const Json shown = alert_json(alert, alert.opened);
  const std::string what =
      fmt::format("{} {}, since {} ({})", word_of(alert.severity),
                  plain(named(alert.subjects())), to_text(alert.since),
                  fmt::join(shown.at("kinds").get<std::vector<std::string>>(), ", "));
  if (event == "closed") {
    return fmt::format("{} is over: {}; last seen before {}", alert.name(), what,
                       to_text(alert.seen()));
  }
  std::string how = event == "opened" ? "opened" : "got graver";
  if (event == "reminder") how = fmt::format("is still open, reminder {}", mark);
  std::string out = fmt::format("{} {}: {}{}", alert.name(), how, what, of_risk(alert));
  if (shown.at("keeps_rows_out").get<bool>()) out += "; rows from then on train nothing";
  if (!next.empty()) out += fmt::format("; next: {}", next);
  return out + fmt::format("; see `rondo alerts`, `rondo why`; `rondo alerts ack {}` stops "
                           "reminders", alert.name());
}

/// Without the sentence and what people wrote, which may quote data.
Json alert_of(const Alert& alert, Time now) {
  Json out = alert_json(alert, now);
  for (const char* key : {"sentence", "acknowledged", "snoozed"}) out.erase(key);
  return out;
}

}  // namespace

Outbox::Outbox(OutboxOptions options, std::int64_t through, Alerts alerts)
    : options_(std::move(options)), through_(through), alerts_(std::move(alerts)) {
  for (const std::string& sink : options_.sinks) sinks_.try_emplace(sink);
  for (const Alert& alert : alerts_.open) told_[alert.number].severity = alert.severity;
}

void Outbox::tell(const News& news, const Alert& alert, bool page) {
  const bool asks = options_.next && news.event != "closed";
  const std::string next = asks ? plain(options_.next(alert)) : std::string();
  const std::string text = text_of_alert(alert, news.event, news.mark, next);
  lines_.push_back(text);
  if (!page) return;
  const std::string key = fmt::format("{}-{}-{}-{}", options_.identity, alert.name(), news.event,
                                      news.mark);
  Json shown = alert_of(alert, news.at);
  if (!next.empty()) shown["next"] = next;
  const Json message = {{"version", kVersion},
                        {"event", news.event},
                        {"key", key},
                        {"project", options_.project},
                        {"at", to_text(news.at)},
                        {"subject", fmt::format("[{}] {} {}: {}", plain(options_.project),
                                                alert.name(), word_of(alert.severity),
                                                plain(named(alert.subjects())))},
                        {"text", text},
                        {"alert", std::move(shown)}};
  for (auto& [name, sink] : sinks_) {
    const bool waits = std::ranges::any_of(sink.waiting, [&](const Json& other) {
      return other.at("alert").is_object() && other.at("alert").at("id") == alert.name();
    });
    if (news.event == "reminder" && waits) continue;  // it did not even get the one before
    sink.waiting.push_back(message);
  }
}

void Outbox::tell_open(const Alert& alert, Time at) {
  const auto known = told_.find(alert.number);
  const bool page = alert.severity >= options_.page;
  if (known == told_.end()) {
    tell({"opened", alert.number, at}, alert, page);
    told_[alert.number] = {alert.severity, page, at, 0};
    return;
  }
  Told& told = known->second;
  if (alert.severity > told.severity) {
    tell({"risen", through_, at}, alert, page);
    told = {alert.severity, told.paged || page, at, 0};
  }
  told.severity = alert.severity;
}

void Outbox::tell_closed(const Alert& alert) {
  tell_open(alert, alert.opened);  // it may have come and gone while nobody looked
  tell({"closed", through_, *alert.closed}, alert, told_[alert.number].paged);
  told_.erase(alert.number);
}

Result<void> Outbox::take(std::span<const ledger::Fact> facts) {
  if (facts.empty()) return {};
  std::vector<Alert> closed;
  for (const ledger::Fact& fact : facts) TRY(fold(alerts_, fact, &closed));
  through_ = facts.back().sequence;
  for (const Alert& alert : closed) tell_closed(alert);
  for (const Alert& alert : alerts_.open) tell_open(alert, facts.back().at);
  return {};
}

void Outbox::tick(Time now) {
  if (options_.remind.us <= 0) return;
  for (const Alert& alert : alerts_.open) {
    Told& told = told_[alert.number];
    if (!told.paged || alert.severity < options_.page || alert.state_at(now) != "open") continue;
    if (now - told.last < options_.remind) continue;
    told.last = now;
    tell({"reminder", ++told.reminders, now}, alert, true);
  }
}

std::optional<Json> Outbox::due(const std::string& name, Time now) const {
  const auto found = sinks_.find(name);
  if (found == sinks_.end() || found->second.waiting.empty()) return std::nullopt;
  if (found->second.failures > 0 && now < found->second.next) return std::nullopt;
  return found->second.waiting.front();
}

void Outbox::tell_of_sink(const std::string& sink, const News& news, const std::string& text) {
  lines_.push_back(text);
  const Json message = {{"version", kVersion},
                        {"event", news.event},
                        {"key", fmt::format("{}-{}-{}-{}", options_.identity, sink, news.event,
                                            news.mark)},
                        {"project", options_.project},
                        {"at", to_text(news.at)},
                        {"subject", fmt::format("[{}] {}", plain(options_.project), text)},
                        {"text", text},
                        {"alert", nullptr}};
  for (auto& [name, other] : sinks_) {
    if (name != sink) other.waiting.push_back(message);
  }
}

void Outbox::delivered(const std::string& name, Time now) {
  Sink& sink = sinks_[name];
  if (!sink.waiting.empty()) sink.waiting.pop_front();
  const bool was_dead = sink.failures >= kDead;
  sink.failures = 0;
  sink.error.clear();
  if (was_dead) {
    tell_of_sink(name, {"sink_answers", sink.since.us, now},
                 fmt::format("alerts reach the sink {} again", name));
  }
}

void Outbox::failed(const std::string& name, const std::string& why, Time now) {
  Sink& sink = sinks_[name];
  if (sink.failures == 0) sink.since = now;
  ++sink.failures;
  sink.error = why;
  const std::int64_t doublings = std::min<std::int64_t>(sink.failures - 1, 12);
  sink.next = now + std::min(kLongestPause, Span::seconds(std::int64_t{1} << doublings));
  if (sink.failures == kDead) {
    tell_of_sink(name, {"sink_dead", sink.since.us, now},
                 fmt::format("alerts do not reach the sink {}: {}", name, why));
  }
}

std::vector<std::string> Outbox::troubles() const {
  std::vector<std::string> out;
  for (const auto& [name, sink] : sinks_) {
    if (sink.failures < kDead) continue;
    out.push_back(fmt::format("alerts do not reach the sink {} since {}: {} ({} waiting; `rondo "
                              "alerts test` tries it)",
                              name, to_text(sink.since), sink.error, sink.waiting.size()));
  }
  return out;
}

std::vector<std::string> Outbox::lines() { return std::exchange(lines_, {}); }

std::size_t Outbox::waiting(const std::string& name) const {
  const auto found = sinks_.find(name);
  return found == sinks_.end() ? 0 : found->second.waiting.size();
}

Json Outbox::state() const {
  Json told = Json::array(), sinks = Json::object();
  for (const auto& [number, one] : told_) {
    told.push_back({{"alert", number}, {"severity", static_cast<int>(one.severity)},
                    {"paged", one.paged}, {"last_us", one.last.us},
                    {"reminders", one.reminders}});
  }
  for (const auto& [name, sink] : sinks_) {
    sinks[name] = {{"waiting", sink.waiting}, {"failures", sink.failures},
                   {"since_us", sink.since.us}, {"next_us", sink.next.us}, {"error", sink.error}};
  }
  return {{"through", through_}, {"alerts", alerts_.to_json()}, {"told", told}, {"sinks", sinks}};
}

Result<Outbox> Outbox::restore(OutboxOptions options, const Json& state) {
  Outbox out(std::move(options), 0, {});
  try {
    state.at("through").get_to(out.through_);
    out.alerts_ = Alerts::from_json(state.at("alerts"));
    for (const Json& item : state.at("told")) {
      const auto severity = std::min(item.at("severity").get<std::size_t>(),
                                     kSeverities.size() - 1);
      out.told_[item.at("alert").get<std::int64_t>()] = {
          static_cast<Severity>(severity), item.at("paged").get<bool>(),
          {item.at("last_us").get<std::int64_t>()}, item.at("reminders").get<std::int64_t>()};
    }
    for (auto& [name, sink] : out.sinks_) {
      const auto kept = state.at("sinks").find(name);
      if (kept == state.at("sinks").end()) continue;
      kept->at("waiting").get_to(sink.waiting);
      kept->at("failures").get_to(sink.failures);
      kept->at("since_us").get_to(sink.since.us);
      kept->at("next_us").get_to(sink.next.us);
      kept->at("error").get_to(sink.error);
    }
  } catch (const nlohmann::json::exception& e) {
    return fail(Code::kCorrupt, std::string("what was told of alerts is damaged: ") + e.what(),
                "alerts that are open now count as told");
  }
  return out;
}

Json test_message(const std::string& project, const std::string& mark, Time now) {
  return {{"version", kVersion},
          {"event", "test"},
          {"key", fmt::format("test-{}", mark)},
          {"project", project},
          {"at", to_text(now)},
          {"subject", fmt::format("[{}] a test of Rondo's alerts", plain(project))},
          {"text", fmt::format("A test: alerts of the project {} would come here.",
                               plain(project))},
          {"alert", nullptr}};
}

}  // namespace rondo::loop
