// Requests made of calls, answers read from replies.
#include "api/rpc_host.h"

#include <fmt/format.h>

#include "api/gate.h"
#include "api/house.h"
#include "api/infer_request.h"
#include "api/json_out.h"
#include "api/rows.h"
#include "base/clock.h"

namespace rondo::api {
namespace {

/// A segment of a path: what is no letter, digit or one of "-._~" as %XX.
void write_segment(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
}

void write_shape(std::string& out, std::span<const std::int64_t> shape) {
  out += "\"shape\":[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) out += ',';
    write_number(out, shape[i]);
  }
  out += ']';
}

void write_input(std::string& out, const RpcInput& input) {
  out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
  write_text(out, input.name);
  out += ",\"datatype\":";
  write_text(out, input.datatype);
  out += ',';
  write_shape(out, input.shape);
  out += input.shared_memory ? ",\"parameters\":{\"shared_memory_region\":\"\"}}"
                             : ",\"parameters\":{\"binary_data_size\":";
  if (input.shared_memory) return;
  write_number(out, static_cast<std::uint64_t>(input.bytes.size()));
  out += "}}";
}

void write_wish(std::string& out, const RpcWish& wish) {
  out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
  write_text(out, wish.name);
  if (wish.classification) out += ",\"parameters\":{\"classification\":1}";
  else if (wish.shared_memory) out += ",\"parameters\":{\"shared_memory_region\":\"\"}";
  out += '}';
}

/// The JSON before the tensors.
void write_head(std::string& out, const RpcInfer& asked) {
  out = "{";
  if (!asked.id.empty()) {
    out += "\"id\":";
    write_text(out, asked.id);
    out += ',';
  }
  out += "\"parameters\":{\"binary_data_output\":true";
  if (!asked.time.empty()) {
    out += ",\"time\":";
    write_text(out, asked.time);
  }
  if (asked.timeout_us >= 0) {
    out += ",\"timeout\":";
    write_number(out, std::max<std::int64_t>(asked.timeout_us, 1));  // 0 would be none
  }
  out += "},\"inputs\":[";
  for (const RpcInput& input : asked.inputs) write_input(out, input);
  out += ']';
  if (!asked.outputs.empty()) {
    out += ",\"outputs\":[";
    for (const RpcWish& wish : asked.outputs) write_wish(out, wish);
    out += ']';
  }
  out += '}';
}

RpcOutcome outcome_of(const Admission& admission, const Response& response) {
  RpcOutcome out;
  if (response.status == 200) return out;
  const auto said = io::parse_json(response.body, "an error");
  out.status = response.status;
  out.message = said ? io::get_or<std::string>(*said, "error", response.body) : response.body;
  out.too_much = admission.shed.has_value();
  for (const auto& [name, value] : response.headers) {
    if (name == "Retry-After") out.again_after_s = std::stoll(value);
  }
  return out;
}

std::string_view text_at(const Element& element, std::string_view name) {
  std::string_view text;
  return element[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

/// Outputs in order, each with its part of what follows the JSON. False: the reply is not ours.
bool read_outputs(const Element& root, std::string_view tail, RpcAnswer& answer) {
  Array outputs;
  if (root["outputs"].get(outputs) != simdjson::SUCCESS) return false;
  for (const Element output : outputs) {
    RpcOutput& out = answer.outputs.emplace_back();
    out.name = text_at(output, "name");
    out.datatype = text_at(output, "datatype");
    Array shape;
    std::uint64_t size = 0;
    if (output["shape"].get(shape) != simdjson::SUCCESS ||
        output["parameters"]["binary_data_size"].get(size) != simdjson::SUCCESS ||
        size > tail.size()) {
      return false;
    }
    for (const Element length : shape) out.shape.push_back(length.get_int64().value_unsafe());
    out.bytes = tail.substr(0, size);
    tail.remove_prefix(size);
  }
  return true;
}

/// Hands on what a reply says. Views of it live until `then` returns.
void hand_on(JsonReader& reader, const Admission& admission, Response&& response,
             const RpcHost::Then& then) {
  RpcAnswer answer;
  if (response.status != 200) return then(outcome_of(admission, response), std::move(answer));
  std::size_t length = response.body.size();
  std::string_view prediction;
  for (const auto& [name, value] : response.headers) {
    if (name == "Inference-Header-Content-Length") length = std::stoull(value);
    if (name == "Rondo-Prediction-Id") prediction = value;
  }
  answer.body = std::move(response.body);
  const auto root = reader.read(answer.body, length);
  if (!root || !read_outputs(*root, std::string_view(answer.body).substr(length), answer)) {
    RpcOutcome broken;
    broken.status = 500;
    broken.message = "internal: the reply could not be read";
    return then(std::move(broken), RpcAnswer());
  }
  answer.model = text_at(*root, "model_name");
  answer.version = text_at(*root, "model_version");
  answer.id = text_at(*root, "id");
  answer.prediction = prediction;
  then({}, std::move(answer));
}

class RealRpcHost : public RpcHost {
 public:
  RealRpcHost(App& app, std::size_t first, std::size_t threads, const TlsFiles* tls)
      : app_(app), first_(first), rooms_(threads), tls_(tls) {}

  void infer(std::size_t thread, const RpcCaller& who, const RpcInfer& asked,
             const Then& then) override {
    Room& room = rooms_[thread];
    room.target = "/v2/models/";
    write_segment(room.target, asked.model);
    if (!asked.version.empty()) {
      room.target += "/versions/";
      write_segment(room.target, asked.version);
    }
    room.target += "/infer";
    Request& request = begin(room, Method::kPost, who);
    write_head(request.body, asked);
    room.length.clear();
    write_number(room.length, static_cast<std::uint64_t>(request.body.size()));
    request.headers.push_back({"Content-Type", "application/octet-stream"});
    request.headers.push_back({"Inference-Header-Content-Length", room.length});
    for (const RpcInput& input : asked.inputs) request.body += input.bytes;
    App& app = app_of(request);
    auto admission = std::make_shared<Admission>(admit_now(app, request));
    Response response = answer(app, scratch(app, thread), *admission, request);
    if (!response.kept) return hand_on(room.replies, *admission, std::move(response), then);
    const std::shared_ptr<Kept> kept = response.kept;
    kept->wait([this, thread, admission, then, &app,
                waiting = std::make_shared<Response>(std::move(response))](bool good) {
      JsonReader reader;
      Scratch& own = scratch(app, thread);
      hand_on(reader, *admission, settled(app, own, *admission, std::move(*waiting), good), then);
    });
  }

  RpcOutcome ask(std::size_t thread, const RpcCaller& who, const std::string& path,
                 const std::string* body, std::string* json) override {
    Room& room = rooms_[thread];
    room.target = path;
    Request& request = begin(room, body == nullptr ? Method::kGet : Method::kPost, who);
    if (body != nullptr) {
      request.body = *body;
      request.headers.push_back({"Content-Type", "application/json"});
    }
    App& app = app_of(request);
    const Admission admission = admit_now(app, request);
    Response response = answer(app, scratch(app, thread), admission, request);
    RpcOutcome outcome = outcome_of(admission, response);
    *json = std::move(response.body);
    return outcome;
  }

  bool ready() override { return is_ready(app_); }

  bool renew(RpcPair& known) override {
    if (tls_ == nullptr) return false;
    const auto pair = tls_->pair();
    if (pair->number == known.number) return false;
    known = {pair->number, pair->chain, pair->key};
    return true;
  }

 private:
  /// What one thread keeps from call to call.
  struct Room {
    Request request;
    std::string target, length;
    JsonReader replies;
  };

  static Request& begin(Room& room, Method method, const RpcCaller& who) {
    Request& request = room.request;
    request.clear();
    request.method = method;
    request.target = room.target;
    request.local = who.local;
    request.headers.push_back({"Host", "localhost"});  // no browser speaks gRPC
    if (!who.authorization.empty()) {
      request.headers.push_back({"Authorization", who.authorization});
    }
    if (!who.token.empty()) request.headers.push_back({"Rondo-Token", who.token});
    if (!who.split_key.empty()) request.headers.push_back({"Rondo-Split-Key", who.split_key});
    return request;
  }
  App& app_of(Request& request) {
    return app_.house == nullptr ? app_ : app_.house->choose(app_, request);
  }
  static Admission admit_now(App& app, const Request& request) {
    return admit(app, request, {request.body.size(), false}, monotonic_us());
  }
  Scratch& scratch(App& app, std::size_t thread) const { return app.scratch(first_ + thread); }

  App& app_;
  std::size_t first_;
  std::vector<Room> rooms_;
  const TlsFiles* tls_;
};

}  // namespace

std::unique_ptr<RpcHost> make_rpc_host(App& app, std::size_t first, std::size_t threads,
                                       const TlsFiles* tls) {
  return std::make_unique<RealRpcHost>(app, first, threads, tls);
}

}  // namespace rondo::api
