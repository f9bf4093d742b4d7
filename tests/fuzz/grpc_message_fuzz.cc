// Any bytes as the message of a gRPC inference: read, taken apart, answered or refused; never a
// fault of the program, and an answer's outputs fit their shapes.
#include <cstdlib>

#include "api/rpc_host.h"
#include "api/testing.h"
#include "tensors.h"

namespace {

using namespace rondo;  // NOLINT

struct Room {
  api::FakeService service{api::binary_pipeline()};
  api::App app{service, {}, {}, 1};
  std::unique_ptr<api::RpcHost> host = api::make_rpc_host(app, 0, 1);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Room room;
  inference::ModelInferRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  wire::Taken taken;
  wire::Wrong wrong;
  if (!wire::take(request, &taken, &wrong)) {
    if (wrong.text.empty()) std::abort();
    return 0;
  }
  room.host->infer(0, {.authorization = {}, .token = {}, .split_key = {}, .local = true},
                   taken.infer, [&](api::RpcOutcome&& outcome, api::RpcAnswer&& answer) {
                     if (outcome.status == 500) std::abort();
                     if (outcome.status != 200) return;
                     inference::ModelInferResponse response;
                     wire::give(answer, taken.raw, &response);
                     if (response.outputs_size() == 0) std::abort();
                   });
  room.service.logged.with([](auto& rows) { rows.clear(); });
  return 0;
}
