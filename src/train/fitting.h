// A forest from rows and rounds that are known. None leaves without proof that it answers as
// LightGBM does, by every kernel of this CPU; what weights of classes did to its odds is put right
// after that.
#pragma once

#include "model/forest.h"
#include "train/boosting.h"

namespace rondo::train {

struct Model {
  model::Forest forest;
  std::string digest;      // SHA-256 of LightGBM's text without its parameters, hex
  std::size_t rounds = 0;
  bool spent = false;      // time was up: there is no forest
};

/// SHA-256 of LightGBM's text without its part `parameters`, where the number of threads stands.
std::string digest_of_text(std::string_view text);

/// Errors: kCancelled; kCorrupt when one raw score differs from LightGBM's in one bit; those of
/// LightGBM.
Result<Model> fit_model(const model::Prepared& prepared, const RowList& train,
                        const Parameters& parameters, const Limits& limits);

}  // namespace rondo::train
