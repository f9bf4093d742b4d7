// What decisions rested on, written down and asked again. Nothing but the basis and the facts
// before a decision goes into its answer.
#include "loop/basis.h"

#include <fmt/format.h>

#include "base/words.h"

namespace rondo::loop {
namespace {

using ledger::Fact;
constexpr std::size_t kPart = 2000;  // facts in memory at once

/// Of the state and what else the answer follows from. A state that another program folds otherwise
/// has another digest, and may have the same answer.
std::string digest_of(const State& state, const Json& basis) {
  return io::sha256(io::canonical(state.to_json()) + "\n" + io::canonical(basis)).hex();
}

Json with_digest(Json basis, const State& state, std::optional<Time> next_look) {
  basis["snapshot"] = digest_of(state, basis);
  basis["next_look"] = next_look ? Json(to_text(*next_look)) : Json(nullptr);
  return basis;
}

std::string digest_again(const State& state, Json basis) {
  basis.erase("snapshot");
  basis.erase("next_look");
  return digest_of(state, basis);
}

/// A number of the facts; their text has null where it was infinite.
double evidence_at(const Json& numbers, const std::string& key) {
  const auto found = numbers.find(key);
  if (found != numbers.end() && found->is_null()) return std::numeric_limits<double>::infinity();
  return io::get_or<double>(numbers, key, 0);
}

RolloutEvidence evidence_from(const Json& numbers, const Json& basis) {
  RolloutEvidence out;
  out.rows = io::get_or<std::uint64_t>(numbers, "rows", 0);
  out.unseen = io::get_or<std::uint64_t>(numbers, "unseen_rows", 0);
  out.labels = out.proof.count = io::get_or<std::uint64_t>(numbers, "labels", 0);
  out.proof.better = evidence_at(numbers, "better_evidence");
  out.proof.no_gain = evidence_at(numbers, "no_gain_evidence");
  out.proof.gain = evidence_at(numbers, "gain");
  out.proved_at = io::get_or<double>(numbers, "proved_at", out.proved_at);
  out.broken = io::get_or<std::string>(basis, "broken", "");
  for (std::size_t i = 0; i < out.guards.size(); ++i) {
    monitor::Guarding& guard = out.guards[i];
    guard.name = monitor::RolloutGuards::kNames[i];
    const std::string name(guard.name);
    guard.harm = evidence_at(numbers, name + "_evidence");
    guard.safe = evidence_at(numbers, name + "_bounded");
    guard.mean = evidence_at(numbers, name + "_difference");
    guard.tolerance = evidence_at(numbers, name + "_tolerated");
    guard.count = io::get_or<std::uint64_t>(numbers, name + "_compared", 0);
  }
  return out;
}

/// What a fact decided, as it stands in it: null if it decided nothing, or keeps no basis.
struct Decided {
  Json basis, numbers;
  std::string about, answer, reason;
};
std::optional<Decided> decided_in(const Fact& fact) {
  const bool ended = fact.kind == "step_finished";
  if (!ended && fact.kind != "decision") return std::nullopt;
  const char* key = ended ? "evidence" : "numbers";
  Decided out;
  out.numbers = io::get_or<Json>(fact.body, key, Json::object());
  out.reason = io::get_or<std::string>(fact.body, "reason", "");
  out.basis = io::get_or<Json>(ended ? out.numbers : fact.body, "basis", nullptr);
  if (!out.basis.is_object()) return std::nullopt;
  if (ended) {
    out.numbers.erase("basis");
    out.about = "cycle";
    out.answer = io::get_or<std::string>(fact.body, "result", "") == "needed" ? "yes" : "no";
    if (out.answer == "no") out.reason.insert(0, "no: ");
  } else {
    out.about = io::get_or<std::string>(fact.body, "about", "");
    out.answer = io::get_or<std::string>(fact.body, "answer", "");
  }
  return out;
}

/// From the basis and the state as it was.
Result<Decided> made_again(const Decided& old, const State& state) {
  const Time at{TRY(io::get<std::int64_t>(old.basis, "at_us"))};
  Decided out;
  if (old.about == "rollout") {
    if (!state.rollout) return fail(Code::kCorrupt, "a decision about a rollout that was none");
    const auto options = TRY(io::read_options<DeployOptions>(
        io::get_or<Json>(old.basis, "options", Json::object()), "deploy"));
    const Move move = Policy::roll_out(*state.rollout, evidence_from(old.numbers, old.basis),
                                       options, at, state.paused);
    out.answer = kMoves[static_cast<std::size_t>(move.what)];
    out.reason = move.reason;
    out.numbers = move.numbers;
    return out;
  }
  const Policy policy =
      TRY(Policy::from_settings(io::get_or<Json>(old.basis, "policy", Json::object())));
  const Json news = io::get_or<Json>(old.basis, "news", Json::object());
  Snapshot now;
  now.state = state;
  now.now = at;
  now.watch = io::get_or<Json>(old.basis, "watch", Json::object());
  now.source_changed = io::get_or<bool>(news, "changed", false);
  now.source_news = io::get_or<std::string>(news, "text", "");
  now.served_labelled = io::get_or<std::int64_t>(news, "served_labelled", 0);
  if (news.contains("labelled")) now.new_labelled = io::get_or<std::int64_t>(news, "labelled", 0);
  const Due due = policy.due(now);
  out.answer = due.yes ? "yes" : "no";
  out.reason = due.reason;
  out.numbers = due.numbers;
  return out;
}

std::string text_of_answer(const Decided& one) {
  return io::canonical({{"answer", one.answer}, {"reason", one.reason}, {"numbers", one.numbers}});
}

}  // namespace

Json basis_of(const Snapshot& now, const Policy& policy, std::optional<Time> turn) {
  Json news = {{"changed", now.source_changed},
               {"text", now.source_news},
               {"served_labelled", now.served_labelled}};
  if (now.new_labelled) news["labelled"] = *now.new_labelled;
  std::optional<Time> next = policy.changes_at(now);
  if (turn && (!next || *turn < *next)) next = turn;
  return with_digest({{"at_us", now.now.us},
                      {"news", std::move(news)},
                      {"watch", now.watch},
                      {"policy", policy.settings()}},
                     now.state, next);
}

Json rollout_basis(const State& state, const RolloutEvidence& evidence,
                   const DeployOptions& options, Time at) {
  return with_digest({{"at_us", at.us},
                      {"options", io::write_options(options)},
                      {"broken", evidence.broken}},
                     state, std::nullopt);
}

Result<Json> decide_again(ledger::Ledger& ledger, const std::vector<Fact>& facts) {
  Json rows = Json::array();
  State state;
  std::vector<Fact> part;
  std::size_t at = 0;
  for (const Fact& fact : facts) {
    const auto old = decided_in(fact);
    if (!old || fact.sequence <= state.sequence) continue;
    while (state.sequence + 1 < fact.sequence) {
      if (at == part.size()) {
        part = TRY(ledger.facts(state.sequence, kPart));
        at = 0;
        if (part.empty()) return fail(Code::kCorrupt, "the ledger ends before its last fact");
      }
      TRY(fold(state, part[at++]));
    }
    const Decided again = TRY(made_again(*old, state));
    const bool same = text_of_answer(again) == text_of_answer(*old);
    const std::string was = io::get_or<std::string>(old->basis, "snapshot", "");
    Json row = {{"sequence", fact.sequence}, {"step", fact.step},     {"at", to_text(fact.at)},
                {"about", old->about},       {"answer", again.answer}, {"reason", again.reason},
                {"same", same}, {"snapshot", digest_again(state, old->basis) == was}};
    if (!same) row["was"] = old->reason;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string again_text(const Json& again) {
  if (again.empty()) return "Nothing to make again: these facts keep no decision's basis.";
  std::string text;
  for (const Json& row : again) {
    if (row.at("same").get<bool>()) continue;
    text += fmt::format("Made again, the decision of {} comes out otherwise: {}; it was: {}.\n",
                        row.at("at").get<std::string>(), row.at("reason").get<std::string>(),
                        row.at("was").get<std::string>());
  }
  if (!text.empty()) return text + "Another version of rondo decided then, or facts are damaged "
                                   "(`rondo fsck`).";
  if (again.size() == 1) {
    return "Made again from the facts before it: the decision comes out as it was, byte for byte.";
  }
  return fmt::format("Made again from the facts before them: {} decisions come out as they were, "
                     "byte for byte.", grouped(again.size()));
}

}  // namespace rondo::loop
