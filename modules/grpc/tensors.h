// Tensors of the wire's messages as the program takes and gives them: values as bytes.
#pragma once

#include <deque>

#include "api/rpc.h"
#include "inference.pb.h"

namespace rondo::wire {

/// A request that cannot be: INVALID_ARGUMENT with this text.
struct Wrong {
  std::string text;
};

/// A request as the program takes it. Views point into the message and into `kept`.
struct Taken {
  api::RpcInfer infer;
  std::deque<std::string> kept;  // values that were not sent raw
  bool raw = false;              // so are the outputs then
  std::size_t bytes = 0;         // of all tensors

  /// Empties it; its memory is used again.
  void clear() {
    infer.inputs.clear();
    infer.outputs.clear();
    infer.time = {};
    kept.clear();
    raw = false;
    bytes = 0;
  }
};

/// Fills what is empty. False, and what is wrong: raw and typed contents together, a list that is not the datatype's,
/// a number that the datatype cannot hold.
bool take(const inference::ModelInferRequest& request, Taken* out, Wrong* wrong);

/// Writes outputs: raw, or in the list of their datatype.
void give(const api::RpcAnswer& answer, bool raw, inference::ModelInferResponse* response);

}  // namespace rondo::wire
