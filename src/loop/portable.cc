// What leaves the store, and what is read back from it.
#include "loop/portable.h"

#include <fmt/format.h>

#include "model/pipeline.h"

namespace rondo::loop {

Result<std::string> stored_pipeline(ledger::Store& store, const State& state,
                                    std::int64_t version) {
  const auto known = state.versions.find(version);
  if (known == state.versions.end()) {
    return fail(Code::kNotFound, fmt::format("there is no v{}", version),
                "`rondo models` lists the versions");
  }
  return store.objects->get(TRY(io::Digest::from_hex(known->second.pipeline)));
}

Result<std::string> export_pipeline(ledger::Store& store, const State& state, const Config& config,
                                    std::int64_t version) {
  const std::string bytes = TRY(stored_pipeline(store, state, version));
  const auto pipeline = TRY(during(model::Pipeline::load(bytes), fmt::format("v{}", version)));
  model::Pipeline::Parts parts = pipeline->parts();
  parts.provenance["exported"] = {{"version", version},
                                  {"model", config.model_name()},
                                  {"pipeline", state.versions.at(version).pipeline},
                                  {"time", config.collect.time},
                                  {"null", config.collect.null},
                                  {"ignore", config.prepare.ignore},
                                  {"late", config.prepare.late}};
  return model::Pipeline::encode(parts);
}

Result<Exported> exported_of(const Json& provenance) {
  Exported out;
  const auto found = provenance.find("exported");
  if (found == provenance.end()) return out;
  const auto read = [&]() -> Result<void> {
    out.version = TRY(io::get<std::int64_t>(*found, "version"));
    out.model = TRY(io::get<std::string>(*found, "model"));
    out.pipeline = TRY(io::get<std::string>(*found, "pipeline"));
    out.time = TRY(io::get<std::string>(*found, "time"));
    out.null = TRY(io::get<std::vector<std::string>>(*found, "null"));
    out.ignore = TRY(io::get<std::vector<std::string>>(*found, "ignore"));
    out.late = TRY(io::get<std::vector<std::string>>(*found, "late"));
    if (out.version > 0 && !out.model.empty()) return {};
    return fail(Code::kCorrupt, "it names no version or no model");
  };
  if (auto whole = read(); !whole) {
    Error error = std::move(whole).error();
    error.code = Code::kCorrupt;
    error.message = "pipeline file: provenance, \"exported\": " + error.message;
    return std::unexpected(std::move(error));
  }
  return out;
}

}  // namespace rondo::loop
