// The child is this program with another command: its standard output and error are one file, from
// which progress is read while it grows, and the result when it ended.
#include "api/backtests.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "io/child.h"
#include "io/scratch.h"
#include "loop/launcher.h"

namespace rondo::api {
namespace {

constexpr std::size_t kMostResult = 64 << 20, kMostSaid = 2'000;  // bytes

bool running(const Json& shown) { return shown.at("state") == "running"; }

/// {"policy","done"} of a line of progress.
std::optional<Json> tick_of(std::string_view line) {
  if (!line.starts_with("{\"done\"")) return std::nullopt;
  auto json = io::parse_json(line, "progress");
  if (!json || !json->is_object()) return std::nullopt;
  return *std::move(json);
}

/// Calls each(line), without its end.
template <class Each>
void for_lines(std::string_view text, const Each& each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// What follows the last line of progress; the error is what it says, if that is no result.
Result<Json> result_of(const std::string& said) {
  std::size_t from = 0;
  for_lines(said, [&](std::string_view line) {
    if (!tick_of(line)) return;
    const auto end = static_cast<std::size_t>(line.data() - said.data()) + line.size() + 1;
    from = std::min(said.size(), end);
  });
  const std::string_view rest = std::string_view(said).substr(from);
  auto json = io::parse_json(rest, "a result");
  if (json && json->is_object() && json->contains("policies")) return *std::move(json);
  return fail(Code::kUnavailable, std::string(rest.substr(0, kMostSaid)));
}

}  // namespace

Backtests::~Backtests() {
  const auto worker = held_.with([](Held& held) { return std::move(held.worker); });
  if (worker) worker->request_stop();
}

Result<void> Backtests::start(Wish wish) {
  return held_.with([&](Held& held) -> Result<void> {
    if (running(held.shown)) {
      return fail(Code::kConflict, "a backtest runs already",
                  "POST /api/v1/backtest/stop ends it");
    }
    held.worker.reset();
    held.shown = {{"state", "running"}, {"policies", wish.policies},
                  {"began", to_text(wall_clock_now())}, {"progress", Json::object()}};
    if (!wish.from.empty()) held.shown["from"] = wish.from;
    held.worker = std::make_unique<Worker>(
        "backtest", [this, wish = std::move(wish)](const Stop& stop) { run(wish, stop); });
    return {};
  });
}

bool Backtests::stop() {
  return held_.with([](Held& held) {
    if (!running(held.shown)) return false;
    held.worker->request_stop();
    return true;
  });
}

Json Backtests::view() const {
  return held_.with([](const Held& held) { return held.shown; });
}

void Backtests::run(const Wish& wish, const Stop& stop) {
  Json result;
  const std::string why = live(wish, stop, result);
  held_.with([&](Held& held) {
    held.shown["ended"] = to_text(wall_clock_now());
    held.shown["state"] = stop.requested() ? "stopped" : why.empty() ? "done" : "failed";
    if (!stop.requested() && why.empty()) held.shown["result"] = std::move(result);
    if (!stop.requested() && !why.empty()) held.shown["why"] = why;
  });
}

/// Of each policy the newest line about it.
void Backtests::note_progress(const std::filesystem::path& file) {
  const auto said = io::real_fs()->read(file, kMostResult);
  if (!said) return;
  Json progress = Json::object();
  for_lines(*said, [&](std::string_view line) {
    const auto tick = tick_of(line);
    if (tick) progress[io::get_or<std::string>(*tick, "policy", "")] = tick->at("done");
  });
  held_.with([&](Held& held) { held.shown["progress"] = std::move(progress); });
}

/// Why it failed; empty: `result` is there.
std::string Backtests::live(const Wish& wish, const Stop& stop, Json& result) {
  const io::Scratch folder;
  io::ChildOptions options;
  options.argv = {"/proc/self/exe", "-C", wish.project.string(), "backtest", "--json", "--progress",
                  "--policy", fmt::format("{}", fmt::join(wish.policies, ",")),
                  "--into", (folder / "lived").string()};
  if (!wish.from.empty()) options.argv.insert(options.argv.end(), {"--from", wish.from});
  options.log_file = folder / "said";
  options.memory_bytes = loop::worker_memory();
  options.open_files = 1024;
  options.nice = 10;
  auto child = io::Child::start(options);
  if (!child) return child.error().text();
  std::optional<int> code;
  while (!code) {
    const auto waited = child->wait(Span::millis(200));
    if (!waited) return waited.error().text();
    code = *waited;
    if (stop.requested()) return "stopped";  // the child ends with its Child
    note_progress(options.log_file);
  }
  const auto said = io::real_fs()->read(options.log_file, kMostResult);
  if (!said) return said.error().text();
  auto found = result_of(*said);
  if (!found) return found.error().message;
  result = *std::move(found);
  return {};
}

}  // namespace rondo::api
