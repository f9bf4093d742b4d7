// rondo.toml: every mistake is named with its place, and every key can be written and read.
#include "loop/config.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

constexpr char kGood[] = R"([project]
name = "bikes"
target = "cnt"
[collect]
source = "*.csv"
)";

std::string mistake(const std::string& toml) {
  const auto config = parse_config(toml, "rondo.toml", "folder");
  return config ? "" : config.error().message;
}

TEST(Config, TwentyLinesDo) {
  const auto config = parse_config(kGood, "rondo.toml", "folder");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->model_name(), "bikes");
  EXPECT_EQ(config->monitor.label_delay, Span::days(1));
  EXPECT_EQ(config->collect.source, std::vector<std::string>{"*.csv"});
}

struct Row {
  const char* more;
  const char* expected;
};
const Row kRows[] = {
    {"[loop]\npolicy = \"cost\"\n", "\"cost\" is not built in this version"},
    {"[loop]\ncool_dwon = \"1d\"\n",
     "rondo.toml:7:1: loop.cool_dwon: unknown key; did you mean \"cool_down\"?"},
    {"[loop]\ncool_down = 1\n", "must be a time such as \"1d\""},
    {"[loop]\ncool_down = \"1 fortnight\"\n", "rondo.toml:7:"},
    {"[lop]\npolicy = \"never\"\n", "[lop] is no section; did you mean [loop]?"},
    {"[evaluate]\nconfidence = 2.0\n", "is outside"},
    {"[deploy]\napprove = \"maybe\"\n", "is not one of auto|ask"},
    {"[train]\nseed = \"one\"\n", "must be a whole number"},
    {"[prepare\n", "rondo.toml:6:"},
};

TEST(Config, NamesEachMistakeWithItsPlace) {
  for (const Row& row : kRows) {
    const std::string text = mistake(std::string(kGood) + row.more);
    EXPECT_NE(text.find(row.expected), std::string::npos) << row.more << "gave: " << text;
  }
}

TEST(Config, NamesAllMistakesAtOnce) {
  const std::string text = mistake(std::string(kGood) + "[loop]\nx = 1\n[train]\ny = 2\n");
  EXPECT_NE(text.find("loop.x"), std::string::npos);
  EXPECT_NE(text.find("train.y"), std::string::npos);
}

TEST(Config, ATargetAndASourceAreNeeded) {
  EXPECT_NE(mistake("[collect]\nsource = \"a.csv\"\n").find("project.target"), std::string::npos);
  EXPECT_NE(mistake("[project]\ntarget = \"y\"\n").find("collect.source"), std::string::npos);
}

TEST(Config, WhatIsWrittenReadsBackTheSame) {
  const auto config = parse_config(kGood, "rondo.toml", "folder");
  ASSERT_TRUE(config);
  const Json all = config->to_json();
  const auto loop = io::read_options<LoopOptions>(all.at("loop"), "loop");
  ASSERT_TRUE(loop) << loop.error().text();
  EXPECT_EQ(io::write_options(*loop), all.at("loop"));
  const auto monitor = io::read_options<monitor::Options>(all.at("monitor"), "monitor");
  ASSERT_TRUE(monitor) << monitor.error().text();
  EXPECT_EQ(io::write_options(*monitor), all.at("monitor"));
}

TEST(Config, EveryKeyIsDescribedOnce) {
  std::set<std::string> seen;
  for (const Json& key : config_keys()) {
    const std::string name = key.at("section").get<std::string>() + "." +
                             key.at("key").get<std::string>();
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_FALSE(key.at("help").get<std::string>().empty()) << name;
  }
  EXPECT_GT(seen.size(), 50U);
}

}  // namespace
}  // namespace rondo::loop
