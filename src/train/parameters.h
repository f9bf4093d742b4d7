// What LightGBM is told. It takes parameters as one text, splits it at blanks and only warns about
// names that it does not know, so the text is made in one place from a fixed list of names, which a
// test holds against the library's own. What changes the bits with the number of threads, or
// distorts probabilities, is not in the list.
#pragma once

#include "model/prepared.h"
#include "train/growth.h"

namespace rondo::train {

struct Parameters {
  std::vector<std::pair<std::string, std::string>> values;  // in the order of the text

  /// "name=value name=value"
  std::string text() const;
  /// Without the number of threads, from which nothing follows.
  Json json() const;
};

/// Errors: kInvalidInput when LightGBM has no such number.
Result<Parameters> parameters_with(const model::Prepared& prepared, const Growth& growth,
                                   Seed seed, std::size_t threads);
/// Of what the settings say.
Result<Parameters> parameters_for(const model::Prepared& prepared, const Options& options,
                                  Seed seed, std::size_t threads);

/// How many fits are made side by side.
std::size_t lanes_for(std::int64_t wanted);

/// How many threads pay off for so many values, at most one a core, when `wanted` is 0. The model
/// does not depend on it.
std::size_t threads_for(std::int64_t wanted, std::size_t cells);

}  // namespace rondo::train
