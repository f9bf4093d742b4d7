// Where a model fails: parts of the data, told by up to three conditions, in which its mean loss is
// higher than elsewhere. Found on one half of the test rows and tested on the other, since the
// worst of ten thousand parts looks bad in any data.
#pragma once

#include "base/seed.h"
#include "evaluate/slice_search.h"

namespace rondo::evaluate {

struct Slice {
  std::vector<std::string> conditions;
  std::vector<Predicate> predicates;
  double score = 0;                   // on the half that was searched; they are ranked by it
  std::uint64_t rows = 0;             // and all below: on the other half
  double mean_loss = 0, loss_elsewhere = 0;
  double p = 1, adjusted = 1;         // one-sided; by Holm over the slices found
  bool named = false;                 // adjusted <= 1 - confidence
};

struct SliceReport {
  std::uint64_t rows_searched = 0, rows_tested = 0;
  double mean_loss = 0;               // of the tested rows
  bool complete = true;               // the search saw everything that could matter
  std::vector<Slice> slices;          // highest score first, named or not
};

/// Losses of test rows, with their features.
/// Shape: losses >= 0; `unit` says which rows depend on each other (a day), which are then searched
/// or tested together and count once; empty: each row for itself.
struct SliceRows {
  std::span<const double> loss;
  std::span<const SliceFeature> features;
  std::span<const std::int64_t> unit;
};

/// A half of the units to search, at most 65,536 rows, and the rest to test on. Ascending.
struct Halves {
  std::vector<std::uint32_t> searched, tested;
};
Halves halved(std::size_t rows, std::span<const std::int64_t> unit, Seed seed);
/// The units of the tested rows, numbered from 0.
std::vector<std::uint32_t> numbered(std::span<const std::int64_t> unit,
                                    const std::vector<std::uint32_t>& tested);

/// At most ten slices. A half of the units is searched, at most 65,536 rows; the p of a slice is
/// that of a t test of its mean loss against the others' with errors by unit, as many degrees as
/// units with rows in it, less one.
/// Source: search: Sagadeeva, Boehm 2021; errors by unit: Liang, Zeger 1986; Holm 1979.
/// Cost: that of search_slices, and a pass over the tested rows a slice.
SliceReport find_slices(const SliceRows& rows, double confidence, Seed seed);

}  // namespace rondo::evaluate
