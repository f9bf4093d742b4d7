// The stage's entry: reads a dataset version, lets one phase after the other work on the draft, and
// stores what came of it. A phase that finds the contract broken ends the stage with its sentence.
#include "prepare/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/failpoint.h"
#include "ledger/served_rows.h"
#include "prepare/candidates.h"
#include "prepare/report.h"

namespace rondo::prepare {
namespace {

using ledger::StageInput;
using ledger::StageOutput;

constexpr std::array<Phase, 9> kPhases = {meet_expectations, find_target,   choose_rows,
                                          choose_inputs,     fit_features,  find_leaks,
                                          make_features,     drop_useless,  measure_baselines};

/// Everything that a project wishes for in tables of [prepare].
Result<void> read_wishes(Job& job) {
  // No feature is made of a weight, and no row is told apart by it.
  if (!job.situation.weight.empty()) job.options.ignore.push_back(job.situation.weight);
  const Options& o = job.options;
  job.lags = TRY(lags_from(o.lag));
  for (LagWish& window : TRY(windows_from(o.window))) job.lags.push_back(std::move(window));
  for (LagWish& join : TRY(joins_from(o.join))) job.lags.push_back(std::move(join));
  job.made = TRY(combines_from(o.combine));
  for (MadeWish& wish : TRY(encodes_from(o.encode))) job.made.push_back(std::move(wish));
  for (MadeWish& wish : TRY(texts_from(o.text))) job.made.push_back(std::move(wish));
  job.expectations = TRY(expectations_from(o.expect));
  return {};
}

Result<void> read_times(Job& job) {
  if (!job.situation.has_clock) return {};
  const table::Column* time = job.rows.find(table::kTimeColumn);
  if (time == nullptr) {
    return fail(Code::kInvalidInput,
                fmt::format("dataset d{} has no event times, but [collect] time is set",
                            job.dataset),
                "it was collected before `time` was set: start a new project folder");
  }
  for (const std::int64_t us : time->integers) job.times.push_back({us});
  return {};
}

Result<Job> read_job(const StageInput& input) {
  Job job;
  const Json now = TRY(io::get<Json>(input.options, "now"));
  const Json options = io::get_or<Json>(input.options, "prepare", Json::object());
  job.situation = TRY(situation_from(now));
  job.options = TRY(io::read_options<Options>(options, "prepare"));
  TRY(read_wishes(job));
  job.seed = input.seed;
  job.now = input.now;
  const auto named = input.inputs.find("manifest");
  if (named == input.inputs.end()) {
    return fail(Code::kInvalidInput, "preparation lacks its input \"manifest\"");
  }
  const auto manifest = TRY(ledger::get_manifest(*input.objects, named->second));
  job.dataset = manifest.number;
  job.orders_only = manifest.orders_only;
  auto read = TRY(ledger::read_with_served(manifest, *input.objects, job.situation.temp));
  job.rows = std::move(read.rows);
  job.served = std::move(read.served);
  if (std::ranges::any_of(job.lags, &LagWish::is_join)) {
    job.tables = TRY(ledger::read_tables(manifest, *input.objects, job.situation.temp));
  }
  if (const auto measured = input.inputs.find("measured"); measured != input.inputs.end()) {
    const auto prepared = TRY(model::Prepared::decode(TRY(input.objects->get(measured->second))));
    const Json search = io::get_or<Json>(prepared.findings, "search", Json::object());
    job.found = io::get_or<Json>(search, "found", Json::object());
    TRY(wishes_from(*job.found));
  }
  TRY(read_times(job));
  return job;
}

/// Lets the phases work. Their sentence if one of them found the contract broken.
Result<Broken> work_through(const Job& job, const Stop& stop, Draft& draft) {
  for (const Phase phase : phases()) {
    if (stop.requested()) return fail(Code::kCancelled, "preparation was asked to stop");
    if (Broken why = phase(job, draft)) return why;
  }
  return Broken{};
}

}  // namespace

std::span<const Phase> phases() noexcept { return kPhases; }

Result<StageOutput> run(const StageInput& input) {
  const Job job = TRY(during(read_job(input), "preparing data"));
  Draft draft;
  if (const Broken why = TRY(work_through(job, input.stop, draft))) {
    return StageOutput{"contract broken", *why, evidence_of(job, draft), Json::object(), {}};
  }
  StageOutput output{"prepared", reason_of(job, draft), evidence_of(job, draft), Json::object(),
                     {{"prepared", "prepared.bin"}}};
  const std::string bytes = TRY(prepared_from(job, std::move(draft)).encode());
  RONDO_FAILPOINT(kPreparedWrite);
  TRY(io::write_atomically(*input.fs, input.out / "prepared.bin", bytes));
  return output;
}

Result<StageOutput> rehearse(const Rehearsal& rehearsal, const table::Table& rows) {
  Job job;
  job.options = rehearsal.options;
  job.options.expect = Json::array();
  job.options.features = "off";        // what a search would find changes neither split nor leaks
  job.situation = rehearsal.situation;
  TRY(read_wishes(job));
  job.seed = rehearsal.seed;
  job.now = rehearsal.now;
  job.dataset = 1;
  job.orders_only = rehearsal.orders_only;
  job.rows = rows;
  job.tables = rehearsal.tables;
  TRY(read_times(job));
  Draft draft;
  const Broken why = TRY(work_through(job, Stop{}, draft));
  return StageOutput{why ? "contract broken" : "prepared", why ? *why : reason_of(job, draft),
                     evidence_of(job, draft), Json::object(), {}};
}

}  // namespace rondo::prepare
