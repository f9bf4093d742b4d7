// JSON lines and arrays of objects as a Grid. Strict RFC 8259, a record at a time: a record that is
// no object, breaks the grammar or names a key twice is rejected, the others are read.
#pragma once

#include "base/result.h"
#include "collect/csv.h"

namespace rondo::collect {

/// Objects are flattened to `a.b`, three deep; deeper ones and arrays become their text. Columns
/// are in order of first appearance. Errors: kInvalidInput for what is neither lines nor an array.
Result<Grid> split_json(std::string bytes, const CsvStart& start, const std::string& file);

}  // namespace rondo::collect
