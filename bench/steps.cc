// Makes empty steps in a project: each is one commit of a finished step and the start of the next,
// as the conductor writes them. Prints how long a commit took. usage: bench_steps PROJECT N
// [--no-sync]
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"
#include "loop/session.h"

namespace rondo {
namespace {

using loop::Stage;

/// Monitoring found nothing (the loop stays where it is), and looks again.
Result<loop::Entry> step_of(const loop::State& state, Time at) {
  const std::int64_t step = state.open ? state.open->step : state.steps + 1;
  const auto& text = loop::text_of(Stage::kMonitoring);
  loop::Entry entry;
  if (state.open) {
    entry.facts.push_back({at, "step_finished", step,
                           {{"stage", text.name}, {"cycle", state.cycle},
                            {"result", "performs well"}, {"next", "rest"}, {"reason", "empty"},
                            {"outputs", Json::object()}, {"evidence", Json::object()}}});
    entry.journal.push_back({0, at, "attempt_ended", step, {{"duration_us", 1}}});
  }
  entry.facts.push_back({at, "step_started", step + (state.open ? 1 : 0),
                         {{"stage", text.name}, {"action", text.action}, {"cycle", state.cycle},
                          {"reason", "empty"}, {"policy", "bench"}}});
  return entry;
}

Result<int> make(const io::Path& project, int steps, io::Durability durability) {
  const auto session = TRY(loop::open_session({project, false, durability, "bench", false}));
  RealClock clock(loop::not_before(session->desk->look()));
  std::vector<std::int64_t> spent;
  for (int i = 0; i <= steps; ++i) {
    const std::int64_t began = monotonic_us();
    TRY(session->desk->append([&](const loop::State& s) { return step_of(s, clock.now()); }));
    if (i > 0) spent.push_back(monotonic_us() - began);
  }
  TRY(session->desk->append([&](const loop::State& s) -> Result<loop::Entry> {
    loop::Entry entry = TRY(step_of(s, clock.now()));
    entry.facts.pop_back();  // the last one ends; nothing is begun
    return entry;
  }));
  std::sort(spent.begin(), spent.end());
  const double median = static_cast<double>(spent[spent.size() / 2]) * 1e-3;
  std::puts(fmt::format("{{\"steps\": {}, \"median_ms\": {}}}", spent.size(), median).c_str());
  return 0;
}

}  // namespace
}  // namespace rondo

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const bool no_sync = argc > 3 && std::strcmp(argv[3], "--no-sync") == 0;
  const auto done = rondo::make(argv[1], std::atoi(argv[2]),
                                no_sync ? rondo::io::Durability::kProcess
                                        : rondo::io::Durability::kDisk);
  if (!done) std::fputs((done.error().text() + "\n").c_str(), stderr);
  return done ? 0 : 1;
}
