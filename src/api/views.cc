// GET /api/v1/...: what the ledger knows, as the same Json values that the commands print.
#include "loop/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/handlers.h"
#include "api/shown.h"
#include "loop/plan.h"

namespace rondo::api {
namespace {

Json prediction_json(const ledger::Prediction& row, const deploy::Deployed* by) {
  Json out = {{"id", row.id},
              {"time", to_text(row.time)},
              {"answered", to_text(row.answered)},
              {"model_version", row.version},
              {"value", row.answer.empty() ? Json(row.value) : Json(row.answer)}};
  out["arm"] = ledger::kArmNames[static_cast<std::size_t>(row.arm)];
  out["share_percent"] = row.share / 100.0;
  if (row.shadow) {
    out["shadow"] = {{"model_version", row.shadow->version},
                     {"value", row.shadow->answer.empty() ? Json(row.shadow->value)
                                                          : Json(row.shadow->answer)}};
  }
  if (by == nullptr) return out;
  const auto& names = by->pipeline->answer_names();
  const char* const several = by->pipeline->parts().levels.empty() ? "probabilities" : "quantiles";
  for (std::size_t i = 0; i < row.probabilities.size() && i < names.size(); ++i) {
    out[several][names[i]] = row.probabilities[i];
  }
  const auto cells = model::decode_cells(row.cells);
  const auto& fields = by->pipeline->transform().inputs().fields;
  for (std::size_t i = 0; cells && i < cells->size() && i < fields.size(); ++i) {
    const model::Cell& cell = (*cells)[i];
    Json& value = out["row"][fields[i].name];
    if (cell.kind == model::Cell::Kind::kText) value = std::string(cell.text);
    if (cell.kind == model::Cell::Kind::kNumber) value = cell.number;
  }
  return out;
}

std::unexpected<Refusal> no_prediction(const std::string& id) {
  return refuse(404, "not_found", fmt::format("there is no prediction \"{}\"", id.substr(0, 100)),
                "ids look like \"ID.0\"; a record appears some 100 ms after its reply");
}

}  // namespace

std::expected<std::int64_t, Refusal> number_of(const Call& call, std::string_view name,
                                               std::int64_t otherwise, std::int64_t most) {
  const auto text = query_value(call.query, name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size() && number >= 0 && number <= most) {
    return number;
  }
  return refuse(400, "wrong_type",
                fmt::format("\"{}\" must be a whole number from 0 to {}", name, most));
}

std::expected<bool, Refusal> flag_of(const Call& call, std::string_view name) {
  const std::string text = query_value(call.query, name).value_or("false");
  if (text == "true" || text == "false") return text == "true";
  return refuse(400, "wrong_type", fmt::format("\"{}\" must be true or false", name));
}

namespace {

/// Where the lifecycle stands, which version answers, and what is wrong.
Result<Json> full_status(App& app) {
  loop::Service& service = app.service();
  Json status = TRY(loop::status_view(service.store(), service.config()));
  loop::add_damage(status, service.champion_alert());
  const auto routing = service.router().take();
  const bool answers = routing && routing->champion;
  status["answers"] = answers ? Json(routing->champion->version) : Json(nullptr);
  Json& alerts = status["alerts"];
  std::vector<std::string> all = service.numbers().alerts;
  const auto tls = app.tls.with([](const App::Tls& state) { return state.alert; });
  if (!tls.empty()) all.push_back(tls);
  for (const std::string& alert : all) {
    if (std::ranges::find(alerts, Json(alert)) == alerts.end()) alerts.push_back(alert);
  }
  return status;
}

}  // namespace

Reply get_status(Call& call) { return shown(TRY(full_status(call.app))); }

Reply get_plan(Call& call) {
  loop::Service& service = call.app.service();
  return shown(TRY(loop::plan_view(service.store(), service.config(), service.now())));
}

Reply get_history(Call& call) {
  const std::int64_t last = TRY(number_of(call, "last", 0, 1'000'000'000));
  return shown(TRY(loop::history_view(call.app.service().store(), last)));
}

Reply get_models(Call& call) {
  return shown(TRY(loop::models_view(call.app.service().store(), call.app.service().config())));
}

Reply get_data(Call& call) { return shown(TRY(loop::data_view(call.app.service().store()))); }

Reply get_signals(Call& call) { return shown(TRY(loop::signals_view(call.app.service().store()))); }

Reply get_alerts(Call& call) {
  const bool all = TRY(flag_of(call, "all"));
  loop::Service& service = call.app.service();
  return shown(TRY(loop::alerts_view(service.store(), service.config(), all)));
}

Reply get_audits(Call& call) {
  loop::Service& service = call.app.service();
  return shown(TRY(loop::audits_view(service.store(), service.config())));
}

Reply get_decisions(Call& call) {
  const std::int64_t limit = TRY(number_of(call, "limit", 100, 10'000));
  return shown(TRY(
      loop::decisions_view(call.app.service().store(), static_cast<std::size_t>(limit))));
}

Reply get_deployments(Call& call) {
  return shown(
      TRY(loop::deployments_view(call.app.service().store(), call.app.service().config())));
}

Reply get_why(Call& call) {
  ledger::Store& store = call.app.service().store();
  if (!TRY(flag_of(call, "again"))) return shown(TRY(loop::why_view(store, call.params[0])));
  return one_at_a_time(call, [&](const io::Path&) {
    return loop::why_view(store, call.params[0], true);
  });
}

Reply get_prediction(Call& call) {
  loop::Service& service = call.app.service();
  const std::string& id = call.params[0];
  if (!service.ids().authentic(id)) return no_prediction(id);
  const Held search(call.app.searches);
  if (search.before() >= call.app.limits().searches_max) {
    return std::unexpected(Refusal(503, "unavailable", "another search of the log is running",
                                   "try again in a second")
                               .with("Retry-After", "1"));
  }
  std::optional<ledger::Prediction> found;
  ledger::Store& store = service.store();
  TRY(ledger::read_predictions(
      *store.fs, store.log(), {}, [&](std::string_view other, Time) { return other == id; },
      [&](ledger::Prediction&& row) { found = std::move(row); }));
  if (!found) return no_prediction(id);
  const auto by = service.version(found->version);
  Json out = prediction_json(*found, by ? by->get() : nullptr);
  const auto label = TRY(store.ledger->label_of(id));
  out["label"] = label ? label->value : Json(nullptr);
  return shown(out);
}

}  // namespace rondo::api
