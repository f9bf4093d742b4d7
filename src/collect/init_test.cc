// `init` on small tables, one question each. What it writes must read back as options and collect
// without a mistake.
#include "collect/init.h"

#include <fmt/format.h>

#include "collect/proposal.h"
#include "collect/testing.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

class InitTest : public CollectTest {
 protected:
  Result<Proposal> proposed(const std::string& target, const std::string& time = "") {
    Look look;
    look.files = {"data/a.csv"};
    look.target = target;
    look.name = "small";
    look.names = names_;
    look.time = time;
    return propose(*fs_, scratch_.path(), look, scratch_.path());
  }
  /// The value of "section.key" in what was proposed.
  static Json value(const Proposal& proposal, const std::string& section, const std::string& key) {
    const io::Toml toml = must(io::parse_toml(proposal.toml, "rondo.toml"));
    const Json& table = toml.value.at(section);
    return table.contains(key) ? table[key] : Json();
  }
  /// Rows of a table of `count` rows: what `row` says about each.
  void fill(const std::string& header, int count, const std::function<std::string(int)>& row) {
    std::string bytes = header + "\n";
    for (int i = 0; i < count; ++i) bytes += row(i) + "\n";
    put("data/a.csv", bytes);
  }
  std::vector<std::string> names_;
};

/// Numbers without a pattern, the same each time.
int noise(int i) {
  auto x = static_cast<std::uint32_t>(i) * 2654435761u + 12345u;
  x ^= x >> 13;
  x *= 1274126177u;
  return static_cast<int>((x ^ (x >> 16)) % 1000);
}

TEST_F(InitTest, NamesTheTask) {
  fill("x,number,two,three,whole", 60, [](int i) {
    return fmt::format("{},{}.5,{},{},{}", noise(i), i, i % 2 ? "yes" : "no", "abc"[i % 3], i % 2);
  });
  const auto task = [&](const char* target) {
    return value(must(proposed(target)), "project", "task").get<std::string>();
  };
  EXPECT_EQ(task("number"), "regression");
  EXPECT_EQ(task("two"), "binary");
  EXPECT_EQ(task("three"), "multiclass");
  EXPECT_EQ(task("whole"), "binary");
}

TEST_F(InitTest, FindsWhatMeansMissing) {
  fill("a,b,c,y", 100, [](int i) {
    return fmt::format("{},{},{},{}", i % 10 == 0 ? "NA" : std::to_string(noise(i)),
                       i % 7 == 0 ? "?" : "xyz"[i % 3] + std::string("w"),
                       i % 50 == 0 ? " " : std::to_string(noise(i + 7)), noise(i + 3));
  });
  EXPECT_EQ(value(must(proposed("y")), "collect", "null"), Json({"", "NA", "?", " "}));
  fill("country,y", 100, [](int i) {
    return fmt::format("{},{}", i % 3 == 0 ? "NA" : i % 3 == 1 ? "DE" : "FR", noise(i));
  });
  EXPECT_TRUE(value(must(proposed("y")), "collect", "null").is_null()) << "Namibia is a country";
}

TEST_F(InitTest, FindsBlanksAroundFields) {
  names_ = {"a", "b", "y"};
  put("data/a.csv", "1, x, 2\n3, z, 4\n5, x, 7\n");
  const Proposal proposal = must(proposed("y"));
  EXPECT_EQ(value(proposal, "collect", "trim"), true);
  EXPECT_EQ(value(proposal, "collect", "names"), Json({"a", "b", "y"}));
}

TEST_F(InitTest, ProposesColumnsThatAreUnfit) {
  fill("id,code,same,x,w,copy,part,rest,y", 400, [](int i) {
    const int y = noise(i), part = noise(i + 1000);
    return fmt::format("{},c{},2013,{},{},{},{},{},{}", i + 1, (i * 7919) % 10007, noise(i + 5),
                       noise(i + 77) % 5, y * 2 + 1, part, y - part, y);
  });
  const Proposal proposal = must(proposed("y"));
  EXPECT_EQ(value(proposal, "prepare", "ignore"),
            Json({"id", "code", "same", "copy", "part", "rest"}));
  EXPECT_TRUE(proposal.toml.contains("\"id\",   # an identifier: a new value in every row\n"));
  EXPECT_TRUE(proposal.toml.contains("\"same\", # the same value in every row\n"));
  EXPECT_TRUE(proposal.toml.contains("\"copy\", # gives the target away alone (R2 "));
  EXPECT_TRUE(
      proposal.toml.contains("\"part\", # with rest it gives the target by a linear formula\n"));
}

TEST_F(InitTest, ACategoryThatGivesTheClassAwayIsProposed) {
  fill("x,outcome,y", 400, [](int i) {
    const int y = noise(i) % 2;
    return fmt::format("{},{},{}", noise(i + 9), y ? "won" : "lost", y ? "yes" : "no");
  });
  EXPECT_EQ(value(must(proposed("y")), "prepare", "ignore"), Json({"outcome"}));
}

TEST_F(InitTest, ColumnsThatAreMissingWithTheTargetAreKnownWithIt) {
  fill("x,delay,z,y", 200, [](int i) {
    const bool known = i % 8 != 0;
    return fmt::format("{},{},{},{}", noise(i), known ? std::to_string(noise(i + 1)) : "",
                       i % 9 == 0 ? "" : std::to_string(noise(i + 2)),
                       known ? std::to_string(noise(i + 3)) : "");
  });
  const Proposal proposal = must(proposed("y"));
  EXPECT_EQ(value(proposal, "prepare", "ignore"), Json({"delay"}));
  EXPECT_TRUE(
      proposal.toml.contains("missing in 25 rows, all without a target: known only with it"));
}

TEST_F(InitTest, GuessesTheClock) {
  const auto time = [&](const std::string& header, const std::function<std::string(int)>& row) {
    fill(header + ",y", 96, [&](int i) { return row(i) + fmt::format(",{}", noise(i)); });
    return value(must(proposed("y")), "collect", "time").get<std::string>();
  };
  const auto date = [](int i) { return fmt::format("2020-01-{:02}", i / 24 + 1); };
  EXPECT_EQ(time("at", [&](int i) { return date(i); }), "at") << "an unknown name, but ordered";
  EXPECT_EQ(time("day,hr", [&](int i) { return fmt::format("{},{}", date(i), i % 24); }),
            "day + to_hours(hr)");
  EXPECT_EQ(time("the day,Hour", [&](int i) { return fmt::format("{},{}", date(i), i % 24); }),
            "\"the day\" + to_hours(Hour)");
  EXPECT_EQ(time("year,month,day", [](int i) { return fmt::format("2020,{},1", i / 24 + 1); }),
            "make_date(year, month, day)");
  EXPECT_EQ(time("date", [](int i) { return fmt::format("{}", i / 24 * 0.01); }), "date");
  EXPECT_EQ(time("x", [](int i) { return fmt::format("{}", i / 24 * 0.01); }), "");
  EXPECT_EQ(time("birth", [](int i) { return fmt::format("19{:02}-01-01", noise(i) % 100); }), "")
      << "times in no order under an unknown name may be anything";
  EXPECT_EQ(time("date", [](int i) { return fmt::format("{:02}/03/2011", noise(i) % 12 + 1); }),
            "") << "day and month cannot be told apart";
  EXPECT_EQ(time("at", [](int i) { return fmt::format("{:02}/03/2011", i / 4 + 1); }),
            "strptime(\"at\", '%d/%m/%Y')");
  EXPECT_EQ(time("at", [](int i) { return fmt::format("3/{}/2011", i / 4 + 1); }),
            "strptime(\"at\", '%m/%d/%Y')");
  EXPECT_EQ(time("birth", [](int i) { return fmt::format("{}/3/2011", noise(i) % 28 + 1); }), "");
  EXPECT_EQ(time("day,Time", [&](int i) { return fmt::format("{},{:02}:00:00", date(i), i % 24); }),
            "day + CAST(Time AS INTERVAL)");
  EXPECT_EQ(time("day,Time", [](int i) {
              return fmt::format("{}/3/2004,{:02}.30.00", i / 24 + 13, i % 24);
            }),
            "strptime(day || ' ' || Time, '%d/%m/%Y %H.%M.%S')");
}

TEST_F(InitTest, CodesForMissingAreFarFromTheRestAndRepeated) {
  const auto codes = [&](int code, int every) {
    fill("x,y", 200, [&](int i) {
      return fmt::format("{},{}", i % every == 0 ? code : noise(i) % 100, noise(i + 1));
    });
    return must(proposed("y")).toml.contains("maybe a code for missing");
  };
  EXPECT_TRUE(codes(-200, 9));
  EXPECT_TRUE(codes(9999, 9));
  EXPECT_FALSE(codes(-200, 150)) << "twice only";
  EXPECT_FALSE(codes(-7, 9)) << "no code that people use";
  EXPECT_FALSE(codes(99, 9));
}

TEST_F(InitTest, ClassesThatAreWrittenInTwoWaysAreNamed) {
  const auto doubts = [&](const char* one, const char* other) {
    fill("x,y", 90, [&](int i) {
      return fmt::format("{},{}", noise(i), i % 3 == 0 ? one : i % 3 == 1 ? other : "else");
    });
    return must(proposed("y")).toml.contains("are they one?");
  };
  EXPECT_TRUE(doubts("<=50K", "<=50K."));
  EXPECT_TRUE(doubts("New York", "new_york"));
  EXPECT_FALSE(doubts("<=50K", ">50K"));
  EXPECT_FALSE(doubts("a-1", "a1"));
  EXPECT_FALSE(doubts("v1.5", "v15"));
}

TEST_F(InitTest, WhatOnlyGrowsWithTheClockIsUnfit) {
  fill("t,yr,month,x,y", 96, [](int i) {
    return fmt::format("{}-{:02}-01,{},{},{},{}", 2010 + i / 12, i % 12 + 1, i / 12, i % 12 + 1,
                       noise(i), noise(i + 3));
  });
  EXPECT_EQ(value(must(proposed("y")), "prepare", "ignore"), Json({"t", "yr"}));
}

TEST_F(InitTest, ErrorsSayWhatToDo) {
  const auto error = [&](const char* target) { return text_of(proposed(target)); };
  EXPECT_TRUE(error("y").starts_with("data/a.csv was not found"));
  put("data/a.csv", "");
  EXPECT_EQ(error("y"), "data/a.csv is empty\nhint: give at least one row to begin with");
  put("data/a.csv", "price,x\n1,2\n3,4\n");
  EXPECT_EQ(error("prise"), "data/a.csv has no column \"prise\"\nhint: did you mean \"price\"?");
  EXPECT_EQ(code_of(proposed("prise")), Code::kNotFound);
  EXPECT_EQ(error("income"), "data/a.csv has no column \"income\"\nhint: the columns are price, x");
  put("data/a.csv", "39,77516,red\n38,7,blue\n");
  EXPECT_EQ(error("income"), "data/a.csv has no column \"income\"\n"
                             "hint: its first line looks like data; give the column names with "
                             "--names");
  put("data/a.csv", "x,y\n1,2\n3,2\n");
  EXPECT_TRUE(error("y").starts_with("the target y is \"2\" in every row"));
  put("data/a.csv", "x,y\n1,\n3,\n");
  EXPECT_TRUE(error("y").starts_with("the target y is missing in every row"));
}

TEST_F(InitTest, OddNamesAreWrittenSoThatTheyReadBack) {
  put("data/a.csv", "\"a \"\"b\"\"\n\tc\\\",\"y, #1\"\n1,1\n1,2\n1,4\n");
  const Proposal proposal = must(proposed("y, #1"));
  EXPECT_EQ(value(proposal, "project", "target"), "y, #1");
  EXPECT_EQ(value(proposal, "prepare", "ignore"), Json({"a \"b\"\n\tc\\"}));
  EXPECT_EQ(toml_text("\x01\x7F\"\\\xC3\xA9"), "\"\\u0001\\u007F\\\"\\\\\xC3\xA9\"");
}

TEST_F(InitTest, ALongSeriesGetsLagsOfItsTargetAndALongerTest) {
  const auto daily = [](int i) {
    return fmt::format("{},{},{}", to_text(Time{i * Span::days(1).us}), noise(i), noise(i + 1));
  };
  fill("t,x,y", 200, daily);
  const Proposal proposal = must(proposed("y"));
  EXPECT_EQ(value(proposal, "prepare", "lag"),
            Json({{{"column", "y"}, {"by", "48h"}}, {{"column", "y"}, {"by", "168h"}}}));
  EXPECT_EQ(value(proposal, "evaluate", "test"), "28d");
  fill("t,x,y", 100, daily);
  EXPECT_TRUE(value(must(proposed("y")), "prepare", "lag").is_null()) << "100 days are too few";
  fill("t,x,y", 200, [&](int i) { return daily(i / 2); });
  EXPECT_TRUE(value(must(proposed("y")), "prepare", "lag").is_null()) << "two rows a day";
}

constexpr std::string_view kBikes =
    R"toml(# Written by `rondo init` after one look at 17,379 rows of hour.csv.gz.
# It runs as it is: `rondo run`. Every key with its default: `rondo config`.

[project]
name = "bikes"
target = "cnt"                     # 869 different numbers from 1 to 977
task = "regression"                # regression, binary, multiclass

[collect]
source = "hour.csv.gz"             # paths, globs, folders
time = "dteday + to_hours(hr)"     # a date, and the hour beside it: 2011-01-01 to 2012-12-31

[prepare]
ignore = [
  "dteday",     # the clock itself; features of the time are made from it
  "instant",    # an identifier: a new value in every row
  "yr",         # only grows with the clock: rows to come have values never seen
  "casual",     # with registered it gives the target by a linear formula
  "registered", # with casual it gives the target by a linear formula
]

[[prepare.lag]]                    # the target two days before, as far as it was known then
column = "cnt"
by = "48h"

[[prepare.lag]]                    # and a week before
column = "cnt"
by = "168h"

[train]
budget = "1 candidate"             # or a time, "60s": the best that it finds

[evaluate]
test = "28d"                       # the newest four weeks; fewer days tell less

[deploy]
# canary = [5, 25, 100]            # percent that a new model serves, held until its guards agree

[monitor]
label_delay = "1d"                 # how long until a target is known

[loop]
policy = "performance"             # a cycle when the model became worse,
new_data = 0.1                     # or when the labelled rows grew by a tenth
)toml";

TEST_F(InitTest, TheWholeFileForTheBikes) {
  Look look;
  look.files = {"hour.csv.gz"};
  look.target = "cnt";
  look.name = "bikes";
  const io::Path bikes = io::Path(RONDO_SOURCE_DIR) / "examples/bikes";
  const Proposal proposal = must(propose(*fs_, bikes, look, scratch_.path()));
  EXPECT_EQ(proposal.toml, kBikes);
}

/// A file of Parquet is read in parts, and looked at once more when it ends.
TEST_F(InitTest, TypesOfASmallParquetFile) {
  const auto engine = must(table::Engine::open(scratch_.path()));
  table::ColumnBuilder whole(table::Type::kInteger), y(table::Type::kNumber);
  for (int i = 0; i < 60; ++i) {
    if (i % 7 == 0) whole.null();
    else whole.integer(noise(i));
    y.number(noise(i + 1) / 8.0);
  }
  put("data/a.csv", "");
  must(engine->write_parquet(table::Table({{{"whole", table::Type::kInteger},
                                            {"y", table::Type::kNumber}}},
                                          {whole.finish(), y.finish()}),
                             scratch_ / "data/a.csv"));
  EXPECT_EQ(value(must(proposed("y")), "project", "target"), "y");
}

TEST_F(InitTest, WhatIsProposedIsCollected) {
  fill("t,x,y", 1200, [](int i) {
    return fmt::format("2020-01-01T{:02}:{:02}:00Z,{},{}", i / 60, i % 60,
                       i % 40 == 0 ? "oops" : std::to_string(noise(i)), noise(i + 1));
  });
  const Proposal proposal = must(proposed("y"));
  EXPECT_EQ(value(proposal, "collect", "max_rejected"), 0.05) << "30 of 1,200 rows do not fit";
  const io::Toml toml = must(io::parse_toml(proposal.toml, "rondo.toml"));
  options_ = must(io::read_options<Options>(toml.value.at("collect"), "collect"));
  situation_.target = toml.value["project"]["target"];
  EXPECT_EQ(must(run()).result, "new rows");
  EXPECT_EQ(manifest().counts.rejected, 30u);
}

}  // namespace
}  // namespace rondo::collect
