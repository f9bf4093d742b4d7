// The gRPC server: one completion queue, a few threads on it. A call is taken, handed to the
// program and answered in the thread that took it; another thread meanwhile takes the next. What
// is no inference is asked as its REST path, and the JSON of the reply read into the message.
#include <google/protobuf/util/json_util.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "credentials.h"
#include "inference.grpc.pb.h"
#include "tensors.h"

namespace rondo::wire {
namespace {

using Service = inference::GRPCInferenceService::AsyncService;
using Clock = std::chrono::system_clock;
constexpr int kHandshakeMs = 10'000;
constexpr int kWaiting = 16;  // calls of each kind that are waited for at once

grpc::StatusCode code_of(int status) {
  switch (status) {
    case 400: return grpc::StatusCode::INVALID_ARGUMENT;
    case 401: return grpc::StatusCode::UNAUTHENTICATED;
    case 403: return grpc::StatusCode::PERMISSION_DENIED;
    case 404: return grpc::StatusCode::NOT_FOUND;
    case 409: return grpc::StatusCode::FAILED_PRECONDITION;
    case 413:
    case 429:
    case 507: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 501: return grpc::StatusCode::UNIMPLEMENTED;
    case 503: return grpc::StatusCode::UNAVAILABLE;
    case 504: return grpc::StatusCode::DEADLINE_EXCEEDED;
    default: return grpc::StatusCode::INTERNAL;
  }
}

grpc::Status status_of(const api::RpcOutcome& outcome) {
  if (outcome.status == 200) return grpc::Status::OK;
  // UNAVAILABLE is for who shall find another server; this one is there, and has enough to do.
  if (outcome.too_much) return {grpc::StatusCode::RESOURCE_EXHAUSTED, outcome.message};
  return {code_of(outcome.status), outcome.message};
}

/// Tells clients that try again by themselves when to do so.
void say_when(grpc::ServerContext& context, const api::RpcOutcome& outcome) {
  if (outcome.again_after_s <= 0) return;
  context.AddTrailingMetadata("grpc-retry-pushback-ms",
                              std::to_string(outcome.again_after_s * 1000));
}

api::RpcCaller caller_of(const grpc::ServerContext& context) {
  api::RpcCaller who;
  const auto& metadata = context.client_metadata();
  const auto find = [&](const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end()
               ? std::string_view()
               : std::string_view(found->second.data(), found->second.size());
  };
  who.authorization = find("authorization");
  who.token = find("rondo-token");
  who.split_key = find("rondo-split-key");
  const std::string peer = context.peer();
  who.local = peer.starts_with("ipv4:127.") || peer.starts_with("ipv6:[::1]") ||
              peer.starts_with("ipv6:%5B::1%5D") || peer.starts_with("unix:");
  return who;
}

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

/// One call, from waiting for it to its end.
class Call {
 public:
  virtual ~Call() = default;
  /// An event of the queue; `thread` got it.
  virtual void proceed(bool good, std::size_t thread) = 0;
};

struct Shared {
  Service service;
  grpc::ServerCompletionQueue* queue = nullptr;
  api::RpcHost* host = nullptr;
  std::shared_mutex ending_guard;  // held shared while the next call of a kind is asked for
  bool ending = false;
  std::mutex guard;
  std::condition_variable answered;
  std::size_t pending = 0;  // inferences that the program has not answered
};

/// Asks for the next call of a kind; its event comes with the last argument.
template <class Request, class Reply>
using Wait = void (*)(Service&, grpc::ServerContext*, Request*,
                      grpc::ServerAsyncResponseWriter<Reply>*, grpc::ServerCompletionQueue*, void*);

template <class Request, class Reply>
class CallOf : public Call {
 public:
  CallOf(Shared& shared, Wait<Request, Reply> wait)
      : shared_(shared), wait_(wait), writer_(&context_) {
    wait_(shared_.service, &context_, &request_, &writer_, shared_.queue, this);
  }

  void proceed(bool good, std::size_t thread) override {
    if (!good || answered_) {
      delete this;
      return;
    }
    answered_ = true;
    {
      const std::shared_lock lock(shared_.ending_guard);
      if (!shared_.ending) new CallOf(shared_, wait_);
    }
    if (context_.deadline() <= Clock::now()) {
      writer_.FinishWithError({grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline has passed"},
                              this);
      return;
    }
    answer(thread);
  }

 private:
  void answer(std::size_t thread) {
    const Asked what = asked(request_);
    std::string json;
    const api::RpcOutcome outcome = shared_.host->ask(
        thread, caller_of(context_), what.path, what.post ? &what.body : nullptr, &json);
    grpc::Status status = grpc::Status::OK;
    if (outcome.status == 200) {
      status = read_reply(json, &reply_);
    } else if (!not_ready(outcome, &reply_)) {
      status = status_of(outcome);
      say_when(context_, outcome);
    }
    if (status.ok()) {
      writer_.Finish(reply_, status, this);
    } else {
      writer_.FinishWithError(status, this);
    }
  }

  Shared& shared_;
  Wait<Request, Reply> wait_;
  grpc::ServerContext context_;
  Request request_;
  Reply reply_;
  grpc::ServerAsyncResponseWriter<Reply> writer_;
  bool answered_ = false;
};

template <>
void CallOf<inference::ModelInferRequest, inference::ModelInferResponse>::answer(
    std::size_t thread) {
  Taken taken;
  Wrong wrong;
  if (!take(request_, &taken, &wrong)) {
    writer_.FinishWithError({grpc::StatusCode::INVALID_ARGUMENT, wrong.text}, this);
    return;
  }
  if (context_.raw_deadline().tv_sec != std::numeric_limits<std::int64_t>::max()) {
    const auto left = context_.deadline() - Clock::now();
    taken.infer.timeout_us = std::max<std::int64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(left).count(), 0);
  }
  Shared& shared = shared_;
  {
    const std::scoped_lock lock(shared.guard);
    ++shared.pending;
  }
  const bool raw = taken.raw;
  shared.host->infer(
      thread, caller_of(context_), taken.infer,
      [this, &shared, raw](api::RpcOutcome&& outcome, api::RpcAnswer&& answer) {
        if (outcome.status == 200) {
          context_.AddTrailingMetadata("rondo-model-version", std::string(answer.version));
          context_.AddTrailingMetadata("rondo-prediction-id", std::string(answer.prediction));
          give(answer, raw, &reply_);
          writer_.Finish(reply_, grpc::Status::OK, this);
        } else {
          say_when(context_, outcome);
          writer_.FinishWithError(status_of(outcome), this);
        }
        const std::scoped_lock lock(shared.guard);
        --shared.pending;
        shared.answered.notify_all();
      });
}

template <class Request, class Reply>
void wait_for(Shared& shared, Wait<Request, Reply> wait) {
  for (int i = 0; i < kWaiting; ++i) new CallOf<Request, Reply>(shared, wait);
}

void wait_for_all(Shared& shared) {
#define RONDO_WAIT_FOR(name)                                                         \
  wait_for<inference::name##Request, inference::name##Response>(                     \
      shared, [](Service& service, grpc::ServerContext* context, auto* request,      \
                 auto* writer, grpc::ServerCompletionQueue* queue, void* call) {     \
        service.Request##name(context, request, writer, queue, queue, call);         \
      })
  RONDO_WAIT_FOR(ModelInfer);
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

/// As gRPC takes it, where a number below 0 would be none.
int whole(std::uint64_t number) {
  return static_cast<int>(std::min<std::uint64_t>(number, std::numeric_limits<int>::max()));
}

class Server : public api::RpcServer {
 public:
  ~Server() override { stop(0); }

  bool start(const api::RpcOptions& options, api::RpcHost& host, std::string* wrong) {
    // It would tell each failed handshake on standard error, where anybody could fill the disk.
    if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    credentials_ = options.tls ? renewed_credentials(host) : grpc::InsecureServerCredentials();
    builder.AddListeningPort(options.listen, credentials_, &port_);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, whole(options.streams_max));
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
    builder.SetMaxReceiveMessageSize(whole(options.message_max));
    builder.SetMaxSendMessageSize(-1);
    builder.RegisterService(&shared_.service);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) {
      *wrong = "cannot listen on " + options.listen;
      if (server_) server_->Shutdown();
      server_.reset();
      queue_->Shutdown();
      void* tag = nullptr;
      bool good = false;
      while (queue_->Next(&tag, &good)) {
      }
      return false;
    }
    shared_.queue = queue_.get();
    shared_.host = &host;
    wait_for_all(shared_);
    for (std::size_t i = 0; i < options.threads; ++i) {
      threads_.emplace_back([this, i] { serve(i); });
    }
    health_ = std::thread([this] { tell_health(); });
    return true;
  }

  int port() const override { return port_; }

  void stop(std::int64_t drain_us) override {
    if (!server_) return;
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    news_.notify_all();
    health_.join();
    server_->GetHealthCheckService()->SetServingStatus(false);
    server_->Shutdown(Clock::now() + std::chrono::microseconds(drain_us));
    {  // what waits for the log still writes to the queue
      std::unique_lock lock(shared_.guard);
      shared_.answered.wait(lock, [this] { return shared_.pending == 0; });
    }
    {
      const std::unique_lock lock(shared_.ending_guard);
      shared_.ending = true;
    }
    queue_->Shutdown();
    for (std::thread& thread : threads_) thread.join();
    server_.reset();
  }

 private:
  void serve(std::size_t thread) {
    void* tag = nullptr;
    bool good = false;
    while (queue_->Next(&tag, &good)) static_cast<Call*>(tag)->proceed(good, thread);
  }

  /// grpc.health.v1: as /health/ready says, a tenth of a second later.
  void tell_health() {
    constexpr auto kEvery = std::chrono::milliseconds(100);
    std::unique_lock lock(mutex_);
    while (!ending_) {
      server_->GetHealthCheckService()->SetServingStatus(shared_.host->ready());
      server_->GetHealthCheckService()->SetServingStatus("inference.GRPCInferenceService",
                                                         shared_.host->ready());
      news_.wait_for(lock, kEvery);
    }
  }

  Shared shared_;
  int port_ = 0;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
  std::thread health_;
  std::mutex mutex_;
  std::condition_variable news_;
  bool ending_ = false;
};

}  // namespace
}  // namespace rondo::wire

extern "C" __attribute__((visibility("default"))) rondo::api::RpcServer* rondo_grpc_start_2(
    const rondo::api::RpcOptions& options, rondo::api::RpcHost& host, std::string* wrong) {
  auto server = std::make_unique<rondo::wire::Server>();
  if (!server->start(options, host, wrong)) return nullptr;
  return server.release();
}
