// A version of the registry as one file that stands alone: the pipeline that the store keeps, and
// beside it what a server without the project must know of it. Every section but the provenance has
// the bytes of the store's, so it answers with the same bits.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"
#include "loop/state.h"

namespace rondo::loop {

/// What a file says of the project that it left: the member "exported" of its provenance.
struct Exported {
  std::int64_t version = 0;  // 0: the file was not exported; `import -o` writes such
  std::string model;         // its name in URLs
  std::string pipeline;      // SHA-256 of the file that the store keeps, hex
  std::string time;          // [collect] time: no input, and requests may send it
  std::vector<std::string> null = {""};   // [collect] null
  std::vector<std::string> ignore, late;  // of [prepare]: no inputs either
};

/// The version's pipeline as the store keeps it, verified. Errors: kNotFound, kCorrupt, kIo.
Result<std::string> stored_pipeline(ledger::Store& store, const State& state, std::int64_t version);
/// The same as a file that stands alone. Errors: as stored_pipeline().
Result<std::string> export_pipeline(ledger::Store& store, const State& state, const Config& config,
                                    std::int64_t version);
/// Errors: kCorrupt when "exported" is there and is not as it was written.
Result<Exported> exported_of(const Json& provenance);

}  // namespace rondo::loop
