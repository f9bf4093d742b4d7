// What becomes of a file that is not what was agreed on: twelve faults under each of the four
// actions, contract.toml, and rejected rows that are tried again.
#include <fmt/format.h>

#include "collect/agreed.h"
#include "collect/testing.h"
#include "io/digest.h"

namespace rondo::collect {
namespace {

using namespace std::string_literals;

class ContractTest : public CollectTest {
 protected:
  void first() {
    put("data/a.csv", "x,kind,y\n1,a,1\n2,b,2\n3,a,3\n");
    must(run());
  }
  void on_change(const std::string& action) {
    options_.contract = {{"column", action}, {"type", action}};
  }
  /// "accepted/rejected" of the last collection, or the error.
  std::string outcome() {
    const auto made = run();
    if (!made) return made.error().message;
    const ledger::Counts n = manifest().counts;
    EXPECT_EQ(n.read, n.accepted + n.rejected + n.duplicate);
    return fmt::format("{}/{}", n.accepted, n.rejected);
  }
  std::string raw_of_first_reject() const {
    const auto all = rejects();
    if (all.empty()) return "none";
    if (!all[0].contains("raw_base64url")) return all[0].at("raw");
    return must(io::from_base64url(all[0].at("raw_base64url").get<std::string>()));
  }
};

struct Fault {
  std::string name, bytes;
  std::string outcome[4];  // evolve, freeze, discard_row, discard_value
  std::string raw;         // of the first reject, where there is one
};

const std::string kTwice = "data/b.csv:1:2: the column name \"X\" is there twice";

// The first data row of each is the faulty one where one row is.
const Fault kFaults[] = {
    {"type flip", "x,kind,y\nred,a,4\n5,b,5\n",
     {"2/0", "data/b.csv:2:1: x is \"red\", not a whole number, and its type is frozen", "1/1",
      "2/0"},
     "red,a,4"},
    {"new column", "x,kind,z,y\n4,a,9,4\n5,b,,5\n",
     {"2/0", "data/b.csv has a new column \"z\", and the contract is frozen", "1/1", "2/0"},
     "4,a,9,4"},
    {"lost column", "x,y\n4,4\n5,5\n", {"2/0", "2/0", "2/0", "2/0"}, ""},
    {"moved column", "y,x,kind\n4,40,a\n5,50,b\n", {"2/0", "2/0", "2/0", "2/0"}, ""},
    {"doubled column", "x,X,kind,y\n4,4,a,4\n",
     {kTwice, kTwice, kTwice, kTwice},
     ""},
    {"quote", "x,kind,y\n4,a \"b\" c,4\n5,b,5\n", {"1/1", "1/1", "1/1", "1/1"}, "4,a \"b\" c,4"},
    {"extra field", "x,kind,y\n4,a,4,4\n5,b,5\n", {"1/1", "1/1", "1/1", "1/1"}, "4,a,4,4"},
    {"missing field", "x,kind,y\n4,a\n5,b,5\n", {"1/1", "1/1", "1/1", "1/1"}, "4,a"},
    {"inner BOM", "x,kind,y\n\xEF\xBB\xBF" "4,a,4\n5,b,5\n",
     {"2/0",
      "data/b.csv:2:1: x is \"\xEF\xBB\xBF" "4\", not a whole number, and its type is frozen",
      "1/1", "2/0"},
     "\xEF\xBB\xBF" "4,a,4"},
    {"mixed line ends", "x,kind,y\r\n4,a,4\r\n5,b,5\n", {"2/0", "2/0", "2/0", "2/0"}, ""},
    {"NUL", "x,kind,y\n4,a\0b,4\n5,b,5\n"s, {"1/1", "1/1", "1/1", "1/1"}, "4,a\0b,4"s},
    {"invalid UTF-8", "x,kind,y\n4,a\xFF,4\n5,b,5\n", {"1/1", "1/1", "1/1", "1/1"}, "4,a\xFF,4"},
};

TEST_F(ContractTest, TwelveFaultsUnderFourActions) {
  constexpr const char* kActions[] = {"evolve", "freeze", "discard_row", "discard_value"};
  for (const Fault& fault : kFaults) {
    for (int action = 0; action < 4; ++action) {
      SCOPED_TRACE(fmt::format("{}, {}", fault.name, kActions[action]));
      manifest_.reset();
      std::filesystem::remove(scratch_ / "data/b.csv");
      on_change("evolve");
      first();
      on_change(kActions[action]);
      put("data/b.csv", fault.bytes);
      EXPECT_EQ(outcome(), fault.outcome[action]);
      if (fault.outcome[action] == "1/1") {
        EXPECT_EQ(raw_of_first_reject(), fault.raw);
        EXPECT_EQ(rejects()[0].at("line"), 2);
      }
    }
  }
}

TEST_F(ContractTest, AnotherTableFollowsItsAction) {
  const std::pair<const char*, const char*> cases[] = {
      {"freeze", "data/b.csv shares no column with what was collected before"},
      {"discard_row", "0/2"}};
  for (const auto& [action, expected] : cases) {
    manifest_.reset();
    std::filesystem::remove(scratch_ / "data/b.csv");
    first();
    options_.contract = {{"table", action}};
    put("data/b.csv", "p,q\n1,2\n3,4\n");
    EXPECT_EQ(outcome(), expected) << action;
  }
  EXPECT_EQ(rejects()[0].at("code"), "new_table");
}

TEST_F(ContractTest, TheFileSaysTypesBeforeAnythingIsSniffed) {
  put("contract.toml", "[columns.x]\ntype = \"category\"\n");
  first();
  EXPECT_EQ(type_of("x"), "category");
  EXPECT_EQ(type_of("kind"), "category");
  EXPECT_EQ(manifest().contract.version, 1u);
}

TEST_F(ContractTest, AnEditWidensATypeAndNeverNarrowsOne) {
  first();
  put("contract.toml", "[columns.x]\ntype = \"number\"\n");
  append("data/a.csv", "4.5,a,4\n");
  const auto wider = must(run());
  EXPECT_EQ(wider.evidence["changes"][0], "contract.toml: x is of type number now, not integer");
  EXPECT_EQ(column("x"), "1 2 3 4.5");
  EXPECT_EQ(manifest().contract.version, 2u);
  put("contract.toml", "\n[columns.x]\ntype = \"integer\"\n");
  append("data/a.csv", "5,a,5\n");
  EXPECT_EQ(message_of(run()),
            "contract.toml:3:1: x is of type number in the rows of before, which cannot become "
            "integer");
}

struct RuleCase {
  const char* action;
  const char* outcome;
  const char* x;  // the column afterwards
};

TEST_F(ContractTest, RulesFollowTheActionOfTheColumn) {
  const RuleCase cases[] = {
      {"evolve", "3/0", "1 2 3 4 99 6"},
      {"freeze", "data/b.csv:3:1: x is 99, and contract.toml says 0 to 10", ""},
      {"discard_row", "1/2", "1 2 3 4"},
      {"discard_value", "2/1", "1 2 3 4 "},  // 99 goes; what is missing cannot
  };
  for (const RuleCase& one : cases) {
    SCOPED_TRACE(one.action);
    manifest_.reset();
    std::filesystem::remove(scratch_ / "data/b.csv");
    put("contract.toml", "[columns.x]\ntype = \"integer\"\nrange = [0, 10]\n"
                         "[columns.kind]\ntype = \"category\"\nnullable = false\n"
                         "values = [\"a\", \"b\"]\n");
    options_.contract = Json::object();
    first();
    options_.contract = {{"type", one.action}};
    put("data/b.csv", "x,kind,y\n4,a,4\n99,b,5\n6,,6\n");
    EXPECT_EQ(outcome(), one.outcome);
    if (one.x[0] != '\0') {
      EXPECT_EQ(column("x"), one.x);
    }
  }
}

TEST_F(ContractTest, WhatACollectionWidenedStaysUntilTheFileIsEdited) {
  put("contract.toml", "[columns.kind]\ntype = \"category\"\nvalues = [\"a\", \"b\"]\n");
  first();
  options_.contract = {{"type", "evolve"}};
  append("data/a.csv", "4,c,4\n");
  EXPECT_EQ(must(run()).evidence["changes"][0], "the rule for kind is wider now");
  options_.contract = {{"type", "discard_row"}};
  append("data/a.csv", "5,c,5\n6,d,6\n");
  EXPECT_EQ(outcome(), "1/1");
  EXPECT_EQ(rejects()[0].at("detail"), "kind is \"d\", which contract.toml does not list");
  put("contract.toml", "[columns.kind]\ntype = \"category\"\nvalues = [\"a\", \"b\"]\n# again\n");
  append("data/a.csv", "7,c,7\n");
  EXPECT_EQ(outcome(), "0/1");
}

TEST_F(ContractTest, TheFilesOwnFaultsAreNamedWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"[columns.x]\ntyp = \"number\"\n", "contract.toml:2:1: a column has no \"typ\""},
      {"[columns.x]\ntype = \"float\"\n", "contract.toml:2:1: \"float\" is no type"},
      {"[columns.x]\nnullable = true\n", "contract.toml:1:10: x needs a type"},
      {"[columns.x]\ntype = \"number\"\nrange = [3]\n",
       "contract.toml:3:1: a range is the least and the greatest of numbers"},
      {"[columns.x]\ntype = \"number\"\nvalues = [\"a\"]\n",
       "contract.toml:3:1: values are the texts that a category may be"},
      {"[columns.z]\ntype = \"number\"\n", "contract.toml:2:1: the data have no column \"z\""},
      {"[column.x]\ntype = \"number\"\n", "contract.toml:1:2: there is only [columns.NAME], not "
                                          "\"column\""},
  };
  for (const auto& [text, expected] : cases) {
    manifest_.reset();
    put("contract.toml", text);
    put("data/a.csv", "x,y\n1,1\n");
    EXPECT_EQ(message_of(run()), expected);
  }
}

TEST_F(ContractTest, RejectedRowsAreTriedAgainAndTakenOnce) {
  put("data/a.csv", "x,kind,y\n1,a,1\n5,a,5\n");
  must(run());
  append("data/a.csv", "?,b,2\n3,a \"q\" b,3\nred,a,4\n");
  must(run());
  EXPECT_EQ(column("x"), "1 5");
  const std::string list = manifest().rejects->hex();
  situation_.retry = true;
  EXPECT_EQ(must(run()).reason, "0 of 3 rejected rows taken now");
  EXPECT_EQ(manifest().number, 2u);

  options_.null = {"", "?"};
  const auto taken = must(run());
  EXPECT_EQ(taken.reason, "1 of 3 rejected rows taken now; 3 labelled rows, 100 are needed");
  EXPECT_EQ(taken.evidence["retried"],
            (Json{{"taken", 1}, {"still_rejected", 2}, {"not_split", 1}}));
  EXPECT_EQ(column("x"), "1 5 ");
  EXPECT_EQ(column("y"), "1 5 2");
  EXPECT_EQ(manifest().resolved.at(list), (std::vector<std::uint32_t>{0}));
  EXPECT_FALSE(manifest().rejects);
  EXPECT_EQ(must(run()).reason, "0 of 2 rejected rows taken now");

  append("data/a.csv", "7,b,7\n");
  EXPECT_EQ(must(run()).reason, "1 row from data/a.csv, 0 of 2 rejected rows taken now; 4 labelled "
                                "rows, 100 are needed");
  situation_.retry = false;
  append("data/a.csv", "8,b,8\n");
  must(run());
  EXPECT_EQ(manifest().resolved.at(list).size(), 1u);
}

TEST_F(ContractTest, ALateRowThatIsTriedAgainMovesNoClock) {
  options_.time = "at";
  put("data/a.csv", "at,x,y\n2024-01-01,1,1\n");
  must(run());
  append("data/a.csv", "2024-01-02,?,2\n2024-01-05,3,3\n");
  must(run());
  options_.null = {"", "?"};
  situation_.retry = true;
  EXPECT_EQ(must(run()).evidence["retried"]["taken"], 1);
  EXPECT_EQ(manifest().rows, 3u);
  situation_.retry = false;
  append("data/a.csv", "2024-01-04,4,4\n2024-01-06,5,5\n");
  EXPECT_EQ(outcome(), "1/1");
  EXPECT_EQ(rejects()[0].at("code"), "late_row");
}

TEST_F(ContractTest, JsonIsTriedAgainToo) {
  put("data/a.jsonl", "{\"x\":1,\"y\":1}\n");
  must(run());
  append("data/a.jsonl", "{\"x\":\"n/a\",\"y\":2}\n");
  must(run());
  options_.null = {"", "n/a"};
  situation_.retry = true;
  EXPECT_EQ(must(run()).evidence["retried"]["taken"], 1);
  EXPECT_EQ(column("y"), "1 2");
}

}  // namespace
}  // namespace rondo::collect
