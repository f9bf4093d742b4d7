// What Data Preparation hands to Model Training and Evaluation: the fitted transform and the
// feature matrix of all usable rows with side, label, time and baselines. Stored as a bundle
// (io/bundle.h).
#pragma once

#include "model/transform.h"
#include "table/split.h"

namespace rondo::model {

enum class Task { kRegression, kBinary, kMulticlass, kQuantile };
/// Whether labels are numbers rather than classes.
constexpr bool is_number(Task task) noexcept {
  return task == Task::kRegression || task == Task::kQuantile;
}
std::string_view name_of(Task task) noexcept;
Result<Task> task_from(std::string_view name);

/// Whether they are levels of quantiles: 1 to 20 of them, ascending, within (0, 1).
bool are_levels(std::span<const double> levels) noexcept;
/// The level whose answer stands where one number is asked for: the nearest to one half, the lower
/// of two as near. 0 without levels.
std::size_t middle_of(std::span<const double> levels) noexcept;

/// Features. Shape: rows x columns, row-major.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;
  std::span<const double> row(std::size_t i) const {
    return {values.data() + i * columns, columns};
  }
};

struct Prepared {
  Task task = Task::kRegression;
  std::string target;
  std::vector<std::string> classes;    // binary: {negative, positive}; multiclass: byte order
  std::vector<double> levels{};        // of quantiles, ascending; empty for other tasks
  Transform transform;
  Matrix features;                     // rows with a known, usable label; in order of time, if any
  std::vector<double> label;           // number, or class index
  std::string weight_column;           // [train] weight; empty: none
  std::vector<double> weight{};        // of each row, >= 0; empty: each counts once
  std::vector<Time> time;              // event times; empty without a clock
  std::vector<std::uint64_t> source_row;  // index among the dataset's rows, for lineage
  // Whose row it is, as a hash: rows of one group depend on each other, and no split, fold or draw
  // takes them apart. Empty: each row stands for itself, or a clock tells what belongs together.
  std::vector<std::uint64_t> group{};
  std::vector<table::Side> side;
  bool by_time = false;
  Time train_until, test_from, test_until, label_until;  // label_until: newest label in `features`
  std::vector<double> last_value;      // baseline, as known at the row's time; NaN; empty: no clock
  std::vector<double> season_value;    // same time one season before; NaN; empty: no clock
  Span season;                         // its length
  Json findings = Json::array();       // leaks, dropped columns, quarantined rows: numbers
  /// Of a row: one a class where there are more than two, one a level of quantiles, or one.
  std::size_t outputs() const noexcept;
  /// Rows of `features`, ascending.
  std::vector<std::size_t> rows_on(table::Side which) const;
  /// Errors: kCorrupt when the parts do not fit together.
  Result<std::string> encode() const;
  /// Errors: kCorrupt naming the part.
  static Result<Prepared> decode(std::string bytes);
};

/// What training hands on: a model for the transform, not yet registered. A bundle.
struct Candidate {
  Json options = Json::object();       // learner, parameters, rounds, seed
  std::string forest;                  // Forest::encode()
  std::string forest_digest;           // SHA-256 of LightGBM's text without its parameters, hex
  std::uint64_t rounds = 0;
  std::vector<double> test_scores;     // answers (after the link) on the test rows, row-major
  // Rows of `Prepared` that were held out while options and rounds were chosen, ascending within a
  // fold, and what models of the same recipe that had not learned from them answered (after the
  // link), row-major. Empty: none were held out, or of many classes they are too many.
  std::vector<std::uint32_t> held_rows;
  std::vector<double> held_answers;
  std::vector<double> linear_answers{};  // of a linear model on the test rows; empty: there is none
  Result<std::string> encode() const;
  /// Errors: kCorrupt naming the part.
  static Result<Candidate> decode(std::string bytes);
};

}  // namespace rondo::model
