// Features that are made of columns: the same bits in the matrix, row by row, reloaded and online;
// encodings beside an evaluator as plain as their definition, and that they tell no row its label.
#include <bit>

#include "prepare/features.h"
#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using model::Step;
using table::Type;

std::vector<MadeWish> every_wish() {
  auto wishes = *combines_from(Json::parse(R"([{"columns": ["a", "b"], "by": "+"},
      {"columns": ["a", "b"], "by": "-"}, {"columns": ["a", "n"], "by": "*", "weight": 0.25},
      {"columns": ["b", "n"], "by": "/"}, {"columns": ["town", "sky"], "by": "&"},
      {"columns": ["sky", "n"], "by": "&"}])"));
  const auto encodes = *encodes_from(Json::parse(R"([{"column": "town"}, {"column": "n"}])"));
  wishes.insert(wishes.end(), encodes.begin(), encodes.end());
  wishes.push_back((*texts_from(Json::parse(R"([{"column": "said"}])")))[0]);
  return wishes;
}

/// Rows with missing, extreme and rare cells.
Job made_job(std::size_t count, bool clocked) {
  Chance chance(Seed{11});
  static const std::vector<std::string> kWords = {"late", "Cold",
                                                  "GR\xc3\x9cN", "on time", "3.14", "--"};
  std::vector<double> a, b, y;
  std::vector<std::string> n, town, sky, said;
  for (std::size_t i = 0; i < count; ++i) {
    const auto gap = [&chance] { return chance.below(12) == 0; };
    a.push_back(chance.below(50) == 0 ? 1e308 : chance.normal());
    b.push_back(gap() ? NAN : chance.below(9) == 0 ? 0 : chance.normal() * 1e6);
    n.push_back(gap() ? "" : std::to_string(static_cast<int>(chance.below(6)) - 2));
    town.push_back(gap() ? "" : "t" + std::to_string(chance.below(3 + chance.below(60))));
    sky.push_back(chance.below(2) == 0 ? "clear" : "rain");
    said.push_back(gap() ? "" : kWords[chance.below(6)] + " " + kWords[chance.below(6)]);
    y.push_back(chance.normal() + (town.back() == "t1" ? 3 : 0));
  }
  Grid grid;
  if (clocked) grid.times(clock(count));
  Job job = job_of(grid.numbers("a", a).numbers("b", b).column("n", Type::kInteger, n)
                       .column("town", Type::kCategory, town).column("sky", Type::kCategory, sky)
                       .column("said", Type::kText, said).numbers("y", y).table(), "y");
  job.situation.label_delay = job.situation.gap = Span::hours(30);
  job.made = every_wish();
  return job;
}

/// One row through a transform; a history that knows nothing, as these features need none.
std::vector<double> row_of(const Job& job, const model::Transform& transform, std::size_t row) {
  std::vector<const table::Column*> columns;
  for (const auto& field : transform.inputs().fields) columns.push_back(job.rows.find(field.name));
  std::vector<model::Cell> cells(columns.size());
  model::gather(columns, row, cells);
  std::vector<double> out(transform.features());
  const Time time = job.times.empty() ? Time{} : job.times[row];
  transform.row({cells, time, time}, nullptr, out);
  return out;
}

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

TEST(MadeFeatures, ARowAloneAndReloadedGivesTheBitsOfTheBatch) {
  for (const bool clocked : {false, true}) {
    const Job job = made_job(900, clocked);
    const Draft draft = draft_of(job);
    const auto reloaded = *model::Transform::from_json(draft.transform.to_json());
    ASSERT_EQ(reloaded.steps(), draft.transform.steps());
    std::size_t made = 0, apart = 0;
    for (std::size_t i = 0; i < draft.used.size(); ++i) {
      const auto served = row_of(job, reloaded, draft.used[i]);
      const bool trains = draft.split.side[draft.used[i]] == table::Side::kTrain;
      for (std::size_t column = 0; column < served.size(); ++column) {
        const Step& step = reloaded.steps()[column];
        if (step.kind == Step::Kind::kEncoding && trains) {
          apart += bits(served[column]) != bits(draft.matrix.row(i)[column]) ? 1 : 0;
          continue;
        }
        made += step.is_raw() ? 0 : 1;
        EXPECT_EQ(bits(served[column]), bits(draft.matrix.row(i)[column]))
            << step.feature << " of row " << i;
      }
    }
    EXPECT_GT(made, 900U * 8);
    EXPECT_GT(apart, 900U);  // a training row is not encoded as it would be served
  }
}

/// The definition once more, row by row through all rows.
double plain_encoding(const Job& job, const Draft& draft, const table::Column& column,
                      const std::vector<std::size_t>& folds, std::size_t place) {
  const bool trains = draft.split.side[draft.used[place]] == table::Side::kTrain;
  double sum = 0, count = 0, all = 0, rows = 0;
  for (const std::size_t other : draft.train) {
    const std::size_t row = draft.used[other], own = draft.used[place];
    if (trains && !job.situation.has_clock && folds[other] == folds[place]) continue;
    if (trains && job.situation.has_clock) {
      const Time known = job.times[row] + job.situation.label_delay;
      if (job.times[row] >= job.times[own] || known > job.times[own]) continue;
    }
    all += draft.label[other];
    rows += 1;
    if (column.cell_text(row) != column.cell_text(own) || column.is_null(own)) continue;
    sum += draft.label[other];
    count += 1;
  }
  return (sum + 10 * all / rows) / (count + 10);
}

TEST(Encoding, EqualsItsDefinition) {
  for (const bool clocked : {false, true}) {
    const Job job = made_job(700, clocked);
    const Draft draft = draft_of(job);
    const std::vector<std::size_t> folds = folds_of(job, draft);
    for (const std::string name : {"town", "n"}) {
      const table::Column& column = *job.rows.find(name);
      for (std::size_t i = 0; i < draft.used.size(); ++i) {
        const double expected = plain_encoding(job, draft, column, folds, i);
        const double got = feature(draft, i, "y_by_" + name);
        if (std::isnan(expected)) EXPECT_TRUE(std::isnan(got)) << name << " of row " << i;
        else EXPECT_NEAR(got, expected, 1e-12) << name << " of row " << i;
      }
    }
  }
}

TEST(Encoding, ManyClassesHaveAFeatureEach) {
  for (const bool clocked : {false, true}) {
    Job job = made_job(700, clocked);
    const auto& numbers = job.rows.find("y")->numbers;
    std::vector<std::string> kinds;
    for (const double y : numbers) kinds.push_back(y < -0.5 ? "low" : y < 1 ? "mid" : "top");
    job.rows = Grid(job.rows).column("kind", Type::kCategory, kinds).table();
    job.situation.target = "kind";
    job.options.ignore = {"y"};
    job.made = *encodes_from(Json::parse(R"([{"column": "town"}])"));
    const Draft draft = draft_of(job);
    ASSERT_EQ(draft.classes.size(), 3U);
    const std::vector<std::size_t> folds = folds_of(job, draft);
    for (std::size_t index = 0; index < 3; ++index) {
      Draft one = draft;  // the same rows with the class as a label of 0 and 1
      for (double& label : one.label) label = label == static_cast<double>(index) ? 1 : 0;
      for (std::size_t i = 0; i < draft.used.size(); ++i) {
        const double expected = plain_encoding(job, one, *job.rows.find("town"), folds, i);
        const double got = feature(draft, i, "kind_by_town_" + draft.classes[index]);
        if (std::isnan(expected)) EXPECT_TRUE(std::isnan(got)) << "row " << i;
        else EXPECT_NEAR(got, expected, 1e-12) << draft.classes[index] << " of row " << i;
      }
    }
  }
}

TEST(Encoding, NoTrainingRowKnowsItsOwnLabel) {
  for (const bool clocked : {false, true}) {
    Job job = made_job(400, clocked);
    const Draft before = draft_of(job);
    for (std::size_t i = 3; i + 60 < before.train.size(); i += 41) {  // the last are not known
      const std::size_t place = before.train[i], row = before.used[place];
      std::vector<double> y;
      for (std::size_t j = 0; j < job.rows.rows(); ++j) y.push_back(job.rows.find("y")->numbers[j]);
      y[row] += 1000;
      Job other = job;
      other.rows = Grid(job.rows).numbers("y", y).table();
      const Draft after = draft_of(other);
      ASSERT_EQ(after.used[place], row);
      EXPECT_EQ(bits(feature(before, place, "y_by_town")),
                bits(feature(after, place, "y_by_town")));
      double moved = 0;  // others do learn from it
      for (const std::size_t j : before.train) {
        const double one = feature(before, j, "y_by_n"), two = feature(after, j, "y_by_n");
        moved += std::isnan(one) ? 0 : std::abs(one - two);
      }
      EXPECT_GT(moved, 0);
    }
  }
}

TEST(Encoding, ARandomColumnOfManyValuesSaysNothing) {
  const std::size_t count = 4'000;
  Chance chance(Seed{5});
  std::vector<std::string> code;
  for (std::size_t i = 0; i < count; ++i) code.push_back("c" + std::to_string(chance.below(900)));
  Job job = job_of(Grid().numbers("x", noise(count, 1)).column("code", Type::kCategory, code)
                       .numbers("y", noise(count, 2)).table(), "y");
  job.made = *encodes_from(Json::parse(R"([{"column": "code"}])"));
  const Draft draft = draft_of(job);
  const auto correlation = [&](const auto& value) {
    double products = 0, squares = 0, labels = 0;
    for (const std::size_t i : draft.train) {
      const double x = value(i);
      products += x * draft.label[i];
      squares += x * x;
      labels += draft.label[i] * draft.label[i];
    }
    return products / std::sqrt(squares * labels);
  };
  const double apart = correlation([&](std::size_t i) { return feature(draft, i, "y_by_code"); });
  const auto names = draft.transform.feature_names();
  const auto at = static_cast<std::size_t>(std::ranges::find(names, "y_by_code") - names.begin());
  const double own = correlation(
      [&](std::size_t i) { return row_of(job, draft.transform, draft.used[i])[at]; });
  EXPECT_LT(std::abs(apart), 0.07);  // about 4 / sqrt(3,200)
  EXPECT_GT(own, 0.3);               // as served, the labels would be known
}

TEST(Encoding, CopiesOfARowAreInOneFold) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < 600; ++i) {
    x.push_back(static_cast<double>(i / 3));
    y.push_back(static_cast<double>(i % 7));
  }
  Job job = job_of(Grid().numbers("x", x).numbers("y", y).table(), "y");
  const Draft draft = draft_of(job);
  const auto folds = folds_of(job, draft);
  std::vector<std::size_t> sizes(5);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    EXPECT_EQ(folds[i], folds[i / 3 * 3]);
    ++sizes.at(folds[i]);
  }
  for (const std::size_t size : sizes) EXPECT_GT(size, 60U);
}

TEST(MadeFeatures, AreReadFromTheOptions) {
  const auto wishes = every_wish();
  std::vector<std::string> names;
  for (const MadeWish& wish : wishes) names.push_back(wish.feature("y"));
  EXPECT_EQ(names, (std::vector<std::string>{"a + b", "a - b", "a * 0.25 n", "b / n", "town & sky",
                                             "sky & n", "y_by_town", "y_by_n", "said_text"}));
  const std::pair<const char*, const char*> wrong[] = {
      {R"([{"by": "/"}])", "[[prepare.combine]] number 1 must name two columns"},
      {R"([{"columns": ["a"], "by": "/"}])", "[[prepare.combine]] number 1 must name two columns"},
      {R"([{"columns": ["a", "a"], "by": "/"}])",
       "[[prepare.combine]] number 1 names one column twice"},
      {R"([{"columns": ["a", "b"]}])", "[[prepare.combine]] number 1 does not say by what"},
      {R"([{"columns": ["a", "b"], "by": "^"}])",
       "[[prepare.combine]] number 1 cannot combine by \"^\""},
      {R"([{"columns": ["a", "b"], "by": "+", "as": "c"}])",
       "[[prepare.combine]] number 1 has the unknown key \"as\""},
      {R"([{"columns": ["a", "b"], "by": "+"}, {"columns": ["a", "b"], "by": "+"}])",
       "[[prepare.combine]] number 2 asks for \"a + b\" a second time"},
      {R"([{"columns": ["a", "b"], "by": "+", "weight": 0}])",
       "[[prepare.combine]] number 1 has the weight 0"},
      {R"([{"columns": ["a", "b"], "by": "&", "weight": 2}])",
       "[[prepare.combine]] number 1 weighs a category"},
      {R"([3])", "[[prepare.combine]] number 1 is no table"},
      {R"({"by": "+"})", "prepare.combine is no list of tables"}};
  for (const auto& [text, sentence] : wrong) {
    const auto read = combines_from(Json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().message, sentence);
  }
  EXPECT_EQ(encodes_from(Json::parse("[{}]")).error().message,
            "[[prepare.encode]] number 1 names no column");
  EXPECT_EQ(texts_from(Json::parse(R"([{"column": "a", "buckets": 3}])")).error().message,
            "[[prepare.text]] number 1 has the unknown key \"buckets\"");
}

TEST(MadeFeatures, ThatCannotBeAreRefused) {
  Job job = made_job(300, false);
  const auto said = [&job](Step::Kind kind, std::vector<std::string> columns) {
    job.made = {{kind, std::move(columns), {}}};
    Draft draft;
    return work(job, draft);
  };
  EXPECT_EQ(said(Step::Kind::kEncoding, {"gone"}),
            "[[prepare.encode]] reads the column \"gone\", which is not in dataset d1");
  EXPECT_EQ(said(Step::Kind::kArithmetic, {"a", "y"}),
            "[[prepare.combine]] reads the column \"y\", which is the target");
  EXPECT_EQ(said(Step::Kind::kArithmetic, {"a", "town"}),
            "[[prepare.combine]] reads the column \"town\", which is a category where it needs two "
            "numbers");
  EXPECT_EQ(said(Step::Kind::kText, {"a"}),
            "[[prepare.text]] reads the column \"a\", which is a number where it needs a text");
  job.options.late = {"a"};
  EXPECT_EQ(said(Step::Kind::kArithmetic, {"a", "b"}),
            "[[prepare.combine]] reads the column \"a\", which is in prepare.late");
  job.options.late.clear();
  job.options.ignore = {"town"};
  EXPECT_EQ(said(Step::Kind::kPair, {"sky", "town"}),
            "[[prepare.combine]] reads the column \"town\", which is in prepare.ignore: the leak "
            "guard does not look at it");
}

}  // namespace
}  // namespace rondo::prepare
