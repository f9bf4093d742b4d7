// Detector B part by part: the parts of the rows that the project watches by themselves ([monitor]
// slices), each against its own proved bound, since a part can lose what the mean of all hides.
#pragma once

#include "monitor/audit.h"
#include "monitor/parts.h"
#include "monitor/signals.h"
#include "stats/evidence.h"

namespace rondo::monitor {

/// Part of the budget of false alarms that all parts have together.
inline constexpr double kSlicePart = 0.25;

/// What a risk that was proved to have risen has cost since, in losses.
struct Harm {
  Time since;                           // the change point
  std::uint64_t rows = 0;               // judged from there on
  double loss = 0;                      // their sum
};
/// Of what has been proved just now, until `window`.
Harm harm_of(const stats::RiskEvidence& risk, Time otherwise);

/// Against a proved bound of the loss that was frozen with the reference, and the loss below which
/// none of a day counts.
stats::RiskEvidence::Null null_of(const Options& options, const model::Reference& reference,
                                  double bound, double part, double least = 0);
/// What a risk is held against, and by what name it is told.
struct SaidBound {
  double value = 1;
  std::string_view what = "proved bound";
};
/// "RISK v7 where region = north, since ..., seen ...: error .171 in 2,310 judged rows; proved
/// bound .128 (+5 % tolerated); evidence 4.1 times the threshold". Empty `where`: of all rows.
std::string risk_sentence(const Options& options, const model::Reference& reference,
                          std::int64_t version, const std::string& where, const Signal& signal,
                          const SaidBound& bound, std::uint64_t losses);

class SliceRisks {
 public:
  SliceRisks(const Options& options, const model::Reference& reference, std::int64_t version);
  /// A cohort begins.
  void begin();
  /// A judged row. With a clock it is part of its day; without one an observation. Of the AUC each
  /// part pairs its own rows, and `loss` is not looked at. Of an audit it is Z, part of its window.
  /// Cost: a look-up a column, a comparison a range.
  void add(const Judged& row, std::optional<double> loss);
  /// What the audit of the cohort could say of the parts at all.
  void bought(std::span<const Audits::Part> parts);
  /// The day, or without a clock the cohort, is over.
  void close(OpenSignals::Window window, OpenSignals& open, std::vector<Signal>& out);
  /// What the part that cost most has cost since its change point, while its signal is open.
  struct Worst {
    std::string where;
    Harm harm;
    double test_risk = 0;
    double share = 0;                   // of the judged rows
  };
  std::optional<Worst> worst() const;
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// [{"slice","judged_rows","mean_loss","test_risk","risk_bound","evidence"}]: evidence in
  /// multiples of what is an alarm of one part alone.
  Json summary() const;

 private:
  struct Watched {
    const model::SliceReference* slice = nullptr;
    stats::RiskEvidence risk;
    double loss = 0;                    // of the day or the cohort, of audits since they said it
    std::uint64_t rows = 0, losses = 0;
    model::ScoredPairs pairs{};         // of the cohort
    std::optional<Time> observed{};     // start of the last observation
    double loss_sum = 0;
    std::uint64_t judged_rows = 0;
    std::optional<Harm> harm{};         // while a signal is open
    // Of audits: what `loss` can be at least and most, labels that were to be expected, where it
    // begins; and the rows since it was last seen whether the harm lasts.
    double least = 0, most = 0, labels = 0;
    std::optional<Time> from{};
    double recent_loss = 0, recent_labels = 0;
    std::uint64_t recent_rows = 0;
    stats::Fence fence{};
  };
  void observe(Watched& watched, double loss, Time from, Span first, std::uint64_t rows);
  bool close(Watched& watched, OpenSignals::Window window, OpenSignals& open);
  void look_again(Watched& watched, OpenSignals::Window window, OpenSignals& open);
  static Result<void> read_bought(Watched& watched, const Json& state);
  void raise(OpenSignals::Window window, OpenSignals& open, std::vector<Signal>& out);

  const Options& options_;
  const model::Reference& reference_;
  std::int64_t version_;
  bool audited_ = false;
  Parts parts_;
  std::vector<Watched> watched_;        // as parts_
  std::uint64_t judged_rows_ = 0;       // of all rows
};

}  // namespace rondo::monitor
