// trigger, pause, resume, promote, reject, rollback, accept_rows, backfill, import, ack, snooze,
// adopt: each becomes one fact or more, in the transaction that answers the request.
#include "loop/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "loop/conductor.h"

namespace rondo::loop {
namespace {

using ledger::Request;

constexpr std::string_view kNothing = "nothing to do";
constexpr Span kLongestSnooze = Span::days(366);

std::unexpected<Error> no(std::string message, std::string hint = {}) {
  return fail(Code::kConflict, std::move(message), std::move(hint));
}

/// What was asked for is so already, or nothing is there that it could change.
std::unexpected<Error> nothing(std::string message, std::string hint = {}) {
  auto out = no(std::move(message), std::move(hint));
  out.error().context.emplace_back(kNothing);
  return out;
}

ledger::NewFact person(const Request& request, Time now) {
  return {now, "person", 0,
          {{"act", request.act}, {"who", request.who}, {"why", request.why},
           {"arguments", request.arguments},
           {"column", io::get_or<std::string>(request.arguments, "column", "")}}};
}

ledger::NewFact switched(const State& state, std::int64_t to, const Request& request, Time now) {
  return {now, "deployed", 0,
          {{"from", state.champion}, {"to", to}, {"who", request.who},
           {"why", request.why.empty() ? request.act : request.why}}};
}

/// The outcome of a waiting deployment, as the approval_asked fact of its step keeps it.
Result<Outcome> waiting(Desk& desk, const State& state) {
  for (const ledger::Fact& fact : TRY(desk.ledger().facts_of_step(state.waiting_version_step))) {
    if (fact.kind != "approval_asked") continue;
    Outcome outcome;
    outcome.step = fact.step;
    outcome.cycle = io::get_or<std::int64_t>(fact.body, "cycle", 0);
    outcome.stage = Stage::kDeployment;
    outcome.outputs = fact.body.at("outputs").get<std::map<std::string, std::string>>();
    outcome.evidence = fact.body.at("evidence");
    outcome.reason = io::get_or<std::string>(fact.body, "reason", "");
    return outcome;
  }
  return nothing("no deployment waits for a yes");
}

Result<Entry> approve(Desk& desk, const State& state, const Request& request, Time now) {
  Outcome outcome = TRY(waiting(desk, state));
  outcome.result = outcome.evidence.contains("rollout") ? kRollingOut : "deployed";
  outcome.reason = fmt::format("{} said yes{}{}", request.who, request.why.empty() ? "" : ": ",
                               request.why);
  const std::int64_t floor = TRY(version_floor(desk.ledger()));
  Entry entry = TRY(finish(state, outcome, now, floor, request.who, request.why));
  entry.facts.insert(entry.facts.begin(), person(request, now));
  return entry;
}

Result<Entry> promote(Desk& desk, const State& state, const Request& request, Time now) {
  auto version = io::get_or<std::int64_t>(request.arguments, "version", 0);
  if (version == 0 && state.rollout && !state.rollout->watched) version = state.rollout->challenger;
  if (version == 0 && state.waiting_version_step != 0) return approve(desk, state, request, now);
  if (version == 0) {
    return nothing("nothing waits for a yes",
              "name a version: `rondo promote v3`; `rondo models` lists them");
  }
  if (!state.versions.contains(version)) {
    return fail(Code::kNotFound, fmt::format("there is no v{}", version),
                "`rondo models` lists the versions");
  }
  if (version == state.champion) return nothing(fmt::format("v{} serves already", version));
  RONDO_FAILPOINT(kPromoteBegin);
  Entry entry;
  entry.facts = {person(request, now), switched(state, version, request, now)};
  return entry;
}

/// A model of another library becomes a version; it serves when somebody promotes it.
Result<Entry> import_version(Desk& desk, const State& state, const Request& request, Time now) {
  const std::int64_t number = std::max(state.newest_version, TRY(version_floor(desk.ledger()))) + 1;
  const auto pipeline = TRY(io::get<std::string>(request.arguments, "pipeline"));
  const auto library = TRY(io::get<std::string>(request.arguments, "library"));
  const auto trees = TRY(io::get<std::int64_t>(request.arguments, "trees"));
  const auto features = TRY(io::get<std::int64_t>(request.arguments, "features"));
  Json body = {{"version", number},
               {"cycle", 0},
               {"dataset", 0},
               {"labelled", 0},
               {"label_until_us", 0},
               {"metrics", Json::object()},
               {"pipeline", pipeline},
               {"imported", library},
               {"trees", trees},
               {"features", features}};
  Entry entry;
  entry.facts = {person(request, now), {now, "version", 0, std::move(body)}};
  return entry;
}

/// Whether the champion serves because somebody went back to it.
Result<bool> is_back(Desk& desk) {
  const auto switches = TRY(desk.ledger().facts_of("deployed"));
  const auto people = TRY(desk.ledger().facts_of("person"));
  for (const ledger::Fact& fact : people) {  // told just before its switch
    if (!switches.empty() && fact.sequence + 1 == switches.back().sequence) {
      return io::get_or<std::string>(fact.body, "act", "") == "rollback";
    }
  }
  return false;
}

/// A version that is being rolled out is taken back; else the former champion returns. Twice in a
/// row would bring back what somebody went away from: two people may see the same trouble.
Result<Entry> rollback(Desk& desk, const State& state, const Request& request, Time now) {
  if (state.rollout && !state.rollout->watched) {
    RONDO_FAILPOINT(kRollback);
    Entry entry;
    entry.facts = {person(request, now),
                   {now, "rollout", state.rollout->step,
                    {{"act", "end"}, {"challenger", state.rollout->challenger},
                     {"champion", state.champion}, {"who", request.who},
                     {"why", request.why.empty() ? request.act : request.why}}}};
    return entry;
  }
  if (state.former == 0) return nothing("there is no earlier version to go back to");
  if (TRY(is_back(desk))) {
    return nothing(fmt::format("v{} came back by a rollback already", state.champion),
              fmt::format("`rondo promote v{}` lets the other one serve again", state.former));
  }
  RONDO_FAILPOINT(kRollback);
  Entry entry;
  entry.facts = {person(request, now), switched(state, state.former, request, now)};
  return entry;
}

Result<Entry> reject(Desk& desk, const State& state, const Request& request, Time now) {
  Outcome outcome = TRY(waiting(desk, state));
  outcome.result = "rejected by a person";
  outcome.reason = fmt::format("{} said no{}{}", request.who, request.why.empty() ? "" : ": ",
                               request.why);
  Entry entry = TRY(finish(state, outcome, now, 0, request.who, request.why));
  entry.facts.insert(entry.facts.begin(), person(request, now));
  return entry;
}

Result<Entry> note(Desk&, const State& state, const Request& request, Time now) {
  if (request.act == "pause" && state.paused) return nothing("the loop is paused already");
  if (request.act == "resume" && !state.paused) return nothing("the loop is not paused");
  Entry entry;
  entry.facts = {person(request, now)};
  return entry;
}

/// The open alert that is meant. Errors: kInvalidInput, kNotFound.
Result<const Alert*> alert_of(const State& state, const Request& request) {
  const auto word = io::get_or<std::string>(request.arguments, "alert", "");
  const auto number = alert_number(word);
  if (!number) {
    return fail(Code::kInvalidInput, fmt::format("\"{}\" is no alert", word),
                "alerts are written A57; `rondo alerts` lists them");
  }
  if (const Alert* alert = state.alerts.find(*number)) return alert;
  return fail(Code::kNotFound, fmt::format("no alert A{} is open", *number),
              "`rondo alerts` lists those that are, `rondo alerts --all` those of before too");
}

Result<Entry> acknowledge(Desk&, const State& state, const Request& request, Time now) {
  const Alert* alert = TRY(alert_of(state, request));
  if (alert->acknowledged) {
    return nothing(fmt::format("{} is acknowledged already, by {}", alert->name(),
                               alert->acknowledged->who));
  }
  Entry entry;
  entry.facts = {person(request, now)};
  return entry;
}

Result<Entry> snooze(Desk&, const State& state, const Request& request, Time now) {
  TRY(alert_of(state, request));
  const Span span = TRY(parse_span(io::get_or<std::string>(request.arguments, "for", "")));
  if (span.us <= 0 || span > kLongestSnooze) {
    return fail(Code::kInvalidInput, fmt::format("an alert cannot be snoozed for {}",
                                                 to_text(span)),
                fmt::format("write a span above 0 and up to {}, like 7d", to_text(kLongestSnooze)));
  }
  Request dated = request;
  dated.arguments["until"] = to_text(now + span);
  Entry entry;
  entry.facts = {person(dated, now)};
  return entry;
}

/// Rows that a signal kept out were right: those of one column's signal, or all. `rejects`: so many
/// rejected rows are to be tried again.
Result<Entry> accept_rows(Desk&, const State& state, const Request& request, Time now) {
  const auto column = io::get_or<std::string>(request.arguments, "column", "");
  const bool any = std::ranges::any_of(state.kept, [&](const Kept& kept) {
    return column.empty() || kept.column == column;
  });
  const auto rejects = io::get_or<std::int64_t>(request.arguments, "rejects", 0);
  if (!any && rejects == 0) {
    return nothing(column.empty() ? std::string("no rows are kept out, and no rejected row waits")
                             : fmt::format("no rows are kept out because of \"{}\"", column));
  }
  Entry entry;
  entry.facts = {person(request, now)};
  return entry;
}

/// A range of event time is collected again.
Result<Entry> backfill(Desk&, const State& state, const Request& request, Time now) {
  if (state.manifest.empty()) {
    return no("nothing was collected yet that could be filled",
              "`rondo run` collects everything that is there");
  }
  const Time from = TRY(parse_time(TRY(io::get<std::string>(request.arguments, "from"))));
  const Time to = TRY(parse_time(TRY(io::get<std::string>(request.arguments, "to"))));
  if (from >= to) return no(fmt::format("{} is not before {}", to_text(from), to_text(to)));
  Entry entry;
  entry.facts = {person(request, now)};
  return entry;
}

constexpr std::string_view kAcceptClock = "accept_clock";

struct Act {
  std::string_view name;
  Result<Entry> (*decide)(Desk&, const State&, const Request&, Time);
};
constexpr Act kActs[] = {{"trigger", note},     {"pause", note},     {"resume", note},
                         {"promote", promote},  {"reject", reject},  {"rollback", rollback},
                         {"accept_rows", accept_rows}, {"import", import_version},
                         {"backfill", backfill},       {kAcceptClock, note},
                         {"ack", acknowledge},         {"snooze", snooze},
                         {"adopt", note}};

Json said(const Request& request, const State& state) {
  Json out = {{"act", request.act},
              {"champion", state.champion == 0 ? Json(nullptr) : Json(state.champion)},
              {"former", state.former == 0 ? Json(nullptr) : Json(state.former)},
              {"paused", state.paused}};
  if (request.act == "import") out["version"] = state.newest_version;
  if (request.act == "ack" || request.act == "snooze") {
    const auto number = alert_number(io::get_or<std::string>(request.arguments, "alert", ""));
    const Alert* alert = state.alerts.find(number.value_or(0));
    if (alert != nullptr) out["alert"] = alert_json(*alert, state.last_at);
  }
  return out;
}

Json error_json(const Error& error) {
  Json out = {{"code", name_of(error.code)}, {"message", error.message}, {"hint", error.hint}};
  if (std::ranges::find(error.context, kNothing) != error.context.end()) out["nothing"] = true;
  return {{"error", std::move(out)}};
}

}  // namespace

Result<Json> handle(Desk& desk, Time now, const Request& request,
                    const std::optional<Error>& doubt) {
  const Act* act = nullptr;
  for (const Act& known : kActs) {
    if (known.name == request.act) act = &known;
  }
  Result<Entry> entry =
      fail(Code::kInvalidInput, fmt::format("\"{}\" cannot be asked", request.act));
  // The state is decided on and appended to under one lock, so what is computed here is computed
  // again there; only its answer must be known beforehand.
  const State before = desk.look();
  // What a person does under a clock in doubt is done, at the last time that is believed.
  const Time at = doubt && request.act != kAcceptClock ? before.last_at : now;
  if (act != nullptr) entry = act->decide(desk, before, request, at);
  if (!entry) {
    const Json answer = error_json(entry.error());
    TRY(desk.answer(request.id, answer, [](const State&) -> Result<Entry> { return Entry{}; }));
    return answer;
  }
  State after = before;
  for (const ledger::NewFact& fact : entry->facts) {
    TRY(fold(after, {after.sequence + 1, fact.at, fact.kind, fact.step, fact.body, {}}));
  }
  const Json answer = said(request, after);
  const auto done = desk.answer(request.id, answer, [&](const State& state) -> Result<Entry> {
    return act->decide(desk, state, request, at);
  });
  if (!done && (done.error().code == Code::kConflict || done.error().code == Code::kNotFound)) {
    return error_json(done.error());
  }
  if (!done) return std::unexpected(done.error());
  return answer;
}

Result<std::size_t> handle_open(Desk& desk, Time now, const std::optional<Error>& doubt) {
  const std::vector<Request> open = TRY(desk.ledger().open_requests());
  for (const Request& request : open) TRY(handle(desk, now, request, doubt));
  return open.size();
}

}  // namespace rondo::loop
