// Any bytes as the message of a gRPC inference: read, taken apart, answered or refused; never a
// fault of the program, and an answer's outputs fit their shapes.
#include <cstdlib>
#include <future>

#include "api/rpc_host.h"
#include "api/testing.h"
#include "tensors.h"

namespace {

using namespace rondo;  // NOLINT

struct Room {
  api::FakeService service{api::binary_pipeline()};
  api::App app{service, {}, {}, 2};
  api::Pool pool{1};
  std::unique_ptr<api::RpcHost> host =
      api::make_rpc_host(app, pool, {.first = 0, .threads = 1, .first_pool = 1});
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
  std::promise<void> answered;
  const auto look = [&](const api::RpcOutcome& outcome, const api::RpcAnswer& answer) {
    if (outcome.status == 500) std::abort();
    if (outcome.status == 200) {
      inference::ModelInferResponse response;
      wire::give(answer, taken.raw, &response);
      if (response.outputs_size() == 0) std::abort();
    }
    answered.set_value();
  };
  const api::RpcCaller who{.authorization = {}, .token = {}, .split_key = {}, .dry_run = {},
                            .local = true};
  room.host->infer(0, who, taken.infer, look);
  answered.get_future().wait();
  room.service.logged.with([](auto& rows) { rows.clear(); });
  return 0;
}
