// POST /api/v1/predict {"rows":[{column: value}],"time"?}: rows in, one prediction each out.
#include <array>

#include "api/handlers.h"
#include "api/json_out.h"
#include "api/predict.h"

namespace rondo::api {
namespace {

void write_probabilities(std::string& out, const model::Pipeline::Parts& parts,
                         std::span<const double> probabilities) {
  out += ",\"probabilities\":{";
  for (std::size_t i = 0; i < probabilities.size() && i < parts.classes.size(); ++i) {
    if (i != 0) out += ',';
    write_text(out, parts.classes[i]);
    out += ':';
    write_number(out, probabilities[i]);
  }
  out += '}';
}

}  // namespace

std::expected<void, Refusal> add_rows(Batch& batch, const Element& rows, std::optional<Time> time) {
  Array array;
  if (rows.get(array) != simdjson::SUCCESS) {
    return bad_shape(fmt::format("\"rows\" must be an array of objects, not {}", kind_of(rows)));
  }
  RowReader reader(batch.inputs(), batch.outsiders());
  std::size_t row = 0;
  for (const Element element : array) {
    std::optional<Time> own;
    TRY(reader.read(element, row, batch.cells(), own));
    TRY(batch.add(own.value_or(time.value_or(batch.now()))));
    ++row;
  }
  return {};
}

void write_predictions(std::string& out, const Batch& batch) {
  out += "\"predictions\":[";
  bool first = true;
  for (const ledger::Prediction& row : batch.rows()) {
    if (!first) out += ',';
    first = false;
    out += "{\"id\":\"";
    out += row.id;
    out += "\",\"value\":";
    if (batch.parts().task == model::Task::kRegression) {
      write_number(out, row.value);
    } else {
      write_text(out, row.answer);
      write_probabilities(out, batch.parts(), row.probabilities);
    }
    out += ",\"model_version\":";
    write_number(out, row.version);
    out += '}';
  }
  out += ']';
}

Reply post_predict(Call& call) {
  constexpr std::array<std::string_view, 2> kNames = {"rows", "time"};
  std::array<std::optional<Element>, kNames.size()> found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kNames, found, Others::kRefused));
  if (!found[0]) return bad_shape("the body lacks \"rows\"", "send {\"rows\":[{column: value}]}");
  std::optional<Time> time;
  if (found[1] && !found[1]->is_null()) time = TRY(read_time(*found[1], "\"time\""));
  Batch batch(call, TRY(pick(call.app, call.app.service().model_name(), "")));
  TRY(add_rows(batch, *found[0], time));
  Response response = TRY(batch.finish());
  response.body += '{';
  write_predictions(response.body, batch);
  response.body += "}\n";
  return response;
}

}  // namespace rondo::api
