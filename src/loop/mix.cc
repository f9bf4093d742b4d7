// The alarm knows the shares of leaves, the champion's reference the tree they are of.
#include "loop/mix.h"

#include <fmt/format.h>

#include <cmath>

#include "model/pipeline.h"

namespace rondo::loop {

namespace {

const monitor::Signal* risk_of_model(const State& state) {
  for (const monitor::Signal& signal : state.open_signals) {
    if (signal.kind == "risk" && signal.subject == "model") return &signal;
  }
  return nullptr;
}

/// Null when the champion has no such tree.
Result<Json> tree_and_shares(ledger::Store& store, const State& state, const Json& mix) {
  const std::string& hex = state.versions.at(state.champion).pipeline;
  const auto champion = TRY(model::Pipeline::load(
      TRY(store.objects->get(TRY(io::Digest::from_hex(hex))))));
  const model::RiskTree& tree = champion->reference().tree;
  std::size_t leaves = 0;
  for (const auto& node : tree.nodes) leaves += node.column.empty() ? 1U : 0U;
  if (leaves == 0 || mix.at("shares").size() != leaves) return Json();
  return Json{{"tree", tree.to_json()}, {"shares", mix.at("shares")}};
}

}  // namespace

Json mix_of(const State& state) {
  const monitor::Signal* const risk = risk_of_model(state);
  if (risk == nullptr) return nullptr;
  const bool known = risk->cause.is_object() && risk->cause.contains("shares");
  const bool mostly = known && io::get_or<double>(risk->cause, "concept", 1) < kMostlyMix;
  return mostly ? risk->cause : Json();
}

std::string mix_text(const Json& mix) {
  if (mix.is_null()) return {};
  return fmt::format("; {} % of it is mix: the rows to train on are weighed like those that come "
                     "now", std::lround(100 * io::get_or<double>(mix, "mix", 1)));
}

std::optional<Time> changed_at(const State& state) {
  const monitor::Signal* const risk = risk_of_model(state);
  if (risk == nullptr || !mix_of(state).is_null()) return std::nullopt;
  return risk->since;
}

Result<void> tell_training(ledger::Store& store, const Config& config, const State& state,
                           Json& now) {
  if (state.champion == 0 || !config.train.command.empty()) return {};
  if (const Json mix = mix_of(state); !mix.is_null()) {
    Json told = TRY(tree_and_shares(store, state, mix));
    if (!told.is_null()) now["mix"] = std::move(told);
    return {};
  }
  if (const auto changed = changed_at(state)) now["changed_us"] = changed->us;
  return {};
}

}  // namespace rondo::loop
