// Rows into bins, days into bets, bets into a notice.
#include "monitor/together.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"

namespace rondo::monitor {
namespace {

stats::BinnedSample sample_of(const model::Reference& reference) {
  stats::BinnedSample sample;
  for (const std::size_t column : reference.joint.columns) {
    sample.scores.push_back(model::bin_scores(reference.columns[column]));
  }
  sample.bins = reference.joint.bins;
  sample.windows = reference.joint.days;
  return sample;
}

}  // namespace

Together::Together(const Options& options, const model::Reference& reference)
    : reference_(&reference),
      notices_per_year_(kTogetherPart * options.false_notices_per_year),
      first_(options.window) {
  stats::BinnedSample sample = sample_of(reference);
  const bool clocked = reference.has_clock == !sample.windows.empty();
  if (!clocked || !stats::ClassifierEvidence::usable(sample)) return;
  evidence_.emplace(std::move(sample));
  for (const std::size_t column : reference.joint.columns) {
    bins_.emplace_back(reference.columns[column]);
  }
}

/// Columns that moved one by one tell it themselves, and a broken one proves nothing.
bool Together::explained(const OpenSignals& open) const {
  const std::vector<Signal> signals = open.list();
  return std::ranges::any_of(signals, [&](const Signal& signal) {
    const auto of = [&](std::size_t i) {
      return reference_->columns[i].name == signal.subject;
    };
    return signal.kind != "risk" && std::ranges::any_of(reference_->joint.columns, of);
  });
}

std::vector<std::uint8_t> Together::bins_of(const Judged& row) const {
  std::vector<std::uint8_t> bins;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins.push_back(static_cast<std::uint8_t>(bins_[i](row.cells[reference_->joint.columns[i]])));
  }
  return bins;
}

void Together::look(const Cohort& cohort, std::span<const Judged* const> rows, OpenSignals& open,
                    std::vector<Signal>& out) {
  if (!evidence_) return;
  const bool quiet = explained(open);
  for (const Judged* row : rows) {
    const std::int64_t day = day_of(row->time);
    if (reference_->has_clock && day_rows_ > 0 && day > day_) end_day(open, out);
    if (quiet) continue;
    evidence_->add(bins_of(*row));
    if (reference_->has_clock) {
      if (day_rows_++ == 0) day_ = day;
      continue;
    }
    const Span since = observed_ ? std::max(Span{0}, row->time - *observed_) : first_;
    observed_ = std::max(observed_.value_or(row->time), row->time);
    close({cohort.from, cohort.until}, since.in_days() / kDaysPerYear, open, out);
  }
  const Time day_ends{(day_ + 1) * Span::days(1).us};
  if (!reference_->has_clock) {
    const OpenSignals::Window window{cohort.from, cohort.until};
    if (evidence_->outside()) open.seen("drift", std::string(kTogether), window);
    open.settle(Scope::kTogether, window, out);
  } else if (day_rows_ > 0 && cohort.until >= day_ends) {
    end_day(open, out);
  }
}

/// A day with less than half of the least rows of a reference day says nothing about its mean.
void Together::end_day(OpenSignals& open, std::vector<Signal>& out) {
  const Time from{day_ * Span::days(1).us};
  const auto rows = static_cast<double>(day_rows_);
  day_rows_ = 0;
  if (rows < reference_->rows_per_day_least / 2) return evidence_->skip();
  const double years = (observed_ ? (from - *observed_).in_days() : 1) / kDaysPerYear;
  observed_ = from;
  const OpenSignals::Window window{from, from + Span::days(1)};
  close(window, years, open, out);
  if (evidence_->outside()) open.seen("drift", std::string(kTogether), window);
  open.settle(Scope::kTogether, window, out);
}

void Together::close(OpenSignals::Window window, double years, OpenSignals& open,
                     std::vector<Signal>& out) {
  const double granted = notices_per_year_ * years;
  if (evidence_->at_floor()) since_ = window.from;
  evidence_->close(granted);
  if (evidence_->value() < 1) return;
  if (!open.open("drift", std::string(kTogether))) {
    open.raise(Scope::kTogether, window, signal(window), out);
  }
  evidence_->restart();
}

/// "temp and hum go together otherwise: their ranks correlated by 0.80, now by -0.79".
std::string Together::sentence() const {
  const stats::ClassifierEvidence::Pair pair = evidence_->strongest();
  const auto name = [&](std::size_t i) -> const std::string& {
    return reference_->columns[reference_->joint.columns[i]].name;
  };
  return fmt::format("{} and {} go together otherwise: their normal scores correlated by {:.2f}, "
                     "now by {:.2f}",
                     name(pair.first), name(pair.second), pair.before, pair.now);
}

Signal Together::signal(OpenSignals::Window window) const {
  const stats::ClassifierEvidence::Pair pair = evidence_->strongest();
  Signal signal;
  signal.kind = "drift";
  signal.subject = kTogether;
  signal.since = since_;
  signal.seen = window.until;
  signal.value = pair.now;
  signal.threshold = pair.before;
  signal.evidence = std::min(evidence_->value(), 1e300);
  signal.false_alarms_per_year = notices_per_year_;
  signal.sentence = fmt::format(
      "{}{}; evidence {:.2g} times the threshold; expected false notices of this kind: at most "
      "{:.2g} a year, if {} are like those of the training",
      headline(signal.kind, signal.subject, signal.since), sentence(), signal.evidence,
      signal.false_alarms_per_year, reference_->has_clock ? "live days" : "rows");
  return signal;
}

Json Together::state() const {
  if (!evidence_) return nullptr;
  return {{"evidence", evidence_->state()}, {"day", day_}, {"day_rows", day_rows_},
          {"observed_us", observed_ ? Json(observed_->us) : Json(nullptr)},
          {"since_us", since_.us}};
}

Result<void> Together::read(const Json& state) {
  if (state.is_null() || !evidence_) return {};
  TRY(evidence_->read(TRY(io::get<Json>(state, "evidence"))));
  day_ = TRY(io::get<std::int64_t>(state, "day"));
  day_rows_ = TRY(io::get<std::uint64_t>(state, "day_rows"));
  since_.us = TRY(io::get<std::int64_t>(state, "since_us"));
  observed_.reset();
  const Json observed = TRY(io::get<Json>(state, "observed_us"));
  if (observed.is_number_integer()) observed_ = Time{observed.get<std::int64_t>()};
  return {};
}

Json Together::summary() const {
  if (!evidence_) return nullptr;
  return {{"columns", reference_->joint.columns.size()},
          {"evidence", std::min(evidence_->value(), 1e300)}};
}

}  // namespace rondo::monitor
