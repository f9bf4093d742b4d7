// See false_cycles.h.
#include "loop/false_cycles.h"

#include <algorithm>

#include "base/lanes.h"
#include "base/worker.h"
#include "loop/lived.h"

namespace rondo::loop {
namespace {

/// What a version's answers cost on the rows of the common days in [from, until).
double cost_between(const Lived& lived, const deploy::Deployed& by, Time from, Time until,
                    const BacktestResult& result, const Prices& prices) {
  double cost = 0;
  for (const ReplayDay& day : result.policies.front().second.days) {
    const Time begin = std::max(from, day.day);
    const Time end = std::min(until, day.day + Span::days(1));
    if (begin < end) cost += cost_of(result.metric, lived.loss(by, begin, end), prices);
  }
  return cost;
}

/// As costs_of() counts them.
Result<std::vector<CycleBegun>> cycles_within(ledger::Ledger& ledger,
                                              const std::vector<ReplayDay>& days) {
  std::vector<CycleBegun> cycles;
  const std::string_view training = text_of(Stage::kTraining).name;
  for (const ledger::Fact& fact : TRY(ledger.facts_of("step_started"))) {
    const bool inside = fact.at >= days.front().day && fact.at < days.back().day + Span::days(1);
    if (!inside || io::get_or<std::string>(fact.body, "stage", "") != training) continue;
    cycles.push_back({fact.at, io::get_or<std::int64_t>(fact.body, "cycle", 0)});
  }
  return cycles;
}

Result<std::vector<InService>> services_of(const Lived& lived) {
  std::vector<InService> services;
  for (const ledger::Fact& fact : TRY(lived.ledger().facts_of("deployed"))) {
    InService& one = services.emplace_back();
    one.from = fact.at;
    one.version = io::get_or<std::int64_t>(fact.body, "to", 0);
    one.first = io::get_or<std::int64_t>(fact.body, "from", 0) == 0;
    const auto made = lived.state().versions.find(one.version);
    if (made != lived.state().versions.end()) one.cycle = made->second.cycle;
  }
  return services;
}

}  // namespace

Json CycleGain::to_json() const {
  return {{"began", to_text(began)},
          {"version", version == 0 ? Json(nullptr) : Json(version)},
          {"gain", gain ? Json(*gain) : Json(nullptr)}};
}

std::vector<std::optional<std::size_t>> led_to(const std::vector<CycleBegun>& cycles,
                                               const std::vector<InService>& services) {
  std::vector<std::optional<std::size_t>> out(cycles.size());
  for (std::size_t c = 0; c < cycles.size(); ++c) {
    const bool again = std::any_of(
        cycles.begin() + static_cast<std::ptrdiff_t>(c) + 1, cycles.end(),
        [&](const CycleBegun& later) { return later.cycle == cycles[c].cycle; });
    const auto found = std::ranges::find_if(services, [&](const InService& one) {
      return one.cycle == cycles[c].cycle && one.from >= cycles[c].at;
    });
    if (again || found == services.end()) continue;
    out[c] = static_cast<std::size_t>(found - services.begin());
  }
  return out;
}

std::vector<CycleGain> gains_of(const std::vector<CycleBegun>& cycles,
                                const std::vector<InService>& services) {
  const auto places = led_to(cycles, services);
  std::vector<CycleGain> gains;
  for (std::size_t c = 0; c < cycles.size(); ++c) {
    CycleGain& one = gains.emplace_back();
    one.began = cycles[c].at;
    if (!places[c]) continue;
    const InService& service = services[*places[c]];
    one.version = service.version;
    if (!service.first) one.gain = service.cost_before - service.cost;
  }
  return gains;
}

bool is_false(const CycleGain& cycle, const Prices& prices) {
  return cycle.version == 0 || (cycle.gain && *cycle.gain < prices.cost_of_cycle);
}

Result<std::vector<CycleGain>> cycle_gains(const ReplayOptions& options,
                                           const BacktestResult& result, const Prices& prices,
                                           const Stop& stop) {
  const Lived lived = TRY(Lived::open(options));
  const auto cycles =
      TRY(cycles_within(lived.ledger(), result.policies.front().second.days));
  std::vector<InService> services = TRY(services_of(lived));
  std::vector<std::uint8_t> asked(services.size() + 1, 0);
  for (const auto& place : led_to(cycles, services)) {
    if (place && !services[*place].first) asked[*place] = 1;
  }
  std::vector<Result<void>> done(services.size());
  const auto until = [&](std::size_t i) {
    return i < services.size() ? services[i].from : kEndOfTime;
  };
  // A version is loaded once, for its own rows and for those of its successor.
  side_by_side(services.size(), cores(), [&](std::size_t i) {
    if (asked[i] == 0 && asked[i + 1] == 0) return;
    if (stop.requested()) {
      done[i] = fail(Code::kCancelled, "the backtest was stopped");
      return;
    }
    const auto by = lived.version(services[i].version);
    if (!by) {
      done[i] = std::unexpected(by.error());
      return;
    }
    const auto cost = [&](Time from, Time to) {
      return cost_between(lived, *by, from, to, result, prices);
    };
    if (asked[i] != 0) services[i].cost = cost(services[i].from, until(i + 1));
    if (asked[i + 1] != 0) services[i + 1].cost_before = cost(until(i + 1), until(i + 2));
  });
  for (auto& one : done) TRY(std::move(one));
  return gains_of(cycles, services);
}

void add_false_cycles(BacktestResult& result, std::size_t policy,
                      const std::vector<CycleGain>& gains, const Prices& prices) {
  Json list = Json::array();
  for (const CycleGain& one : gains) list.push_back(one.to_json());
  Json& told = result.json.at("policies").at(policy);
  told["false_cycles"] =
      std::ranges::count_if(gains, [&](const CycleGain& one) { return is_false(one, prices); });
  told["cycle_gains"] = std::move(list);
}

}  // namespace rondo::loop
