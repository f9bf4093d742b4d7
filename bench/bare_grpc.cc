// The yardstick of bench/run grpc, and its client. `serve` is an asynchronous grpc++ server as one
// would write it: one thread, one completion queue; it reads the raw numbers, adds them up, and
// answers as many bytes in the same form, an id in the body and in the trailing metadata included;
// with `lean` no id and no metadata. It scores nothing and keeps nothing. `load` keeps so many
// calls under way, one a connection, and prints one line of JSON.
// usage: bare_grpc serve PORT [lean]
//        bare_grpc load PORT CONNECTIONS SECONDS MODEL COLUMNS
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "inference.grpc.pb.h"

namespace {

using inference::GRPCInferenceService;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using Clock = std::chrono::steady_clock;

constexpr char kId[] = "AAAAAQAAAAAAAAAAAAABAAAAAAAAAAAAAAAA";  // of the length of ours

class Call {
 public:
  Call(GRPCInferenceService::AsyncService& service, grpc::ServerCompletionQueue& queue, bool lean)
      : service_(service), queue_(queue), lean_(lean), writer_(&context_) {
    service_.RequestModelInfer(&context_, &request_, &writer_, &queue_, &queue_, this);
  }
  void proceed(bool good) {
    if (!good || answered_) {
      delete this;
      return;
    }
    new Call(service_, queue_, lean_);
    double sum = 0;
    const std::string& raw = request_.raw_input_contents(0);
    for (std::size_t i = 0; i + sizeof sum <= raw.size(); i += sizeof sum) {
      double x = 0;
      std::memcpy(&x, raw.data() + i, sizeof x);
      sum += x;
    }
    ModelInferResponse reply;
    reply.set_model_name(request_.model_name());
    reply.set_model_version("1");
    if (!lean_) {
      (*reply.mutable_parameters())["prediction_id"].set_string_param(kId);
      context_.AddTrailingMetadata("rondo-model-version", "1");
      context_.AddTrailingMetadata("rondo-prediction-id", kId);
    }
    auto* const output = reply.add_outputs();
    output->set_name("prediction");
    output->set_datatype("FP64");
    output->add_shape(1);
    reply.add_raw_output_contents(&sum, sizeof sum);
    answered_ = true;
    writer_.Finish(reply, grpc::Status::OK, this);
  }

 private:
  GRPCInferenceService::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  const bool lean_;
  grpc::ServerContext context_;
  ModelInferRequest request_;
  grpc::ServerAsyncResponseWriter<ModelInferResponse> writer_;
  bool answered_ = false;
};

int serve(const std::string& port, bool lean) {
  GRPCInferenceService::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  constexpr int kWaiting = 16;
  for (int i = 0; i < kWaiting; ++i) new Call(service, *queue, lean);
  void* tag = nullptr;
  bool good = false;
  while (queue->Next(&tag, &good)) static_cast<Call*>(tag)->proceed(good);
  return 0;
}

/// One connection with one call under way.
struct Client {
  std::unique_ptr<GRPCInferenceService::Stub> stub;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<ModelInferResponse>> reader;
  ModelInferResponse reply;
  grpc::Status status;
  Clock::time_point began;

  void ask(const ModelInferRequest& request, grpc::CompletionQueue& queue) {
    began = Clock::now();
    context = std::make_unique<grpc::ClientContext>();
    reader = stub->AsyncModelInfer(context.get(), request, &queue);
    reader->Finish(&reply, &status, this);
  }
  /// Of the message, and of the metadata behind it.
  std::size_t bytes() const {
    std::size_t sum = reply.ByteSizeLong();
    for (const auto& [name, value] : context->GetServerTrailingMetadata()) {
      sum += name.size() + value.size();
    }
    return sum;
  }
  bool right() const {
    return status.ok() && reply.raw_output_contents_size() == 1 &&
           reply.raw_output_contents(0).size() == sizeof(double) && reply.outputs_size() == 1 &&
           reply.outputs(0).name() == "prediction";
  }
};

int load(const std::string& port, int connections, int seconds, const std::string& model,
         int columns) {
  ModelInferRequest request;
  request.set_model_name(model);
  auto* const input = request.add_inputs();
  input->set_name("x");
  input->set_datatype("FP64");
  input->add_shape(1);
  input->add_shape(columns);
  std::string* const raw = request.add_raw_input_contents();
  for (int i = 0; i < columns; ++i) {
    const double x = 0.1 * i - 1;
    raw->append(reinterpret_cast<const char*>(&x), sizeof x);
  }
  grpc::CompletionQueue queue;
  std::vector<Client> clients(static_cast<std::size_t>(connections));
  for (Client& client : clients) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    client.stub = GRPCInferenceService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(), own));
    client.ask(request, queue);
  }
  const auto began = Clock::now(), end = began + std::chrono::seconds(seconds);
  std::vector<double> took;
  std::size_t wrong = 0, bytes = 0, open = clients.size();
  void* tag = nullptr;
  bool good = false;
  while (open > 0 && queue.Next(&tag, &good)) {
    auto& client = *static_cast<Client*>(tag);
    const auto now = Clock::now();
    took.push_back(std::chrono::duration<double, std::milli>(now - client.began).count());
    if (!client.right()) ++wrong;
    if (bytes == 0) bytes = client.bytes();
    if (now < end) {
      client.ask(request, queue);
    } else {
      --open;
    }
  }
  const double spent = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(took.begin(), took.end());
  std::cout << "{\"requests\": " << took.size() << ", \"seconds\": " << spent
            << ", \"wrong\": " << wrong << ", \"reply_bytes\": " << bytes
            << ", \"p99_ms\": " << took[took.size() * 99 / 100] << "}\n";
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> said(words + 1, words + count);
  if (said.size() == 2 && said[0] == "serve") return serve(said[1], false);
  if (said.size() == 3 && said[0] == "serve" && said[2] == "lean") return serve(said[1], true);
  if (said.size() == 6 && said[0] == "load") {
    return load(said[1], std::atoi(words[3]), std::atoi(words[4]), said[4], std::atoi(words[6]));
  }
  std::cerr << "usage: bare_grpc serve PORT [lean] | load PORT CONNECTIONS SECONDS MODEL COLUMNS\n";
  return 2;
}
