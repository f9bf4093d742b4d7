// Features as a linear model, and neighbours, take them: scaled numbers, flags of missing ones, a
// column for each category; and, for lines that bend, what a number has above each of five
// knots. Fitted on training rows alone.
#pragma once

#include "model/linear_term.h"
#include "model/neighbours.h"
#include "train/rows.h"

namespace rondo::train {

/// Rows by their columns that are not 0, ascending; the last column is 1 in each.
struct Design {
  std::size_t columns = 0;
  std::vector<std::size_t> from = {0};     // of each row, and the end
  std::vector<std::uint32_t> column;
  std::vector<double> value;

  std::size_t rows() const { return from.size() - 1; }
  double times(std::size_t row, std::span<const double> coefficients) const {
    double sum = 0;
    for (std::size_t i = from[row]; i < from[row + 1]; ++i) {
      sum += value[i] * coefficients[column[i]];
    }
    return sum;
  }
  /// Of each column over the rows.
  std::vector<double> means() const;
};

class LinearForm {
 public:
  static constexpr std::size_t kMostColumns = 256;
  LinearForm(const model::Prepared& prepared, const RowList& rows, bool bent);
  /// Without the constant one.
  std::size_t columns() const { return columns_; }
  std::size_t features() const { return parts_.size(); }
  Design design(const RowList& rows) const;
  /// What coefficients of the columns add to an output, as functions of the features. Shape: means
  /// of the training rows' design.
  std::vector<model::LinearTerm> terms(std::span<const double> coefficients,
                                       std::span<const double> means, std::uint32_t output) const;
  /// The columns of a straight line, for distances: numbers stay within three scales.
  std::vector<model::Neighbours::Column> for_distances() const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  /// One feature. A number has one column, another where it is missing, and one a knot; a category
  /// several.
  struct Part {
    bool category = false;
    double median = 0, scale = 0;          // scale 0: it has one value
    double low = 0, high = 0;              // beyond these it stays as it is there
    std::vector<double> knots{};
    std::size_t codes = 0;                 // of a category, with a column
    std::size_t first = 0;                 // of its columns before the choice
  };
  Part number_part(std::size_t feature, const RowList& rows) const;
  Part category_part(std::size_t feature, const RowList& rows) const;
  std::size_t columns_of(const Part& part) const {
    return part.category ? part.codes : 2 + part.knots.size();
  }
  void choose(const RowList& rows);
  void add_row(std::uint32_t row, Design& design) const;

  const model::Prepared& prepared_;
  bool bent_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> place_;       // of each column after the choice, or kNone
  std::size_t columns_ = 0;
};

}  // namespace rondo::train
