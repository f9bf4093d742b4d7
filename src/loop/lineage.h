// Where something comes from: a prediction from a version, a version from a dataset version, that
// from segments, and those from collections of files. `data show --origin` goes on to the row.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"

namespace rondo::loop {

/// Of a dataset version ("d3"), a model version ("v3") or a prediction's id; the parts that apply:
/// {"prediction":{"id","time","answered","version","value","answer","label"},
/// "version":{"name","pipeline","step","steps":[{"step","stage","jobs"}],"labelled","label_until"},
/// "dataset":{"name","digest","rows","contract","committed"},
/// "segments":[{"file","content","rows","from","until","served","came_with","files","reason"}]}.
/// `label` and times without a clock are null; "jobs" is the digest of what the step launched.
/// Errors: kNotFound for what never was, or is not kept any more. Cost: of a prediction a reading
/// of the log.
Result<Json> lineage_view(ledger::Store& store, const Config& config, const std::string& subject);

}  // namespace rondo::loop
