// Loading versions, rebuilding what lags read, learning late labels. A champion that cannot be
// loaded (a damaged object) is replaced by the newest version that can, with an alert: predictions
// go on.
#include "loop/service_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/failpoint.h"
#include "loop/score.h"
#include "loop/situation.h"
#include "loop/watch.h"
#include "model/served_past.h"

namespace rondo::loop {
namespace {

constexpr std::int64_t kMendEveryUs = 2'000'000;
constexpr char kMend[] = "put its file back from a backup, or promote another version; it is tried "
                         "again every two seconds";
constexpr std::int64_t kAheadUs = 60'000'000;     // a label waits for what is not written yet
constexpr std::int64_t kOvertakenUs = 2'000'000;  // and for what a later answer overtook
constexpr std::size_t kRoundParts = 16;            // of the log, read between two requests
constexpr std::size_t kAtOnceParts = 256;
constexpr std::size_t kRoundLabels = 10'000;
constexpr std::size_t kAtOnceLabels = 100'000;

/// The index of the target among the series, if lags read it.
std::optional<std::uint32_t> target_series(const model::HistorySpec& spec,
                                           const std::string& target) {
  for (std::size_t i = 0; i < spec.series.size(); ++i) {
    if (spec.series[i] == target) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

/// Whose row was answered, by these columns of the version that answered; nothing when it does not
/// read them all, or its record is no row of it.
std::optional<std::string> entity_of(const ledger::Prediction& prediction,
                                     const table::Schema& inputs,
                                     const std::vector<std::string>& entity) {
  std::string key;
  if (entity.empty()) return key;
  const auto cells = model::decode_cells(prediction.cells);
  if (!cells || cells->size() != inputs.fields.size()) return std::nullopt;
  for (const std::string& name : entity) {
    const auto place = inputs.find(name);
    if (!place) return std::nullopt;
    append_entity((*cells)[*place], key);
  }
  return key;
}

}  // namespace

ServiceWorld::ServiceWorld(ledger::Store& store, const Config& config, Session* session,
                           ledger::PredictionLog* log, Progress* progress)
    : store_(store), config_(config), session_(session), log_(log), progress_(progress) {
  loaded_.with([&](Loaded& loaded) { loaded.answers.emplace(*store.fs, store.log()); });
}

Result<void> ServiceWorld::flush() {
  if (shadow_ != nullptr) shadow_->drain();
  return log_ == nullptr ? Result<void>() : log_->flush();
}

/// Before the look, so that what happens meanwhile is heard.
void ServiceWorld::listen() {
  const auto folders = collect::folders_of(*store_.fs, config_.collect, session_->project);
  hears_ = folders && folders_.listen(*folders);
}

Result<SourceNews> ServiceWorld::peek(const State& state) {
  if (session_ == nullptr) return SourceNews{};
  const bool told = std::ranges::any_of(folders_.happened(), [](const std::string& name) {
    return name.empty() || !collect::is_unfinished(name);
  });
  const std::int64_t now = monotonic_us();
  if (!gate_.due({now, told, hears_, state.manifest})) return last_news_;
  listen();
  auto news = peek_files(*session_, state);
  // A source that cannot be looked at (a missing file) is no reason to stop serving.
  last_news_ = gate_.judge(now, wall_clock_now(), news ? *std::move(news) : SourceNews{});
  return last_news_;
}

/// Finds the answers of labels and takes those off that are found, or never will be: an answer may
/// be written a moment after its label came. One is looked for twice at most.
Result<std::vector<model::Observation>> ServiceWorld::join(Loaded& loaded, Labels& labels,
                                                           const model::Pipeline::Parts& parts) {
  std::vector<model::Observation> found;
  const auto series = target_series(parts.transform.history(), config_.project.target);
  if (!series || labels.empty()) return found;
  const std::int64_t now = monotonic_us();
  const auto is_older = [&](const Early& early, std::int64_t age_us) {
    return now - early.since_us >= age_us;
  };
  std::set<std::string, std::less<>> ids;
  for (const auto& [id, early] : labels) {
    if (loaded.answers->is_ahead(id) || (early.missed && !is_older(early, kOvertakenUs))) continue;
    ids.insert(id);
  }
  TRY(loaded.answers->find(ids, [&](ledger::Prediction&& prediction) {
    const auto node = labels.extract(prediction.id);
    if (node.empty()) return;
    const ledger::Label& label = node.mapped().label;
    const auto value = label_number(label.value, parts);
    const auto sequence = model::kServedSequence + static_cast<std::uint64_t>(label.first_row);
    const auto by = loaded.versions.find(prediction.version);
    const bool known = by != loaded.versions.end();
    const auto& answered = known ? by->second->pipeline->transform() : parts.transform;
    const auto entity = entity_of(prediction, answered.inputs(), parts.transform.history().entity);
    if (!value || !entity) return;
    found.push_back({*series, *entity, prediction.time, label.received, sequence, *value});
  }));
  std::erase_if(labels, [&](const auto& item) {
    const bool sought = ids.contains(item.first);
    return is_older(item.second, sought ? kOvertakenUs : kAheadUs);
  });
  for (const std::string& id : ids) {
    if (const auto at = labels.find(id); at != labels.end()) at->second.missed = true;
  }
  return found;
}

/// Reads on in the labels; whether there may be more.
Result<bool> ServiceWorld::next_labels(std::int64_t& row, std::size_t most, std::int64_t since_us,
                                       Labels& labels) {
  const auto read = TRY(store_.ledger->labels_after(row, most, &row));
  for (const ledger::Label& label : read) labels[label.id] = {label, since_us, false};
  return read.size() == most;
}

/// The labels of all served rows, for a history that is new.
Result<std::vector<model::Observation>> ServiceWorld::all_served(
    Loaded& loaded, const model::Pipeline::Parts& parts) {
  if (!target_series(parts.transform.history(), config_.project.target)) return {};
  std::uint64_t bytes = 0;
  for (const io::LogSegment& segment : TRY(io::log_segments(*store_.fs, store_.log()))) {
    bytes += segment.bytes;
  }
  if (progress_) progress_->begin("megabytes of answers", bytes >> 20);
  while (!TRY(loaded.answers->extend(kAtOnceParts))) {
    if (progress_) progress_->reach(loaded.answers->parts());
  }
  std::vector<model::Observation> served;
  Labels labels, ahead;
  const auto take = [&]() -> Result<void> {
    const auto joined = TRY(join(loaded, labels, parts));
    served.insert(served.end(), joined.begin(), joined.end());
    ahead.merge(labels);
    labels.clear();
    return {};
  };
  std::int64_t row = 0;
  const std::int64_t last = TRY(store_.ledger->newest_label_row());
  if (progress_) progress_->begin("labels", static_cast<std::uint64_t>(last));
  const std::int64_t since = monotonic_us() - kOvertakenUs;  // the log is read to its end
  for (bool more = true; more;) {
    more = TRY(next_labels(row, kAtOnceLabels, since, labels));
    TRY(take());
    if (progress_) progress_->reach(static_cast<std::uint64_t>(row));
  }
  if (loaded.versions.empty()) {  // else the others learn on from where they are
    loaded.label_row = row;
    loaded.early = std::move(ahead);
  }
  return served;
}

Result<std::shared_ptr<const deploy::Deployed>> ServiceWorld::load_locked(Loaded& loaded,
                                                                          const State& state,
                                                                          std::int64_t version) {
  if (const auto found = loaded.versions.find(version); found != loaded.versions.end()) {
    return found->second;
  }
  const auto known = state.versions.find(version);
  if (known == state.versions.end()) {
    return fail(Code::kNotFound, fmt::format("there is no v{}", version),
                "`rondo models` lists the versions");
  }
  auto deployed = std::make_shared<deploy::Deployed>();
  deployed->version = version;
  deployed->pipeline_digest = TRY(io::Digest::from_hex(known->second.pipeline));
  const std::string bytes = TRY(store_.objects->get(deployed->pipeline_digest));
  RONDO_FAILPOINT(kPipelineLoad);
  deployed->pipeline = TRY(model::Pipeline::load(bytes));
  deployed->history = TRY(history_for(loaded, state, *deployed->pipeline));
  loaded.versions[version] = deployed;
  return std::shared_ptr<const deploy::Deployed>(deployed);
}

Result<std::shared_ptr<const deploy::Deployed>> ServiceWorld::load(const State& state,
                                                                   std::int64_t version) {
  return loaded_.with([&](Loaded& loaded) { return load_locked(loaded, state, version); });
}

Result<void> ServiceWorld::changed(const State& state) {
  return loaded_.with([&](Loaded& loaded) -> Result<void> {
    if (state.champion == 0) return {};
    const bool rows_moved = loaded.kept.size() != state.kept.size() ||
                            std::any_of(state.kept.begin(), state.kept.end(),
                                        [](const Kept& kept) { return !kept.until; });
    loaded.kept = state.kept;
    if (rows_moved) loaded.versions.clear();  // their histories hold rows that are out now
    loaded.alert.clear();
    auto champion = load_locked(loaded, state, state.champion);
    if (!champion) {
      loaded.alert = fmt::format("v{} cannot be loaded: {}", state.champion,
                                 champion.error().message);
      for (auto at = state.versions.rbegin(); at != state.versions.rend() && !champion; ++at) {
        if (at->first != state.champion) champion = load_locked(loaded, state, at->first);
      }
      loaded.alert += champion ? fmt::format("; v{} answers in its place", (*champion)->version)
                               : std::string("; no version answers");
      loaded.alert += fmt::format(" ({})", kMend);
      if (!champion) return std::unexpected(champion.error());
    }
    deploy::Routing routing;
    routing.champion = *champion;
    if (state.former != 0) {
      if (auto former = load_locked(loaded, state, state.former)) routing.former = *former;
    }
    if (routing.champion->version == state.champion) {
      routing.trial = trial_of(loaded, state, *routing.champion);
    }
    RONDO_FAILPOINT(kSwap);
    publish(loaded, state, std::move(routing));
    return {};
  });
}

Result<void> ServiceWorld::follow(const State& state) {
  TRY(learn_rows(state));
  const bool same = followed_ && same_routing(*followed_, state) &&
                    followed_->kept.size() == state.kept.size();
  if (same) return {};
  followed_ = state;
  return changed(state);
}

/// What cannot be loaded is in alert().
void ServiceWorld::mend(const State& state) {
  const std::int64_t now = monotonic_us();
  if (now - mended_us_ < kMendEveryUs || alert().empty()) return;
  mended_us_ = now;
  const bool whole = loaded_.with([&](Loaded& loaded) {
    return load_locked(loaded, state, state.champion).has_value();
  });
  const auto routing = router_.take();
  if (!whole && routing && routing->champion) return;
  const auto switched = changed(state);
  static_cast<void>(switched);
}

/// The rollout as requests see it. A challenger that cannot be loaded gets none: the loop takes it
/// back.
std::shared_ptr<const deploy::Trial> ServiceWorld::trial_of(Loaded& loaded, const State& state,
                                                            const deploy::Deployed& champion) {
  if (!state.rollout || shadow_ == nullptr) return nullptr;
  const Rollout& rollout = *state.rollout;
  const auto other =
      load_locked(loaded, state, rollout.watched ? rollout.champion : rollout.challenger);
  loaded.untried = other ? 0 : rollout.challenger;
  if (!other) return nullptr;
  deploy::Trial trial;
  trial.other = *other;
  trial.share = rollout.watched ? 0 : rollout.share();
  trial.recorded = rollout.share();
  trial.salt = rollout.salt;
  trial.split_by = config_.deploy.split_by;
  trial.columns = deploy::columns_between(*champion.pipeline, *trial.other->pipeline);
  return std::make_shared<const deploy::Trial>(std::move(trial));
}

bool ServiceWorld::behind(const State& state) const {
  const auto routing = router_.take();
  if (state.champion == 0 || shadow_ == nullptr) return false;
  return loaded_.with([&](const Loaded& loaded) {
    if (!loaded.alert.empty()) return false;
    if (!routing || routing->champion->version != state.champion) return true;
    const bool tried = state.rollout && state.rollout->challenger != loaded.untried;
    if (tried != (routing->trial != nullptr)) return true;
    return tried && routing->trial->recorded != state.rollout->share();
  });
}

/// Adds what people keep loaded, forgets every other version, and lets the table answer.
void ServiceWorld::publish(Loaded& loaded, const State& state, deploy::Routing routing) {
  routing.others.clear();
  for (const std::int64_t version : loaded.pinned) {
    if (routing.find(version)) continue;
    if (auto other = load_locked(loaded, state, version)) routing.others.push_back(*other);
  }
  std::erase_if(loaded.versions, [&](const auto& item) { return !routing.find(item.first); });
  // Before the first request that is scored twice, and until after the last.
  const bool shadowed = routing.trial != nullptr;
  if (shadowed && !loaded.shadowed) shadow_->hold();
  router_.publish(std::make_shared<const deploy::Routing>(std::move(routing)));
  if (!shadowed && loaded.shadowed) shadow_->release();
  loaded.shadowed = shadowed;
}

Result<void> ServiceWorld::pin(const State& state, std::int64_t version) {
  return loaded_.with([&](Loaded& loaded) -> Result<void> {
    const auto before = router_.take();
    if (before && before->find(version)) {
      loaded.pinned.insert(version);
      return {};
    }
    TRY(load_locked(loaded, state, version));
    loaded.pinned.insert(version);
    publish(loaded, state, before ? *before : deploy::Routing{});
    return {};
  });
}

Result<void> ServiceWorld::unpin(const State& state, std::int64_t version) {
  return loaded_.with([&](Loaded& loaded) -> Result<void> {
    if (!state.versions.contains(version)) {
      return fail(Code::kNotFound, fmt::format("there is no v{}", version),
                  "`rondo models` lists the versions");
    }
    const auto before = router_.take();
    const auto is = [&](const std::shared_ptr<const deploy::Deployed>& one) {
      return one && one->version == version;
    };
    const bool tried = before && before->trial && is(before->trial->other);
    if (before && (is(before->champion) || is(before->former) || tried)) {
      return fail(Code::kConflict,
                  fmt::format("v{} {}", version,
                              is(before->champion) ? "answers"
                              : is(before->former) ? "is kept for a rollback"
                                                   : "is being rolled out"),
                  "promote another version first");
    }
    loaded.pinned.erase(version);
    if (before) publish(loaded, state, *before);
    return {};
  });
}

std::shared_ptr<const model::Pipeline> ServiceWorld::loaded(std::int64_t version) const {
  const auto routing = router_.take();
  const auto found = routing ? routing->find(version) : nullptr;
  return found ? found->pipeline : nullptr;
}

/// A history that was made meanwhile may know some of them: to learn one twice changes nothing.
Result<void> ServiceWorld::learn(const State& state) {
  TRY(learn_rows(state));
  const auto routing = router_.take();
  if (!routing || !routing->champion || !routing->champion->history) return {};
  return loaded_.with([&](Loaded& loaded) -> Result<void> {
    TRY(loaded.answers->extend(kRoundParts));
    TRY(next_labels(loaded.label_row, kRoundLabels, monotonic_us(), loaded.early));
    auto fresh = TRY(join(loaded, loaded.early, routing->champion->pipeline->parts()));
    std::erase_if(fresh, [&](const auto& o) { return any_covers(loaded.kept, o.event); });
    const auto& spec = routing->champion->pipeline->transform().history();
    if (!fresh.empty()) router_.learn(fresh, config_.project.target, spec.entity);
    return {};
  });
}

std::string ServiceWorld::alert() const {
  return loaded_.with([](const Loaded& loaded) { return loaded.alert; });
}

}  // namespace rondo::loop
