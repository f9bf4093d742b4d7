// POST /v2/models/{model}[/versions/{version}]/infer: the Open Inference Protocol, in JSON or with
// binary tensors behind it: one input a column, one numeric matrix, or our own "rows".
#include <algorithm>
#include <cstring>

#include "api/handlers.h"
#include "api/infer_request.h"
#include "api/json_out.h"
#include "api/predict.h"
#include "api/tensors.h"

namespace rondo::api {
namespace {

std::expected<void, Refusal> add_tensors(Batch& batch, Tensors tensors, std::optional<Time> time) {
  for (std::size_t row = 0; row < tensors.rows(); ++row) {
    std::optional<Time> own;
    TRY(tensors.next(batch.cells(), own));
    TRY(batch.add(own.value_or(time.value_or(batch.now()))));
  }
  return tensors.finish();
}

/// One output: its datatype, its dimensions behind the rows', its values.
class OutputTensor {
 public:
  OutputTensor(Output output, const Batch& batch) : output_(output), batch_(batch) {}

  std::string_view datatype() const { return is_text() ? "BYTES" : "FP64"; }
  std::vector<std::size_t> dimensions() const {
    std::vector<std::size_t> out;
    const std::size_t outputs = batch_.by().pipeline->outputs();
    if (is_several(output_)) return {batch_.by().pipeline->answer_names().size()};
    if (is_interval(output_)) return {};
    if (output_ != Output::kPrediction && outputs > 1) out.push_back(outputs);
    if (output_ == Output::kContributions) {
      out.push_back(batch_.by().pipeline->explained().size() + 1);
    }
    return out;
  }
  void write_json(std::string& out) const {
    const std::size_t before = out.size();
    each([&](double value) { write_number(out, value); },
         [&](std::string_view text) { write_text(out, text); }, [&] { out += ','; });
    if (out.size() > before) out.pop_back();  // the last comma
  }
  void write_binary(std::string& out) const {
    const auto put = [&](const auto& value) {
      const std::size_t at = out.size();
      out.resize(at + sizeof value);
      std::memcpy(out.data() + at, &value, sizeof value);
    };
    each([&](double value) { put(value); },
         [&](std::string_view text) {
           put(static_cast<std::uint32_t>(text.size()));
           out += text;
         },
         [] {});
  }

 private:
  bool is_text() const {
    return output_ == Output::kPrediction && !model::is_number(batch_.parts().task);
  }
  template <class Number, class Text, class After>
  void each(Number number, Text text, After after) const {
    const auto one = [&](double value) {
      number(value);
      after();
    };
    if (output_ == Output::kRawScore || output_ == Output::kContributions) {
      const bool raw = output_ == Output::kRawScore;
      for (const double value : raw ? batch_.raw() : batch_.contributions()) one(value);
      return;
    }
    for (const ledger::Prediction& row : batch_.rows()) {
      if (is_several(output_)) {
        for (const double value : row.probabilities) one(value);
      } else if (is_text()) {
        text(row.answer);
        after();
      } else if (is_interval(output_)) {
        const stats::Bounds ends = batch_.interval_of(row);
        one(output_ == Output::kIntervalLow ? ends.low : ends.high);
      } else {
        one(row.value);
      }
    }
  }
  Output output_;
  const Batch& batch_;
};

void write_output(std::string& out, std::string& tail, const InferRequest::Wish& wish,
                  const Batch& batch) {
  const OutputTensor tensor(wish.output, batch);
  if (out.back() != '[') out += ',';
  out += "{\"name\":\"";
  out += kOutputNames[static_cast<std::size_t>(wish.output)];
  out += "\",\"shape\":[";
  write_number(out, static_cast<std::uint64_t>(batch.rows().size()));
  for (const std::size_t dimension : tensor.dimensions()) {
    out += ',';
    write_number(out, static_cast<std::uint64_t>(dimension));
  }
  out += "],\"datatype\":\"";
  out += tensor.datatype();
  if (wish.binary) {
    const std::size_t before = tail.size();
    tensor.write_binary(tail);
    out += "\",\"parameters\":{\"binary_data_size\":";
    write_number(out, static_cast<std::uint64_t>(tail.size() - before));
    out += "}}";
  } else {
    out += "\",\"data\":[";
    tensor.write_json(out);
    out += "]}";
  }
}

void write_reply(Response& response, const Batch& batch, const InferRequest& asked,
                 std::string_view model) {
  std::string& out = response.body;
  std::string tail;
  out += "{\"model_name\":";
  write_text(out, model);
  out += ",\"model_version\":\"";
  write_number(out, batch.by().version);
  out += '"';
  if (asked.id) {
    out += ",\"id\":";
    write_text(out, *asked.id);
  }
  out += ",\"parameters\":{\"prediction_id\":\"";
  out += batch.id();
  out += "\"},\"outputs\":[";
  for (const InferRequest::Wish& wish : asked.outputs) write_output(out, tail, wish, batch);
  out += ']';
  if (asked.rows) {
    out += ',';
    write_predictions(out, batch, asked.wants_interval());
  }
  out += "}\n";
  const bool binary =
      std::ranges::any_of(asked.outputs, [](const InferRequest::Wish& w) { return w.binary; });
  if (!binary) return;
  response.type = "application/octet-stream";
  response.headers.emplace_back("Inference-Header-Content-Length", std::to_string(out.size()));
  out += tail;
}

/// The same for gRPC. All bytes stand in one text, texts before tensors.
void write_answer(Response& response, const Batch& batch, const InferRequest& asked,
                  const RpcInfer& rpc) {
  response.rpc = std::make_shared<RpcAnswer>();
  RpcAnswer& answer = *response.rpc;
  std::string& out = answer.body;
  out.reserve(64 + 8 * batch.rows().size());
  write_number(out, batch.by().version);
  const std::size_t digits = out.size();
  out += batch.id();
  std::vector<std::size_t> ends = {out.size()};
  for (const InferRequest::Wish& wish : asked.outputs) {
    const OutputTensor tensor(wish.output, batch);
    RpcOutput& output = answer.outputs.emplace_back();
    output.name = kOutputNames[static_cast<std::size_t>(wish.output)];
    output.datatype = tensor.datatype();
    output.shape.push_back(static_cast<std::int64_t>(batch.rows().size()));
    for (const std::size_t size : tensor.dimensions()) {
      output.shape.push_back(static_cast<std::int64_t>(size));
    }
    tensor.write_binary(out);
    ends.push_back(out.size());
  }
  const std::string_view whole = out;
  answer.version = whole.substr(0, digits);
  answer.prediction = whole.substr(digits, ends[0] - digits);
  for (std::size_t i = 0; i < answer.outputs.size(); ++i) {
    answer.outputs[i].bytes = whole.substr(ends[i], ends[i + 1] - ends[i]);
  }
  answer.model = rpc.model;
  answer.id = rpc.id;
}

deploy::Wanted wanted_by(const InferRequest& asked) {
  if (asked.wants(Output::kContributions)) return deploy::Wanted::kContributions;
  return asked.wants(Output::kRawScore) ? deploy::Wanted::kRawToo : deploy::Wanted::kAnswer;
}

/// Errors: 501 when the version cannot say what is asked for.
std::expected<void, Refusal> check_asked(const InferRequest& asked, const deploy::Deployed& by) {
  if (asked.wants(Output::kContributions)) TRY(check_explains(by));
  if (asked.wants_interval()) TRY(check_interval(by));
  return {};
}

/// A body without JSON: an FP64 matrix of all columns.
Reply infer_matrix(Call& call, Picked by, const InferRequest& asked) {
  Batch batch(call, std::move(by));
  TRY(add_tensors(batch,
                  TRY(Tensors::matrix(batch.inputs(), call.app.limits().rows_max,
                                      call.request.body)),
                  {}));
  Response response = TRY(batch.finish());
  write_reply(response, batch, asked, call.params[0]);
  return response;
}

Reply infer_rpc(Call& call, Picked by, const InferRequest& asked, const RpcInfer& rpc) {
  TRY(check_asked(asked, *by));
  Batch batch(call, std::move(by), wanted_by(asked), asked.wants_interval());
  if (asked.timeout) batch.expire_after(*asked.timeout);
  TRY(add_tensors(batch,
                  TRY(Tensors::open(rpc.inputs, batch.inputs(), call.app.limits().rows_max,
                                    batch.outsiders())),
                  asked.time));
  Response response = TRY(batch.finish());
  write_answer(response, batch, asked, rpc);
  return response;
}

/// JSON up to `json`; what is behind it without being announced is guessed at for a hint.
std::expected<Element, Refusal> read_json(Call& call, std::size_t json, bool announced) {
  std::string& body = call.request.body;
  auto root = call.scratch.json.read(body, json);
  if (root || announced || root.error().code != "invalid_json") return root;
  const auto type = call.request.header("Content-Type");
  if (body.contains("\"binary_data_size\"") ||
      (type && equal_fold(*type, "application/octet-stream"))) {
    root.error().hint = "binary tensors need the header Inference-Header-Content-Length: how many "
                        "bytes of the body are JSON, 0 for a matrix alone";
  }
  return root;
}

}  // namespace

Reply post_infer(Call& call) {
  Picked by = TRY(pick(call.app, call.params[0], call.params[1]));
  const model::Task task = by->pipeline->parts().task;
  if (const RpcInfer* const rpc = call.request.rpc) {
    return infer_rpc(call, std::move(by), TRY(read_infer_request(*rpc, task)), *rpc);
  }
  const auto length = TRY(json_length(call.request));
  if (length == std::size_t{0}) {
    InferRequest asked;
    asked.outputs = usual_wishes(task, false);
    return infer_matrix(call, std::move(by), asked);
  }
  const std::size_t json = length.value_or(call.request.body.size());
  const Element root = TRY(read_json(call, json, length.has_value()));
  const InferRequest asked = TRY(read_infer_request(root, task));
  TRY(check_asked(asked, *by));
  Batch batch(call, std::move(by), wanted_by(asked), asked.wants_interval());
  if (asked.timeout) batch.expire_after(*asked.timeout);
  const std::string_view tail = std::string_view(call.request.body).substr(json);
  if (asked.rows) {
    if (!tail.empty()) return bad_shape("\"rows\" take no binary data");
    TRY(add_rows(batch, *asked.rows, asked.time));
  } else {
    TRY(add_tensors(batch,
                    TRY(Tensors::open(*asked.inputs, batch.inputs(), call.app.limits().rows_max,
                                      tail, batch.outsiders())),
                    asked.time));
  }
  Response response = TRY(batch.finish());
  write_reply(response, batch, asked, call.params[0]);
  return response;
}

}  // namespace rondo::api
