// One text a bin; see ColumnReference::counts for their order.
#include "model/bins.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/words.h"
#include "model/reference.h"
#include "stats/classifier_bet.h"

namespace rondo::model {

BinFinder::BinFinder(const ColumnReference& column)
    : column_(&column), few_edges_(column.numeric && column.edges.size() <= kMostEdges) {
  for (std::size_t i = 0; i < column.categories.size(); ++i) places_[column.categories[i]] = i;
  edges_.fill(std::numeric_limits<double>::infinity());
  if (few_edges_) std::ranges::copy(column.edges, edges_.begin());
}

std::size_t BinFinder::operator()(const Cell& cell) const {
  if (few_edges_ && cell.kind != Cell::Kind::kText && cell.number >= column_->minimum &&
      cell.number <= column_->maximum && std::isfinite(cell.number)) {
    std::size_t at = 0;  // edges below the number
    for (std::size_t step = (kMostEdges + 1) / 2; step > 0; step /= 2) {
      at += edges_[at + step - 1] < cell.number ? step : 0;
    }
    return at;
  }
  if (cell.kind != Cell::Kind::kText || column_->numeric) return bin_of(*column_, cell);
  const auto found = places_.find(cell.text);
  return found == places_.end() ? column_->categories.size() : found->second;
}

std::vector<double> bin_scores(const ColumnReference& column) {
  const std::size_t own = column.counts.size() - kExtraBins;
  std::vector<double> scores = stats::normal_scores(std::span(column.counts).first(own));
  const double least = scores.empty() ? 0 : scores.front();
  const double most = scores.empty() ? 0 : scores.back();
  scores.insert(scores.end(), {0.0, 0.0, least, most});
  return scores;
}

std::string bin_text(const ColumnReference& c, std::size_t bin) {
  const std::size_t bins = c.counts.size() - kExtraBins;
  if (bin == bins) return c.numeric ? "text" : "other values";
  if (bin == bins + 1) return "no value";
  if (bin == bins + 2) return fmt::format("less than {}", rounded(c.minimum));
  if (bin == bins + 3) return fmt::format("more than {}", rounded(c.maximum));
  if (!c.numeric) return fmt::format("\"{}\"", c.categories[bin]);
  if (c.edges.empty()) return rounded(c.minimum);
  if (bin == 0) return fmt::format("{} at most", rounded(c.edges[0]));
  if (bin == c.edges.size()) return fmt::format("more than {}", rounded(c.edges.back()));
  return fmt::format("{} to {}", rounded(c.edges[bin - 1]), rounded(c.edges[bin]));
}

}  // namespace rondo::model
