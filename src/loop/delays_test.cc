// Declared delays against the ages that collections saw.
#include "loop/delays.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

const Time kBegin = *parse_time("2024-01-01");

/// Versions that came so many hours after their newest row, a day apart.
std::vector<DatasetVersion> collected(const std::vector<double>& hours) {
  std::vector<DatasetVersion> versions;
  ledger::Manifest manifest;
  for (std::size_t i = 0; i < hours.size(); ++i) {
    const Time newest = kBegin + Span::days(static_cast<std::int64_t>(i));
    ledger::Segment segment;
    segment.file = io::sha256(std::to_string(i));
    segment.first = segment.last = newest;
    manifest.segments.push_back(segment);
    DatasetVersion version;
    version.manifest = manifest;
    version.at = newest + Span{static_cast<std::int64_t>(hours[i] * 3.6e9)};
    versions.push_back(version);
  }
  return versions;
}

TEST(Delays, RowsThatAlwaysComeLaterThanDeclaredAreTold) {
  const auto late = collected({900, 30, 5.5, 26});
  const auto said = delay_remark(late, Span{}, "[collect] delay");
  ASSERT_TRUE(said);
  EXPECT_NE(said->find("[collect] delay is 0s"), std::string::npos) << *said;
  EXPECT_NE(said->find("each of the last 3 collections"), std::string::npos) << *said;
  EXPECT_NE(said->find("[collect] delay = \"6h\" would be true"), std::string::npos) << *said;
  EXPECT_FALSE(delay_remark(late, Span::hours(6), "")) << "it is declared";
  EXPECT_FALSE(delay_remark(collected({900, 30, 0.01, 26}), Span{}, "")) << "one came at once";
}

TEST(Delays, HistoryAndFewCollectionsTellNothing) {
  EXPECT_FALSE(delay_remark(collected({900, 30, 5.5}), Span{}, "")) << "the first is history";
  EXPECT_FALSE(delay_remark({}, Span{}, ""));
  EXPECT_FALSE(delay_remark(collected({900, 900, 800, 850}), Span{}, "")) << "no live source";
  auto served = collected({900, 30, 5.5, 26});
  for (DatasetVersion& version : served) {
    for (auto& segment : version.manifest.segments) segment.same_by = {"x"};
  }
  EXPECT_FALSE(delay_remark(served, Span{}, "")) << "labels have a delay of their own";
  auto ordered = collected({900, 30, 5.5, 26});
  for (DatasetVersion& version : ordered) version.manifest.orders_only = true;
  EXPECT_FALSE(delay_remark(ordered, Span{}, "")) << "numbers have no age";
}

TEST(Delays, LabelsThatComeLaterThanDeclaredAreTold) {
  std::vector<Span> ages;  // hours 0.5, 1.5, ... 99.5
  for (std::int64_t i = 0; i < 100; ++i) ages.push_back(Span::seconds(1800 + 3600 * i));
  const auto said = label_remark(ages, Span::hours(40));
  ASSERT_TRUE(said);
  EXPECT_NE(said->find("label_delay is 40h, but only 40 % of the last 100 labels"),
            std::string::npos) << *said;
  EXPECT_NE(said->find("label_delay = \"95h\" would have held for 95 %"), std::string::npos)
      << *said;
  EXPECT_FALSE(label_remark(ages, Span::hours(95))) << "as it says itself";
  EXPECT_TRUE(label_remark(ages, Span::hours(94)));
  ages.pop_back();
  EXPECT_FALSE(label_remark(ages, Span::hours(40))) << "too few to tell";
}

}  // namespace
}  // namespace rondo::loop
