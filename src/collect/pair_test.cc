// Two files that nobody described: the first says what the columns are.
#include <gtest/gtest.h>

#include "collect/init.h"
#include "io/scratch.h"

namespace rondo::collect {
namespace {

Result<Pair> pair_of(std::string_view reference, std::string_view current) {
  const auto fs = io::real_fs();
  const io::Scratch folder;
  TRY(io::write_atomically(*fs, folder / "a", reference));
  TRY(io::write_atomically(*fs, folder / "b", current));
  return read_pair(*fs, {(folder / "a").string(), (folder / "b").string()}, folder / "temp");
}

TEST(PairOfFiles, TheReferenceGivesTypesAndWordsForMissing) {
  const Pair pair = pair_of("n,code,x\n1,007,1.5\n?,010,2\n3,011,2.5\n",
                            "n,code,x\n7,5,?\n8,6,1\n").value();
  EXPECT_EQ(pair.reference.schema().fields[0].type, table::Type::kInteger);
  EXPECT_EQ(pair.current.schema().fields[1].type, table::Type::kCategory) << "007 is no number";
  EXPECT_TRUE(pair.reference.column(0).is_null(1));
  EXPECT_TRUE(pair.current.column(2).is_null(0)) << "? means missing in both";
  EXPECT_TRUE(pair.unread_current.empty());
}

TEST(PairOfFiles, CellsOfAnotherTypeAreMissingAndCounted) {
  const Pair pair = pair_of("n,x\n1,1\n2,2\n", "n,x\nmany,1\n2.5,2\n").value();
  EXPECT_EQ(pair.unread_current, (Unread{{"n", 1}}));
  EXPECT_TRUE(pair.current.column(0).is_null(0));
  EXPECT_EQ(pair.current.column(0).as_double(1), 2.5) << "a fraction is read as it is";
}

TEST(PairOfFiles, ColumnsThatAreGoneOrNew) {
  const Pair pair = pair_of("a,b,c\n1,2,3\n", "C;d\n4;x\n").value();
  EXPECT_EQ(pair.gone, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(pair.come, (std::vector<std::string>{"d"}));
  EXPECT_EQ(pair.current.find("c")->as_double(0), 4) << "by name whatever its case; ; divides";
}

TEST(PairOfFiles, BlanksAroundFieldsAreDropped) {
  const Pair pair = pair_of("a,b\n1, x\n2, y\n", "a,b\n3, x\n").value();
  EXPECT_EQ(pair.reference.column(1).text(0), "x");
  EXPECT_EQ(pair.current.column(1).text(0), "x");
}

TEST(PairOfFiles, WhatCannotBeComparedIsAnError) {
  EXPECT_EQ(pair_of("a\n1\n", "b\n1\n").error().code, Code::kInvalidInput);
  EXPECT_EQ(pair_of("a\n", "a\n1\n").error().code, Code::kInvalidInput) << "no row";
}

}  // namespace
}  // namespace rondo::collect
