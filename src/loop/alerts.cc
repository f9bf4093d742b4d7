// Grouping, and what people said. Signals are told by windows: those whose windows overlap broke
// together, and so did a second signal about a column that is in trouble already.
#include "loop/alerts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace rondo::loop {
namespace {

using monitor::Signal;

Json said_json(const std::optional<Said>& said) {
  if (!said) return nullptr;
  return {{"who", said->who}, {"why", said->why}, {"at_us", said->at.us},
          {"until_us", said->until ? Json(said->until->us) : Json(nullptr)}};
}

std::optional<Said> said_from(const Json& json) {
  if (json.is_null()) return std::nullopt;
  Said said{json.at("who").get<std::string>(), json.at("why").get<std::string>(),
            {json.at("at_us").get<std::int64_t>()}, std::nullopt};
  if (!json.at("until_us").is_null()) said.until = Time{json.at("until_us").get<std::int64_t>()};
  return said;
}

/// As told to people and programs.
Json shown(const std::optional<Said>& said) {
  if (!said) return nullptr;
  Json out = {{"who", said->who}, {"why", said->why}, {"at", to_text(said->at)}};
  if (said->until) out["until"] = to_text(*said->until);
  return out;
}

bool same(const Signal& a, const Signal& b) { return a.kind == b.kind && a.subject == b.subject; }

Signal* find_open(Alert& alert, const Signal& signal) {
  const auto found = std::ranges::find_if(
      alert.signals, [&](const Signal& one) { return one.open && same(one, signal); });
  return found == alert.signals.end() ? nullptr : &*found;
}

/// Stretches that have more than an end in common, or begin together.
bool overlap(const Alert& alert, const Signal& signal) {
  return signal.since == alert.since || (signal.since < alert.until && alert.since < signal.seen);
}

/// It stands by itself: what it is about is no fault of data.
bool of_budget(const Alert& alert) {
  return !alert.signals.empty() && alert.signals.front().kind == kBudget;
}

/// The open alert that a new signal belongs to: the one about the same column, else the newest of
/// the same window.
Alert* home_of(Alerts& alerts, const Signal& signal) {
  const auto about = [&](const Alert& alert) {
    return std::ranges::any_of(alert.signals, [&](const Signal& one) {
      return one.open && one.subject == signal.subject;
    });
  };
  for (Alert& alert : alerts.open) {
    if (!of_budget(alert) && about(alert)) return &alert;
  }
  for (auto alert = alerts.open.rbegin(); alert != alerts.open.rend(); ++alert) {
    if (!of_budget(*alert) && overlap(*alert, signal)) return &*alert;
  }
  return nullptr;
}

Severity gravest(const Alert& alert) {
  Severity most = Severity::kDrift;
  for (const Signal& signal : alert.signals) {
    if (signal.open) most = std::max(most, severity_of(signal));
  }
  return most;
}

void opened(Alerts& alerts, const ledger::Fact& fact, const Signal& signal) {
  for (Alert& alert : alerts.open) {
    if (Signal* known = find_open(alert, signal)) {  // told again: it keeps rows out now
      const std::int64_t came = known->came;
      *known = signal;
      known->came = std::max(came, signal.came);
      return;
    }
  }
  if (alerts.watched && signal.false_alarms_per_year > 0) {
    ++alerts.opened[static_cast<std::size_t>(severity_of(signal))];
  }
  Alert* alert = signal.kind == kBudget ? nullptr : home_of(alerts, signal);
  if (alert == nullptr) {
    alerts.open.push_back({});
    alert = &alerts.open.back();
    alert->number = fact.sequence;
    alert->opened = fact.at;
    alert->since = signal.since;
    alert->until = signal.seen;
    alert->severity = severity_of(signal);
  }
  const auto ended = std::ranges::find_if(alert->signals,
                                          [&](const Signal& one) { return same(one, signal); });
  if (ended == alert->signals.end()) {
    alert->signals.push_back(signal);
  } else {
    ++alert->returns;
    *ended = signal;
  }
  const Severity now = gravest(*alert);
  if (now > alert->severity) {  // what was said was said of something less
    alert->acknowledged.reset();
    alert->snoozed.reset();
  }
  alert->severity = now;
}

void ended(Alerts& alerts, const ledger::Fact& fact, const Signal& signal,
           std::vector<Alert>* closed) {
  for (auto alert = alerts.open.begin(); alert != alerts.open.end(); ++alert) {
    Signal* known = find_open(*alert, signal);
    if (known == nullptr) continue;
    known->open = false;
    known->seen = std::max(known->seen, signal.seen);
    known->came = std::max(known->came, signal.came);
    const bool over = std::ranges::none_of(alert->signals, [](const Signal& s) { return s.open; });
    if (!over) {
      alert->severity = gravest(*alert);
      return;
    }
    alert->closed = fact.at;
    if (closed != nullptr) closed->push_back(std::move(*alert));
    alerts.open.erase(alert);
    return;
  }
}

void told(Alerts& alerts, const ledger::Fact& fact) {
  const auto act = io::get_or<std::string>(fact.body, "act", "");
  if (act != "ack" && act != "snooze") return;
  const Json arguments = io::get_or<Json>(fact.body, "arguments", Json::object());
  const auto number = alert_number(io::get_or<std::string>(arguments, "alert", ""));
  for (Alert& alert : alerts.open) {
    if (alert.number != number) continue;
    Said said{io::get_or<std::string>(fact.body, "who", ""),
              io::get_or<std::string>(fact.body, "why", ""), fact.at, std::nullopt};
    if (act == "ack") {
      alert.acknowledged = std::move(said);
    } else if (const auto until = parse_time(io::get_or<std::string>(arguments, "until", ""))) {
      said.until = *until;
      alert.snoozed = std::move(said);
    }
  }
}

}  // namespace

Severity severity_of(const Signal& signal) {
  if (signal.kind == "risk") return Severity::kRisk;
  return signal.kind == "drift" ? Severity::kDrift : Severity::kQuality;
}

std::string Alert::name() const { return fmt::format("A{}", number); }

std::string_view Alert::state_at(Time now) const {
  if (closed) return "closed";
  if (snoozed_at(now)) return "snoozed";
  return acknowledged ? "acknowledged" : "open";
}

std::int64_t Alert::came() const {
  std::int64_t most = 1;  // forty columns of one fault go and come together
  for (const Signal& signal : signals) most = std::max(most, signal.came);
  return most + returns;
}

Time Alert::seen() const {
  Time last = since;
  for (const Signal& signal : signals) last = std::max(last, signal.seen);
  return last;
}

std::vector<std::string> Alert::subjects() const {
  std::vector<const Signal*> order;
  for (const Signal& signal : signals) {
    if (signal.open || closed) order.push_back(&signal);
  }
  std::ranges::stable_sort(order, [](const Signal* a, const Signal* b) {
    return std::pair(severity_of(*b), b->evidence) < std::pair(severity_of(*a), a->evidence);
  });
  std::vector<std::string> names;
  for (const Signal* signal : order) {
    if (std::ranges::find(names, signal->subject) == names.end()) names.push_back(signal->subject);
  }
  return names;
}

std::string named(const std::vector<std::string>& subjects) {
  const std::size_t shown = std::min(subjects.size(), Alert::kNamed);
  std::string out = fmt::format("{}", fmt::join(std::span(subjects).first(shown), ", "));
  if (shown < subjects.size()) out += fmt::format(" and {} more", subjects.size() - shown);
  return out;
}

std::string Alert::sentence() const {
  std::vector<const Signal*> told;
  for (const Signal& signal : signals) {
    if (signal.open || closed) told.push_back(&signal);
  }
  const Signal* first = told.front();
  for (const Signal* signal : told) {
    if (std::pair(severity_of(*first), first->evidence) <
        std::pair(severity_of(*signal), signal->evidence)) {
      first = signal;
    }
  }
  if (told.size() == 1) return first->sentence;
  return fmt::format("{} {}, since {}: {} signals of one cause; the strongest: {}",
                     word_of(severity), named(subjects()), to_text(since), told.size(),
                     first->sentence);
}

Json Alert::to_json() const {
  Json list = Json::array();
  for (const Signal& signal : signals) list.push_back(monitor::to_json(signal));
  return {{"number", number},
          {"opened_us", opened.us},
          {"since_us", since.us},
          {"until_us", until.us},
          {"severity", static_cast<int>(severity)},
          {"signals", list},
          {"returns", returns},
          {"acknowledged", said_json(acknowledged)},
          {"snoozed", said_json(snoozed)},
          {"closed_us", closed ? Json(closed->us) : Json(nullptr)}};
}

Alert Alert::from_json(const Json& json) {
  Alert alert;
  json.at("number").get_to(alert.number);
  json.at("opened_us").get_to(alert.opened.us);
  json.at("since_us").get_to(alert.since.us);
  json.at("until_us").get_to(alert.until.us);
  const std::size_t severity = json.at("severity").get<std::size_t>();
  alert.severity = static_cast<Severity>(std::min(severity, kSeverities.size() - 1));
  json.at("returns").get_to(alert.returns);
  alert.acknowledged = said_from(json.at("acknowledged"));
  alert.snoozed = said_from(json.at("snoozed"));
  if (!json.at("closed_us").is_null()) {
    alert.closed = Time{json.at("closed_us").get<std::int64_t>()};
  }
  for (const Json& item : json.at("signals")) {
    if (auto signal = monitor::signal_from(item)) alert.signals.push_back(*std::move(signal));
  }
  return alert;
}

const Alert* Alerts::find(std::int64_t number) const {
  const auto found = std::ranges::find(open, number, &Alert::number);
  return found == open.end() ? nullptr : &*found;
}

Json Alerts::to_json() const {
  Json list = Json::array();
  for (const Alert& alert : open) list.push_back(alert.to_json());
  return {{"open", list},
          {"watched_us", watched ? Json(watched->us) : Json(nullptr)},
          {"opened", opened}};
}

Alerts Alerts::from_json(const Json& json) {
  Alerts alerts;
  for (const Json& item : json.at("open")) alerts.open.push_back(Alert::from_json(item));
  if (!json.at("watched_us").is_null()) {
    alerts.watched = Time{json.at("watched_us").get<std::int64_t>()};
  }
  json.at("opened").get_to(alerts.opened);
  return alerts;
}

Result<void> fold(Alerts& alerts, const ledger::Fact& fact, std::vector<Alert>* closed) {
  if (fact.kind == "signal") {
    const Signal signal = TRY(monitor::signal_from(fact.body));
    if (signal.open) opened(alerts, fact, signal);
    else ended(alerts, fact, signal, closed);
  } else if (fact.kind == "person") {
    told(alerts, fact);
  } else if (fact.kind == "deployed" && !alerts.watched) {
    alerts.watched = fact.at;
  } else if (const auto news = budget_news(fact)) {
    const bool known = std::ranges::any_of(alerts.open, of_budget);
    if (news->open && !known) opened(alerts, fact, *news);
    if (!news->open) ended(alerts, fact, *news, closed);
  }
  return {};
}

std::optional<std::int64_t> alert_number(std::string_view name) {
  if (name.starts_with('A') || name.starts_with('a')) name.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (bad != std::errc{} || end != name.data() + name.size() || number < 1) return std::nullopt;
  return number;
}

Json alert_json(const Alert& alert, Time now) {
  std::vector<std::string> subjects = alert.subjects(), kinds;
  const std::size_t more = subjects.size() - std::min(subjects.size(), Alert::kNamed);
  subjects.resize(subjects.size() - more);
  bool keeps_out = false;
  std::size_t count = 0;
  for (const Signal& signal : alert.signals) {
    if (!signal.open && !alert.closed) continue;
    ++count;
    keeps_out = keeps_out || signal.quarantines;
    if (std::ranges::find(kinds, signal.kind) == kinds.end()) kinds.push_back(signal.kind);
  }
  return {{"id", alert.name()},
          {"severity", name_of(alert.severity)},
          {"state", alert.state_at(now)},
          {"since", to_text(alert.since)},
          {"seen", to_text(alert.seen())},
          {"opened", to_text(alert.opened)},
          {"closed", alert.closed ? Json(to_text(*alert.closed)) : Json(nullptr)},
          {"came", alert.came()},
          {"subjects", subjects},
          {"more", more},
          {"signals", count},
          {"kinds", kinds},
          {"keeps_rows_out", keeps_out},
          {"acknowledged", shown(alert.acknowledged)},
          {"snoozed", shown(alert.snoozed_at(now) ? alert.snoozed : std::nullopt)},
          {"sentence", alert.sentence()}};
}

std::vector<Alert> refreshed(std::vector<Alert> open, const Json& watch) {
  const Json state = io::get_or<Json>(watch, "state", Json::object());
  for (const Json& entry : io::get_or<Json>(state, "open", Json::array())) {
    const auto seen = monitor::signal_from(io::get_or<Json>(entry, "signal", Json()));
    if (!seen) continue;
    for (Alert& alert : open) {
      Signal* known = find_open(alert, *seen);
      if (known == nullptr) continue;
      known->seen = std::max(known->seen, seen->seen);
      known->came = std::max(known->came, seen->came);
    }
  }
  return open;
}

}  // namespace rondo::loop
