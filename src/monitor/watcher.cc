// The doors of the watcher: what comes in, what is remembered, what is shown.
#include "monitor/watcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "io/digest.h"
#include "monitor/fold.h"

namespace rondo::monitor {
namespace {

constexpr const char* kSilence = "freshness";
constexpr const char* kRows = "rows";

Json memory_json(const Memory& memory) {
  return Json::array({memory.median ? Json(*memory.median) : Json(nullptr), memory.told.low,
                      memory.told.high});
}

Result<Memory> memory_from(const Json& json) {
  const bool shaped = json.is_array() && json.size() == 3 && json[1].is_number() &&
                      json[2].is_number() && (json[0].is_null() || json[0].is_number());
  if (!shaped) return fail(Code::kCorrupt, "the watcher's memory of a column has another shape");
  Memory memory;
  if (json[0].is_number()) memory.median = json[0].get<double>();
  memory.told = {json[1].get<double>(), json[2].get<double>()};
  return memory;
}

Result<std::optional<Goal>> goal_from(const Json& state) {
  const Json json = io::get_or<Json>(state, "goal", nullptr);
  if (json.is_null()) return std::nullopt;
  const bool shaped = json.is_array() && json.size() == 3 && json[0].is_number_integer() &&
                      json[1].is_number() && json[2].is_number();
  if (!shaped) return fail(Code::kCorrupt, "what the watcher compares with has another shape");
  return Goal{{json[0].get<std::int64_t>()}, json[1].get<double>(), json[2].get<double>()};
}

}  // namespace

Json Watcher::State::to_json() const {
  Json kept = Json::array();
  for (const Memory& memory : memories) kept.push_back(memory_json(memory));
  Json waiting = Json::array();
  for (const Unjudged& w : unjudged) waiting.push_back({w.until.us, w.rows, w.kept_out});
  return {{"version", version},
          {"open", open.state()},
          {"risk", risk.state()},
          {"mean", mean.state()},
          {"live", live.state()},
          {"columns", kept},
          {"inflow", inflow.state()},
          {"repeats", repeats.state()},
          {"shifts", shifts.state()},
          {"together", together.state()},
          {"slices", slices.state()},
          {"estimate", estimate.state()},
          {"audits", audits.state()},
          {"label_shares", label_shares.state()},
          {"change", change.state()},
          {"label", memory_json(label_memory)},
          {"newest_us", newest.us},
          {"observed_us", observed ? Json(observed->us) : Json(nullptr)},
          {"day", day},
          {"day_loss", day_loss},
          {"day_rows", day_rows},
          {"day_losses", day_losses},
          {"day_low", day_low},
          {"day_high", day_high},
          {"fence", fence.state()},
          {"loss_sum", loss_sum},
          {"labelled_rows", labelled_rows},
          {"judged_rows", judged_rows},
          {"judged_days", judged_days},
          {"withheld_rows", withheld_rows},
          {"older_rows", older_rows},
          {"short_days", short_days},
          {"labels_due", labels_due},
          {"labels_in_time", labels_in_time},
          {"harm", harm ? Json::array({harm->since.us, harm->rows, harm->loss}) : Json(nullptr)},
          {"goal", goal ? Json::array({goal->since.us, goal->risk, goal->bound}) : Json(nullptr)},
          {"proved", Json::array({loss, reference.test_risk * unit(), proved * unit()})},
          {"unjudged", waiting}};
}

Result<void> Watcher::State::read(const Json& json) {
  open = TRY(OpenSignals::restore(TRY(io::get<Json>(json, "open"))));
  TRY(live.read(io::get_or<Json>(json, "live", nullptr)));
  if (live.bound()) {
    risk = stats::RiskEvidence(
        null_of(options, reference, bound(), kRiskPart, reference.least_day));
  }
  risk = TRY(stats::RiskEvidence::restore(risk.null(), TRY(io::get<Json>(json, "risk"))));
  mean = TRY(stats::MeanSequence::restore(0.05, TRY(io::get<Json>(json, "mean"))));
  const Json kept = TRY(io::get<Json>(json, "columns"));
  if (!kept.is_array() || kept.size() != memories.size()) {
    return fail(Code::kCorrupt, "the watcher's state is about other columns than its reference");
  }
  for (std::size_t i = 0; i < memories.size(); ++i) memories[i] = TRY(memory_from(kept[i]));
  TRY(inflow.read(io::get_or<Json>(json, "inflow", nullptr)));
  TRY(repeats.read(io::get_or<Json>(json, "repeats", nullptr)));
  TRY(shifts.read(io::get_or<Json>(json, "shifts", nullptr)));
  TRY(together.read(io::get_or<Json>(json, "together", nullptr)));
  TRY(slices.read(io::get_or<Json>(json, "slices", nullptr)));
  TRY(estimate.read(io::get_or<Json>(json, "estimate", nullptr)));
  TRY(audits.read(io::get_or<Json>(json, "audits", nullptr)));
  TRY(label_shares.read(io::get_or<Json>(json, "label_shares", nullptr)));
  TRY(change.read(io::get_or<Json>(json, "change", nullptr)));
  label_memory = TRY(memory_from(io::get_or<Json>(json, "label", nullptr)));
  newest.us = TRY(io::get<std::int64_t>(json, "newest_us"));
  observed.reset();
  const auto start = io::get_or<Json>(json, "observed_us", nullptr);
  if (!start.is_null()) observed = Time{TRY(io::get<std::int64_t>(json, "observed_us"))};
  day = TRY(io::get<std::int64_t>(json, "day"));
  day_loss = TRY(io::get<double>(json, "day_loss"));
  day_rows = TRY(io::get<std::uint64_t>(json, "day_rows"));
  day_losses = io::get_or<std::uint64_t>(json, "day_losses", day_rows);
  day_low = io::get_or<double>(json, "day_low", 0);
  day_high = io::get_or<double>(json, "day_high", 0);
  fence = TRY(stats::Fence::restore(io::get_or<Json>(json, "fence", nullptr)));
  loss_sum = TRY(io::get<double>(json, "loss_sum"));
  judged_rows = TRY(io::get<std::uint64_t>(json, "judged_rows"));
  labelled_rows = io::get_or<std::uint64_t>(json, "labelled_rows", judged_rows);
  judged_days = TRY(io::get<std::uint64_t>(json, "judged_days"));
  withheld_rows = TRY(io::get<std::uint64_t>(json, "withheld_rows"));
  older_rows = TRY(io::get<std::uint64_t>(json, "older_rows"));
  short_days = TRY(io::get<std::uint64_t>(json, "short_days"));
  labels_due = TRY(io::get<std::uint64_t>(json, "labels_due"));
  labels_in_time = TRY(io::get<std::uint64_t>(json, "labels_in_time"));
  return read_harm(json);
}

/// A watcher of before had none of these.
Result<void> Watcher::State::read_harm(const Json& json) {
  const auto wrong = [] {
    return fail(Code::kCorrupt, "the watcher's harm or its unjudged windows have another shape");
  };
  harm.reset();
  goal = TRY(goal_from(json));
  unjudged.clear();
  const Json found = io::get_or<Json>(json, "harm", nullptr);
  if (!found.is_null()) {
    const bool shaped = found.is_array() && found.size() == 3 && found[0].is_number_integer() &&
                        found[1].is_number_unsigned() && found[2].is_number();
    if (!shaped) return wrong();
    harm = Harm{{found[0].get<std::int64_t>()}, found[1].get<std::uint64_t>(),
                found[2].get<double>()};
  }
  for (const Json& one : io::get_or<Json>(json, "unjudged", Json::array())) {
    const bool shaped = one.is_array() && (one.size() == 2 || one.size() == 3) &&
                        one[0].is_number_integer() && one[1].is_number_unsigned() &&
                        (one.size() == 2 || one[2].is_boolean());
    if (!shaped) return wrong();
    unjudged.push_back({{one[0].get<std::int64_t>()}, one[1].get<std::uint64_t>(),
                        one.size() == 3 && one[2].get<bool>()});
  }
  return {};
}

/// A version that was on its way back hands on what it was measured by; one that harm took out of
/// service what was proved of itself. Who is as good again begins anew.
Result<void> Watcher::State::take_goal(const Json& older) {
  goal = TRY(goal_from(older));
  const Json harmed = io::get_or<Json>(older, "harm", nullptr);
  const Json said = io::get_or<Json>(older, "proved", nullptr);
  const bool shaped = said.is_array() && said.size() == 3 && said[0].is_string() &&
                      said[1].is_number() && said[2].is_number();
  if (!shaped || said[0] != loss) {
    goal.reset();
    return {};
  }
  if (!harmed.is_array() || harmed.empty() || !harmed[0].is_number_integer()) return {};
  const Time since{harmed[0].get<std::int64_t>()};
  const bool back = goal && since < goal->since + kLearning && goal->risk < said[1].get<double>();
  if (!back) goal = Goal{since, said[1].get<double>(), said[2].get<double>()};
  goal->since = since;
  return {};
}

Watcher::Watcher(Options options, std::shared_ptr<const model::Reference> reference,
                 std::int64_t version)
    : options_(std::move(options)),
      reference_(std::move(reference)),
      state_(std::make_shared<State>(options_, *reference_, version)) {}

Result<Watcher> Watcher::restore(Options options,
                                 std::shared_ptr<const model::Reference> reference,
                                 const Json& state) {
  auto restored = [&]() -> Result<Watcher> {
    if (!state.is_object()) return fail(Code::kCorrupt, "the watcher's state is no object");
    Watcher watcher(std::move(options), std::move(reference),
                    TRY(io::get<std::int64_t>(state, "version")));
    TRY(watcher.state_->read(state));
    return watcher;
  }();
  if (!restored) restored.error().code = Code::kCorrupt;
  return during(std::move(restored), "reading the watcher's state");
}

Json Watcher::state() const { return state_->to_json(); }

Result<void> Watcher::take_over(const Json& older) {
  auto open = OpenSignals::restore(io::get_or<Json>(older, "open", nullptr));
  if (!open) {
    open.error().code = Code::kCorrupt;
    return std::unexpected(std::move(open).error().during("taking over the open signals"));
  }
  state_->open = *std::move(open);
  state_->newest = {io::get_or<std::int64_t>(older, "newest_us", kBeginningOfTime.us)};
  TRY(state_->inflow.take_over(io::get_or<Json>(older, "inflow", nullptr)));
  return state_->take_goal(older);
}

std::vector<Signal> Watcher::arrived(Arrivals arrivals) {
  std::vector<Signal> out;
  state_->inflow.look(std::move(arrivals), state_->open, out);
  return out;
}

/// Rows of an open window may have come before the silence that is told.
void Watcher::State::end_silence(std::vector<Signal>& out) {
  for (const Signal& one : open.list()) {
    if (one.kind == kSilence && newest > one.since) return open.close(Scope::kRows, out);
  }
}

std::vector<Signal> Watcher::inputs(const Cohort& cohort) {
  std::vector<Signal> out;
  State& s = *state_;
  for (const Judged& row : cohort.rows) s.newest = std::max(s.newest, row.time);
  s.end_silence(out);
  std::vector<const Judged*> rows;  // an older version may have had other columns
  for (const Judged& row : cohort.rows) {
    if (row.cells.size() == s.columns.size()) rows.push_back(&row);
  }
  if (cohort.version == s.version) s.unjudged.push_back({cohort.until, cohort.rows.size()});
  if (rows.empty()) return out;
  const OpenSignals::Context context = s.quality(Scope::kInput, cohort);
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    const ColumnCheck& check = s.columns[i];
    s.scratch.clear();
    for (const Judged* row : rows) s.scratch.add(row->cells[i], check.reference().numeric);
    s.scratch.sort();
    Memory& memory = s.memories[i];
    const std::string& name = check.reference().name;
    s.open.note(context, name, check.look(s.scratch, memory.median, memory.told), out);
    if (check.follows_medians() && !s.open.quarantines(name) && !s.scratch.numbers.empty()) {
      memory.median = s.scratch.median();
    }
  }
  s.open.settle(Scope::kInput, context.window, out);
  if (cohort.version != s.version) return out;
  s.repeats.look(context.window, rows, s.open, out);
  s.shifts.look(cohort, rows, s.open, out);
  s.together.look(cohort, rows, s.open, out);
  s.estimate.look(cohort);
  s.audits.choose(cohort);
  s.unjudged.back().kept_out = s.open.quarantines();
  return out;
}

Json Watcher::take_windows() {
  const std::vector<ShiftWindow> ended = state_->shifts.take_windows();
  if (ended.empty()) return nullptr;
  Json windows = Json::array();
  for (const ShiftWindow& one : ended) {
    const std::string bytes(one.beyond.begin(), one.beyond.end());
    windows.push_back({to_text(one.clock), one.from.us, one.until.us, one.rows,
                       io::base64url(bytes)});
  }
  return {{"version", state_->version}, {"columns", state_->shifts.names()},
          {"windows", std::move(windows)}};
}

std::vector<Signal> Watcher::judge(const Cohort& cohort) {
  std::vector<Signal> out;
  State& s = *state_;
  bool kept_out = false;
  std::erase_if(s.unjudged, [&](const Unjudged& window) {
    kept_out = kept_out || (window.until == cohort.until && window.kept_out);
    return window.until <= cohort.until;
  });
  if (cohort.rows.empty()) return out;
  s.look_at_labels(cohort, out);
  if (cohort.version != s.version) {
    s.older_rows += cohort.rows.size();
  } else if (kept_out || s.open.quarantines(reference_->label.name)) {
    s.withheld_rows += cohort.rows.size();
  } else {
    s.audits.on() ? s.fold_audited(cohort, out) : s.fold(cohort, out);
    s.estimate.compare(cohort);
    if (!s.open.open("risk", "model")) s.harm.reset();
  }
  return out;
}

Time Watcher::silent_after(Time newest) const {
  const State& s = *state_;
  const auto allowed = s.inflow.allowed();
  newest = std::max(newest, s.newest);
  if (!allowed || newest == kBeginningOfTime || s.open.open(kSilence, kRows)) return kEndOfTime;
  return newest + *allowed;
}

std::vector<Signal> Watcher::silence(Time now, Time newest) {
  std::vector<Signal> out;
  State& s = *state_;
  s.newest = std::max(s.newest, newest);
  s.end_silence(out);
  if (!silent(now)) return out;
  const Span late = now - s.newest, allowed = *s.inflow.allowed();
  Signal signal;
  signal.kind = kSilence;
  signal.subject = kRows;
  signal.since = s.newest;
  signal.seen = now;
  signal.value = late.in_days();
  signal.threshold = allowed.in_days();
  signal.evidence = late.in_days() / allowed.in_days();
  signal.sentence = fmt::format(
      "{}no row came for {} days, and {} were expected at most; the longest wait was {} (a rule, "
      "with no rate of false alarms)",
      headline(signal.kind, signal.subject, signal.since), rounded(signal.value),
      rounded(signal.threshold), s.inflow.known());
  s.open.raise(Scope::kRows, {now, now}, signal, out);
  return out;
}

std::vector<Signal> Watcher::open_signals() const { return state_->open.list(); }

Json Watcher::summary() const {
  const State& s = *state_;
  const auto since = s.risk.change().since;
  const double rows = static_cast<double>(std::max<std::uint64_t>(1, s.judged_rows));
  Json out = {{"judged_rows", s.judged_rows},
          {"judged_days", s.judged_days},
          {"mean_loss", s.loss_sum / rows},
          {"test_risk", reference_->test_risk},
          {"risk_bound", s.bound()},
          {"bound_of", s.live.bound() ? "days served" : "test"},
          {"loss", words_of(s.rule.loss)},
          {"unit", s.rule.scale},
          {"of", s.rule.loss == model::Loss::kAuc ? "pairs" : "rows"},
          {"evidence", std::min(s.risk.value(), 1e300)},
          {"threshold", 1.0},
          {"since", since ? Json(to_text(*since)) : Json(nullptr)},
          {"lower", s.mean.bounds().low},
          {"upper", s.mean.bounds().high},
          {"labels_due", s.labels_due},
          {"labels_in_time", s.labels_in_time},
          {"label_delay_s", options_.label_delay.in_seconds()},
          {"excess", s.excess_json()},
          {"shifts", s.shifts.summary()},
          {"withheld_rows", s.withheld_rows},
          {"older_rows", s.older_rows},
          {"short_days", s.short_days},
          {"false_alarms_per_year", options_.false_alarms_per_year},
          {"day_correlation", reference_->day_correlation}};
  if (Json slices = s.slices.summary(); !slices.empty()) out["slices"] = std::move(slices);
  if (Json together = s.together.summary(); !together.is_null()) {
    out["together"] = std::move(together);
  }
  if (Json shares = s.label_shares.summary(); !shares.is_null()) {
    out["labels_by_answer"] = std::move(shares);
  }
  if (Json audits = s.audits.summary(); !audits.is_null()) out["audits"] = std::move(audits);
  if (Json estimate = s.estimate.summary(); !estimate.is_null()) {
    out["estimate"] = std::move(estimate);
  }
  return out;
}

}  // namespace rondo::monitor
