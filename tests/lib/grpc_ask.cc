// One call of a gRPC server, for tests in Python that have no client of their own.
// usage: grpc_ask ADDRESS SERVICE/METHOD [NAME=VALUE...] < request.json
// Prints {"code","message","reply","trailing"}: messages as protobuf's JSON, so bytes in base64.
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>

#include "health.pb.h"
#include "inference.pb.h"
#include "io/json.h"

namespace {

namespace pb = google::protobuf;

pb::Message* made(const pb::Descriptor* type) {
  return pb::MessageFactory::generated_factory()->GetPrototype(type)->New();
}

const pb::MethodDescriptor* find(std::string name) {
  // Named, so that the linker keeps their descriptions.
  static_cast<void>(inference::ModelInferRequest::descriptor());
  static_cast<void>(grpc::health::v1::HealthCheckRequest::descriptor());
  std::replace(name.begin(), name.end(), '/', '.');
  return pb::DescriptorPool::generated_pool()->FindMethodByName(name);
}

rondo::Json as_json(const pb::Message& message) {
  std::string text;
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!pb::util::MessageToJsonString(message, &text, options).ok()) return nullptr;
  return rondo::Json::parse(text);
}

rondo::Json call(const std::string& address, const std::string& name,
                    const pb::Message& request, pb::Message* reply,
                    const std::vector<std::string>& metadata) {
  const grpc::Slice bytes(request.SerializeAsString());
  const grpc::ByteBuffer sent(&bytes, 1);
  grpc::ByteBuffer got;
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  for (const std::string& one : metadata) {
    const auto equals = one.find('=');
    context.AddMetadata(one.substr(0, equals), one.substr(equals + 1));
  }
  grpc::CompletionQueue queue;
  grpc::Status status;
  const auto reader = stub.PrepareUnaryCall(&context, "/" + name, sent, &queue);
  reader->StartCall();
  reader->Finish(&got, &status, nullptr);
  void* tag = nullptr;
  bool good = false;
  queue.Next(&tag, &good);
  rondo::Json out = {{"code", status.error_code()}, {"message", status.error_message()}};
  if (!status.ok()) return out;
  grpc::Slice whole;
  if (!got.DumpToSingleSlice(&whole).ok() ||
      !reply->ParseFromArray(whole.begin(), static_cast<int>(whole.size()))) {
    return out;
  }
  out["reply"] = as_json(*reply);
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    out["trailing"][std::string(key.data(), key.size())] = std::string(value.data(), value.size());
  }
  return out;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> said(words + 1, words + count);
  const auto* const method = said.size() < 2 ? nullptr : find(said[1]);
  if (method == nullptr) {
    std::cerr << "usage: grpc_ask ADDRESS SERVICE/METHOD [NAME=VALUE...] < request.json\n";
    return 2;
  }
  const std::unique_ptr<pb::Message> request(made(method->input_type()));
  const std::unique_ptr<pb::Message> reply(made(method->output_type()));
  const std::string text((std::istreambuf_iterator<char>(std::cin)), {});
  const auto read = pb::util::JsonStringToMessage(text, request.get());
  if (!read.ok()) {
    std::cerr << "the request is no " << method->input_type()->full_name() << ": "
              << read.ToString() << '\n';
    return 2;
  }
  std::cout << call(said[0], said[1], *request, reply.get(), {said.begin() + 2, said.end()})
            << '\n';
  return 0;
}
