// The stage as the conductor runs it: what is new in files, what a contract does with it, and the
// one invariant, read = accepted + rejected + duplicate.
#include "collect/collect.h"

#include <fmt/format.h>

#include "collect/testing.h"

namespace rondo::collect {
namespace {

using Stage = CollectTest;

TEST_F(Stage, FirstCollectionTypesRowsAndLaterOnesTakeOnlyWhatIsNew) {
  put("data/a.csv", "x,y\n1,0.5\n2,1.5\n");
  options_.min_rows = 3;
  const auto first = must(run());
  EXPECT_EQ(first.result, "too few rows");
  EXPECT_EQ(first.reason, "2 rows from data/a.csv; 2 labelled rows, 3 are needed");
  EXPECT_EQ(type_of("x"), "integer");
  EXPECT_EQ(type_of("y"), "number");

  EXPECT_EQ(must(run()).result, "unchanged");
  append("data/a.csv", "3,2.5\n");
  const auto grown = must(run());
  EXPECT_EQ(grown.result, "new rows");
  EXPECT_EQ(grown.evidence["accepted"], 1);
  EXPECT_EQ(column("x"), "1 2 3");
  EXPECT_EQ(manifest().number, 2u);
  EXPECT_EQ(manifest().rows, 3u);
}

TEST_F(Stage, AGrownFileGivesItsLastLineOnceItIsComplete) {
  put("data/a.csv", "x,y\n1,1\n2,2");
  must(run());
  append("data/a.csv", "\n3,3\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2 3");
  append("data/a.csv", "4,4");
  must(run());
  append("data/a.csv", "4\n");
  const auto goes_on = run();
  EXPECT_EQ(code_of(goes_on), Code::kConflict);
  EXPECT_EQ(message_of(goes_on),
            "data/a.csv changed at byte 19: its last line was collected and goes on");
}

TEST_F(Stage, AChangedOrShrunkFileIsAConflict) {
  put("data/a.csv", "x,y\n1,1\n2,2\n");
  must(run());
  put("data/a.csv", "x,y\n1,1\n9,2\n");
  EXPECT_EQ(code_of(run()), Code::kConflict);
  put("data/a.csv", "x,y\n9,1\n2,2\n3,3\n");
  EXPECT_EQ(message_of(run()),
            "data/a.csv changed within its first 12 bytes, which were collected before");
  put("data/a.csv", "x,y\n1,1\n");
  EXPECT_EQ(message_of(run()), "data/a.csv shrank: 12 bytes were collected, 8 are left");
}

TEST_F(Stage, TheSameBytesUnderAnotherNameAreReportedAndNotRead) {
  put("data/a.csv", "x,y\n1,1\n");
  put("data/b.csv", "x,y\n1,1\n");
  const auto output = must(run());
  EXPECT_EQ(output.evidence["read"], 1);
  EXPECT_EQ(output.evidence["same"], Json({"data/b.csv holds the same bytes as data/a.csv"}));
  put("data/c.csv", "x,y\n1,1\n");
  const auto again = must(run());
  EXPECT_EQ(again.result, "unchanged");
  EXPECT_EQ(again.reason, "nothing new: data/c.csv holds the same bytes as data/a.csv");
  EXPECT_EQ(must(run()).files.size(), 0u) << "the third name is known by now";
}

TEST_F(Stage, FilesComeInByteOrderAndHiddenOnesNotAtAll) {
  put("data/b.csv", "x,y\n2,2\n");
  put("data/a2.csv", "x,y\n1,1\n");
  put("data/B.csv", "x,y\n0,0\n");
  put("data/.a.csv", "x,y\n7,7\n");
  put("data/c.csv.part", "x,y\n8,8\n");
  must(run());
  EXPECT_EQ(column("x"), "0 1 2");
  options_.source = {"data/?.csv"};
  manifest_.reset();
  must(run());
  EXPECT_EQ(column("x"), "0 2");
  options_.source = {"nowhere/*.csv"};
  EXPECT_EQ(code_of(run()), Code::kNotFound);
}

TEST_F(Stage, ColumnsBindByNameAndFollowTheContractsSpelling) {
  put("data/a.csv", "x,y\n1,10\n");
  must(run());
  put("data/b.csv", "Y,X\n20,2\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2");
  EXPECT_EQ(column("y"), "10 20");
}

TEST_F(Stage, ACellOfAnotherTypeIsRejectedWithPlaceAndBytes) {
  put("data/a.csv", "x,y\n1,1\n2,2\n");
  must(run());
  put("data/b.csv", "x,y\n3,3\nn/a,4\n");
  const auto output = must(run());
  EXPECT_EQ(output.reason, "1 row from data/b.csv, 1 rejected; 3 labelled rows, 100 are needed");
  const auto list = rejects();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["sentence"], "data/b.csv:3:1: x is \"n/a\", not a whole number");
  EXPECT_EQ(list[0]["hint"], "if it means missing, add \"n/a\" to [collect] null");
  EXPECT_EQ(list[0]["raw"], "n/a,4");
  EXPECT_EQ(list[0]["offset"], 8);
  EXPECT_EQ(list[0]["code"], "type");
}

TEST_F(Stage, TypesAreNeverSniffedAgain) {
  put("data/a.csv", "x,y\nred,1\nblue,2\n");
  must(run());
  put("data/b.csv", "x,y\n1,3\n2,4\n");
  must(run());
  EXPECT_EQ(type_of("x"), "category");
  EXPECT_EQ(column("x"), "red blue 1 2");
}

struct ActionCase {
  const char* action;
  const char* error;     // empty: none
  const char* values;    // of x afterwards
  std::uint64_t rejected;
};

TEST_F(Stage, TypeClashesFollowTheAction) {
  const ActionCase cases[] = {
      {"evolve", "", "1 2 3 red", 0},
      {"freeze", "data/b.csv:3:1: x is \"red\", not a whole number, and its type is frozen", "", 0},
      {"discard_row", "", "1 2 3", 1},
      {"discard_value", "", "1 2 3 ", 0}};
  for (const ActionCase& c : cases) {
    manifest_.reset();
    put("data/a.csv", "x,y\n1,1\n2,2\n");
    std::filesystem::remove(scratch_ / "data/b.csv");
    must(run());
    put("data/b.csv", "x,y\n3,3\nred,4\n");
    options_.contract = {{"type", c.action}};
    const auto output = run();
    if (*c.error != '\0') {
      ASSERT_FALSE(output) << c.action;
      EXPECT_EQ(output.error().message, c.error);
      continue;
    }
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(column("x"), c.values) << c.action;
    EXPECT_EQ(manifest().counts.rejected, c.rejected) << c.action;
    EXPECT_EQ(manifest().contract.version, std::string_view(c.action) == "evolve" ? 2u : 1u);
  }
}

TEST_F(Stage, NewColumnsFollowTheAction) {
  const ActionCase cases[] = {
      {"evolve", "", " 7 ", 0},
      {"freeze", "data/b.csv has a new column \"z\", and the contract is frozen", "", 0},
      {"discard_row", "", "no such column", 1},
      {"discard_value", "", "no such column", 0}};
  for (const ActionCase& c : cases) {
    manifest_.reset();
    put("data/a.csv", "x,y\n1,1\n");
    std::filesystem::remove(scratch_ / "data/b.csv");
    must(run());
    put("data/b.csv", "z,x,y\n7,2,2\n,3,3\n");
    options_.contract = {{"column", c.action}};
    const auto output = run();
    if (*c.error != '\0') {
      ASSERT_FALSE(output) << c.action;
      EXPECT_EQ(output.error().message, c.error);
      continue;
    }
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(column("z"), c.values) << c.action;
    EXPECT_EQ(manifest().counts.rejected, c.rejected) << c.action;
    EXPECT_EQ(manifest().rows, 3u - c.rejected);
  }
}

TEST_F(Stage, ALostColumnIsMissingUnlessItIsNeeded) {
  put("data/a.csv", "x,z,y\n1,5,1\n");
  must(run());
  put("data/b.csv", "x,y\n2,2\n");
  const auto output = must(run());
  EXPECT_EQ(output.evidence["changes"], Json({"data/b.csv lacks column \"z\""}));
  EXPECT_EQ(column("z"), "5 ");
  put("data/c.csv", "x,z\n2,2\n");
  EXPECT_EQ(message_of(run()), "data/c.csv has no column \"y\", which is needed");
  put("data/c.csv", "p,q\n2,2\n");
  EXPECT_EQ(code_of(run()), Code::kInvalidInput);
}

TEST_F(Stage, AnIntegerColumnWidensUnlessDigitsWouldBeLost) {
  put("data/a.csv", "x,big,y\n1,9007199254740993,1\n");
  must(run());
  put("data/b.csv", "x,big,y\n1.5,2.5,2\n");
  must(run());
  EXPECT_EQ(manifest().counts.rejected, 1u);
  EXPECT_EQ(rejects().at(0)["detail"], "big is \"2.5\", not a whole number");
  EXPECT_EQ(type_of("x"), "number");
  EXPECT_EQ(type_of("big"), "integer");
  EXPECT_EQ(column("big"), "9007199254740993");
}

TEST_F(Stage, NotFiniteIsMissingAndRejectsAsTarget) {
  put("data/a.csv", "x,y\n1.5,1\nnan,2\n-inf,3\n2.5,inf\n");
  must(run());
  EXPECT_EQ(column("x"), "1.5  ");
  EXPECT_EQ(must(run()).result, "unchanged");
  ASSERT_EQ(rejects().size(), 1u);
  EXPECT_EQ(rejects().at(0)["sentence"], "data/a.csv:5:2: the target y is \"inf\"");
}

TEST_F(Stage, AnAbsentTargetIsALabelThatIsNotKnownYet) {
  put("data/a.csv", "x,y\n1,1\n2,\n");
  must(run());
  EXPECT_EQ(manifest().rows, 2u);
  EXPECT_EQ(manifest().labelled, 1u);
  situation_.target = "yy";
  manifest_.reset();
  const auto output = run();
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().text().find("data/a.csv has no column \"yy\", the target"), 0u);
  EXPECT_EQ(output.error().hint, "did you mean \"y\"?");
}

TEST_F(Stage, RepeatedKeysAreDuplicatesWhenTheyAgreeAndRejectedWhenNot) {
  options_.key = {"x"};
  put("data/a.csv", "x,y\n1,1\n2,2\n2,2\n2,9\n");
  must(run());
  EXPECT_EQ(manifest().counts.accepted, 2u);
  EXPECT_EQ(manifest().counts.duplicate, 1u);
  ASSERT_EQ(rejects().size(), 1u);
  EXPECT_EQ(rejects().at(0)["detail"],
            "the key x = 2 was there already (at data/a.csv:3), with other values");
  append("data/a.csv", "1,1\n1,5\n3,3\n");
  must(run());
  EXPECT_EQ(manifest().counts.accepted, 1u);
  EXPECT_EQ(manifest().counts.duplicate, 1u);
  EXPECT_EQ(rejects().at(0)["detail"],
            "the key x = 1 was there already (collected before), with other values");
}

TEST_F(Stage, TooManyRejectsFailTheStepFromAThousandRowsOn) {
  const auto file = [](int rows, int bad) {
    std::string bytes = "x,y\n";
    for (int i = 0; i < rows; ++i) bytes += i < bad ? "1\n" : fmt::format("{},{}\n", i, i);
    return bytes;
  };
  put("data/a.csv", file(999, 400));
  must(run());
  EXPECT_EQ(manifest().counts.rejected, 400u);
  manifest_.reset();
  put("data/a.csv", file(1000, 10));
  must(run());
  manifest_.reset();
  put("data/a.csv", file(1000, 11));
  const auto output = run();
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().message,
            "11 of 1,000 rows were rejected (1.1 %, allowed 1 %):\n"
            "  1 field, but the header has 2 (11 rows, first at data/a.csv:2); a field that "
            "contains the delimiter must stand in quotes");
}

TEST_F(Stage, FilesWithoutARowWaitForOne) {
  put("data/a.csv", "");
  EXPECT_EQ(message_of(run()), "data/a.csv is empty");
  put("data/a.csv", "x,y\n");
  EXPECT_EQ(message_of(run()), "data/a.csv has only a header, no rows");
  put("data/b.csv", "x,y\n1,1\n");
  must(run());
  append("data/a.csv", "2,2\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2");
}

TEST_F(Stage, UnknownActionsAreNamed) {
  put("data/a.csv", "x,y\n1,1\n");
  options_.contract = {{"colum", "evolve"}};
  EXPECT_EQ(text_of(run()),
            "[collect.contract] knows no key \"colum\"\nhint: did you mean \"column\"?");
}

}  // namespace
}  // namespace rondo::collect
