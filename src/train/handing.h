// What a fit was asked for and what is handed on of it: a candidate with its scores of the test
// rows, and the evidence of the step. Private to train/.
#pragma once

#include "train/mixing.h"

namespace rondo::train {

/// What was asked for, read once.
struct Plan {
  Options options;
  Budget budget;
  std::size_t twin_rounds = 0;  // 0: find them
  std::vector<Member> twin_members;  // of an original that a search chose
  std::size_t most_rounds = 0;
  std::size_t threads = 1;
  Parameters parameters;
  Limits limits;                // stop and budget
  LineChoices lines;             // of an original: what lines are worth on its inner part
  Json mix{};                    // what the rows are weighed like, or null
  Json window{};                 // of an original that learns from newer rows alone: see Window
  std::vector<std::string> without{};  // parts of the clock that those rows cannot teach
  std::optional<Line> baseline;  // the straight one, beside which the candidate is measured
  std::vector<double> around{};  // of quantiles: how far each lies from that line on inner rows

  /// Whether what was measured is fitted again, so that nothing is to be found out.
  bool of_twin() const { return twin_rounds > 0 || !twin_members.empty(); }
};

/// Rows that a model had not learned from, and what it answered.
struct Held {
  RowList rows;
  std::vector<double> answers;  // after the link; empty with an answer a class
};

/// With scores of the test rows, and the baseline's.
model::Candidate candidate_of(const model::Prepared& prepared, const Model& model, Held held,
                              Json options, const Plan& plan);

/// The output file "candidate". Errors: those of the disk.
Result<ledger::StageOutput> write(const model::Candidate& candidate,
                                  const ledger::StageInput& input);

/// The candidate of members that were fitted on `rows` rows. `tried` is 0 where none was compared.
Result<ledger::StageOutput> hand_on(const model::Prepared& prepared, const Mixed& mixed, Held held,
                                    std::size_t tried, std::size_t rows, const Plan& plan,
                                    const ledger::StageInput& input);

}  // namespace rondo::train
