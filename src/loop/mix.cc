// The alarm knows the shares of leaves, the champion's reference the tree they are of.
#include "loop/mix.h"

#include <fmt/format.h>

#include <cmath>

#include "model/pipeline.h"

namespace rondo::loop {

Json mix_of(const State& state) {
  for (const monitor::Signal& signal : state.open_signals) {
    if (signal.kind != "risk" || signal.subject != "model") continue;
    const bool known = signal.cause.is_object() && signal.cause.contains("shares");
    if (known && io::get_or<double>(signal.cause, "concept", 1) < kMostlyMix) return signal.cause;
  }
  return nullptr;
}

std::string mix_text(const Json& mix) {
  if (mix.is_null()) return {};
  return fmt::format("; {} % of it is mix: the rows to train on are weighed like those that come "
                     "now", std::lround(100 * io::get_or<double>(mix, "mix", 1)));
}

Result<Json> mix_to_train(ledger::Store& store, const Config& config, const State& state) {
  const Json mix = mix_of(state);
  if (mix.is_null() || state.champion == 0 || !config.train.command.empty()) return Json();
  const std::string& hex = state.versions.at(state.champion).pipeline;
  const auto champion = TRY(model::Pipeline::load(
      TRY(store.objects->get(TRY(io::Digest::from_hex(hex))))));
  const model::RiskTree& tree = champion->reference().tree;
  std::size_t leaves = 0;
  for (const auto& node : tree.nodes) leaves += node.column.empty() ? 1U : 0U;
  if (leaves == 0 || mix.at("shares").size() != leaves) return Json();
  return Json{{"tree", tree.to_json()}, {"shares", mix.at("shares")}};
}

}  // namespace rondo::loop
