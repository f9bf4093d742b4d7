// One text a bin; see ColumnReference::counts for their order.
#include "model/bins.h"

#include <fmt/format.h>

#include "base/words.h"
#include "model/reference.h"

namespace rondo::model {

BinFinder::BinFinder(const ColumnReference& column) : column_(&column) {
  for (std::size_t i = 0; i < column.categories.size(); ++i) places_[column.categories[i]] = i;
}

std::size_t BinFinder::operator()(const Cell& cell) const {
  if (cell.kind != Cell::Kind::kText || column_->numeric) return bin_of(*column_, cell);
  const auto found = places_.find(cell.text);
  return found == places_.end() ? column_->categories.size() : found->second;
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
