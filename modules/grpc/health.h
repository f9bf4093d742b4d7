// grpc.health.v1 on the server's own queue: gRPC's own service would poll the network with threads
// of its own, which take calls from ours. Whether the program is ready is asked at each check, and
// ten times a second while somebody watches.
#pragma once

#include <grpcpp/alarm.h>

#include <unordered_set>

#include "calls.h"
#include "health.grpc.pb.h"

namespace rondo::wire {

class WatchCall;

class Health {
 public:
  /// Answers for the server ("") and for its service by name. `watchers_max`: streams at once.
  Health(Shared& shared, std::size_t watchers_max);
  ~Health();
  grpc::health::v1::Health::AsyncService& service() { return service_; }
  /// Waits for calls. The queue has begun.
  void begin();
  /// From now on nothing is served: watchers are told so, then their streams end.
  void end();

 private:
  friend class CheckCall;
  friend class WatchCall;
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;
  class Look : public Event {
   public:
    explicit Look(Health& health) : health_(health) {}
    void proceed(bool, std::size_t) override { health_.look(); }

   private:
    Health& health_;
  };

  Status status_of(const std::string& service) const;
  void look();
  void look_again();

  Shared& shared_;
  const std::size_t watchers_max_;
  grpc::health::v1::Health::AsyncService service_;
  Look looking_{*this};
  std::mutex guard_;  // of all below, and of every watcher
  grpc::Alarm alarm_;
  std::unordered_set<WatchCall*> watchers_;
  bool looks_ = false, ended_ = false;
};

}  // namespace rondo::wire
