// GET /api/v1/backtest, POST /api/v1/backtest/start, /stop, /adopt: policies measured on the
// recorded history, and one of them put to work. Adopting writes one line of rondo.toml and records
// who said so.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/json_in.h"
#include "api/shown.h"
#include "loop/choice.h"
#include "loop/policy.h"

namespace rondo::api {
namespace {

constexpr std::size_t kMostPolicies = 12;

/// Errors: 400 for one that is none.
std::expected<std::string, Refusal> policy_of(App& app, const Element& element) {
  std::string name(TRY(text_of(element, "a policy")));
  const loop::Config& config = app.service().config();
  if (name == "own") return name;
  const auto policy = loop::Policy::make(name, config.loop, config.collect.min_rows);
  if (!policy) return std::unexpected(Refusal(policy.error()));
  return name;
}

std::expected<Backtests::Wish, Refusal> wish_of(Call& call) {
  constexpr std::array<std::string_view, 2> kNames = {"policies", "from"};
  std::array<std::optional<Element>, kNames.size()> found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kNames, found, Others::kRefused));
  Array list;
  if (!found[0] || found[0]->get(list) != simdjson::SUCCESS || list.size() == 0 ||
      list.size() > kMostPolicies) {
    return bad_shape("\"policies\" must be a list of 1 to 12 policies",
                     R"(like {"policies": ["never", "cron:7d", "own"]})");
  }
  Backtests::Wish wish;
  wish.project = call.app.service().store().folder.parent_path();
  for (const Element element : list) wish.policies.push_back(TRY(policy_of(call.app, element)));
  if (found[1]) wish.from = std::string(TRY(text_of(*found[1], "\"from\"")));
  if (!wish.from.empty() && !parse_time(wish.from)) {
    return wrong_type("\"from\" must be a time", "like 2026-11-30");
  }
  return wish;
}

}  // namespace

Reply get_backtest(Call& call) { return shown(call.app.backtests().view()); }

Reply post_backtest(Call& call) {
  TRY(call.app.backtests().start(TRY(wish_of(call))));
  return shown(call.app.backtests().view());
}

Reply post_backtest_stop(Call& call) {
  if (!call.app.backtests().stop()) {
    return refuse(409, "conflict", "no backtest runs", "POST /api/v1/backtest/start begins one");
  }
  return shown(call.app.backtests().view());
}

Reply post_backtest_adopt(Call& call) {
  constexpr std::array<std::string_view, 2> kNames = {"policy", "why"};
  std::array<std::optional<Element>, kNames.size()> found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kNames, found, Others::kRefused));
  if (!found[0] || !found[1]) {
    return bad_shape("the body lacks \"policy\" or \"why\"", "why is recorded");
  }
  const std::string policy = TRY(policy_of(call.app, *found[0]));
  const std::string why(TRY(text_of(*found[1], "\"why\"")));
  if (policy == "own") {
    return refuse(409, "conflict", "\"own\" is the policy that is at work already");
  }
  loop::Service& service = call.app.service();
  const io::Path project = service.store().folder.parent_path();
  const std::string text = TRY(loop::project_with_policy(*service.store().fs, project, policy));
  TRY(ask_loop(call, "adopt", {{"policy", policy}}, why, ""));
  TRY(io::write_atomically(*service.store().fs, project / "rondo.toml", text));
  return shown({{"act", "adopt"}, {"policy", policy},
                {"takes_effect", "at the next start of `rondo up`"}});
}

}  // namespace rondo::api
