// A tick of the replayed world, and the switch of what answers in it.
#include "loop/replay_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/words.h"
#include "loop/rescore.h"
#include "loop/score.h"
#include "loop/situation.h"

namespace rondo::loop {
namespace {

constexpr std::uint32_t kStart = 1;  // prediction ids of a replay come from one simulated start

/// The same recorded rows and seed give the same ids, and no others do.
std::string secret_of(const Recording& recording, std::int64_t seed) {
  return io::sha256(fmt::format("rondo replay {} {}", seed, recording.digest.hex())).hex();
}

}  // namespace

std::vector<model::Observation> recorded_observations(const Recording& recording,
                                                      const model::Pipeline& pipeline,
                                                      const Config& config,
                                                      const std::vector<Kept>& kept) {
  const model::Pipeline::Parts& parts = pipeline.parts();
  const prepare::Situation situation = situation_of(config, kept);
  const model::HistorySpec& spec = parts.transform.history();
  auto all = prepare::observations(recording.rows, spec, situation.target, parts.classes,
                                   situation);
  std::ranges::move(prepare::observations(recording.tables, spec, situation),
                    std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.known < b.known; });
  return all;
}

Answers answers_to(const deploy::Deployed& by, const Recording& recording, std::size_t begin,
                   std::size_t end) {
  constexpr std::size_t kBlock = 2'048;
  const model::Transform& transform = by.pipeline->transform();
  const auto columns = columns_for(transform, recording.rows);
  const std::size_t lags = transform.history().lags.size();
  Answers out;
  out.values.reserve((end - begin) * by.pipeline->outputs());
  out.lags.reserve((end - begin) * lags);
  std::vector<LoggedRow> block;
  for (std::size_t first = begin; first < end; first += kBlock) {
    block.resize(std::min(kBlock, end - first));
    by.history->with([&](const model::HistoryState& history) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        LoggedRow& row = block[i];
        row.cells.resize(columns.size());
        row.lags.resize(lags);
        row.time = recording.times[first + i];
        model::gather(columns, first + i, row.cells);
        history.read(transform.entity(row.cells), row.time, row.time, row.lags);
        std::ranges::copy(row.lags, std::back_inserter(out.lags));
      }
    });
    std::ranges::copy(score_again(*by.pipeline, block), std::back_inserter(out.values));
  }
  return out;
}

std::size_t Recording::row_at(Time time) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(times, time) - times.begin());
}

ReplayWorld::ReplayWorld(Session& session, const Recording& recording, const Options& options,
                         const Observer& observer, ledger::PredictionIds ids)
    : session_(session),
      recording_(recording),
      options_(options),
      observer_(observer),
      ids_(std::move(ids)),
      now_(options.from) {}

Result<std::unique_ptr<ReplayWorld>> ReplayWorld::open(Session& session, const Recording& recording,
                                                       const Options& options,
                                                       const Observer& observer) {
  ledger::Ledger& ledger = *session.store->ledger;
  const std::string secret = secret_of(recording, session.config.train.seed);
  TRY(ledger.set_secret("prediction_ids", secret));
  auto world = std::unique_ptr<ReplayWorld>(new ReplayWorld(
      session, recording, options, observer, ledger::PredictionIds(secret, kStart)));
  world->log_ = TRY(ledger::PredictionLog::open(
      session.store->fs, session.store->log(),
      static_cast<std::uint64_t>(session.desk->lease().epoch)));
  if (const auto kept = TRY(ledger.projection("replay_clock"))) {
    world->now_ = {io::get_or<std::int64_t>(*kept, "now_us", options.from.us)};
  }
  TRY(world->changed(session.desk->look()));
  return world;
}

Result<std::shared_ptr<const deploy::Deployed>> ReplayWorld::load(const State& state,
                                                                  std::int64_t version) {
  if (const auto found = loaded_.find(version); found != loaded_.end()) return found->second;
  auto deployed = std::make_shared<deploy::Deployed>();
  deployed->version = version;
  deployed->pipeline_digest = TRY(io::Digest::from_hex(state.versions.at(version).pipeline));
  const std::string bytes = TRY(session_.store->objects->get(deployed->pipeline_digest));
  deployed->pipeline = TRY(model::Pipeline::load(bytes));
  loaded_[version] = deployed;
  return std::shared_ptr<const deploy::Deployed>(deployed);
}

/// With a history that has learnt what is known by now.
Result<ReplayWorld::Answering> ReplayWorld::answering(const State& state, std::int64_t version) {
  auto by = std::make_shared<deploy::Deployed>(*TRY(load(state, version)));
  by->history = std::make_shared<Guarded<model::HistoryState>>(by->pipeline->transform().history());
  auto observations = recorded_observations(recording_, *by->pipeline, session_.config, kept_);
  return Answering{std::move(by), std::move(observations), 0};
}

Result<void> ReplayWorld::changed(const State& state) {
  kept_ = options_.crontab ? std::vector<Kept>() : state.kept;
  if (state.champion == 0) return {};
  champion_ = TRY(answering(state, state.champion));
  stand_in_ = {};
  if (state.rollout && !state.rollout->stands_in.empty()) {
    stand_in_ = TRY(answering(state, state.rollout->challenger));
  }
  learn(now_);
  RONDO_FAILPOINT(kSwap);
  return {};
}

Result<SourceNews> ReplayWorld::peek(const State& state) {
  SourceNews news;
  const auto known = std::upper_bound(recording_.known.begin(), recording_.known.end(), now_);
  const auto end = static_cast<std::size_t>(known - recording_.known.begin());
  const auto after = std::upper_bound(recording_.times.begin(), recording_.times.end(),
                                      state.newest_row);
  auto i = static_cast<std::size_t>(after - recording_.times.begin());
  std::int64_t count = 0;
  for (; i < end; ++i) {
    if (recording_.told[i] && !any_covers(kept_, recording_.times[i])) ++count;
  }
  news.labelled = count;
  news.changed = count > 0;
  if (count > 0) news.what = fmt::format("{} labelled rows became known",
                                         grouped(static_cast<std::uint64_t>(count)));
  return news;
}

Result<void> ReplayWorld::deliver_labels(Time until) {
  std::vector<ledger::Label> labels;
  const auto begin = std::upper_bound(recording_.known.begin(), recording_.known.end(), now_);
  const auto end = std::upper_bound(recording_.known.begin(), recording_.known.end(), until);
  for (auto at = begin; at != end; ++at) {
    const auto i = static_cast<std::size_t>(at - recording_.known.begin());
    if (!recording_.told[i] || recording_.times[i] < options_.from) continue;
    labels.push_back({ids_.make(0, i, 1) + ".0", *recording_.told[i], *at, *at, 1, false});
  }
  if (labels.empty()) return {};
  TRY(session_.store->ledger->add_labels(labels));
  return {};
}

void ReplayWorld::learn(Time until) {
  for (Answering* one : {&champion_, &stand_in_}) {
    if (!one->by) continue;
    one->by->history->with([&](model::HistoryState& history) {
      const auto& all = one->observations;
      for (; one->learned < all.size() && all[one->learned].known <= until; ++one->learned) {
        history.apply(all[one->learned]);
      }
    });
  }
}

void ReplayWorld::answer(Time from, Time until) {
  if (!champion_.by) return;
  const auto& by = stand_in_.by ? stand_in_.by : champion_.by;
  const model::Pipeline::Parts& parts = by->pipeline->parts();
  const auto columns = columns_for(parts.transform, recording_.rows);
  const auto read = columns_for(champion_.by->pipeline->transform(), recording_.rows);
  std::vector<model::Cell> cells(columns.size()), read_cells(read.size());
  const std::size_t begin = recording_.row_at(from), end = recording_.row_at(until);
  const std::size_t outputs = by->pipeline->outputs();
  const std::size_t lags = parts.transform.history().lags.size();
  const Answers answers = answers_to(*by, recording_, begin, end);
  std::vector<ledger::Prediction> rows;
  rows.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    model::gather(columns, i, cells);
    ledger::Prediction row =
        as_answered(parts, std::span(answers.values).subspan((i - begin) * outputs, outputs));
    const auto told = std::span(answers.lags).subspan((i - begin) * lags, lags);
    row.lags.assign(told.begin(), told.end());
    if (parts.task == model::Task::kBinary) row.probabilities.clear();
    row.id = ids_.make(0, i, 1) + ".0";
    row.time = recording_.times[i];
    row.answered = row.time;
    row.version = by->version;
    row.cells = model::encode_cells(cells);
    if (stand_in_.by) {
      model::gather(read, i, read_cells);
      row.read_cells = model::encode_cells(read_cells);
    }
    rows.push_back(std::move(row));
  }
  log_->write(rows);
}

Result<void> ReplayWorld::wait_for_news(const Stop& stop, Span) {
  const Time until = std::min(now_ + options_.every, options_.to);
  if (now_ >= options_.to || options_.outer.requested()) {
    stop.request();
    return {};
  }
  TRY(deliver_labels(until));
  learn(until);
  answer(now_, until);
  TRY(log_->flush());
  RONDO_FAILPOINT(kReplayTick);
  now_ = until;
  TRY(session_.desk->note({}, {{"replay_clock", {{"now_us", now_.us}}}}));
  if (observer_) {
    const double all = (options_.to - options_.from).in_days();
    observer_({{"event", "tick"}, {"at", to_text(now_)},
               {"done", all > 0 ? (now_ - options_.from).in_days() / all : 1.0}});
  }
  return {};
}

}  // namespace rondo::loop
