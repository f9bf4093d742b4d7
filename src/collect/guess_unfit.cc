// Each question is asked of columns that no earlier one has named, the plainest first, so that a
// person reads the simplest reason.
#include "collect/guess_unfit.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "collect/formula.h"
#include "collect/segment.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Table;
using table::Type;

constexpr std::size_t kFewRows = 20;         // below, every column looks like an identifier
constexpr std::size_t kFewMissing = 10;
constexpr double kDistinct = 0.95;
constexpr double kCopy = 0.995;
constexpr double kLinear = 0.9999;
constexpr int kFormulas = 3;

/// Different values among those that are known.
std::size_t distinct(const Column& column) {
  std::unordered_set<std::int64_t> whole;
  std::unordered_set<double> real;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    if (column.type == Type::kNumber) {
      real.insert(column.numbers[row]);
    } else {
      whole.insert(is_text(column.type) ? column.codes[row] : column.integers[row]);
    }
  }
  return whole.size() + real.size();
}

/// Never falls from row to row, and rises.
bool only_grows(const Column& column) {
  if (is_text(column.type)) return false;
  double before = -std::numeric_limits<double>::infinity();
  std::size_t rises = 0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const double value = column.as_double(row);
    if (value < before) return false;
    if (value > before) ++rises;
    before = value;
  }
  return rises > 1;
}

class Search {
 public:
  Search(const Table& rows, UnfitSearch search) : rows_(rows), search_(std::move(search)) {
    for (const Unfit& unfit : search_.found) named_.insert(unfit.column);
    named_.insert(search_.target);
    named_.insert(std::string(table::kTimeColumn));
  }

  std::vector<Unfit> run() {
    for (const std::string& name : search_.clock) {
      propose(name, "the clock itself; features of the time are made from it");
    }
    for (std::size_t i = 0; i < rows_.columns(); ++i) by_itself(i);
    if (const Column* target = rows_.find(search_.target)) against(*target);
    return std::move(search_.found);
  }

 private:
  void propose(const std::string& name, std::string reason) {
    if (named_.insert(name).second) search_.found.push_back({name, std::move(reason)});
  }

  void by_itself(std::size_t index) {
    const std::string& name = rows_.schema().fields[index].name;
    const Column& column = rows_.column(index);
    const std::size_t known = column.valid.count();
    if (named_.contains(name)) return;
    if (known == 0) return propose(name, "missing in every row");
    const std::size_t values = distinct(column);
    if (values == 1 && known == column.size()) return propose(name, "the same value in every row");
    if (is_identifier(column, values)) {
      return propose(name, values == known ? "an identifier: a new value in every row"
                                           : "an identifier: a new value in nearly every row");
    }
    if (search_.ordered && known == column.size() && only_grows(column)) {
      propose(name, "only grows with the clock: rows to come have values never seen");
    }
  }

  /// Whole numbers that merely differ may be measurements; those that count the rows are not.
  bool is_identifier(const Column& column, std::size_t values) const {
    const std::size_t known = column.valid.count();
    if (known < kFewRows) return false;
    if (static_cast<double>(values) < kDistinct * static_cast<double>(known)) return false;
    if (column.type == Type::kCategory) return true;
    return column.type == Type::kInteger && values == known &&
           (only_grows(column) || is_dense(column, values));
  }

  static bool is_dense(const Column& column, std::size_t values) {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (column.is_null(row)) continue;
      least = std::min(least, column.as_double(row));
      greatest = std::max(greatest, column.as_double(row));
    }
    return greatest - least < 2 * static_cast<double>(values);
  }

  void against(const Column& target) {
    const Answers answers = answers_of(target);
    if (answers.rows.size() < 10 * kFewRows) return;
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const std::string& name = rows_.schema().fields[i].name;
      if (named_.contains(name) || rows_.column(i).type == Type::kText) continue;
      const double told = told_alone(rows_.column(i), answers);
      if (told >= kCopy) {
        propose(name, fmt::format("gives the target away alone ({} {:.3f})",
                                  answers.two_classes ? "AUC" : "R2", told));
      }
    }
    for (int i = 0; i < kFormulas && answers.is_number && add_formula(answers); ++i) {
    }
  }

  bool add_formula(const Answers& answers) {
    std::vector<std::string> names;
    std::vector<const Column*> columns;
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const std::string& name = rows_.schema().fields[i].name;
      if (named_.contains(name) || is_text(rows_.column(i).type)) continue;
      names.push_back(name);
      columns.push_back(&rows_.column(i));
    }
    const std::vector<std::size_t> formula = linear_formula(columns, answers, kLinear);
    for (const std::size_t column : formula) {
      std::vector<std::string> others;
      for (const std::size_t other : formula) {
        if (other != column) others.push_back(names[other]);
      }
      propose(names[column],
              others.empty() ? "gives the target by a linear formula"
                             : fmt::format("with {} it gives the target by a linear formula",
                                           listed(others)));
    }
    return !formula.empty();
  }

  const Table& rows_;
  UnfitSearch search_;
  std::set<std::string> named_;
};

}  // namespace

std::vector<Unfit> known_with_target(const Table& rows, const std::string& target) {
  std::vector<Unfit> found;
  const Column* answer = rows.find(target);
  if (answer == nullptr) return found;
  const std::size_t unknown = rows.rows() - answer->valid.count();
  if (unknown < kFewMissing || unknown == rows.rows()) return found;
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    const Column& column = rows.column(i);
    const std::size_t missing = rows.rows() - column.valid.count();
    if (&column == answer || missing * 2 < unknown) continue;
    bool elsewhere = false;
    for (std::size_t row = 0; row < rows.rows() && !elsewhere; ++row) {
      elsewhere = column.is_null(row) && !answer->is_null(row);
    }
    if (elsewhere) continue;
    found.push_back({rows.schema().fields[i].name,
                     fmt::format("missing in {} rows, all without a target: known only with it",
                                 grouped(missing))});
  }
  return found;
}

std::vector<Unfit> guess_unfit(const Table& rows, UnfitSearch search) {
  return Search(rows, std::move(search)).run();
}

}  // namespace rondo::collect
