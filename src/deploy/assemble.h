// Model Deployment, first half: after the verdict it freezes the reference, assembles the pipeline
// file from the twin, reads it back, and reproduces its golden rows. The loop then registers and
// promotes by compare-and-swap.
#pragma once

#include "ledger/stage_io.h"

namespace rondo::deploy {

/// Stage entry. Inputs "manifest", "twin_prepared", "twin_candidate", "prepared" (of the measured
/// model) and "evidence" (absent where there is no gate: then nothing is claimed about the risk and
/// there is no floor). Output "pipeline". Results: "deployed" (ready to be promoted), "refused by
/// its golden rows". options = {"now": {"target", "time": bool, "model", "situation"}} with the
/// twin's prepare::Situation, of which "temp" is read. evidence of the StageOutput: {"metrics":
/// {name: value, "low", "high"}, "label_until_us", "features", "trees", "bytes", "golden_rows",
/// "floor"?: {"value", "most", "rows"}}.
/// Errors: kInvalidInput, kNotFound, kCorrupt of the inputs; kIo, kExhausted of the file.
Result<ledger::StageOutput> assemble(const ledger::StageInput& input);

}  // namespace rondo::deploy
