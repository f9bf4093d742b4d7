// Doors are replaced as a whole when one opens, so a request sees them as they were or as they are.
#include "api/house.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/server.h"
#include "base/clock.h"
#include "base/words.h"
#include "loop/storeless.h"

namespace rondo::api {
namespace {

constexpr Span kTryEvery = Span::seconds(5);

class Front : public loop::StorelessService {
 public:
  const loop::Config& config() const override { return config_; }
  std::string model_name() const override { return {}; }
  const deploy::Router& router() const override { return router_; }
  Result<std::shared_ptr<const deploy::Deployed>> version(std::int64_t) override {
    return fail(Code::kNotFound, "no project is named");
  }
  Result<std::vector<std::int64_t>> versions() const override {
    return std::vector<std::int64_t>();
  }
  loop::LoopNumbers numbers() const override { return {}; }
  void start() override {}
  void stop() override {}

 private:
  loop::Config config_;
  deploy::Router router_;
};

/// The text up to the next of `ends`.
std::string_view up_to(std::string_view text, std::string_view ends) {
  return text.substr(0, text.find_first_of(ends));
}

/// The page for people, and whether the program runs: what needs no project.
bool needs_no_project(std::string_view path) {
  return path == "/" || path == "/version" || path == "/ping" || path.starts_with("/console/") ||
         path.starts_with("/health") || path.starts_with("/v2/health/");
}

std::expected<void, Refusal> check_opening(const Progress& progress, std::string_view path) {
  if (needs_no_project(path)) return {};
  const Progress::Seen seen = progress.look();
  return std::unexpected(
      Refusal(503, "starting",
              seen.of == 0 ? std::string("the project is being opened")
                           : fmt::format("the project is being opened: {} of {} {} are read",
                                         grouped(seen.done), grouped(seen.of), seen.what),
              "ask again in a second; GET /health/ready tells how far it is")
          .with("Retry-After", "1"));
}

std::string folder_name(const io::Path& folder) {
  return std::filesystem::absolute(folder).lexically_normal().filename().string();
}

}  // namespace

struct House::Open {
  std::string name;
  std::unique_ptr<loop::Service> service;
  std::unique_ptr<App> app;  // ends before its service
};

struct House::Door {
  std::string name;
  io::Path folder;
  std::shared_ptr<Open> open;  // null: it is closed
  std::string reason;
};

Named named_project(std::string_view path) {
  for (const std::string_view before :
       {"/p/", "/v2/models/", "/v2/repository/models/", "/v1/models/"}) {
    if (!path.starts_with(before)) continue;
    const std::string_view rest = path.substr(before.size());
    const std::string_view name = up_to(rest, "/:");
    if (before == "/v2/models/" && rest == "stats") return {};
    Named out{decoded(name).value_or(""), 0};
    if (before == "/p/" && !out.name.empty()) out.base = before.size() + name.size();
    return out;
  }
  return {};
}

std::vector<App*> apps_of(App& app) {
  return app.house == nullptr ? std::vector<App*>{&app} : app.house->apps();
}

bool somebody_known(loop::Service& service) {
  const auto tokens = service.tokens();
  return !service.admin_token().empty() || (tokens && !tokens->all.empty());
}

bool House::somebody_known() const {
  if (progress_ != nullptr) return true;  // the server that follows asks the project
  const auto doors = doors_.take();
  return std::ranges::any_of(*doors, [](const Door& door) {
    return door.open && api::somebody_known(*door.open->service);
  });
}

std::vector<std::string> House::hosts() const {
  std::vector<std::string> out;
  for (const Door& door : *doors_.take()) {
    if (!door.open) continue;
    const auto& hosts = door.open->service->config().deploy.hosts;
    out.insert(out.end(), hosts.begin(), hosts.end());
  }
  return out;
}

House::House(HouseOptions options)
    : options_(std::move(options)), front_(std::make_unique<Front>()) {}

House::~House() { stop(); }

std::unique_ptr<House> House::opening(const Progress& progress) {
  auto house = std::unique_ptr<House>(new House({}));
  house->progress_ = &progress;
  house->doors_.publish(std::make_shared<const Doors>());
  return house;
}

Result<std::unique_ptr<House>> House::open(HouseOptions options) {
  auto house = std::unique_ptr<House>(new House(std::move(options)));
  Doors doors;
  for (const io::Path& folder : house->options_.folders) {
    const auto same = [&](const Door& other) {
      std::error_code ignored;
      return std::filesystem::equivalent(other.folder, folder, ignored);
    };
    if (std::ranges::any_of(doors, same)) {
      return fail(Code::kInvalidInput, fmt::format("{} is named twice", folder.string()),
                  "name each project once");
    }
    auto opened = house->try_open(folder, doors);
    if (opened) doors.push_back({(*opened)->name, folder, *opened, {}});
    else doors.push_back({folder_name(folder), folder, nullptr, opened.error().line()});
  }
  house->doors_.publish(std::make_shared<const Doors>(std::move(doors)));
  return house;
}

Result<std::shared_ptr<House::Open>> House::try_open(const io::Path& folder,
                                                     const Doors& others) const {
  const auto fs = io::real_fs();
  const loop::Config config = TRY(loop::load_config(*fs, folder));
  const std::string name = config.model_name();
  for (const Door& other : others) {
    if (other.folder != folder && other.open && other.name == name) {
      return fail(Code::kConflict,
                  fmt::format("{} serves the name \"{}\" already", other.folder.string(), name),
                  "give one of them another: [deploy] name");
    }
  }
  if (!config.deploy.tls.empty() && !options_.tls) {
    return fail(Code::kUnavailable, "[deploy] tls is set, and the common port speaks plain HTTP",
                "name a folder with cert.pem and key.pem: `rondo up DIR... --tls FOLDER`");
  }
  static_cast<void>(TRY(server_options(config.deploy)));
  auto open = std::make_shared<Open>();
  open->name = name;
  loop::ServiceOptions options{folder, options_.run_loop, "up", nullptr, options_.progress};
  if (options_.observer) {
    options.observer = [told = options_.observer, name](const Json& event) { told(name, event); };
  }
  open->service = TRY(loop::Service::open(options));
  return open;
}

void House::furnish(Open& open) const {
  const loop::DeployOptions& deploy = open.service->config().deploy;
  const auto options = server_options(deploy);  // was read at its opening
  open.app = std::make_unique<App>(*open.service, limits_of(*options), host_names_, threads_);
}

void House::furnish(std::size_t threads, std::vector<std::string> hosts) {
  threads_ = threads;
  host_names_ = std::move(hosts);
  for (const Door& door : *doors_.take()) {
    if (door.open) furnish(*door.open);
  }
}

void House::tell(const Door& door) const {
  if (!options_.told) return;
  std::string code;
  if (door.open && !door.open->service->admin_token().empty()) {
    code = door.open->app->access().sessions().new_code(monotonic_us());
  }
  options_.told({door.name, door.reason, code});
}

void House::start() {
  for (const Door& door : *doors_.take()) {
    if (door.open) door.open->service->start();
    tell(door);
  }
  porter_ = std::make_unique<Worker>("projects", [this](const Stop& stop) {
    for (sleep_for(kTryEvery, stop); !stop.requested(); sleep_for(kTryEvery, stop)) try_again();
  });
}

void House::try_again() {
  const auto before = doors_.take();
  for (std::size_t i = 0; i < before->size(); ++i) {
    if ((*before)[i].open) continue;
    auto doors = *doors_.take();
    Door& door = doors[i];
    auto opened = try_open(door.folder, doors);
    const std::string reason = opened ? "" : opened.error().line();
    const bool news = opened || reason != door.reason;
    door.reason = reason;
    if (opened) {
      furnish(**opened);
      (*opened)->service->start();
      if (draining_.requested()) (*opened)->app->draining.request();
      door.name = (*opened)->name;
      door.open = *opened;
    }
    const Door now = door;
    doors_.publish(std::make_shared<const Doors>(std::move(doors)));
    if (news) tell(now);
  }
}

void House::drain() {
  draining_.request();
  for (App* app : apps()) app->draining.request();
}

void House::stop() {
  porter_.reset();
  if (const auto doors = doors_.take()) {
    for (const Door& door : *doors) {
      if (door.open) door.open->service->stop();
    }
  }
}

std::vector<Room> House::rooms() const {
  std::vector<Room> out;
  for (const Door& door : *doors_.take()) {
    out.push_back({door.name, door.folder, door.open ? door.open->app.get() : nullptr,
                   door.reason});
  }
  return out;
}

std::vector<App*> House::apps() const {
  std::vector<App*> out;
  for (const Door& door : *doors_.take()) {
    if (door.open) out.push_back(door.open->app.get());
  }
  return out;
}

const House::Door* House::find(const Doors& doors, std::string_view name) const {
  const Door* closed = nullptr;
  for (const Door& door : doors) {
    if (door.name != name) continue;
    if (door.open) return &door;
    closed = &door;
  }
  return closed;
}

App& House::choose(App& front, Request& request) const {
  const Target target = parse_target(request.target);
  const Named named = named_project(target.path);
  if (named.name.empty()) return front;
  if (progress_ != nullptr) request.base = named.base;  // the page of a project that will open
  const auto doors = doors_.take();
  const Door* door = find(*doors, named.name);
  if (door == nullptr || !door->open) return front;
  request.base = named.base;
  return *door->open->app;
}

std::expected<void, Refusal> House::check(const Request& head, std::string_view path) const {
  const Named named = named_project(path);
  if (progress_ != nullptr) return check_opening(*progress_, path.substr(named.base));
  if (named.name.empty()) return {};
  const auto doors = doors_.take();
  const Door* door = find(*doors, named.name);
  const std::string shown = named.name.substr(0, 100);
  if (door == nullptr) {
    std::string names;
    for (const Door& one : *doors) names += (names.empty() ? "" : ", ") + one.name;
    return refuse(404, "not_found", fmt::format("there is no project \"{}\"", shown),
                  head.local ? "there are " + names : std::string());
  }
  // What is wrong in a folder is for those on this machine.
  return std::unexpected(
      Refusal(503, "unavailable",
              head.local ? fmt::format("the project \"{}\" is not served: {}", shown, door->reason)
                         : fmt::format("the project \"{}\" is not served now", shown),
              head.local ? "it is tried again every 5 seconds, and served once this is over" : "")
          .with("Retry-After", "5"));
}

}  // namespace rondo::api
