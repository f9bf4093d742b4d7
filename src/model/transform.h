// A fitted recipe: raw row (and history) in, features out. A pure function with the same bits in
// training, batch, online and after a reload. Unseen and missing values are counted, never coerced.
#pragma once

#include <memory>
#include <optional>

#include "model/history.h"
#include "model/row.h"

namespace rondo::model {

/// How one feature is made. Shape: one output each.
struct Step {
  enum class Kind { kNumber, kCategory, kTimePart, kLag, kArithmetic, kPair, kEncoding, kText };
  enum class Operation { kAdd, kSubtract, kMultiply, kDivide };
  enum class Part { kYear, kMonth, kDay, kWeekday, kHour, kDayOfYear, kMinuteOfDay };
  Kind kind = Kind::kNumber;
  std::string feature;                  // name of the output
  std::int32_t input = -1;              // index into the input schema; -1: event time / history
  std::optional<double> fill;           // in place of a missing number, when training had none;
                                        // encoding: of missing and unseen categories, always there
  std::vector<std::string> categories;  // category: code = place; missing is NaN
  std::int32_t rare_code = -1;          // category: code of rare and unseen values, or -1: NaN
  Part part = Part::kHour;              // time part, of `input` or of the event time
  std::uint32_t lag = 0;                // lag: index into HistorySpec::lags
  bool coded = false;                   // lag: it is a join of texts, by their codes
  std::int32_t other = -1;              // arithmetic, pair: the second input column
  Operation operation = Operation::kAdd;  // arithmetic: input by weight * other; x/0 is missing
  double weight = 1;
  std::vector<std::string> seconds;     // pair: values of `other`, one a category
  std::vector<double> values;           // encoding: one a category
  /// Text: below kTextBuckets (model/text_buckets.h). Encoding: the class, while it is fitted.
  std::uint32_t bucket = 0;
  /// Whether the feature is a code of a category.
  bool is_category() const {
    return kind == Kind::kCategory || kind == Kind::kPair || coded;
  }
  /// Whether it is a raw column, a part of one or of the event time: nothing that was put together.
  bool is_raw() const { return kind <= Kind::kTimePart; }
  bool operator==(const Step&) const = default;
};

/// The sign of an operation, as a person writes it.
std::string_view sign_of(Step::Operation operation) noexcept;
std::optional<Step::Operation> operation_from(std::string_view sign) noexcept;

/// Counted by column while transforming; merged into /metrics by the caller. Sized at the first
/// row. A column whose value several steps have not seen counts once.
struct InputCounts {
  std::vector<std::uint64_t> missing, unseen;  // one an input column
};

class Transform {
 public:
  Transform() = default;
  Transform(table::Schema inputs, std::vector<Step> steps, HistorySpec history);
  const table::Schema& inputs() const { return inputs_; }  // raw columns a request must have
  const std::vector<Step>& steps() const { return steps_; }
  const HistorySpec& history() const { return history_; }
  std::size_t features() const { return steps_.size(); }
  std::vector<std::string> feature_names() const;
  /// Indexes of features that are categorical (codes).
  std::vector<std::int32_t> categorical() const;
  /// Whose row it is, as the history tells entities apart, and what it is joined by; empty where
  /// there is neither. The text lives until this thread's next call.
  std::string_view entity(std::span<const Cell> cells) const;
  /// Shape: out has features() values. Cost: no allocation for up to 64 lags. `history` may be null
  /// when there are no lags. Threads: any.
  void row(const RowView& row, const HistoryState* history, std::span<double> out,
           InputCounts* counts = nullptr) const noexcept;
  /// The same when the history has answered already (golden rows, logged rows that are scored
  /// again).
  /// Shape: lags has history().lags.size() values.
  void row_with_lags(std::span<const Cell> cells, Time time, std::span<const double> lags,
                     std::span<double> out, InputCounts* counts = nullptr) const noexcept;
  Json to_json() const;
  /// Errors: kInvalidInput naming the feature; everything that row() relies on is checked here.
  static Result<Transform> from_json(const Json& json);

 private:
  table::Schema inputs_;
  std::vector<Step> steps_;
  HistorySpec history_;
  std::vector<std::size_t> entity_;  // inputs
  std::vector<std::vector<std::size_t>> on_;  // inputs, of each side
  std::vector<std::shared_ptr<const void>> lookups_;  // one a step: hashed dictionary or null
  std::vector<std::uint8_t> tells_unseen_;  // one a step: it is the first that looks its input up
};

}  // namespace rondo::model
