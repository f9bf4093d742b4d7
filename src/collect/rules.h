// The rules of contract.toml, over one typed column: which cells break one, and the rule that would
// take them in.
#pragma once

#include "collect/reject.h"
#include "table/contract.h"

namespace rondo::collect {

struct Breach {
  std::size_t row = 0;
  Why why = Why::kMissing;  // or kValue, kRange
};
/// In order of rows. `unread` are rows whose cell is missing for another reason, in order. Cost:
/// one look at each value of a dictionary, one comparison a cell.
std::vector<Breach> breaches(const table::Column& column, const table::Rule& rule,
                             const std::vector<std::size_t>& unread);
/// The least change of the rule that takes the cell in.
void widen(table::Rule& rule, const table::Column& column, const Breach& breach);
/// The column with these cells missing.
std::shared_ptr<const table::Column> without(const table::Column& column,
                                             const std::vector<Breach>& breaches);
/// `age is 130, and contract.toml says 0 to 120`.
std::string sentence_of(const std::string& column, std::string_view text, const table::Rule& rule,
                        Why why);

}  // namespace rondo::collect
