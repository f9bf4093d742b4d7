// Detector A through the program's own watcher: false notices and delays on made streams, and what
// watching costs. G2: 1,000 rows an hour of N(m_h, 1), m_h = .3 sin(2 pi h/24) + .1 sin(2 pi h/168)
// + .05 N(0, 1), 28 days of them as the reference, 100 columns; G1: N(0, 1), reference of 100,000
// rows. Prints one JSON object.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <optional>
#include <vector>

#include "base/seed.h"
#include "monitor/watcher.h"
#include "stats/cbpe.h"
#include "stats/classifier_bet.h"
#include "stats/intervals.h"

namespace {

using namespace rondo;

constexpr int kColumns = 100, kReferenceDays = 28, kRows = 1'000, kRuns = 15;
const Time kBegin = *parse_time("2020-01-06");

/// Normal numbers, cheap: a table of quantiles, and a uniform place in it.
class Normals {
 public:
  explicit Normals(std::uint64_t seed) : chance_(Seed{seed}) {
    Chance wide(Seed{1});
    for (double& x : values_) {
      x = std::sqrt(-2 * std::log(1 - wide.uniform())) *
          std::cos(2 * std::numbers::pi * wide.uniform());
    }
  }
  double next() { return values_[chance_.below(values_.size())]; }
  Chance& chance() { return chance_; }

 private:
  std::vector<double> values_ = std::vector<double>(1 << 20);
  Chance chance_;
};

struct World {
  bool season = true;
  int columns = kColumns;
  double mean(int hour, Normals& normals) const {
    if (!season) return 0;
    constexpr double kTurn = 2 * std::numbers::pi;
    return 0.3 * std::sin(kTurn * hour / 24) + 0.1 * std::sin(kTurn * hour / 168) +
           0.05 * normals.next();
  }
  std::shared_ptr<model::Reference> reference(int hours, Normals& normals) const {
    std::vector<table::ColumnBuilder> builders;
    table::Schema schema;
    std::vector<std::string> names;
    for (int c = 0; c < columns; ++c) {
      builders.emplace_back(table::Type::kNumber);
      names.push_back("x" + std::to_string(c));
      schema.fields.push_back({names.back(), table::Type::kNumber});
    }
    std::vector<Time> times;
    for (int hour = 0; hour < hours; ++hour) {
      for (auto& builder : builders) {
        const double m = mean(hour, normals);
        for (int i = 0; i < kRows; ++i) builder.number(m + normals.next());
      }
      for (int i = 0; i < kRows; ++i) {
        times.push_back(kBegin + Span::hours(hour) + Span::seconds(3 * i));
      }
    }
    std::vector<std::shared_ptr<const table::Column>> found;
    for (auto& builder : builders) found.push_back(builder.finish());
    return std::make_shared<model::Reference>(
        model::freeze(table::Table(std::move(schema), std::move(found)), names, "y", times));
  }
  monitor::Cohort hour(int hour, double shift, Normals& normals) const {
    const Time from = kBegin + Span::hours(hour);
    monitor::Cohort cohort{1, from, from + Span::hours(1), {}};
    cohort.rows.resize(kRows);
    for (int i = 0; i < kRows; ++i) {
      cohort.rows[static_cast<std::size_t>(i)].time = from + Span::seconds(3 * i);
      cohort.rows[static_cast<std::size_t>(i)].cells.reserve(static_cast<std::size_t>(columns));
    }
    for (int c = 0; c < columns; ++c) {
      const double m = mean(hour, normals) + (c == 0 ? shift : 0);
      for (monitor::Judged& row : cohort.rows) {
        row.cells.push_back({model::Cell::Kind::kNumber, m + normals.next(), {}});
      }
    }
    return cohort;
  }
};

monitor::Options hourly() {
  monitor::Options options;
  options.window = Span::hours(1);
  return options;
}

int notices(const std::vector<monitor::Signal>& signals, const std::string& subject = {}) {
  return static_cast<int>(std::count_if(signals.begin(), signals.end(), [&](const auto& signal) {
    return signal.open && signal.kind == "drift" && (subject.empty() || signal.subject == subject);
  }));
}

struct Told {
  int drift = 0, others = 0;  // missing, spike, jump, quality, together
};

Told quiet_hours(const World& world, int reference_hours, int hours, std::uint64_t seed) {
  Normals normals(seed);
  monitor::Watcher watcher(hourly(), world.reference(reference_hours, normals), 1);
  Told told;
  for (int hour = 0; hour < hours; ++hour) {
    const auto signals = watcher.inputs(world.hour(reference_hours + hour, 0, normals));
    told.drift += notices(signals);
    for (const monitor::Signal& signal : signals) {
      told.others += signal.open && signal.kind != "drift" ? 1 : 0;
    }
  }
  return told;
}

/// G6, without a change: ten columns, two of which correlate by .8. Rows until the classifier
/// alarms, at one false alarm in 20,000 rows granted; `most` where it does not.
int classifier_run(std::uint64_t seed, int most) {
  constexpr std::size_t kWide = 10, kBins = 20;
  Chance chance(Seed{seed});
  const auto row = [&chance] {
    std::vector<std::uint8_t> bins;
    double first = 0;
    for (std::size_t i = 0; i < kWide; ++i) {
      double x = chance.normal();
      if (i == 0) first = x;
      if (i == 1) x = 0.8 * first + 0.6 * x;
      bins.push_back(static_cast<std::uint8_t>(
          std::min(kBins - 1.0, std::floor(kBins * stats::normal_cdf(x)))));
    }
    return bins;
  };
  stats::BinnedSample sample;
  sample.scores.assign(kWide, stats::normal_scores(std::vector<std::uint64_t>(kBins, 50)));
  for (int i = 0; i < 20'000; ++i) {
    for (const std::uint8_t bin : row()) sample.bins.push_back(bin);
  }
  stats::ClassifierEvidence evidence(sample);
  for (int i = 1; i <= most; ++i) {
    evidence.add(row());
    evidence.close(1.0 / 20'000);
    if (evidence.value() >= 1) return i;
  }
  return most;
}

struct Runs {
  double rows = 0;
  int alarms = 0;
};

Runs classifier_runs(int runs, int most) {
  Runs all;
  for (int run = 0; run < runs; ++run) {
    const int rows = classifier_run(1'000 + static_cast<std::uint64_t>(run), most);
    all.rows += rows;
    all.alarms += rows < most ? 1 : 0;
  }
  return all;
}

/// Hours until x0 is told, the median of the runs; a run that never tells counts as `most`.
int delay(const World& world, int reference_hours, double shift, int most, std::uint64_t seed) {
  Normals normals(seed);
  const auto reference = world.reference(reference_hours, normals);
  std::vector<int> delays;
  for (int run = 0; run < kRuns; ++run) {
    monitor::Watcher watcher(hourly(), reference, 1);
    const int quiet = 24 + static_cast<int>(normals.chance().below(24));
    int found = most;
    for (int hour = 0; hour < quiet + most && found == most; ++hour) {
      const auto told = watcher.inputs(world.hour(reference_hours + hour,
                                                  hour < quiet ? 0 : shift, normals));
      if (hour >= quiet && notices(told, "x0") > 0) found = hour - quiet + 1;
    }
    delays.push_back(found);
  }
  std::sort(delays.begin(), delays.end());
  return delays[delays.size() / 2];
}

struct Cost {
  double us_a_row = 0, us_a_row_p99 = 0;
  std::size_t model_bytes = 0, state_bytes = 0, reference_bytes = 0;
};

/// What is allocated, of all threads.
std::size_t heap() {
  const struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// Rows are watched by the window that they came in: a row costs its part of the window, and the
/// 99th percentile is over windows, of which some end a day too. A window's cost is the least of
/// three watchers that see the same one after the other, so that it is not what else the machine
/// did. The model's memory is what its reference, as it is read from its file, and one watcher hold
/// afterwards.
Cost cost_of_watching() {
  constexpr int kBefore = 24 * 10, kWindows = 24 * 30, kTurns = 3;
  const World world{true, 20};
  Normals normals(5);
  Cost cost;
  std::vector<double> us(kWindows, 1e300);
  const std::string text = io::canonical(world.reference(kBefore, normals)->to_json());
  cost.reference_bytes = text.size();
  const std::size_t before = heap();
  const auto reference = std::make_shared<model::Reference>(
      model::Reference::from_json(io::parse_json(text).value()).value());
  std::optional<monitor::Watcher> watcher;
  for (int turn = 0; turn < kTurns; ++turn) {
    Normals same = normals;
    watcher.emplace(hourly(), reference, 1);
    for (int hour = 0; hour < kWindows; ++hour) {
      const monitor::Cohort cohort = world.hour(kBefore + hour, 0, same);
      const auto begin = std::chrono::steady_clock::now();
      watcher->inputs(cohort);
      watcher->take_windows();
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - begin;
      double& least = us[static_cast<std::size_t>(hour)];
      least = std::min(least, took.count() / kRows);
    }
  }
  for (const double one : us) cost.us_a_row += one / kWindows;
  std::ranges::sort(us);
  cost.us_a_row_p99 = us[(us.size() * 99 + 99) / 100 - 1];
  cost.model_bytes = heap() - before;
  cost.state_bytes = io::canonical(watcher->state()).size();
  return cost;
}

/// Six metrics of a million rows without their labels. The answer is known: of a calibrated score
/// the expected share of right answers is the mean of max(s, 1 - s).
double seconds_of_estimates() {
  constexpr std::size_t kMany = 1'000'000, kKnown = 100'000;
  Chance chance(Seed{6});
  std::vector<double> score(kMany), c(kMany);
  std::vector<std::uint8_t> positive(kMany), label(kKnown);
  double right = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    score[i] = chance.uniform();
    positive[i] = score[i] >= 0.5 ? 1 : 0;
    right += std::max(score[i], 1 - score[i]) / kMany;
    if (i < kKnown) label[i] = chance.uniform() < score[i] ? 1 : 0;
  }
  const auto begin = std::chrono::steady_clock::now();
  const stats::Calibration map =
      stats::fit_isotonic({std::span(score).first(kKnown), label});
  for (std::size_t i = 0; i < kMany; ++i) c[i] = map.probability(score[i]);
  const stats::ExpectedMetrics said = stats::expected_metrics(score, c, positive);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (std::abs(said.accuracy - right) > 0.01) std::abort();
  return took.count();
}

/// A million rows of 20 numbers and their label, without a clock; the least of five turns.
double seconds_of_freezing() {
  constexpr std::size_t kMany = 1'000'000;
  Normals normals(14);
  std::vector<std::shared_ptr<const table::Column>> columns;
  std::vector<std::string> names;
  table::Schema schema;
  for (int c = 0; c <= 20; ++c) {
    table::ColumnBuilder column(table::Type::kNumber);
    for (std::size_t i = 0; i < kMany; ++i) column.number(normals.next());
    columns.push_back(column.finish());
    schema.fields.push_back({c < 20 ? "x" + std::to_string(c) : "y", table::Type::kNumber});
    if (c < 20) names.push_back(schema.fields.back().name);
  }
  const table::Table rows(std::move(schema), std::move(columns));
  double least = 1e300;
  for (int turn = 0; turn < 5; ++turn) {
    const auto begin = std::chrono::steady_clock::now();
    const model::Reference reference = model::freeze(rows, names, "y", {});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (reference.columns.size() < 20) std::abort();
    least = std::min(least, took.count());
  }
  return least;
}

}  // namespace

int main(int argc, char**) {
  const bool full = argc > 1;
  const World seasonal{true, kColumns}, plain{false, 1}, wide{false, kColumns};
  constexpr int kMonth = 24 * kReferenceDays, kEven = 100;
  const Told year = quiet_hours(seasonal, kMonth, full ? 24 * 365 : 24 * 30, 11);
  Told columns;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Told one = quiet_hours(plain, kEven, full ? 24 * 365 : 24 * 60, 100 + seed);
    columns = {columns.drift + one.drift, columns.others + one.others};
  }
  const Runs runs = classifier_runs(full ? 200 : 20, 40'000);
  const Cost cost = cost_of_watching();
  std::printf("{\"days\":%d,\"seasonal_notices\":%d,\"even_notices\":%d,\"quality_signals\":%d,"
              "\"classifier_rows\":%.0f,\"classifier_alarms\":%d,\"even_fifth\":%d,"
              "\"even_fifth_of_100\":%d,\"seasonal_half\":%d,\"seasonal_fifth\":%d,"
              "\"us_a_row\":%.4f,\"us_a_row_p99\":%.4f,\"model_bytes\":%zu,"
              "\"state_bytes\":%zu,\"reference_bytes\":%zu,"
              "\"estimates_s\":%.4f,\"freeze_s\":%.4f}\n",
              full ? 365 : 30, year.drift, columns.drift, year.others + columns.others, runs.rows,
              runs.alarms, delay(plain, kEven, 0.2, 48, 21),
              delay(wide, kEven, 0.2, 48, 22), delay(seasonal, kMonth, 0.5, 48, 23),
              delay(seasonal, kMonth, 0.2, 96, 24), cost.us_a_row, cost.us_a_row_p99,
              cost.model_bytes, cost.state_bytes, cost.reference_bytes, seconds_of_estimates(),
              seconds_of_freezing());
}
