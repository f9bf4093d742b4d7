// A version's cycle holds what was measured; its facts say how.
#include "loop/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "loop/state.h"
#include "loop/views.h"

namespace rondo::loop {
namespace {

using ledger::Fact;

/// The stages whose evidence a card shows, by their keys in it.
constexpr std::pair<Stage, const char*> kShown[] = {
    {Stage::kPreparation, "preparation"},
    {Stage::kTraining, "training"},
    {Stage::kEvaluation, "evaluation"},
    {Stage::kDeployment, "deployment"}};

/// Durations and CPU of each attempt, by step.
Result<std::map<std::int64_t, Json>> measured_by_step(ledger::Store& store) {
  std::map<std::int64_t, Json> out;
  for (const ledger::JournalEntry& entry : TRY(store.ledger->journal_of("attempt_ended"))) {
    out[entry.step] = entry.body;
  }
  return out;
}

/// The last step of each stage of the version's cycle, up to the one that made it.
Result<std::map<std::string, Fact>> steps_of(ledger::Store& store, const Version& version) {
  std::map<std::string, Fact> last;
  for (Fact& fact : TRY(store.ledger->facts_of("step_finished"))) {
    if (fact.step > version.step) break;
    if (io::get_or<std::int64_t>(fact.body, "cycle", 0) != version.cycle) continue;
    last.insert_or_assign(io::get_or<std::string>(fact.body, "stage", ""), std::move(fact));
  }
  return last;
}

std::string known_versions(const State& state) {
  std::string text;
  for (const auto& [number, version] : state.versions) {
    text += fmt::format("{}v{}", text.empty() ? "" : ", ", number);
  }
  return text.empty() ? "there is no version yet" : "there are " + text;
}

Json evidence_of(const Json& card, const char* stage) {
  return io::get_or<Json>(card, stage, Json::object());
}

/// What was prepared and not left out of the training.
std::set<std::string> features_of(const Json& card) {
  const auto names = io::get_or<std::vector<std::string>>(evidence_of(card, "preparation"),
                                                          "features", {});
  std::set<std::string> out(names.begin(), names.end());
  for (const auto& name : io::get_or<std::vector<std::string>>(evidence_of(card, "training"),
                                                               "without", {})) {
    out.erase(name);
  }
  return out;
}

std::vector<std::string> only_in(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

}  // namespace

Result<std::int64_t> version_named(ledger::Store& store, const std::string& name) {
  const State state = TRY(read_state(*store.ledger));
  if (name.empty() || name == "champion") {
    if (state.champion != 0) return state.champion;
    if (name.empty() && !state.versions.empty()) return state.versions.rbegin()->first;
    return fail(Code::kNotFound, "no version is the champion", known_versions(state));
  }
  const std::string digits = name.starts_with('v') ? name.substr(1) : name;
  std::int64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() ||
      !state.versions.contains(number)) {
    return fail(Code::kNotFound, fmt::format("there is no version \"{}\"", name),
                known_versions(state));
  }
  return number;
}

Result<Json> card_view(ledger::Store& store, const Config& config, std::int64_t number) {
  const State state = TRY(read_state(*store.ledger));
  const auto found = state.versions.find(number);
  if (found == state.versions.end()) {
    return fail(Code::kNotFound, fmt::format("there is no v{}", number), known_versions(state));
  }
  Json card;
  for (Json& row : TRY(models_view(store, config))) {
    if (row.at("version") == number) card = std::move(row);
  }
  const Version& version = found->second;
  card["cycle"] = version.cycle;
  card["steps"] = Json::array();
  card["imported"] = version.step == 0;
  if (version.step == 0) return card;
  const auto steps = TRY(steps_of(store, version));
  const auto measured = TRY(measured_by_step(store));
  for (const Stage stage : kStages) {
    const auto fact = steps.find(std::string(text_of(stage).name));
    if (fact == steps.end()) continue;
    const Json& body = fact->second.body;
    Json row = {{"step", fact->second.step}, {"stage", fact->first},
                {"result", io::get_or<std::string>(body, "result", "")},
                {"reason", io::get_or<std::string>(body, "reason", "")}};
    if (const auto took = measured.find(fact->second.step); took != measured.end()) {
      row["seconds"] = io::get_or<double>(took->second, "duration_us", 0) / 1e6;
      row["cpu_s"] = io::get_or<double>(took->second, "cpu_s", 0);
    }
    card["steps"].push_back(std::move(row));
  }
  for (const auto& [stage, key] : kShown) {
    const auto fact = steps.find(std::string(text_of(stage).name));
    if (fact == steps.end()) continue;
    card[key] = io::get_or<Json>(fact->second.body, "evidence", Json::object());
  }
  return card;
}

Result<Json> card_diff(ledger::Store& store, const Config& config, std::int64_t before,
                       std::int64_t after) {
  const Json old_card = TRY(card_view(store, config, before));
  const Json new_card = TRY(card_view(store, config, after));
  Json out = {{"before", old_card}, {"after", new_card}, {"metrics", Json::array()},
              {"training", Json::array()}, {"compared", nullptr}};
  const Json old_metrics = io::get_or<Json>(old_card, "metrics", Json::object());
  const Json new_metrics = io::get_or<Json>(new_card, "metrics", Json::object());
  for (const auto& item : new_metrics.items()) {
    if (item.key() == "low" || item.key() == "high" || !old_metrics.contains(item.key())) continue;
    out["metrics"].push_back({{"metric", item.key()}, {"before", old_metrics.at(item.key())},
                              {"after", item.value()}});
  }
  const auto had = features_of(old_card), has = features_of(new_card);
  out["features"] = {{"added", only_in(has, had)}, {"removed", only_in(had, has)}};
  const Json was = evidence_of(old_card, "training"), is = evidence_of(new_card, "training");
  const auto value = [](const Json& training, const std::string& what) {
    const Json window = io::get_or<Json>(training, "window", Json::object());
    return io::get_or<Json>(what == "since" ? window : training, what, nullptr);
  };
  for (const char* what :
       {"learner", "members", "rounds", "trees", "leaves", "terms", "train_rows", "since"}) {
    const Json a = value(was, what), b = value(is, what);
    if (a != b) out["training"].push_back({{"what", what}, {"before", a}, {"after", b}});
  }
  const Json met = io::get_or<Json>(evidence_of(new_card, "evaluation"), "champion", nullptr);
  if (met.is_object() && met.at("name") == fmt::format("v{}", before)) out["compared"] = met;
  return out;
}

}  // namespace rondo::loop
