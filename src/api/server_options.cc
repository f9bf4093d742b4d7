// What `[deploy]` says, as options of a server and limits of an app.
#include "api/app.h"
#include "api/server.h"
#include "base/words.h"

namespace rondo::api {

Limits limits_of(const ServerOptions& options) {
  Limits limits;
  limits.body_max = options.body_max;
  limits.rows_max = options.rows_max;
  limits.in_flight_max = options.in_flight_max;
  limits.queue_max = options.queue_max;
  limits.quota = options.quota;
  limits.durable = options.durable;
  limits.terse = options.terse;
  return limits;
}

Result<ServerOptions> server_options(const loop::DeployOptions& deploy) {
  ServerOptions options;
  options.listen = deploy.listen;
  options.grpc = deploy.grpc;
  options.hosts = deploy.hosts;
  options.threads = static_cast<int>(deploy.threads);
  options.body_max = TRY(during(parse_size(deploy.body_max), "reading [deploy] body_max"));
  options.rows_max = static_cast<std::uint64_t>(deploy.rows_max);
  options.in_flight_max = static_cast<std::uint64_t>(deploy.in_flight_max);
  options.quota = {deploy.quota_requests, deploy.quota_rows, deploy.quota_burst};
  options.drain = deploy.drain;
  options.durable = deploy.log_ack == "durable";
  options.terse = deploy.errors == "terse";
  return options;
}

}  // namespace rondo::api
