// Inferences. A call that was answered is used again for the next one, messages and all, so that
// one of ordinary size allocates next to nothing of its own.
#include <optional>
#include <vector>

#include "calls.h"
#include "tensors.h"

namespace rondo::wire {

class InferCall;

/// Threads: any.
class Rested {
 public:
  std::unique_ptr<InferCall> take() {
    const std::scoped_lock lock(guard_);
    if (calls_.empty()) return nullptr;
    auto call = std::move(calls_.back());
    calls_.pop_back();
    return call;
  }
  void put(std::unique_ptr<InferCall> call) {
    const std::scoped_lock lock(guard_);
    if (calls_.size() < kMost) calls_.push_back(std::move(call));
  }

 private:
  static constexpr std::size_t kMost = 64;
  std::mutex guard_;
  std::vector<std::unique_ptr<InferCall>> calls_;
};

/// The queue owns it from wait() on, until its last event.
class InferCall : public Event {
 public:
  explicit InferCall(Shared& shared) : shared_(shared) {}

  static void wait_for_next(Shared& shared) {
    shared.unless_ending([&] {
      auto call = shared.rested->take();
      if (!call) call = std::make_unique<InferCall>(shared);
      call.release()->wait();
    });
  }

  void proceed(bool good, std::size_t thread) override {
    if (!good || answered_) return rest();
    answered_ = true;
    wait_for_next(shared_);
    answer(thread);
  }

 private:
  static constexpr std::size_t kMostBytesKept = 16 << 10;  // of tensors, that one holds on to

  /// What gRPC makes for one call only.
  struct Wire {
    explicit Wire(Shared& shared) : counted(shared) {}
    const Counted counted;
    grpc::ServerContext context;
    grpc::ServerAsyncResponseWriter<inference::ModelInferResponse> writer{&context};
  };

  void wait() {
    wire_.emplace(shared_);
    hand_over();
    shared_.service.RequestModelInfer(&wire_->context, &request_, &wire_->writer, shared_.queue,
                                      shared_.queue, this);
  }

  void rest() {
    std::unique_ptr<InferCall> own(this);
    wire_.reset();
    if (taken_.bytes > kMostBytesKept) return;
    answered_ = false;
    taken_.clear();
    request_.Clear();
    reply_.Clear();
    shared_.rested->put(std::move(own));
  }

  void refuse(const grpc::Status& status) {
    hand_over();
    wire_->writer.FinishWithError(status, this);
  }

  void answer(std::size_t thread) {
    Wrong wrong;
    const std::int64_t left = left_us(wire_->context);
    if (left == 0) return refuse(too_late());
    if (!take(request_, &taken_, &wrong)) {
      return refuse({grpc::StatusCode::INVALID_ARGUMENT, wrong.text});
    }
    taken_.infer.timeout_us = left;
    shared_.pending.add();
    shared_.host->infer(thread, caller_of(wire_->context), taken_.infer,
                        [this](const api::RpcOutcome& outcome, const api::RpcAnswer& answer) {
                          Shared& shared = shared_;  // the call may rest before this returns
                          finish(outcome, answer);
                          shared.pending.done();
                        });
  }

  void finish(const api::RpcOutcome& outcome, const api::RpcAnswer& answer) {
    grpc::ServerContext& context = wire_->context;
    if (outcome.status != 200) {
      say_when(context, outcome);
      return refuse(status_of(outcome));
    }
    context.AddTrailingMetadata("rondo-model-version", std::string(answer.version));
    context.AddTrailingMetadata("rondo-prediction-id", std::string(answer.prediction));
    give(answer, taken_.raw, &reply_);
    hand_over();
    wire_->writer.Finish(reply_, grpc::Status::OK, this);
  }

  Shared& shared_;
  std::optional<Wire> wire_;
  inference::ModelInferRequest request_;
  inference::ModelInferResponse reply_;
  Taken taken_;
  bool answered_ = false;
};

void wait_for_infers(Shared& shared) {
  shared.rested = std::make_shared<Rested>();
  for (int i = 0; i < kWaiting; ++i) InferCall::wait_for_next(shared);
}

}  // namespace rondo::wire
