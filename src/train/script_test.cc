// Scripts that copy a model which LightGBM trained here: what they get, what is taken over, and
// what is refused with which words.
#include "train/script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/clock.h"
#include "io/digest.h"
#include "io/scratch.h"
#include "train/booster.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

using model::Prepared;
using model::Task;

/// LightGBM's text of a few rounds on the training rows.
std::string trained_text(const Prepared& prepared, std::size_t rounds) {
  Options options;
  const auto parameters = parameters_for(prepared, options, Seed{1}, 1).value();
  Booster booster =
      Booster::make(prepared, rows_of(prepared, table::Side::kTrain), {}, parameters).value();
  for (std::size_t i = 0; i < rounds; ++i) EXPECT_TRUE(booster.grow());
  // As a script names them; ours have numbers.
  const std::string text = booster.texts(rounds).value()[0];
  const std::size_t from = text.find("feature_names=") + 14, end = text.find('\n', from);
  return text.substr(0, from) +
         fmt::format("{}", fmt::join(script_columns(prepared.transform), " ")) + text.substr(end);
}

class ScriptTest : public testing::Test {
 protected:
  ScriptTest() : fs_(io::real_fs(io::Durability::kProcess)) {
    for (const char* name : {"project", "project/.rondo", "out", "left"}) {
      std::filesystem::create_directories(scratch_ / name);
    }
  }
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(io::write_atomically(*fs_, scratch_ / name, text));
  }
  Result<Scripted> ran(const Prepared& prepared, const std::string& script,
                       std::int64_t until_us = 0) {
    put("project/train.sh", script);
    options_.command = "sh train.sh";
    input_.fs = fs_.get();
    input_.out = scratch_ / "out";
    input_.project = io::resolved(scratch_ / "project").value();
    input_.seed = Seed{1};
    const RowList rows = rows_of(prepared, table::Side::kTrain);
    return run_script({prepared, rows, options_, 0, until_us}, input_);
  }
  std::string refusal(const Result<Scripted>& result) {
    return result ? "nothing was refused" : result.error().text();
  }
  std::string left(const Prepared& prepared, const std::string& text,
                   const std::string& name = "model.txt") {
    put("left/" + name, text);
    const auto read = read_script_model(*fs_, scratch_ / "left", prepared,
                                        rows_of(prepared, table::Side::kTrain));
    std::filesystem::remove(scratch_ / "left" / name);
    return read ? "" : read.error().text();
  }

  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_;
  Options options_;
  ledger::StageInput input_;
};

TEST(ScriptWords, AreThoseOfAShell) {
  using Words = std::vector<std::string>;
  const std::pair<std::string, Words> cases[] = {
      {"python train.py", {"python", "train.py"}},
      {"  a\t b ", {"a", "b"}},
      {"a 'b c' \"d e\"f", {"a", "b c", "d ef"}},
      {"a '' b\\ c \"\\\"\"", {"a", "", "b c", "\""}},
      {"sh -c 'exit $X'", {"sh", "-c", "exit $X"}},
  };
  for (const auto& [command, words] : cases) {
    EXPECT_EQ(words_of_command(command).value(), words) << command;
  }
  for (const char* broken : {"  ", "a 'b", "\"", "'' a"}) {
    EXPECT_FALSE(words_of_command(broken)) << broken;
  }
}

TEST(ScriptColumns, AreNamesThatNoLibraryChanges) {
  table::Schema inputs;
  std::vector<model::Step> steps;
  for (const char* name : {"a b", "a_b", "A_B", "x[1]", "_target", "fine.name-1"}) {
    model::Step step;
    step.feature = name;
    step.input = static_cast<std::int32_t>(inputs.fields.size());
    inputs.fields.push_back({name});
    steps.push_back(step);
  }
  const std::vector<std::string> expected = {"a_b", "a_b_2", "A_B_3", "x_1_", "_target_2",
                                             "fine.name-1"};
  EXPECT_EQ(script_columns(model::Transform(inputs, steps, {})), expected);
}

TEST_F(ScriptTest, NamesTheFilesOfItsCommand) {
  put("project/train.py", "one");
  put("project/a.json", "two");
  const io::Path project = scratch_ / "project";
  const Json expected = {{"train.py", io::sha256("one").hex()},
                         {"a.json", io::sha256("two").hex()}};
  EXPECT_EQ(script_files(*fs_, "python train.py --options=a.json ../out /etc/passwd", project),
            expected);
}

TEST_F(ScriptTest, WhatItLeavesIsTheModel) {
  const Prepared prepared = generated({.task = Task::kBinary, .rows = 800});
  const std::string text = trained_text(prepared, 12);
  put("project/model.txt", text);
  const auto made = ran(prepared, "cp model.txt \"$RONDO_OUT\" && echo copied");
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->model.forest.encode(), model::Forest::from_lightgbm(text)->encode());
  EXPECT_EQ(made->model.rounds, 12u);
  EXPECT_EQ(made->library, "LightGBM");
  EXPECT_EQ(made->said, "copied");
  EXPECT_EQ(made->options.at("learner"), "script");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "out" / "script"));
}

TEST_F(ScriptTest, GetsEachTrainingRowAndADescription) {
  const Prepared prepared = generated({.rows = 600, .categories = 7});
  const auto made = ran(prepared, "cp \"$RONDO_IN\"/* \"$RONDO_OUT\"");
  EXPECT_NE(refusal(made).find("description.json, train.csv, train.parquet"), std::string::npos)
      << refusal(made);
  const io::Path out = scratch_ / "out/script/out";
  const Json about = *io::parse_json(*fs_->read(out / "description.json"), "description");
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  EXPECT_EQ(about.at("rows"), rows.size());
  EXPECT_EQ(about.at("task"), "regression");
  EXPECT_EQ(about.at("features").size(), prepared.features.columns);
  EXPECT_EQ(about.at("features").back().at("categories").size(), 7u);
  const std::string csv = *fs_->read(out / "train.csv");
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(csv, '\n')), rows.size() + 1);
  const std::size_t inner = inner_split(prepared, rows, Seed{1}).stop.size();
  EXPECT_EQ(about.at("inner").at("rows"), inner);
  std::size_t marked = 0;
  for (std::size_t at = csv.find(",1\n"); at != csv.npos; at = csv.find(",1\n", at + 1)) ++marked;
  EXPECT_EQ(marked, inner);
  EXPECT_EQ(fs_->read(out / "train.parquet")->substr(0, 4), "PAR1");
}

TEST_F(ScriptTest, GetsWeightsAndWhatMustNotFall) {
  Prepared prepared = generated({.rows = 200, .categories = 7});
  for (std::size_t row = 0; row < 200; ++row) prepared.weight.push_back(row % 2 == 0 ? 0.25 : 3);
  prepared.weight_column = "w";
  options_.monotone = {{"often zero", -1}};
  ASSERT_FALSE(ran(prepared, "cp \"$RONDO_IN\"/* \"$RONDO_OUT\""));
  const io::Path out = scratch_ / "out/script/out";
  const Json about = *io::parse_json(*fs_->read(out / "description.json"), "description");
  EXPECT_EQ(about.at("weight"), Json({{"column", "_weight"}}));
  EXPECT_EQ(about.at("monotone"), Json({{"often_zero", -1}}));
  const std::string csv = *fs_->read(out / "train.csv");
  EXPECT_NE(csv.find(",_target,_inner,_weight\n"), std::string::npos) << csv.substr(0, 100);
  EXPECT_NE(csv.find(",0,0.25\n"), std::string::npos);
  EXPECT_NE(csv.find(",0,3\n"), std::string::npos);
}

TEST_F(ScriptTest, TellsHowItFailed) {
  const Prepared prepared = generated({.rows = 400});
  const std::string exit = refusal(ran(prepared, "echo first; echo last >&2; exit 3"));
  EXPECT_NE(exit.find("`sh train.sh` ended with exit code 3"), std::string::npos) << exit;
  EXPECT_NE(exit.find("it printed last:\n  first\n  last"), std::string::npos) << exit;
  const std::string killed = refusal(ran(prepared, "kill -9 $$"));
  EXPECT_NE(killed.find("was killed by signal 9; it printed nothing"), std::string::npos) << killed;
  const std::string late =
      refusal(ran(prepared, "while :; do :; done", monotonic_us() + Span::seconds(1).us));
  EXPECT_NE(late.find("took too long and was ended"), std::string::npos) << late;
  const std::string none = refusal(ran(prepared, ":"));
  EXPECT_NE(none.find("in RONDO_OUT is nothing"), std::string::npos) << none;
}

TEST_F(ScriptTest, SeesNothingOfOurEnvironmentButWhatItNeeds) {
  const Prepared prepared = generated({.rows = 400});
  ::setenv("RONDO_TEST_SECRET", "password", 1);
  const std::string said =
      refusal(ran(prepared, "echo secret=${RONDO_TEST_SECRET-none} path=${PATH:+there}; exit 3"));
  ::unsetenv("RONDO_TEST_SECRET");
  EXPECT_NE(said.find("secret=none path=there"), std::string::npos) << said;
}

TEST_F(ScriptTest, WritesNowhereElse) {
  if (io::confinement().landlock == 0) GTEST_SKIP() << io::told(io::confinement());
  const Prepared prepared = generated({.rows = 400});
  put("project/.rondo/token", "secret");
  for (const char* act : {"echo > stolen", "echo > \"$RONDO_IN\"/new", "cat .rondo/token",
                          "cat ../left/there", "echo >> train.sh"}) {
    put("left/there", "somebody else's");
    EXPECT_NE(refusal(ran(prepared, fmt::format("{} || exit 9", act))).find("exit code 9"),
              std::string::npos)
        << act;
  }
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "project/stolen"));
  const std::string may = refusal(ran(prepared, "echo > \"$TMPDIR/a\" && ls . && exit 7"));
  EXPECT_NE(may.find("exit code 7"), std::string::npos) << may;
}

TEST_F(ScriptTest, AFileThatChangedIsNotTheOneOfThen) {
  const Prepared prepared = generated({.rows = 400});
  input_.options = {{"now", {{"script", {{"train.sh", io::sha256("another").hex()}}}}}};
  const auto made = ran(prepared, "exit 1");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kConflict);
  EXPECT_NE(made.error().message.find("train.sh is not the file any more"), std::string::npos);
}

TEST_F(ScriptTest, AModelOfAnotherTaskIsRefused) {
  const Prepared all[] = {generated({.task = Task::kRegression, .rows = 500}),
                          generated({.task = Task::kBinary, .rows = 500}),
                          generated({.task = Task::kMulticlass, .rows = 500})};
  for (const Prepared& trained : all) {
    const std::string text = trained_text(trained, 3);
    for (const Prepared& asked : all) {
      const std::string said = left(asked, text);
      if (trained.task == asked.task) EXPECT_EQ(said, "");
      else EXPECT_NE(said.find("does not answer the target"), std::string::npos) << said;
    }
  }
}

TEST_F(ScriptTest, AModelOfOtherFeaturesIsRefused) {
  const Prepared prepared = generated({.rows = 500});
  const std::string text = trained_text(prepared, 3);
  const auto named = [&](std::vector<std::string> names) {
    const std::size_t from = text.find("feature_names=") + 14, end = text.find('\n', from);
    return left(prepared, text.substr(0, from) + fmt::format("{}", fmt::join(names, " ")) +
                              text.substr(end));
  };
  auto names = script_columns(prepared.transform);
  EXPECT_EQ(named(names), "");
  std::swap(names[0], names[1]);
  EXPECT_NE(named(names).find("in another order"), std::string::npos) << named(names);
  names[0] = "stranger";
  EXPECT_NE(named(names).find("; not prepared: \"stranger\""), std::string::npos) << named(names);
  Prepared wider = prepared;
  auto steps = prepared.transform.steps();
  steps.push_back(steps[0]);
  steps.back().feature = "more";
  wider.transform = model::Transform(prepared.transform.inputs(), steps, {});
  const std::string fewer = left(wider, text);
  EXPECT_NE(fewer.find("the model reads 5 features, and 6 were prepared"), std::string::npos)
      << fewer;
}

TEST_F(ScriptTest, CodesThatPandasNumberedAnewAreRefused) {
  const Prepared prepared = generated({.rows = 500, .categories = 4});
  const std::string text = trained_text(prepared, 3);
  EXPECT_EQ(left(prepared, text + "\npandas_categorical:[[0, 1, 2, 3]]\n"), "");
  const std::string said = left(prepared, text + "\npandas_categorical:[[0, 2, 3, 4]]\n");
  EXPECT_NE(said.find("numbers the categories of"), std::string::npos) << said;
}

TEST_F(ScriptTest, OneModelIsMeant) {
  const Prepared prepared = generated({.rows = 400});
  put("left/model.json", "{}");
  const std::string said = left(prepared, "tree\n");
  EXPECT_NE(said.find("2 models: model.txt, model.json"), std::string::npos) << said;
}

}  // namespace
}  // namespace rondo::train
