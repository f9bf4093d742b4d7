// Picking, scoring, logging. Rows are kept from request to request, so that their texts need no new
// memory.
#include "api/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "api/json_out.h"
#include "base/clock.h"
#include "base/check.h"
#include "base/words.h"
#include "deploy/router.h"

namespace rondo::api {
namespace {

constexpr std::size_t kBlock = 256;  // rows between two looks at the clock
constexpr std::size_t kMostContributions = std::size_t{1} << 24;  // a request

std::expected<Deployed, Refusal> champion_of(App& app, const deploy::Routing* routing) {
  if (routing != nullptr && routing->champion) return routing->champion;
  if (std::string alert = app.service().champion_alert(); !alert.empty()) {
    return std::unexpected(Refusal(503, "unavailable", std::move(alert),
                                   "`rondo fsck` names every file that is damaged")
                               .with("Retry-After", "5"));
  }
  return std::unexpected(Refusal(503, "unavailable", "no model is deployed yet",
                                 "/api/v1/status says what the loop is waiting for")
                             .with("Retry-After", "5"));
}

void copy_answer(const deploy::Answer& answer, ledger::Prediction& out) {
  out.version = answer.version;
  out.value = answer.value;
  out.answer.assign(answer.label);
  out.probabilities = answer.probabilities;
  out.lags = answer.lags;
}

}  // namespace

std::optional<std::int64_t> version_number(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

std::expected<void, Refusal> check_model(const App& app, std::string_view model) {
  const std::string name = app.service().model_name();
  if (model == name) return {};
  return refuse(404, "not_found", fmt::format("there is no model \"{}\"", model.substr(0, 200)),
                fmt::format("this server serves \"{}\"", name));
}

std::expected<Picked, Refusal> pick(App& app, std::string_view model, std::string_view version) {
  TRY(check_model(app, model));
  auto routing = app.service().router().take();
  if (version.empty()) {
    Picked picked{TRY(champion_of(app, routing.get()))};
    if (routing->trial) picked.split = std::move(routing);
    return picked;
  }
  const bool tried = routing && routing->trial;
  if (version == "champion") {
    return Picked{TRY(champion_of(app, routing.get())), nullptr, true, tried};
  }
  if (version == "former" && routing && routing->former) {
    return Picked{routing->former, nullptr, true, tried};
  }
  if (version == "challenger" && tried && routing->trial->other != routing->former) {
    return Picked{routing->trial->other, nullptr, true, true};
  }
  if (version == "challenger" || version == "former") {
    return refuse(404, "not_found",
                  version == "former" ? std::string("there is no former version in memory")
                                      : std::string("there is no challenger: no version is rolled "
                                                    "out at the moment"),
                  "ask without a version, or for \"champion\"; GET /api/v1/deployments tells what "
                  "is rolled out");
  }
  const auto number = version_number(version);
  if (!number) {
    return refuse(404, "not_found",
                  fmt::format("there is no version \"{}\"", version.substr(0, 200)),
                  "name a number, \"champion\", \"challenger\" or \"former\"");
  }
  if (routing) {
    if (Deployed loaded = routing->find(*number)) {
      return Picked{std::move(loaded), nullptr, true, tried};
    }
  }
  const auto known = TRY(app.service().versions());
  if (std::ranges::find(known, *number) == known.end()) {
    return refuse(404, "not_found", fmt::format("there is no version {}", *number),
                  "GET /api/v1/models lists the versions");
  }
  return refuse(503, "unavailable", fmt::format("version {} is not loaded", *number),
                fmt::format("POST /v2/repository/models/{}/load with "
                            "{{\"parameters\":{{\"version\":\"{}\"}}}} loads it",
                            model, *number));
}

std::expected<void, Refusal> check_explains(const deploy::Deployed& by) {
  if (by.pipeline->can_explain()) return {};
  return refuse(501, "unsupported",
                fmt::format("version {} cannot be explained: it does not hold how many training "
                            "rows reached each leaf",
                            by.version),
                "a version that this program trains or imports holds it");
}

std::expected<void, Refusal> check_interval(const deploy::Deployed& by) {
  if (by.pipeline->parts().answering.interval) return {};
  return refuse(501, "unsupported", fmt::format("version {} has no interval", by.version),
                "it answers classes, or was made without: [evaluate] interval = 0.9 makes the next "
                "version's");
}

Batch::Batch(Call& call, Picked picked, deploy::Wanted wanted, bool interval)
    : call_(call),
      read_by_(std::move(picked.by)),
      by_(read_by_),
      split_(std::move(picked.split)),
      arm_(picked.named ? ledger::Arm::kNamed : ledger::Arm::kChampion),
      recorded_(!picked.named || picked.tried),
      wanted_(wanted),
      now_(call.app.service().now()),
      scored_us_(call.entered_us) {
  Scratch& scratch = call_.scratch;
  scratch.cells.resize(std::max(scratch.cells.size(), inputs().fields.size()));
  scratch.counts.missing.assign(inputs().fields.size(), 0);
  scratch.counts.unseen.assign(inputs().fields.size(), 0);
  scratch.ranges.fit(by_->pipeline);
  scratch.raw.clear();
  scratch.contributions.clear();
  scratch.texts.clear();
  if (split_) split_by_key(interval);
}

/// A caller's own key, else a column of the rows, else where the prediction's id comes from.
void Batch::split_by_key(bool interval) {
  const deploy::Trial& trial = *split_->trial;
  if (trial.share == 0) return;
  // Who asks for contributions, or an interval, gets them from a version that has them.
  if (interval && !trial.other->pipeline->parts().answering.interval) return;
  if (wanted_ == deploy::Wanted::kContributions && !trial.other->pipeline->can_explain()) return;
  std::string key;
  if (const auto own = call_.request.header("Rondo-Split-Key")) {
    key = *own;
  } else {
    if (!trial.split_by.empty()) split_column_ = inputs().find(trial.split_by);
    if (split_column_) return;
    key = fmt::format("{}.{}.{}", call_.app.service().ids().start(), call_.scratch.thread,
                      call_.scratch.sequence);
  }
  if (deploy::place_of(trial.salt, key) >= trial.share) return;
  by_ = trial.other;
  arm_ = ledger::Arm::kCanary;
}

/// The first row chooses; rows of another version's key bring the request to the champion.
void Batch::split_by_column(std::span<const model::Cell> cells) {
  const deploy::Trial& trial = *split_->trial;
  const model::Cell& cell = cells[*split_column_];
  std::string number;
  if (cell.kind == model::Cell::Kind::kNumber) write_number(number, cell.number);
  const std::uint16_t place = deploy::place_of(
      trial.salt, cell.kind == model::Cell::Kind::kText ? cell.text : std::string_view(number));
  if (!split_place_) {
    split_place_ = place;
    if (place < trial.share) {
      by_ = trial.other;
      arm_ = ledger::Arm::kCanary;
    }
    return;
  }
  if (place != *split_place_ && tried()) answer_by_champion(false);
}

/// One version answers a request: what the other one has answered already is answered anew.
void Batch::answer_by_champion(bool failed) {
  by_ = read_by_;
  fell_back_ = failed;
  if (!failed) arm_ = ledger::Arm::kChampion;
  call_.scratch.raw.clear();
  call_.scratch.contributions.clear();
  for (std::size_t i = 0; i < answered_; ++i) {
    const auto cells = model::decode_cells(call_.scratch.rows[i].cells);
    CHECK(cells.has_value(), "cells that were encoded here are whole");
    answer_row(*cells, i);
  }
}

Batch::~Batch() {
  // The space of a rare, large request is given back.
  if (call_.scratch.contributions.capacity() > 4096) call_.scratch.contributions = {};
  const std::int64_t ended = monotonic_us();
  call_.scratch.numbers.with([&](Numbers& numbers) {
    VersionNumbers& version = numbers.versions[by_->version];
    if (!finished_) {
      version.fail.add(Span{ended - call_.started_us});
      return;
    }
    version.last = now_;
    version.rows += count_;
    version.by_arm[static_cast<std::size_t>(arm_of())] += count_;
    version.success.add(Span{ended - call_.started_us});
    version.queue.add(call_.queued);
    version.input.add(Span{scored_us_ - call_.entered_us - infer_us_});
    version.infer.add(Span{infer_us_});
    version.output.add(Span{ended - scored_us_});
    version.by_time.add(Span{infer_us_});
    count_inputs(numbers);
  });
}

void Batch::count_inputs(Numbers& numbers) const {
  const model::InputCounts& counts = call_.scratch.counts;
  const std::span<const std::uint64_t> beyond = call_.scratch.ranges.counts();
  for (std::size_t i = 0; i < inputs().fields.size(); ++i) {
    if (counts.missing[i] == 0 && counts.unseen[i] == 0 && beyond[i] == 0) continue;
    Numbers::Input& input = numbers.inputs[inputs().fields[i].name];
    input.missing += counts.missing[i];
    input.unseen += counts.unseen[i];
    input.out_of_range += beyond[i];
  }
  count_joins(numbers);
}

/// A table has nothing for a row when none of its features has a value.
void Batch::count_joins(Numbers& numbers) const {
  const model::HistorySpec& history = parts().transform.history();
  if (history.sides.empty()) return;
  for (std::size_t side = 0; side < history.sides.size(); ++side) {
    std::uint64_t without = 0;
    for (const ledger::Prediction& row : rows()) {
      bool found = false;
      for (std::size_t i = 0; i < std::min(row.lags.size(), history.lags.size()); ++i) {
        found |= history.side(history.lags[i].series) == &history.sides[side] &&
                 !std::isnan(row.lags[i]);
      }
      without += found || row.lags.empty() ? 0 : 1;
    }
    if (without != 0) numbers.unjoined[history.sides[side].table] += without;
  }
}

std::span<model::Cell> Batch::cells() {
  const std::size_t width = inputs().fields.size();
  std::vector<model::Cell>& cells = call_.scratch.cells;
  if (cells.size() < (pending_ + 1) * width) cells.resize((pending_ + 1) * width);
  return std::span(cells).subspan(pending_ * width, width);
}

Outsiders Batch::outsiders() const {
  const loop::Config& config = call_.app.service().config();
  return {parts().target, config.collect.time, config.prepare.ignore, config.prepare.late};
}

std::expected<void, Refusal> Batch::add(Time time) {
  const std::uint64_t most = call_.app.limits().rows_max;
  if (count_ + pending_ >= most) {
    return refuse(413, "too_large", fmt::format("a request may have {} rows", grouped(most)),
                  "send them in parts, or raise `[deploy] rows_max`");
  }
  if (wanted_ == deploy::Wanted::kContributions) {
    const std::size_t each =
        by_->pipeline->outputs() * (by_->pipeline->explained().size() + 1);
    if ((count_ + pending_ + 1) * each > kMostContributions) {
      return refuse(413, "too_large",
                    fmt::format("a request may ask for {} contributions, {} a row",
                                grouped(kMostContributions), grouped(each)),
                    "send the rows in parts");
    }
  }
  std::vector<ledger::Prediction>& rows = call_.scratch.rows;
  if (rows.size() <= count_ + pending_) rows.emplace_back();
  rows[count_ + pending_].time = time;
  if (++pending_ < kBlock) return {};
  return score_block();
}

std::expected<void, Refusal> Batch::score_block() {
  const std::int64_t before = monotonic_us();
  if (deadline_us_ != 0 && before >= deadline_us_) {
    return refuse(504, "timeout", "the request's own time limit has passed",
                  "raise its \"timeout\" (microseconds), or send fewer rows");
  }
  for (std::size_t i = 0; i < pending_; ++i) score_row(i);
  count_ += pending_;
  pending_ = 0;
  scored_us_ = monotonic_us();
  infer_us_ += scored_us_ - before;
  return {};
}

void Batch::answer_row(std::span<const model::Cell> cells, std::size_t at) {
  Scratch& scratch = call_.scratch;
  ledger::Prediction& row = scratch.rows[at];
  // Who has other inputs counts them by other numbers.
  const bool other = tried() && !split_->trial->columns.empty();
  std::vector<model::Cell> arranged;
  if (other) arranged = deploy::arranged(cells, split_->trial->columns);
  const deploy::Answer answer = deploy::Router::answer(
      by_, {other ? arranged : cells, row.time, row.time},
      at < answered_ || other ? nullptr : &scratch.counts, wanted_);
  copy_answer(answer, row);
  scratch.raw.insert(scratch.raw.end(), answer.raw.begin(), answer.raw.end());
  scratch.contributions.insert(scratch.contributions.end(), answer.contributions.begin(),
                               answer.contributions.end());
}

void Batch::score_row(std::size_t place) {
  Scratch& scratch = call_.scratch;
  const std::size_t width = inputs().fields.size(), at = count_ + place;
  const std::span<const model::Cell> cells = std::span(scratch.cells).subspan(place * width, width);
  ledger::Prediction& row = scratch.rows[at];
  if (split_column_) split_by_column(cells);
  answer_row(cells, at);
  model::encode_cells(cells, row.cells);
  answered_ = at + 1;
  if (split_ && tried() && deploy::failed(row.value)) answer_by_champion(true);
  scratch.ranges.look(cells);
  row.answered = now_;
}

/// Arm and share of each record; its cells in the order of who answered, and as they were read.
void Batch::mark_rows() {
  for (std::size_t i = 0; i < count_; ++i) {
    ledger::Prediction& row = call_.scratch.rows[i];
    row.arm = recorded_ ? arm_ : ledger::Arm::kChampion;
    row.share = split_ ? split_->trial->recorded : 0;
    row.fell_back = fell_back_;
    row.read_cells.clear();
    if (!split_ || !tried() || split_->trial->columns.empty()) continue;
    row.read_cells = std::move(row.cells);
    const auto cells = model::decode_cells(row.read_cells);
    CHECK(cells.has_value(), "cells that were encoded here are whole");
    model::encode_cells(deploy::arranged(*cells, split_->trial->columns), row.cells);
  }
}

std::expected<std::shared_ptr<Kept>, Refusal> Batch::log() {
  loop::Service& service = call_.app.service();
  // A trial leaves nothing behind that is monitored or judged. Who may not change what answers may
  // not hide what was asked either.
  if (call_.request.header("Rondo-Dry-Run") == "true") {
    TRY(Access::check_role(call_.who, Role::kDeployer));
    return nullptr;
  }
  if (!call_.app.limits().durable) {
    // A record that finds no room is dropped and counted by the log: predictions go on.
    static_cast<void>(service.log(rows()));
    return nullptr;
  }
  const auto kept = std::make_shared<Kept>();
  if (service.log_durably(rows(), [kept](bool good) { kept->settle(good); })) return kept;
  return std::unexpected(not_kept());
}

Reply Batch::finish() {
  TRY(score_block());
  id_ = call_.app.service().ids().make(call_.scratch.thread, call_.scratch.sequence++, count_);
  for (std::size_t i = 0; i < count_; ++i) {
    std::string& id = call_.scratch.rows[i].id;
    id.assign(id_);
    id += '.';
    write_number(id, static_cast<std::uint64_t>(i));
  }
  call_.app.quotas().take_rows(call_.who, count_, call_.started_us);
  mark_rows();
  Response response;
  response.kept = TRY(log());
  constexpr std::size_t kKept = 4096;
  if (call_.scratch.rows.size() > kKept && count_ <= kKept) call_.scratch.rows.resize(kKept);
  response.headers.reserve(3);
  response.headers.emplace_back("Rondo-Model-Version", std::to_string(by_->version));
  response.headers.emplace_back("Rondo-Prediction-Id", id_);
  response.body.reserve(256 + count_ * 96);
  finished_ = true;
  return response;
}

}  // namespace rondo::api
