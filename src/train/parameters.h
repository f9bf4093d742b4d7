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
  std::vector<double> class_weights{};  // one a class, beside the rows' own; empty: none
  std::vector<double> levels{};         // of quantiles, each of which is learned by itself
  bool multiclass = false;
  bool forest = false;                  // raw scores are the mean over the rounds

  /// What puts raw scores right that were learned with class weights, one an output; empty without.
  /// Weights w multiply the odds of classes by their ratio, wherever the rows are: so -ln(w1/w0) is
  /// added to the log-odds of two classes, -ln w_k to the score of each of more.
  /// Source: Elkan 2001, The Foundations of Cost-Sensitive Learning (IJCAI), theorem 2.
  std::vector<double> corrections() const;
  /// "name=value name=value"; of quantiles that of one level.
  std::string text(std::size_t level = 0) const;
  /// Without the number of threads, from which nothing follows.
  Json json() const;
};

/// Of `options` monotone and class_weight. Errors: kInvalidInput when LightGBM has no such number,
/// and naming what of monotone is no feature with an order, of class_weight no class.
Result<Parameters> parameters_with(const model::Prepared& prepared, const Growth& growth,
                                   const Options& options, Seed seed, std::size_t threads);
/// Of what the settings say.
Result<Parameters> parameters_for(const model::Prepared& prepared, const Options& options,
                                  Seed seed, std::size_t threads);

/// How many fits are made side by side.
std::size_t lanes_for(std::int64_t wanted);

/// How many threads pay off for so many values, at most one a core, when `wanted` is 0. The model
/// does not depend on it.
std::size_t threads_for(std::int64_t wanted, std::size_t cells);

}  // namespace rondo::train
