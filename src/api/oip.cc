// Health and metadata of the Open Inference Protocol (KServe V2). Served from the routing table
// alone.
#include "api/handlers.h"
#include "api/infer_request.h"
#include "api/json_out.h"
#include "api/repository.h"
#include "api/scoring.h"
#include "api/tensors.h"

namespace rondo::api {
namespace {

Response json(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

void write_versions(std::string& out, const deploy::Routing* routing) {
  out += "\"versions\":[";
  for (const std::int64_t version : loaded_versions(routing)) {
    out += out.back() == '[' ? "\"" : ",\"";
    write_number(out, version);
    out += '"';
  }
  out += ']';
}

void write_inputs(std::string& out, const table::Schema& inputs) {
  out += "\"inputs\":[";
  for (std::size_t i = 0; i < inputs.fields.size(); ++i) {
    out += i == 0 ? "{\"name\":" : ",{\"name\":";
    write_text(out, inputs.fields[i].name);
    out += ",\"datatype\":\"";
    out += datatype_of(inputs.fields[i].type);
    out += "\",\"shape\":[-1]}";
  }
  out += ']';
}

void write_list(std::string& out, std::span<const std::string> names) {
  out += '[';
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += ',';
    write_text(out, names[i]);
  }
  out += ']';
}

void write_outputs(std::string& out, const deploy::Deployed& by) {
  const model::Pipeline::Parts& parts = by.pipeline->parts();
  const bool regression = model::is_number(parts.task);
  out += "\"outputs\":[{\"name\":\"prediction\",\"datatype\":\"";
  out += regression ? "FP64" : "BYTES";
  out += "\",\"shape\":[-1]}";
  if (!regression) {
    out += ",{\"name\":\"probabilities\",\"datatype\":\"FP64\",\"shape\":[-1,";
    write_number(out, static_cast<std::uint64_t>(parts.classes.size()));
    out += "],\"parameters\":{\"classes\":";
    write_list(out, parts.classes);
    out += "}}";
  }
  if (!parts.levels.empty()) {
    out += ",{\"name\":\"quantiles\",\"datatype\":\"FP64\",\"shape\":[-1,";
    write_number(out, static_cast<std::uint64_t>(parts.levels.size()));
    out += "],\"parameters\":{\"levels\":";
    write_list(out, by.pipeline->answer_names());
    out += "}}";
  }
  const auto outputs = static_cast<std::uint64_t>(parts.forest.outputs());
  const auto begin = [&](std::string_view name) {
    out += ",{\"name\":\"";
    out += name;
    out += "\",\"datatype\":\"FP64\",\"shape\":[-1";
    if (outputs > 1) {
      out += ',';
      write_number(out, outputs);
    }
  };
  begin("raw_score");
  out += "]}";
  if (parts.answering.interval) {
    for (const Output output : {Output::kIntervalLow, Output::kIntervalHigh}) {
      begin(kOutputNames[static_cast<std::size_t>(output)]);
      out += "],\"parameters\":{\"coverage\":";
      write_number(out, parts.answering.interval->coverage);
      out += "}}";
    }
  }
  if (by.pipeline->can_explain()) {
    const std::vector<std::string>& columns = by.pipeline->explained();
    begin("contributions");
    out += ',';
    write_number(out, static_cast<std::uint64_t>(columns.size() + 1));
    out += "],\"parameters\":{\"columns\":";
    write_list(out, columns);
    out += "}}";
  }
  out += ']';
}

}  // namespace

Reply get_server(Call&) {
  return json("{\"name\":\"rondo\",\"version\":\"" + std::string(kVersion) +
              "\",\"extensions\":[\"binary_tensor_data\","
              "\"model_repository\",\"model_configuration\",\"statistics\",\"rows\","
              "\"prediction_id\"]}\n");
}

Reply get_oip_live(Call&) { return json("{\"live\":true}\n"); }

Reply get_oip_ready(Call& call) {
  const bool ready = is_ready(call.app);
  return json(ready ? "{\"live\":true,\"ready\":true}\n" : "{\"live\":true,\"ready\":false}\n",
              ready ? 200 : 503);
}

Reply get_model(Call& call) {
  const auto routing = call.app.service().router().take();
  const Picked by = TRY(pick(call.app, call.params[0], call.params[1]));
  std::string out = "{\"name\":";
  write_text(out, call.params[0]);
  out += ',';
  write_versions(out, routing.get());
  out += ",\"platform\":\"rondo\",";
  write_inputs(out, by->pipeline->transform().inputs());
  out += ',';
  write_outputs(out, *by);
  out += "}\n";
  return json(std::move(out));
}

Reply get_model_ready(Call& call) {
  TRY(pick(call.app, call.params[0], call.params[1]));
  std::string out = "{\"name\":";
  write_text(out, call.params[0]);
  out += call.app.draining.requested() ? ",\"ready\":false}\n" : ",\"ready\":true}\n";
  return json(std::move(out), call.app.draining.requested() ? 503 : 200);
}

}  // namespace rondo::api
