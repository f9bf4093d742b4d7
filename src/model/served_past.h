// What is known of rows that were served before they became training rows: when their label really
// came, and what the history answered then. A training row uses these very bits, so a feature of
// the past is trained on as it was served, whatever was late, corrected or lost meanwhile.
#pragma once

#include "model/history.h"
#include "table/table.h"

namespace rondo::model {

/// Columns of a segment of served rows beside those of its rows. All of them are missing in rows of
/// a source.
inline constexpr std::string_view kServedColumn = "_rondo_served_";
inline constexpr std::string_view kServedLabel = "_rondo_served_label";  // row of the label's table
inline constexpr std::string_view kServedKnown = "_rondo_served_known";  // when the label came

/// Sequence numbers of labels that were served stand behind those of rows: kServedSequence + the
/// row of the label's table, in a server and in training.
inline constexpr std::uint64_t kServedSequence = std::uint64_t{1} << 40;

/// Names the values of a lag by what it means: two versions that mean the same use one name. Empty
/// for a join of texts, whose codes are a version's own.
std::string served_column_of(const HistorySpec& spec, const Lag& lag, const std::string& target,
                             const std::vector<std::string>& classes);

/// Values as columns hold them: their bits, so that NaN is a value and missing is "not served".
std::int64_t served_bits(double value);

/// Threads: any. The table outlives it.
class ServedPast {
 public:
  /// `served` has the columns above for each row, or none.
  ServedPast(const table::Table& served, const HistorySpec& spec, const std::string& target,
             const std::vector<std::string>& classes);
  /// Whether put() could change anything.
  bool is_empty() const { return columns_.empty(); }
  /// What was answered to the row, in place of what a history reads. True: something was.
  /// Shape: one value a lag.
  bool put(std::size_t row, std::span<double> lags) const;

 private:
  std::vector<std::pair<std::size_t, const table::Column*>> columns_;  // of lags
};

}  // namespace rondo::model
