// The table of routes, and nothing else: what does not stand here does not exist.
#include "api/routes.h"

#include <array>

#include "api/handlers.h"

namespace rondo::api {
namespace {

constexpr Method kGet = Method::kGet;
constexpr Method kPost = Method::kPost;
constexpr Role kViewer = Role::kViewer;
constexpr Role kPredictor = Role::kPredictor;

constexpr Manners kHealth = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kInline,
                             Load::kNeverShed, Needs::kNothing};
constexpr Manners kOipHealth = {Manner::kOip, Body::kNone, Size::kSmall, Where::kInline,
                                Load::kNeverShed, Needs::kNothing};
constexpr Manners kOipGet = {Manner::kOip, Body::kNone, Size::kSmall, Where::kInline, Load::kShed,
                             Needs::kNothing};
constexpr Manners kOipView = {Manner::kOip, Body::kNone, Size::kSmall, Where::kPool, Load::kShed,
                              Needs::kNothing};
constexpr Manners kOipAsk = {Manner::kOip, Body::kJsonBare, Size::kSmall, Where::kPool, Load::kShed,
                             Needs::kNothing};
constexpr Manners kOipAct = {Manner::kOip, Body::kJsonBare, Size::kSmall, Where::kPool,
                             Load::kShed, Needs::kStore};
constexpr Manners kInfer = {Manner::kOip, Body::kTensors, Size::kLarge, Where::kBySize,
                            Load::kShed};
constexpr Manners kPredict = {Manner::kOurs, Body::kJsonBare, Size::kLarge, Where::kBySize,
                              Load::kShed};
constexpr Manners kInvoke = {Manner::kMlflow, Body::kTable, Size::kLarge, Where::kBySize,
                             Load::kShed};
constexpr Manners kV1Predict = {Manner::kOip, Body::kJsonForm, Size::kLarge, Where::kBySize,
                                Load::kShed};
constexpr Manners kV1Explain = {Manner::kOip, Body::kJsonForm, Size::kLarge, Where::kPool,
                                Load::kShed};
constexpr Manners kFeedback = {Manner::kOurs, Body::kRows, Size::kLarge, Where::kPool,
                               Load::kNeverShed, Needs::kStore};
constexpr Manners kPush = {Manner::kOurs, Body::kRows, Size::kLarge, Where::kPool,
                           Load::kNeverShed, Needs::kStore};
constexpr Manners kPage = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kPool, Load::kShed,
                           Needs::kNothing};
constexpr Manners kFile = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kInline, Load::kShed,
                           Needs::kNothing, Whose::kAnybody};
constexpr Manners kWho = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kInline, Load::kShed,
                          Needs::kModel, Whose::kAnybody};
constexpr Manners kSignIn = {Manner::kOurs, Body::kJson, Size::kSmall, Where::kInline, Load::kShed,
                             Needs::kModel, Whose::kAnybody};
constexpr Manners kEvents = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kInline, Load::kShed,
                             Needs::kStore};
constexpr Manners kView = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kPool, Load::kShed,
                           Needs::kStore};
constexpr Manners kNumbers = {Manner::kOurs, Body::kNone, Size::kSmall, Where::kPool,
                              Load::kNeverShed, Needs::kNothing};
constexpr Manners kAct = {Manner::kOurs, Body::kJson, Size::kSmall, Where::kPool, Load::kShed,
                          Needs::kStore};

constexpr auto kRoutes = std::to_array<Route>({
    {kPost, "/v2/models/{model}/infer", kPredictor, kInfer, post_infer,
     {"InferRequest", "InferReply"}, "predict"},
    {kPost, "/v2/models/{model}/versions/{version}/infer", kPredictor, kInfer, post_infer,
     {"InferRequest", "InferReply"}, "predict with a version"},
    {kPost, "/api/v1/predict", kPredictor, kPredict, post_predict,
     {"PredictRequest", "PredictReply"},
     "predict rows; ?explain=true tells why, ?interval=true how sure"},
    {kPost, "/invocations", kPredictor, kInvoke, post_invocations,
     {"Invocation", "Predictions"}, "predict, as MLflow does"},
    {kPost, "/v1/models/{model}:predict", kPredictor, kV1Predict, post_v1_predict,
     {"ServingRequest", "ServingReply"}, "predict, as TensorFlow Serving and KServe V1 do"},
    {kPost, "/v1/models/{model}/versions/{version}:predict", kPredictor, kV1Predict,
     post_v1_predict, {"ServingRequest", "ServingReply"},
     "the same with a version"},
    {kPost, "/v1/models/{model}/labels/{label}:predict", kPredictor, kV1Predict,
     post_v1_predict, {"ServingRequest", "ServingReply"},
     "the same with the version that has a label: champion, former"},
    {kPost, "/v1/models/{model}:explain", kPredictor, kV1Explain, post_v1_explain,
     {"ServingRequest", "ExplainReply"}, "why rows get their scores, as KServe V1 asks"},
    {kPost, "/v1/models/{model}/versions/{version}:explain", kPredictor, kV1Explain,
     post_v1_explain, {"ServingRequest", "ExplainReply"},
     "the same by a version"},
    {kPost, "/v1/models/{model}/labels/{label}:explain", kPredictor, kV1Explain,
     post_v1_explain, {"ServingRequest", "ExplainReply"},
     "the same by the version that has a label"},
    {kPost, "/api/v1/feedback", Role::kLabeler, kFeedback, post_feedback,
     {"FeedbackRequest", "FeedbackReply"}, "labels for prediction ids; durable when answered"},
    {kPost, "/api/v1/rows", Role::kLabeler, kPush, post_rows,
     {"PushRequest", "PushReply"}, "rows for the source \"push\"; durable when answered"},
    {kGet, "/v2", kViewer, kOipGet, get_server,
     {"", "ServerMetadata"}, "name, version, extensions"},
    {kGet, "/v2/", kViewer, kOipGet, get_server, {"", "ServerMetadata"}, "the same"},
    {kGet, "/v2/health/live", kViewer, kOipHealth, get_oip_live, {"", "Live"}, "the program runs"},
    {kGet, "/v2/health/ready", kViewer, kOipHealth, get_oip_ready,
     {"", "Live"}, "a model answers, or 503"},
    {kGet, "/v2/models/stats", kViewer, kOipView, get_model_stats,
     {"", "ModelStats"}, "counts and times by version"},
    {kGet, "/v2/models/{model}", kViewer, kOipGet, get_model,
     {"", "ModelMetadata"}, "inputs, outputs, versions"},
    {kGet, "/v2/models/{model}/ready", kViewer, kOipGet, get_model_ready,
     {"", "ModelReady"}, "it answers, or 503"},
    {kGet, "/v2/models/{model}/versions/{version}", kViewer, kOipGet, get_model,
     {"", "ModelMetadata"}, "inputs and outputs of a version"},
    {kGet, "/v2/models/{model}/versions/{version}/ready", kViewer, kOipGet, get_model_ready,
     {"", "ModelReady"}, "the version can answer, or 404"},
    {kGet, "/v2/models/{model}/config", kViewer, kOipGet, get_model_config,
     {"", "ModelConfig"}, "inputs and outputs as a configuration"},
    {kGet, "/v2/models/{model}/versions/{version}/config", kViewer, kOipGet, get_model_config,
     {"", "ModelConfig"}, "the same of a version"},
    {kGet, "/v2/models/{model}/stats", kViewer, kOipView, get_model_stats,
     {"", "ModelStats"}, "the same of a model"},
    {kGet, "/v2/models/{model}/versions/{version}/stats", kViewer, kOipView, get_model_stats,
     {"", "ModelStats"}, "the same of a version"},
    {kPost, "/v2/repository/index", kViewer, kOipAsk, post_repository_index,
     {"IndexRequest", "Index"}, "every version and whether it is loaded"},
    {kPost, "/v2/repository/models/{model}/load", Role::kDeployer, kOipAct, post_load,
     {"LoadRequest", "Nothing"}, "load a version into memory; it gets no traffic"},
    {kPost, "/v2/repository/models/{model}/unload", Role::kDeployer, kOipAct, post_unload,
     {"LoadRequest", "Nothing"}, "forget a loaded version; never one that answers"},
    {kGet, "/v1/models", kViewer, kOipGet, get_v1_models,
     {"", "ServingModels"}, "the model's name"},
    {kGet, "/v1/models/{model}", kViewer, kOipGet, get_v1_model,
     {"", "ServingStatus"}, "loaded versions; 503 while none answers"},
    {kGet, "/v1/models/{model}/versions/{version}", kViewer, kOipGet, get_v1_model,
     {"", "ServingStatus"}, "of a version"},
    {kGet, "/v1/models/{model}/labels/{label}", kViewer, kOipGet, get_v1_model,
     {"", "ServingStatus"}, "of a label"},
    {kGet, "/api/v1/projects", kViewer, kPage, get_projects,
     {"", "Projects"}, "what is served here, one project or several"},
    {kGet, "/api/v1/status", kViewer, kView, get_status,
     {"", "Status"}, "where the lifecycle stands"},
    {kGet, "/api/v1/plan", kViewer, kView, get_plan,
     {"", "Plan"}, "what the next turn would do, reuse and cost"},
    {kGet, "/api/v1/history", kViewer, kView, get_history,
     {"", "Steps"}, "the process table; ?last=N"},
    {kGet, "/api/v1/models", kViewer, kView, get_models, {"", "Models"}, "the registry"},
    {kGet, "/api/v1/models/{version}", kViewer, kView, get_card,
     {"", "Card"}, "the card of a version: all that its cycle found out"},
    {kGet, "/api/v1/models/{version}/reasons", kViewer, kView, get_reasons,
     {"", "Card"}, "what its features add to its scores"},
    {kGet, "/api/v1/models/{version}/against/{other}", kViewer, kView, get_card_diff,
     {"", "Card"}, "two versions side by side"},
    {kGet, "/api/v1/lineage/{subject}", kViewer, kView, get_lineage,
     {"", "Card"}, "from a version (v3), dataset (d3) or prediction to its files"},
    {kGet, "/api/v1/facts", kViewer, kView, get_facts,
     {"", "List"}, "the ledger, 10,000 facts at most, also of one kind; ?after=N"},
    {kGet, "/api/v1/data/{version}/rejects", kViewer, kView, get_rejects,
     {"", "List"}, "its rows that were refused, each with the reason"},
    {kGet, "/api/v1/data/{version}/contract", kViewer, kView, get_contract,
     {"", "Card"}, "what its columns are and may hold, and what was seen"},
    {kGet, "/api/v1/data/{version}/profile", kViewer, kView, get_profile,
     {"", "Card"}, "its columns: histograms, missing values, correlations, drift"},
    {kGet, "/api/v1/data/{version}/against/{other}", kViewer, kView, get_data_diff,
     {"", "Card"}, "rows, columns and cells that differ between two"},
    {kGet, "/api/v1/data", kViewer, kView, get_data, {"", "Datasets"}, "dataset versions"},
    {kGet, "/api/v1/signals", kViewer, kView, get_signals,
     {"", "List"}, "what monitoring said, newest first"},
    {kGet, "/api/v1/shifts", kViewer, kView, get_shifts,
     {"", "Card"}, "how far each column was from its training by window; ?clock=1h&from=&until="},
    {kGet, "/api/v1/shifts/{column}", kViewer, kView, get_shift_column,
     {"", "Card"}, "a column's bins in a stretch beside its reference; ?from=&until="},
    {kGet, "/api/v1/decisions", kViewer, kView, get_decisions,
     {"", "List"}, "what the policy chose and why; ?limit=N"},
    {kGet, "/api/v1/deployments", kViewer, kView, get_deployments,
     {"", "Deployments"}, "champion, former, the chain"},
    {kGet, "/api/v1/why", kViewer, kView, get_why,
     {"", "Why"}, "the evidence behind the newest decision; ?again=true makes it anew"},
    {kGet, "/api/v1/why/{subject}", kViewer, kView, get_why,
     {"", "Why"}, "the evidence behind a step (12) or a version (v7); ?again=true"},
    {kGet, "/api/v1/predictions/{id}", kViewer, kView, get_prediction,
     {"", "Logged"}, "what was answered under an id, and its label"},
    {kGet, "/api/v1/backtest", kViewer, kView, get_backtest,
     {"", "Card"}, "the backtest that runs, or the last one with what came of it"},
    {kPost, "/api/v1/backtest/start", Role::kTrainer, kAct, post_backtest,
     {"BacktestRequest", "Card"}, "measure policies on the recorded history"},
    {kPost, "/api/v1/backtest/stop", Role::kTrainer, kAct, post_backtest_stop,
     {"StopRequest", "Card"}, "end it"},
    {kPost, "/api/v1/backtest/adopt", Role::kDeployer, kAct, post_backtest_adopt,
     {"AdoptRequest", "ActReply"}, "write a policy into rondo.toml, recorded with the reason"},
    {kPost, "/api/v1/trigger", Role::kTrainer, kAct, post_act,
     {"ActRequest", "ActReply"}, "start a cycle"},
    {kPost, "/api/v1/pause", Role::kTrainer, kAct, post_act,
     {"ActRequest", "ActReply"}, "stop the loop from starting cycles"},
    {kPost, "/api/v1/resume", Role::kTrainer, kAct, post_act,
     {"ActRequest", "ActReply"}, "let it go on"},
    {kPost, "/api/v1/promote", Role::kDeployer, kAct, post_act,
     {"ActRequest", "ActReply"}, "deploy a version, or say yes to what waits"},
    {kPost, "/api/v1/reject", Role::kDeployer, kAct, post_act,
     {"ActRequest", "ActReply"}, "say no to what waits"},
    {kPost, "/api/v1/rollback", Role::kDeployer, kAct, post_act,
     {"ActRequest", "ActReply"}, "back to the former champion"},
    {kGet, "/api/v1/alerts", kViewer, kView, get_alerts,
     {"", "Alerts"}, "what monitoring still sees, by cause, beside the budget; ?all=true"},
    {kGet, "/api/v1/audits", kViewer, kView, get_audits,
     {"", "Audits"}, "whose labels monitoring asks for, and what came of them"},
    {kPost, "/api/v1/alerts/{alert}/ack", Role::kTrainer, kAct, post_act,
     {"ActRequest", "ActReply"}, "reminders of an alert stop until it gets graver"},
    {kPost, "/api/v1/alerts/{alert}/snooze", Role::kTrainer, kAct, post_act,
     {"SnoozeRequest", "ActReply"}, "the same until a time: \"for\": \"7d\""},
    {kGet, "/metrics", kViewer, kNumbers, get_metrics, {"", "Text"}, "numbers for Prometheus"},
    {kGet, "/health/live", kViewer, kHealth, get_live, {"", "Health"}, "the program runs"},
    {kGet, "/health/ready", kViewer, kHealth, get_ready, {"", "Health"}, "a model answers, or 503"},
    {kGet, "/ping", kViewer, kHealth, get_ping,
     {"", "Text"}, "a model answers, or 503; an empty line"},
    {kGet, "/health", kViewer, kHealth, get_ping, {"", "Text"}, "the same"},
    {kGet, "/version", kViewer, kHealth, get_version, {"", "ProgramVersion"}, "of the program"},
    {kGet, "/", kViewer, kFile, get_root,
     {"", "Health"}, "the console for people, {\"status\":\"alive\"} for others"},
    {kGet, "/console/{file}", kViewer, kFile, get_console,
     {"", "Text"}, "a file of the console"},
    {kGet, "/api/v1/session", kViewer, kWho, get_session,
     {"", "Session"}, "who asks, with which roles"},
    {kPost, "/api/v1/login", kViewer, kSignIn, post_login,
     {"LoginRequest", "Session"}, "a token, or the code of a link, for a cookie"},
    {kPost, "/api/v1/logout", kViewer, kSignIn, post_logout,
     {"Nothing", "Nothing"}, "the end of the cookie's session"},
    {kGet, "/api/v1/events", kViewer, kEvents, get_events,
     {"", "Text"}, "server-sent events: something changed"},
    {kGet, "/openapi.json", kViewer, kPage, get_openapi, {"", "OpenApi"},
     "this table in the words of OpenAPI 3.1"},
});

constexpr auto kNames = [] {
  std::array<std::string_view, kRoutes.size() + 1> names{};
  for (std::size_t i = 0; i < kRoutes.size(); ++i) names[i] = kRoutes[i].path;
  names.back() = "other";
  return names;
}();

}  // namespace

std::span<const Route> routes() noexcept { return kRoutes; }
std::span<const std::string_view> route_names() noexcept { return kNames; }

std::string_view name_of(Method method) noexcept {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kOther: break;
  }
  return "another method";
}

}  // namespace rondo::api
