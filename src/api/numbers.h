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

struct RouteNumbers {
  std::array<std::uint64_t, std::size(kStatuses)> by_status{};
  std::array<std::uint64_t, kBuckets.size() + 1> by_time{};
  double seconds = 0;
  void add(int status, Span took);
  void add(const RouteNumbers& other);
};

struct Numbers {
  struct Input {
    std::uint64_t missing = 0, unseen = 0;
  };
  std::vector<RouteNumbers> routes;  // one a route of the table, then one for unknown paths
  std::map<std::int64_t, std::uint64_t> predictions;  // rows, by version
  std::map<std::string, Input> inputs;                // by column
  loop::FeedbackResult feedback;
  void add(const Numbers& other);
};

/// The whole text of /metrics. Pure. Shape: route_names has one name a route, the last for the
/// rest.
struct MetricsPage {
  std::string model, version, kernel;
  std::span<const std::string_view> route_names;
  Numbers numbers;
  loop::LoopNumbers loop;
  std::uint64_t in_flight = 0, connections = 0, log_written = 0, log_dropped = 0;
};
std::string to_text(const MetricsPage& page);

}  // namespace rondo::api
