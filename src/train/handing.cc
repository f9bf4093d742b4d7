// Candidates are written whole or not at all.
#include "train/handing.h"

#include "base/failpoint.h"
#include "model/neighbours.h"

namespace rondo::train {
namespace {

/// Numbers for a map of classes that a candidate carries; of a thousand classes more are soon more
/// than the model.
constexpr std::size_t kHeldOfClasses = 4'000'000;

std::string_view learner_of(const Mixed& mixed) {
  return mixed.members.size() > 1 ? "ensemble" : learner_of(mixed.members.front().growth);
}

}  // namespace

model::Candidate candidate_of(const model::Prepared& prepared, const Model& model, Held held,
                              Json options, const Plan& plan) {
  model::Candidate candidate;
  const bool few = prepared.task != model::Task::kMulticlass ||
                   held.answers.size() <= kHeldOfClasses;
  if (!held.answers.empty() && few) {
    candidate.held_rows = std::move(held.rows);
    candidate.held_answers = std::move(held.answers);
  }
  candidate.options = std::move(options);
  if (!plan.mix.is_null()) candidate.options["mix"] = plan.mix;
  if (!plan.window.is_null()) candidate.options["since_us"] = plan.window.at("since_us");
  if (!plan.without.empty()) candidate.options["without"] = plan.without;
  if (learners_of(plan.options).line && plan.options.command.empty()) {
    candidate.options["line_was_tried"] = true;
  }
  candidate.forest = model.forest.encode();
  candidate.forest_digest = model.digest;
  candidate.rounds = model.rounds;
  const RowList test = rows_of(prepared, table::Side::kTest);
  candidate.test_scores = answers_of(model.forest, prepared, test);
  if (plan.baseline) {
    candidate.linear_answers = answers_of(plan.baseline->forest, prepared, test);
    if (!plan.around.empty()) {
      std::vector<double> line = std::move(candidate.linear_answers);
      candidate.linear_answers.clear();
      for (const double middle : line) {
        for (const double away : plan.around) candidate.linear_answers.push_back(middle + away);
      }
    }
  }
  return candidate;
}

Result<ledger::StageOutput> write(const model::Candidate& candidate,
                                  const ledger::StageInput& input) {
  ledger::StageOutput output;
  output.files["candidate"] = "candidate";
  RONDO_FAILPOINT(kCandidateWrite);
  const std::string bytes = TRY(candidate.encode());
  TRY(io::write_atomically(*input.fs, input.out / "candidate", bytes));
  return output;
}

Result<ledger::StageOutput> hand_on(const model::Prepared& prepared, const Mixed& mixed, Held held,
                            std::size_t tried, std::size_t rows, const Plan& plan,
                            const ledger::StageInput& input) {
  Json options = {{"learner", learner_of(mixed)},
                  {"members", Json::array()},
                  {"rounds", mixed.model.rounds},
                  {"seed", plan.options.seed}};
  for (const Member& member : mixed.members) options["members"].push_back(member.json());
  if (tried > 0) options["tried"] = tried;
  ledger::StageOutput output = TRY(write(
      candidate_of(prepared, mixed.model, std::move(held), std::move(options), plan), input));
  output.result = "trained";
  output.evidence = {{"learner", learner_of(mixed)},
                     {"task", name_of(prepared.task)},
                     {"rounds", mixed.model.rounds},
                     {"members", mixed.members.size()},
                     {"trees", mixed.model.forest.trees()},
                     {"leaves", mixed.model.forest.leaves()},
                     {"train_rows", rows},
                     {"forest_digest", mixed.model.digest}};
  if (const auto terms = mixed.model.forest.terms().size(); terms > 0) {
    output.evidence["terms"] = terms;
  }
  for (const model::NeighbourTerm& term : mixed.model.forest.neighbours()) {
    output.evidence["neighbours"] = {{"k", term.rows->parts().k}, {"rows", term.rows->rows()},
                                     {"columns", term.rows->parts().columns.size()}};
  }
  return output;
}

}  // namespace rondo::train
