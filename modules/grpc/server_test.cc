// The gRPC server as a client sees it, against the service of api/testing.h: each call, each way to
// send a tensor, each refusal with its code.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <future>

#include "api/rpc_host.h"
#include "api/testing.h"
#include "api/tls.h"
#include "base/clock.h"
#include "base/worker.h"
#include "crew.h"
#include "health.grpc.pb.h"
#include "inference.grpc.pb.h"

// Linked, not opened: one process takes the descriptions of the messages once.
extern "C" rondo::api::RpcServer* rondo_grpc_start_4(const rondo::api::RpcOptions& options,
                                                     rondo::api::RpcHost& host, std::string* wrong);

namespace rondo::wire {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;

std::string bytes_of(double value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

constexpr std::size_t kThreads = 2;
constexpr std::uint64_t kConnections = 3, kStreams = 5;

api::RpcPlaces places() {
  return {.first = 0, .threads = kThreads, .first_pool = kThreads,
          .connections_max = kConnections};
}

api::Limits limits() {
  api::Limits out;
  out.body_max = 64 << 10;
  out.rows_max = 4;
  return out;
}
api::Limits durable_limits() {
  api::Limits out = limits();
  out.durable = true;
  return out;
}
api::Limits one_at_once() {
  api::Limits out = durable_limits();
  out.in_flight_max = 1;
  return out;
}
api::Limits with_quota() {
  api::Limits out = limits();
  out.quota.requests = 1e-6;
  return out;
}

/// What the scheduler was told of the calling thread.
std::uint64_t turn_ns() {
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime_ns, deadline_ns, period_ns;
  } told{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, &told, sizeof told, 0U), 0);
  return told.runtime_ns;
}

/// Notes what the thread that answers told the scheduler.
struct Service : api::FakeService {
  Service() : FakeService(api::binary_pipeline()) {}
  bool log(std::span<const ledger::Prediction> rows) override {
    turn.add(turn_ns() - turn.get());
    return FakeService::log(rows);
  }
  Counter turn;
};

class GrpcServer : public ::testing::Test {
 protected:
  explicit GrpcServer(const api::Limits& own = limits()) : app_(service_, own, {}, kThreads + 1) {}
  void SetUp() override {
    start({});
    connect(grpc::InsecureChannelCredentials());
  }
  virtual void start(api::RpcOptions options) {
    options.listen = "127.0.0.1:0";
    options.threads = kThreads;
    options.message_max = 64 << 10;
    options.streams_max = kStreams;
    std::string wrong;
    server_.reset(rondo_grpc_start_4(options, *host_, &wrong));
    ASSERT_TRUE(server_) << wrong;
  }
  /// A connection of its own.
  void connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                         credentials, own);
    stub_ = inference::GRPCInferenceService::NewStub(channel_);
  }

  /// Rows of (a, b) as typed lists.
  static ModelInferRequest typed(const std::vector<double>& a, const std::vector<double>& b) {
    ModelInferRequest request;
    request.set_model_name("bikes");
    for (const auto& [name, values] : {std::pair("a", a), std::pair("b", b)}) {
      auto* input = request.add_inputs();
      input->set_name(name);
      input->set_datatype("FP64");
      input->add_shape(static_cast<std::int64_t>(values.size()));
      for (const double value : values) input->mutable_contents()->add_fp64_contents(value);
    }
    return request;
  }
  static ModelInferRequest raw(double a, double b) {
    ModelInferRequest request = typed({a}, {b});
    for (auto& input : *request.mutable_inputs()) input.clear_contents();
    request.add_raw_input_contents(bytes_of(a));
    request.add_raw_input_contents(bytes_of(b));
    return request;
  }
  grpc::Status infer(const ModelInferRequest& request, grpc::ClientContext* context = nullptr) {
    grpc::ClientContext own;
    reply_.Clear();
    return stub_->ModelInfer(context != nullptr ? context : &own, request, &reply_);
  }
  /// "CODE: message" of what was refused.
  void refused(grpc::StatusCode code, const std::string& word, const ModelInferRequest& request) {
    const grpc::Status status = infer(request);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_NE(status.error_message().find(word), std::string::npos) << status.error_message();
  }

  Service service_;
  api::App app_;
  api::Pool pool_{1};
  std::unique_ptr<api::RpcHost> host_ = api::make_rpc_host(app_, pool_, places());
  std::unique_ptr<api::RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  ModelInferResponse reply_;
};

TEST_F(GrpcServer, TypedInGivesTypedOut) {
  ModelInferRequest request = typed({-1, 2}, {0, 0});
  request.set_id("mine");
  const grpc::Status status = infer(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply_.model_name(), "bikes");
  EXPECT_EQ(reply_.model_version(), "3");
  EXPECT_EQ(reply_.id(), "mine");
  EXPECT_EQ(reply_.raw_output_contents_size(), 0);
  ASSERT_EQ(reply_.outputs_size(), 2);
  EXPECT_EQ(reply_.outputs(0).name(), "prediction");
  EXPECT_EQ(reply_.outputs(0).datatype(), "BYTES");
  EXPECT_EQ(reply_.outputs(0).contents().bytes_contents(0), "DOWN");
  EXPECT_EQ(reply_.outputs(0).contents().bytes_contents(1), "UP");
  EXPECT_EQ(reply_.outputs(1).shape(1), 2);
  service_.logged.with([&](const auto& rows) {
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].probabilities[1], reply_.outputs(1).contents().fp64_contents(1));
    EXPECT_EQ(rows[1].id, reply_.parameters().at("prediction_id").string_param() + ".1");
  });
}

TEST_F(GrpcServer, RawInGivesRawOutWithTheSameBits) {
  ASSERT_TRUE(infer(typed({2}, {0})).ok());
  const double expected = reply_.outputs(1).contents().fp64_contents(1);
  ModelInferRequest request = raw(2, 0);
  request.add_outputs()->set_name("probabilities");
  grpc::ClientContext context;
  const grpc::Status status = infer(request, &context);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(reply_.outputs_size(), 1);
  EXPECT_FALSE(reply_.outputs(0).has_contents());
  ASSERT_EQ(reply_.raw_output_contents_size(), 1);
  EXPECT_EQ(reply_.raw_output_contents(0), bytes_of(1 - expected) + bytes_of(expected));
  const auto& trailing = context.GetServerTrailingMetadata();
  EXPECT_EQ(trailing.find("rondo-model-version")->second, "3");
  EXPECT_EQ(trailing.find("rondo-prediction-id")->second,
            reply_.parameters().at("prediction_id").string_param());
}

TEST_F(GrpcServer, OtherDatatypesHaveListsOfTheirOwn) {
  ModelInferRequest request = typed({2}, {0});
  auto* input = request.mutable_inputs(1);
  input->set_datatype("INT8");
  input->mutable_contents()->Clear();
  input->mutable_contents()->add_int_contents(-7);
  EXPECT_TRUE(infer(request).ok());
  input->mutable_contents()->set_int_contents(0, 128);
  refused(grpc::StatusCode::INVALID_ARGUMENT, "that INT8 cannot hold", request);
  input->set_datatype("UINT64");
  refused(grpc::StatusCode::INVALID_ARGUMENT, "not that of UINT64", request);
  input->mutable_contents()->Clear();
  input->mutable_contents()->add_uint64_contents(7);
  EXPECT_TRUE(infer(request).ok());
  input->set_datatype("FP16");
  refused(grpc::StatusCode::INVALID_ARGUMENT, "raw_input_contents only", request);
  input->mutable_contents()->Clear();
  input->set_datatype("FP32");
  refused(grpc::StatusCode::INVALID_ARGUMENT, "\"b\"", request);  // no value for one row
}

TEST_F(GrpcServer, WhatCannotBeIsRefused) {
  ModelInferRequest both = raw(2, 0);
  both.mutable_inputs(0)->mutable_contents()->add_fp64_contents(2);
  refused(grpc::StatusCode::INVALID_ARGUMENT, "one or the other", both);
  ModelInferRequest few = raw(2, 0);
  few.mutable_raw_input_contents()->RemoveLast();
  refused(grpc::StatusCode::INVALID_ARGUMENT, "2 inputs and 1", few);
  ModelInferRequest shape = raw(2, 0);
  shape.mutable_inputs(0)->set_shape(0, -1);
  refused(grpc::StatusCode::INVALID_ARGUMENT, "\"a\"", shape);
  shape.mutable_inputs(0)->set_shape(0, std::int64_t{1} << 60);
  refused(grpc::StatusCode::RESOURCE_EXHAUSTED, "rows are too many", shape);
  ModelInferRequest other = raw(2, 0);
  other.set_model_name("no/such model");
  refused(grpc::StatusCode::NOT_FOUND, "no/such model", other);
  other.set_model_name("bikes");
  other.set_model_version("9");
  refused(grpc::StatusCode::NOT_FOUND, "version", other);
  refused(grpc::StatusCode::RESOURCE_EXHAUSTED, "rows", typed({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}));
  ModelInferRequest classes = raw(2, 0);
  auto* wish = classes.add_outputs();
  wish->set_name("prediction");
  (*wish->mutable_parameters())["classification"].set_int64_param(1);
  refused(grpc::StatusCode::UNIMPLEMENTED, "classification", classes);
  ModelInferRequest large = raw(2, 0);
  large.set_id(std::string(65 << 10, 'x'));
  refused(grpc::StatusCode::RESOURCE_EXHAUSTED, "", large);
}

TEST_F(GrpcServer, DeadlinesHold) {
  grpc::ClientContext late;
  late.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(infer(raw(2, 0), &late).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  grpc::ClientContext roomy;
  roomy.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  EXPECT_TRUE(infer(raw(2, 0), &roomy).ok());
}

TEST_F(GrpcServer, ADryRunOfADeployerLeavesNothingBehind) {
  grpc::ClientContext nobody, deployer;
  nobody.AddMetadata("rondo-dry-run", "true");
  EXPECT_EQ(infer(raw(2, 0), &nobody).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  deployer.AddMetadata("rondo-dry-run", "true");
  deployer.AddMetadata("rondo-token", std::string(api::kAdminToken));
  EXPECT_TRUE(infer(raw(2, 0), &deployer).ok());
  service_.logged.with([](const auto& rows) { EXPECT_TRUE(rows.empty()); });
  EXPECT_TRUE(infer(raw(2, 0)).ok());
  service_.logged.with([](const auto& rows) { EXPECT_EQ(rows.size(), 1U); });
}

TEST_F(GrpcServer, WhatAnswersHasItsProcessorAtOnce) {
  std::uint64_t wished = 0;
  Worker model("model", [&](const Stop&) {
    answer_first();
    wished = turn_ns();
  });
  model.join();
  ASSERT_TRUE(infer(raw(2, 0)).ok());
  EXPECT_EQ(service_.turn.get(), wished);
}

/// Answers wait until they are on the disk.
class DurableGrpcServer : public GrpcServer {
 protected:
  DurableGrpcServer() : GrpcServer(durable_limits()) {}
};

/// One answer may wait for the disk.
class BusyGrpcServer : public GrpcServer {
 protected:
  BusyGrpcServer() : GrpcServer(one_at_once()) {}
};

TEST_F(BusyGrpcServer, WhoIsOneTooManyIsToldWhenToComeAgain) {
  service_.hold_done.add();
  grpc::Status first;
  Worker asker("asker", [&](const Stop&) {
    grpc::ClientContext context;
    ModelInferResponse reply;
    first = stub_->ModelInfer(&context, raw(2, 0), &reply);
  });
  const auto held = [&] {
    return service_.held_done.with([](auto& all) { return std::exchange(all, {}); });
  };
  auto done = held();
  for (; done.empty(); done = held()) sleep_for(Span::millis(1), Stop());
  grpc::ClientContext second, live;
  const grpc::Status over = infer(raw(2, 0), &second);
  EXPECT_EQ(over.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(over.error_message().find("in flight"), std::string::npos) << over.error_message();
  const auto& trailing = second.GetServerTrailingMetadata();
  ASSERT_TRUE(trailing.contains("grpc-retry-pushback-ms"));
  EXPECT_EQ(trailing.find("grpc-retry-pushback-ms")->second, "1000");
  inference::ServerLiveResponse alive;
  EXPECT_TRUE(stub_->ServerLive(&live, {}, &alive).ok()) << "health is never shed";
  done[0](true);
  asker.join();
  EXPECT_TRUE(first.ok()) << first.error_message();
}

/// Each token has one request, and the next in eleven days.
class GrpcServerWithQuota : public GrpcServer {
 protected:
  GrpcServerWithQuota() : GrpcServer(with_quota()) {}
};

TEST_F(GrpcServerWithQuota, IsUsedUp) {
  EXPECT_TRUE(infer(raw(2, 0)).ok());
  grpc::ClientContext context;
  EXPECT_EQ(infer(raw(2, 0), &context).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(context.GetServerTrailingMetadata().contains("grpc-retry-pushback-ms"));
  refused(grpc::StatusCode::RESOURCE_EXHAUSTED, "quota: who shows no token", raw(2, 0));
}

/// With a certificate, which a test may renew.
class SecureGrpcServer : public GrpcServer {
 protected:
  void SetUp() override {
    renew("first");
    tls_ = std::move(api::TlsFiles::open(folder_.path(), wall_clock_now()).value());
    host_ = api::make_rpc_host(app_, pool_, places(), tls_.get());
    api::RpcOptions options;
    options.tls = true;
    start(options);
  }
  ~SecureGrpcServer() override { server_.reset(); }
  void renew(const std::string& name) {
    const std::string at = folder_.path().string();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 "
        "-subj /CN=" + name + " -addext subjectAltName=IP:127.0.0.1 -keyout " + at +
        "/key.pem -out " + at + "/cert.pem 2> /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::shared_ptr<grpc::ChannelCredentials> trusting() {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = io::real_fs()->read(folder_ / "cert.pem").value();
    return grpc::SslCredentials(options);
  }

  io::Scratch folder_;
  std::unique_ptr<api::TlsFiles> tls_;
};

TEST_F(SecureGrpcServer, AnswersWhoTrustsItsCertificateAndRenewsIt) {
  const auto first = trusting();
  connect(first);
  EXPECT_TRUE(infer(raw(2, 0)).ok());
  const auto kept = std::move(stub_);
  connect(grpc::InsecureChannelCredentials());
  EXPECT_EQ(infer(raw(2, 0)).error_code(), grpc::StatusCode::UNAVAILABLE);
  renew("second");
  ASSERT_TRUE(tls_->follow(wall_clock_now()));
  connect(first);
  EXPECT_EQ(infer(raw(2, 0)).error_code(), grpc::StatusCode::UNAVAILABLE);
  connect(trusting());
  const grpc::Status renewed = infer(raw(2, 0));
  EXPECT_TRUE(renewed.ok()) << renewed.error_message();
  grpc::ClientContext context;
  EXPECT_TRUE(kept->ModelInfer(&context, raw(2, 0), &reply_).ok()) << "who was connected stays so";
}

TEST_F(DurableGrpcServer, WhatMustBeLoggedIsNotAnsweredWithout) {
  EXPECT_TRUE(infer(raw(2, 0)).ok());
  service_.log_breaks.add();
  refused(grpc::StatusCode::UNAVAILABLE, "", raw(2, 0));
}

TEST_F(GrpcServer, TheServerAndTheModelAreDescribed) {
  grpc::ClientContext c[5];
  inference::ServerLiveResponse live;
  ASSERT_TRUE(stub_->ServerLive(&c[0], {}, &live).ok());
  EXPECT_TRUE(live.live());
  inference::ServerReadyResponse ready;
  ASSERT_TRUE(stub_->ServerReady(&c[1], {}, &ready).ok());
  EXPECT_TRUE(ready.ready());
  inference::ServerMetadataResponse server;
  ASSERT_TRUE(stub_->ServerMetadata(&c[2], {}, &server).ok());
  EXPECT_EQ(server.name(), "rondo");
  EXPECT_GT(server.extensions_size(), 0);
  inference::ModelMetadataRequest named;
  named.set_name("bikes");
  named.set_version("3");
  inference::ModelMetadataResponse model;
  ASSERT_TRUE(stub_->ModelMetadata(&c[3], named, &model).ok());
  EXPECT_EQ(model.platform(), "rondo");
  ASSERT_EQ(model.inputs_size(), 2);
  EXPECT_EQ(model.inputs(0).datatype(), "FP64");
  EXPECT_EQ(model.inputs(0).shape(0), -1);
  EXPECT_EQ(model.outputs(1).name(), "probabilities");
  inference::ModelReadyRequest asked;
  asked.set_name("bikes");
  inference::ModelReadyResponse answers;
  ASSERT_TRUE(stub_->ModelReady(&c[4], asked, &answers).ok());
  EXPECT_TRUE(answers.ready());
}

TEST_F(GrpcServer, StatisticsAndTheRepository) {
  ASSERT_TRUE(infer(raw(2, 0)).ok());
  grpc::ClientContext c[5];
  inference::ModelStatisticsRequest asked;
  inference::ModelStatisticsResponse stats;
  ASSERT_TRUE(stub_->ModelStatistics(&c[0], asked, &stats).ok());
  ASSERT_GE(stats.model_stats_size(), 1);
  EXPECT_EQ(stats.model_stats(0).version(), "3");
  EXPECT_EQ(stats.model_stats(0).inference_count(), 1U);
  EXPECT_EQ(stats.model_stats(0).inference_stats().success().count(), 1U);
  inference::RepositoryIndexResponse index;
  ASSERT_TRUE(stub_->RepositoryIndex(&c[1], {}, &index).ok());
  ASSERT_EQ(index.models_size(), 2);
  EXPECT_EQ(index.models(0).state(), "UNAVAILABLE");
  EXPECT_EQ(index.models(1).state(), "READY");
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("bikes");
  (*load.mutable_parameters())["version"].set_string_param("2");
  inference::RepositoryModelLoadResponse done;
  EXPECT_EQ(stub_->RepositoryModelLoad(&c[2], load, &done).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  c[3].AddMetadata("authorization", "Bearer " + std::string(api::kAdminToken));
  const grpc::Status loaded = stub_->RepositoryModelLoad(&c[3], load, &done);
  EXPECT_TRUE(loaded.ok()) << loaded.error_message();
  inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("bikes");
  (*unload.mutable_parameters())["version"].set_string_param("2");
  inference::RepositoryModelUnloadResponse gone;
  c[4].AddMetadata("authorization", "Bearer " + std::string(api::kAdminToken));
  EXPECT_TRUE(stub_->RepositoryModelUnload(&c[4], unload, &gone).ok());
}

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class GrpcHealth : public GrpcServer {
 protected:
  void SetUp() override {
    GrpcServer::SetUp();
    health_ = grpc::health::v1::Health::NewStub(channel_);
  }
  static HealthCheckRequest about(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request;
  }
  /// "CODE" of what was refused, else the number of the status.
  int check(const std::string& service) {
    grpc::ClientContext context;
    HealthCheckResponse response;
    const grpc::Status status = health_->Check(&context, about(service), &response);
    return status.ok() ? response.status() : -status.error_code();
  }
  /// The next status that a stream tells; -1: it ended.
  static int next(grpc::ClientReader<HealthCheckResponse>& stream) {
    HealthCheckResponse response;
    return stream.Read(&response) ? response.status() : -1;
  }
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

TEST_F(GrpcHealth, ACheckTellsWhetherAModelAnswers) {
  EXPECT_EQ(check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("inference.GRPCInferenceService"), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("nobody"), -grpc::StatusCode::NOT_FOUND);
  service_.publish({});
  EXPECT_EQ(check(""), HealthCheckResponse::NOT_SERVING);
  service_.deploy(4, api::binary_pipeline());
  EXPECT_EQ(check(""), HealthCheckResponse::SERVING);
  app_.draining.request();
  EXPECT_EQ(check("inference.GRPCInferenceService"), HealthCheckResponse::NOT_SERVING);
}

TEST_F(GrpcHealth, AWatchTellsEachChangeAndEndsWithTheServer) {
  grpc::ClientContext context;
  const auto stream = health_->Watch(&context, about(""));
  EXPECT_EQ(next(*stream), HealthCheckResponse::SERVING);
  service_.publish({});
  EXPECT_EQ(next(*stream), HealthCheckResponse::NOT_SERVING);
  service_.deploy(4, api::binary_pipeline());
  EXPECT_EQ(next(*stream), HealthCheckResponse::SERVING);
  Worker ending("ending", [&](const Stop&) { server_->stop(60'000'000); });
  EXPECT_EQ(next(*stream), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(next(*stream), -1);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  ending.join();
}

TEST_F(GrpcHealth, WhoWatchesAnUnknownServiceIsToldSoAndMayLeave) {
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    const auto stream = health_->Watch(&context, about("nobody"));
    EXPECT_EQ(next(*stream), HealthCheckResponse::SERVICE_UNKNOWN);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(check(""), HealthCheckResponse::SERVING);
}

TEST_F(GrpcHealth, WatchersHaveALimit) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<HealthCheckResponse>>> streams;
  for (std::size_t i = 0; i <= kStreams; ++i) {
    if (i == kStreams) connect(grpc::InsecureChannelCredentials());  // a connection has as many
    health_ = grpc::health::v1::Health::NewStub(channel_);
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(health_->Watch(contexts.back().get(), about("")));
    EXPECT_EQ(next(*streams.back()), i < kStreams ? HealthCheckResponse::SERVING : -1);
  }
  EXPECT_EQ(streams.back()->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (const auto& context : contexts) context->TryCancel();
}

TEST_F(GrpcHealth, ItEndsWhileClientsAreAtIt) {
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    start({});
    connect(grpc::InsecureChannelCredentials());
    health_ = grpc::health::v1::Health::NewStub(channel_);
    ASSERT_EQ(check(""), HealthCheckResponse::SERVING);
    std::vector<std::future<void>> clients;
    clients.push_back(std::async(std::launch::async, [&] {
      ModelInferResponse reply;
      for (grpc::Status status; status.ok();) {
        grpc::ClientContext context;
        status = stub_->ModelInfer(&context, raw(2, 0), &reply);
      }
    }));
    clients.push_back(std::async(std::launch::async, [&] {
      while (check("") == HealthCheckResponse::SERVING) {
      }
    }));
    clients.push_back(std::async(std::launch::async, [&] {
      int said = 0;
      while (said != -1) {
        grpc::ClientContext context;
        const auto stream = health_->Watch(&context, about(""));
        said = next(*stream);
        context.TryCancel();
      }
    }));
    sleep_for(Span::millis(round % 8));
    server_->stop(0);
    for (auto& client : clients) client.get();
  }
}

/// Connections are idle soon.
class IdleGrpcServer : public GrpcHealth {
 protected:
  void start(api::RpcOptions options) override {
    options.idle_ms = 1000;
    GrpcServer::start(options);
  }
};

TEST_F(IdleGrpcServer, AConnectionWithoutACallEndsAndOneThatWatchesStays) {
  grpc::ClientContext context;
  const auto stream = health_->Watch(&context, about(""));
  EXPECT_EQ(next(*stream), HealthCheckResponse::SERVING);
  connect(grpc::InsecureChannelCredentials());
  ASSERT_TRUE(infer(raw(2, 0)).ok());
  while (app_.rpc_connections.get() == 2) sleep_for(Span::millis(5));
  service_.publish({});
  EXPECT_EQ(next(*stream), HealthCheckResponse::NOT_SERVING) << "it waits for news";
  service_.deploy(4, api::binary_pipeline());
  EXPECT_TRUE(infer(raw(2, 0)).ok()) << "gRPC's client connects again by itself";
  context.TryCancel();
}

TEST_F(GrpcServer, OneConnectionTooManyIsClosedAndTheOthersGoOn) {
  const auto shed = [&] {
    return app_.numbers().shed[static_cast<std::size_t>(api::Shed::kConnections)];
  };
  std::vector<std::shared_ptr<grpc::Channel>> kept;
  ASSERT_TRUE(infer(raw(2, 0)).ok());
  for (std::uint64_t i = 1; i < kConnections; ++i) {
    kept.push_back(channel_);
    connect(grpc::InsecureChannelCredentials());
    ASSERT_TRUE(infer(raw(2, 0)).ok()) << i;
  }
  kept.push_back(channel_);
  EXPECT_EQ(app_.rpc_connections.get(), kConnections);
  EXPECT_EQ(shed(), 0U);
  connect(grpc::InsecureChannelCredentials());
  EXPECT_EQ(infer(raw(2, 0)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GE(shed(), 1U);
  EXPECT_EQ(app_.rpc_connections.get(), kConnections);
  stub_ = inference::GRPCInferenceService::NewStub(kept[0]);
  EXPECT_TRUE(infer(raw(2, 0)).ok()) << "who is connected stays so";
  // Whoever leaves makes room; gRPC's client tries again by itself.
  stub_.reset();
  kept.clear();
  stub_ = inference::GRPCInferenceService::NewStub(channel_);
  grpc::ClientContext patient;
  patient.set_wait_for_ready(true);
  const grpc::Status status = infer(raw(2, 0), &patient);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(GrpcServer, WhatTakesLongIsAnsweredByAWorker) {
  std::promise<void> busy, free;
  ASSERT_TRUE(pool_.post([&](std::size_t) {
    busy.set_value();
    free.get_future().wait();
  }));
  busy.get_future().wait();
  ModelInferRequest explained = raw(2, 0);
  explained.add_outputs()->set_name("contributions");
  grpc::Status status;
  Worker asker("asker", [&](const Stop&) {
    grpc::ClientContext context;
    ModelInferResponse reply;
    status = stub_->ModelInfer(&context, explained, &reply);
  });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(infer(raw(2, 0)).ok()) << "nobody stands behind it";
  free.set_value();
  asker.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(CrewSize, AThreadMoreWorksWhenOneHasNoTimeLeftAndLeavesWhenItHasLittleToDo) {
  CrewSize crew(3);
  EXPECT_EQ(crew.at_work(), 1U);
  crew.note(0, 900, 1000);
  EXPECT_EQ(crew.at_work(), 1U) << "nine tenths are not all";
  crew.note(0, 901, 1000);
  EXPECT_EQ(crew.at_work(), 2U);
  crew.note(0, 299, 1000);
  EXPECT_EQ(crew.at_work(), 2U) << "only the last one may leave";
  crew.note(1, 300, 1000);
  EXPECT_EQ(crew.at_work(), 2U);
  crew.note(1, 299, 1000);
  EXPECT_EQ(crew.at_work(), 1U);
  crew.note(0, 0, 1000);
  EXPECT_EQ(crew.at_work(), 1U) << "one always works";
  for (int i = 0; i < 5; ++i) crew.note(0, 1000, 1000);
  EXPECT_EQ(crew.at_work(), 3U) << "and never more than there are";
}

TEST(Crew, WhoIsNotAtWorkWaitsForItsTurnOrTheEnd) {
  Crew crew(3);
  std::vector<int> came;
  Worker second("second", [&](const Stop&) {
    crew.wait(1);
    came.push_back(1);
  });
  EXPECT_TRUE(crew.note(0, 1000, 1000));
  second.join();
  EXPECT_FALSE(crew.note(1, 0, 1000));
  Worker third("third", [&](const Stop&) { crew.wait(2); });
  crew.end();
  third.join();
  EXPECT_EQ(came, std::vector<int>{1});
}

TEST_F(GrpcServer, AnAddressThatIsTakenIsSaid) {
  api::RpcOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server_->port());
  std::string wrong;
  EXPECT_EQ(rondo_grpc_start_4(options, *host_, &wrong), nullptr);
  EXPECT_EQ(wrong, "cannot listen on " + options.listen);
}

TEST_F(GrpcServer, AfterTheStopNobodyAnswers) {
  ASSERT_TRUE(infer(raw(2, 0)).ok());
  server_->stop(5'000'000);
  EXPECT_EQ(infer(raw(2, 0)).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace rondo::wire
