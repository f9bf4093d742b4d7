// What was answered, as a table for tools of other kinds: the prediction log, which keeps its own
// form (it is written behind the reply and survives a torn end), with the labels that came.
#pragma once

#include "batch/output.h"
#include "batch/predict.h"
#include "batch/scoring.h"
#include "ledger/store.h"

namespace rondo::batch {

struct AnswersWish {
  std::optional<std::int64_t> version;  // only its answers
  Time from = kBeginningOfTime, to = kEndOfTime;  // when they were answered; `to` is outside
  Form form = Form::kCsv;
};

/// A version that answered. Errors: kNotFound.
using VersionOf = std::function<Result<std::shared_ptr<const deploy::Deployed>>(std::int64_t)>;

/// The columns: id, time, answered, model_version, arm, prediction, a probability for each class,
/// what the other version of a rollout said, label, label_received; then the inputs of `shape`.
table::Schema answers_schema(const deploy::Deployed& shape);

/// Writes a line for each logged row that is wished, in the order of the log; returns how many. An
/// input or a class that `shape` does not have is left out; one that only it has is empty. An
/// answer of a version that cannot be loaded any more comes without its inputs.
/// `tell` is called some times a second, of the rows that were written.
/// Errors: kCorrupt, kIo; kCancelled. Cost: reads the whole log; memory does not grow with it.
Result<std::uint64_t> write_answers(ledger::Store& store, const AnswersWish& wish,
                                    const deploy::Deployed& shape, const VersionOf& version_of,
                                    Output& output, const Stop& stop,
                                    const std::function<void(const Progress&)>& tell);

}  // namespace rondo::batch
