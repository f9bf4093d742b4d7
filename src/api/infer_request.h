// What a request of the inference protocol asks for, read from its JSON: inputs or rows, the time,
// which outputs in which form. Shared memory and classification are refused, since ignoring them
// would answer something else; other unknown parameters are ignored.
#pragma once

#include "api/json_in.h"
#include "api/rpc.h"
#include "base/time.h"
#include "model/prepared.h"

namespace rondo::api {

enum class Output : std::uint8_t {
  kPrediction, kProbabilities, kQuantiles, kRawScore, kContributions, kIntervalLow, kIntervalHigh
};
inline constexpr std::string_view kOutputNames[] = {
    "prediction",    "probabilities", "quantiles",    "raw_score",
    "contributions", "interval_low",  "interval_high"};
/// The numbers of one answer, one an output of the model.
constexpr bool is_several(Output output) {
  return output == Output::kProbabilities || output == Output::kQuantiles;
}
constexpr bool is_interval(Output output) {
  return output == Output::kIntervalLow || output == Output::kIntervalHigh;
}
/// The output of that name. Errors: invalid_shape, also for one that the task does not have.
std::expected<Output, Refusal> output_named(std::string_view name, model::Task task);

struct InferRequest {
  struct Wish {
    Output output;
    bool binary = false;
  };
  std::optional<std::string_view> id;
  std::optional<Element> inputs, rows;  // one of them, in JSON
  std::optional<Time> time;             // parameters.time
  std::optional<Span> timeout;          // parameters.timeout, from the head of the request on
  std::vector<Wish> outputs;            // in the order in which they are answered
  bool wants(Output output) const;
  bool wants_interval() const {
    return wants(Output::kIntervalLow) || wants(Output::kIntervalHigh);
  }
};

/// What is answered to who names no output.
std::vector<InferRequest::Wish> usual_wishes(model::Task task, bool binary);

/// Errors: invalid_shape, also for an output that the task does not have, wrong_type,
/// duplicate_key, 501.
std::expected<InferRequest, Refusal> read_infer_request(const Element& root, model::Task task);

/// The same of gRPC's; its inputs are not among it.
std::expected<InferRequest, Refusal> read_infer_request(const RpcInfer& rpc, model::Task task);

/// The bytes of JSON before the binary tensors, by Inference-Header-Content-Length; none without
/// that header. Errors: 400 for one that is no number or longer than the body.
std::expected<std::optional<std::size_t>, Refusal> json_length(const Request& request);

}  // namespace rondo::api
