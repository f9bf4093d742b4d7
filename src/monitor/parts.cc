// Parts by their column; see parts.h.
#include "monitor/parts.h"

#include <algorithm>

namespace rondo::monitor {

Parts::Parts(const model::Reference& reference) {
  for (const model::SliceReference& slice : reference.slices) {
    const auto column = std::ranges::find(reference.columns, slice.column,
                                          &model::ColumnReference::name);
    if (column == reference.columns.end()) continue;  // the newer rows lack it
    const auto place = static_cast<std::size_t>(column - reference.columns.begin());
    auto known = std::ranges::find(columns_, place, &ByColumn::column);
    if (known == columns_.end()) known = columns_.insert(known, {place, {}, {}});
    if (slice.value) known->values[*slice.value] = parts_.size();
    else known->others.push_back(parts_.size());
    parts_.push_back(&slice);
  }
}

std::optional<std::size_t> Parts::part_of(const ByColumn& column, const model::Cell& cell) const {
  if (cell.kind == model::Cell::Kind::kText) {
    const auto found = column.values.find(cell.text);
    return found == column.values.end() ? std::nullopt : std::optional(found->second);
  }
  for (const std::size_t i : column.others) {
    if (parts_[i]->holds(cell)) return i;
  }
  return std::nullopt;
}

}  // namespace rondo::monitor
