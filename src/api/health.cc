// Is the program alive, does a model answer, which version is it, what are its numbers.
#include "api/handlers.h"
#include "api/page.h"
#include "api/routes.h"
#include "deploy/router.h"
#include "model/kernel.h"

namespace rondo::api {
namespace {

bool is_ready(const App& app) {
  const auto routing = app.service().router().take();
  return routing && routing->champion && !app.draining.requested();
}

Response with_status(int status, std::string body, std::string_view type = "application/json") {
  Response response;
  response.status = status;
  response.type = type;
  response.body = std::move(body);
  return response;
}

}  // namespace

Reply get_live(Call&) { return with_status(200, "{\"status\":\"alive\"}\n"); }

Reply get_ready(Call& call) {
  const bool ready = is_ready(call.app);
  return with_status(ready ? 200 : 503,
                     ready ? "{\"status\":\"ready\"}\n" : "{\"status\":\"not ready\"}\n");
}

Reply get_ping(Call& call) {
  return with_status(is_ready(call.app) ? 200 : 503, "\n", "text/plain; charset=utf-8");
}

Reply get_version(Call&) {
  return with_status(200, "{\"version\":\"" + std::string(kVersion) + "\"}\n");
}

Reply get_metrics(Call& call) {
  MetricsPage page;
  page.model = call.app.service().model_name();
  page.version = kVersion;
  page.kernel = name_of(model::chosen_kernel().value_or(model::Kernel::kScalar));
  page.route_names = route_names();
  page.numbers = call.app.numbers();
  page.loop = call.app.service().numbers();
  const auto routing = call.app.service().router().take();
  page.champion = routing && routing->champion ? routing->champion->version : 0;
  if (routing && routing->trial && routing->trial->share != 0) {
    page.challenger = routing->trial->other->version;
    page.share = routing->trial->share / static_cast<double>(deploy::kWhole);
  }
  const App::Tls tls = call.app.tls.with([](const App::Tls& now) { return now; });
  page.certificate_ends = tls.ends;
  if (page.loop.alert.empty()) page.loop.alert = tls.alert;
  page.in_flight = call.app.in_flight.get();
  page.connections = call.app.connections.get();
  page.log_written = call.app.service().log_written();
  page.log_dropped = call.app.service().log_dropped();
  page.log_left_out = call.app.service().log_left_out();
  return with_status(200, to_text(page), "text/plain; version=0.0.4; charset=utf-8");
}

Reply get_root(Call& call) {
  const auto accept = call.request.header("Accept");
  if (!accept || accept->find("text/html") == accept->npos) {
    return with_status(200, "{\"status\":\"alive\"}\n");
  }
  return project_page(call.app.service());
}

}  // namespace rondo::api
