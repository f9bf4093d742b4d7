// Whose a row is, as a history tells entities apart.
#pragma once

#include "model/row.h"

namespace rondo::prepare {

/// The key of each row, by some of its columns.
class Whose {
 public:
  Whose(const table::Table& rows, const std::vector<std::string>& columns) {
    for (const std::string& name : columns) columns_.push_back(rows.find(name));
    cells_.resize(columns_.size());
  }
  std::string operator()(std::size_t row) {
    std::string key;
    model::gather(columns_, row, cells_);
    for (const model::Cell& cell : cells_) append_entity(cell, key);
    return key;
  }

 private:
  std::vector<const table::Column*> columns_;
  std::vector<model::Cell> cells_;
};

}  // namespace rondo::prepare
