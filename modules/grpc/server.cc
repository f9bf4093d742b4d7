// The gRPC server: one completion queue, a few threads on it (calls.h).
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/health_check_service_interface.h>
#include <pthread.h>

#include <cstdlib>
#include <ctime>
#include <limits>
#include <thread>

#include "acceptor.h"
#include "credentials.h"
#include "crew.h"
#include "health.h"

namespace rondo::wire {
namespace {

constexpr int kHandshakeMs = 10'000;

/// As gRPC takes it, where a number below 0 would be none.
int whole(std::uint64_t number) {
  return static_cast<int>(std::min<std::uint64_t>(number, std::numeric_limits<int>::max()));
}

std::int64_t now_us(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

/// A thread's events of some milliseconds: how much of that time it worked.
class Spell {
 public:
  bool is_over() { return ++events_ % kEvents == 0 && passed_us() >= kLeastUs; }
  std::int64_t busy_us() const { return now_us(CLOCK_THREAD_CPUTIME_ID) - busy_; }
  std::int64_t passed_us() const { return now_us(CLOCK_MONOTONIC) - began_; }

 private:
  static constexpr int kEvents = 64;
  static constexpr std::int64_t kLeastUs = 5'000;
  int events_ = 0;
  std::int64_t busy_ = now_us(CLOCK_THREAD_CPUTIME_ID), began_ = now_us(CLOCK_MONOTONIC);
};

class Server : public api::RpcServer {
 public:
  explicit Server(const api::RpcOptions& options) : health_(shared_, options.streams_max), crew_(options.threads) {}
  ~Server() override { stop(0); }

  bool start(const api::RpcOptions& options, api::RpcHost& host, std::string* wrong) {
    // They would tell each failed handshake, and each message that is none, on standard error,
    // where anybody could fill the disk.
    if (std::getenv("GRPC_VERBOSITY") == nullptr) {
      gpr_set_log_function([](gpr_log_func_args*) {});
      google::protobuf::SetLogHandler(nullptr);
    }
    acceptor_ = Acceptor::open(options.listen);
    if (!acceptor_) {
      *wrong = "cannot listen on " + options.listen;
      return false;
    }
    grpc::EnableDefaultHealthCheckService(false);
    grpc::ServerBuilder builder;
    auto taker = take_connections(options, host, builder);
    builder.RegisterService(&shared_.service);
    builder.RegisterService(&health_.service());
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (!server_) {
      *wrong = "gRPC does not start";
      queue_->Shutdown();
      void* tag = nullptr;
      bool good = false;
      while (queue_->Next(&tag, &good)) {
      }
      return false;
    }
    shared_.queue = queue_.get();
    shared_.host = &host;
    wait_for_infers(shared_);
    wait_for_asks(shared_);
    health_.begin();
    for (std::size_t i = 0; i < options.threads; ++i) {
      threads_.emplace_back([this, i] { serve(i); });
    }
    acceptor_->start(std::move(taker), host);
    return true;
  }

  int port() const override { return acceptor_->port(); }

  void stop(std::int64_t drain_us) override {
    if (!server_) return;
    acceptor_->stop();
    health_.end();
    server_->Shutdown(Clock::now() + std::chrono::microseconds(drain_us));
    shared_.pending.wait_for_none();  // what waits for the log still writes to the queue
    shared_.end();
    // gRPC ends the process that puts something on a queue that is shut down.
    shared_.calls.wait_for_none();
    queue_->Shutdown();
    for (std::thread& thread : threads_) thread.join();
    server_.reset();
  }

 private:
  using Taker = std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>;

  Taker take_connections(const api::RpcOptions& options, api::RpcHost& host,
                         grpc::ServerBuilder& builder) {
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, whole(options.streams_max));
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, whole(options.idle_ms));
    // Each of these is a filter, a counter or a ping that every call would pay for.
    for (const char* unused : {GRPC_ARG_ENABLE_CENSUS, GRPC_ARG_ENABLE_CHANNELZ,
                               GRPC_ARG_ENABLE_DEADLINE_CHECKS,
                               GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, GRPC_ARG_HTTP2_BDP_PROBE}) {
      builder.AddChannelArgument(unused, 0);
    }
    builder.SetMaxReceiveMessageSize(whole(options.message_max));
    builder.SetMaxSendMessageSize(-1);
    credentials_ = options.tls ? renewed_credentials(host) : grpc::InsecureServerCredentials();
    return builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials_);
  }

  void serve(std::size_t thread) {
    ::pthread_setname_np(::pthread_self(), ("rpc-" + std::to_string(thread)).c_str());
    shared_.host->begin_to_answer();
    crew_.wait(thread);
    void* tag = nullptr;
    bool good = false;
    Spell spell;
    while (queue_->Next(&tag, &good)) {
      auto* const event = static_cast<Event*>(tag);
      event->take_back();
      event->proceed(good, thread);
      if (!spell.is_over()) continue;
      if (!crew_.note(thread, spell.busy_us(), spell.passed_us())) crew_.wait(thread);
      spell = Spell();
    }
    crew_.end();
  }

  Shared shared_;
  Health health_;
  Crew crew_;
  std::unique_ptr<Acceptor> acceptor_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
};

}  // namespace
}  // namespace rondo::wire

extern "C" __attribute__((visibility("default"))) rondo::api::RpcServer* rondo_grpc_start_4(
    const rondo::api::RpcOptions& options, rondo::api::RpcHost& host, std::string* wrong) {
  auto server = std::make_unique<rondo::wire::Server>(options);
  if (!server->start(options, host, wrong)) return nullptr;
  return server.release();
}
