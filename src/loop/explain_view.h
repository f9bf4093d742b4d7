// Why a version answers as it does, over the rows that it was measured on.
#pragma once

#include "ledger/store.h"

namespace rondo::loop {

/// {"version","rows","base":[...],"features":[{"feature","mean","share"}]}: of each feature the
/// mean |contribution| to the raw score over the test rows (up to 500, evenly spread; of many
/// classes summed over these), the greatest first; share is of their sum. `base`: what the model
/// answers on average over its training rows, one an output. Of the model that was measured: what
/// is deployed is the same recipe, fitted through the newest label.
/// Errors: kNotFound for a version without such a model (it was imported), kIo, kCorrupt.
/// Cost: a TreeSHAP pass of those rows. Source: model/explain.h.
Result<Json> explain_view(ledger::Store& store, std::int64_t version);

}  // namespace rondo::loop
