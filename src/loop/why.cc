// Why a step, a version or the newest decision came out as it did, as a paragraph made from facts.
#include <fmt/format.h>

#include "base/words.h"
#include "loop/basis.h"
#include "loop/desk.h"
#include "loop/views.h"

namespace rondo::loop {
namespace {

using ledger::Fact;

Json fact_rows(const std::vector<Fact>& facts) {
  Json rows = Json::array();
  for (const Fact& fact : facts) rows.push_back(fact.to_json());
  return rows;
}

/// Reasons of the verdict that the step's own reason has not told already.
std::string verdict_text(const Json& evidence, const std::string& told) {
  const Json verdict = io::get_or<Json>(evidence, "verdict", Json::object());
  std::string text;
  for (const Json& reason : io::get_or<Json>(verdict, "reasons", Json::array())) {
    const std::string sentence = reason.get<std::string>();
    if (told.find(sentence) == std::string::npos) {
      text += " " + sentence + (sentence.ends_with('.') ? "" : ".");
    }
  }
  const double mde = io::get_or<double>(verdict, "smallest_detectable", 0);
  if (mde > 0) {
    text += fmt::format(" The smallest difference that this evidence could have shown is {:.4g}.",
                        mde);
  }
  return text;
}

std::string numbers_text(const Json& numbers) {
  std::string text;
  for (const auto& item : numbers.items()) {
    if (!item.value().is_number()) continue;
    text += fmt::format("{}{} {}", text.empty() ? " Numbers: " : ", ", item.key(),
                        item.value().is_number_integer() ? item.value().dump()
                                                         : rounded(item.value().get<double>()));
  }
  return text.empty() ? text : text + ".";
}

/// What monitoring had seen by then, which policy decided, and when it looks again.
std::string basis_text(const Json& body) {
  const Json basis = io::get_or<Json>(body, "basis", Json::object());
  const Json watch = io::get_or<Json>(basis, "watch", Json::object());
  std::string text;
  if (const auto rows = io::get_or<std::uint64_t>(watch, "judged_rows", 0); rows > 0) {
    const double unit = io::get_or<double>(watch, "unit", 1);
    const auto number = [&watch](const char* key, double times) {
      return rounded(times * io::get_or<double>(watch, key, 0));
    };
    text += fmt::format(" Watched: {} {} on {} judged {}, {} on the test rows, {} at most; "
                        "evidence that it rose {}, an alarm at {}.",
                        io::get_or<std::string>(watch, "loss", "loss"), number("mean_loss", unit),
                        grouped(rows), io::get_or<std::string>(watch, "of", "rows"),
                        number("test_risk", unit), number("risk_bound", unit),
                        number("evidence", 1), number("threshold", 1));
  }
  const Json policy = io::get_or<Json>(basis, "policy", Json::object());
  if (!policy.empty()) {
    text += fmt::format(" Policy: {}.", io::get_or<std::string>(policy, "name", ""));
  }
  const std::string next = io::get_or<std::string>(basis, "next_look", "");
  return next.empty() ? text : text + fmt::format(" It is looked at again at {}.", next);
}

/// What a search for features tried, family by family.
std::string search_text(const Json& evidence) {
  const Json search = io::get_or<Json>(evidence, "search", Json::object());
  std::string text;
  for (const Json& family : io::get_or<Json>(search, "families", Json::array())) {
    const auto tried = io::get_or<std::int64_t>(family, "tried", 0);
    text += fmt::format("{}{}: {} tried", text.empty() ? " Features that were looked for: " : "; ",
                        io::get_or<std::string>(family, "family", ""), tried);
    if (!family.contains("gain")) {
      text += ", none used";
      continue;
    }
    const auto kept = io::get_or<Json>(family, "kept", Json::array()).size();
    text += fmt::format(", {} kept, the loss falls by {:.4g} (standard error {:.4g})", kept,
                        io::get_or<double>(family, "gain", 0),
                        io::get_or<double>(family, "standard_error", 0));
  }
  return text.empty() ? text : text + ".";
}

/// `told` is the paragraph so far: what it says is not said again.
std::string ending_text(const Fact& fact, const std::string& told) {
  const Json& body = fact.body;
  const std::string result = io::get_or<std::string>(body, "result", "");
  const std::string whole = io::get_or<std::string>(body, "reason", "");
  std::string_view reason = whole;
  if (whole.starts_with(result + ": ")) reason.remove_prefix(result.size() + 2);
  const std::string step = fmt::format("Step {} ({})", fact.step,
                                       io::get_or<std::string>(body, "stage", ""));
  const bool named = told.find(step) != std::string::npos;
  std::string text = fmt::format("{} ended with \"{}\"", named ? "It" : step, result);
  if (told.find(reason) == std::string::npos) text += fmt::format(": {}", reason);
  const Json evidence = io::get_or<Json>(body, "evidence", Json::object());
  return fmt::format("{}; next: {}.{}{}", text, io::get_or<std::string>(body, "next", "rest"),
                     verdict_text(evidence, whole), search_text(evidence));
}

std::string rollout_text(const Json& body, const std::string& at) {
  const auto challenger = io::get_or<std::int64_t>(body, "challenger", 0);
  const auto who = io::get_or<std::string>(body, "who", "");
  const auto why = io::get_or<std::string>(body, "why", "");
  const std::string act = io::get_or<std::string>(body, "act", "");
  if (act == "begin") {
    if (body.contains("stands_in")) {
      return fmt::format("At {} v{} began to answer in place of v{} ({}: {}).", at, challenger,
                         io::get_or<std::int64_t>(body, "champion", 0), who, why);
    }
    const bool unseen = io::get_or<bool>(body, "unseen", false);
    return fmt::format("At {} v{} began to {} beside v{} ({}: {}).", at, challenger,
                       unseen ? "score unseen" : "answer a share",
                       io::get_or<std::int64_t>(body, "champion", 0), who, why);
  }
  if (act == "advance") {
    return fmt::format("At {} v{} got {:g} % of the requests.", at, challenger,
                       io::get_or<double>(body, "share_percent", 0));
  }
  return fmt::format("At {} the rollout of v{} ended ({}: {}).", at, challenger, who, why);
}

std::string fact_text(const Fact& fact, const std::string& told) {
  const Json& body = fact.body;
  const std::string at = to_text(fact.at);
  if (fact.kind == "step_started") {
    return fmt::format("Step {} ({}) began at {} because: {}.", fact.step,
                       io::get_or<std::string>(body, "stage", ""), at,
                       io::get_or<std::string>(body, "reason", ""));
  }
  if (fact.kind == "step_finished") return ending_text(fact, told);
  if (fact.kind == "version" && body.contains("imported")) {
    return fmt::format("At {} v{} was imported: {} trained it elsewhere.", at,
                       io::get_or<std::int64_t>(body, "version", 0),
                       io::get_or<std::string>(body, "imported", ""));
  }
  if (fact.kind == "version") {
    return fmt::format("It registered v{}, trained on {} labelled rows of d{}.",
                       io::get_or<std::int64_t>(body, "version", 0),
                       grouped(io::get_or<std::uint64_t>(body, "labelled", 0)),
                       io::get_or<std::int64_t>(body, "dataset", 0));
  }
  if (fact.kind == "deployed") {
    return fmt::format("At {} v{} took over from {} ({}: {}).", at,
                       io::get_or<std::int64_t>(body, "to", 0),
                       io::get_or<std::int64_t>(body, "from", 0) == 0
                           ? std::string("nothing")
                           : fmt::format("v{}", io::get_or<std::int64_t>(body, "from", 0)),
                       io::get_or<std::string>(body, "who", ""),
                       io::get_or<std::string>(body, "why", ""));
  }
  if (fact.kind == "rollout") return rollout_text(body, at);
  if (fact.kind == "signal") {
    return fmt::format("Signal at {}: {}.", at, io::get_or<std::string>(body, "sentence", ""));
  }
  if (fact.kind == "decision") {
    return fmt::format("Decision at {}: {}.{}{}", at, io::get_or<std::string>(body, "reason", ""),
                       numbers_text(io::get_or<Json>(body, "numbers", Json::object())),
                       basis_text(body));
  }
  return {};
}

/// Each decision of a rollout is told. A long Monitoring step holds one a day: its signals and the
/// last decision tell the story.
std::vector<Fact> telling(const std::vector<Fact>& facts) {
  std::vector<Fact> out;
  const Fact* last = nullptr;
  for (const Fact& fact : facts) {
    const bool rollout = io::get_or<std::string>(fact.body, "about", "") == "rollout";
    if (fact.kind == "decision" && !rollout) {
      last = &fact;
    } else {
      out.push_back(fact);
    }
  }
  if (last != nullptr) {
    const bool ended = !out.empty() && out.back().kind == "step_finished";
    out.insert(ended ? out.end() - 1 : out.end(), *last);
  }
  return out;
}

Json answer(const std::string& subject, const std::vector<Fact>& facts) {
  std::string paragraph;  // a line a fact
  for (const Fact& fact : telling(facts)) {
    const std::string text = fact_text(fact, paragraph);
    if (!text.empty()) paragraph += (paragraph.empty() ? "" : "\n") + text;
  }
  return {{"subject", subject}, {"paragraph", paragraph}, {"facts", fact_rows(facts)}};
}

Result<std::int64_t> number_after(const std::string& text, std::size_t from) {
  std::int64_t number = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9' || number > 1'000'000'000'000) {
      return fail(Code::kInvalidInput, fmt::format("\"{}\" is no step and no version", text),
                  "a step is written 12, a version v7");
    }
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// Whether a version came, took over or went by this.
bool speaks_of(const Fact& fact, std::int64_t version) {
  for (const char* key : {"version", "from", "to"}) {
    if (io::get_or<std::int64_t>(fact.body, key, 0) == version) return true;
  }
  return false;
}

/// The newest switch by a person, if nothing was decided after it.
Result<std::optional<Fact>> newest_switch(ledger::Store& store,
                                          const std::vector<Fact>& decisions) {
  auto switches = TRY(store.ledger->facts_of("deployed"));
  std::erase_if(switches, [](const Fact& fact) { return fact.step != 0; });
  if (switches.empty()) return std::nullopt;
  if (!decisions.empty() && decisions.back().sequence > switches.back().sequence) {
    return std::nullopt;
  }
  return switches.back();
}

/// Of a version: what its cycle measured, its deployment, and what people did.
Result<std::vector<Fact>> facts_of_version(ledger::Store& store, const Version& version) {
  std::vector<Fact> facts;
  const std::string evaluation(text_of(Stage::kEvaluation).name);
  for (const Fact& fact : TRY(store.ledger->facts_of("step_finished"))) {
    const bool of_cycle = io::get_or<std::int64_t>(fact.body, "cycle", 0) == version.cycle;
    if (of_cycle && io::get_or<std::string>(fact.body, "stage", "") == evaluation) {
      facts.push_back(fact);
    }
  }
  if (version.step != 0) {
    for (const Fact& fact : TRY(store.ledger->facts_of_step(version.step))) facts.push_back(fact);
  }
  for (const char* kind : {"version", "deployed"}) {  // by people, outside of any step
    for (const Fact& fact : TRY(store.ledger->facts_of(kind))) {
      if (fact.step == 0 && speaks_of(fact, version.version)) facts.push_back(fact);
    }
  }
  return facts;
}

struct Answer {
  std::string subject;
  std::vector<Fact> facts;
};

Result<Answer> newest(ledger::Store& store, const State& state) {
  if (state.problem_step != 0) {
    return Answer{std::to_string(state.problem_step),
                  TRY(store.ledger->facts_of_step(state.problem_step))};
  }
  auto decisions = TRY(store.ledger->facts_of("decision"));
  if (const auto by_hand = TRY(newest_switch(store, decisions))) {
    return Answer{"the newest decision", {*by_hand}};
  }
  if (!decisions.empty()) return Answer{"the newest decision", {decisions.back()}};
  if (state.steps == 0) {
    return fail(Code::kNotFound, "nothing was decided yet", "turn the loop first: `rondo run`");
  }
  return Answer{std::to_string(state.steps), TRY(store.ledger->facts_of_step(state.steps))};
}

Result<Answer> answer_to(ledger::Store& store, const std::string& subject) {
  const State state = TRY(read_state(*store.ledger));
  if (subject.empty()) return newest(store, state);
  if (subject.front() == 'v') {
    const auto found = state.versions.find(TRY(number_after(subject, 1)));
    if (found == state.versions.end()) {
      return fail(Code::kNotFound, fmt::format("there is no {}", subject),
                  "`rondo models` lists the versions");
    }
    return Answer{subject, TRY(facts_of_version(store, found->second))};
  }
  const std::int64_t step = TRY(number_after(subject, 0));
  Answer out{subject, TRY(store.ledger->facts_of_step(step))};
  if (out.facts.empty()) {
    return fail(Code::kNotFound, fmt::format("there is no step {}", step),
                fmt::format("the last one is {}; `rondo history` lists them", state.steps));
  }
  return out;
}

}  // namespace

Result<Json> why_view(ledger::Store& store, const std::string& subject, bool again) {
  const Answer found = TRY(answer_to(store, subject));
  Json out = answer(found.subject, found.facts);
  if (!again) return out;
  out["again"] = TRY(decide_again(*store.ledger, subject.empty() ? TRY(store.ledger->facts(0))
                                                                 : found.facts));
  const std::string told = out.at("paragraph").get<std::string>();
  out["paragraph"] = told + "\n" + again_text(out.at("again"));
  return out;
}

}  // namespace rondo::loop
