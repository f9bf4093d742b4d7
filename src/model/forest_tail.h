// What follows the trees in section 3 of the pipeline file: covers, linear
// terms and neighbours. Private to
// model/. Byte layout: docs/FORMATS.md, "Pipeline file".
#pragma once

#include "base/result.h"
#include "model/bytes.h"
#include "model/forest_build.h"

namespace rondo::model {

void put_covers(const std::vector<double>& covers, ByteWriter& out);
/// The reader has as many bytes as `count` covers take. Errors: kCorrupt for an unknown kind.
Result<std::vector<double>> read_covers(ByteReader& in, std::uint32_t count);
void put_terms(const std::vector<LinearTerm>& terms, ByteWriter& out);
/// Into the forest under construction. Errors: kCorrupt when they are cut off, or the builder takes
/// one for none.
Result<void> read_terms(ByteReader& in, ForestBuilder& builder);
void put_neighbours(const std::vector<NeighbourTerm>& terms, ByteWriter& out);
/// Shape: `outputs` of the forest. Errors: as read_terms().
Result<void> read_neighbours(ByteReader& in, std::size_t outputs, ForestBuilder& builder);

}  // namespace rondo::model
