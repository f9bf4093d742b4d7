// Stages as workers and stages in the same process leave the same facts: what stories and power
// cuts see with jobs inside one process holds for the processes that a project really starts.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "io/scratch.h"
#include "ledger/store.h"
#include "loop/run.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

constexpr Time kNow{1'767'225'600'000'000};  // 2026-01-01
constexpr int kFirst = 240, kAll = 480;      // hours

void write_rows(const io::Path& project, int hours) {
  std::ofstream rows(project / "rows.csv");
  rows << "at,x,kind,y\n";
  Chance chance(Seed{3});
  for (int hour = 0; hour < hours; ++hour) {
    const double x = static_cast<double>(chance.below(100));
    rows << to_text(Time{1'704'067'200'000'000} + Span::hours(hour)) << ',' << x << ','
         << (hour % 3 == 0 ? "a" : "b") << ','
         << (hour < kFirst ? 3 : 5) * x + static_cast<double>(chance.below(120)) << '\n';
  }
  if (hours == kAll) rows << "2024-02-01T00:00:00Z,low,a,30\n";  // a row that is rejected
}

struct Lived {
  std::vector<std::string> facts;
  std::size_t processes = 0;  // steps whose worker told its own time
};

/// Two cycles of one project; each starts where nothing but its files says so.
Lived live(const io::Path& project, bool workers) {
  std::filesystem::create_directories(project);
  std::ofstream(project / "rondo.toml")
      << "[project]\nname = \"toy\"\ntarget = \"y\"\n[collect]\nsource = \"rows.csv\"\n"
         "time = \"at\"\nmax_rejected = 0.5\n[train]\nbudget = \"1 candidate\"\nrounds = 5\n"
         "threads = 1\n[loop]\ncool_down = \"0s\"\n";
  Lived lived;
  for (const int hours : {kFirst, kAll}) {
    write_rows(project, hours);
    RunOptions options;
    options.project = project;
    options.now = kNow + Span::days(hours == kAll ? 10 : 0);
    options.workers = workers;
    const auto done = run_until_rest(options, Stop(), nullptr);
    EXPECT_TRUE(done.has_value()) << done.error().text();
    EXPECT_FALSE(done && done->failed) << done->error->text();
  }
  ledger::OpenOptions read_only;
  read_only.read_only = true;
  const auto store =
      ledger::Store::open(io::real_fs(), store_folder(project), read_only).value();
  const std::vector<ledger::Fact> facts = store->ledger->facts(0).value();
  for (const ledger::Fact& fact : facts) {
    lived.facts.push_back(io::canonical(fact.to_json()));
  }
  const std::vector<ledger::JournalEntry> journal = store->ledger->journal().value();
  for (const ledger::JournalEntry& entry : journal) {
    lived.processes += entry.body.contains("worker_cpu_s") ? 1U : 0U;
  }
  return lived;
}

std::size_t mentioning(const Lived& lived, std::string_view word) {
  return static_cast<std::size_t>(std::ranges::count_if(
      lived.facts, [&](const std::string& fact) { return fact.find(word) != fact.npos; }));
}

TEST(Inline, WorkersLeaveTheSameFacts) {
  io::Scratch scratch;
  const Lived inside = live(scratch / "inside", false);
  const Lived outside = live(scratch / "outside", true);
  ASSERT_EQ(inside.facts.size(), outside.facts.size());
  for (std::size_t i = 0; i < inside.facts.size(); ++i) {
    EXPECT_EQ(inside.facts[i], outside.facts[i]);
  }
  EXPECT_EQ(inside.processes, 0U);
  EXPECT_GE(outside.processes, 8U);
  // What is compared has to have something in it: two cycles that trained, and a reject.
  EXPECT_EQ(mentioning(inside, "\"stage\":\"Model Training\""), 4U);
  EXPECT_GE(mentioning(inside, "\"kind\":\"deployed\""), 1U);
  EXPECT_GE(mentioning(inside, "\"rejected\":1"), 1U);
}

}  // namespace
}  // namespace rondo::loop

/// A worker is this very program, started anew.
int main(int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "worker") return rondo::loop::work_as_rank({});
  testing::InitGoogleTest(&count, words);
  return RUN_ALL_TESTS();
}
