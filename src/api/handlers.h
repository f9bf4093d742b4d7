// The handlers that the table of routes names. Each takes a Call whose path, role, type and size
// were checked already, and answers or refuses.
#pragma once

#include "api/app.h"

namespace rondo::api {

// health.cc
Reply get_root(Call& call);
Reply get_console(Call& call);
Reply get_ping(Call& call);
Reply get_live(Call& call);
Reply get_ready(Call& call);
Reply get_version(Call& call);
Reply get_metrics(Call& call);
Reply get_projects(Call& call);

// openapi.cc
Reply get_openapi(Call& call);

// oip.cc
Reply get_server(Call& call);
Reply get_oip_live(Call& call);
Reply get_oip_ready(Call& call);
Reply get_model(Call& call);
Reply get_model_ready(Call& call);

// repository.cc
Reply get_model_config(Call& call);
Reply get_model_stats(Call& call);
Reply post_repository_index(Call& call);
Reply post_load(Call& call);
Reply post_unload(Call& call);

// infer.cc, predict.cc, feedback.cc, push.cc
Reply post_infer(Call& call);
Reply post_predict(Call& call);
Reply post_feedback(Call& call);
Reply post_rows(Call& call);

// mlflow.cc, serving_v1.cc
Reply post_invocations(Call& call);
Reply post_v1_predict(Call& call);
Reply post_v1_explain(Call& call);
Reply get_v1_models(Call& call);
Reply get_v1_model(Call& call);

// views.cc
Reply get_status(Call& call);
Reply get_plan(Call& call);
Reply get_history(Call& call);
Reply get_models(Call& call);
Reply get_data(Call& call);
Reply get_signals(Call& call);
Reply get_alerts(Call& call);
Reply get_audits(Call& call);
Reply get_decisions(Call& call);
Reply get_shifts(Call& call);
Reply get_shift_column(Call& call);
Reply get_deployments(Call& call);
Reply get_why(Call& call);
Reply get_prediction(Call& call);

// details.cc
Reply get_card(Call& call);
Reply get_card_diff(Call& call);
Reply get_reasons(Call& call);
Reply get_lineage(Call& call);
Reply get_rejects(Call& call);
Reply get_contract(Call& call);
Reply get_profile(Call& call);
Reply get_data_diff(Call& call);
Reply get_facts(Call& call);

// login.cc
Reply get_session(Call& call);
Reply post_login(Call& call);
Reply post_logout(Call& call);

// events.cc
Reply get_events(Call& call);

// acts.cc
Reply post_act(Call& call);
/// Has the loop record it, and what it said. Errors: the loop's refusal; 503 when many wait for it.
std::expected<Json, Refusal> ask_loop(Call& call, const std::string& act, const Json& arguments,
                                      const std::string& why, const std::string& key);

// backtest.cc
Reply get_backtest(Call& call);
Reply post_backtest(Call& call);
Reply post_backtest_stop(Call& call);
Reply post_backtest_adopt(Call& call);

}  // namespace rondo::api
