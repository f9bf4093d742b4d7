// Jobs as JSON: what a worker gets, and what the cache of a step is keyed by.
#include "loop/launcher.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace rondo::loop {
namespace {

TEST(Launcher, NamesTheFolderOfObjectsAsAWorkerFindsIt) {
  const Json json = to_json(Job{.kind = "train", .input = {}}, "store/objects");
  EXPECT_EQ(json.at("objects"), (std::filesystem::current_path() / "store/objects").string());
}

TEST(Launcher, AJobWithoutAFolderCanBeKeyed) {
  EXPECT_EQ(to_json(Job{.kind = "train", .input = {}}, "").at("objects"), "");
}

TEST(Launcher, AnOutputComesBackAsItWent) {
  const ledger::StageOutput sent{"trained", "310 rounds", {{"loss", 0.25}}, {{"cpu_s", 1.5}},
                                 {{"candidate", "candidate.bin"}}};
  const auto back = output_from(to_json(sent));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(sent));
  EXPECT_FALSE(output_from({{"result", "trained"}}));  // without a reason
}

}  // namespace
}  // namespace rondo::loop
