// What the API counts. Each thread has its own, so that counting never waits for another thread; a
// scrape adds them up. Names and texts of the metrics: metrics.cc.
#pragma once

#include <array>
#include <map>
#include <string>

#include "api/http.h"
#include "loop/service.h"

namespace rondo::api {

/// Upper ends of the buckets of request_seconds; the last bucket has none. Units: seconds.
inline constexpr std::array kBuckets = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                        0.01,    0.025,  0.05,    0.1,    0.25,  1.0,    5.0};

/// A histogram of times.
struct Times {
  std::array<std::uint64_t, kBuckets.size() + 1> buckets{};
  double seconds = 0;
  void add(Span took);
  void add(const Times& other);
  std::uint64_t count() const;
};

/// How often, and how long in all.
struct Taken {
  std::uint64_t count = 0;
  std::int64_t us = 0;
  void add(Span took);
  void add(const Taken& other);
};

struct RouteNumbers {
  std::array<std::uint64_t, std::size(kStatuses)> by_status{};
  Times by_time;
  void add(int status, Span took);
  void add(const RouteNumbers& other);
};

/// What one version answered. The parts are those of the inference protocol's statistics: waiting
/// for a worker, reading the rows, scoring them, writing the reply.
struct VersionNumbers {
  std::uint64_t rows = 0;
  std::array<std::uint64_t, std::size(ledger::kArmNames)> by_arm{};  // of them
  Time last{};  // answered last; 0: never
  Taken success, fail, queue, input, infer, output;
  Times by_time;  // of scoring
  void add(const VersionNumbers& other);
};

/// Why a request was sent away unheard.
enum class Shed : std::uint8_t { kInFlight, kLag, kConnections, kHandshakes, kQueue, kQuota };
inline constexpr std::string_view kShedNames[] = {"in_flight", "lag", "connections", "handshakes",
                                                   "queue",     "quota"};

struct Numbers {
  struct Input {
    std::uint64_t missing = 0, unseen = 0, out_of_range = 0;
  };
  std::vector<RouteNumbers> routes;  // one a route of the table, then one for unknown paths
  std::map<std::int64_t, VersionNumbers> versions;
  std::map<std::string, Input> inputs;  // by column
  std::map<std::string, std::uint64_t> unjoined;  // rows without a fact, by the other table
  std::array<std::uint64_t, std::size(kShedNames)> shed{};
  loop::FeedbackResult feedback;
  loop::PushResult pushed;  // its counts
  void add(const Numbers& other);
};

/// The whole text of /metrics. Pure. Shape: route_names has one name a route, the last for the
/// rest.
struct MetricsPage {
  std::string model, version, kernel;
  std::span<const std::string_view> route_names;
  Numbers numbers;
  loop::LoopNumbers loop;
  std::int64_t champion = 0;  // 0: none
  std::int64_t challenger = 0;  // with a share of the unnamed requests; 0: none
  double share = 0;             // in [0, 1]
  Time certificate_ends{};      // 0: no TLS
  std::uint64_t in_flight = 0, connections = 0, log_written = 0, log_dropped = 0,
                log_left_out = 0;
};
std::string to_text(const MetricsPage& page);
/// Pages of several models as one: each family once, with the lines of all.
std::string merged(std::span<const std::string> pages);

}  // namespace rondo::api
