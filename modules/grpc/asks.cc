// Calls that are no inference: each is asked as its REST path, and the JSON of the reply read into
// the message.
#include <google/protobuf/util/json_util.h>

#include "calls.h"

namespace rondo::wire {
namespace {

/// A segment of a path: what is no letter, digit or one of "-._~" as %XX.
std::string segment(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 128 && std::isalnum(byte) != 0) || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string model_path(const std::string& name, const std::string& version) {
  std::string path = "/v2/models/" + segment(name);
  if (!version.empty()) path += "/versions/" + segment(version);
  return path;
}

/// A string in JSON.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// The body of a load or unload: its parameters, values as JSON.
template <class Request>
std::string parameters_of(const Request& request) {
  std::string out = "{\"parameters\":{";
  for (const auto& [name, value] : request.parameters()) {
    if (out.back() != '{') out += ',';
    out += quoted(name) + ':';
    switch (value.parameter_choice_case()) {
      case inference::ModelRepositoryParameter::kBoolParam:
        out += value.bool_param() ? "true" : "false";
        break;
      case inference::ModelRepositoryParameter::kInt64Param:
        out += std::to_string(value.int64_param());
        break;
      default: out += quoted(value.string_param());
    }
  }
  return out + "}}";
}

/// The path of a call that is no inference, and its body. Overloads by the request.
struct Asked {
  std::string path;
  std::string body{};
  bool post = false;
};
Asked asked(const inference::ServerLiveRequest&) { return {"/v2/health/live"}; }
Asked asked(const inference::ServerReadyRequest&) { return {"/v2/health/ready"}; }
Asked asked(const inference::ServerMetadataRequest&) { return {"/v2"}; }
Asked asked(const inference::ModelReadyRequest& r) {
  return {model_path(r.name(), r.version()) + "/ready"};
}
Asked asked(const inference::ModelMetadataRequest& r) {
  return {model_path(r.name(), r.version())};
}
Asked asked(const inference::ModelStatisticsRequest& r) {
  if (r.name().empty()) return {"/v2/models/stats"};
  return {model_path(r.name(), r.version()) + "/stats"};
}
Asked asked(const inference::RepositoryIndexRequest& r) {
  return {"/v2/repository/index", r.ready() ? "{\"ready\":true}" : "{}", true};
}
Asked asked(const inference::RepositoryModelLoadRequest& r) {
  return {"/v2/repository/models/" + segment(r.model_name()) + "/load", parameters_of(r), true};
}
Asked asked(const inference::RepositoryModelUnloadRequest& r) {
  return {"/v2/repository/models/" + segment(r.model_name()) + "/unload", parameters_of(r), true};
}

/// What a reply that is not ready says without a message.
bool not_ready(const api::RpcOutcome& outcome, const inference::ServerReadyResponse*) {
  return outcome.status == 503;
}
bool not_ready(const api::RpcOutcome& outcome, const inference::ModelReadyResponse*) {
  return outcome.status == 503;
}
bool not_ready(const api::RpcOutcome&, const google::protobuf::Message*) { return false; }

template <class Reply>
grpc::Status read_reply(const std::string& json, Reply* reply) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const std::string whole =
      json.starts_with('[') ? "{\"models\":" + json + "}" : json;  // the index is a bare list
  const auto read = google::protobuf::util::JsonStringToMessage(whole, reply, options);
  if (read.ok()) return grpc::Status::OK;
  return {grpc::StatusCode::INTERNAL, "the program's reply could not be read"};
}

/// Asks for the next call of a kind; its event comes with the last argument.
template <class Request, class Reply>
using Wait = void (*)(inference::GRPCInferenceService::AsyncService&, grpc::ServerContext*,
                      Request*, grpc::ServerAsyncResponseWriter<Reply>*,
                      grpc::ServerCompletionQueue*, void*);

/// One call, from waiting for it to its end.
template <class Request, class Reply>
class AskCall : public Event {
 public:
  AskCall(Shared& shared, Wait<Request, Reply> wait)
      : shared_(shared), wait_(wait), writer_(&context_) {
    wait_(shared_.service, &context_, &request_, &writer_, shared_.queue, this);
  }

  void proceed(bool good, std::size_t thread) override {
    if (!good || answered_) {
      delete this;
      return;
    }
    answered_ = true;
    shared_.unless_ending([this] { new AskCall(shared_, wait_); });
    if (left_us(context_) == 0) return writer_.FinishWithError(too_late(), this);
    const Asked what = asked(request_);
    shared_.pending.add();
    shared_.host->ask(thread, caller_of(context_), what.path, what.post ? &what.body : nullptr,
                      [this](const api::RpcOutcome& outcome, const std::string& json) {
                        Shared& shared = shared_;  // the call may be gone before this returns
                        finish(outcome, json);
                        shared.pending.done();
                      });
  }

 private:
  void finish(const api::RpcOutcome& outcome, const std::string& json) {
    grpc::Status status = grpc::Status::OK;
    if (outcome.status == 200) {
      status = read_reply(json, &reply_);
    } else if (!not_ready(outcome, &reply_)) {
      status = status_of(outcome);
      say_when(context_, outcome);
    }
    hand_over();
    if (status.ok()) return writer_.Finish(reply_, status, this);
    writer_.FinishWithError(status, this);
  }

  Shared& shared_;
  const Counted counted_{shared_};
  Wait<Request, Reply> wait_;
  grpc::ServerContext context_;
  Request request_;
  Reply reply_;
  grpc::ServerAsyncResponseWriter<Reply> writer_;
  bool answered_ = false;
};

template <class Request, class Reply>
void wait_for(Shared& shared, Wait<Request, Reply> wait) {
  for (int i = 0; i < kWaiting; ++i) new AskCall<Request, Reply>(shared, wait);
}

}  // namespace

void wait_for_asks(Shared& shared) {
#define RONDO_WAIT_FOR(name)                                                             \
  wait_for<inference::name##Request, inference::name##Response>(                         \
      shared, [](auto& service, grpc::ServerContext* context, auto* request, auto* writer, \
                 grpc::ServerCompletionQueue* queue, void* call) {                       \
        service.Request##name(context, request, writer, queue, queue, call);             \
      })
  RONDO_WAIT_FOR(ServerLive);
  RONDO_WAIT_FOR(ServerReady);
  RONDO_WAIT_FOR(ModelReady);
  RONDO_WAIT_FOR(ServerMetadata);
  RONDO_WAIT_FOR(ModelMetadata);
  RONDO_WAIT_FOR(ModelStatistics);
  RONDO_WAIT_FOR(RepositoryIndex);
  RONDO_WAIT_FOR(RepositoryModelLoad);
  RONDO_WAIT_FOR(RepositoryModelUnload);
#undef RONDO_WAIT_FOR
}

}  // namespace rondo::wire
