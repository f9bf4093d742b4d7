// Model Training: LightGBM by its C API (opened at first use), deterministic, our own boosting loop
// with early stopping on rows that were held out, and a search for options within a budget. Its
// text becomes our Forest here.
#pragma once

#include <optional>

#include "io/options.h"
#include "ledger/stage_io.h"
#include "model/prepared.h"

namespace rondo::train {

struct Options {
  std::string budget = "1 candidate";  // or "12 candidates", or "60s"
  std::int64_t seed = 1;
  std::int64_t threads = 0;
  double rate = 0.1;
  std::int64_t leaves = 31;
  std::int64_t rounds = 2000;
  std::int64_t min_leaf = 20;
  std::int64_t folds = 5;
  std::int64_t ensemble = 8;
  std::string window = "auto";
  std::string row_max = "50us";
  std::string size_max = "64MiB";
  std::string weight{};
  std::vector<double> quantiles{};
  std::vector<std::string> learners = {"trees", "linear", "forest", "neighbours"};
  Json class_weight = Json::object();  // class -> how often a row of it counts
  Json monotone = Json::object();      // feature -> 1 or -1
  std::string command{};
};

template <class Visitor>
void describe(Visitor& v, Options& o) {
  using io::Key;
  v(Key{"budget",
        "time (\"60s\") or number of candidates (\"12 candidates\"); above one, a search"},
    o.budget);
  v(Key{"seed", "all chance follows from it", 0, 1e18}, o.seed);
  v(Key{"threads", "0: as many as pay off; the model is the same for any number", 0, 1024},
    o.threads);
  v(Key{"learners",
        "what may be trained: trees; a line, where it is clearly better; in a search forests, "
        "neighbours"},
    o.learners);
  v(Key{"rate", "learning rate", 1e-4, 1}, o.rate);
  v(Key{"leaves", "leaves a tree at most", 2, 65535}, o.leaves);
  v(Key{"rounds", "boosting rounds at most", 1, 100000}, o.rounds);
  v(Key{"min_leaf", "rows a leaf at least", 1, 1e9}, o.min_leaf);
  v(Key{"folds", "of a search, without a clock; with one, 3 windows that roll", 2, 50}, o.folds);
  v(Key{"window",
        "how far back rows are learned from: \"90d\", \"all\", or \"auto\", all of them unless "
        "newer ones alone do clearly better"},
    o.window);
  v(Key{"row_max", "time to score a row, predicted from the trees, that a model may take"},
    o.row_max);
  v(Key{"size_max", "a model's size beyond which it is kept out, as \"64MiB\""}, o.size_max);
  v(Key{"ensemble", "candidates at most that answer together; 1: the best alone", 1, 50},
    o.ensemble);
  v(Key{"weight",
        "column that says how much a row counts, in training and in metrics; it is no feature"},
    o.weight);
  v(Key{"quantiles", "[0.1, 0.5, 0.9]: levels to answer in place of one number"}, o.quantiles);
  v(Key{"class_weight",
        "{yes = 5}: what trees learn from a row of a class; probabilities are put right again"},
    o.class_weight);
  v(Key{"monotone", "{income = 1}: answers never fall as the feature grows; -1: never rise"},
    o.monotone);
  v(Key{"command",
        "a program of yours that trains in place of all this, as \"python train.py\" "
        "(docs/SCRIPTS.md)"},
    o.command);
}

/// How much to try: so many candidates, or as many as there is time for.
struct Budget {
  std::optional<Span> time{};
  std::size_t candidates = 0;  // 0: as time allows
  bool searches = false;       // "1 candidate" is fitted without folds
};
/// Of "60s", "1 candidate" or "12 candidates". Errors: kInvalidInput.
Result<Budget> read_budget(const std::string& budget);

/// Whether each value of [train] monotone is 1 or -1. Errors: kInvalidInput.
Result<void> check_monotone(const Json& monotone);
/// Whether [train] learners names some, each once, and trees or a forest where [train] monotone
/// needs them.
/// Errors: kInvalidInput.
Result<void> check_learners(const Options& options);
/// Whether [train] quantiles are levels, and trees of ours may learn them. Errors: kInvalidInput.
Result<void> check_quantiles(const Options& options);
/// Whether [train] window is "auto", "all" or a span above 0. Errors: kInvalidInput.
Result<void> check_window(const std::string& window);
/// Whether each value of [train] class_weight is a number above 0. Errors: kInvalidInput.
Result<void> check_class_weight(const Json& class_weight);

/// Stage entry. Input "prepared". Output "candidate" (model::Candidate with scores of the test
/// rows). Results: "trained", "budget spent without a model". options = {"train": Options, "now":
/// {"rounds": n, "members": [...], "candidates": k, "since_us": t, "without": [feature, ...],
/// "changed_us": c}}: when n > 0 the twin of a candidate with so many rounds and, if a search chose
/// it, its members, the rows from t on if that learned from no older ones, and without what that
/// left out; when k > 0 a search of exactly so many, whatever the budget says; c is when an open
/// alarm says that the law changed.
Result<ledger::StageOutput> run(const ledger::StageInput& input);

}  // namespace rondo::train
