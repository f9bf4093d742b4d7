// Rows become lines of answers: features of up to 2,048 rows at a time, the kernels' batch, then
// text. The bits are those of a request with the same row.
#pragma once

#include "deploy/router.h"

namespace rondo::batch {

enum class Form : std::uint8_t { kCsv, kJson };

/// A cell as CSV holds it: in quotes where it must be.
void append_csv(std::string& out, std::string_view text);
void append_json(std::string& out, std::string_view text);
/// What stands behind each answer. Interval: its ends, of a pipeline with one; reasons: what each
/// column adds to the raw score, and where that begins, of a pipeline that can_explain().
struct Beside {
  bool interval = false, reasons = false;
};

/// What the columns of reasons are called: of each output "contribution_COLUMN" for each that is
/// explained, and last "base_score"; of more than one class with the class before the column.
std::vector<std::string> reason_names(const model::Pipeline& pipeline);
/// What the columns beside the answer are called, in their order: "interval_low" and
/// "interval_high", then those of the reasons.
std::vector<std::string> names_beside(const model::Pipeline& pipeline, Beside beside);
/// The first line, or nothing for JSON. `keys`: what the first columns are called; `beside`: the
/// last but one.
std::string header(Form form, std::span<const std::string> keys,
                   const model::Pipeline& pipeline, std::span<const std::string> beside);

class Scorer {
 public:
  /// Lines go to `out`, in the order of the rows.
  Scorer(std::shared_ptr<const deploy::Deployed> by, Form form, Beside beside, std::string& out);
  /// `key`: the beginning of its line, as it stands there. Shape: cells in the order of inputs.
  void add(std::span<const model::Cell> cells, Time time, std::string_view key);
  /// Writes what still waits.
  void flush();

 private:
  void append_answer(std::span<const double> scores);
  void append_several(std::string_view name, std::span<const double> values);
  void append_interval(std::span<const double> answer);
  void append_reasons(std::span<const double> reasons);

  std::shared_ptr<const deploy::Deployed> by_;
  const model::Pipeline::Parts& parts_;
  Form form_;
  bool interval_;
  std::string& out_;
  std::string end_;                  // the version, and the line's end
  std::vector<std::string> labels_;  // of classes or levels, as they stand in a line
  std::vector<double> lags_, features_, scores_, probabilities_, reasons_;
  std::vector<std::string> explained_;  // columns as JSON; empty: no reasons are asked for
  std::string keys_;
  std::vector<std::size_t> key_ends_;
};

}  // namespace rondo::batch
