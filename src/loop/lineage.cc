// Facts, manifests and the prediction log, followed backwards.
#include "loop/lineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ledger/answer_index.h"
#include "loop/dataset_views.h"
#include "loop/desk.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kAtOnceParts = 1024;

/// The number of "d3" or "v3".
std::optional<std::int64_t> number_of(const std::string& word, char letter) {
  std::int64_t number = 0;
  if (word.size() < 2 || word[0] != letter) return std::nullopt;
  const auto [end, error] = std::from_chars(word.data() + 1, word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

/// What each dataset version's collection said of its files, by the segments that came with it.
Result<std::map<io::Digest, Json>> arrivals(ledger::Store& store) {
  std::map<std::int64_t, Json> evidence;  // by step
  for (const ledger::Fact& fact : TRY(store.ledger->facts_of("step_finished"))) {
    evidence[fact.step] = io::get_or<Json>(fact.body, "evidence", Json::object());
  }
  std::map<io::Digest, Json> out;
  for (const DatasetVersion& version : TRY(dataset_versions(store))) {
    for (const ledger::Segment& segment : version.manifest.segments) {
      const Json files = io::get_or<Json>(evidence[version.step], "files", Json::array());
      out.try_emplace(segment.file, Json{{"came_with", version.name()},
                                         {"files", segment.served() ? Json::array() : files},
                                         {"reason", version.reason}});
    }
  }
  return out;
}

Result<void> add_dataset(ledger::Store& store, std::int64_t number, Json& out) {
  const DatasetVersion version = TRY(dataset_version(store, number));
  const ledger::Manifest& manifest = version.manifest;
  out["dataset"] = {{"name", version.name()},
                    {"digest", version.digest},
                    {"rows", manifest.rows},
                    {"contract", manifest.contract.version},
                    {"committed", to_text(version.at)}};
  if (!manifest.tables.empty()) out["tables"] = TRY(tables_view(store, manifest));
  out["segments"] = Json::array();
  auto known = TRY(arrivals(store));
  for (const ledger::Segment& segment : manifest.segments) {
    const bool clock = segment.first != Time{} || segment.last != Time{};
    Json one = {{"file", segment.file.hex()},
                {"content", segment.content.hex()},
                {"rows", segment.rows},
                {"from", clock ? Json(to_text(segment.first)) : Json()},
                {"until", clock ? Json(to_text(segment.last)) : Json()},
                {"served", segment.served()}};
    one.update(known[segment.file]);
    out["segments"].push_back(std::move(one));
  }
  return {};
}

/// The steps of the cycle that made it, with the digests of what they launched.
Result<Json> steps_of(ledger::Store& store, const Version& version) {
  Json steps = Json::array();
  for (const ledger::Fact& fact : TRY(store.ledger->facts_of("step_finished"))) {
    if (fact.step > version.step ||
        io::get_or<std::int64_t>(fact.body, "cycle", 0) != version.cycle) {
      continue;
    }
    const Json outputs = io::get_or<Json>(fact.body, "outputs", Json::object());
    steps.push_back({{"step", fact.step},
                     {"stage", io::get_or<std::string>(fact.body, "stage", "")},
                     {"jobs", io::get_or<Json>(outputs, "jobs", nullptr)}});
  }
  return steps;
}

Result<void> add_version(ledger::Store& store, std::int64_t number, Json& out) {
  const State state = TRY(read_state(*store.ledger));
  const auto at = state.versions.find(number);
  if (at == state.versions.end()) {
    return fail(Code::kNotFound, fmt::format("there is no version v{}", number),
                "`rondo models` lists them");
  }
  const Version& version = at->second;
  out["version"] = {{"name", fmt::format("v{}", number)},
                    {"pipeline", version.pipeline},
                    {"step", version.step},
                    {"steps", TRY(steps_of(store, version))},
                    {"labelled", version.labelled},
                    {"label_until", version.label_until == Time{}
                                        ? Json()
                                        : Json(to_text(version.label_until))}};
  if (version.dataset == 0) return {};  // imported before there were data
  return add_dataset(store, version.dataset, out);
}

Result<void> add_prediction(ledger::Store& store, const std::string& id, Json& out) {
  const std::string row = id.find('.') == std::string::npos ? id + ".0" : id;
  ledger::AnswerIndex answers(*store.fs, store.log());
  while (!TRY(answers.extend(kAtOnceParts))) {
  }
  std::optional<ledger::Prediction> found;
  TRY(answers.find({row}, [&](ledger::Prediction&& one) { found = std::move(one); }));
  if (!found) {
    return fail(Code::kNotFound, fmt::format("\"{}\" is no prediction that is kept", id),
                "say d3 (a dataset version), v3 (a model version) or the id of a prediction; how "
                "long those are kept is [deploy] log_keep");
  }
  const auto label = TRY(store.ledger->label_of(row));
  out["prediction"] = {{"id", row},
                       {"time", to_text(found->time)},
                       {"answered", to_text(found->answered)},
                       {"version", found->version},
                       {"value", found->value},
                       {"answer", found->answer.empty() ? Json() : Json(found->answer)},
                       {"label", label ? label->value : Json()}};
  return add_version(store, found->version, out);
}

}  // namespace

Result<Json> lineage_view(ledger::Store& store, const Config& config, const std::string& subject) {
  Json out = {{"model", config.model_name()}};
  if (const auto dataset = number_of(subject, 'd')) {
    TRY(add_dataset(store, *dataset, out));
  } else if (const auto version = number_of(subject, 'v')) {
    TRY(add_version(store, *version, out));
  } else {
    TRY(add_prediction(store, subject, out));
  }
  return out;
}

}  // namespace rondo::loop
