// Each rule of the leak guard with a set that has the leak, and with clean sets on which it must be
// quiet.
#include <gtest/gtest.h>

#include "prepare/linear.h"
#include "prepare/single.h"
#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

std::vector<double> times_and(const std::vector<double>& a, double scale,
                              const std::vector<double>& b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(scale * a[i] + b[i]);
  return out;
}

/// Rules that fired, with their columns: "target copy: a".
std::vector<std::string> found(const Job& job) {
  Job warned = job;
  warned.options.leaks = "warn";
  const Draft draft = draft_of(warned);
  std::vector<std::string> out;
  for (const Finding& f : draft.findings) {
    out.push_back(f.columns.empty() ? f.rule : f.rule + ": " + listed(f.columns));
  }
  return out;
}

using Names = std::vector<std::string>;

constexpr std::size_t kRows = 2000;

/// A clean question: x tells about half of y's variance.
Grid clean(bool clocked) {
  Grid grid;
  if (clocked) grid.times(clock(kRows));
  const auto x = noise(kRows, 1);
  return grid.numbers("x", x).numbers("u", noise(kRows, 3))
      .numbers("y", times_and(x, 1, noise(kRows, 2)));
}

std::vector<double> column(const table::Table& rows, const std::string& name) {
  return rows.find(name)->numbers;
}

TEST(Guard, ACopyOfANumberInAnyMonotoneDisguise) {
  for (const bool clocked : {true, false}) {
    const table::Table rows = clean(clocked).table();
    std::vector<double> same = column(rows, "y"), skewed;
    for (const double y : same) skewed.push_back(-std::exp(3 * y));
    EXPECT_EQ(found(job_of(Grid(rows).numbers("copy", same).table(), "y")),
              Names{"target copy: copy"});
    EXPECT_EQ(found(job_of(Grid(rows).numbers("copy", skewed).table(), "y")),
              Names{"target copy: copy"});
    EXPECT_EQ(found(job_of(rows, "y")), Names{});
  }
}

TEST(Guard, ACopyThatBeganLately) {
  // 6,000 rows; `copy` is the target from row 3,900 on, and chance before. Training ends at 5,664
  // (14 days before the end); its newest quarter begins at 4,248.
  const std::size_t n = 6000;
  std::vector<double> y = noise(n, 1), copy = noise(n, 2), later = noise(n, 3);
  for (std::size_t i = 3900; i < n; ++i) copy[i] = y[i];
  for (std::size_t i = 4500; i < n; ++i) later[i] = y[i];
  const Grid rows = Grid().numbers("x", noise(n, 4)).numbers("later", later).numbers("y", y);
  EXPECT_EQ(found(job_of(Grid(rows).numbers("copy", copy).times(clock(n)).table(), "y")),
            Names{"target copy: copy"});
  EXPECT_EQ(found(job_of(Grid(rows).times(clock(n)).table(), "y")), Names{});
}

TEST(Guard, ACopyOfATargetWithAHeavyTail) {
  const table::Table rows = clean(false).table();
  std::vector<double> heavy, log;
  for (const double y : column(rows, "y")) {
    heavy.push_back(std::exp(3 * y));
    log.push_back(y);
  }
  EXPECT_EQ(found(job_of(Grid(rows).numbers("log", log).numbers("y", heavy).table(), "y")),
            Names{"target copy: log"});
}

TEST(Guard, ACopyOfAClassAsCategoryOrScore) {
  std::vector<std::string> label, words;
  std::vector<double> score, weak;
  const auto z = noise(kRows, 5), e = noise(kRows, 6);
  for (std::size_t i = 0; i < kRows; ++i) {
    label.push_back(z[i] > 1 ? "yes" : "no");
    words.push_back(z[i] > 1 ? (i % 2 == 0 ? "left" : "went") : (i % 3 == 0 ? "stays" : "is here"));
    score.push_back(z[i] > 1 ? 5 + e[i] * 0.1 : e[i] * 0.1);
    weak.push_back(z[i] + 2 * e[i]);
  }
  Grid base;
  base.numbers("weak", weak).column("y", Type::kCategory, label);
  EXPECT_EQ(found(job_of(base.table(), "y")), Names{});
  EXPECT_EQ(found(job_of(Grid(base).column("status", Type::kCategory, words).table(), "y")),
            Names{"target copy: status"});
  EXPECT_EQ(found(job_of(Grid(base).numbers("score", score).table(), "y")),
            Names{"target copy: score"});
}

TEST(Guard, ACopyOfManyClasses) {
  std::vector<std::string> label, words, weak;
  Chance chance(Seed{1});
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto k = chance.below(5);
    label.push_back("class " + std::to_string(k));
    words.push_back("word " + std::to_string(4 - k));
    weak.push_back("w" + std::to_string(chance.below(3) == 0 ? k : chance.below(5)));
  }
  Grid base;
  base.column("weak", Type::kCategory, weak).column("y", Type::kCategory, label);
  EXPECT_EQ(found(job_of(base.table(), "y")), Names{});
  EXPECT_EQ(found(job_of(Grid(base).column("copy", Type::kCategory, words).table(), "y")),
            Names{"target copy: copy"});
}

TEST(Guard, ALinearFormulaNamesItsColumnsOnly) {
  const auto a = noise(kRows, 11), b = noise(kRows, 12);
  const table::Table rows =
      Grid(clean(true)).numbers("a", a).numbers("b", b).numbers("y", times_and(a, 3, b)).table();
  EXPECT_EQ(found(job_of(rows, "y")), Names{"linear copy: a and b"});
  Job excused = job_of(rows, "y");
  excused.options.allow = {"b"};
  EXPECT_EQ(found(excused), Names{});  // a alone explains nine tenths
  Job late = job_of(rows, "y");
  late.options.late = {"a"};
  EXPECT_EQ(found(late), Names{});
}

TEST(Guard, FewRowsAndManyColumnsAreNoFormula) {
  // 100 columns of chance fit 100 values of y exactly; half of the rows would not agree.
  Sample sample;
  for (std::uint64_t j = 0; j < 100; ++j) sample.columns.push_back(noise(220, 100 + j));
  sample.target = noise(220, 99);
  EXPECT_TRUE(find_linear_copy(sample, 0.9999).columns.empty());
  sample.target = times_and(sample.columns[7], 2, sample.columns[70]);
  EXPECT_EQ(find_linear_copy(sample, 0.9999).columns, (std::vector<std::size_t>{7, 70}));
}

TEST(Guard, CollinearColumnsAndFarOriginsDoNotBlindIt) {
  Sample sample;
  auto a = noise(500, 1), b = noise(500, 2);
  for (double& value : a) value = 1e6 + value;
  sample.columns = {a, a, b, std::vector<double>(500, 3.0)};
  sample.target = times_and(a, 1, b);
  const LinearCopy copy = find_linear_copy(sample, 0.9999);
  EXPECT_EQ(copy.columns.size(), 2U);
  EXPECT_NEAR(copy.r2, 1, 1e-9);
}

TEST(Guard, AnIdentifierThatOrdersTheClasses) {
  std::vector<std::int64_t> sorted, shuffled;
  std::vector<std::string> label;
  Chance chance(Seed{3});
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto number = static_cast<std::int64_t>(i);
    const bool yes = chance.below(kRows) < (i + kRows) / 3;  // a third at first, two at last
    label.push_back(yes ? "yes" : "no");
    sorted.push_back(number);
    shuffled.push_back(number * 1009 % 4001);
  }
  const auto with = [&](const std::vector<std::int64_t>& id, bool clocked) {
    Grid grid;
    if (clocked) grid.times(clock(kRows));
    return job_of(grid.numbers("x", noise(kRows, 1)).integers("id", id)
                      .column("y", Type::kCategory, label).table(), "y");
  };
  EXPECT_EQ(found(with(sorted, false)), Names{"id: id"});
  EXPECT_EQ(found(with(shuffled, false)), Names{});
  EXPECT_EQ(found(with(sorted, true)), Names{});  // what changes with time is no fault
}

TEST(Guard, CopiesOnBothSidesOfATimeSplit) {
  const auto x = noise(kRows, 1), u = noise(kRows, 3), y = times_and(x, 1, noise(kRows, 2));
  // The last `whole` rows are copies of the first ones; the `cells` before them keep their label.
  const auto copied = [&](std::size_t whole, std::size_t cells) {
    auto x2 = x, u2 = u, y2 = y;
    for (std::size_t i = 0; i < whole + cells; ++i) {
      x2[kRows - 1 - i] = x2[i];
      u2[kRows - 1 - i] = u2[i];
      if (i < whole) y2[kRows - 1 - i] = y2[i];
    }
    return job_of(Grid().times(clock(kRows)).numbers("x", x2).numbers("u", u2).numbers("y", y2)
                      .table(), "y");
  };
  // 336 test rows (14 days). None of the newer 832 training rows repeats an older one, so at most
  // 0.827 % do (1 - 0.001^(1/832)), and twice that is 1.654 %. By the sums of the binomial tail, 15
  // of 336 are at least 1.746 %, 14 at least 1.565 %.
  EXPECT_EQ(found(copied(0, 0)), Names{});
  EXPECT_EQ(found(copied(14, 0)), Names{});
  EXPECT_EQ(found(copied(15, 0)), Names{"duplicates"});
  EXPECT_EQ(found(copied(0, 30)), Names{});
  Draft draft;
  EXPECT_EQ(work(copied(20, 5), draft),
            "the target would leak into the model: 20 of the 336 test rows are copies of training "
            "rows, \"y\" included (5 more have the same cells and another \"y\"). Take the copies "
            "out of the source, or set prepare.leaks = \"warn\" if such rows are really different "
            "events");
}

TEST(Guard, CoarseRowsRepeatWithoutAnyFault) {
  Chance chance(Seed{4});
  std::vector<std::int64_t> a, b, y;
  for (std::size_t i = 0; i < kRows; ++i) {
    a.push_back(static_cast<std::int64_t>(chance.below(10)));
    b.push_back(static_cast<std::int64_t>(chance.below(30)));
    y.push_back(static_cast<std::int64_t>(chance.below(4)));
  }
  const Job job = job_of(Grid().times(clock(kRows)).integers("a", a).integers("b", b)
                             .integers("y", y).table(), "y");
  EXPECT_EQ(found(job), Names{});
}

TEST(Guard, AClockThatRunsAhead) {
  const auto at = [](std::size_t ahead_each) {
    std::vector<Time> times = clock(kRows);
    std::vector<std::int64_t> done;
    for (std::size_t i = 0; i < kRows; ++i) {
      const Span by = Span::hours(ahead_each > 0 && i % ahead_each == 0 ? 3 : -3);
      done.push_back((times[i] + by).us);
    }
    return job_of(clean(true).integers("done", done, Type::kTime).table(), "y");
  };
  EXPECT_EQ(found(at(0)), Names{});
  EXPECT_EQ(found(at(1700)), Names{});            // one of 1,664 rows is less than 0.1 %
  EXPECT_EQ(found(at(100)), Names{"future: done"});
}

TEST(Guard, StopsWithWhatToDoOrWarns) {
  const auto a = noise(kRows, 11), b = noise(kRows, 12);
  Job job = job_of(Grid(clean(true)).numbers("casual", a).numbers("registered", b)
                       .numbers("y", times_and(a, 1, b)).table(), "y");
  Draft draft;
  EXPECT_EQ(work(job, draft),
            "the target would leak into the model: casual + registered give \"y\" by a linear "
            "formula (R2 1.00000 on rows that it was not fitted to). What is not known when a "
            "prediction is asked for belongs into prepare.ignore, or into prepare.late when it "
            "comes with the label; what is known then belongs into prepare.allow: casual and "
            "registered");
  job.options.leaks = "warn";
  const Draft warned = draft_of(job);
  EXPECT_EQ(warned.findings.size(), 1U);
  EXPECT_NE(reason_of(job, warned).find("warning: casual + registered give"), std::string::npos);
  EXPECT_EQ(evidence_of(job, warned)["leaks"][0]["columns"], Json({"casual", "registered"}));
}

TEST(Single, ParityOfFoldsIsOutOfFold) {
  // Every row has a category of its own: in its own fold it would know everything.
  std::vector<double> code, label;
  for (std::size_t i = 0; i < 100; ++i) {
    code.push_back(static_cast<double>(i));
    label.push_back(static_cast<double>(i % 2));
  }
  const Answer answer = answer_of(model::Task::kBinary, 2, label);
  EXPECT_NEAR(told_alone(cut(code, true), answer), 0.5, 1e-12);
}

TEST(Single, R2OfFiveRowsByHand) {
  // Bins {1, 1, 1, 2, 2} of y = 2, 4, 3, 10, 12: each row is a fold of its own, so each is answered
  // by the mean of the other rows of its bin (up to the prior of 0.01 rows).
  const std::vector<double> x = {1, 1, 1, 2, 2}, y = {2, 4, 3, 10, 12};
  const double mean = 6.2, p = 0.01;
  const auto say = [&](double sum, double n) { return (sum + p * mean) / (n + p); };
  const double left = std::pow(2 - say(7, 2), 2) + std::pow(4 - say(5, 2), 2) +
                      std::pow(3 - say(6, 2), 2) + std::pow(10 - say(12, 1), 2) +
                      std::pow(12 - say(10, 1), 2);
  double all = 0;
  for (const double value : y) all += (value - mean) * (value - mean);
  Answer answer{model::Task::kRegression, 0, y, y};
  EXPECT_NEAR(told_alone(cut(x, false), answer), 1 - left / all, 1e-12);
}

TEST(Single, MissingCellsHaveABinOfTheirOwn) {
  const std::vector<double> values = {3, NAN, 1, NAN, 2, 1};
  const Binned binned = cut(values, false);
  EXPECT_EQ(binned.bin, (std::vector<std::uint32_t>{2, 3, 0, 3, 1, 0}));
  EXPECT_EQ(cut(values, true).bin, (std::vector<std::uint32_t>{3, 4, 1, 4, 2, 1}));
}

}  // namespace
}  // namespace rondo::prepare
