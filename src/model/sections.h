// The container of a pipeline file: a header, a table and sections, each under its SHA-256. It
// knows bytes, never what they mean. Every byte of the file is covered by a digest or by a rule
// that it is zero, so no flipped bit gets past split(). Byte layout: docs/FORMATS.md, "Pipeline
// file".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rondo::model {

enum class Kind : std::uint16_t {
  kSchema = 1,
  kTransform = 2,
  kModel = 3,
  kAnswering = 4,  // only where there is something to say
  kReference = 5,
  kGolden = 6,
  kProvenance = 7,
};
/// "section 2 (transform)".
std::string name_of(Kind kind);

struct Section {
  Kind kind = Kind::kSchema;
  std::size_t offset = 0;     // in the file
  std::string_view bytes{};   // borrowed
};

/// Shape: sections in ascending order of kind; offsets are not read.
std::string join(const std::vector<Section>& sections);
/// The sections that this program knows, in order: all of them, kAnswering only where there is one.
/// Errors: kCorrupt naming section and offset.
Result<std::vector<Section>> split(std::string_view file);

}  // namespace rondo::model
