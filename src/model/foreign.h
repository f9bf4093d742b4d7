// Models that were trained elsewhere: LightGBM's text, XGBoost's JSON and UBJSON, read by parsers
// of our own that check everything before it is used. What comes out scores as the library does:
// LightGBM's in every bit, XGBoost's within the rounding of its floats (docs/FORMATS.md).
#pragma once

#include "io/json.h"
#include "model/prepared.h"
#include "model/forest.h"

namespace rondo::model {

struct ForeignModel {
  std::string library;    // "LightGBM", "XGBoost"
  std::string objective;  // as the library calls it
  Task task = Task::kRegression;
  Forest forest;
  std::vector<std::string> names;   // of the features, each once
  std::vector<bool> is_category;    // one a feature
  // The texts of a category feature's codes, where the file holds them; else empty, and the codes
  // are whole numbers. `number`: what the file holds are numbers.
  struct Categories {
    std::vector<std::string> texts;
    bool number = false;
  };
  std::vector<Categories> categories;  // one a feature
};

/// By what the bytes begin with. Errors: kInvalidInput naming tree and field, JSON path, or offset.
Result<ForeignModel> read_foreign(std::string_view bytes);
Result<ForeignModel> read_lightgbm(std::string_view text);
/// Of JSON or UBJSON, by what stands behind its brace.
Result<Json> xgboost_document(std::string_view bytes);
Result<ForeignModel> read_xgboost(const Json& document);

/// The greatest double that XGBoost sends left at a threshold: it rounds a value to float and asks
/// whether that is below.
double cut_below(float threshold);

}  // namespace rondo::model
