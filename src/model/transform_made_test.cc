// Features that are made of columns (arithmetic, pairs, encodings, hashed text) beside an evaluator
// that is as plain as their definition: each cell in turn missing, unseen, extreme; and reloaded.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>

#include "model/text_buckets.h"
#include "model/transform.h"

namespace rondo::model {
namespace {

using table::Type;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Cell of_number(double x) { return {Cell::Kind::kNumber, x, {}}; }
Cell of_text(std::string_view t) { return {Cell::Kind::kText, kNone, t}; }

Step made_of(Step::Kind kind, const std::string& feature, std::int32_t input,
             std::int32_t other = -1) {
  Step out;
  out.kind = kind;
  out.feature = feature;
  out.input = input;
  out.other = other;
  return out;
}

/// a, b (numbers), town, sky (categories), zip (whole numbers), said (text).
Transform made_example() {
  table::Schema inputs;
  inputs.fields = {{"a", Type::kNumber},     {"b", Type::kInteger},   {"town", Type::kCategory},
                   {"sky", Type::kCategory}, {"zip", Type::kInteger}, {"said", Type::kText}};
  std::vector<Step> steps;
  for (const auto operation : {Step::Operation::kAdd, Step::Operation::kSubtract,
                               Step::Operation::kMultiply, Step::Operation::kDivide}) {
    steps.push_back(made_of(Step::Kind::kArithmetic, "a " + std::string(sign_of(operation)), 0, 1));
    steps.back().operation = operation;
  }
  steps[1].fill = -4.5;
  steps[2].weight = -0.4142;
  steps[3].weight = 1e-300;
  steps.push_back(made_of(Step::Kind::kPair, "town & sky", 2, 3));
  steps.back().categories = {"Bern", "Bern", "Ulm"};
  steps.back().seconds = {"clear", "rain", "clear"};
  steps.push_back(made_of(Step::Kind::kPair, "town & zip", 2, 4));
  steps.back().categories = {"Bern", "8001"};
  steps.back().seconds = {"8001", "Bern"};
  steps.back().rare_code = 2;
  steps.push_back(made_of(Step::Kind::kEncoding, "zip mean", 4));
  steps.back().categories = {"8001", "0.5", "-3"};
  steps.back().values = {0.25, 1.0 / 3, 7};
  steps.back().fill = 0.125;
  for (std::uint32_t bucket = 0; bucket < kTextBuckets; ++bucket) {
    steps.push_back(made_of(Step::Kind::kText, "said " + std::to_string(bucket), 5));
    steps.back().bucket = bucket;
    if (bucket % 2 == 1) steps.back().fill = 0;
  }
  return Transform(std::move(inputs), std::move(steps), {});
}

bool plain_missing(const Cell& cell) {
  return cell.kind == Cell::Kind::kMissing ||
         (cell.kind == Cell::Kind::kNumber && !std::isfinite(cell.number));
}

std::string plain_text(const Cell& cell) {
  if (cell.kind == Cell::Kind::kText) return std::string(cell.text);
  for (int digits = 1; digits <= 17; ++digits) {  // the shortest that reads back
    char text[64];
    std::snprintf(text, sizeof text, "%.*g", digits, cell.number);
    if (std::strtod(text, nullptr) == cell.number) return text;
  }
  return "";
}

std::uint64_t plain_fnv(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 1099511628211U;
  }
  return hash;
}

/// Words and 3-grams collected as strings, then summed.
std::vector<double> plain_buckets(const std::string& text) {
  std::vector<std::string> words, tokens;
  bool in_word = false;
  for (char c : text) {
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0;
    if (letter && !in_word) words.emplace_back();
    in_word = letter;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (letter) words.back() += c;
  }
  for (const std::string& word : words) {
    tokens.push_back("w" + word);
    std::vector<std::string> characters = {" "};
    for (const char c : word) {
      const bool more = (static_cast<unsigned char>(c) & 0xc0) == 0x80 && characters.size() > 1;
      if (more) characters.back() += c;
      else characters.emplace_back(1, c);
    }
    characters.emplace_back(" ");
    for (std::size_t i = 0; i + 2 < characters.size(); ++i) {
      tokens.push_back("g" + characters[i] + characters[i + 1] + characters[i + 2]);
    }
  }
  std::vector<double> out(kTextBuckets);
  for (const std::string& token : tokens) {
    const std::uint64_t hash = plain_fnv(token);
    out[hash % 64] += (hash & 0x8000000000000000U) != 0 ? -1 : 1;
  }
  double squares = 0;
  for (const double x : out) squares += x * x;
  for (double& x : out) x = squares > 0 ? x / std::sqrt(squares) : 0;
  return out;
}

double plain(const Step& step, const std::vector<Cell>& cells) {
  const Cell& a = cells[static_cast<std::size_t>(step.input)];
  const Cell& b = cells[static_cast<std::size_t>(std::max(step.other, 0))];
  const double none = step.fill.value_or(kNone);
  switch (step.kind) {
    case Step::Kind::kArithmetic: {
      if (plain_missing(a) || plain_missing(b)) return none;
      if (a.kind != Cell::Kind::kNumber || b.kind != Cell::Kind::kNumber) return none;
      const double y = b.number * step.weight;
      const double results[] = {a.number + y, a.number - y, a.number * y, a.number / y};
      const double x = results[static_cast<int>(step.operation)];
      return std::isfinite(x) ? x : none;
    }
    case Step::Kind::kPair: {
      if (plain_missing(a) || plain_missing(b)) return kNone;
      for (std::size_t i = 0; i < step.categories.size(); ++i) {
        const bool same = step.categories[i] == plain_text(a) && step.seconds[i] == plain_text(b);
        if (same) return static_cast<double>(i);
      }
      return step.rare_code >= 0 ? step.rare_code : kNone;
    }
    case Step::Kind::kEncoding:
      for (std::size_t i = 0; i < step.categories.size() && !plain_missing(a); ++i) {
        if (step.categories[i] == plain_text(a)) return step.values[i];
      }
      return none;
    case Step::Kind::kText:
      return plain_missing(a) ? none : plain_buckets(plain_text(a))[step.bucket];
    default: return 0;
  }
}

/// What each cell takes in turn, the others being as they are.
std::vector<Cell> strange_cells() {
  return {{},
          of_number(kNone),
          of_number(HUGE_VAL),
          of_number(-1.7976931348623157e308),
          of_number(1.7976931348623157e308),
          of_number(5e-324),
          of_number(0.0),
          of_number(-0.0),
          of_number(-3),
          of_number(0.5),
          of_text(""),
          of_text("Rom"),
          of_text("8001"),
          of_text("rain"),
          of_text("a"),
          of_text("It's GR\xc3\x9cN, gr\xc3\xbcn & 3.14 \xff\x80"),
          of_text("the the the")};
}

TEST(MadeFeatures, EqualTheirDefinitionWithEachCellInTurnStrange) {
  const Transform first = made_example();
  const auto again = Transform::from_json(first.to_json());
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->steps(), first.steps());
  const std::vector<Cell> usual = {of_number(6.5),  of_number(2),    of_text("Bern"),
                                   of_text("rain"), of_number(8001), of_text("Too late, too cold")};
  std::size_t compared = 0;
  for (std::size_t at = 0; at < usual.size(); ++at) {
    for (const Cell& strange : strange_cells()) {
      std::vector<Cell> cells = usual;
      cells[at] = strange;
      for (const Transform* transform : {&first, &*again}) {
        std::vector<double> out(transform->features());
        transform->row({cells, {}, {}}, nullptr, out);
        for (std::size_t i = 0; i < out.size(); ++i) {
          const double expected = plain(first.steps()[i], cells);
          const bool same = std::isnan(expected) ? std::isnan(out[i]) : out[i] == expected;
          EXPECT_TRUE(same) << first.steps()[i].feature << " is " << out[i] << ", not " << expected
                            << ", with a strange cell " << at;
          ++compared;
        }
      }
    }
  }
  EXPECT_EQ(compared, usual.size() * strange_cells().size() * 2 * first.features());
}

TEST(MadeFeatures, AColumnThatTwoStepsHaveNotSeenCountsOnce) {
  table::Schema inputs;
  inputs.fields = {{"town", Type::kCategory}, {"sky", Type::kCategory}};
  Step code = made_of(Step::Kind::kCategory, "town", 0);
  Step mean = made_of(Step::Kind::kEncoding, "town mean", 0);
  Step pair = made_of(Step::Kind::kPair, "town & sky", 0, 1);
  mean.fill = 1;
  const Transform transform(inputs, {code, mean, pair}, {});
  const std::vector<Cell> cells = {of_text("Rom"), {}};
  InputCounts counts;
  std::vector<double> out(3);
  transform.row({cells, {}, {}}, nullptr, out, &counts);
  EXPECT_EQ(counts.unseen, (std::vector<std::uint64_t>{1, 0}));
  EXPECT_EQ(counts.missing, (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(transform.categorical(), (std::vector<std::int32_t>{0, 2}));
}

TEST(MadeFeatures, WhatJsonClaimsIsChecked) {
  const std::pair<const char*, Json> changes[] = {
      {"/steps/0/other", 6},         {"/steps/0/other", -1},
      {"/steps/0/other", 2},         {"/steps/0/input", 3},
      {"/steps/0/operation", "%"},   {"/steps/0/operation", nullptr},
      {"/steps/0/weight", 0},        {"/steps/0/weight", "2"},
      {"/steps/1/fill", "none"},     {"/steps/4/seconds", {"clear"}},
      {"/steps/4/seconds", {"clear", "clear", "clear"}},
      {"/steps/4/seconds", {"clear", "rain", 3}},
      {"/steps/4/other", "sky"},     {"/steps/5/rare_code", 3},
      {"/steps/6/values", {1, 2}},   {"/steps/6/values", {1, 2, "3"}},
      {"/steps/6/fill", nullptr},    {"/steps/6/other", 1},
      {"/steps/6/categories", {"8001", "8001", "1"}},
      {"/steps/7/bucket", 64},       {"/steps/7/bucket", -1},
      {"/steps/7/input", 0},         {"/steps/7/kind", "words"},
  };
  for (const auto& [pointer, value] : changes) {
    Json json = made_example().to_json();
    json[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(Transform::from_json(json)) << pointer << " " << value;
  }
  for (const char* key :
       {"/steps/0/other", "/steps/4/seconds", "/steps/6/fill", "/steps/7/bucket"}) {
    Json json = made_example().to_json();
    const Json::json_pointer place(key);
    json[place.parent_pointer()].erase(place.back());
    EXPECT_FALSE(Transform::from_json(json)) << "without " << key;
  }
}

/// FNV-1a's own test vectors, as the reference implementation (Noll) publishes them, hold for the
/// plain evaluator above; here the buckets of one word are worked out from it.
TEST(MadeFeatures, TheHashIsFnv1a) {
  EXPECT_EQ(plain_fnv(""), 0xcbf29ce484222325U);
  EXPECT_EQ(plain_fnv("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(plain_fnv("foobar"), 0x85944171f73967e8U);
  TextBuckets buckets;
  fill_buckets("...", buckets);
  for (const double x : buckets) EXPECT_EQ(x, 0);
}

}  // namespace
}  // namespace rondo::model
