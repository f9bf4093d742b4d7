// The age of the newest new row at each commit.
#include "loop/delays.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/words.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kNewest = 20, kFewest = 3;
constexpr Span kTolerance = Span::seconds(60);
constexpr Span kHistory = Span::days(30);  // what is older at each commit is no live source

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
  // Up to whole minutes, or hours: the setting is a promise, not a measurement.
  const std::int64_t unit = (least.us < Span::hours(3).us ? Span::seconds(60) : Span::hours(1)).us;
  const Span rounded{(least.us + unit - 1) / unit * unit};
  return fmt::format("{} is {}, but at each of the last {} collections the newest row was at least "
                     "{} old: training sees the past sooner than requests will; {} = \"{}\" would "
                     "be true", key, to_text(delay), ages.size(), to_text(least), key,
                     to_text(rounded));
}

Result<std::vector<std::string>> delay_remarks(const io::Path& project, const Config& config) {
  std::vector<std::string> remarks;
  const auto fs = io::real_fs();
  if (config.collect.time.empty() || !TRY(fs->stat(store_folder(project) / "rondo.db"))) {
    return remarks;
  }
  ledger::OpenOptions looking;
  looking.read_only = true;
  const auto store = TRY(ledger::Store::open(fs, store_folder(project), looking));
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
