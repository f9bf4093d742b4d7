// Folding, appending, and keeping the copy of the state beside the facts.
#include "loop/desk.h"

#include "base/failpoint.h"

namespace rondo::loop {
namespace {

constexpr char kStateName[] = "state";
constexpr std::size_t kPart = 2000;  // facts in memory at once

Result<void> fold_after(ledger::Ledger& ledger, State& state, Progress* progress = nullptr) {
  if (progress) progress->begin("facts", static_cast<std::uint64_t>(TRY(ledger.head()).first));
  for (bool more = true; more;) {
    const auto part = TRY(ledger.facts(state.sequence, kPart));
    for (const ledger::Fact& fact : part) TRY(fold(state, fact));
    if (progress) progress->reach(static_cast<std::uint64_t>(state.sequence));
    more = part.size() == kPart;
  }
  return {};
}

}  // namespace

Result<void> fold_new(State& state, std::span<const ledger::NewFact> facts) {
  for (const ledger::NewFact& fact : facts) {
    ledger::Fact numbered;
    numbered.sequence = state.sequence + 1;
    numbered.at = fact.at;
    numbered.kind = fact.kind;
    numbered.step = fact.step;
    numbered.body = fact.body;
    TRY(fold(state, numbered));
  }
  return {};
}

Result<State> fold_all(ledger::Ledger& ledger) {
  State state;
  TRY(fold_after(ledger, state));
  return state;
}

Result<State> read_state(ledger::Ledger& ledger, Progress* progress) {
  State state;
  if (const auto kept = TRY(ledger.projection(kStateName))) {
    auto read = State::from_json(*kept);
    if (read) state = *std::move(read);
  }
  TRY(fold_after(ledger, state, progress));
  return state;
}

Desk::Desk(ledger::Ledger& ledger, ledger::Lease lease, State state)
    : ledger_(ledger), lease_(std::move(lease)), state_(std::move(state)) {}

Result<std::unique_ptr<Desk>> Desk::open(ledger::Ledger& ledger, ledger::Lease lease,
                                         Progress* progress) {
  State state = TRY(read_state(ledger, progress));
  return std::unique_ptr<Desk>(new Desk(ledger, std::move(lease), std::move(state)));
}

State Desk::look() const {
  return state_.with([](const State& state) { return state; });
}

Result<State> Desk::append(const std::function<Result<Entry>(const State&)>& decide) {
  return state_.with([&](State& state) -> Result<State> {
    Entry entry = TRY(decide(state));
    State after = state;
    TRY(fold_new(after, entry.facts));
    if (!entry.facts.empty()) entry.projections.push_back({kStateName, after.to_json()});
    RONDO_FAILPOINT(kDecisionAppend);
    TRY(ledger_.append(lease_, entry.facts, entry.journal, entry.projections));
    state = std::move(after);
    return state;
  });
}

Result<State> Desk::answer(std::int64_t request, const Json& result,
                           const std::function<Result<Entry>(const State&)>& decide) {
  return state_.with([&](State& state) -> Result<State> {
    Entry entry = TRY(decide(state));
    State after = state;
    TRY(fold_new(after, entry.facts));
    if (!entry.facts.empty()) entry.projections.push_back({kStateName, after.to_json()});
    TRY(ledger_.answer(lease_, request, result, entry.facts, entry.projections));
    state = std::move(after);
    return state;
  });
}

Result<void> Desk::note(const std::vector<ledger::JournalEntry>& journal,
                        const std::vector<ledger::Projection>& projections) {
  return ledger_.note(lease_, journal, projections);
}

}  // namespace rondo::loop
