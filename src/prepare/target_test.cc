// Which rows are learnt from, what task the target asks for, and what is said when it asks for
// none.
#include <gtest/gtest.h>

#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

/// 200 rows: one noisy feature, and a target of these cells, repeated.
table::Table rows_with(Type type, const std::vector<std::string>& cells) {
  std::vector<std::string> target;
  for (std::size_t i = 0; i < 200; ++i) target.push_back(cells[i % cells.size()]);
  return Grid().numbers("x", noise(200, 1)).column("y", type, target).table();
}

struct TaskCase {
  const char* what;
  Type type;
  std::vector<std::string> cells;
  const char* asked;
  model::Task task;
  std::vector<std::string> classes;
};

TEST(Target, TaskFollowsFromItsValues) {
  using enum model::Task;
  const std::vector<TaskCase> cases = {
      {"two texts", Type::kCategory, {"yes", "no", "no"}, "auto", kBinary, {"no", "yes"}},
      {"two numbers", Type::kInteger, {"1", "0"}, "auto", kBinary, {"0", "1"}},
      {"bools", Type::kBool, {"1", "0"}, "auto", kBinary, {"false", "true"}},
      {"three texts", Type::kCategory, {"b", "a", "c"}, "auto", kMulticlass, {"a", "b", "c"}},
      {"numbers", Type::kNumber, {"1.5", "2", "7"}, "auto", kRegression, {}},
      {"two numbers, asked", Type::kInteger, {"1", "0"}, "regression", kRegression, {}},
      {"three numbers, asked", Type::kInteger, {"3", "1", "2"}, "multiclass", kMulticlass,
       {"1", "2", "3"}},
      {"missing ones do not count", Type::kCategory, {"a", "", "b"}, "auto", kBinary, {"a", "b"}},
  };
  for (const TaskCase& each : cases) {
    Job job = job_of(rows_with(each.type, each.cells), "y");
    job.situation.task = each.asked;
    const Draft draft = draft_of(job);
    EXPECT_EQ(draft.task, each.task) << each.what;
    EXPECT_EQ(draft.classes, each.classes) << each.what;
    for (std::size_t i = 0; i < draft.used.size(); ++i) {
      const std::string& cell = each.cells[draft.used[i] % each.cells.size()];
      if (each.task == kRegression) {
        EXPECT_EQ(draft.label[i], std::stod(cell)) << each.what;
      } else {
        const std::string name = each.type == Type::kBool ? (cell == "1" ? "true" : "false") : cell;
        EXPECT_EQ(each.classes[static_cast<std::size_t>(draft.label[i])], name) << each.what;
      }
    }
  }
}

TEST(Target, WeightsAreNumbersOfTheUsedRowsAndNoFeature) {
  table::Table rows = rows_with(Type::kNumber, {"1.5", "2", "", "7"});
  std::vector<double> weights;
  for (std::size_t i = 0; i < 200; ++i) weights.push_back(i % 4 == 2 ? -1 : static_cast<double>(i));
  const auto with = [&](const std::vector<double>& values) {
    Job job = job_of(Grid(rows).numbers("w", values).table(), "y");
    job.situation.weight = "w";
    return job;
  };
  const Draft draft = draft_of(with(weights));  // that of a row without a label is not looked at
  ASSERT_EQ(draft.weight.size(), draft.used.size());
  for (std::size_t i = 0; i < draft.used.size(); ++i) {
    EXPECT_EQ(draft.weight[i], static_cast<double>(draft.used[i]));
  }
  EXPECT_EQ(draft.transform.feature_names(), std::vector<std::string>{"x"});
  const auto says = [&](std::size_t row, double weight, const std::string& what) {
    std::vector<double> spoiled = weights;
    spoiled[row] = spoiled[row + 4] = weight;
    Draft none;
    const std::string why = work(with(spoiled), none);
    EXPECT_NE(why.find("2 of 150 rows have no weight of 0 or more in \"w\": in the first, row " +
                       std::to_string(row) + " of d1, it is " + what), std::string::npos) << why;
  };
  says(9, std::nan(""), "missing");
  says(8, -0.5, "-0.5");
  Draft none;
  EXPECT_NE(work(with(std::vector<double>(200, 0)), none).find("is 0 in all 150 rows"),
            std::string::npos);
  Job job = with(weights);
  job.situation.weight = "weight";
  EXPECT_NE(work(job, none).find("[train] weight names \"weight\", which is no column"),
            std::string::npos);
  job.situation.weight = "y";
  EXPECT_NE(work(job, none).find("which is the target; a weight is a number"), std::string::npos);
}

struct BrokenCase {
  const char* target;
  Type type;
  std::vector<std::string> cells;
  const char* asked;
  const char* sentence;
};

TEST(Target, SaysWhyNothingCanBeLearnt) {
  const std::vector<BrokenCase> cases = {
      {"z", Type::kNumber, {"1"}, "auto",
       "the target \"z\" is no column of dataset d1; it has x and y"},
      {"y", Type::kInteger, {"5"}, "auto",
       "the target \"y\" is 5 in all 200 rows that have one: there is nothing to learn"},
      {"y", Type::kCategory, {"no", ""}, "auto",
       "the target \"y\" is no in all 100 rows that have one: there is nothing to learn"},
      {"y", Type::kCategory, {""}, "auto",
       "only 0 of the 200 rows of d1 may be learnt from, and a model needs 50; 200 have no \"y\" "
       "yet"},
      {"y", Type::kCategory, {"a", "b"}, "regression",
       "the task is regression, but the target \"y\" is text; take a column of numbers, or another "
       "task"},
      {"y", Type::kInteger, {"1", "2", "3"}, "binary",
       "the task is binary, but the target \"y\" has more than two values"},
      {"y", Type::kTime, {"2011-01-01", "2011-01-02"}, "auto",
       "the target \"y\" is a time, which no task predicts"},
  };
  for (const BrokenCase& each : cases) {
    Job job = job_of(rows_with(each.type, each.cells), each.target);
    job.situation.task = each.asked;
    Draft draft;
    EXPECT_EQ(work(job, draft), each.sentence);
  }
}

TEST(Target, QuantilesAreAskedOfANumber) {
  Job job = job_of(rows_with(Type::kInteger, {"1", "0"}), "y");
  job.situation.quantiles = {0.1, 0.9};
  EXPECT_EQ(draft_of(job).task, model::Task::kRegression) << "of two values too";
  job.rows = rows_with(Type::kCategory, {"a", "b"});
  Draft draft;
  EXPECT_EQ(work(job, draft),
            "[train] quantiles asks for quantiles of a number, but the target \"y\" is text; take "
            "a column of numbers, or another task");
}

TEST(Target, OneClassInTheTrainingPartIsNamed) {
  std::vector<std::string> target(1000, "no");
  for (std::size_t i = 900; i < 1000; ++i) target[i] = "yes";
  const Job job = job_of(Grid().times(clock(1000)).numbers("x", noise(1000, 1))
                             .column("y", Type::kCategory, target).table(), "y");
  Draft draft;
  EXPECT_EQ(work(job, draft),
            "the target \"y\" is no in all 800 training rows, so nothing can be learnt; other "
            "values come only later");
}

TEST(Target, LabelsThatAreLateOrInQuarantineDoNotTrain) {
  Job job = job_of(Grid().times(clock(1000)).numbers("x", noise(1000, 1))
                       .numbers("y", noise(1000, 2)).table(), "y");
  job.situation.label_delay = job.situation.gap = Span::days(1);
  job.now = kStart + Span::hours(900);  // labels up to hour 876 are known
  job.situation.quarantine = {{kStart + Span::hours(100), kStart + Span::hours(110), "y", "zeros"}};
  const Draft draft = draft_of(job);
  EXPECT_EQ(draft.used.size(), 877U - 10U);
  EXPECT_EQ(draft.kept_out.not_due, 123U);
  EXPECT_EQ(draft.kept_out.quarantined, 10U);
  for (const std::size_t row : draft.used) {
    EXPECT_LE(row, 876U);
    EXPECT_FALSE(row >= 100 && row < 110) << row;
  }
}

TEST(Target, TooFewRowsSaysWhereTheOthersAre) {
  Job job = job_of(Grid().times(clock(100)).numbers("x", noise(100, 1))
                       .numbers("y", noise(100, 2)).table(), "y");
  job.situation.label_delay = Span::days(2);
  job.now = kStart + Span::hours(80);
  job.situation.quarantine = {{kStart, kStart + Span::hours(3), "x", "spike"}};
  Draft draft;
  EXPECT_EQ(work(job, draft),
            "only 30 of the 100 rows of d1 may be learnt from, and a model needs 50; 67 are "
            "younger than label_delay (2d); 3 are kept out until they are judged or a signal is "
            "over");
}

}  // namespace
}  // namespace rondo::prepare
