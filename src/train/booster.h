// LightGBM's handles with their owners: a Booster keeps the datasets that it learns from, and each
// handle is freed once. Every call says in its error what was being done.
#pragma once

#include <memory>
#include <vector>

#include "train/parameters.h"
#include "train/rows.h"

namespace rondo::train {

struct LightgbmLibrary;

class Booster {
 public:
  /// `stop` may be empty: then there is nothing to predict for. Errors: those of LightGBM;
  /// kUnavailable when it is not there, or is one that does not know a parameter.
  static Result<Booster> make(const model::Prepared& prepared, const RowList& fit,
                              const RowList& stop, const Parameters& parameters);

  /// One more round; of quantiles, each level's of those that still split. False: no tree of it
  /// could split, and the model stays as it was (the very first round leaves constant trees).
  Result<bool> grow();
  Result<std::size_t> rounds() const;
  /// Answers for the rows of `stop`, put right where classes had weights, quantiles ascending.
  /// Shape: row-major, one a row, one a class, or one a level.
  Result<std::span<const double>> answers();
  /// The first `rounds` rounds in LightGBM's text: one, or one a level of quantiles.
  Result<std::vector<std::string>> texts(std::size_t rounds) const;
  /// LightGBM's own contributions. Shape: row-major features in; a row has, for each output, one a
  /// feature and the base.
  Result<std::vector<double>> contributions(std::span<const double> features,
                                            std::size_t rounds) const;
  /// LightGBM's own raw scores, as it learned with weights of classes. Shape: row-major features
  /// in.
  Result<std::vector<double>> raw(std::span<const double> features, std::size_t rounds) const;

 private:
  struct FreeDataset {
    const LightgbmLibrary* library;
    void operator()(void* handle) const;
  };
  struct FreeBooster {
    const LightgbmLibrary* library;
    void operator()(void* handle) const;
  };
  using DatasetPtr = std::unique_ptr<void, FreeDataset>;
  /// What learns; of quantiles one a level.
  struct Learner {
    std::unique_ptr<void, FreeBooster> handle;
    bool splits = true;
  };

  Result<std::string> text_of(const Learner& learner, std::size_t rounds) const;
  Result<std::vector<double>> predicted(std::span<const double> features, std::size_t rounds,
                                        int kind, std::size_t values) const;
  Booster(const LightgbmLibrary& library, std::size_t columns, std::size_t outputs)
      : library_(&library), columns_(columns), outputs_(outputs), fit_(nullptr, {&library}),
        stop_(nullptr, {&library}) {}
  static Result<DatasetPtr> dataset(const LightgbmLibrary& library,
                                    const model::Prepared& prepared, const RowList& rows,
                                    const Parameters& parameters, void* reference);
  void correct(std::span<double> answer) const;

  const LightgbmLibrary* library_;
  std::size_t columns_, outputs_;
  DatasetPtr fit_, stop_;  // freed after the learners that use them
  std::vector<Learner> learners_;
  bool quantiles_ = false;
  std::vector<double> by_class_, answers_, corrections_;
};

}  // namespace rondo::train
