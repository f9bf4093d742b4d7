// The age of the newest new row at each commit.
#include "loop/delays.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/words.h"
#include "ledger/prediction_log.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kNewest = 20, kFewest = 3;
constexpr std::size_t kFewestLabels = 100;
constexpr std::int64_t kNewestLabels = 2000;
constexpr double kInTime = 0.95;
constexpr Span kTolerance = Span::seconds(60);
constexpr Span kHistory = Span::days(30);  // what is older at each commit is no live source

/// To whole minutes, or hours: a setting is a promise, not a measurement.
Span rounded_up(Span span) {
  const std::int64_t unit = (span.us < Span::hours(3).us ? Span::seconds(60) : Span::hours(1)).us;
  return {(span.us + unit - 1) / unit * unit};
}

/// None: it brought no row with a time.
std::optional<Span> age_at_commit(const DatasetVersion& before, const DatasetVersion& after) {
  if (after.manifest.orders_only) return std::nullopt;
  std::set<std::string> known;
  for (const ledger::Segment& segment : before.manifest.segments) known.insert(segment.file.hex());
  std::optional<Time> newest;
  for (const ledger::Segment& segment : after.manifest.segments) {
    if (segment.served() || segment.last.us == 0 || known.contains(segment.file.hex())) continue;
    newest = std::max(newest.value_or(segment.last), segment.last);
  }
  if (!newest) return std::nullopt;
  return after.at - *newest;
}

}  // namespace

std::optional<std::string> delay_remark(const std::vector<DatasetVersion>& versions, Span delay,
                                        const std::string& key) {
  std::vector<Span> ages;
  for (std::size_t i = versions.size(); i-- > 1 && ages.size() < kNewest;) {
    if (const auto age = age_at_commit(versions[i - 1], versions[i])) ages.push_back(*age);
  }
  if (ages.size() < kFewest) return std::nullopt;
  const Span least = *std::ranges::min_element(ages, {}, &Span::us);
  if (least.us <= delay.us + std::max(kTolerance.us, delay.us / 10)) return std::nullopt;
  if (least > kHistory) return std::nullopt;
  return fmt::format("{} is {}, but at each of the last {} collections the newest row was at least "
                     "{} old: training sees the past sooner than requests will; {} = \"{}\" would "
                     "be true", key, to_text(delay), ages.size(), to_text(least), key,
                     to_text(rounded_up(least)));
}

std::optional<std::string> label_remark(std::vector<Span> ages, Span declared) {
  if (ages.size() < kFewestLabels) return std::nullopt;
  const auto in_time = static_cast<std::size_t>(std::ranges::count_if(
      ages, [&](Span age) { return age.us <= declared.us; }));
  const double share = static_cast<double>(in_time) / static_cast<double>(ages.size());
  if (share >= kInTime) return std::nullopt;
  std::ranges::sort(ages, {}, &Span::us);
  const auto place = static_cast<std::size_t>(
      std::ceil(kInTime * static_cast<double>(ages.size()))) - 1;
  return fmt::format("[monitor] label_delay is {}, but only {:.0f} % of the last {} labels came "
                     "within it, and those that did not are never judged; label_delay = \"{}\" "
                     "would have held for {:.0f} %",
                     to_text(declared), std::floor(100 * share), grouped(ages.size()),
                     to_text(rounded_up(ages[place])), 100 * kInTime);
}

namespace {

/// From prediction time to the first arrival, of the newest labels whose answers are in the log.
Result<std::vector<Span>> label_ages(ledger::Store& store) {
  std::int64_t row = TRY(store.ledger->newest_label_row());
  row = row > kNewestLabels ? row - kNewestLabels : 0;
  std::map<std::string, Time, std::less<>> received;
  TRY(ledger::each_label(*store.ledger, row, [&](const ledger::Label& label) {
    if (label.version == 1) received.emplace(label.id, label.received);
  }));
  std::vector<Span> ages;
  if (received.size() < kFewestLabels) return ages;
  TRY(ledger::read_predictions(
      *store.fs, store.log(), {},
      [&](std::string_view id, Time) { return received.contains(id); },
      [&](ledger::Prediction&& answer) {
        const Span age = received.at(answer.id) - answer.time;
        if (age <= kHistory) ages.push_back(age);  // more: an old row was sent for a replay
      }));
  return ages;
}

}  // namespace

Result<std::vector<std::string>> delay_remarks(const io::Path& project, const Config& config) {
  std::vector<std::string> remarks;
  const auto fs = io::real_fs();
  if (config.collect.time.empty() || !TRY(fs->stat(store_folder(project) / "rondo.db"))) {
    return remarks;
  }
  ledger::OpenOptions looking;
  looking.read_only = true;
  const auto store = TRY(ledger::Store::open(fs, store_folder(project), looking));
  if (auto said = label_remark(TRY(label_ages(*store)), config.monitor.label_delay)) {
    remarks.push_back(*std::move(said));
  }
  const auto versions = TRY(dataset_versions(*store));
  if (auto said = delay_remark(versions, config.collect.delay, "[collect] delay")) {
    remarks.push_back(*std::move(said));
  }
  if (versions.empty()) return remarks;
  for (const auto& [name, how] : TRY(collect::tables_of(config.collect))) {
    if (!versions.back().manifest.tables.contains(name)) continue;
    auto said = delay_remark(TRY(dataset_versions(*store, name)), how.delay,
                             fmt::format("[collect.table.{}] delay", name));
    if (said) remarks.push_back(*std::move(said));
  }
  return remarks;
}

}  // namespace rondo::loop
