// What comes out otherwise than it did then is named; nothing else is.
#include "loop/reproduce.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "io/scratch.h"
#include "loop/launcher.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

/// Adds a byte to one output of one kind of job, or changes a result.
class Altered : public Launcher {
 public:
  std::string kind, output, result;
  Result<ledger::StageOutput> launch(const Job& job, const io::Path& folder, Span dead) override {
    auto out = TRY(inline_launcher()->launch(job, folder, dead));
    if (job.kind != kind) return out;
    if (!output.empty()) {
      std::ofstream(job.input.out / out.files.at(output), std::ios::app) << '!';
    }
    if (!result.empty()) out.result = result;
    return out;
  }
};

class Reproduce : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream rows(scratch_ / "rows.csv");
    rows << "x,y\n";
    for (int i = 0; i < 200; ++i) {
      rows << i % 23 << ',' << 3 * std::abs(i % 23 - 11) + i % 2 << '\n';  // no straight line
    }
    rows.close();
    std::ofstream(scratch_ / "rondo.toml")
        << "[project]\nname = \"toy\"\ntarget = \"y\"\n[collect]\nsource = \"rows.csv\"\n[train]\n"
           "budget = \"1 candidate\"\nrounds = 5\n";
    RunOptions options;
    options.project = scratch_.path();
    options.workers = false;
    const auto done = run_until_rest(options, Stop(), nullptr);
    ASSERT_TRUE(done && !done->failed);
  }

  Result<Json> made(Launcher& launcher, std::int64_t version = 0) const {
    ledger::OpenOptions read_only;
    read_only.read_only = true;
    const auto store =
        TRY(ledger::Store::open(io::real_fs(), store_folder(scratch_.path()), read_only));
    const io::Scratch folder;
    ReproduceWish wish;
    wish.version = version;
    wish.folder = folder.path();
    const Config config = TRY(load_config(*io::real_fs(), scratch_.path()));
    return reproduce(*store, config, wish, launcher, nullptr);
  }

  io::Scratch scratch_;
};

TEST_F(Reproduce, EveryJobOfTheCycleComesOutAsItDid) {
  Altered as_it_is;
  const Json out = made(as_it_is, 1).value();
  EXPECT_TRUE(out.at("same").get<bool>()) << out.dump(1);
  std::vector<std::string> kinds;
  for (const Json& job : out.at("jobs")) kinds.push_back(job.at("kind"));
  EXPECT_EQ(kinds, (std::vector<std::string>{"prepare", "train", "evaluate", "prepare", "train",
                                             "assemble"}));
  EXPECT_EQ(out.at("jobs").back().at("outputs").at("pipeline").at("digest"), out.at("pipeline"));
  EXPECT_EQ(out.at("rows"), 200);
}

TEST_F(Reproduce, OtherBytesAreNamed) {
  Altered altered;
  altered.kind = "evaluate";
  altered.output = "evidence";
  const Json out = made(altered).value();
  EXPECT_FALSE(out.at("same").get<bool>());
  for (const Json& job : out.at("jobs")) {
    EXPECT_EQ(job.at("same").get<bool>(), job.at("kind") != "evaluate") << job.dump();
  }
}

TEST_F(Reproduce, AnotherResultIsNamed) {
  Altered altered;
  altered.kind = "assemble";
  altered.result = "refused by its golden rows";
  const Json out = made(altered).value();
  EXPECT_FALSE(out.at("same").get<bool>());
  EXPECT_EQ(out.at("jobs").back().at("result"), "deployed");
  EXPECT_EQ(out.at("jobs").back().at("result_now"), altered.result);
}

TEST_F(Reproduce, AVersionThatNeverWas) {
  Altered as_it_is;
  const auto out = made(as_it_is, 7);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Code::kNotFound);
  EXPECT_NE(out.error().message.find("v7"), std::string::npos);
}

}  // namespace
}  // namespace rondo::loop
