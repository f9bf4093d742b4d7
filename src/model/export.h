// Forests in the formats of others. What they read are features, as the pipeline's transform makes
// them; what a format cannot say is refused by name. Of Answering ONNX holds the map of
// probabilities alone, LightGBM's text nothing: whoever exports says so, and hands on what is
// left as JSON, by which the answers of the file become those that are served.
#pragma once

#include "io/json.h"
#include "model/pipeline.h"

namespace rondo::model {

/// LightGBM's model text, version v4: the library, and our own import, score it in the same bits.
/// Errors: kInvalidInput for a link that it does not have, for linear terms and neighbours.
Result<std::string> to_lightgbm(const Pipeline& pipeline);
/// An ONNX model of one TreeEnsemble (ai.onnx.ml 5), and of products of matrices where there are
/// linear terms: "features" FLOAT [rows, features] in, "prediction" FLOAT [rows, outputs] out,
/// behind link and map of probabilities, and "raw_score". Thresholds are rounded
/// down to float, so a float goes the same way as here; sums are floats, within their rounding.
/// Errors: kInvalidInput for nodes that send 0 where ONNX would not, and for neighbours.
Result<std::string> to_onnx(const Pipeline& pipeline);

/// What stands in the way of writing a model whose rows answer. Errors: kInvalidInput.
Result<void> check_no_neighbours(const Forest& forest);

/// How each feature is made of the columns, for who scores with the file: {"feature", "kind", and
/// what belongs to it}.
Json feature_list(const Transform& transform);
/// Features that are more than a column: parts of time, lags, what is made of columns.
std::vector<std::string> made_features(const Transform& transform);

}  // namespace rondo::model
