// A champion's answers where the classes of the target have changed since.
#include "loop/score.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

using Words = std::vector<std::string>;
using Numbers = std::vector<double>;

TEST(Score, AClassThatTheChampionNeverSawHasNoProbability) {
  EXPECT_EQ(in_classes(Numbers{0.25, 1}, Words{"no", "yes"}, Words{"maybe", "no", "yes"}),
            (Numbers{0, 0.75, 0.25, 0, 0, 1}));
  EXPECT_EQ(in_classes(Numbers{0.5, 0.25, 0.25}, Words{"a", "b", "c"}, Words{"a", "b", "c", "d"}),
            (Numbers{0.5, 0.25, 0.25, 0}));
}

TEST(Score, AClassThatIsGoneTakesItsProbabilityAway) {
  EXPECT_EQ(in_classes(Numbers{0.5, 0.25, 0.25, 1, 0, 0}, Words{"a", "b", "c"}, Words{"b", "c"}),
            (Numbers{0.5, 0.5}));
}

}  // namespace
}  // namespace rondo::loop
