// A watcher is a stream that ends when its client, or the server, wants no more of it. It has up to
// three events under way (its end, a message, the closing of the stream) and goes after the last.
#include "health.h"

#include <optional>

namespace rondo::wire {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

namespace {

constexpr auto kEvery = std::chrono::milliseconds(100);
constexpr std::size_t kMostName = 200;  // bytes

bool is_known(const std::string& service) {
  return service.empty() || service == inference::GRPCInferenceService::service_full_name();
}

}  // namespace

class CheckCall : public Event {
 public:
  explicit CheckCall(Health& health) : health_(health) {
    auto* queue = health_.shared_.queue;
    health_.service_.RequestCheck(&context_, &request_, &writer_, queue, queue, this);
  }
  void proceed(bool good, std::size_t) override {
    if (!good || answered_) {
      delete this;
      return;
    }
    answered_ = true;
    health_.shared_.unless_ending([this] { new CheckCall(health_); });
    if (!is_known(request_.service())) {
      return writer_.FinishWithError(
          {grpc::StatusCode::NOT_FOUND,
           "there is no service \"" + request_.service().substr(0, kMostName) + "\""},
          this);
    }
    HealthCheckResponse reply;
    {
      const std::scoped_lock lock(health_.guard_);
      reply.set_status(health_.status_of(request_.service()));
    }
    writer_.Finish(reply, grpc::Status::OK, this);
  }

 private:
  Health& health_;
  const Counted counted_{health_.shared_};
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncResponseWriter<HealthCheckResponse> writer_{&context_};
  bool answered_ = false;
};

class WatchCall {
 public:
  explicit WatchCall(Health& health) : health_(health) {
    auto* queue = health_.shared_.queue;
    context_.AsyncNotifyWhenDone(&gone_);
    health_.service_.RequestWatch(&context_, &request_, &writer_, queue, queue, &asked_);
  }

  /// Sends the status if it is news. Under the health's guard.
  void tell() {
    if (writing_ || finishing_) return;
    const Health::Status now = health_.status_of(request_.service());
    if (now != told_) {
      told_ = now;
      HealthCheckResponse message;
      message.set_status(now);
      writing_ = true;
      ++under_way_;
      writer_.Write(message, &written_);
    } else if (health_.ended_) {
      finish({grpc::StatusCode::UNAVAILABLE, "the server is about to end"});
    }
  }

 private:
  /// One of the events of the stream.
  class Step : public Event {
   public:
    using What = void (WatchCall::*)(bool good);
    Step(WatchCall& call, What what) : call_(call), what_(what) {}
    void proceed(bool good, std::size_t) override { call_.step(what_, good); }

   private:
    WatchCall& call_;
    What what_;
  };

  void step(Step::What what, bool good) {
    bool last = false;
    {
      const std::scoped_lock lock(health_.guard_);
      --under_way_;
      (this->*what)(good);
      last = under_way_ == 0;
      if (last) health_.watchers_.erase(this);
    }
    if (last) delete this;
  }

  void on_asked(bool good) {
    if (!good) return;  // then its end is no event either
    ++under_way_;       // its end
    health_.shared_.unless_ending([this] { new WatchCall(health_); });
    if (health_.watchers_.size() >= health_.watchers_max_) {
      return finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch already"});
    }
    health_.watchers_.insert(this);
    tell();
    health_.look_again();
  }
  void on_written(bool good) {
    writing_ = false;
    if (good) return tell();
    finish(grpc::Status::CANCELLED);
  }
  void on_gone(bool) {
    if (!writing_) finish(grpc::Status::CANCELLED);
  }
  void on_finished(bool) {}

  void finish(const grpc::Status& status) {
    if (finishing_) return;
    finishing_ = true;
    ++under_way_;
    writer_.Finish(status, &finished_);
  }

  Health& health_;
  const Counted counted_{health_.shared_};
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer_{&context_};
  Step asked_{*this, &WatchCall::on_asked}, written_{*this, &WatchCall::on_written},
      gone_{*this, &WatchCall::on_gone}, finished_{*this, &WatchCall::on_finished};
  std::optional<Health::Status> told_;
  int under_way_ = 1;  // events
  bool writing_ = false, finishing_ = false;
};

Health::Health(Shared& shared, std::size_t watchers_max)
    : shared_(shared), watchers_max_(watchers_max) {}

Health::~Health() = default;

void Health::begin() {
  for (int i = 0; i < kWaiting; ++i) {
    new CheckCall(*this);
    new WatchCall(*this);
  }
}

void Health::end() {
  const std::scoped_lock lock(guard_);
  ended_ = true;
  alarm_.Cancel();
  for (WatchCall* watcher : watchers_) watcher->tell();
}

Health::Status Health::status_of(const std::string& service) const {
  if (!is_known(service)) return HealthCheckResponse::SERVICE_UNKNOWN;
  const bool serves = !ended_ && shared_.host->ready();
  return serves ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void Health::look() {
  const std::scoped_lock lock(guard_);
  looks_ = false;
  for (WatchCall* watcher : watchers_) watcher->tell();
  look_again();
}

/// Under the guard.
void Health::look_again() {
  if (looks_ || ended_ || watchers_.empty()) return;
  looks_ = true;
  shared_.unless_ending([this] { alarm_.Set(shared_.queue, Clock::now() + kEvery, &looking_); });
}

}  // namespace rondo::wire
