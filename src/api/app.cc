// One project's API at work.
#include "api/app.h"

#include <algorithm>

#include "api/house.h"
#include "api/routes.h"

namespace rondo::api {

App::App(loop::Service& service, const Limits& limits, std::span<const std::string> hosts,
         std::size_t threads)
    : service_(service),
      limits_(limits),
      access_(hosts, service.admin_token(),
              [&service] { return Holders{service.tokens(), service.now()}; }),
      quotas_(limits.quota) {
  for (std::size_t i = 0; i < threads; ++i) {
    scratches_.push_back(std::make_unique<Scratch>());
    scratches_.back()->thread = static_cast<std::uint16_t>(i);
    scratches_.back()->numbers.with([](Numbers& n) { n.routes.resize(route_names().size()); });
  }
}

Numbers App::numbers() const {
  Numbers sum;
  for (const auto& scratch : scratches_) {
    scratch->numbers.with([&](const Numbers& numbers) { sum.add(numbers); });
  }
  return sum;
}

bool is_ready(App& app) {
  return std::ranges::any_of(apps_of(app), [](const App* one) {
    const auto routing = one->service().router().take();
    return routing && routing->champion && !one->draining.requested();
  });
}

}  // namespace rondo::api
