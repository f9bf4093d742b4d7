// The older protocol that TensorFlow Serving and KServe V1 share: instances give predictions,
// inputs give outputs.
#include <array>

#include "api/frames.h"
#include "api/handlers.h"
#include "api/house.h"
#include "api/json_out.h"
#include "api/predict.h"
#include "api/repository.h"

namespace rondo::api {
namespace {

Response v1_reply(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

void write_v1_status(std::string& out, std::int64_t version) {
  if (out.back() != '[') out += ',';
  out += "{\"version\":\"";
  write_number(out, version);
  out += "\",\"state\":\"AVAILABLE\",\"status\":{\"error_code\":\"OK\",\"error_message\":\"\"}}";
}

constexpr std::array<std::string_view, 3> kV1Names = {"instances", "inputs", "parameters"};
using V1Found = std::array<std::optional<Element>, kV1Names.size()>;

std::expected<V1Found, Refusal> read_v1_body(Call& call) {
  V1Found found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kV1Names, found, Others::kIgnored));
  if (found[0].has_value() != found[1].has_value()) return found;
  return bad_shape("the body has either \"instances\" or \"inputs\"",
                   "instances are rows, inputs are columns");
}

}  // namespace

Reply post_v1_predict(Call& call) {
  Picked by = TRY(pick(call.app, call.params[0], call.params[1]));
  const V1Found found = TRY(read_v1_body(call));
  const model::Task task = by->pipeline->parts().task;
  const FrameOptions options = TRY(read_frame_options(found[2], "\"parameters\"", task));
  if (options.output == Output::kContributions) TRY(check_explains(*by));
  if (is_interval(options.output)) TRY(check_interval(*by));
  Batch batch(call, std::move(by), options.wanted(), is_interval(options.output));
  TRY(found[0] ? add_instances(batch, *found[0], options.time)
               : add_columnar(batch, *found[1], options.time));
  Response response = TRY(batch.finish());
  response.body += found[0] ? "{\"predictions\":" : "{\"outputs\":";
  write_values(response.body, batch, options.output);
  response.body += "}\n";
  return response;
}

Reply post_v1_explain(Call& call) {
  Picked by = TRY(pick(call.app, call.params[0], call.params[1]));
  TRY(check_explains(*by));
  const V1Found found = TRY(read_v1_body(call));
  const model::Task task = by->pipeline->parts().task;
  const FrameOptions options = TRY(read_frame_options(found[2], "\"parameters\"", task));
  Batch batch(call, std::move(by), deploy::Wanted::kContributions);
  TRY(found[0] ? add_instances(batch, *found[0], options.time)
               : add_columnar(batch, *found[1], options.time));
  Response response = TRY(batch.finish());
  response.body += "{\"explanations\":[";
  for (std::size_t row = 0; row < batch.rows().size(); ++row) {
    response.body += row == 0 ? "{" : ",{";
    write_explanation(response.body, batch, row);
    response.body += '}';
  }
  response.body += "]}\n";
  return response;
}

Reply get_v1_models(Call& call) {
  std::string out = "{\"models\":[";
  for (const App* app : apps_of(call.app)) {
    if (out.back() != '[') out += ',';
    write_text(out, app->service().model_name());
  }
  out += "]}\n";
  return v1_reply(std::move(out));
}

/// Of the whole model, or of the version or label that the path names.
Reply get_v1_model(Call& call) {
  TRY(check_model(call.app, call.params[0]));
  const auto routing = call.app.service().router().take();
  const bool ready = routing && routing->champion && !call.app.draining.requested();
  std::string out = "{\"name\":";
  write_text(out, call.params[0]);
  out += ready ? ",\"ready\":true" : ",\"ready\":false";
  out += ",\"model_version_status\":[";
  if (!call.params[1].empty()) {
    write_v1_status(out, TRY(pick(call.app, call.params[0], call.params[1]))->version);
  } else {
    for (const std::int64_t version : loaded_versions(routing.get())) write_v1_status(out, version);
  }
  out += "]}\n";
  return v1_reply(std::move(out), ready ? 200 : 503);
}

}  // namespace rondo::api
