// rondo.toml: every mistake is named with its place, and every key can be written and read.
#include "loop/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/words.h"

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
    {"[loop]\npolicy = \"adapt\"\n", "rondo.toml:7:1: loop.policy: there is no policy \"adapt\""},
    {"[loop]\npolicy = \"perf\"\n", "did you mean \"performance\"?"},
    {"[prepare]\nlag = [{column = \"x\", rows = 1}, {column = \"x\", by = \"0h\"}]\n",
     "rondo.toml:7:34: prepare.lag[1]: [[prepare.lag]] number 2 must go back"},
    {"[prepare]\ntypes = {hr = \"categry\"}\n",
     "prepare.types.hr: \"categry\" is no type; did you mean \"category\"?"},
    {"[train]\nbudget = \"0 candidates\"\n", "rondo.toml:7:1: train.budget: "},
    {"[train]\nquantiles = [0.9, 0.1]\n", "rondo.toml:7:1: train.quantiles: are no levels"},
    {"[train]\nquantiles = [0.5]\nlearners = [\"linear\"]\n", "are learned by trees"},
    {"[train]\nquantiles = [0.5]\n[evaluate]\nmetric = \"auc\"\n",
     "\"auc\" is not defined for quantile"},
    {"[evaluate]\nmetric = \"auk\"\n", "\"auk\" is not one of auto|mae|"},
    {"[evaluate]\ntest = \"abc\"\n", "rondo.toml:7:1: evaluate.test: \"abc\""},
    {"[evaluate]\nsplit = \"time\"\n",
     "rondo.toml:7:1: evaluate.split: is \"time\", but nothing says when a row was"},
    {"[evaluate]\nsplit = \"group\"\n",
     "rondo.toml:7:1: evaluate.split: is \"group\", but nothing says whose row a row is"},
    {"[evaluate]\nslices = 3\n", "is neither \"auto\", \"off\" nor a list of columns"},
    {"[evaluate]\ngap = \"soon\"\n", "evaluate.gap: \"soon\" is not a span of time"},
    {"[evaluate]\nmin_effect = \"large\"\n", "must be a number or \"auto\""},
    {"[deploy]\nlisten = \"foo\"\n", "rondo.toml:7:1: deploy.listen: \"foo\" is no address"},
    {"[deploy]\nbody_max = \"16XB\"\n", "rondo.toml:7:1: deploy.body_max: \"16XB\" is no size"},
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

TEST(Config, SizesAreReadWithTheirUnits) {
  EXPECT_EQ(parse_size("1000").value(), 1000U);
  EXPECT_EQ(parse_size("16MiB").value(), 16U << 20);
  EXPECT_EQ(parse_size("512 KiB").value(), 512U << 10);
  EXPECT_EQ(parse_size("2GB").value(), 2'000'000'000U);
  for (const char* bad : {"", "MiB", "-1", "1.5MiB", "16mib", "99999999999999999999", "1 TiB",
                          "18446744073709551615KiB"}) {
    EXPECT_FALSE(parse_size(bad).has_value()) << bad;
  }
}

TEST(Config, SharesOfACanaryGrow) {
  const auto with = [](const std::string& shares) {
    return mistake(std::string(kGood) + "[deploy]\ncanary = " + shares + "\n");
  };
  for (const char* good : {"[]", "[5, 25, 100]", "[0.25]", "[100]"}) {
    EXPECT_EQ(with(good), "") << good;
  }
  const std::string expected =
      "deploy.canary[1]: must be above 5, in whole hundredths of a percent, not 5";
  EXPECT_NE(with("[5, 5]").find(expected), std::string::npos) << with("[5, 5]");
  EXPECT_NE(with("[0]").find("must be above 0"), std::string::npos);
  EXPECT_NE(with("[0.001]").find("hundredths"), std::string::npos);
  EXPECT_NE(with("[5, 101]"), "");
}

TEST(Config, ATestIsAShareOrASpan) {
  EXPECT_EQ(test_rows("auto")->share, 0.2);
  EXPECT_EQ(test_rows("auto")->longest, Span::days(14));
  EXPECT_EQ(test_rows("20%")->share, 0.2);
  EXPECT_GT(test_rows("0.3")->longest, Span::days(36'000));
  EXPECT_EQ(test_rows("28d")->longest, Span::days(28));
  for (const char* bad : {"", "abc", "5", "0", "1", "-3d", "0d", "0%", "100%", "20 %", "nan"}) {
    EXPECT_FALSE(test_rows(bad)) << bad;
  }
}

TEST(Config, AnAddressHasAHostAndAPort) {
  EXPECT_EQ(parse_listen("localhost:0")->host, "127.0.0.1");
  EXPECT_EQ(parse_listen("[::1]:8080")->host, "::1");
  EXPECT_EQ(parse_listen("[::1]:8080")->port, 8080);
  for (const char* bad : {"", "foo", "foo:80", ":80", "127.0.0.1:", "127.0.0.1:70000"}) {
    EXPECT_FALSE(parse_listen(bad)) << bad;
  }
}

table::Table source() {
  table::ColumnBuilder y(table::Type::kInteger), kind(table::Type::kCategory);
  for (const int value : {1, 2, 3}) y.integer(value);
  for (const char* value : {"a", "b", "a"}) kind.text(value);
  return table::Table({{{"y", table::Type::kInteger}, {"kind", table::Type::kCategory}}},
                      {y.finish(), kind.finish()});
}

std::string against_source(const std::string& toml) {
  const auto config = parse_config(toml, "rondo.toml", "folder");
  if (!config) return config.error().text();
  const table::Table rows = source();
  const auto good = check_source(*config, rows.schema(), rows);
  return good ? "good" : good.error().text();
}

TEST(Config, ColumnsAndTaskMustFitTheSource) {
  const std::string head = "[project]\ntarget = \"y\"\n[collect]\nsource = \"a.csv\"\n";
  EXPECT_EQ(against_source(head + "[prepare]\nignore = [\"kind\"]\n"), "good");
  const Row rows[] = {
      {"[prepare]\nignore = [\"y\", \"kinf\"]\n",
       "rondo.toml:6:16: prepare.ignore[1]: the source has no column \"kinf\"; did you mean "
       "\"kind\"?"},
      {"[prepare]\nlate = \"wind\"\n", "prepare.late[0]: the source has no column \"wind\""},
      {"[prepare]\nlate = \"weather\"\n", "it has y, kind"},
      {"[prepare]\ntypes = {KIND = \"text\"}\n", "did you mean \"kind\"?"},
      {"[[prepare.lag]]\ncolumn = \"yy\"\nby = \"1d\"\n", "rondo.toml:5:"},
      {"entity = \"who\"\n", "collect.entity[0]: the source has no column \"who\""},
      {"[monitor]\nslices = [\"who\"]\n", "monitor.slices[0]: the source has no column \"who\""},
      {"[evaluate]\nmetric = \"auc\"\n", ":6:1: evaluate.metric: \"auc\" is not defined"},
  };
  for (const Row& row : rows) {
    const std::string text = against_source(head + row.more);
    EXPECT_NE(text.find(row.expected), std::string::npos) << row.more << "gave: " << text;
  }
  const std::string tasks[][2] = {{"y", "binary"}, {"kind", "regression"}};
  for (const auto& [target, task] : tasks) {
    const std::string text = against_source(fmt::format(
        "[project]\ntarget = \"{}\"\ntask = \"{}\"\n[collect]\nsource = \"a.csv\"\n", target,
        task));
    EXPECT_TRUE(text.starts_with("rondo.toml:3:1: project.task: is " + task)) << text;
  }
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
