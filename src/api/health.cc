// Is the program alive, does a model answer, which version is it, what are its numbers.
#include "api/console.h"
#include "api/handlers.h"
#include "api/house.h"
#include "api/routes.h"
#include "deploy/router.h"
#include "model/kernel.h"

namespace rondo::api {
namespace {

Response with_status(int status, std::string body, std::string_view type = "application/json") {
  Response response;
  response.status = status;
  response.type = type;
  response.body = std::move(body);
  return response;
}

std::string metrics_of(App& app) {
  MetricsPage page;
  page.model = app.service().model_name();
  page.version = kVersion;
  page.kernel = name_of(model::chosen_kernel().value_or(model::Kernel::kScalar));
  page.route_names = route_names();
  page.numbers = app.numbers();
  page.loop = app.service().numbers();
  const auto routing = app.service().router().take();
  page.champion = routing && routing->champion ? routing->champion->version : 0;
  if (routing && routing->trial && routing->trial->share != 0) {
    page.challenger = routing->trial->other->version;
    page.share = routing->trial->share / static_cast<double>(deploy::kWhole);
  }
  const App::Tls tls = app.tls.with([](const App::Tls& now) { return now; });
  page.certificate_ends = tls.ends;
  if (page.loop.alert.empty()) page.loop.alert = tls.alert;
  page.in_flight = app.in_flight.get();
  page.connections = app.connections.get() + app.rpc_connections.get();
  page.log_written = app.service().log_written();
  page.log_dropped = app.service().log_dropped();
  page.log_left_out = app.service().log_left_out();
  return to_text(page);
}

}  // namespace

Reply get_live(Call&) { return with_status(200, "{\"status\":\"alive\"}\n"); }

Reply get_ready(Call& call) {
  if (const Progress* progress = call.app.house ? call.app.house->progress() : nullptr) {
    const Progress::Seen seen = progress->look();
    return with_status(503, io::canonical({{"status", "starting"},
                                           {"what", std::string(seen.what)},
                                           {"done", seen.done},
                                           {"of", seen.of}}) + "\n");
  }
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
  std::vector<std::string> pages;
  for (App* app : apps_of(call.app)) pages.push_back(metrics_of(*app));
  return with_status(200, merged(pages), "text/plain; version=0.0.4; charset=utf-8");
}

Reply get_projects(Call& call) {
  std::vector<Room> rooms;
  if (call.app.house != nullptr) rooms = call.app.house->rooms();
  else rooms.push_back({call.app.service().model_name(), {}, &call.app, {}});
  Json list = Json::array();
  for (const Room& room : rooms) {
    Json one = {{"name", room.name}, {"state", "closed"}, {"version", nullptr}};
    one["url"] = call.app.house == nullptr ? "/" : "/p/" + encoded(room.name) + "/";
    if (!room.folder.empty()) one["folder"] = room.folder.string();
    if (room.app == nullptr) {
      one["reason"] = room.reason;
    } else {
      const auto routing = room.app->service().router().take();
      const bool ready = routing && routing->champion;
      one["state"] = ready ? "serving" : "no model yet";
      if (ready) one["version"] = routing->champion->version;
      one["alerts"] = room.app->service().numbers().alerts;
    }
    list.push_back(std::move(one));
  }
  return with_status(200, io::canonical({{"projects", list}}) + "\n");
}

Reply get_root(Call& call) {
  const auto accept = call.request.header("Accept");
  if (!accept || accept->find("text/html") == accept->npos) {
    return with_status(200, "{\"status\":\"alive\"}\n");
  }
  const std::string_view target = call.request.target;
  if (call.request.base != 0 && target.size() == call.request.base) {
    Response away = with_status(308, "");  // the page's files stand beside it
    away.headers.emplace_back("Location", std::string(target) + "/");
    return away;
  }
  return console_file(call.request, "index.html");
}

Reply get_console(Call& call) { return console_file(call.request, call.params[0]); }

}  // namespace rondo::api
