// Rows that answer for those near them: scaled columns as floats, and what was there. A distance is
// the sum of squares, added column after column in single precision, and the earlier row wins a
// tie; so the bits depend neither on the CPU nor on how many rows are asked together.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/kernel_near.h"

namespace rondo::model {

class Neighbours {
 public:
  static constexpr std::size_t kFewest = 5, kMost = 50;  // that answer
  static constexpr std::size_t kMostRows = 20'000, kMostColumns = 256;

  /// One number made of a feature, finite for every x.
  struct Column {
    enum class Kind : std::uint8_t { kNumber, kMissing, kCode };
    std::uint32_t feature = 0;
    Kind kind = Kind::kNumber;
    std::uint32_t code = 0;         // kCode
    double center = 0, scale = 0;   // kNumber: (x - center)/scale, with x kept within
    double low = 0, high = 0;       // these two; 0 where x is missing
    bool operator==(const Column&) const = default;
    /// kMissing: 1 where x is; kCode: 1/sqrt(2) where x is, so that two categories are 1 apart.
    float value(double x) const noexcept;
  };
  struct Parts {
    std::uint32_t k = kFewest;
    std::vector<Column> columns;
    std::vector<float> values;      // row-major
    std::vector<double> answers;    // a number a row; or 0 and 1; or a class
    std::vector<double> weights{};  // one a row, above 0 and at most 1; or none
    std::vector<double> mean;       // an output's over training rows: explanations start there
    bool operator==(const Parts&) const = default;
  };
  /// What answers mean. Two classes have one output, the log-odds; more have one each, ln p.
  struct Head {
    std::size_t features = 0, outputs = 1;
    bool numbers = false;
  };

  /// Errors: kInvalidInput naming what cannot be.
  static Result<std::shared_ptr<const Neighbours>> make(Parts parts, const Head& head);
  const Parts& parts() const { return parts_; }
  std::size_t rows() const { return parts_.answers.size(); }

  /// Adds weight times the answers of row-major rows. A number is the mean of its k neighbours by
  /// their weights; a class has the share (s + a p)/(S + a) of their weight, with p its smoothed
  /// share of all rows and a the mean weight, so that none is ever 0.
  /// Shape: rows x features in, rows x outputs out. Threads: any. No allocation.
  /// Cost: rows() x columns a row; rows that are asked together share what is read.
  /// Source: Cover, Hart 1967 (Nearest Neighbor Pattern Classification); the shares as Good 1965.
  void add(std::span<const double> features, double weight, std::span<double> out) const noexcept;

 private:
  static constexpr std::size_t kStrip = 8;  // rows that meet a block of stored ones together
  struct Near {
    float distance;
    std::uint32_t row;
  };
  /// The nearest so far of one row, ascending.
  struct Found {
    Near near[kMost];
    std::size_t count = 0;
  };
  Neighbours(Parts parts, const Head& head);
  void lay_out();
  void weigh();
  void meet(std::size_t block, const float* distances, Found& found) const noexcept;
  void answer(const Found& found, double weight, std::span<double> out) const noexcept;

  Parts parts_;
  Head head_;
  NearDistances distances_;
  std::vector<float> blocks_;           // of kNearRows rows, each column after column
  std::vector<double> share_, log_share_;  // of each class, times the mean weight
  double mean_weight_ = 1;
};

}  // namespace rondo::model
