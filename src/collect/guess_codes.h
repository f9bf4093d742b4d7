// Numbers that may stand for "missing": -200 where nothing else is below 0, 9999 among ages. A
// guess for a person to judge; it goes into a proposal as a comment and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "table/table.h"

namespace rondo::collect {

struct MissingCode {
  std::string code;                  // "-200"
  std::vector<std::string> columns;  // where it is the least or greatest value, far from the rest
};

/// Cost: O(cells of numbers).
std::vector<MissingCode> guess_codes(const table::Table& rows);

/// Pairs of texts that differ only by case, blanks or punctuation: often one class, written twice.
std::vector<std::pair<std::string, std::string>> twins_among(const std::vector<std::string>& texts);

}  // namespace rondo::collect
