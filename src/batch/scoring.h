// Rows become lines of answers: features of up to 2,048 rows at a time, the kernels' batch, then
// text. The bits are those of a request with the same row.
#pragma once

#include "deploy/router.h"

namespace rondo::batch {

enum class Form : std::uint8_t { kCsv, kJson };

/// A cell as CSV holds it: in quotes where it must be.
void append_csv(std::string& out, std::string_view text);
void append_json(std::string& out, std::string_view text);
/// The first line, or nothing for JSON. `keys`: what the first columns are called.
std::string header(Form form, std::span<const std::string> keys,
                   std::span<const std::string> classes);

class Scorer {
 public:
  /// Lines go to `out`, in the order of the rows.
  Scorer(std::shared_ptr<const deploy::Deployed> by, Form form, std::string& out);
  /// `key`: the beginning of its line, as it stands there. Shape: cells in the order of inputs.
  void add(std::span<const model::Cell> cells, Time time, std::string_view key);
  /// Writes what still waits.
  void flush();

 private:
  void append_answer(std::span<const double> scores);

  std::shared_ptr<const deploy::Deployed> by_;
  const model::Pipeline::Parts& parts_;
  Form form_;
  std::string& out_;
  std::string end_;                  // the version, and the line's end
  std::vector<std::string> labels_;  // of classes, as they stand in a line
  std::vector<double> lags_, features_, scores_, probabilities_;
  std::string keys_;
  std::vector<std::size_t> key_ends_;
};

}  // namespace rondo::batch
