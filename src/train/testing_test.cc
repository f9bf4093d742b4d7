// The prepared data that the tests of this folder share.
#include "train/testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>

#include "io/compress.h"

namespace rondo::train {
namespace {

// Threads of OpenMP that wait must sleep: tests run side by side on few cores. Set before any of
// them is started.
[[maybe_unused]] const int kPatient = setenv("OMP_WAIT_POLICY", "passive", 0);

using model::Prepared;
using model::Step;
using model::Task;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Numbers, but categories where there are names.
model::Transform transform_of(const std::vector<std::pair<std::string, std::size_t>>& features) {
  table::Schema inputs;
  std::vector<Step> steps;
  for (const auto& [name, categories] : features) {
    Step step;
    step.feature = name;
    step.input = static_cast<std::int32_t>(inputs.fields.size());
    step.kind = categories > 0 ? Step::Kind::kCategory : Step::Kind::kNumber;
    for (std::size_t i = 0; i < categories; ++i) step.categories.push_back(fmt::format("{}", i));
    inputs.fields.push_back(
        {name, categories > 0 ? table::Type::kCategory : table::Type::kNumber});
    steps.push_back(step);
  }
  return model::Transform(inputs, steps, {});
}

void add_row(Prepared& prepared, std::vector<double> features, double label, Time time) {
  auto& values = prepared.features.values;
  values.insert(values.end(), features.begin(), features.end());
  prepared.label.push_back(label);
  prepared.source_row.push_back(prepared.features.rows++);
  if (prepared.by_time) prepared.time.push_back(time);
}

void give_sides(Prepared& prepared, double test_share) {
  Chance chance(Seed{99});
  const std::size_t rows = prepared.features.rows;
  for (std::size_t i = 0; i < rows; ++i) {
    const bool test = prepared.by_time ? static_cast<double>(i) >=
                                             static_cast<double>(rows) * (1 - test_share)
                                       : chance.uniform() < test_share;
    prepared.side.push_back(test ? table::Side::kTest : table::Side::kTrain);
  }
}

double label_of(const Recipe& recipe, double signal, Chance& chance) {
  const double noisy = signal + 0.3 * chance.normal();
  if (recipe.task == Task::kRegression) return 10 * noisy;
  if (recipe.task == Task::kBinary) return noisy > 0.4 ? 1 : 0;
  const auto classes = static_cast<double>(recipe.classes);
  return std::clamp(std::floor((noisy + 1.5) * classes / 3), 0.0, classes - 1);
}

std::vector<double> numbers_of(const std::string& line) {
  std::vector<double> numbers;
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t end = line.find(',', at);
    numbers.push_back(std::strtod(line.substr(at, end - at).c_str(), nullptr));
    at = end == std::string::npos ? end : end + 1;
  }
  return numbers;
}

}  // namespace

Prepared generated(const Recipe& recipe) {
  Prepared prepared;
  prepared.task = recipe.task;
  prepared.target = "y";
  const std::size_t classes = recipe.task == Task::kMulticlass ? recipe.classes : 2;
  for (std::size_t i = 0; i < classes && recipe.task != Task::kRegression; ++i) {
    prepared.classes.push_back(fmt::format("class {}", i));
  }
  prepared.by_time = recipe.clock;
  prepared.transform = transform_of(
      {{"a", 0}, {"b", 0}, {"often zero", 0}, {"c", 0}, {"kind", recipe.categories}});
  prepared.features.columns = 5;
  Chance chance(Seed{recipe.seed});
  const auto gap = [&](double x) { return chance.uniform() < recipe.missing ? kNaN : x; };
  for (std::size_t i = 0; i < recipe.rows; ++i) {
    const double a = chance.normal(), b = chance.normal(), c = chance.uniform();
    const double zero = chance.uniform() < 0.7 ? 0 : chance.normal();
    const auto kind = static_cast<double>(chance.below(recipe.categories));
    const double signal = a * (c > 0.5 ? 1 : -0.5) + 0.5 * zero + std::sin(kind) + 0.2 * b * b;
    const double label = label_of(recipe, signal, chance);
    add_row(prepared, {gap(a), gap(b), zero, c, gap(kind)}, label,
            Time{} + Span::hours(static_cast<std::int64_t>(i)));
  }
  give_sides(prepared, recipe.test_share);
  return prepared;
}

Prepared constant_features(std::size_t rows) {
  Prepared prepared = generated({.rows = rows});
  std::fill(prepared.features.values.begin(), prepared.features.values.end(), 1.0);
  return prepared;
}

Prepared bikes() {
  std::ifstream file(RONDO_SOURCE_DIR "/examples/bikes/hour.csv.gz", std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(file), {}};
  const std::string text = io::decompress(packed, 1 << 28).value();
  Prepared prepared;
  prepared.target = "cnt";
  prepared.by_time = true;
  // 2 season, 4 month, 5 hour, 6 holiday, 7 weekday, 8 workingday, 9 weather, 10.. temperature,
  // felt temperature, humidity, wind; 16 count
  prepared.transform = transform_of({{"season", 0}, {"mnth", 0}, {"hr", 24}, {"holiday", 0},
                                     {"weekday", 0}, {"workingday", 0}, {"weathersit", 5},
                                     {"temp", 0}, {"atemp", 0}, {"hum", 0}, {"windspeed", 0},
                                     {"48h", 0}, {"168h", 0}});
  prepared.features.columns = 13;
  std::map<Time, double> counts;
  const auto count_at = [&](Time time) {
    const auto found = counts.find(time);
    return found == counts.end() ? kNaN : found->second;
  };
  std::size_t at = text.find('\n') + 1;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const auto x = numbers_of(line);
    const std::string day = line.substr(line.find(',') + 1, 10);
    const Time time = parse_time(day + "T00:00:00Z").value() +
                      Span::hours(static_cast<std::int64_t>(x[5]));
    counts[time] = x[16];
    add_row(prepared,
            {x[2], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12], x[13],
             count_at(time - Span::hours(48)), count_at(time - Span::hours(168))},
            x[16], time);
  }
  give_sides(prepared, 0.2);
  return prepared;
}

TEST(Testing, BikesHasItsRows) {
  const Prepared prepared = bikes();
  EXPECT_EQ(prepared.features.rows, 17'379U);  // examples/bikes/README.md
  EXPECT_EQ(prepared.label.front(), 16);
  EXPECT_EQ(prepared.label.back(), 49);
  // Instant 227 is 2011-01-10, 17 h. Instant 179, 48 h before, has 69, and 63, a week before, 157.
  EXPECT_EQ(prepared.features.row(226)[11], 69);
  EXPECT_EQ(prepared.features.row(226)[12], 157);
}

}  // namespace rondo::train
