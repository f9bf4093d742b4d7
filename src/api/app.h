// What handlers work with: the project's service, limits, access, numbers, and each thread's own
// buffers. One App serves one project; it knows nothing of sockets.
#pragma once

#include <deque>
#include <set>

#include "api/access.h"
#include "api/backtests.h"
#include "api/events.h"
#include "api/input_ranges.h"
#include "api/json_in.h"
#include "api/numbers.h"
#include "api/quota.h"
#include "api/target.h"
#include "base/guarded.h"
#include "base/worker.h"
#include "loop/service.h"

namespace rondo::api {

struct Limits {
  std::uint64_t body_max = 16ULL << 20;  // bytes
  std::uint64_t rows_max = 100'000;      // a request
  std::uint64_t in_flight_max = 1024;    // requests
  std::uint64_t asks_max = 4;            // acts that wait for the loop
  std::uint64_t searches_max = 1;        // readings of the whole prediction log
  std::uint64_t readings_max = 2;        // looks at rows of the project at once
  std::uint64_t listeners_max = 200;     // who waits for events
  std::size_t queue_max = 256;           // requests that wait for a worker of the pool
  Quota quota{};                         // of each token
  bool durable = false;                  // answers wait until their record is on disk
  bool terse = false;                    // refusals name no column, but to a deployer
};

class House;

/// What one thread keeps from request to request.
struct Scratch {
  std::uint16_t thread = 0;    // part of the ids that it makes
  std::uint64_t sequence = 0;
  JsonReader json;
  std::vector<model::Cell> cells;
  std::deque<std::string> texts;  // of cells that had to be rewritten
  std::vector<ledger::Prediction> rows;
  std::vector<double> raw, contributions;  // of the rows, when they are wanted
  InputRanges ranges;
  model::InputCounts counts;
  Guarded<Numbers> numbers;
};

class App {
 public:
  /// Makes a Scratch for each of `threads` threads.
  App(loop::Service& service, const Limits& limits, std::span<const std::string> hosts,
      std::size_t threads);

  loop::Service& service() const { return service_; }
  const Limits& limits() const { return limits_; }
  const Access& access() const { return access_; }
  Quotas& quotas() { return quotas_; }
  Backtests& backtests() { return backtests_; }
  Scratch& scratch(std::size_t thread) { return *scratches_[thread]; }
  std::size_t threads() const { return scratches_.size(); }
  Numbers numbers() const;  // of all threads

  Counter in_flight, connections, handshakes, asks, searches, readings;
  Events events;
  Counter rpc_connections;  // of gRPC
  Counter unkept;  // answers that wait for the log
  Guarded<std::set<std::int64_t>> loading;  // versions on their way into memory
  /// Of the certificate: what is wrong with it (empty: nothing), and when it ends (0: no TLS).
  struct Tls {
    std::string alert;
    Time ends{};
  };
  Guarded<Tls> tls;
  const House* house = nullptr;  // of the front of several projects
  Stop draining;  // requested: not ready, connections end with their reply

 private:
  loop::Service& service_;
  Limits limits_;
  Access access_;
  Quotas quotas_;
  Backtests backtests_;
  std::vector<std::unique_ptr<Scratch>> scratches_;
};

/// Whether a model answers: of several projects, of one of them.
bool is_ready(App& app);

/// Counts one up while it lives.
class Held {
 public:
  explicit Held(Counter& counter) : counter_(&counter), before_(counter.next()) {}
  Held(Held&& other) noexcept
      : counter_(std::exchange(other.counter_, nullptr)), before_(other.before_) {}
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (counter_ != nullptr) counter_->sub();
  }
  std::uint64_t before() const { return before_; }  // how many there were already

 private:
  Counter* counter_;
  std::uint64_t before_;
};

/// One request on its way through a handler.
struct Call {
  App& app;
  Scratch& scratch;
  Request& request;
  const Params& params;
  std::string_view path, query;
  Principal who;
  std::int64_t started_us = 0;  // when its head was whole
  std::int64_t entered_us = 0;  // when the handler was called
  Span queued{};                // how long it waited for a worker
};

#ifndef RONDO_VERSION
#define RONDO_VERSION "0.0.0"  // outside of the build
#endif
inline constexpr std::string_view kVersion = RONDO_VERSION;

}  // namespace rondo::api
