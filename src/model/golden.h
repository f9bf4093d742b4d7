// Golden rows: raw rows with what every part of a pipeline made of them. A file that does not
// reproduce each of them in every bit, singly and as a batch, by every kernel of the CPU, is not
// served.
#pragma once

#include "model/pipeline.h"

namespace rondo::model {

inline constexpr std::size_t kFewestGolden = 32;
inline constexpr std::size_t kMostGolden = 256;

/// Section 6 of the pipeline file. Shape: rows that fit `parts` (check_golden()).
std::string encode_golden(const Pipeline::Parts& parts);
/// Reads the rows for a transform and forest. Errors: kCorrupt naming the row.
Result<std::vector<GoldenRow>> decode_golden(std::string_view bytes,
                                             const Pipeline::Parts& parts);
/// Scores all rows again, by every kernel of this CPU. Errors: kCorrupt naming row and feature, or
/// output, that differ.
Result<void> check_golden(const Pipeline::Parts& parts);

}  // namespace rondo::model
