// The search for features: what was planted is found, noise is not taken in, a twin looks for
// nothing; and the small learner that judges.
#include "prepare/candidates.h"
#include "prepare/features.h"
#include "prepare/learner.h"
#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

std::vector<std::uint32_t> range(std::size_t from, std::size_t until) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = from; i < until; ++i) out.push_back(static_cast<std::uint32_t>(i));
  return out;
}

Answered asked(const Question& question, const std::vector<std::vector<double>>& columns,
               bool categorical = false) {
  std::vector<BinnedColumn> bins;
  std::vector<const BinnedColumn*> places;
  for (const auto& values : columns) bins.push_back(binned(values, categorical, question.fit));
  for (const BinnedColumn& column : bins) places.push_back(&column);
  return boost(question, places);
}

TEST(Learner, FindsStepsAndLeavesNoise) {
  const std::size_t count = 2'000;
  Question question{model::Task::kRegression, {}, range(0, 1'500), range(1'500, count)};
  const auto x = noise(count, 1), other = noise(count, 2), error = noise(count, 3);
  for (std::size_t i = 0; i < count; ++i) {
    question.label.push_back((x[i] > 0.4 ? 10 : 0) + 0.1 * error[i]);
  }
  const Answered answer = asked(question, {other, x});
  EXPECT_GT(answer.gain[1], 50 * answer.gain[0]);
  EXPECT_LT(answer.mean_loss(), 1);  // the step lies within a bin of 63; 25 without x
  EXPECT_EQ(answer.loss, asked(question, {other, x}).loss);
  EXPECT_GT(asked(question, {other}).mean_loss(), 20);
}

TEST(Learner, TellsMissingValuesAndCategoriesApart) {
  const std::size_t count = 2'000;
  Question question{model::Task::kBinary, {}, range(0, 1'500), range(1'500, count)};
  Chance chance(Seed{4});
  std::vector<double> code, gap;
  for (std::size_t i = 0; i < count; ++i) {
    code.push_back(static_cast<double>(chance.below(30)));
    gap.push_back(chance.below(3) == 0 ? NAN : chance.normal());
    const bool odd = static_cast<int>(code.back()) % 2 == 1;
    question.label.push_back(odd != std::isnan(gap.back()) ? 1 : 0);
  }
  std::vector<BinnedColumn> bins = {binned(code, true, question.fit),
                                    binned(gap, false, question.fit)};
  const std::vector<const BinnedColumn*> both = {&bins[0], &bins[1]};
  EXPECT_LT(boost(question, both).mean_loss(), 0.05);
  bins[1] = binned(noise(count, 5), false, question.fit);
  EXPECT_GT(boost(question, both).mean_loss(), 0.5);  // a third is not to be told
}

TEST(Learner, NoiseExplainsNothingOnAverage) {
  double sum = 0, signal = 0;
  const auto rows = range(0, 1'000);
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto x = noise(1'000, seed), residual = noise(1'000, 100 + seed);
    sum += explained(binned(x, false, rows), rows, residual) / 40;
    signal += explained(binned(residual, false, rows), rows, residual) / 40;
  }
  EXPECT_LT(std::abs(sum), 10);  // of about 1,000; its standard deviation is about 11 / sqrt(40)
  EXPECT_GT(signal, 800);
}

Job searching(table::Table rows) {
  Job job = job_of(std::move(rows), "y");
  job.options.features = "auto";
  job.options.leaks = "warn";
  return job;
}

std::vector<std::string> found_of(const Draft& draft) {
  std::vector<std::string> names;
  for (const Json& family : draft.search.at("families")) {
    for (const Json& name : family.at("kept")) names.push_back(name.get<std::string>());
  }
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

Job quotients(std::uint64_t seed) {
  const std::size_t count = 2'500;
  const auto a = noise(count, seed), b = noise(count, seed + 1), c = noise(count, seed + 2);
  std::vector<double> y, positive;
  for (std::size_t i = 0; i < count; ++i) {
    positive.push_back(std::exp(b[i]));
    y.push_back(a[i] / positive[i] + 0.1 * c[i]);
  }
  return searching(Grid().numbers("a", a).numbers("b", positive).numbers("c", noise(count, 9))
                       .numbers("y", y).table());
}

TEST(Search, FindsAQuotientAndSaysWhatItIsWorth) {
  const Draft draft = draft_of(quotients(20));
  EXPECT_TRUE(has(found_of(draft), "a / b")) << draft.search.dump(1);
  EXPECT_TRUE(has(draft.transform.feature_names(), "a / b"));
  EXPECT_LT(draft.search.at("loss").get<double>(), draft.search.at("loss_without").get<double>());
  for (const Json& family : draft.search.at("families")) {
    if (family.at("kept").empty()) continue;
    EXPECT_GT(family.at("gain").get<double>(), family.at("standard_error").get<double>());
  }
  EXPECT_EQ(draft.search, draft_of(quotients(20)).search);
}

TEST(Search, TakesNoNoiseIn) {
  const std::size_t count = 2'000;
  std::size_t taken = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Chance chance(Seed{seed});
    std::vector<std::string> code, kind;
    for (std::size_t i = 0; i < count; ++i) {
      code.push_back("c" + std::to_string(chance.below(400)));
      kind.push_back("k" + std::to_string(chance.below(5)));
    }
    const Draft draft = draft_of(searching(Grid().numbers("a", noise(count, seed * 10))
                                               .numbers("b", noise(count, seed * 10 + 1))
                                               .column("code", Type::kCategory, code)
                                               .column("kind", Type::kCategory, kind)
                                               .numbers("y", noise(count, seed * 10 + 2)).table()));
    for (const Json& family : draft.search.at("families")) {
      taken += family.at("kept").empty() ? 0 : 1;
    }
  }
  EXPECT_LE(taken, 2U);  // of 18 tries; each is taken by luck once in six at most
}

TEST(Search, FindsTheSeasonOfTheTarget) {
  const auto times = clock(100 * 24);
  const auto level = noise(24 * 7, 3), error = noise(times.size(), 4);
  std::vector<double> y;
  for (std::size_t i = 0; i < times.size(); ++i) {
    y.push_back(20 * level[(i * 37) % 24 + 24 * (i / 24 % 7)] + error[i]);
  }
  Job job = searching(Grid().times(times).numbers("x", noise(times.size(), 5)).numbers("y", y)
                          .table());
  job.situation.label_delay = job.situation.gap = Span::days(1);
  const Draft draft = draft_of(job);
  EXPECT_TRUE(has(found_of(draft), "y_lag_7d")) << draft.search.dump(1);
  EXPECT_FALSE(draft.transform.history().lags.empty());
  // A lag that the project asks for is no candidate.
  job.lags = *lags_from(Json::parse(R"([{"column": "y", "by": "168h"}])"));
  const Draft declared = draft_of(job);
  EXPECT_FALSE(has(found_of(declared), "y_lag_7d"));
  EXPECT_TRUE(has(declared.transform.feature_names(), "y_lag_168h"));
}

TEST(Search, FindsWordsInFreeText) {
  const std::size_t count = 1'500;
  Chance chance(Seed{6});
  std::vector<std::string> said;
  std::vector<double> y;
  for (std::size_t i = 0; i < count; ++i) {
    const bool late = chance.below(2) == 0;
    const std::string number = std::to_string(chance.below(900));
    said.push_back("train " + number + (late ? " was late" : " on time"));
    y.push_back((late ? 3 : 0) + chance.normal());
  }
  const Draft draft = draft_of(searching(Grid().numbers("x", noise(count, 1))
                                             .column("said", Type::kText, said).numbers("y", y)
                                             .table()));
  EXPECT_TRUE(has(found_of(draft), "said_text")) << draft.search.dump(1);
  EXPECT_LT(draft.search.at("loss").get<double>(), 1.5);
}

TEST(Search, ATwinTakesOverWhatWasFound) {
  Job job = quotients(30);
  const Draft measured = draft_of(job);
  job.situation.twin = true;
  job.found = measured.search.at("found");
  const Draft twin = draft_of(job);
  EXPECT_FALSE(twin.search.contains("families"));
  EXPECT_EQ(twin.search.at("found"), measured.search.at("found"));
  EXPECT_EQ(twin.transform.feature_names(), measured.transform.feature_names());
  job.found = Json::object();  // nothing was found
  EXPECT_EQ(draft_of(job).transform.features(), 3U);
}

TEST(Search, OfManyClassesFindsWhatTellsThemApart) {
  const std::size_t count = 2'500;
  const auto a = noise(count, 20), b = noise(count, 21);
  std::vector<double> positive;
  std::vector<std::string> kinds, none;
  Chance chance(Seed{5});
  for (std::size_t i = 0; i < count; ++i) {
    positive.push_back(std::exp(b[i]));
    const double quotient = a[i] / positive[i];
    kinds.push_back(quotient < -0.4 ? "low" : quotient < 0.4 ? "middle" : "top");
    none.push_back(std::string(1, "abcdefgh"[chance.below(8)]));
  }
  const auto grid = [&](const std::vector<std::string>& target) {
    return searching(Grid().numbers("a", a).numbers("b", positive).numbers("c", noise(count, 9))
                         .column("y", Type::kCategory, target).table());
  };
  const Draft draft = draft_of(grid(kinds));
  EXPECT_TRUE(has(found_of(draft), "a / b")) << draft.search.dump(1);
  const Draft noisy = draft_of(grid(none));
  EXPECT_EQ(noisy.transform.features(), 3U) << noisy.search.dump(1);
}

TEST(Search, SaysWhyItDidNotLook) {
  const Job job =
      searching(Grid().numbers("x", noise(200, 1)).numbers("y", noise(200, 2)).table());
  EXPECT_EQ(draft_of(job).search.at("why_not"), "there are too few training rows to judge by");
}

TEST(Search, WishesAreWrittenAsAProjectWouldWriteThem) {
  const Json tables = Json::parse(R"({"lag": [{"column": "y", "by": "7d"}, {"column": "y",
      "rows": 1}], "window": [{"column": "y", "over": "28d", "take": ["mean"]}],
      "combine": [{"columns": ["a", "b"], "by": "/"}, {"columns": ["k", "l"], "by": "&"},
      {"columns": ["a", "b"], "by": "+", "weight": 0.414}],
      "encode": [{"column": "k"}], "text": [{"column": "said"}]})");
  EXPECT_EQ(to_json(*wishes_from(tables)), tables);
  EXPECT_FALSE(wishes_from(Json::parse(R"({"combine": [{"by": "/"}]})")));
}

}  // namespace
}  // namespace rondo::prepare
