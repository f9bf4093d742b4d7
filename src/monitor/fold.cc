// Detector B: late labels folded into evidence that the risk rose above what was proved. With a
// clock a day's mean loss is one observation, since rows of a day share weather, news and faults;
// without one each row is. The labels themselves are checked first, as a broken label looks like a
// broken model.
#include "monitor/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rondo::monitor {
namespace {

constexpr double kMeanError = 0.05;      // of the bounds shown beside the mean loss
constexpr double kLabelsLate = 0.05;     // share of labels that may be late without a word
constexpr double kBoundDeviations = 2.326;  // the bound is too low with probability .01
constexpr std::size_t kCauses = 3;          // columns that an alarm names
constexpr double kBeyond = 2;               // standard errors that are no difference yet

double window_days(const Options& options) { return options.window.in_days(); }

ColumnCheck::Setting setting_of(const Options& options, const model::Reference& reference,
                                ColumnCheck::Role role) {
  ColumnCheck::Setting setting;
  setting.role = role;
  setting.has_clock = reference.has_clock;
  setting.window_days = window_days(options);
  setting.budget.columns = static_cast<double>(reference.columns.size() + 1);
  setting.budget.windows_per_year = kDaysPerYear / setting.window_days;
  setting.budget.false_alarms_per_year = kQualityPart * options.false_alarms_per_year;
  return setting;
}

Time start_of_day(std::int64_t day) { return {day * Span::days(1).us}; }

}  // namespace

Watcher::State::State(const Options& o, const model::Reference& r, std::int64_t v)
    : reference(r),
      options(o),
      version(v),
      rule(r.loss_rule()),
      loss(r.loss),
      proved(r.risk_bound),
      by_day(r.has_clock),
      label(r.label, setting_of(o, r, model::of_classes(rule.loss) ? ColumnCheck::Role::kClassLabel
                                                             : ColumnCheck::Role::kLabel)),
      inflow(options, r),
      repeats(r),
      shifts(o, r),
      together(o, r),
      slices(options, r, v),
      estimate(r),
      audits(options, r),
      label_shares(r),
      change(r),
      risk(null_of(o, r, r.risk_bound, kRiskPart, r.least_day)),
      mean(kMeanError) {
  const auto setting = setting_of(o, r, ColumnCheck::Role::kInput);
  const auto memory = [&](const ColumnCheck& check) {
    const bool known = check.reference().numeric && r.days > 0;
    return Memory{known ? std::optional(check.reference().last_day_median) : std::nullopt,
                  check.range()};
  };
  for (const model::ColumnReference& column : r.columns) {
    columns.emplace_back(column, setting);
    memories.push_back(memory(columns.back()));
  }
  label_memory = memory(label);
}

OpenSignals::Context Watcher::State::quality(Scope scope, const Cohort& cohort) const {
  return {scope, {cohort.from, cohort.until}, kQualityPart * options.false_alarms_per_year};
}

std::optional<double> Watcher::State::loss_of(const Judged& row) {
  if (rule.loss == model::Loss::kAuc) return pairs.add(*row.label == 1, row.score);
  return rule.of({*row.label, row.answer, row.score, row.probabilities});
}

void Watcher::State::look_at_labels(const Cohort& cohort, std::vector<Signal>& out) {
  const std::string& target = reference.label.name;
  scratch.clear();
  for (const Judged& row : cohort.rows) {
    if (row.label && std::isfinite(*row.label)) {
      scratch.add({model::Cell::Kind::kNumber, *row.label, {}}, true);
    }
  }
  scratch.sort();
  stats::Share late{cohort.rows.size() - scratch.rows, cohort.rows.size()};
  if (audits.on()) {
    const Audits::Labels asked = audits.labels_of(cohort);
    late = {asked.asked - asked.came, asked.asked};
  }
  if (!audits.on()) label_shares.add(cohort);
  labels_due += late.rows;
  labels_in_time += late.rows - late.hits;
  const auto context = quality(Scope::kLabelCount, cohort);
  if (late.value() > kLabelsLate) {
    stats::Budget budget = setting_of(options, reference, ColumnCheck::Role::kLabel).budget;
    const double evidence = stats::chernoff_evidence(late, {0, kLabelsLate}) / budget.price();
    const Finding finding{"missing", false, late.value(), kLabelsLate, evidence,
                          fmt::format("{} of {} labels had not come after label_delay = \"{}\"; a "
                                      "longer one would let them count",
                                      late.hits, late.rows, to_text(options.label_delay))};
    open.note(context, target, std::span(&finding, 1), out);
  }
  open.settle(Scope::kLabelCount, context.window, out);
  if (scratch.rows == 0 || audits.on()) return;  // what is asked is not drawn alike
  open.note(quality(Scope::kLabel, cohort), target,
            label.look(scratch, label_memory.median, label_memory.told), out);
  open.settle(Scope::kLabel, context.window, out);
  if (label.follows_medians() && !open.quarantines(target)) {
    label_memory.median = scratch.median();
  }
}

void Watcher::State::fold(const Cohort& cohort, std::vector<Signal>& out) {
  const double sum_before = loss_sum;
  const std::uint64_t before = judged_rows;
  const OpenSignals::Window window{cohort.from, cohort.until};
  pairs.clear();
  slices.begin();
  for (const Judged& row : cohort.rows) {
    if (!row.label || !std::isfinite(*row.label)) continue;
    const std::int64_t of = day_of(row.time);
    if (by_day && day_rows > 0 && of > day) end_day(out);
    if (by_day && day_rows == 0) day = of;
    add(row, loss_of(row), window, out);
  }
  const std::uint64_t losses = judged_rows - before;
  if (by_day) {
    if (day_rows > 0 && cohort.until >= start_of_day(day + 1)) end_day(out);
  } else if (losses > 0) {
    ++judged_days;
    const double mean_loss = (loss_sum - sum_before) / static_cast<double>(losses);
    if (mean_loss > risk.null().mean) open.seen("risk", "model", window);
    open.settle(Scope::kRisk, window, out);
    slices.close(window, open, out);
    change.close(window);
  }
}

void Watcher::State::add(const Judged& row, std::optional<double> lost,
                         OpenSignals::Window window, std::vector<Signal>& out) {
  ++labelled_rows;
  slices.add(row, lost);
  if (by_day) ++day_rows;
  if (!lost) return;
  ++judged_rows;
  loss_sum += *lost;
  change.add(row, *lost);
  if (by_day) {
    ++day_losses;
    day_loss += *lost;
    return;
  }
  const Span since = observed ? std::max(Span{0}, row.time - *observed) : options.window;
  observed = std::max(observed.value_or(row.time), row.time);
  observe({*lost, since.in_days() / kDaysPerYear, row.time, 1}, window, out);
}

/// A window is one observation, or a part of its day: what is known is how low its mean can be.
/// What nobody asked for would select.
void Watcher::State::fold_audited(const Cohort& cohort, std::vector<Signal>& out) {
  const auto audited = audits.judge(cohort);
  if (!audited) return;
  const std::uint64_t rows = cohort.rows.size();
  double sum = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    sum += audited->of_rows[i];
    change.add(cohort.rows[i], audited->of_rows[i]);
    slices.add(cohort.rows[i], audited->of_rows[i]);
  }
  slices.bought(audited->parts);
  labelled_rows += rows;
  judged_rows += rows;
  loss_sum += sum;
  const bool part_of_day = by_day && options.window < Span::days(1);
  const std::int64_t of = day_of(cohort.from);
  if (part_of_day && day_rows > 0 && of > day) end_day(out);
  day = of;
  day_rows += rows;
  day_losses += rows;
  day_loss += sum;
  day_low += static_cast<double>(rows) * audited->range.least;
  day_high += static_cast<double>(rows) * audited->range.most;
  if (!part_of_day || cohort.until >= start_of_day(day + 1)) end_day(out);
}

/// A day with less than half of the least rows of a reference day is no day: nothing is known about
/// the mean of such a rest.
void Watcher::State::end_day(std::vector<Signal>& out) {
  const double rows = static_cast<double>(day_rows);
  const bool too_short = rows < reference.rows_per_day_least / 2 || day_losses == 0;
  const double losses = static_cast<double>(std::max<std::uint64_t>(1, day_losses));
  const double mean_loss = day_loss / losses;
  const Time from = start_of_day(day);
  stats::Observation observation{
      mean_loss, (observed ? (from - *observed).in_days() : 1) / kDaysPerYear, from, day_losses};
  if (audits.on()) observation.range = {day_low / losses, day_high / losses};
  day_rows = day_losses = 0;
  day_loss = day_low = day_high = 0;
  pairs.clear();
  const OpenSignals::Window window{from, from + Span::days(1)};
  slices.close(window, open, out);
  change.close(window);
  if (too_short) {
    ++short_days;
    return;
  }
  observed = from;
  ++judged_days;
  if (mean_loss > risk.null().mean) open.seen("risk", "model", window);
  observe(observation, window, out);
  open.settle(Scope::kRisk, window, out);
}

void Watcher::State::observe(stats::Observation observation, OpenSignals::Window window,
                             std::vector<Signal>& out) {
  if (harm) {
    harm->rows += observation.rows;
    harm->loss += observation.loss * static_cast<double>(observation.rows);
  }
  if (audits.on()) {
    const auto kept = fence.take(observation.loss, observation.range);
    if (!kept) return;
    mean.add(*kept);
    observation.loss = kept->low;
    observation.range = kept->range;
  } else {
    mean.add(observation.loss);
  }
  risk.add(observation);
  if (by_day && !audits.on()) prove_again(observation.loss);
  if (risk.value() < 1) return;
  open.raise(Scope::kRisk, window, alarm(window), out);
  if (!harm) harm = harm_of(risk, window.from);
  risk.restart();
}

/// Evidence begins anew where a closer bound is proved: it is of the days from then on.
void Watcher::State::prove_again(double lost) {
  live.add(std::max(lost, reference.least_day));
  if (risk.value() >= 1 || open.open("risk", "model")) return;
  const auto closer = live.look(bound());
  if (!closer) return;
  live.take(*closer);
  risk = stats::RiskEvidence(null_of(options, reference, bound(), kRiskPart, reference.least_day));
}

std::uint64_t Watcher::State::waiting_since(Time time) const {
  std::uint64_t rows = 0;
  for (const Unjudged& window : unjudged) rows += window.until > time ? window.rows : 0;
  return rows;
}

/// S = cost_per_error N max(0, r - r_ref): N predictions, judged or not. Of a proved harm those
/// since the change point, r the mean of their judged losses, r_ref the risk on the test rows; if
/// only parts of the rows are worse, of the part that cost most. Of a
/// successor that has not learnt the change yet all that it made, r the mean over its test rows and
/// its judged ones, r_ref what its predecessor had before the change, and nothing while r is within
/// two standard errors of that. Units: those of cost_per_error.
Json Watcher::State::excess_json() const {
  const auto told = [&](Time since, std::uint64_t rows, double share, double r,
                        double was) -> Json {
    const double losses_a_row = static_cast<double>(judged_rows) /
                                static_cast<double>(std::max<std::uint64_t>(1, labelled_rows));
    const auto waiting = static_cast<std::uint64_t>(
        std::llround(share * losses_a_row * static_cast<double>(waiting_since(since))));
    const double all = static_cast<double>(rows + waiting);
    return {{"since", to_text(since)}, {"judged_rows", rows}, {"unjudged_rows", waiting},
            {"mean_loss", r}, {"test_risk", was},
            {"cost", options.cost_per_error * all * std::max(0.0, r - was)}};
  };
  if (harm && harm->rows > 0) {
    const double r = harm->loss / static_cast<double>(harm->rows);
    return told(harm->since, harm->rows, 1, r * unit(), reference.test_risk * unit());
  }
  if (const auto part = slices.worst()) {
    const double r = part->harm.loss / static_cast<double>(part->harm.rows);
    Json excess = told(part->harm.since, part->harm.rows, part->share, r * unit(),
                       part->test_risk * unit());
    excess["slice"] = part->where;
    return excess;
  }
  const bool learning = goal && newest < goal->since + kLearning;
  if (!learning) return nullptr;
  const double tested = static_cast<double>(reference.test_rows);
  const double r = (reference.test_risk * tested + loss_sum) * unit() /
                   std::max(1.0, tested + static_cast<double>(judged_rows));
  if (r <= goal->risk + kBeyond * (goal->bound - goal->risk) / kBoundDeviations) return nullptr;
  Json excess = told(kBeginningOfTime, judged_rows, 1, r, goal->risk);
  excess["since"] = to_text(goal->since);
  excess["learning"] = true;
  return excess;
}

/// Columns that drift, then those with evidence of it, three at most.
Json Watcher::State::cause_since(Time since) const {
  Json cause = change.cause(since);
  std::vector<std::string> moved;
  for (const Signal& signal : open.list()) {
    const bool input = std::ranges::find(reference.columns, signal.subject,
                                         &model::ColumnReference::name) != reference.columns.end();
    if (signal.kind == "drift" && input) moved.push_back(signal.subject);
  }
  for (std::string& column : shifts.moved()) {
    if (std::ranges::find(moved, column) == moved.end()) moved.push_back(std::move(column));
  }
  if (moved.size() > kCauses) moved.resize(kCauses);
  if (moved.empty()) return cause;
  if (cause.is_null()) cause = Json::object();
  cause["columns"] = moved;
  return cause;
}

Signal Watcher::State::alarm(OpenSignals::Window window) const {
  const stats::RiskEvidence::Change since = risk.change();
  Signal signal;
  signal.kind = "risk";
  signal.subject = "model";
  signal.since = since.since.value_or(window.from);
  signal.seen = window.until;
  signal.value = since.mean;
  signal.threshold = risk.null().mean;
  signal.evidence = std::min(risk.value(), 1e300);
  signal.false_alarms_per_year = risk.null().false_alarms_per_year;
  SaidBound said{bound()};
  if (live.bound()) said.what = "bound by the days that it served";
  signal.sentence = risk_sentence(options, reference, version, "", signal, said, since.rows);
  signal.cause = cause_since(signal.since);
  if (!signal.cause.is_null()) signal.sentence += "; " + cause_text(signal.cause);
  return signal;
}

}  // namespace rondo::monitor
