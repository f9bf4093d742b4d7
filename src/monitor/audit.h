// Labels that are bought: which rows of a window Rondo asks for, and what the whole window lost by
// them. Every row may be asked with a known probability, a doubtful one more likely, so the mean is
// right however wrong the estimates are; they only make it sharper.
#pragma once

#include "model/risk_tree.h"
#include "monitor/parts.h"
#include "monitor/watcher.h"
#include "monitor/window_mean.h"
#include "stats/evidence.h"

namespace rondo::monitor {

class Audits {
 public:
  Audits(const Options& options, const model::Reference& reference);
  /// [monitor] audit_per_day is set, and the loss is one of rows.
  bool on() const noexcept { return on_; }
  /// What the window could say of a watched part of its rows, said when they were chosen.
  struct Part {
    std::size_t part = 0;                  // of Parts
    std::uint64_t rows = 0;
    stats::Range range;                    // of the mean of their Z
    double labels = 0;                     // expected: the sum of their probabilities
  };
  /// A window closed. Of n rows with losses estimated as f_t, row t is asked with probability
  /// pi_t = min(1, b (1/2n + u_t/(2 sum u))), u_t = sqrt(f_t (1 - f_t)), b what the window may ask;
  /// which ones follows from their ids, the window and the seed. No more than b + 1 are.
  /// Source: Madow 1949, "On the theory of systematic sampling, II": with unequal probabilities.
  void choose(const Cohort& cohort);
  /// The same rows with their labels: Z_t = f_t + (xi_t/pi_t)(loss_t - f_t), xi_t = 1 if asked; a
  /// label that was asked for and did not come counts as estimated. None: nothing was chosen.
  /// Source: Zrnic, Candes 2024, "Active statistical inference", equation 3.
  struct Losses {
    std::vector<double> of_rows;
    stats::Range range;                    // of their mean, said when they were chosen
    std::vector<Part> parts;
  };
  std::optional<Losses> judge(const Cohort& cohort);
  /// How many labels of the cohort were asked for, and of these came.
  struct Labels {
    std::uint64_t asked = 0, came = 0;
  };
  Labels labels_of(const Cohort& cohort) const;
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// {"per_day","asked","answered","waiting"} and, once a window was judged, "value","low","high"
  /// (90 %), "rows","until" of the newest one. Null: off.
  Json summary() const;

 private:
  struct Row {
    std::string id;
    Time time;
    double probability = 1;
  };
  struct Window {
    Time until;
    stats::Range range;                    // of the mean of Z
    std::vector<Row> rows;                 // that are asked
    std::vector<Part> parts;
  };
  double expected(const Judged& row) const;
  const Window* window_of(const Cohort& cohort) const;
  static Result<Window> window_from(const Json& json);

  const Options& options_;
  const model::Reference& reference_;
  model::LossRule rule_;
  bool on_ = false;
  std::optional<model::RiskLeaves> leaves_;
  Parts parts_;
  std::vector<Window> windows_;            // that wait for their labels, the oldest first
  std::optional<WindowMean> newest_;
  std::uint64_t asked_ = 0, answered_ = 0; // of windows that were judged
};

}  // namespace rondo::monitor
