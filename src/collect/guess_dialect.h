// How a file that nobody described writes its cells: blanks around fields, and words that stand for
// "missing" because they are no number among numbers or no category.
#pragma once

#include <span>

#include "collect/sniff.h"

namespace rondo::collect {

/// Whether nearly every field after the first begins with a blank.
bool wants_trim(const Source& source);

struct NullWord {
  std::string word, column;
};
/// Words that mean missing beside `null`, with the column that gave each away.
std::vector<NullWord> guess_nulls(std::span<const ColumnLook> looks, std::vector<std::string> null);

}  // namespace rondo::collect
