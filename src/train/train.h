// Model Training: LightGBM by its C API (opened at first use), deterministic, our own boosting loop
// with early stopping on the latest part of the training rows. Its text becomes our Forest here.
#pragma once

#include <optional>

#include "io/options.h"
#include "ledger/stage_io.h"
#include "model/prepared.h"

namespace rondo::train {

struct Options {
  std::string budget = "60s";     // or "1 candidate"
  std::int64_t seed = 1;
  std::int64_t threads = 0;
  double rate = 0.1;
  std::int64_t leaves = 31;
  std::int64_t rounds = 2000;
  std::int64_t min_leaf = 20;
};

template <class Visitor>
void describe(Visitor& v, Options& o) {
  using io::Key;
  v(Key{"budget", "time (\"60s\") or number of candidates (\"1 candidate\")"}, o.budget);
  v(Key{"seed", "all chance follows from it", 0, 1e18}, o.seed);
  v(Key{"threads", "0: as many as pay off; the model is the same for any number", 0, 1024},
    o.threads);
  v(Key{"rate", "learning rate", 1e-4, 1}, o.rate);
  v(Key{"leaves", "leaves a tree at most", 2, 65535}, o.leaves);
  v(Key{"rounds", "boosting rounds at most", 1, 100000}, o.rounds);
  v(Key{"min_leaf", "rows a leaf at least", 1, 1e9}, o.min_leaf);
}

/// The time that a budget names, nothing for "1 candidate". Errors: kInvalidInput.
Result<std::optional<Span>> read_budget(const std::string& budget);

/// Stage entry. Input "prepared". Output "candidate" (model::Candidate with scores of the test
/// rows). Results: "trained", "budget spent without a model". options = {"train": Options, "now":
/// {"rounds": n}}: when now.rounds > 0 exactly so many rounds on every row (the twin).
Result<ledger::StageOutput> run(const ledger::StageInput& input);

}  // namespace rondo::train
