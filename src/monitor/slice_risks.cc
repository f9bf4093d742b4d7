// A bet a part and day; alarms are chosen among all parts, so that watching many costs little.
#include "monitor/slice_risks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "stats/box.h"

namespace rondo::monitor {
namespace {

constexpr double kDayHalfLife = 14, kRowHalfLife = 1000;
// Labels of a part that are to be expected before an audit has said something of it, and before it
// says whether harm lasts.
constexpr double kLabelsOfPart = 1, kLabelsOfLook = 10;

model::Loss loss_of(const model::Reference& reference) { return reference.loss_rule().loss; }

/// "2,310 judged rows", "1,155 judged pairs".
std::string judged_text(const Options& options, model::Loss loss, std::uint64_t losses) {
  if (loss == model::Loss::kAuc) return fmt::format("{} judged pairs", losses);
  return fmt::format("{} {}", losses,
                     options.audit_per_day > 0 ? "rows judged by audits" : "judged rows");
}

constexpr double kMuchCut = 0.5;  // a mean of the greatest loss that counts: many are cut there

}  // namespace

stats::RiskEvidence::Null null_of(const Options& options, const model::Reference& reference,
                                  double bound, double part, double least) {
  stats::RiskEvidence::Null null;
  null.mean = std::min(bound * (1 + options.tolerance), 0.999);
  null.false_alarms_per_year = part * options.false_alarms_per_year;
  null.real_valued = reference.has_clock || loss_of(reference) != model::Loss::kError;
  if (reference.has_clock && options.audit_per_day == 0) null.least = least;
  null.learned_only = options.audit_per_day > 0 && loss_of(reference) != model::Loss::kAuc;
  const bool by_window = reference.has_clock || null.learned_only;
  null.half_life = by_window ? kDayHalfLife : kRowHalfLife;
  return null;
}

Harm harm_of(const stats::RiskEvidence& risk, Time otherwise) {
  const stats::RiskEvidence::Change change = risk.change();
  return {change.since.value_or(otherwise), change.rows,
          change.mean * static_cast<double>(change.rows)};
}

std::string risk_sentence(const Options& options, const model::Reference& reference,
                          std::int64_t version, const std::string& where, const Signal& signal,
                          const SaidBound& bound, std::uint64_t losses) {
  const model::LossRule rule = reference.loss_rule();
  const bool cut = !model::of_classes(rule.loss) && signal.value >= kMuchCut;
  return fmt::format(
      "RISK v{}{}{}, since {}, seen {}: {} {:.3g} in {}{}; {} {:.3g}{}; "
      "evidence {:.2g} times the threshold; expected false alarms of this kind: at most {:.2g} a "
      "year{}",
      version, where.empty() ? "" : " where ", where, to_text(signal.since), to_text(signal.seen),
      words_of(rule.loss), signal.value * rule.scale, judged_text(options, rule.loss, losses),
      cut ? fmt::format(", each counted as {:.3g} at most", rule.scale) : "", bound.what,
      bound.value * rule.scale,
      options.tolerance > 0 ? fmt::format(" (+{:.2g} % tolerated)", 100 * options.tolerance) : "",
      signal.evidence, signal.false_alarms_per_year,
      reference.has_clock ? fmt::format(" (neighbouring days of the test correlate by {:.2f})",
                                        reference.day_correlation)
                          : std::string());
}

SliceRisks::SliceRisks(const Options& options, const model::Reference& reference,
                       std::int64_t version)
    : options_(options), reference_(reference), version_(version), parts_(reference) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Watched w{&parts_[i],
              stats::RiskEvidence(null_of(options, reference, parts_[i].risk_bound, kSlicePart))};
    audited_ = w.risk.null().learned_only;
    watched_.push_back(std::move(w));
  }
}

void SliceRisks::observe(Watched& w, double loss, Time from, Span first, std::uint64_t rows) {
  const Span since = w.observed ? std::max(Span{0}, from - *w.observed) : first;
  w.observed = std::max(w.observed.value_or(from), from);
  if (w.harm) {
    w.harm->rows += rows;
    w.harm->loss += loss * static_cast<double>(rows);
  }
  stats::Observation one{loss, since.in_days() / kDaysPerYear, from, rows};
  if (audited_) {
    const double n = static_cast<double>(rows);
    const auto kept = w.fence.take(loss, {w.least / n, w.most / n});
    if (!kept) return;
    one.loss = kept->low;
    one.range = kept->range;
  }
  w.risk.add(one);
}

void SliceRisks::begin() {
  for (Watched& w : watched_) w.pairs.clear();
}

void SliceRisks::add(const Judged& row, std::optional<double> loss) {
  const bool paired = loss_of(reference_) == model::Loss::kAuc;
  ++judged_rows_;
  parts_.of(row.cells, [&](std::size_t part) {
    Watched& w = watched_[part];
    ++w.rows;
    const auto lost = paired ? w.pairs.add(*row.label == 1, row.score) : loss;
    if (!lost) return;
    ++w.losses;
    w.loss += *lost;
    ++w.judged_rows;
    w.loss_sum += *lost;
    ++w.recent_rows;
    w.recent_loss += *lost;
    if (!reference_.has_clock && !audited_) observe(w, *lost, row.time, options_.window, 1);
  });
}

void SliceRisks::bought(std::span<const Audits::Part> parts) {
  for (const Audits::Part& part : parts) {
    if (part.part >= watched_.size()) continue;
    Watched& w = watched_[part.part];
    const double rows = static_cast<double>(part.rows);
    w.least += rows * part.range.least;
    w.most += rows * part.range.most;
    w.labels += part.labels;
    w.recent_labels += part.labels;
  }
}

/// A day on which a part has less than half of what it has on a day of the test says nothing. What
/// an audit says goes on until a label of the part is to be expected: of a window without one there
/// is nothing but the estimate, and one label that came by luck would stand for all of its rows.
/// True: something was said.
bool SliceRisks::close(Watched& w, OpenSignals::Window window, OpenSignals& open) {
  if (!w.from && w.rows > 0) w.from = window.from;
  const bool rows = w.losses > 0 && static_cast<double>(w.rows) >= w.slice->rows_per_day / 2;
  const bool enough = rows && (!audited_ || w.labels >= kLabelsOfPart);
  if (enough) {
    const double mean = w.loss / static_cast<double>(w.losses);
    const Span first = reference_.has_clock ? Span::days(1) : options_.window;
    if (reference_.has_clock || audited_) observe(w, mean, *w.from, first, w.losses);
    if (!audited_ && mean > w.risk.null().mean) open.seen("risk", w.slice->where, window);
  }
  if (audited_ && !enough) return false;
  w.rows = w.losses = 0;
  w.loss = w.least = w.most = w.labels = 0;
  w.from.reset();
  w.pairs.clear();
  return enough;
}

/// One label that was right does not end what many proved: of audits harm is seen, or not, by
/// several.
void SliceRisks::look_again(Watched& w, OpenSignals::Window window, OpenSignals& open) {
  if (w.recent_labels < kLabelsOfLook) {
    open.pass_over("risk", w.slice->where, window);
    return;
  }
  const double mean = w.recent_loss / static_cast<double>(w.recent_rows);
  if (mean > w.risk.null().mean) open.seen("risk", w.slice->where, window);
  w.recent_rows = 0;
  w.recent_loss = w.recent_labels = 0;
}

void SliceRisks::close(OpenSignals::Window window, OpenSignals& open, std::vector<Signal>& out) {
  bool looked = watched_.empty();  // what an older version's parts left open ends too
  for (Watched& w : watched_) looked = close(w, window, open) || looked;
  raise(window, open, out);
  if (audited_) {
    for (Watched& w : watched_) look_again(w, window, open);
  }
  if (looked) open.settle(Scope::kSlices, window, out);
  for (Watched& w : watched_) {
    if (!open.open("risk", w.slice->where)) w.harm.reset();
  }
}

void SliceRisks::raise(OpenSignals::Window window, OpenSignals& open, std::vector<Signal>& out) {
  std::vector<double> values;
  for (const Watched& w : watched_) values.push_back(w.risk.value());
  const std::vector<std::size_t> alarms = stats::alarms_among(values);
  for (const std::size_t i : alarms) {
    Watched& w = watched_[i];
    const Harm harm = harm_of(w.risk, window.from);
    const double threshold =
        static_cast<double>(watched_.size()) / static_cast<double>(alarms.size());
    Signal signal;
    signal.kind = "risk";
    signal.subject = w.slice->where;
    signal.since = harm.since;
    signal.seen = window.until;
    signal.value = harm.rows > 0 ? harm.loss / static_cast<double>(harm.rows) : 0;
    signal.threshold = w.risk.null().mean;
    signal.evidence = std::min(w.risk.value() / threshold, 1e300);
    signal.false_alarms_per_year = w.risk.null().false_alarms_per_year;
    signal.sentence = risk_sentence(options_, reference_, version_, w.slice->where, signal,
                                    {w.slice->risk_bound}, harm.rows);
    open.raise(Scope::kSlices, window, signal, out);
    if (!w.harm) w.harm = harm;
    w.risk.restart();
    w.recent_rows = 0;
    w.recent_loss = w.recent_labels = 0;
  }
}

std::optional<SliceRisks::Worst> SliceRisks::worst() const {
  std::optional<Worst> worst;
  double most = 0;
  for (const Watched& w : watched_) {
    if (!w.harm || w.harm->rows == 0) continue;
    const double excess = w.harm->loss - static_cast<double>(w.harm->rows) * w.slice->test_risk;
    if (worst && excess <= most) continue;
    most = excess;
    worst = Worst{w.slice->where, *w.harm, w.slice->test_risk,
                  static_cast<double>(w.judged_rows) /
                      static_cast<double>(std::max<std::uint64_t>(1, judged_rows_))};
  }
  return worst;
}

Json SliceRisks::state() const {
  if (watched_.empty()) return nullptr;
  Json out = Json::object();
  for (const Watched& w : watched_) {
    out[w.slice->where] = {
        {"risk", w.risk.state()}, {"loss", w.loss}, {"rows", w.rows}, {"losses", w.losses},
        {"observed_us", w.observed ? Json(w.observed->us) : Json(nullptr)},
        {"loss_sum", w.loss_sum}, {"judged_rows", w.judged_rows},
        {"harm", w.harm ? Json::array({w.harm->since.us, w.harm->rows, w.harm->loss})
                        : Json(nullptr)}};
    if (!audited_) continue;
    out[w.slice->where]["bought"] = {w.least, w.most, w.labels, w.from ? w.from->us : -1,
                                     w.recent_loss, w.recent_rows, w.recent_labels};
    out[w.slice->where]["fence"] = w.fence.state();
  }
  return {{"judged_rows", judged_rows_}, {"parts", std::move(out)}};
}

/// A watcher of before had none.
Result<void> SliceRisks::read(const Json& state) {
  if (state.is_null()) return {};
  judged_rows_ = TRY(io::get<std::uint64_t>(state, "judged_rows"));
  const Json parts = TRY(io::get<Json>(state, "parts"));
  if (!parts.is_object() || parts.size() != watched_.size()) {
    return fail(Code::kCorrupt, "the watcher's state is about other parts than its reference");
  }
  for (Watched& w : watched_) {
    const Json one = TRY(io::get<Json>(parts, w.slice->where));
    w.risk = TRY(stats::RiskEvidence::restore(w.risk.null(), TRY(io::get<Json>(one, "risk"))));
    w.loss = TRY(io::get<double>(one, "loss"));
    w.rows = TRY(io::get<std::uint64_t>(one, "rows"));
    w.losses = io::get_or<std::uint64_t>(one, "losses", w.rows);
    w.loss_sum = TRY(io::get<double>(one, "loss_sum"));
    w.judged_rows = TRY(io::get<std::uint64_t>(one, "judged_rows"));
    w.observed.reset();
    if (!io::get_or<Json>(one, "observed_us", nullptr).is_null()) {
      w.observed = Time{TRY(io::get<std::int64_t>(one, "observed_us"))};
    }
    if (audited_) TRY(read_bought(w, one));
    w.harm.reset();
    const Json harm = io::get_or<Json>(one, "harm", nullptr);
    if (harm.is_null()) continue;
    const bool shaped = harm.is_array() && harm.size() == 3 && harm[0].is_number_integer() &&
                        harm[1].is_number_unsigned() && harm[2].is_number();
    if (!shaped) return fail(Code::kCorrupt, "the harm of a watched part has another shape");
    w.harm = Harm{{harm[0].get<std::int64_t>()}, harm[1].get<std::uint64_t>(),
                  harm[2].get<double>()};
  }
  return {};
}

/// A watcher of before had none of it.
Result<void> SliceRisks::read_bought(Watched& w, const Json& state) {
  const Json bought = io::get_or<Json>(state, "bought", nullptr);
  if (bought.is_null()) return {};
  w.fence = TRY(stats::Fence::restore(io::get_or<Json>(state, "fence", nullptr)));
  const bool shaped = bought.is_array() && bought.size() == 7 && bought[3].is_number_integer() &&
                      bought[5].is_number_unsigned() &&
                      std::ranges::all_of(bought, [](const Json& x) { return x.is_number(); });
  if (!shaped) return fail(Code::kCorrupt, "what was bought of a watched part has another shape");
  w.least = bought[0].get<double>();
  w.most = bought[1].get<double>();
  w.labels = bought[2].get<double>();
  if (bought[3].get<std::int64_t>() >= 0) w.from = Time{bought[3].get<std::int64_t>()};
  w.recent_loss = bought[4].get<double>();
  w.recent_rows = bought[5].get<std::uint64_t>();
  w.recent_labels = bought[6].get<double>();
  return {};
}

Json SliceRisks::summary() const {
  Json out = Json::array();
  for (const Watched& w : watched_) {
    const double rows = static_cast<double>(std::max<std::uint64_t>(1, w.judged_rows));
    out.push_back({{"slice", w.slice->where},
                   {"judged_rows", w.judged_rows},
                   {"mean_loss", w.loss_sum / rows},
                   {"test_risk", w.slice->test_risk},
                   {"risk_bound", w.slice->risk_bound},
                   {"evidence", std::min(w.risk.value() / static_cast<double>(watched_.size()),
                                         1e300)}});
  }
  return out;
}

}  // namespace rondo::monitor
