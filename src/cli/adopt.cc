// The policy that did best, in words; loop/choice.h chooses and writes it.
#include "cli/adopt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/config.h"

namespace rondo::cli {
namespace {

constexpr const char* kBest = "best";
constexpr const char* kOwn = "own";

std::string named_by(const Args& args) {
  const std::string asked = args.get("--adopt");
  return asked == kBest ? std::string() : asked;
}

void show(const loop::Choice& choice, bool color) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : choice.json.at("costs")) {
    rows.push_back({one.at("policy").get<std::string>(),
                    number(one.at("chosen_on").get<double>()),
                    number(one.at("shown_on").get<double>())});
  }
  const std::string day = to_text(choice.shown_from).substr(0, 10);
  say(table({"policy", "cost before " + day, "cost from then on"}, rows, color));
  if (choice.policy == choice.against) return;
  say(fmt::format("From {} on, which chose nothing, {} costs {} less than {} (95 %: {} to {})", day,
                  choice.policy, number(choice.gain), choice.against, number(choice.low),
                  number(choice.high)));
}

}  // namespace

Result<void> prepare_adoption(const Args& args, loop::BacktestOptions& options) {
  if (args.has("--fault")) {
    return fail(Code::kInvalidInput, "--adopt with --fault: a rehearsed fault is no history",
                "leave one of them out");
  }
  if (options.replay.label_delay) {
    return fail(Code::kInvalidInput,
                "--adopt with --label-delay: what pays off with labels that come at another time "
                "need not with yours",
                "leave one of them out, or set [monitor] label_delay");
  }
  for (const std::string& name : {std::string(kOwn), named_by(args)}) {
    const bool there = std::ranges::find(options.policies, name) != options.policies.end();
    if (!name.empty() && !there) options.policies.push_back(name);
  }
  return {};
}

Result<int> adopt(const Args& args, loop::BacktestResult& result) {
  const loop::Config config = TRY(loop::load_config(*io::real_fs(), args.project));
  const loop::Prices prices{config.monitor.cost_per_error, config.loop.cost_of_cycle};
  const std::string named = named_by(args);
  const loop::Choice choice = TRY(loop::choose(result, prices, kOwn, named));
  const bool stays = choice.policy == kOwn || choice.policy == config.loop.policy;
  const bool adopts = !stays && (!named.empty() || choice.clear());
  if (adopts) {
    const auto fs = io::real_fs();
    const std::string text = TRY(loop::project_with_policy(*fs, args.project, choice.policy));
    TRY(io::write_atomically(*fs, args.project / "rondo.toml", text));
  }
  if (args.json) {
    result.json["adopt"] = choice.json;
    result.json["adopt"]["adopted"] = adopts;
    return stays || adopts ? kOk : kNotGoodEnough;
  }
  show(choice, args.color);
  if (stays) {
    say(fmt::format("{} stays: nothing was changed", config.loop.policy));
    return kOk;
  }
  if (!choice.clear()) {
    say(fmt::format("that {}{}", choice.high < 0 ? "is no gain"
                                                 : "can be chance, as the interval covers 0",
                    adopts ? "" : fmt::format("; nothing was changed. --adopt {} adopts it all the "
                                              "same", choice.policy)));
  }
  if (!adopts) return kNotGoodEnough;
  say(fmt::format("rondo.toml: [loop] policy = \"{}\"; a `rondo up` that runs goes by it after its "
                  "next start", choice.policy));
  return kOk;
}

}  // namespace rondo::cli
