// Two servers share the port for a moment, so nobody is refused between them.
#include "api/opening.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace rondo::api {
namespace {

constexpr Span kMoment = Span::millis(250);
constexpr Span kLastReplies = Span::millis(500);

ServerOptions small(ServerOptions options) {
  options.grpc.clear();
  options.threads = 1;
  options.drain = kLastReplies;
  return options;
}

}  // namespace

Opening::Opening(const ServerOptions& options, const Progress& progress,
                 std::function<void(std::uint16_t port)> told)
    : house_(House::opening(progress)),
      worker_("api-opening", [this, options = small(options),
                              told = std::move(told)](const Stop& stop) {
        sleep_for(kMoment, stop);
        if (stop.requested()) return;
        auto server = Server::start(options, *house_);
        if (!server) return;
        server_ = *std::move(server);
        told(server_->port());
      }) {}

ServerOptions Opening::follow(ServerOptions options) {
  worker_.request_stop();
  worker_.join();
  if (!server_) return options;
  const auto wish = loop::parse_listen(options.listen);
  if (!wish) return options;  // which is told when it listens
  const bool v6 = wish->host.find(':') != std::string::npos;
  options.listen = fmt::format("{}{}{}:{}", v6 ? "[" : "", wish->host, v6 ? "]" : "",
                               server_->port());
  options.takes_over = true;
  return options;
}

}  // namespace rondo::api
