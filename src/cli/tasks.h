// The functions behind the rows of the command table, by file.
#pragma once

#include "cli/command.h"
#include "io/sandbox.h"

namespace rondo::cli {

// cmd_start.cc
Result<int> run_init(const Args& args);
Result<int> run_check(const Args& args);
Result<int> run_run(const Args& args);
Result<int> run_worker(const Args& args);
// cmd_import.cc
Result<int> run_import(const Args& args);
// cmd_look.cc
Result<int> run_status(const Args& args);
Result<int> run_history(const Args& args);
Result<int> run_models(const Args& args);
Result<int> run_why(const Args& args);
Result<int> run_config(const Args& args);
Result<int> run_version(const Args& args);
// cmd_plan.cc
Result<int> run_plan(const Args& args);
// cmd_data.cc
Result<int> run_data(const Args& args);
// cmd_contract.cc
Result<int> show_contract(const Args& args, std::int64_t version);  // data contract
// cmd_lineage.cc
Result<int> show_lineage(const Args& args, const std::string& subject);  // data lineage
// cmd_rejects.cc
// data rejects -o
Result<int> write_rejects(const Json& rejects, char delimiter, const Args& args);
// cmd_completion.cc
Result<int> run_completion(const Args& args);
// cmd_drift.cc
Result<int> run_drift(const Args& args);
// cmd_reproduce.cc
Result<int> run_reproduce(const Args& args);
// cmd_export.cc
Result<int> run_export(const Args& args);
// cmd_serve.cc
Result<int> run_up(const Args& args);
Result<int> run_serve(const Args& args);
Result<int> run_feedback(const Args& args);
// cmd_bench.cc
Result<int> run_bench(const Args& args);
// cmd_predict.cc
Result<int> run_predict(const Args& args);
Result<io::Reach> predict_reach(const Args& args);  // of the process that reads its files
Result<void> predict_quietly(const Args& args);     // in that process: to the file -o
// cmd_explain.cc
Result<int> run_explain(const Args& args);          // models explain
// cmd_decide.cc
std::string who();  // the name of the user, for the record
/// What the loop said to an act; none: nothing had to be done for it, which is printed.
Result<std::optional<Json>> asked(const Args& args, const std::string& act, const Json& arguments);
int refuse_version(const Args& args, const std::string& word);  // kUsage: the word is none
Result<int> accept_rows(const Args& args);  // data rejects --retry
Result<int> run_trigger(const Args& args);
Result<int> run_pause(const Args& args);
Result<int> run_resume(const Args& args);
Result<int> run_promote(const Args& args);
Result<int> run_reject(const Args& args);
Result<int> run_rollback(const Args& args);
// cmd_alerts.cc
Result<int> run_alerts(const Args& args);
// cmd_audit.cc
Result<int> run_audit(const Args& args);
// cmd_replay.cc
Result<int> run_replay(const Args& args);
Result<int> run_backtest(const Args& args);
// cmd_report.cc
Result<int> run_report(const Args& args);
// cmd_requests.cc
Result<int> run_replay_requests(const Args& args);
Result<int> run_answers(const Args& args);
// cmd_token.cc
Result<int> run_token(const Args& args);
// cmd_care.cc
Result<int> run_fsck(const Args& args);
Result<int> run_gc(const Args& args);
Result<int> run_backup(const Args& args);
Result<int> run_restore(const Args& args);
Result<int> run_doctor(const Args& args);

}  // namespace rondo::cli
