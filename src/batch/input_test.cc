// Where a part may end: behind a line feed that is in no quotes.
#include "batch/input.h"

#include <gtest/gtest.h>

namespace rondo::batch {
namespace {

TEST(WholeRecords, EndAtLineFeedsOutsideOfQuotes) {
  struct Case {
    const char* why;
    std::string_view bytes;
    std::size_t end;
    std::uint64_t count;
  };
  const Case cases[] = {
      {"nothing is there", "", 0, 0},
      {"no line ends", "1,2", 0, 0},
      {"the last record is not whole", "1,2\n3,4\n5", 8, 2},
      {"all are", "1,2\n3,4\n", 8, 2},
      {"a line feed in quotes ends none", "1,\"a\nb\"\n2,\"c\n", 8, 1},
      {"a doubled quote stays inside", "1,\"a\"\"\n\"\n2", 9, 1},
      {"an open quote takes all behind it", "\"a\n\n\n", 0, 0},
  };
  for (const Case& one : cases) {
    const Records found = whole_records(one.bytes, '"');
    EXPECT_EQ(found.end, one.end) << one.why;
    EXPECT_EQ(found.count, one.count) << one.why;
  }
}

TEST(Place, ReadsBack) {
  const Place place{1, 2, 3, 4, 5};
  EXPECT_EQ(Place::from_json(place.to_json()).value().to_json(), place.to_json());
  Json wrong = place.to_json();
  wrong["at"] = -1;
  EXPECT_FALSE(Place::from_json(wrong).has_value());
  wrong.erase("at");
  EXPECT_FALSE(Place::from_json(wrong).has_value());
}

}  // namespace
}  // namespace rondo::batch
