// Digests, metrics and the card.
#include "deploy/provenance.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"

namespace rondo::deploy {
namespace {

constexpr const char* kCardKeys[] = {"metric", "value",    "low",     "high", "baselines",
                                     "champion", "verdict", "bound", "look", "calibration",
                                     "interval", "threshold", "weight"};

std::string measured_on(const model::Prepared& measured) {
  const auto tested = std::ranges::count(measured.side, table::Side::kTest);
  std::string text = fmt::format("{} rows that its twin, fitted by the same recipe, options and "
                                 "rounds, had not seen",
                                 grouped(static_cast<std::uint64_t>(tested)));
  if (!measured.by_time) return text + ", chosen by a hash of the row";
  return text + fmt::format(", from {} until {}", to_text(measured.test_from),
                            to_text(measured.test_until));
}

Json card_of(const Sources& sources) {
  if (!sources.evidence.is_object()) {
    return {{"measured_on", "nothing: it was deployed without a gate"}};
  }
  Json card = {{"measured_on", measured_on(sources.measured)}};
  for (const char* key : kCardKeys) {
    if (sources.evidence.contains(key)) card[key] = sources.evidence.at(key);
  }
  return card;
}

}  // namespace

Json metrics_of(const Json& evidence) {
  Json metrics = Json::object();
  if (!evidence.is_object()) return metrics;
  const Json all = io::get_or<Json>(evidence, "metrics", Json::object());
  for (const auto& item : all.items()) {
    if (item.value().is_number()) metrics[item.key()] = item.value();
  }
  const auto name = io::get_or<std::string>(evidence, "metric", "");
  const auto copy = [&](const char* from, const std::string& to) {
    const Json value = io::get_or<Json>(evidence, from, nullptr);
    if (value.is_number() && !to.empty()) metrics[to] = value;
  };
  copy("value", name);
  copy("low", "low");
  copy("high", "high");
  return metrics;
}

Json provenance_of(const ledger::StageInput& input, const Sources& sources) {
  Json digests = Json::object();
  for (const auto& [name, digest] : input.inputs) digests[name] = digest.hex();
  const auto trained = std::ranges::count(sources.twin.side, table::Side::kTrain);
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  Json out = {{"inputs", digests},
              {"model", io::get_or<std::string>(now, "model", "")},
              {"dataset", sources.dataset},
              {"trained_rows", trained},
              {"options", sources.candidate.options},
              {"rounds", sources.candidate.rounds},
              {"forest_digest", sources.candidate.forest_digest},
              {"seed", input.seed.value},
              {"metrics", metrics_of(sources.evidence)},
              {"card", card_of(sources)}};
  if (sources.twin.by_time) out["label_until"] = to_text(sources.twin.label_until);
  return out;
}

}  // namespace rondo::deploy
