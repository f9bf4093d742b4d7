// Schema + transform + model + reference in one file: what is deployed. Loading validates structure
// and digests before anything is indexed and refuses unless the golden rows reproduce bit for bit.
// No code inside. Byte layout: docs/FORMATS.md, "Pipeline file".
#pragma once

#include <memory>
#include <optional>

#include "io/digest.h"
#include "base/published.h"
#include "model/answering.h"
#include "model/compiled_forest.h"
#include "model/explain.h"
#include "model/prepared.h"
#include "model/reference.h"

namespace rondo::model {

/// What contributions call neighbours; one "_" more where a column has that name.
inline constexpr std::string_view kNeighboursName = "_neighbours";

/// A raw row, what came out of each part, bit for bit.
struct GoldenRow {
  std::string cells;             // encode_cells()
  Time time;
  std::vector<double> lags;      // what the history answered
  std::vector<double> features;
  std::vector<double> raw;       // raw scores
  std::vector<double> answer;    // what is answered: after the link and Answering
};

/// Scores of rows. Shape: answer has rows x outputs.
struct Scores {
  std::vector<double> answer;
};

class Pipeline {
 public:
  struct Parts {
    Task task = Task::kRegression;
    std::string target;
    std::vector<std::string> classes;
    std::vector<double> levels{};    // of quantiles, ascending; empty for other tasks
    Transform transform;
    Forest forest;
    Answering answering;
    Reference reference;
    std::vector<GoldenRow> golden;   // 32 to 256
    Json provenance = Json::object();  // manifest, prepared, candidate digests, metrics, card, seed
  };
  static Result<std::string> encode(const Parts& parts);
  /// Errors: kCorrupt naming section and offset, or the golden row and the feature that differ;
  /// those of chosen_kernel().
  static Result<std::shared_ptr<const Pipeline>> load(std::string_view bytes);

  const Parts& parts() const { return parts_; }
  const Transform& transform() const { return parts_.transform; }
  const Reference& reference() const { return parts_.reference; }
  std::size_t outputs() const { return parts_.forest.outputs(); }
  /// What several numbers of one answer are told by: the classes, or the levels as text; none where
  /// an answer is one number.
  const std::vector<std::string>& answer_names() const { return answer_names_; }
  /// "probability" or "quantile": what each of these is.
  std::string_view answer_kind() const {
    return parts_.levels.empty() ? "probability" : "quantile";
  }
  /// The forest as this CPU scores it.
  const CompiledForest& forest() const { return *forest_; }
  /// From raw scores to answers, in place: the forest's link, then what Answering says. Shape: rows
  /// x outputs().
  void answer(std::span<double> scores) const noexcept {
    parts_.forest.link(scores);
    parts_.answering.apply(scores, outputs());
  }
  /// Answers of one row: regression: value; binary: probability of the positive class; multiclass:
  /// a probability a class; quantile: a value a level, ascending. The history has answered its lags
  /// already, so that a caller holds its lock for that alone. Shape: out has outputs() values; raw,
  /// the scores before the link, as many or none. Threads: any. No allocation a row.
  void score(std::span<const Cell> cells, Time time, std::span<const double> lags,
             std::span<double> out, InputCounts* counts = nullptr,
             std::span<double> raw = {}) const noexcept;
  /// What contributions are told of: the input columns, then, where features are made of them, the
  /// event time (table::kTimeColumn) and lagged series that are no input, and kNeighboursName where
  /// rows that are kept answer.
  const std::vector<std::string>& explained() const { return explained_; }
  bool can_explain() const { return parts_.forest.has_covers(); }
  /// Exact Shapley values of one row: a derived feature counts for the column that it is made of,
  /// half for each if they are two. Neighbours count as one.
  /// Shape: out has outputs() times explained().size() + 1 values, of each output the columns' and
  /// last the base; they add up to the raw score. lags as for score(). Threads: any. Cost: the
  /// forest is made ready at the first call.
  /// Errors: kNotFound when the model holds no covers.
  Result<void> explain(std::span<const Cell> cells, Time time, std::span<const double> lags,
                       std::span<double> out) const;
  /// Makes a golden row of a raw row.
  static GoldenRow make_golden(const Transform& transform, const Forest& forest,
                               const Answering& answering, std::span<const Cell> cells, Time time,
                               std::span<const double> lags);

 private:
  class Room;
  void name_explained();
  void name_answers();
  Result<std::shared_ptr<const ForestExplainer>> explainer() const;
  Parts parts_;
  std::optional<CompiledForest> forest_;  // of parts_, made at load
  std::vector<std::string> explained_, answer_names_;
  // Places in explained_, one or two a feature (then they differ).
  std::vector<std::pair<std::size_t, std::size_t>> explained_by_;
  mutable Published<ForestExplainer> explainer_;  // null until somebody asks
};

}  // namespace rondo::model
