// POST /api/v1/predict {"rows":[{column: value}],"time"?}: rows in, one prediction each out.
#include <array>

#include "api/handlers.h"
#include "api/json_out.h"
#include "api/predict.h"

namespace rondo::api {
namespace {

/// One a class, or one a level.
void write_several(std::string& out, const model::Pipeline& pipeline,
                   std::span<const double> values) {
  const std::vector<std::string>& names = pipeline.answer_names();
  out += pipeline.parts().levels.empty() ? ",\"probabilities\":{" : ",\"quantiles\":{";
  for (std::size_t i = 0; i < values.size() && i < names.size(); ++i) {
    if (i != 0) out += ',';
    write_text(out, names[i]);
    out += ':';
    write_number(out, values[i]);
  }
  out += '}';
}

/// "?explain=true", "?interval=true". Errors: wrong_type for another value.
std::expected<bool, Refusal> wants(const Call& call, std::string_view what) {
  const auto text = query_value(call.query, what);
  if (!text || *text == "false" || *text == "0") return false;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  return wrong_type(fmt::format("\"{}\" must be true or false, not \"{}\"", what,
                                text->substr(0, 40)));
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

void write_explanation(std::string& out, const Batch& batch, std::size_t row) {
  const std::vector<std::string>& columns = batch.explained();
  const std::size_t outputs = batch.by().pipeline->outputs(), width = columns.size() + 1;
  const std::span<const double> raw = batch.raw().subspan(row * outputs, outputs);
  const auto all = batch.contributions().subspan(row * outputs * width, outputs * width);
  const auto by_output = [&](std::string_view name, auto&& write) {
    out += name;
    if (outputs == 1) return write(std::size_t{0});
    for (std::size_t i = 0; i < outputs; ++i) {
      out += i == 0 ? '{' : ',';
      write_text(out, batch.by().pipeline->answer_names()[i]);
      out += ':';
      write(i);
    }
    out += '}';
  };
  by_output("\"raw_score\":", [&](std::size_t i) { write_number(out, raw[i]); });
  by_output(",\"base\":", [&](std::size_t i) { write_number(out, all[(i + 1) * width - 1]); });
  by_output(",\"contributions\":", [&](std::size_t i) {
    for (std::size_t k = 0; k < columns.size(); ++k) {
      out += k == 0 ? '{' : ',';
      write_text(out, columns[k]);
      out += ':';
      write_number(out, all[i * width + k]);
    }
    out += '}';
  });
}

void write_predictions(std::string& out, const Batch& batch, bool interval) {
  out += "\"predictions\":[";
  const bool explains = !batch.contributions().empty();
  for (std::size_t i = 0; i < batch.rows().size(); ++i) {
    const ledger::Prediction& row = batch.rows()[i];
    if (i != 0) out += ',';
    out += "{\"id\":\"";
    out += row.id;
    out += "\",\"value\":";
    if (model::is_number(batch.parts().task)) {
      write_number(out, row.value);
      if (!row.probabilities.empty()) write_several(out, *batch.by().pipeline, row.probabilities);
      if (interval) {
        const stats::Bounds ends = batch.interval_of(row);
        out += ",\"low\":";
        write_number(out, ends.low);
        out += ",\"high\":";
        write_number(out, ends.high);
      }
    } else {
      write_text(out, row.answer);
      write_several(out, *batch.by().pipeline, row.probabilities);
    }
    out += ",\"model_version\":";
    write_number(out, row.version);
    if (explains) {
      out += ',';
      write_explanation(out, batch, i);
    }
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
  Picked by = TRY(pick(call.app, call.app.service().model_name(), ""));
  const bool explains = TRY(wants(call, "explain")), interval = TRY(wants(call, "interval"));
  if (explains) TRY(check_explains(*by));
  if (interval) TRY(check_interval(*by));
  Batch batch(call, std::move(by),
              explains ? deploy::Wanted::kContributions : deploy::Wanted::kAnswer, interval);
  TRY(add_rows(batch, *found[0], time));
  Response response = TRY(batch.finish());
  response.body += '{';
  write_predictions(response.body, batch, interval);
  response.body += "}\n";
  return response;
}

}  // namespace rondo::api
