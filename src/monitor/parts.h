// Which of the watched parts of the rows ([monitor] slices) a row is in: at most one of each
// column, found by a look-up, so that two hundred parts cost a row what four columns cost.
#pragma once

#include <string_view>
#include <unordered_map>

#include "model/reference.h"

namespace rondo::monitor {

/// Shape: the parts of the reference whose column the rows still have, in its order.
/// Threads: any number may ask. It reads the reference, which must live as long.
class Parts {
 public:
  explicit Parts(const model::Reference& reference);
  std::size_t size() const noexcept { return parts_.size(); }
  const model::SliceReference& operator[](std::size_t part) const { return *parts_[part]; }
  /// Calls visit(part) for each part that has the row.
  /// Cost: a look-up a column, a comparison a range.
  template <class Visit>
  void of(const std::vector<model::Cell>& cells, const Visit& visit) const {
    for (const ByColumn& column : columns_) {
      if (column.column >= cells.size()) continue;
      if (const auto part = part_of(column, cells[column.column])) visit(*part);
    }
  }

 private:
  struct ByColumn {
    std::size_t column = 0;             // of the reference
    std::unordered_map<std::string_view, std::size_t> values;
    std::vector<std::size_t> others;    // ranges, and what is missing
  };
  std::optional<std::size_t> part_of(const ByColumn& column, const model::Cell& cell) const;

  std::vector<const model::SliceReference*> parts_;
  std::vector<ByColumn> columns_;
};

}  // namespace rondo::monitor
