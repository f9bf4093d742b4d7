// What the twin answers to rows that it has seen, and what it must not fall below there. It was
// trained on the test rows of the model that was measured, so doing well on them proves nothing;
// but doing worse than what was proved shows that it is not the model that was measured: then
// nothing is deployed.
#pragma once

#include "model/pipeline.h"

namespace rondo::deploy {

struct Floor {
  model::Loss loss = model::Loss::kAbsolute;  // what the numbers are means of, in its unit
  double value = 0;        // the twin's
  double measured = 0;     // the measured model's
  double most = 1;         // what it may be
  std::uint64_t rows = 0;  // test rows that the twin knows too
  bool holds() const { return rows == 0 || value <= most; }
};

/// The twin's answers to the test rows of the measured model, as it will serve.
struct TwinAnswers {
  std::vector<std::size_t> rows;   // places in the twin's matrix
  std::vector<double> outputs;
  std::vector<double> served;      // one a row: the number, or the class' index
  std::vector<double> scores;      // one a row: the number, or the probability that is watched
  std::vector<Time> times;         // one a row; none without a clock
  bool numbers = true;             // all of the outputs are
};
/// Shape: both were prepared from the same dataset version; `parts` are the twin's.
TwinAnswers answers_of(const model::Prepared& measured, const model::Prepared& twin,
                       const model::Pipeline::Parts& parts);

/// The twin's loss on these rows. Where the gate looked at the mean absolute error
/// or the accuracy, it must be within that interval, rows counting by their weight; by another
/// metric, or without an interval, or where a threshold of its own decides which class is answered,
/// the risk (the watched loss, with a clock a mean of days) must be within Reference::risk_bound.
/// Shape: `answered`, `twin` and `parts` are of one twin; `evidence` is that of the evaluation.
Floor floor_of(const TwinAnswers& answered, const model::Prepared& twin,
               const model::Pipeline::Parts& parts, const Json& evidence);

}  // namespace rondo::deploy
