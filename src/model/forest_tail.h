// What follows the trees in section 3 of the pipeline file: covers and linear terms. Private to
// model/. Byte layout: docs/FORMATS.md, "Pipeline file".
#pragma once

#include "base/result.h"
#include "model/bytes.h"
#include "model/linear_term.h"

namespace rondo::model {

void put_covers(const std::vector<double>& covers, ByteWriter& out);
/// The reader has as many bytes as `count` covers take. Errors: kCorrupt for an unknown kind.
Result<std::vector<double>> read_covers(ByteReader& in, std::uint32_t count);
void put_terms(const std::vector<LinearTerm>& terms, ByteWriter& out);
/// All that is left. Errors: kCorrupt when it is not as long as it says; what the numbers mean, the
/// builder checks.
Result<std::vector<LinearTerm>> read_terms(ByteReader& in);

}  // namespace rondo::model
