// A model that was trained elsewhere becomes a pipeline file: columns by name, categories by text,
// its own golden rows. Before it counts it is compared with rows that a person gives, and with the
// library itself where it is at hand, else with a second reading of the file.
#pragma once

#include <functional>

#include "model/foreign.h"
#include "model/pipeline.h"

namespace rondo::deploy {

/// A row with the library's own prediction.
struct GivenRow {
  std::size_t line = 0;                      // of its file
  std::vector<std::string> cells;            // as text, one a feature; "" and "nan" are missing
  std::vector<double> expected;              // after the link: one, or one a class
};

struct Import {
  model::ForeignModel model;
  std::string target = "prediction";
  std::vector<std::string> classes;          // empty: "0", "1", ... where the model has classes
  std::string sha256;                        // of the file
  std::vector<GivenRow> given;
};

/// Who else says what the model's raw scores are: its library, or a second reading of its file.
struct OtherReading {
  std::string who;
  std::function<Result<std::vector<double>>(std::span<const double> features)> scores;  // row-major
};

struct Imported {
  std::string file;                          // bytes of the pipeline file; it loads
  std::size_t by_other = 0, by_given = 0;    // rows that were compared
};

/// Errors: kInvalidInput for classes that do not fit or a cell that is no value of its column;
/// kConflict naming the row and both values when a prediction differs.
Result<Imported> import_model(const Import& import, const OtherReading& other);

}  // namespace rondo::deploy
