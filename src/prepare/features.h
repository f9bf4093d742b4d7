// Shared by the phases that work on the matrix of features.
#pragma once

#include "prepare/draft.h"

namespace rondo::prepare {

/// Spreads the bits of a number (the finalizer of SplitMix64); for hashes that are compared and
/// never stored.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The lower of the two middle values when their number is even, so that it is a value that was
/// seen. Shape: at least one value.
double median(std::vector<double> values);
/// As the transform looks a number up in a dictionary.
std::string shortest(double value);

/// The features of these used rows (places in draft.used) through the transform, each as of its own
/// time.
model::Matrix matrix_of(const Job& job, const Draft& draft, const model::Transform& transform,
                        std::span<const std::size_t> places);
/// Of all used rows through draft.transform.
model::Matrix matrix_of(const Job& job, const Draft& draft);

/// The transform with these steps only, and only the inputs and lags that they read.
model::Transform reduced(const model::Transform& from, const std::vector<std::size_t>& kept);
model::Matrix reduced(const model::Matrix& from, const std::vector<std::size_t>& kept);
/// The steps of both, of inputs and lags that both read once. Features of `b` whose name is taken
/// get another one.
model::Transform joined(const model::Transform& a, const model::Transform& b);
/// Shape: as many rows in both.
model::Matrix joined(const model::Matrix& a, const model::Matrix& b);

/// What each value of a column says about the target.
struct Encoding {
  std::vector<std::string> categories;
  std::vector<double> values;          // one a category
  double mean = 0;                     // for all others
};
/// Features that an encoded column becomes: one a class if there are more than two, else one.
std::size_t encodings_a_column(const Draft& draft);
inline constexpr std::size_t kMostEncodings = 16;  // of a column

/// (S + a m) / (n + a) with a = 10: n labels of the category with the sum S, m the mean of all.
/// Training rows alone, all of them. With many classes a label is 1 where it is that of `index`,
/// else 0; otherwise `index` means nothing. Source: Micci-Barreca 2001, section 3.3 for classes.
Encoding fit_encoding(const Draft& draft, const table::Column& column, std::uint32_t index);
/// The fold of each used row, below 5. Rows with the same cells are in one fold: a copy has the own
/// label.
std::vector<std::size_t> folds_of(const Job& job, const Draft& draft);
/// The same for training rows without their own labels. No clock: of five folds by a hash of the
/// row each is encoded by the other four. With one: by the labels that were known at the row's
/// time; `folds` may be empty then. Shape: one a used row, NaN where it does not train or nothing
/// was known yet.
/// Source: ordered target statistics, Prokhorenkova et al. 2018, section 3.2.
std::vector<double> encoded_apart(const Job& job, const Draft& draft, const table::Column& column,
                                  std::uint32_t index, std::span<const std::size_t> folds);

/// Features that are made of columns, fitted on training rows.
model::Transform fit_made(const Job& job, const Draft& draft, const std::vector<MadeWish>& wishes);
/// Their values, of lags too; in training rows encodings are apart from the own label.
model::Matrix made_values(const Job& job, const Draft& draft, const model::Transform& transform,
                          std::span<const std::size_t> places);
/// Lags and windows alone.
model::Transform fit_lags(const Job& job, const Draft& draft,
                          const std::vector<LagWish>& wishes);

}  // namespace rondo::prepare
