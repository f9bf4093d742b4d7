// The power goes after any operation of a whole cycle: what is left on the disk opens, holds every
// fact that was acknowledged, shows nothing half-written, and goes on to the same end as a cycle
// that nothing disturbed. The oracle is kept outside of the disk: which facts stood at which
// operation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "io/scratch.h"
#include "ledger/store.h"
#include "loop/run.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

constexpr Time kNow{1'767'225'600'000'000};  // 2026-01-01

void write_project(const io::Path& folder) {
  std::ofstream(folder / "rondo.toml")
      << "[project]\nname = \"toy\"\ntarget = \"y\"\n[collect]\nsource = \"rows.csv\"\n"
         "time = \"at\"\n[train]\nbudget = \"1 candidate\"\nrounds = 5\nthreads = 1\n";
  std::ofstream rows(folder / "rows.csv");
  rows << "at,x,y\n";
  Chance chance(Seed{3});
  for (int hour = 0; hour < 240; ++hour) {
    const double x = static_cast<double>(chance.below(100));
    rows << to_text(Time{1'704'067'200'000'000} + Span::hours(hour)) << ',' << x << ','
         << 3 * x + static_cast<double>(chance.below(120)) << '\n';
  }
}

std::vector<std::string> facts_of(const io::Path& project) {
  ledger::OpenOptions options;
  options.read_only = true;
  const auto store = ledger::Store::open(io::real_fs(), store_folder(project), options);
  std::vector<std::string> out;
  if (!store) return out;
  const std::vector<ledger::Fact> facts = (*store)->ledger->facts(0).value();
  for (const ledger::Fact& fact : facts) {
    out.push_back(io::canonical(fact.to_json()));
  }
  return out;
}

class PowerCut : public ::testing::Test {
 protected:
  PowerCut() {
    std::filesystem::create_directories(project_);
    write_project(project_);
  }

  /// Runs the first cycle on a disk that keeps a record; acked_[n] facts stood after n operations.
  void live() {
    record_ = std::make_shared<io::Record>(project_);
    const auto observer = [this](const Json& event) {
      if (event.at("event") == "step_finished") {
        acked_.emplace_back(record_->count(), facts_of(project_).size());
      }
    };
    const auto done = run_until_rest({project_, io::faulty_fs(record_), record_, kNow, false},
                                     Stop(), observer);
    ASSERT_TRUE(done.has_value()) << done.error().text();
    ASSERT_FALSE(done->failed) << done->error->text();
    whole_ = facts_of(project_);
    ASSERT_GE(acked_.size(), 5U);
  }

  /// What is wrong with what a cut after `operations` leaves; empty: nothing.
  std::string after_cut(std::size_t operations, bool honest_sync) {
    const io::Path cut = scratch_ / "cut";
    std::filesystem::remove_all(cut);
    const auto made = record_->power_cut(operations, cut, Seed{operations + 1},
                                         operations % 2 == 1, honest_sync);
    if (!made) return made.error().text();
    write_project(cut);
    std::size_t promised = 0;
    for (const auto& [at, count] : acked_) {
      if (at <= operations) promised = count;
    }
    const auto there = facts_of(cut);
    if (there.size() < promised) return "an acknowledged fact is lost";
    const auto fs = io::real_fs(io::Durability::kProcess);
    const RunOptions again{.project = cut, .fs = fs, .now = kNow, .workers = false,
                           .boot = "after the cut"};
    const auto done = run_until_rest(again, Stop(), nullptr);
    if (!done) return done.error().text();
    if (const auto facts = facts_of(cut); facts != whole_) {
      const auto [ours, undisturbed] = std::ranges::mismatch(facts, whole_);
      return "the cycle ended with other facts: " +
             (ours == facts.end() ? "fewer" : *ours) + "\ninstead of " +
             (undisturbed == whole_.end() ? "an end" : *undisturbed);
    }
    auto store = ledger::Store::open(fs, store_folder(cut), {});
    if (!store) return store.error().text();
    const auto report = ledger::fsck(**store, {});
    if (!report) return report.error().text();
    return report->findings.empty() ? "" : report->findings[0].what;
  }

  io::Scratch scratch_;
  io::Path project_ = scratch_ / "project";
  std::shared_ptr<io::Record> record_;
  std::vector<std::pair<std::size_t, std::size_t>> acked_;
  std::vector<std::string> whole_;
};

TEST_F(PowerCut, ACycleGoesOnAfterACutAnywhere) {
  live();
  const std::size_t cuts = std::getenv("RONDO_FULL") != nullptr ? 200 : 20;
  Chance chance(Seed{11});
  for (std::size_t i = 0; i < cuts; ++i) {
    const std::size_t at = chance.below(record_->count() + 1);
    ASSERT_EQ(after_cut(at, true), "") << "cut after operation " << at;
  }
  // A disk that lies about its syncs must lose something here, or this test cannot fail.
  std::size_t lost = 0;
  for (std::size_t i = 0; i < 10 && lost == 0; ++i) {
    lost += after_cut(record_->count() - i, false).empty() ? 0 : 1;
  }
  EXPECT_GT(lost, 0U);
}

}  // namespace
}  // namespace rondo::loop
