// Gathering and judging windows. Inputs of a window are looked at once it closed, its labels once,
// at age label_delay, in order of (prediction time, id); what arrives later is counted as late and
// never folded, since that would select.
#include "loop/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/worker.h"

namespace rondo::loop {
namespace {

constexpr std::uint32_t kBreath = 64;  // answers looked at between two pauses

Json place_json(const io::LogPosition& log, std::int64_t label_row) {
  return {{"segment", log.segment}, {"offset", log.offset}, {"label_row", label_row}};
}

}  // namespace

std::optional<double> label_number(const Json& label, const model::Pipeline::Parts& parts) {
  if (model::is_number(parts.task)) {
    return label.is_number() ? std::optional(label.get<double>()) : std::nullopt;
  }
  // Canonical: the class "1" of a column of numbers is also told as 1.0.
  const std::string text = label.is_string() ? label.get<std::string>() : io::canonical(label);
  for (std::size_t i = 0; i < parts.classes.size(); ++i) {
    if (parts.classes[i] == text) return static_cast<double>(i);
  }
  return std::nullopt;
}

Watch::Watch(ledger::Store& store, const monitor::Options& options,
             std::shared_ptr<const model::Pipeline> pipeline, std::int64_t version,
             monitor::Watcher watcher)
    : store_(store),
      options_(options),
      pipeline_(std::move(pipeline)),
      version_(version),
      watcher_(std::move(watcher)) {}

Result<std::unique_ptr<Watch>> Watch::open(ledger::Store& store, const monitor::Options& options,
                                           std::shared_ptr<const model::Pipeline> pipeline,
                                           std::int64_t version) {
  const auto reference =
      std::shared_ptr<const model::Reference>(pipeline, &pipeline->parts().reference);
  monitor::Watcher watcher(options, reference, version);
  const std::optional<Json> kept = TRY(store.ledger->projection("watch"));
  const bool same = kept && io::get_or<std::int64_t>(*kept, "version", 0) == version;
  if (same) watcher = TRY(monitor::Watcher::restore(options, reference, kept->at("state")));
  if (kept && !same) TRY(watcher.take_over(io::get_or<Json>(*kept, "state", Json::object())));
  auto watch = std::unique_ptr<Watch>(
      new Watch(store, options, std::move(pipeline), version, std::move(watcher)));
  if (kept) {
    watch->through_ = {io::get_or<std::int64_t>(*kept, "through_us", kBeginningOfTime.us)};
    watch->looked_ = {io::get_or<std::int64_t>(*kept, "looked_us", watch->through_.us)};
    watch->place_ = place_from(io::get_or<Json>(*kept, "place", Json::object()));
  }
  return watch;
}

void Watch::take_over(Watch&& before) {
  place_ = std::move(before.place_);
  through_ = before.through_;
  looked_ = before.looked_;
  windows_ = std::move(before.windows_);
  asked_ = std::move(before.asked_);
  labels_ = std::move(before.labels_);
  homeless_ = std::move(before.homeless_);
  least_share_ = before.least_share_;
  late_labels_ = before.late_labels_;
}

Result<bool> Watch::quiet(ledger::Store& store, std::int64_t version, Time now) {
  const std::optional<Json> kept = TRY(store.ledger->projection("watch"));
  if (!kept || io::get_or<std::int64_t>(*kept, "version", 0) != version) return false;
  if (now.us > io::get_or<std::int64_t>(*kept, "silent_after_us", 0)) return false;
  const Place place = place_from(io::get_or<Json>(*kept, "place", Json::object()));
  const auto end = TRY(ledger::read_predictions(*store.fs, store.log(), place.log,
                                                [](std::string_view, Time) { return false; },
                                                [](ledger::Prediction&&) {}));
  if (end.segment != place.log.segment || end.offset != place.log.offset) return false;
  std::int64_t last = place.label_row;
  return TRY(store.ledger->labels_after(place.label_row, 1, &last)).empty();
}

Watch::Place Watch::place_from(const Json& json) {
  Place place;
  place.log.segment = io::get_or<std::string>(json, "segment", "");
  place.log.offset = io::get_or<std::uint64_t>(json, "offset", 0);
  place.label_row = io::get_or<std::int64_t>(json, "label_row", 0);
  return place;
}

std::int64_t Watch::start_of(Time time) const {
  const std::int64_t length = options_.window.us;
  const std::int64_t down = time.us >= 0 ? time.us / length : -((-time.us + length - 1) / length);
  return down * length;
}

Watch::Place Watch::place_now() const {
  Place place = place_;
  for (const auto& [id, homeless] : homeless_) {
    place.label_row = std::min(place.label_row, homeless.after);
  }
  return place;
}

Result<void> Watch::read() {
  const Place before = place_now();
  const std::int64_t after = place_.label_row;
  Window* window = nullptr;
  std::uint32_t steps = 0;
  const auto step = [&steps] {  // who answers on this core waits for that many at most
    if (++steps % kBreath == 0) breathe();
  };
  const auto wanted = [&](std::string_view id, Time time) {
    step();
    const std::int64_t start = start_of(time);
    if (Time{start} < through_) return false;
    // What comes after its window was looked at is judged by its labels alone.
    window = &windows_
                  .try_emplace(start, before, WindowSample(options_.sample_rows),
                               Time{start} < looked_, kBeginningOfTime)
                  .first->second;
    window->newest = std::max(window->newest, time);
    return window->sample.wants(id);
  };
  const auto each = [&](ledger::Prediction&& prediction) {
    asked_.insert(prediction.id);
    window->sample.add(std::move(prediction), [&](const std::string& id) {
      step();
      asked_.erase(id);
      if (auto label = labels_.extract(id)) homeless_[id] = {std::move(label.mapped()), after};
    });
    least_share_ = std::min(least_share_, window->sample.share());
  };
  place_.log = TRY(ledger::read_predictions(*store_.fs, store_.log(), place_.log, wanted, each));
  // A record is written behind its reply, so a label may be read before its answer, and after a
  // kill a replay writes the answer anew: the label waits until the day of its coming is judged.
  for (auto& [id, homeless] : std::exchange(homeless_, {})) {
    if (asked_.contains(id)) labels_[id] = std::move(homeless.label);
    else if (homeless.label.received < through_) late_labels_ += may_be_late(id) ? 1 : 0;
    else homeless_[id] = std::move(homeless);
  }
  return ledger::each_label(*store_.ledger, place_.label_row, [&](const ledger::Label& label) {
    if (asked_.contains(label.id)) labels_[label.id] = label;
    else homeless_[label.id] = {label, after};
  });
}

Time Watch::newest(Time now) const {
  Time newest = kBeginningOfTime;
  for (const auto& [start, window] : windows_) {
    if (Time{start} <= now) newest = std::max(newest, std::min(window.newest, now));
  }
  return newest;
}

bool Watch::may_be_late(std::string_view id) const {
  return static_cast<double>(WindowSample::hash(id)) * 0x1p-64 <= least_share_;
}

std::optional<Time> Watch::matured(Time now) const {
  if (windows_.empty()) return std::nullopt;
  const Time start{windows_.begin()->first};
  if (start + options_.window + options_.label_delay > now) return std::nullopt;
  return start;
}

std::optional<Watch::Turn> Watch::due(Time now) const {
  const std::optional<Time> labels = matured(now);
  const auto next = std::ranges::find_if(windows_, [](const auto& w) { return !w.second.looked; });
  if (next != windows_.end()) {
    const Time closed = Time{next->first} + options_.window;
    const bool before = !labels || closed <= *labels + options_.window + options_.label_delay;
    if (closed <= now && before) return Turn{Time{next->first}, false};
  }
  return labels ? std::optional(Turn{*labels, true}) : std::nullopt;
}

std::optional<Time> Watch::turns_at(Time now) const {
  Time at = watcher_.silent_after(newest(now));
  if (!windows_.empty()) {
    const Time closed = Time{windows_.begin()->first} + options_.window;
    at = std::min(at, closed + options_.label_delay);
  }
  const auto next = std::ranges::find_if(windows_, [](const auto& w) { return !w.second.looked; });
  if (next != windows_.end()) at = std::min(at, Time{next->first} + options_.window);
  return at == kEndOfTime ? std::nullopt : std::optional(at);
}

std::vector<std::pair<Time, Time>> Watch::pending() const {
  std::vector<std::pair<Time, Time>> out;
  for (const auto& [start, window] : windows_) {
    const Time from{start};
    if (!out.empty() && out.back().second == from) {
      out.back().second = from + options_.window;
    } else {
      out.emplace_back(from, from + options_.window);
    }
  }
  return out;
}

std::optional<double> Watch::number_of(const Json& label) const {
  return label_number(label, pipeline_->parts());
}

monitor::Judged Watch::row_of(const ledger::Prediction& prediction, Cells& keep) const {
  monitor::Judged row;
  row.time = prediction.time;
  row.id = prediction.id;
  row.answer = prediction.value;
  const model::Pipeline::Parts& parts = pipeline_->parts();
  if (!model::is_number(parts.task)) {
    row.answer = number_of(Json(prediction.answer)).value_or(-1);
    const auto& all = prediction.probabilities;
    if (parts.task == model::Task::kBinary) row.score = prediction.value;
    else if (!all.empty()) row.score = *std::ranges::max_element(all);
    if (parts.task == model::Task::kMulticlass) row.probabilities = all;
  }
  const bool otherwise = prediction.version != version_ && !prediction.read_cells.empty();
  if (auto cells = model::decode_cells(otherwise ? prediction.read_cells : prediction.cells)) {
    keep.push_back(*std::move(cells));
    row.cells = keep.back();
  }
  if (const auto label = labels_.find(prediction.id); label != labels_.end()) {
    row.label = number_of(label->second.value);
  }
  return row;
}

std::vector<monitor::Cohort> Watch::cohorts_of(const WindowSample& sample, Judged& out,
                                               Cells& keep) const {
  std::map<std::int64_t, monitor::Cohort> by_version;
  keep.reserve(sample.rows().size());
  for (const auto& [id, prediction] : sample.rows()) {
    monitor::Cohort& cohort = by_version[prediction.version];
    cohort.version = prediction.version;
    cohort.from = out.from;
    cohort.until = out.until;
    cohort.rows.push_back(row_of(prediction, keep));
    ++out.rows;
    if (cohort.rows.back().label) ++out.labelled;
  }
  std::vector<monitor::Cohort> cohorts;
  for (auto& [version, cohort] : by_version) {
    std::sort(cohort.rows.begin(), cohort.rows.end(), [](const auto& a, const auto& b) {
      return std::pair(a.time, std::string_view(a.id)) < std::pair(b.time, std::string_view(b.id));
    });
    cohorts.push_back(std::move(cohort));
  }
  return cohorts;
}

Result<Watch::Judged> Watch::look(Turn turn) {
  Judged out{turn.window, turn.window + options_.window, {}, 0, 0, 1, nullptr};
  if (!windows_.contains(turn.window.us)) return out;
  turn.labels ? judge_labels(out) : judge_inputs(out);
  return out;
}

void Watch::judge_inputs(Judged& out) {
  Window& window = windows_.at(out.from.us);
  monitor::Arrivals arrivals{out.from, out.until, {}, window.sample.share()};
  for (const auto& [id, row] : window.sample.rows()) {
    arrivals.rows.push_back({row.answered, row.time});
  }
  out.signals = watcher_.arrived(std::move(arrivals));
  Cells keep;
  for (const monitor::Cohort& cohort : cohorts_of(window.sample, out, keep)) {
    for (auto& signal : watcher_.inputs(cohort)) out.signals.push_back(std::move(signal));
  }
  out.windows = watcher_.take_windows();
  out.share = window.sample.share();
  window.looked = true;
  looked_ = std::max(looked_, out.until);
}

void Watch::judge_labels(Judged& out) {
  const auto node = windows_.extract(out.from.us);
  const WindowSample& sample = node.mapped().sample;
  Cells keep;
  for (const monitor::Cohort& cohort : cohorts_of(sample, out, keep)) {
    for (auto& signal : watcher_.judge(cohort)) out.signals.push_back(std::move(signal));
  }
  out.share = sample.share();
  for (const auto& item : sample.rows()) {
    labels_.erase(item.first);
    asked_.erase(item.first);
  }
  through_ = std::max(through_, out.until);
}

Json Watch::projection() const {
  const Place place = windows_.empty() ? place_now() : windows_.begin()->second.began;
  return {{"version", version_},
          {"through_us", through_.us},
          {"looked_us", looked_.us},
          {"silent_after_us", watcher_.silent_after().us},
          {"place", place_json(place.log, place.label_row)},
          {"state", watcher_.state()},
          {"summary", watcher_.summary()}};
}

}  // namespace rondo::loop
