// From the table of routes to a document: nothing about a route is said a second time here.
#include "api/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "api/handlers.h"
#include "api/routes.h"

namespace rondo::api {
namespace {

Json reference(std::string_view shape) {
  return {{"$ref", "#/components/schemas/" + std::string(shape)}};
}

Json media(std::string_view type, Json schema) {
  return {{std::string(type), {{"schema", std::move(schema)}}}};
}

Json any_text() { return {{"type", "string"}}; }

/// "post_v2_models_model_infer": a name that generators of clients can use.
std::string operation_id(const Route& route) {
  std::string id = route.method == Method::kGet ? "get" : "post";
  for (const char c : route.path) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word) id += c;
    if (!word && id.back() != '_') id += '_';
  }
  while (id.ends_with('_')) id.pop_back();
  return route.path == "/v2/" ? id + "_slash" : id;
}

Json parameters_of(const Route& route) {
  Json out = Json::array();
  std::string_view rest = route.path;
  for (std::size_t at = rest.find('{'); at != rest.npos; at = rest.find('{')) {
    const std::size_t end = rest.find('}');
    out.push_back({{"name", std::string(rest.substr(at + 1, end - at - 1))},
                   {"in", "path"},
                   {"required", true},
                   {"schema", any_text()}});
    rest.remove_prefix(end + 1);
  }
  // The help line of a route names its options as "?last=N".
  const std::size_t mark = route.help.find('?');
  if (mark != route.help.npos) {
    const std::string_view option = route.help.substr(mark + 1);
    out.push_back({{"name", std::string(option.substr(0, option.find('=')))},
                   {"in", "query"},
                   {"schema", option.find("=true") != option.npos
                                  ? Json{{"type", "boolean"}}
                                  : Json{{"type", "integer"}, {"minimum", 0}}}});
  }
  return out;
}

Json body_of(const Route& route) {
  Json content = media("application/json", reference(route.shapes.takes));
  const Body body = route.manners.body;
  if (body == Body::kTensors) content.update(media("application/octet-stream", any_text()));
  if (body == Body::kTable || body == Body::kRows) content.update(media("text/csv", any_text()));
  if (body == Body::kRows) content.update(media("application/x-ndjson", any_text()));
  return {{"required", body != Body::kJsonBare}, {"content", std::move(content)}};
}

Json content_of(const Route& route) {
  if (route.shapes.gives == "Text") return media("text/plain", reference("Text"));
  Json content = media("application/json", reference(route.shapes.gives));
  if (route.manners.body == Body::kTensors) {
    content.update(media("application/octet-stream", any_text()));
  }
  if (route.path == "/api/v1/events") content = media("text/event-stream", any_text());
  if (route.path == "/") content.update(media("text/html", any_text()));
  return content;
}

std::string_view error_of(Manner manner) {
  switch (manner) {
    case Manner::kOip: return "ProtocolError";
    case Manner::kMlflow: return "MlflowError";
    case Manner::kOurs: break;
  }
  return "Error";
}

Json operation_of(const Route& route) {
  Json out = {{"operationId", operation_id(route)},
              {"summary", std::string(route.help)},
              {"x-role", std::string(name_of(route.role))}};
  // Without a token a client on this machine may look and predict.
  const bool open = route.role == Role::kViewer || route.role == Role::kPredictor;
  out["security"] = Json::array({{{"token", Json::array()}}});
  if (open) out["security"].push_back(Json::object());
  if (const Json parameters = parameters_of(route); !parameters.empty()) {
    out["parameters"] = parameters;
  }
  if (!route.shapes.takes.empty()) out["requestBody"] = body_of(route);
  out["responses"]["200"] = {{"description", "as asked"}, {"content", content_of(route)}};
  out["responses"]["default"] = {
      {"description", "refused; docs/API.md lists statuses and codes"},
      {"content", media("application/json", reference(error_of(route.manners.manner)))}};
  if (route.manners.load == Load::kNeverShed && route.role == Role::kViewer) {
    out["responses"]["503"] = {{"description", "not ready"}, {"content", content_of(route)}};
  }
  return out;
}

/// A row of the champion: every column, null where its value is missing.
Json row_schema(const table::Schema* inputs) {
  Json row = {{"type", "object"}};
  if (inputs == nullptr) return row;
  row["additionalProperties"] = false;
  row["properties"]["_time"] = reference("Time");
  for (const table::Field& field : inputs->fields) {
    row["required"].push_back(field.name);
    const auto kind = [&]() -> std::string {
      switch (field.type) {
        case table::Type::kNumber: return "number";
        case table::Type::kInteger: return "integer";
        case table::Type::kBool: return "boolean";
        case table::Type::kTime:
        case table::Type::kCategory:
        case table::Type::kText: break;
      }
      return "string";
    };
    row["properties"][field.name]["type"] = Json::array({kind(), "null"});
  }
  return row;
}

/// A number as a person would write it: no noise of binary fractions, whole where it is whole.
Json plain(const model::Cell& cell, table::Type type) {
  if (type == table::Type::kTime) return to_text(Time{static_cast<std::int64_t>(cell.number)});
  if (type == table::Type::kBool) return cell.number != 0;
  if (type == table::Type::kInteger) return static_cast<std::int64_t>(cell.number);
  return std::strtod(fmt::format("{:.6g}", cell.number).c_str(), nullptr);
}

}  // namespace

Json example_row(const model::Pipeline& pipeline) {
  const model::Pipeline::Parts& parts = pipeline.parts();
  Json row = Json::object();
  auto cells = model::decode_cells(parts.golden.front().cells);
  const auto& fields = parts.transform.inputs().fields;
  for (std::size_t i = 0; cells && i < fields.size(); ++i) {
    const model::Cell& cell = (*cells)[i];
    if (cell.kind == model::Cell::Kind::kText) row[fields[i].name] = std::string(cell.text);
    else if (cell.kind == model::Cell::Kind::kMissing) row[fields[i].name] = nullptr;
    else row[fields[i].name] = plain(cell, fields[i].type);
  }
  return row;
}

Json openapi(std::string_view version, const table::Schema* inputs, bool store) {
  Json out = {{"openapi", "3.1.0"},
              {"info",
               {{"title", "Rondo"},
                {"version", std::string(version)},
                {"description", "One table holds every route; what is not here does not exist."}}},
              {"paths", Json::object()}};
  for (const Route& route : routes()) {
    if (!store && route.manners.needs == Needs::kStore) continue;
    const char* method = route.method == Method::kGet ? "get" : "post";
    out["paths"][std::string(route.path)][method] = operation_of(route);
  }
  const auto schemas = io::parse_json(openapi_schemas());
  Json& components = out["components"];
  components["schemas"] = schemas ? *schemas : Json::object();
  components["schemas"]["Row"] = row_schema(inputs);
  components["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  return out;
}

Reply get_openapi(Call& call) {
  const auto routing = call.app.service().router().take();
  const bool ready = routing && routing->champion;
  const model::Pipeline* pipeline = ready ? routing->champion->pipeline.get() : nullptr;
  Json document = openapi(kVersion, pipeline ? &pipeline->transform().inputs() : nullptr,
                          call.app.service().has_store());
  if (pipeline != nullptr) {
    document["components"]["schemas"]["Row"]["examples"] = Json::array({example_row(*pipeline)});
  }
  Response response;
  response.body = io::canonical(document) + "\n";
  return response;
}

}  // namespace rondo::api
