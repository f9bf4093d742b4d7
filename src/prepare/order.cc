// A split by chance where rows have an order in time. Neighbours in time are alike, so chance puts
// a twin of each test row into training, and its figure never comes true. The guard does not argue:
// it measures both splits with one quick model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <span>

#include "prepare/guard.h"
#include "prepare/quick.h"

namespace rondo::prepare {
namespace {

using table::Column;
using table::Type;

constexpr double kGap = 0.05;          // a smaller difference of accuracy or R2 is no finding
constexpr double kErrors = 4;          // and it must be so many standard errors
constexpr std::size_t kFewestValues = 20;  // of a number that may be a clock
constexpr double kInOrder = 0.9;       // of changes of a time, in a file that was written in time
constexpr double kRising = 0.99;       // of changes of a number that may be a clock
constexpr std::size_t kMostClocks = 4;

/// When a row was, by some column; NaN when that is not known.
using When = std::vector<double>;

struct Both {
  Figure by_chance, by_time;
  double difference() const { return by_chance.value - by_time.value; }
  bool apart() const {
    const double error = std::hypot(by_chance.error, by_time.error);
    return difference() > std::max(kGap, kErrors * error);
  }
  Json json(std::string_view measure) const {
    return {{"measure", measure}, {"by_chance", by_chance.value}, {"by_time", by_time.value},
            {"by_chance_error", by_chance.error}, {"by_time_error", by_time.error},
            {"by_chance_train", by_chance.train}, {"by_time_train", by_time.train}};
  }
};

/// A column that may be a clock, and whether the rows are in its order.
struct Clock {
  std::string name;
  When when;                           // one a used row
  bool in_order = true;
};

bool is_excused(const Job& job, const std::string& name) {
  return name == job.situation.target || is_allowed(job, name) ||
         std::ranges::find(job.options.late, name) != job.options.late.end();
}

/// How the values go from row to row.
struct Course {
  std::size_t up = 0, down = 0;
  std::set<double> some;               // values, until there are enough
  When runs;                           // how often the value has changed before; NaN: missing

  explicit Course(std::span<const double> values) {
    double last = NAN;
    for (const double value : values) {
      if (!std::isnan(value)) {
        up += value > last ? 1 : 0;
        down += value < last ? 1 : 0;
        last = value;
        if (some.size() < kFewestValues) some.insert(value);
      }
      runs.push_back(std::isnan(value) ? NAN : static_cast<double>(up + down));
    }
  }
  double steadily(std::size_t steps) const {
    return static_cast<double>(steps) / static_cast<double>(std::max<std::size_t>(up + down, 1));
  }
};

/// The column's values for the used rows, if it is a time. Or a number that hardly ever falls: then
/// the order is that of the rows, since a clock may be set back.
std::optional<Clock> clock_of(const table::Field& field, const Column& column, const Draft& draft) {
  if (is_text(field.type) || field.type == Type::kBool) return std::nullopt;
  When values;
  for (const std::size_t row : draft.used) values.push_back(column.as_double(row));
  Course course(values);
  if (course.some.size() < kFewestValues) return std::nullopt;
  if (field.type == Type::kTime) {
    const double steadily = course.steadily(std::max(course.up, course.down));
    return Clock{field.name, std::move(values), steadily >= kInOrder};
  }
  if (course.steadily(course.up) < kRising) return std::nullopt;
  return Clock{field.name, std::move(course.runs), true};
}

std::vector<Clock> clocks_of(const Job& job, const Draft& draft) {
  std::vector<Clock> clocks;
  for (std::size_t i = 0; i < job.rows.schema().fields.size(); ++i) {
    const table::Field& field = job.rows.schema().fields[i];
    if (is_excused(job, field.name) || field.name == table::kTimeColumn) continue;
    if (auto clock = clock_of(field, job.rows.column(i), draft)) {
      clocks.push_back(std::move(*clock));
    }
    if (clocks.size() == kMostClocks) break;
  }
  return clocks;
}

Figure try_by_chance(const Job& job, const Draft& draft) {
  return try_quickly({draft.matrix, draft.label, draft.task, draft.train, draft.test},
                     job.seed.derive("by chance"));
}

/// The newest rows, as many as chance took, asked of those that are older by `gap`.
std::optional<Figure> try_by_time(const Job& job, const Draft& draft, const When& when,
                                  double gap) {
  std::vector<std::size_t> order(draft.used.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t place) { return std::isnan(when[place]); });
  std::ranges::stable_sort(order, {}, [&](std::size_t place) { return when[place]; });
  if (order.size() <= draft.test.size()) return std::nullopt;
  const double from = when[order[order.size() - draft.test.size()]];
  std::vector<std::size_t> train, test;
  for (const std::size_t place : order) {
    if (when[place] >= from) {
      test.push_back(place);
    } else if (when[place] <= from - gap) {
      train.push_back(place);
    }
  }
  if (train.empty()) return std::nullopt;
  return try_quickly({draft.matrix, draft.label, draft.task, train, test},
                     job.seed.derive("by time"));
}

std::string both_told(const Job& job, const Draft& draft, const Both& both) {
  return fmt::format("a quick model tells \"{}\" with {} {:.3f} when chance picks its test rows, "
                     "and {:.3f} when it learns from older rows and is asked about newer ones",
                     job.situation.target,
                     draft.task == model::Task::kRegression ? "R2" : "accuracy",
                     both.by_chance.value, both.by_time.value);
}

void add(Draft& draft, Finding finding, const Both& both) {
  finding.value = both.difference();
  finding.figures = both.json(draft.task == model::Task::kRegression ? "R2" : "accuracy");
  draft.findings.push_back(std::move(finding));
}

/// [evaluate] split = "random" beside a clock; "group" too, when time matters: a group's later rows
/// may be what is asked about, so chance is refused only where it promises too much.
void refuse_chance(const Job& job, Draft& draft) {
  When when;
  for (const std::size_t row : draft.used) when.push_back(static_cast<double>(job.times[row].us));
  const auto by_time =
      try_by_time(job, draft, when, static_cast<double>(job.situation.gap.us));
  if (!by_time) return;
  const Both both{try_by_chance(job, draft), *by_time};
  const std::string& split = job.situation.split;
  if (split == "group" && !both.apart()) return;
  Finding finding{"split", {}, 0,
                  fmt::format("[evaluate] split is \"{}\" although [collect] time is set: {}",
                              split, both_told(job, draft, both)),
                  fmt::format("Take split = \"{}\" out of [evaluate]: the clock splits the rows",
                              split)};
  add(draft, std::move(finding), both);
}

}  // namespace

void find_lost_order(const Job& job, Draft& draft) {
  if (draft.split.by_time || draft.test.empty() || draft.transform.features() == 0) return;
  if (job.situation.has_clock) return refuse_chance(job, draft);
  std::optional<Figure> by_chance;
  for (const Clock& clock : clocks_of(job, draft)) {
    const auto by_time = try_by_time(job, draft, clock.when, 0);
    if (!by_time) continue;
    if (!by_chance) by_chance = try_by_chance(job, draft);
    const Both both{*by_chance, *by_time};
    if (!both.apart()) continue;
    Finding finding{"split", {clock.name}, 0,
                    fmt::format("\"{}\" says when a row was, but [collect] time is not set, so "
                                "rows are split by chance: {}",
                                clock.name, both_told(job, draft, both)),
                    fmt::format("Set [collect] time = \"{0}\", or excuse it by prepare.allow if "
                                "its order means nothing: {0}",
                                clock.name)};
    finding.stops = clock.in_order;
    add(draft, std::move(finding), both);
  }
}

}  // namespace rondo::prepare
