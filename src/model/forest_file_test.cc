// What is no forest is refused: texts that LightGBM would index by blindly, and mutants of our own
// section, each named by its place.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "model/forest.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

std::string message_of(const Result<Forest>& result) {
  return result ? "accepted" : result.error().text();
}

struct Change {
  const char* from;
  const char* to;
  const char* message;  // a part of it
};

TEST(ForestText, DamagedTextsAreRefusedByName) {
  const Change changes[] = {
      {"tree\n", "trees\n", "first line"},
      {"version=v4", "version=v9", "v3 and v4"},
      {"num_class=1", "num_class=3", "differ"},
      {"num_class=1", "num_class=1\nnum_class=1", "stands there twice"},
      {"num_class=1", "average_output\nnum_class=1", "averaged"},
      {"max_feature_idx=3", "max_feature_idx=16384", "16,384"},
      {"max_feature_idx=3", "max_feature_idx=2", "feature 3 is out of range"},
      {"max_feature_idx=3", "max_feature_idx=-1", "no such number"},
      {"objective=regression", "objective=multiclassova num_class:1", "not supported"},
      {"objective=regression", "objective=regression sqrt", "not supported"},
      {"objective=regression", "objective=multiclass num_class:1", "outputs"},
      {"objective=regression", "objective=binary", "sigmoid is missing"},
      {"objective=regression", "objective=binary sigmoid:0", "above 0"},
      {"num_leaves=6", "num_leaves=7", "split_feature has 5 numbers, not 6"},
      {"num_leaves=6", "num_leaves=0", "1 to 65,535"},
      {"num_leaves=6", "num_leaves=65536", "1 to 65,535"},
      {"left_child=1 2", "left_child=0 2", "node 0: a child is not after its parent"},
      {"left_child=1 2", "left_child=1 1", "node 1: a child is not after its parent"},
      {"left_child=1 2", "left_child=2 2", "node 1: a child has two parents"},
      {"left_child=1 2", "left_child=5 2", "node 0: a child is out of range"},
      {"left_child=1 2 -1", "left_child=1 2 -7", "node 2: a child is out of range"},
      {"left_child=1 2 -1", "left_child=1 2 -2147483648", "node 2: a child is out of range"},
      {"left_child=1 2 -1", "left_child=1 2 -3000000000", "no such number"},
      {"left_child=1 2 -1", "left_child=1 2 -2", "node 3: a child has two parents"},
      {"threshold=0.5", "threshold=nan", "node 0: its cut is not a number"},
      {"threshold=0.5", "threshold=-inf", "node 0: its cut is not a number"},
      {"threshold=0.5", "threshold=0.5x", "no such number"},
      {"threshold=0.5 -0.25 0 ", "threshold=0.5 -0.25 1 ", "node 2 names no set"},
      {"threshold=0.5 -0.25 0 ", "threshold=0.5 -0.25 nan ", "node 2 names no set"},
      {"decision_type=8", "decision_type=12", "decision_type 12"},
      {"decision_type=8", "decision_type=256", "no such number"},
      {"is_linear=0", "leaf_count=1 2 3 4 5\nis_linear=0", "leaf_count has 5 numbers, not 6"},
      {"is_linear=0", "leaf_count=1 2 3 4 5 -6\nis_linear=0", "leaf 5: its cover is neither"},
      {"leaf_value=1 ", "leaf_value=inf ", "leaf 0: its value is not finite"},
      {"leaf_value=1 ", "leaf_value=", "leaf_value has 5 numbers, not 6"},
      {"leaf_value=1 ", "leaf_value=1 1 ", "leaf_value has more than 6"},
      {"cat_boundaries=0 2", "cat_boundaries=1 2", "does not start at 0"},
      {"cat_boundaries=0 2", "cat_boundaries=0 3", "cat_threshold has 2 numbers, not 3"},
      {"num_cat=1", "num_cat=9", "more sets of categories than nodes"},
      {"cat_threshold=5 2\n", "", "cat_threshold is missing"},
      {"is_linear=0", "is_linear=1", "linear trees"},
      {"Tree=1", "Tree=2", "tree 1 does not start there"},
      {"end of trees", "", "tree 2 does not start there"},
      {"end of trees\n\nfeature_importances:\na=1\n", "", "ends before"},
  };
  ASSERT_TRUE(Forest::from_lightgbm(mixed_text()));
  for (const Change& change : changes) {
    const auto forest = Forest::from_lightgbm(changed(mixed_text(), change.from, change.to));
    EXPECT_NE(message_of(forest).find(change.message), std::string::npos)
        << change.from << " -> " << change.to << ": " << message_of(forest);
  }
  EXPECT_FALSE(Forest::from_lightgbm(""));
  EXPECT_FALSE(Forest::from_lightgbm("tree\nversion=v4\n"));
}

TEST(ForestText, EachPrefixIsRefused) {
  const std::string text = mixed_text();
  const std::size_t end = text.find("end of trees") + std::strlen("end of trees");
  for (std::size_t i = 0; i < end; ++i) {
    EXPECT_FALSE(Forest::from_lightgbm(std::string_view(text).substr(0, i))) << i;
  }
  EXPECT_TRUE(Forest::from_lightgbm(std::string_view(text).substr(0, end)));
}

template <class T>
std::string patched(std::size_t offset, T value) {
  std::string bytes = Forest::from_lightgbm(mixed_text()).value().encode();
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

// Places in the section of mixed_text(): header 48 bytes; planes of 12 bytes each (x0 NaN right, x0
// NaN left, x1 zero left, x2 set, x3 none); cuts .5, .75, -.25, 12.5; one set of 2 words; leaves of
// each tree; 5 nodes of 8 bytes in pre-order; 7 leaves.
constexpr std::size_t kPlanes = 48, kCuts = kPlanes + 5 * 12, kSets = kCuts + 4 * 8,
                      kWords = kSets + 4, kTrees = kWords + 8, kNodes = kTrees + 8,
                      kLeaves = kNodes + 40, kEnd = kLeaves + 56;
constexpr std::uint32_t kLeft = 1U << 31, kRight = 1U << 30;

TEST(ForestFile, MutantsOfStructureAreRefusedByPlace) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  ASSERT_EQ(Forest::from_lightgbm(mixed_text()).value().encode().size(), kEnd);
  using U32 = std::uint32_t;
  const std::pair<std::string, const char*> mutants[] = {
      {patched<U32>(0, 2), "its counts ask for"},
      {patched<U32>(0, 3), "layout 3"},
      {patched<U32>(4, 0), "16,384 features"},
      {patched<U32>(4, 16385), "16,384 features"},
      {patched<U32>(4, 3), "plane 4: its feature is out of range"},
      {patched<U32>(8, 2), "outputs does not fit"},
      {patched<U32>(12, 5), "no link function 5"},
      {patched<U32>(12, 2), "outputs does not fit"},
      {patched<double>(16, 2), "slope"},
      {patched<U32>(24, 0xffffffff), "its counts ask for"},
      {patched<U32>(40, 0), "1 to 100,000 trees"},
      {patched<U32>(40, 200'000), "1 to 100,000 trees"},
      {patched<U32>(44, 8), "its counts ask for"},
      {patched<U32>(kPlanes, 1), "plane 1: planes are not ascending"},
      {patched<std::uint8_t>(kPlanes + 4, 4), "plane 0: there is no such missing rule"},
      {patched<std::uint8_t>(kPlanes + 5, 2), "plane 0: there is no such missing rule"},
      {patched<std::uint8_t>(kPlanes + 6, 1), "plane 0: there is no such missing rule"},
      {patched<U32>(kPlanes + 8, 2), "cuts of the planes do not add up"},
      {patched<U32>(kPlanes + 8, 0), "plane 0: only a plane of categories"},
      {patched<double>(kCuts, nan), "plane 0, cut 0"},
      {patched<double>(kCuts + 24, -std::numeric_limits<double>::infinity()), "plane 4, cut 0"},
      {patched<U32>(kSets, 3), "sets of categories do not add up"},
      {patched<U32>(kWords + 4, 0), "not the one encoding"},  // a trailing word of 0
      {patched<U32>(kTrees, 7), "leaves of the trees do not add up"},
      {patched<U32>(kTrees + 4, 0), "tree 1: it has 1 to 65,535"},
      {patched<U32>(kNodes, 5), "node 0: its plane is out of range"},
      {patched<U32>(kNodes + 4, 1), "node 0: its cut is out of range"},
      {patched<U32>(kNodes + 16 + 4, 1), "node 2: its category set is out of range"},
      {patched<U32>(kNodes + 16, kLeft | 3), "tree 0: it needs more nodes than it has"},
      {patched<U32>(kNodes + 8, kLeft | 2), "tree 0: it ends before its last node"},
      {patched<U32>(kNodes, kLeft | kRight), "tree 0: it ends before its last node"},
      {patched<double>(kLeaves, nan), "tree 0: leaf 0: its value is not finite"},
  };
  for (const auto& [bytes, message] : mutants) {
    const auto forest = Forest::decode(bytes);
    EXPECT_NE(message_of(forest).find(message), std::string::npos)
        << message << ": " << message_of(forest);
    ASSERT_FALSE(forest) << message;
    EXPECT_EQ(forest.error().code, Code::kCorrupt);
  }
}

std::string text_with_covers() {
  return changed(mixed_text(), "is_linear=0", "leaf_count=1 2 3 4 5 6\nis_linear=0");
}

TEST(ForestFile, MutantsOfCoversAreRefused) {
  const std::string bytes = Forest::from_lightgbm(text_with_covers()).value().encode();
  ASSERT_EQ(bytes.size(), kEnd + 4 + 7 * 4);
  const auto mutant = [&](auto value, std::size_t at) {
    std::string other = bytes;
    std::memcpy(other.data() + at, &value, sizeof value);
    return message_of(Forest::decode(other));
  };
  EXPECT_EQ(mutant(std::uint32_t{0}, kEnd), "accepted");
  EXPECT_NE(mutant(std::uint32_t{2}, kEnd).find("no kind of covers 2"), std::string::npos);
  // Counts that are read as floats are tiny, and would have been written as what they are not.
  EXPECT_NE(mutant(1U, 0).find("its counts ask for"), std::string::npos);
  std::string floats = bytes;
  const std::uint32_t kind = 1;
  std::memcpy(floats.data() + kEnd, &kind, sizeof kind);
  const float values[] = {1, 2, 3, 4, 5, 6, 1};
  std::memcpy(floats.data() + kEnd + 4, values, sizeof values);
  EXPECT_NE(message_of(Forest::decode(floats)).find("not the one encoding"), std::string::npos);
  floats[kEnd + 4] = 1;
  EXPECT_EQ(message_of(Forest::decode(floats)), "accepted");
  const float bad = -1;
  std::memcpy(floats.data() + kEnd + 8, &bad, sizeof bad);
  EXPECT_NE(message_of(Forest::decode(floats)).find("its cover is neither"), std::string::npos);
}

TEST(ForestFile, WhateverDecodesHasThatOneEncoding) {
  const std::string bytes = Forest::from_lightgbm(text_with_covers()).value().encode();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(Forest::decode(std::string_view(bytes).substr(0, i))) << i;
    for (int flip = 1; flip < 256; flip *= 2) {
      std::string other = bytes;
      other[i] = static_cast<char>(other[i] ^ flip);
      const auto forest = Forest::decode(other);
      EXPECT_TRUE(!forest || forest->encode() == other) << i;
    }
  }
  EXPECT_FALSE(Forest::decode(bytes + '\0'));
}

}  // namespace
}  // namespace rondo::model
