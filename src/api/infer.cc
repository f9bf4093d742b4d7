// POST /v2/models/{model}[/versions/{version}]/infer: the Open Inference Protocol's JSON form, with
// one input a column, one numeric matrix, or our own "rows".
#include <algorithm>
#include <array>

#include "api/handlers.h"
#include "api/json_out.h"
#include "api/predict.h"
#include "api/tensors.h"

namespace rondo::api {
namespace {

struct Asked {
  std::optional<Element> id, inputs, rows;
  std::optional<Time> time;  // parameters.time
  bool prediction = true, probabilities = true;
};

std::expected<void, Refusal> read_outputs(const Element& element, Asked& asked) {
  Array array;
  if (element.get(array) != simdjson::SUCCESS) return bad_shape("\"outputs\" must be an array");
  if (array.size() == 0) return {};
  asked.prediction = asked.probabilities = false;
  for (const Element output : array) {
    constexpr std::array<std::string_view, 1> kNames = {"name"};
    std::array<std::optional<Element>, 1> found;
    TRY(members(output, "an output", kNames, found, Others::kIgnored));
    if (!found[0]) return bad_shape("an output lacks \"name\"");
    const std::string_view name = TRY(text_of(*found[0], "an output's name"));
    bool& wanted = name == "probabilities" ? asked.probabilities : asked.prediction;
    if (name != "probabilities" && name != "prediction") {
      return bad_shape(fmt::format("there is no output \"{}\"", name),
                       "there are \"prediction\" and \"probabilities\"");
    }
    if (wanted) return twice(name, "\"outputs\"");
    wanted = true;
  }
  return {};
}

std::expected<Asked, Refusal> read_asked(const Element& root) {
  constexpr std::array<std::string_view, 6> kNames = {"id",      "inputs", "outputs",
                                                      "parameters", "rows",   "time"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(root, "the body", kNames, found, Others::kIgnored));
  Asked asked{.id = found[0], .inputs = found[1], .rows = found[4], .time = {}};
  if (asked.id) TRY(text_of(*asked.id, "\"id\""));
  if (found[2]) TRY(read_outputs(*found[2], asked));
  std::optional<Element> time = found[5];
  if (found[3]) {
    constexpr std::array<std::string_view, 1> kTime = {"time"};
    std::array<std::optional<Element>, 1> parameter;
    TRY(members(*found[3], "\"parameters\"", kTime, parameter, Others::kIgnored));
    if (parameter[0]) time = parameter[0];
  }
  if (time && !time->is_null()) asked.time = TRY(read_time(*time, "\"time\""));
  if (asked.inputs.has_value() == asked.rows.has_value()) {
    return bad_shape("the body has either \"inputs\" or \"rows\"",
                     "GET the model's metadata for the names of its inputs");
  }
  return asked;
}

std::expected<void, Refusal> add_tensors(Batch& batch, const Element& inputs,
                                         std::optional<Time> time, std::uint64_t rows_max) {
  Tensors tensors = TRY(Tensors::open(inputs, batch.inputs(), rows_max, batch.outsiders()));
  for (std::size_t row = 0; row < tensors.rows(); ++row) {
    std::optional<Time> own;
    TRY(tensors.next(batch.cells(), own));
    TRY(batch.add(own.value_or(time.value_or(batch.now()))));
  }
  return tensors.finish();
}

void open_output(std::string& out, std::string_view name, std::string_view datatype,
                 std::size_t rows, std::size_t width) {
  if (out.back() != '[') out += ',';
  out += "{\"name\":\"";
  out += name;
  out += "\",\"shape\":[";
  write_number(out, static_cast<std::uint64_t>(rows));
  if (width != 0) {
    out += ',';
    write_number(out, static_cast<std::uint64_t>(width));
  }
  out += "],\"datatype\":\"";
  out += datatype;
  out += "\",\"data\":[";
}

void write_prediction(std::string& out, const Batch& batch) {
  const bool regression = batch.parts().task == model::Task::kRegression;
  open_output(out, "prediction", regression ? "FP64" : "BYTES", batch.rows().size(), 0);
  bool first = true;
  for (const ledger::Prediction& row : batch.rows()) {
    if (!first) out += ',';
    first = false;
    if (regression) {
      write_number(out, row.value);
    } else {
      write_text(out, row.answer);
    }
  }
  out += "]}";
}

void write_probabilities(std::string& out, const Batch& batch) {
  open_output(out, "probabilities", "FP64", batch.rows().size(), batch.parts().classes.size());
  bool first = true;
  for (const ledger::Prediction& row : batch.rows()) {
    for (const double probability : row.probabilities) {
      if (!first) out += ',';
      first = false;
      write_number(out, probability);
    }
  }
  out += "]}";
}

void write_reply(std::string& out, const Batch& batch, const Asked& asked, std::string_view model) {
  out += "{\"model_name\":";
  write_text(out, model);
  out += ",\"model_version\":\"";
  write_number(out, batch.by().version);
  out += '"';
  if (asked.id) {
    std::string_view id;
    if (asked.id->get(id) == simdjson::SUCCESS) {
      out += ",\"id\":";
      write_text(out, id);
    }
  }
  out += ",\"parameters\":{\"prediction_id\":\"";
  out += batch.id();
  out += "\"},\"outputs\":[";
  if (asked.prediction) write_prediction(out, batch);
  if (asked.probabilities && batch.parts().task != model::Task::kRegression) {
    write_probabilities(out, batch);
  }
  out += ']';
  if (asked.rows) {
    out += ',';
    write_predictions(out, batch);
  }
  out += "}\n";
}

}  // namespace

Reply post_infer(Call& call) {
  Deployed by = TRY(pick(call.app, call.params[0], call.params[1]));
  const Element root = TRY(call.scratch.json.read(call.request.body));
  const Asked asked = TRY(read_asked(root));
  Batch batch(call, std::move(by));
  if (asked.rows) {
    TRY(add_rows(batch, *asked.rows, asked.time));
  } else {
    TRY(add_tensors(batch, *asked.inputs, asked.time, call.app.limits().rows_max));
  }
  Response response = batch.finish();
  write_reply(response.body, batch, asked, call.params[0]);
  return response;
}

}  // namespace rondo::api
