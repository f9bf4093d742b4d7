// Prepares a made-up table and prints how long each phase took, so that the leak guard can be held
// against the rest of the stage. usage: bench_leaks ROWS COLUMNS
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "prepare/draft.h"

namespace rondo::prepare {
namespace {

constexpr Time kStart{1'577'836'800'000'000};  // 2020-01-01

/// Three numbers of four, one category of four; `y` follows the first ones; a day that counts on.
Job made_up(std::size_t rows, std::size_t columns, bool clocked) {
  Chance chance(Seed{1});
  std::vector<double> score(rows);
  Job job;
  for (std::size_t j = 0; j < columns; ++j) {
    const bool words = j % 4 == 3;
    table::ColumnBuilder builder(words ? table::Type::kCategory : table::Type::kNumber);
    for (std::size_t i = 0; i < rows; ++i) {
      const double x = chance.normal();
      if (j < 4) score[i] += x;
      words ? builder.text("w" + std::to_string(static_cast<int>(x * 20))) : builder.number(x);
    }
    const std::string name = "x" + std::to_string(j);
    job.rows = job.rows.with({name, words ? table::Type::kCategory : table::Type::kNumber},
                             builder.finish());
  }
  table::ColumnBuilder label(table::Type::kCategory), day(table::Type::kInteger),
      time(table::Type::kTime);
  for (std::size_t i = 0; i < rows; ++i) {
    label.text(score[i] + 2 * chance.normal() > 0 ? "yes" : "no");
    day.integer(static_cast<std::int64_t>(i / 1000));
    time.integer(kStart.us + static_cast<std::int64_t>(i) * 60'000'000);
    job.times.push_back({kStart.us + static_cast<std::int64_t>(i) * 60'000'000});
  }
  job.rows = job.rows.with({"y", table::Type::kCategory}, label.finish())
                 .with({"day", table::Type::kInteger}, day.finish());
  if (clocked) {
    job.rows = job.rows.with({std::string(table::kTimeColumn), table::Type::kTime}, time.finish());
  } else {
    job.times.clear();
  }
  job.situation.target = "y";
  job.situation.has_clock = clocked;
  job.now = kStart + Span::days(36'500);
  job.dataset = 1;
  return job;
}

/// Seconds of CPU of the whole preparation, and of the guard without the matrix that it needs.
int measure(std::size_t rows, std::size_t columns, bool clocked) {
  const Job job = made_up(rows, columns, clocked);
  Draft draft;
  double whole = 0, guard = 0;
  for (const Phase phase : phases()) {
    const double began = thread_cpu_seconds();
    if (const Broken why = phase(job, draft)) {
      std::fputs((*why + "\n").c_str(), stderr);
      return 1;
    }
    const double took = thread_cpu_seconds() - began;
    whole += took;
    if (phase != find_leaks) continue;
    Job bare = job;                    // a twin's matrix is made, and nothing is looked for
    bare.situation.twin = true;
    const double again = thread_cpu_seconds();
    find_leaks(bare, draft);
    guard = took - (thread_cpu_seconds() - again);
  }
  std::puts(fmt::format("{{\"clock\": {}, \"seconds\": {:.3f}, \"guard_seconds\": {:.3f}, "
                        "\"findings\": {}}}",
                        clocked, whole, guard, draft.findings.size())
                .c_str());
  return 0;
}

}  // namespace
}  // namespace rondo::prepare

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto rows = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto columns = static_cast<std::size_t>(std::atoll(argv[2]));
  return rondo::prepare::measure(rows, columns, true) +
         rondo::prepare::measure(rows, columns, false);
}
