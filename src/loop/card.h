// The card of a model version: all that its own cycle found out, from the facts alone.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"

namespace rondo::loop {

/// The version that "v3", "3", "champion" or "" (the champion, else the newest) names.
/// Errors: kNotFound, saying which there are.
Result<std::int64_t> version_named(ledger::Store& store, const std::string& name);

/// {"name","version","stage_of_life","created","step","cycle","dataset","pipeline","labelled",
/// "trees","features","metrics","steps":[{"step","stage","result","reason","cpu_s","seconds"}],
/// "preparation","training","evaluation","deployment": evidence of the last step of each stage of
/// its cycle, "imported": whether it was trained elsewhere, without any of these}.
/// Errors: kNotFound, kIo, kCorrupt.
Result<Json> card_view(ledger::Store& store, const Config& config, std::int64_t version);

/// Two versions: {"before","after": cards,"metrics":[{"metric","before","after"}],
/// "features":{"added","removed"},"training":[{"what","before","after"}],
/// "compared": how the later one did against the earlier one on the same rows, null if it met
/// another}. Errors: as card_view.
Result<Json> card_diff(ledger::Store& store, const Config& config, std::int64_t before,
                       std::int64_t after);

}  // namespace rondo::loop
