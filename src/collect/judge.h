// Where each row of a reading ends: accepted, rejected with a reason, or dropped as a duplicate.
#pragma once

#include "collect/reading.h"

namespace rondo::collect {

enum class Fate : std::uint8_t { kAccepted, kRejected, kDuplicate };

struct Verdicts {
  std::vector<Fate> fate;     // one a row
  std::vector<Json> rejects;  // split and judged ones, in order of source and record
};

struct JudgeInput {
  std::span<const Source> sources;
  const Bound& bound;
  const table::Contract& contract;
  std::span<const Time> times;   // empty without a clock
  std::span<const double> keys;  // of the clock; empty without one
  std::optional<double> after;   // greatest value of the clock collected before
  const Cursor& cursor;          // its boundary
  const ReadingOptions& options;
};

/// Errors: those of options.known.
Result<Verdicts> judge(const JudgeInput& input);

}  // namespace rondo::collect
