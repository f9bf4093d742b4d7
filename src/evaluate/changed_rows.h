// Some test rows that can be asked again with one column changed.
#pragma once

#include <functional>

#include "evaluate/metrics.h"
#include "model/answering.h"
#include "model/compiled_forest.h"

namespace rondo::evaluate {

class ChangedRows {
 public:
  using Change = std::function<void(std::size_t, model::Cell&)>;
  /// At most so many of the test rows, evenly spread. All must stay where they are.
  ChangedRows(const model::Prepared& prepared, const model::Forest& forest,
              const model::Answering& answering, std::size_t most);

  std::size_t rows() const { return places_.size(); }
  /// Their numbers among the test rows.
  const std::vector<std::size_t>& places() const { return places_; }
  /// What feature shows the column's cells: itself as a number, or as a category whatever its type;
  /// kNone: none does.
  enum class Seen : std::uint8_t { kNone, kNumber, kCategory };
  Seen seen(std::size_t input) const { return seen_[input]; }
  const model::Cell& cell(std::size_t i, std::size_t input) const {
    return cells_[i * inputs_ + input];
  }

  /// As they would be served. Shape: as Answers.
  Answers answers() const;
  /// `change(i, cell)` changes the cell of the i-th row. Features of which the column is a part are
  /// made anew; the past of a row (lags, windows, joins) stays. A row in which such a feature does
  /// not come out as it is before the change is not changed: `changed` has a 0 there.
  Answers answers(std::size_t input, const Change& change,
                  std::vector<std::uint8_t>* changed = nullptr) const;

 private:
  Answers scored(std::vector<double> features) const;

  const model::Prepared& prepared_;
  const model::Forest& forest_;
  const model::CompiledForest compiled_;
  const model::Answering& answering_;
  std::size_t inputs_ = 0;
  std::vector<std::size_t> places_, rows_;   // among the test rows; in `prepared`
  std::vector<model::Cell> cells_;           // row-major; texts live in the transform
  std::vector<Seen> seen_;                   // one an input
};

}  // namespace rondo::evaluate
