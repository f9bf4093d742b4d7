// GET /api/v1/events, and who tells those that wait.
#include "api/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/handlers.h"
#include "api/house.h"

namespace rondo::api {
namespace {

constexpr Span kLook = Span::millis(100);

/// What a page can see change, in short. The number of the newest fact comes first.
std::string seen_of(App& app) {
  const auto head = app.service().store().ledger->head();
  const auto routing = app.service().router().take();
  std::string out = fmt::format("{}/{}", head ? head->first : -1,
                                routing && routing->champion ? routing->champion->version : 0);
  for (const std::string& alert : app.service().numbers().alerts) out += "/" + alert;
  return out;
}

std::string event_of(std::string_view name, std::string_view seen) {
  return fmt::format("event: {}\ndata: {{\"sequence\":{}}}\n\n", name,
                     seen.substr(0, seen.find('/')));
}

}  // namespace

void Feed::tell(const std::string& text) {
  const Tell now = state_.with([&](State& state) {
    if (!state.tell) state.waits = text;
    return state.tell;
  });
  if (now) now(text);
}

void Feed::follow(Tell tell) {
  const std::string before = state_.with([&](State& state) {
    state.tell = tell;
    return std::exchange(state.waits, {});
  });
  if (!before.empty()) tell(before);
}

std::shared_ptr<Feed> Events::listen(const std::string& seen) {
  auto feed = std::make_shared<Feed>(count_);
  state_.with([&](State& state) {
    std::erase_if(state.feeds, [](const auto& one) { return one.expired(); });
    if (state.feeds.empty()) state.seen = seen;
    state.feeds.push_back(feed);
  });
  return feed;
}

void Events::look(const std::string& seen, const std::string& text) {
  const auto all = state_.with([&](State& state) {
    if (std::exchange(state.seen, seen) == seen) return std::vector<std::weak_ptr<Feed>>();
    return state.feeds;
  });
  for (const auto& one : all) {
    if (const auto feed = one.lock()) feed->tell(text);
  }
}

Teller::Teller(App& front) : front_(front) {
  worker_ = std::make_unique<Worker>("api-events", [this](const Stop& stop) {
    for (; !stop.requested(); sleep_for(kLook, stop)) look();
  });
}

void Teller::look() {
  for (App* app : apps_of(front_)) {
    if (app->events.listeners() == 0 || !app->service().has_store()) continue;
    const std::string seen = seen_of(*app);
    app->events.look(seen, event_of("change", seen));
  }
}

Reply get_events(Call& call) {
  if (call.app.draining.requested()) {
    return std::unexpected(
        Refusal(503, "unavailable", "the server ends", "ask again once it is back")
            .with("Retry-After", "2"));
  }
  if (call.app.events.listeners() >= call.app.limits().listeners_max) {
    const auto most = call.app.limits().listeners_max;
    return std::unexpected(Refusal(503, "unavailable", fmt::format("{} listen already", most),
                                   "ask GET /api/v1/status every few seconds")
                               .with("Retry-After", "10"));
  }
  Response response;
  response.type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  const std::string seen = seen_of(call.app);
  response.body = "retry: 2000\n" + event_of("hello", seen);
  response.close = true;  // it ends with its connection
  response.feed = call.app.events.listen(seen);
  return response;
}

}  // namespace rondo::api
