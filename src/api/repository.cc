// The inference protocol's extensions for configuration, statistics and the model repository.
// Loading brings a version into memory without traffic; what answers cannot be unloaded.
#include "api/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "api/handlers.h"
#include "api/house.h"
#include "api/json_out.h"
#include "api/scoring.h"
#include "api/tensors.h"

namespace rondo::api {
namespace {

Response repository_reply(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

/// Triton's configuration calls datatypes TYPE_FP64 and texts TYPE_STRING.
std::string config_type(std::string_view datatype) {
  return datatype == "BYTES" ? "TYPE_STRING" : "TYPE_" + std::string(datatype);
}

void write_config(std::string& out, std::string_view name, std::string_view datatype,
                  std::span<const std::uint64_t> widths) {
  if (out.back() != '[') out += ',';
  out += "{\"name\":";
  write_text(out, name);
  std::string width;
  for (const std::uint64_t one : widths) width += fmt::format(",{}", one);
  fmt::format_to(std::back_inserter(out), ",\"data_type\":\"{}\",\"dims\":[-1{}]}}",
                 config_type(datatype), width);
}

void write_taken(std::string& out, std::string_view name, const Taken& taken) {
  if (out.back() != '{') out += ',';
  fmt::format_to(std::back_inserter(out), "\"{}\":{{\"count\":{},\"ns\":{}}}", name, taken.count,
                 taken.us * 1000);
}

void write_stats(std::string& out, std::string_view model, std::int64_t version,
                 const VersionNumbers& numbers) {
  if (out.back() != '[') out += ',';
  out += "{\"name\":";
  write_text(out, model);
  fmt::format_to(std::back_inserter(out),
                 ",\"version\":\"{}\",\"last_inference\":{},\"inference_count\":{},"
                 "\"execution_count\":{},\"inference_stats\":{{",
                 version, numbers.last.us / 1000, numbers.rows, numbers.success.count);
  write_taken(out, "success", numbers.success);
  write_taken(out, "fail", numbers.fail);
  write_taken(out, "queue", numbers.queue);
  write_taken(out, "compute_input", numbers.input);
  write_taken(out, "compute_infer", numbers.infer);
  write_taken(out, "compute_output", numbers.output);
  write_taken(out, "cache_hit", {});
  write_taken(out, "cache_miss", {});
  out += "},\"batch_stats\":[]}";
}

/// The members of a body that may be empty, as some clients leave it. Others are ignored.
std::expected<void, Refusal> read_wish_body(Call& call, std::span<const std::string_view> names,
                                       std::span<std::optional<Element>> out) {
  if (call.request.body.empty()) return {};
  const Element root = TRY(call.scratch.json.read(call.request.body));
  return members(root, "the body", names, out, Others::kIgnored);
}

/// What a load or unload names. None: the champion. Errors: 400 for parameters that would bring in
/// a model from outside, or a version that is none.
std::expected<std::optional<std::int64_t>, Refusal> read_named_version(Call& call) {
  constexpr std::array<std::string_view, 1> kBody = {"parameters"};
  std::array<std::optional<Element>, 1> body;
  TRY(read_wish_body(call, kBody, body));
  if (!body[0]) return std::nullopt;
  Object object;
  constexpr std::array<std::string_view, 1> kNames = {"version"};
  std::array<std::optional<Element>, 1> found;
  TRY(members(*body[0], "\"parameters\"", kNames, found, Others::kIgnored));
  if (body[0]->get(object) == simdjson::SUCCESS) {
    for (const auto [key, value] : object) {
      if (key != "config" && !key.starts_with("file:")) continue;
      return refuse(400, "invalid_input", fmt::format("\"{}\" is not taken", key.substr(0, 100)),
                    "models come from the loop: the registry is what GET /api/v1/models lists");
    }
  }
  if (!found[0]) return std::nullopt;
  std::int64_t number = 0;
  std::string_view text;
  if (found[0]->get(number) == simdjson::SUCCESS && number > 0) return number;
  if (found[0]->get(text) == simdjson::SUCCESS) {
    if (const auto version = version_number(text)) return version;
  }
  return wrong_type("\"version\" must be a version, like \"7\"",
                    "POST /v2/repository/index lists them");
}

/// A line a version of one model.
std::expected<void, Refusal> write_index(std::string& out, App& app, bool only_ready) {
  const auto routing = app.service().router().take();
  const auto loading = app.loading.with([](const auto& versions) { return versions; });
  const auto known = TRY(app.service().versions());
  for (const std::int64_t version : known) {
    const bool ready = routing && routing->find(version);
    if (only_ready && !ready) continue;
    out += out.size() == 1 ? "{\"name\":" : ",{\"name\":";
    write_text(out, app.service().model_name());
    fmt::format_to(std::back_inserter(out),
                   ",\"version\":\"{}\",\"state\":\"{}\",\"reason\":\"{}\"}}", version,
                   ready                       ? "READY"
                   : loading.contains(version) ? "LOADING"
                                               : "UNAVAILABLE",
                   ready ? "" : "not loaded");
  }
  return {};
}

/// Projects that are not open.
void write_closed(std::string& out, const House& house) {
  for (const Room& room : house.rooms()) {
    if (room.app != nullptr) continue;
    out += out.size() == 1 ? "{\"name\":" : ",{\"name\":";
    write_text(out, room.name);
    out += ",\"version\":\"\",\"state\":\"UNAVAILABLE\",\"reason\":";
    write_text(out, room.reason);
    out += '}';
  }
}

}  // namespace

std::vector<std::int64_t> loaded_versions(const deploy::Routing* routing) {
  std::vector<std::int64_t> out;
  if (routing == nullptr) return out;
  if (routing->champion) out.push_back(routing->champion->version);
  if (routing->former) out.push_back(routing->former->version);
  for (const Deployed& other : routing->others) out.push_back(other->version);
  return out;
}

Reply get_model_config(Call& call) {
  const Picked by = TRY(pick(call.app, call.params[0], call.params[1]));
  const model::Pipeline::Parts& parts = by->pipeline->parts();
  const bool classes = !model::is_number(parts.task);
  std::string out = "{\"name\":";
  write_text(out, call.params[0]);
  out += ",\"platform\":\"rondo\",\"backend\":\"rondo\",\"max_batch_size\":0,\"input\":[";
  for (const table::Field& field : by->pipeline->transform().inputs().fields) {
    write_config(out, field.name, datatype_of(field.type), {});
  }
  out += "],\"output\":[";
  write_config(out, "prediction", classes ? "BYTES" : "FP64", {});
  std::vector<std::uint64_t> widths = {by->pipeline->answer_names().size()};
  if (classes) write_config(out, "probabilities", "FP64", widths);
  if (!parts.levels.empty()) write_config(out, "quantiles", "FP64", widths);
  widths.clear();
  if (by->pipeline->outputs() > 1) widths.push_back(by->pipeline->outputs());
  write_config(out, "raw_score", "FP64", widths);
  if (parts.answering.interval) {
    write_config(out, "interval_low", "FP64", {});
    write_config(out, "interval_high", "FP64", {});
  }
  widths.push_back(by->pipeline->explained().size() + 1);
  if (by->pipeline->can_explain()) write_config(out, "contributions", "FP64", widths);
  out += "]}\n";
  return repository_reply(std::move(out));
}

/// Of one version, of one model (its loaded versions), or of all.
Reply get_model_stats(Call& call) {
  std::string out = "{\"model_stats\":[";
  if (!call.params[0].empty()) TRY(check_model(call.app, call.params[0]));
  for (App* app : apps_of(call.app)) {
    const std::string name = app->service().model_name();
    Numbers numbers = app->numbers();
    if (!call.params[1].empty()) {
      const Picked by = TRY(pick(*app, name, call.params[1]));
      write_stats(out, name, by->version, numbers.versions[by->version]);
      continue;
    }
    const auto routing = app->service().router().take();
    for (const std::int64_t version : loaded_versions(routing.get())) {
      write_stats(out, name, version, numbers.versions[version]);
    }
  }
  out += "]}\n";
  return repository_reply(std::move(out));
}

Reply post_repository_index(Call& call) {
  constexpr std::array<std::string_view, 1> kNames = {"ready"};
  std::array<std::optional<Element>, 1> found;
  TRY(read_wish_body(call, kNames, found));
  bool only_ready = false;
  if (found[0] && found[0]->get(only_ready) != simdjson::SUCCESS) {
    return wrong_type("\"ready\" must be true or false");
  }
  std::string out = "[";
  for (App* app : apps_of(call.app)) TRY(write_index(out, *app, only_ready));
  if (call.app.house != nullptr && !only_ready) write_closed(out, *call.app.house);
  out += "]\n";
  return repository_reply(std::move(out));
}

Reply post_load(Call& call) {
  TRY(check_model(call.app, call.params[0]));
  const auto version = TRY(read_named_version(call));
  if (!version) {  // the champion: it is loaded, or there is none
    TRY(pick(call.app, call.params[0], ""));
    return repository_reply("{}\n");
  }
  const bool alone =
      call.app.loading.with([&](auto& versions) { return versions.insert(*version).second; });
  if (!alone) {
    return refuse(503, "unavailable", fmt::format("version {} is being loaded", *version),
                  "ask the index for its state");
  }
  const auto loaded = call.app.service().load(*version);
  call.app.loading.with([&](auto& versions) { versions.erase(*version); });
  if (!loaded) return std::unexpected(Refusal(loaded.error()));
  return repository_reply("{}\n");
}

Reply post_unload(Call& call) {
  TRY(check_model(call.app, call.params[0]));
  const auto version = TRY(read_named_version(call));
  if (!version) {
    return refuse(400, "invalid_input", "the champion answers: it cannot be unloaded",
                  "name another version: {\"parameters\":{\"version\":\"2\"}}");
  }
  const auto unloaded = call.app.service().unload(*version);
  if (unloaded) return repository_reply("{}\n");
  Refusal refusal(unloaded.error());
  if (unloaded.error().code == Code::kConflict) refusal.status = 400;  // as the protocol has it
  return std::unexpected(std::move(refusal));
}

}  // namespace rondo::api
