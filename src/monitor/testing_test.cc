// Streams for the tests of this folder; see testing.h.
#include "monitor/testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/seed.h"
#include "io/compress.h"
#include "io/fs.h"

namespace rondo::monitor {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    std::string_view part = text.substr(0, end);
    if (part.ends_with('\r')) part.remove_suffix(1);
    parts.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

double number_in(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  CHECK(read.ec == std::errc(), "the example's cells are numbers");
  return value;
}

Stream finish(std::vector<table::Field> fields, std::vector<table::ColumnBuilder>& builders,
              std::vector<Time> times) {
  Stream stream;
  std::vector<std::shared_ptr<const table::Column>> columns;
  for (auto& builder : builders) columns.push_back(builder.finish());
  for (std::size_t i = 0; i + 1 < fields.size(); ++i) stream.inputs.push_back(fields[i].name);
  stream.target = fields.back().name;
  stream.rows = table::Table({std::move(fields)}, std::move(columns));
  stream.times = std::move(times);
  return stream;
}

}  // namespace

Stream bikes() {
  const auto packed = io::real_fs()->read(std::string(RONDO_SOURCE_DIR) +
                                          "/examples/bikes/hour.csv.gz");
  CHECK(packed.has_value(), "the example is part of the project");
  const std::string bytes = io::decompress(*packed, 1 << 24).value();
  const std::vector<std::string_view> lines = split(bytes, '\n');
  const std::vector<std::string> used = {"season",     "mnth", "hr",    "holiday", "weekday",
                                         "workingday", "weathersit", "temp", "atemp", "hum",
                                         "windspeed",  "cnt"};
  const std::vector<std::string_view> header = split(lines[0], ',');
  std::vector<std::size_t> places;
  std::vector<table::Field> fields;
  std::vector<table::ColumnBuilder> builders;
  for (const std::string& name : used) {
    places.push_back(static_cast<std::size_t>(
        std::find(header.begin(), header.end(), std::string_view(name)) - header.begin()));
    fields.push_back({name, table::Type::kNumber});
    builders.emplace_back(table::Type::kNumber);
  }
  std::vector<Time> times;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split(lines[i], ',');
    const auto hour = static_cast<std::int64_t>(number_in(cells[5]));
    times.push_back(parse_time(cells[1]).value() + Span::hours(hour));
    for (std::size_t k = 0; k < used.size(); ++k) builders[k].number(number_in(cells[places[k]]));
  }
  return finish(std::move(fields), builders, std::move(times));
}

Stream generated(int days, int rows, std::uint64_t seed) {
  using table::Type;
  std::vector<table::Field> fields = {{"age", Type::kNumber},   {"gain", Type::kNumber},
                                      {"hours", Type::kNumber}, {"work", Type::kCategory},
                                      {"sex", Type::kCategory}, {"pay", Type::kNumber}};
  std::vector<table::ColumnBuilder> builders;
  for (const auto& field : fields) builders.emplace_back(field.type);
  const Time start = parse_time("2020-01-01").value();
  std::vector<Time> times;
  Chance chance{Seed{seed}};
  const std::string_view works[] = {"office", "shop", "farm", "none"};
  for (int i = 0; i < days * rows; ++i) {
    times.push_back(start + Span::seconds(86'400LL * (i / rows) + 86'400LL * (i % rows) / rows));
    const double age = 17 + static_cast<double>(chance.below(60));
    const double hours = 20 + 60 * chance.uniform();
    builders[0].number(age);
    builders[1].number(chance.uniform() < 0.9 ? 0 : std::floor(20'000 * chance.uniform()));
    chance.uniform() < 0.05 ? builders[2].null() : builders[2].number(hours);
    builders[3].text(works[chance.below(4)]);
    builders[4].text(chance.uniform() < 0.67 ? "m" : "f");
    builders[5].number(100 + age * hours + 50 * chance.normal());
  }
  return finish(std::move(fields), builders, std::move(times));
}

std::shared_ptr<model::Reference> reference_of(const Stream& stream, std::size_t first_rows,
                                               bool clock) {
  std::vector<std::size_t> rows(first_rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  const std::span<const Time> times(stream.times.data(), clock ? first_rows : 0);
  auto reference = std::make_shared<model::Reference>(
      model::freeze(stream.rows.take(rows), stream.inputs, stream.target, times));
  reference->risk_bound = 0.5;
  reference->loss_scale = 500;
  return reference;
}

Cohort cohort_of(const Stream& stream, Time from, Time until, std::int64_t version,
                 const std::function<double(double)>& answer) {
  std::vector<const table::Column*> columns;
  for (const auto& name : stream.inputs) columns.push_back(stream.rows.find(name));
  const table::Column& target = *stream.rows.find(stream.target);
  Cohort cohort{version, from, until, {}};
  const auto first = std::lower_bound(stream.times.begin(), stream.times.end(), from);
  for (auto at = first; at != stream.times.end() && *at < until; ++at) {
    const auto row = static_cast<std::size_t>(at - stream.times.begin());
    Judged judged;
    judged.time = *at;
    judged.id = std::to_string(row);
    judged.cells.resize(columns.size());
    model::gather(columns, row, judged.cells);
    judged.label = target.as_double(row);
    judged.answer = answer ? answer(*judged.label) : *judged.label;
    cohort.rows.push_back(std::move(judged));
  }
  return cohort;
}

std::vector<Cohort> cohorts_of(const Stream& stream, std::size_t first, Span length,
                               const std::function<double(double)>& answer) {
  std::vector<Cohort> cohorts;
  Time from{stream.times[first].us / length.us * length.us};
  for (; from <= stream.times.back(); from = from + length) {
    Cohort cohort = cohort_of(stream, from, from + length, 1, answer);
    if (!cohort.rows.empty()) cohorts.push_back(std::move(cohort));
  }
  return cohorts;
}

void break_column(const model::Reference& reference, Cohort& cohort, const std::string& name,
                  const std::function<model::Cell(std::size_t, model::Cell)>& change) {
  for (std::size_t k = 0; k < reference.columns.size(); ++k) {
    if (reference.columns[k].name != name) continue;
    for (std::size_t i = 0; i < cohort.rows.size(); ++i) {
      cohort.rows[i].cells[k] = change(i, cohort.rows[i].cells[k]);
    }
  }
}

model::Cell number(double x) { return {model::Cell::Kind::kNumber, x, {}}; }
model::Cell text(std::string_view t) { return {model::Cell::Kind::kText, 0, t}; }

std::vector<std::string> told(const std::vector<Signal>& signals) {
  std::vector<std::string> out;
  for (const Signal& signal : signals) {
    out.push_back((signal.quarantines ? "!" : "") + std::string(signal.open ? "+" : "-") +
                  signal.kind + " " + signal.subject);
  }
  return out;
}

TEST(Streams, BikesAreAllThere) {
  const Stream stream = bikes();
  EXPECT_EQ(stream.rows.rows(), 17'379U);
  EXPECT_EQ(to_text(stream.times.front()), "2011-01-01T00:00:00Z");
  EXPECT_EQ(to_text(stream.times.back()), "2012-12-31T23:00:00Z");
  EXPECT_TRUE(std::is_sorted(stream.times.begin(), stream.times.end()));
}

}  // namespace rondo::monitor
