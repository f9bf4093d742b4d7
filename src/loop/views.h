// What people and programs read: status, history, models, data, decisions, why. Each is a Json
// value made from the ledger, the same for the command line and the API. Reading needs no lease.
// Threads: any. Errors: kIo and kCorrupt of the store. Cost: one projection; history, models, data,
// signals and decisions also read the facts of their kind.
#pragma once

#include "ledger/store.h"
#include "loop/alerts.h"
#include "loop/config.h"
#include "loop/state.h"

namespace rondo::loop {

/// {"project","stage","tracker","champion","resting","waiting_for", "performs", "paused",
/// "approval", "alerts"}; the first six as the contract for scripts says.
Result<Json> status_view(ledger::Store& store, const Config& config);
/// Why the champion's file cannot be loaded, as a sentence; empty: it can, or nothing serves. Cost:
/// reads it whole.
Result<std::string> champion_damage(ledger::Store& store);
/// Puts such a sentence into a status: it performs no other way.
void add_damage(Json& status, const std::string& sentence);
/// Array, oldest first: {"step","cycle","stage","action","result","next","reason","started",
/// "duration_ms"}. `last` 0: all.
Result<Json> history_view(ledger::Store& store, std::int64_t last = 0);
/// Array: {"name","version","stage_of_life","metrics","dataset","created","step","pipeline"}.
Result<Json> models_view(ledger::Store& store, const Config& config);
/// Array: {"version":"d5","rows","labelled","added","rejected","duplicate","from","until",
/// "changed" (in words),"committed","digest","step"}.
Result<Json> data_view(ledger::Store& store, const std::string& table = {});
/// The rejected rows of a dataset version (0: all), as stored, each with "dataset" and "resolved":
/// the version that took it after all, or null.
Result<Json> rejects_view(ledger::Store& store, std::int64_t version,
                          const std::string& table = {});
/// Why a step ("12"), a version ("v7") or, empty, the newest decision came out as it did:
/// {"subject","paragraph","facts":[...]}; the paragraph is for people. With `again` also "again":
/// its decisions (empty: all there are) made again, as decide_again() has them. Errors: kNotFound
/// for a step or version that never was.
Result<Json> why_view(ledger::Store& store, const std::string& subject, bool again = false);
/// {"alerts": [as alert_json() has them], "budget": {"since","years","false_alarms_per_year",
/// "expected","opened"}}: open ones in the order of opening, with `all` those that closed before
/// them. `opened` are signals by severity that are under the budget. Cost: with `all` it reads the
/// facts of six kinds.
Result<Json> alerts_view(ledger::Store& store, const Config& config, bool all);
/// {"per_day","version","asked":[{"id","time","probability","due","labelled"}],"judged"}: whose
/// labels are asked for ([monitor] audit_per_day) in windows that are not judged yet, and what came
/// of those that are: monitor::Audits::summary(), or null. Cost: a look-up a row.
Result<Json> audits_view(ledger::Store& store, const Config& config);
/// What the loop does next about an alert that is open, as a clause without values of rows. `watch`
/// is the projection of that name. Cost: none.
std::string next_of(const Alert& alert, const State& state, const Config& config,
                    const Json& watch);
/// "RISK model, since T: ... (A57, acknowledged)".
std::string alert_line(const Alert& alert, Time now);
/// Open and closed signals, newest first.
Result<Json> signals_view(ledger::Store& store);
/// Decisions, each "no" too, newest first, at most `limit`.
Result<Json> decisions_view(ledger::Store& store, std::size_t limit);
/// Champion, former champion, and the chain of deployments.
Result<Json> deployments_view(ledger::Store& store, const Config& config);

}  // namespace rondo::loop
