// Raw rows that a deployed pipeline has to reproduce bit for bit. They are drawn from the frozen
// reference, not copied from training rows, so that the file holds nobody's row; and they go where
// arithmetic is delicate: for each column missing, unseen, the extremes and beyond, quantile edges,
// a cut of the trees and its upper neighbour; for the clock the corners of the calendar.
#pragma once

#include "base/seed.h"
#include "model/pipeline.h"

namespace rondo::deploy {

struct GoldenSource {
  const model::Transform& transform;
  const model::Forest& forest;
  const model::Answering& answering;
  const model::Reference& reference;              // a column for each input, in its order
  std::span<const model::ColumnReference> series; // of HistorySpec::series; numeric
  Time first, last;                               // event times of the training rows
};

/// 32 rows with typical values in every column, drawn column by column, and up to 224 more in which
/// single columns take a delicate value. With more of those than rows, columns share rows.
/// Shape: 32 to 256 rows; the same source and seed give the same rows.
std::vector<model::GoldenRow> draw_golden(const GoldenSource& source, Seed seed);

}  // namespace rondo::deploy
