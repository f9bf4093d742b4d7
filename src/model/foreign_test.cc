// Models of other libraries: what they say, what is refused and where, and the edges of XGBoost's
// comparison in floats. The models in tests/data/foreign were saved by the libraries themselves.
#include "model/foreign.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "base/seed.h"
#include "model/explain.h"
#include "model/testing.h"
#include "model/ubjson.h"
#include "model/xgboost_walk.h"

namespace rondo::model {
namespace {

std::string foreign_file(const std::string& name) {
  std::ifstream file(std::string(RONDO_SOURCE_DIR) + "/tests/data/foreign/" + name,
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string refusal(const Result<ForeignModel>& result) {
  return result ? "accepted" : result.error().text();
}

const std::vector<std::string> kNames = {"temp", "hum", "hour", "sky"};
const std::vector<std::string> kSky = {"clear", "cloudy", "rain", "snow"};

TEST(Foreign, NamesCategoriesAndTasksAreRead) {
  struct Case {
    const char* file;
    const char* library;
    Task task;
    Link link;
  };
  const Case cases[] = {
      {"lightgbm_regression.txt", "LightGBM", Task::kRegression, Link::kIdentity},
      {"lightgbm_binary.txt", "LightGBM", Task::kBinary, Link::kSigmoid},
      {"lightgbm_multiclass.txt", "LightGBM", Task::kMulticlass, Link::kSoftmax},
      {"lightgbm_poisson.txt", "LightGBM", Task::kRegression, Link::kExp},
      {"xgboost_regression.json", "XGBoost", Task::kRegression, Link::kIdentity},
      {"xgboost_binary.json", "XGBoost", Task::kBinary, Link::kSigmoid},
      {"xgboost_multiclass.ubj", "XGBoost", Task::kMulticlass, Link::kSoftmax},
      {"xgboost_poisson.json", "XGBoost", Task::kRegression, Link::kExp},
  };
  for (const Case& one : cases) {
    const auto model = read_foreign(foreign_file(one.file));
    ASSERT_TRUE(model) << one.file << ": " << refusal(model);
    EXPECT_EQ(model->library, one.library);
    EXPECT_EQ(model->task, one.task) << one.file;
    EXPECT_EQ(model->forest.link(), one.link) << one.file;
    EXPECT_EQ(model->names, kNames) << one.file;
    EXPECT_EQ(model->is_category, (std::vector<bool>{false, false, false, true})) << one.file;
    EXPECT_EQ(model->categories[3].texts, kSky) << one.file;
    EXPECT_TRUE(model->forest.has_covers()) << one.file;
  }
}

TEST(Foreign, BothFormsOfXgboostAreOneModel) {
  for (const std::string name : {"xgboost_regression", "xgboost_multiclass"}) {
    const auto text = read_foreign(foreign_file(name + ".json"));
    const auto binary = read_foreign(foreign_file(name + ".ubj"));
    ASSERT_TRUE(text && binary) << refusal(text) << refusal(binary);
    EXPECT_EQ(text->forest.encode(), binary->forest.encode());
  }
}

TEST(Foreign, ACutSendsLeftWhatRoundsToALesserFloat) {
  Chance chance(Seed{1});
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (int i = 0; i < 2000; ++i) {
    float threshold = static_cast<float>(std::ldexp(chance.normal(), static_cast<int>(
                                                                         chance.below(60)) - 30));
    if (i == 0) threshold = 0;
    if (i == 1) threshold = std::numeric_limits<float>::max();
    if (i == 2) threshold = std::numeric_limits<float>::denorm_min();
    const double cut = cut_below(threshold), next = std::nextafter(cut, HUGE_VAL);
    EXPECT_LT(static_cast<float>(cut), threshold);
    EXPECT_GE(static_cast<float>(next), threshold);
  }
  EXPECT_LT(cut_below(-std::numeric_limits<float>::max()), -3.4e38);
  EXPECT_LT(cut_below(kInfinity), HUGE_VAL);
}


TEST(Foreign, DamagedXgboostModelsAreRefusedByTheirPath) {
  const Json whole = io::parse_json(foreign_file("xgboost_multiclass.json")).value();
  ASSERT_TRUE(read_xgboost(whole));
  const std::string tree = "/learner/gradient_booster/model/trees/1/";
  const std::string model = "/learner/gradient_booster/model/";
  const std::string parameters = "/learner/learner_model_param/";
  const std::pair<std::string, std::pair<Json, const char*>> mutants[] = {
      {"/learner", {1, "learner: it lacks learner_model_param"}},
      {parameters + "num_feature", {"0", "1 to 16,384 features"}},
      {parameters + "num_feature", {"x", "num_feature: \"x\" is no whole number"}},
      {parameters + "num_feature", {4, "num_feature: it is no text"}},
      {parameters + "num_feature", {"3", "feature_names: it has not one a feature"}},
      {parameters + "num_class", {"9999", "number of outputs"}},
      {parameters + "num_class", {"2", "tree_info[2]: there is no such class"}},
      {parameters + "num_target", {"2", "several targets"}},
      {parameters + "base_score", {"[1,2]", "base_score: it has not one a class"}},
      {parameters + "base_score", {"[nan]", "holds no number"}},
      {"/learner/objective/name", {"survival:aft", "\"survival:aft\" is not supported"}},
      {"/learner/gradient_booster/name", {"dart", "the booster \"dart\" is not supported"}},
      {model + "tree_info/0", {-1, "tree_info[0]: there is no such class"}},
      {model + "tree_info/0", {1, "classes differ in trees"}},
      {model + "cats/enc/3/offsets/1", {999, "offsets[1]: it is not ascending"}},
      {tree + "left_children/0", {0, "trees[1].left_children: node 0"}},
      {tree + "left_children/0", {99999, "trees[1].left_children: node 99999"}},
      {tree + "left_children/0", {"1", "left_children[0]: it is no whole number"}},
      {tree + "right_children", {Json::array(), "right_children: it has not one a node"}},
      {tree + "split_indices/0", {4, "split_indices[0]: there is no such feature"}},
      {tree + "split_indices/0", {-1, "split_indices[0]: there is no such feature"}},
      {tree + "split_conditions/0", {"a", "split_conditions[0]: it is no number"}},
      {tree + "split_conditions/0", {1e300, "split_conditions[0]: it is not finite"}},
      {tree + "categories_nodes/0", {-5, "categories_nodes[0]: it names no node"}},
      {tree + "categories_segments/0", {99, "categories_segments[0]: it is beyond"}},
      {tree + "categories_sizes/0", {std::int64_t{1} << 62, "it is beyond the categories"}},
      {tree + "categories/0", {-1, "categories[0]: there is no such category"}},
  };
  for (const auto& [pointer, change] : mutants) {
    Json other = whole;
    other[Json::json_pointer(pointer)] = change.first;
    const std::string said = refusal(read_xgboost(other));
    EXPECT_NE(said.find(change.second), std::string::npos) << pointer << ": " << said;
  }
}

TEST(Foreign, DamagedLightgbmTextsAreRefused) {
  const std::string text = foreign_file("lightgbm_regression.txt");
  const std::pair<const char*, std::pair<const char*, const char*>> changes[] = {
      {"feature_names=temp hum", {"feature_names=temp", "feature_names has 3 names, not 4"}},
      {"feature_names=temp hum", {"feature_names=hum hum", "two features \"hum\""}},
      {"[[\"clear\"", {"[[], [\"clear\"", "other than one list"}},
      {"[\"clear\", \"cloudy\"", {"[\"clear\", \"clear\"", "come twice"}},
      {"[\"clear\", \"cloudy\", ", {"[", "fewer than its trees name"}},
      {"[[\"clear\"", {"[[{}", "no text or number"}},
      {"[[\"clear\"", {"[[\"clear", "pandas_categorical"}},
  };
  ASSERT_TRUE(read_foreign(text));
  for (const auto& [from, change] : changes) {
    const std::string said = refusal(read_foreign(changed(text, from, change.first)));
    EXPECT_NE(said.find(change.second), std::string::npos) << change.first << ": " << said;
  }
  EXPECT_NE(refusal(read_foreign("hello")).find("neither LightGBM's text"), std::string::npos);
  EXPECT_NE(refusal(read_foreign("{\"a\": 1}")).find("it lacks learner"), std::string::npos);
}

TEST(Foreign, ASecondReadingInFloatsSaysWhatXgboostSaid) {
  const std::string bytes = foreign_file("xgboost_regression.json");
  std::istringstream lines(foreign_file("xgboost_regression.csv"));
  std::vector<double> features, said;
  std::string line, field;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    for (std::size_t i = 0; i < 4; ++i) {
      std::getline(fields, field, ',');
      const auto sky = std::ranges::find(kSky, field) - kSky.begin();
      const double none = std::numeric_limits<double>::quiet_NaN();
      features.push_back(field.empty()  ? none
                         : i == 3 ? (sky < 4 ? static_cast<double>(sky) : none)
                                  : std::stod(field));
    }
    std::getline(fields, field, ',');
    said.push_back(std::stod(field));
  }
  ASSERT_EQ(said.size(), 60U);
  const auto walk = walk_xgboost(bytes, 4, 1, features);
  ASSERT_TRUE(walk) << walk.error().text();
  EXPECT_EQ(walk->in_float, said) << "bit by bit";
  for (std::size_t i = 0; i < said.size(); ++i) EXPECT_NEAR(walk->sums[i], said[i], 1e-5);
}

TEST(Foreign, EachPrefixOfAModelIsRefused) {
  const std::string binary = foreign_file("xgboost_regression.ubj");
  for (std::size_t i = 0; i < binary.size(); i += 7) {
    ASSERT_FALSE(parse_ubjson(std::string_view(binary).substr(0, i))) << i;
  }
  EXPECT_FALSE(parse_ubjson(binary + "Z"));
}

TEST(Ubjson, ReadsEachTypeAndRefusesWhatCannotBe) {
  using namespace std::string_literals;
  EXPECT_EQ(parse_ubjson("[ZTFi\xFFU\xFFI\x01\x00l\x00\x00\x00\x07]"s).value(),
            Json::parse("[null,true,false,-1,255,256,7]"));
  EXPECT_EQ(parse_ubjson("{U\x01" "ad\x3F\x80\x00\x00U\x01" "bSU\x02hi}"s).value(),
            Json::parse(R"({"a":1.0,"b":"hi"})"));
  EXPECT_EQ(parse_ubjson("[$U#U\x03\x01\x02\x03"s).value(), Json::parse("[1,2,3]"));
  EXPECT_EQ(parse_ubjson("[#U\x02[]{}"s).value(), Json::parse("[[],{}]"));
  const std::string refused[] = {
      "",
      "[",
      "[$U#L\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s,  // more items than bytes
      "[$Z#L\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s,  // items without bytes
      "[$U\x01",                                 // a type without a count
      "SU\x05hi",
      "Si\xFF",                                  // a length below 0
      "{U\x01" "aZU\x01" "aZ}",                  // a key twice
      "x",
      std::string(100, '['),
  };
  for (const std::string& bytes : refused) {
    const auto value = parse_ubjson(bytes);
    ASSERT_FALSE(value) << bytes;
    EXPECT_NE(value.error().message.find("UBJSON, byte"), std::string::npos);
  }
}

}  // namespace
}  // namespace rondo::model
