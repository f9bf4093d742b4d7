// Borders by column, looked up once a version.
#include "api/input_ranges.h"

#include <algorithm>

namespace rondo::api {

void InputRanges::fit(const std::shared_ptr<const model::Pipeline>& pipeline) {
  const auto& fields = pipeline->transform().inputs().fields;
  counts_.assign(fields.size(), 0);
  if (!of_.owner_before(pipeline) && !pipeline.owner_before(of_)) return;
  of_ = pipeline;
  ranges_.assign(fields.size(), {-std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::infinity()});
  for (const model::ColumnReference& column : pipeline->reference().columns) {
    const auto field = std::ranges::find(fields, column.name, &table::Field::name);
    // A column of times rises by nature; one without a number has no borders.
    if (field == fields.end() || !column.numeric || field->type == table::Type::kTime) continue;
    const bool empty = column.counts.size() <= column.edges.size() ||
                       std::all_of(column.counts.begin(),
                                   column.counts.begin() +
                                       static_cast<std::ptrdiff_t>(column.edges.size() + 1),
                                   [](std::uint64_t count) { return count == 0; });
    if (empty) continue;
    ranges_[static_cast<std::size_t>(field - fields.begin())] = {column.minimum, column.maximum};
  }
}

void InputRanges::look(std::span<const model::Cell> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].kind != model::Cell::Kind::kNumber) continue;
    const double value = cells[i].number;
    counts_[i] += value < ranges_[i].low || value > ranges_[i].high ? 1 : 0;
  }
}

}  // namespace rondo::api
