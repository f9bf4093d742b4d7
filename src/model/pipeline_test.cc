// The pipeline file: what is loaded scores the same bits; any flipped byte, misplaced section, part
// that does not fit or golden row that differs is refused and named.
#include "model/pipeline.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "model/bytes.h"
#include "model/sections.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

std::string small_file() { return Pipeline::encode(small_parts()).value(); }

std::string message_of(std::string_view bytes) {
  const auto loaded = Pipeline::load(bytes);
  if (loaded) return "accepted";
  EXPECT_EQ(loaded.error().code, Code::kCorrupt);
  return loaded.error().text();
}

void expect_message(std::string_view bytes, const char* part, const std::string& what) {
  const std::string message = message_of(bytes);
  EXPECT_NE(message.find(part), std::string::npos) << what << ": " << message;
}

/// The file with one section replaced and every digest made new: only its meaning is wrong.
std::string with_section(Kind kind, const std::string& bytes) {
  const std::string file = small_file();
  auto sections = split(file).value();
  for (Section& section : sections) {
    if (section.kind == kind) section.bytes = bytes;
  }
  return join(sections);
}

std::string section_of(Kind kind) {
  const std::string file = small_file();
  const auto sections = split(file).value();
  for (const Section& section : sections) {
    if (section.kind == kind) return std::string(section.bytes);
  }
  return "";
}

std::string with_json(Kind kind, const char* pointer, const Json& value) {
  Json json = io::parse_json(section_of(kind)).value();
  json[Json::json_pointer(pointer)] = value;
  return with_section(kind, io::canonical(json));
}

TEST(Pipeline, LoadedScoresTheSameBits) {
  const Pipeline::Parts parts = small_parts();
  const std::string bytes = small_file();
  const auto loaded = Pipeline::load(bytes);
  ASSERT_TRUE(loaded) << loaded.error().text();
  const Pipeline& pipeline = **loaded;
  EXPECT_EQ(pipeline.parts().target, "cnt");
  EXPECT_EQ(pipeline.parts().provenance.at("numerics"), 1);
  EXPECT_EQ(pipeline.parts().provenance.at("seed"), 1);
  EXPECT_EQ(pipeline.reference().label.rows, 50U);
  for (const GoldenRow& row : parts.golden) {
    const auto cells = decode_cells(row.cells).value();
    const double lags[] = {0.25};
    const auto again = Pipeline::make_golden(parts.transform, parts.forest, parts.answering, cells,
                                             row.time + Span::hours(1), lags);
    double out = 0, raw = 0;
    pipeline.score(cells, row.time + Span::hours(1), lags, {&out, 1}, nullptr, {&raw, 1});
    EXPECT_EQ(std::bit_cast<std::uint64_t>(out), std::bit_cast<std::uint64_t>(again.answer[0]));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(raw), std::bit_cast<std::uint64_t>(again.raw[0]));
  }
  EXPECT_EQ(Pipeline::encode(pipeline.parts()).value(), bytes);
}

TEST(Pipeline, TheEnvironmentNamesTheKernelOrItsNameIsRefused) {
  const std::string bytes = small_file();
  for (const Kernel kernel : supported_kernels()) {
    ASSERT_EQ(setenv("RONDO_KERNEL", std::string(name_of(kernel)).c_str(), 1), 0);
    EXPECT_EQ(Pipeline::load(bytes).value()->forest().kernel(), kernel);
  }
  setenv("RONDO_KERNEL", "avx9", 1);
  const auto loaded = Pipeline::load(bytes);
  unsetenv("RONDO_KERNEL");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::kInvalidInput);
  EXPECT_EQ(Pipeline::load(bytes).value()->forest().kernel(), supported_kernels().back());
}

TEST(Pipeline, EachFlippedByteIsRefusedWithItsPlace) {
  const std::string bytes = small_file();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ (1 << (i % 8)));
    const std::string message = message_of(other);
    ASSERT_NE(message, "accepted") << i;
    const bool named = message.find("section") != std::string::npos ||
                       message.find("offset") != std::string::npos ||
                       message.find("RONDOPL1") != std::string::npos;
    EXPECT_TRUE(named) << i << ": " << message;
  }
}

TEST(Pipeline, EachPrefixAndAnyTailIsRefused) {
  const std::string bytes = small_file();
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    EXPECT_FALSE(Pipeline::load(std::string_view(bytes).substr(0, i))) << i;
  }
  expect_message(bytes + '\0', "its header at offset 16 says", "a byte behind the end");
}

TEST(Pipeline, ContainersThatBreakTheRulesAreRefused) {
  const std::string file = small_file();
  const auto sections = split(file).value();
  auto fewer = sections;
  fewer.erase(fewer.begin() + 2);
  expect_message(join(fewer), "section 3 (model) is missing", "a section less");
  auto twice = sections;
  twice.insert(twice.begin() + 1, twice[0]);
  expect_message(join(twice), "section 1 (schema) stands twice", "a section twice");
  auto turned = sections;
  std::swap(turned[0], turned[1]);
  expect_message(join(turned), "out of order", "sections in another order");
  auto foreign = sections;
  foreign.push_back({Kind{9}, 0, "what is this?"});
  expect_message(join(foreign), "section 9 (unknown) is required", "a required one of tomorrow");
  auto silent = sections;
  silent.insert(silent.begin() + 3, {Kind::kAnswering, 0, "{}"});
  expect_message(join(silent), "section 4 (answering) at offset", "an answering without a part");
}

TEST(Pipeline, PartsThatDoNotFitAreRefused) {
  const struct {
    const char* what;
    std::string bytes;
    const char* message;
  } rows[] = {
      {"not JSON", with_section(Kind::kSchema, "{"), "section 1 (schema)"},
      {"a task that is none", with_json(Kind::kSchema, "/task", "ranking"), "ranking"},
      {"a task that the model does not fit", with_json(Kind::kSchema, "/task", "binary"),
       "task, classes and outputs"},
      {"classes for a regression", with_json(Kind::kSchema, "/classes", {"a", "b"}), "classes"},
      {"levels of a regression", with_json(Kind::kSchema, "/task", "quantile"), "levels"},
      {"a class twice", with_json(Kind::kSchema, "/classes", {"a", "a"}), "class"},
      {"no target", with_json(Kind::kSchema, "/target", ""), "target"},
      {"no inputs", with_json(Kind::kSchema, "/inputs", Json::array()), "section 2 (transform)"},
      {"text where the transform reads a number",
       with_json(Kind::kSchema, "/inputs/0/type", "category"), "section 2 (transform)"},
      {"a step that reads what is not there", with_json(Kind::kTransform, "/steps/1/lag", 1),
       "section 2 (transform)"},
      {"a feature less than the model reads", with_json(Kind::kTransform, "/steps/3", 1),
       "section 2 (transform)"},
      {"a dictionary shorter than the model's sets",
       with_json(Kind::kTransform, "/steps/2/categories", {"sky 0"}), "by categories"},
      {"a model of garbage", with_section(Kind::kModel, "garbage"), "section 3 (model)"},
      {"a reference that does not add up", with_json(Kind::kReference, "/label/rows", 1),
       "section 5 (reference)"},
      {"no golden rows", with_section(Kind::kGolden, ""), "section 6 (golden rows)"},
      {"numerics of tomorrow", with_json(Kind::kProvenance, "/numerics", 2), "numerics version 2"},
      {"no numerics", with_section(Kind::kProvenance, "{}"), "section 7 (provenance)"},
      {"another order of the dictionary",
       with_json(Kind::kTransform, "/steps/2/categories/5", "sky 5000"), "golden row 5: feature"},
  };
  for (const auto& row : rows) expect_message(row.bytes, row.message, row.what);
}

TEST(Pipeline, AGoldenRowThatDiffersInOneBitIsNamed) {
  const std::string golden = section_of(Kind::kGolden);
  const std::size_t cells = std::size_t{16 + 8};  // of row 0: its length
  std::uint32_t length = 0;
  std::memcpy(&length, golden.data() + cells, sizeof length);
  const std::size_t lags = cells + 4 + length, features = lags + 8, raw = features + 4 * 8,
                    answer = raw + 8;
  const std::pair<std::size_t, const char*> flips[] = {
      {lags, "golden row 0: feature \"cnt_lag_1\""},
      {features + 24, "golden row 0: feature \"hour\""},
      {raw, "golden row 0: raw score 0"},
      {answer, "golden row 0: answer 0"},
  };
  for (const auto& [offset, message] : flips) {
    std::string other = golden;
    other[offset] = static_cast<char>(other[offset] ^ 1);
    expect_message(with_section(Kind::kGolden, other), message, "offset " + std::to_string(offset));
  }
}

TEST(Pipeline, FewerThan32OrMoreThan256GoldenRowsAreRefused) {
  Pipeline::Parts parts = small_parts();
  const GoldenRow row = parts.golden[0];
  for (const std::size_t count : {std::size_t{31}, std::size_t{257}}) {
    parts.golden.assign(count, row);
    const auto bytes = Pipeline::encode(parts);
    ASSERT_FALSE(bytes);
    EXPECT_NE(bytes.error().text().find("32 to 256"), std::string::npos);
  }
  std::string golden = section_of(Kind::kGolden);
  golden[0] = 31;
  expect_message(with_section(Kind::kGolden, golden), "32 to 256", "31 rows");
}

TEST(Pipeline, MutantsOfTheModelInAWholeFileAreRefused) {
  // Every digest is right; what is damaged is the structure, or else a golden row must notice.
  const std::string model = section_of(Kind::kModel);
  for (std::size_t i = 0; i < model.size(); ++i) {
    for (const int flip : {1, 0x80}) {
      std::string other = model;
      other[i] = static_cast<char>(other[i] ^ flip);
      const std::string message = message_of(with_section(Kind::kModel, other));
      const bool named = message.find("section 3 (model)") != std::string::npos ||
                         message.find("golden row") != std::string::npos ||
                         message.find("by categories") != std::string::npos ||
                         message.find("task, classes") != std::string::npos ||
                         message.find("features, the model reads") != std::string::npos;
      // A cut may move without crossing a golden row's value: another, valid model.
      EXPECT_TRUE(named || message == "accepted") << i << ": " << message;
    }
  }
}

}  // namespace
}  // namespace rondo::model
