// How golden rows are drawn; see golden_rows.h for why.
#include "deploy/golden_rows.h"

#include <algorithm>
#include <cmath>

namespace rondo::deploy {
namespace {

using model::Cell;
using model::ColumnReference;
using table::Type;

constexpr std::size_t kTypical = 32, kMostProbing = 224;
constexpr std::size_t kCategories = 6;  // that are asked for by name, a column
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

/// A cell that owns its text.
struct Value {
  Cell::Kind kind = Cell::Kind::kMissing;
  double number = kNothing;
  std::string text{};
  Cell cell() const { return {kind, number, text}; }
};

Value of(double number) { return {Cell::Kind::kNumber, number, {}}; }
Value of(std::string text) { return {Cell::Kind::kText, kNothing, std::move(text)}; }

bool is_whole(Type type) { return type != Type::kNumber; }

/// Which of the weighted places is drawn; 0 when there is no weight at all.
std::size_t draw(std::span<const std::uint64_t> weights, Chance& chance) {
  std::uint64_t total = 0;
  for (const std::uint64_t weight : weights) total += weight;
  if (total == 0) return 0;
  std::uint64_t at = chance.below(total);
  std::size_t place = 0;
  for (; at >= weights[place]; ++place) at -= weights[place];
  return place;
}

/// A number as common as in the reference: a common value itself, else evenly within its bin.
double typical_number(const ColumnReference& c, Chance& chance) {
  std::uint64_t common = 0;
  for (const std::uint64_t count : c.common_counts) common += count;
  if (common > 0 && chance.below(c.rows) < common) {
    return c.common[draw(c.common_counts, chance)];
  }
  const std::size_t bin = draw(std::span(c.counts).first(c.edges.size() + 1), chance);
  const double low = bin == 0 ? c.minimum : c.edges[bin - 1];
  const double high = bin == c.edges.size() ? c.maximum : c.edges[bin];
  const double u = chance.uniform();
  return std::clamp((1 - u) * low + u * high, low, high);  // no overflow between the ends
}

/// A text that the dictionary does not have.
std::string unseen_text(const std::vector<std::string>& known) {
  std::string text = "never seen";
  while (std::ranges::find(known, text) != known.end()) text += '!';
  return text;
}

class Drawing {
 public:
  Drawing(const GoldenSource& source, Seed seed)
      : source_(source), chance_(seed), cuts_(source.forest.cuts()) {}
  std::vector<model::GoldenRow> rows();

 private:
  using Probes = std::vector<Value>;
  struct Row {
    std::vector<Value> cells;
    std::vector<double> lags;
    Time time;
  };
  const table::Field& field(std::size_t input) const {
    return source_.transform.inputs().fields[input];
  }
  std::size_t inputs() const { return source_.transform.inputs().fields.size(); }
  std::size_t lags() const { return source_.transform.history().lags.size(); }

  Value typical(std::size_t input);
  double typical_lag(std::size_t lag);
  Row typical_row();
  Probes probes_of_input(std::size_t input) const;
  Probes probes_of_lag(std::size_t lag) const;
  Probes probes_of_time() const;
  std::vector<Probes> all_probes() const;
  std::vector<double> cuts_of(model::Step::Kind kind, std::size_t place) const;
  void put(std::size_t column, const Value& value, Row& row) const;

  const GoldenSource& source_;
  Chance chance_;
  std::vector<std::vector<double>> cuts_;  // by feature
};

Value Drawing::typical(std::size_t input) {
  const ColumnReference& c = source_.reference.columns[input];
  const std::size_t bins = c.numeric ? c.edges.size() + 1 : c.categories.size();
  if (chance_.below(std::max<std::uint64_t>(c.rows, 1)) < c.counts[bins + 1]) return {};
  if (!c.numeric) {  // the last place weighs the rows without a bin of their own
    const std::size_t place = draw(std::span(c.counts).first(bins + 1), chance_);
    return of(place < bins ? c.categories[place] : unseen_text(c.categories));
  }
  if (field(input).type == Type::kTime) {  // the reference bounds no times
    constexpr std::int64_t kYear2000 = 946'684'800'000'000;
    constexpr std::uint64_t kThirtyYears = 946'728'000'000'000;
    return of(static_cast<double>(kYear2000 +
                                  static_cast<std::int64_t>(chance_.below(kThirtyYears))));
  }
  const double number = typical_number(c, chance_);
  return of(is_whole(field(input).type) ? std::floor(number) : number);
}

double Drawing::typical_lag(std::size_t lag) {
  const ColumnReference& c = source_.series[source_.transform.history().lags[lag].series];
  const std::size_t bins = c.edges.size() + 1;
  if (c.rows == 0 || chance_.below(c.rows) < c.counts[bins + 1]) return kNothing;
  return typical_number(c, chance_);
}

Drawing::Row Drawing::typical_row() {
  Row row;
  for (std::size_t i = 0; i < inputs(); ++i) row.cells.push_back(typical(i));
  for (std::size_t i = 0; i < lags(); ++i) row.lags.push_back(typical_lag(i));
  const auto span = static_cast<std::uint64_t>((source_.last - source_.first).us) + 1;
  row.time = source_.first + Span{static_cast<std::int64_t>(chance_.below(span))};
  return row;
}

/// Where the trees cut the feature that hands an input, or a lag, on as it is.
std::vector<double> Drawing::cuts_of(model::Step::Kind kind, std::size_t place) const {
  const auto& steps = source_.transform.steps();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool input = steps[i].kind == kind && kind == model::Step::Kind::kNumber &&
                       steps[i].input == static_cast<std::int32_t>(place);
    const bool lag = steps[i].kind == kind && kind == model::Step::Kind::kLag &&
                     steps[i].lag == place;
    if (input || lag) return cuts_[i];
  }
  return {};
}

/// A cut in the middle, and what is on either side of it.
void add_cut(const std::vector<double>& cuts, bool whole, std::vector<Value>& out) {
  if (cuts.empty()) return;
  const double cut = cuts[cuts.size() / 2];
  out.push_back(of(whole ? std::floor(cut) : cut));
  out.push_back(of(whole ? std::floor(cut) + 1
                         : std::nextafter(cut, std::numeric_limits<double>::infinity())));
}

/// The extremes, what is just beyond, and edges from the bottom, the middle and the top.
void add_numbers(const ColumnReference& c, bool whole, std::vector<Value>& out) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double below = whole ? c.minimum - 1 : std::nextafter(c.minimum, -kInfinity);
  const double above = whole ? c.maximum + 1 : std::nextafter(c.maximum, kInfinity);
  for (const double number : {c.minimum, c.maximum, below, above}) {
    if (std::isfinite(number)) out.push_back(of(number));
  }
  if (c.edges.empty()) return;
  for (const std::size_t place : {std::size_t{0}, c.edges.size() / 2, c.edges.size() - 1}) {
    out.push_back(of(c.edges[place]));
  }
}

/// Corners of the calendar, as event times and as values of a column of times.
std::vector<Time> calendar_corners() {
  std::vector<Time> corners;
  for (const char* text : {"1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z",
                           "2000-02-29T12:00:00Z", "2012-12-31T23:00:00Z"}) {
    if (const auto time = parse_time(text)) corners.push_back(*time);
  }
  return corners;
}

Drawing::Probes Drawing::probes_of_input(std::size_t input) const {
  const ColumnReference& c = source_.reference.columns[input];
  const Type type = field(input).type;
  Probes probes = {Value{}};
  if (type == Type::kTime) {
    for (const Time time : calendar_corners()) probes.push_back(of(static_cast<double>(time.us)));
  } else if (type == Type::kBool) {
    probes.push_back(of(0.0));
    probes.push_back(of(1.0));
  } else if (c.numeric) {
    add_numbers(c, is_whole(type), probes);
    add_cut(cuts_of(model::Step::Kind::kNumber, input), is_whole(type), probes);
  } else {
    probes.push_back(of(unseen_text(c.categories)));
    const std::size_t count = std::min(kCategories, c.categories.size());
    for (std::size_t i = 0; i < count; ++i) {  // the most and the least frequent among them
      const std::size_t place = count == 1 ? 0 : i * (c.categories.size() - 1) / (count - 1);
      probes.push_back(of(c.categories[place]));
    }
  }
  return probes;
}

Drawing::Probes Drawing::probes_of_lag(std::size_t lag) const {
  const ColumnReference& c = source_.series[source_.transform.history().lags[lag].series];
  Probes probes = {of(kNothing)};
  add_numbers(c, false, probes);
  add_cut(cuts_of(model::Step::Kind::kLag, lag), false, probes);
  return probes;
}

Drawing::Probes Drawing::probes_of_time() const {
  Probes probes;
  if (!source_.reference.has_clock) return probes;
  std::vector<Time> times = calendar_corners();
  times.insert(times.end(), {source_.first, source_.last});
  for (const Time time : times) probes.push_back(of(static_cast<double>(time.us)));
  return probes;
}

/// By column: the inputs, the lags, the event time.
std::vector<Drawing::Probes> Drawing::all_probes() const {
  std::vector<Probes> all;
  for (std::size_t i = 0; i < inputs(); ++i) all.push_back(probes_of_input(i));
  for (std::size_t i = 0; i < lags(); ++i) all.push_back(probes_of_lag(i));
  all.push_back(probes_of_time());
  return all;
}

void Drawing::put(std::size_t column, const Value& value, Row& row) const {
  if (column < inputs()) {
    row.cells[column] = value;
  } else if (column < inputs() + lags()) {
    row.lags[column - inputs()] = value.number;
  } else {
    row.time = {static_cast<std::int64_t>(value.number)};
  }
}

std::vector<model::GoldenRow> Drawing::rows() {
  const std::vector<Probes> probes = all_probes();
  std::size_t total = 0;
  for (const Probes& one : probes) total += one.size();
  const std::size_t probing = std::min(total, kMostProbing);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < kTypical + probing; ++i) rows.push_back(typical_row());
  std::size_t next = 0;  // all probes, one after the other, go round the rows
  for (std::size_t column = 0; column < probes.size(); ++column) {
    for (const Value& value : probes[column]) {
      put(column, value, rows[kTypical + next++ % kMostProbing]);
    }
  }
  std::vector<model::GoldenRow> golden;
  std::vector<Cell> cells;
  for (const Row& row : rows) {
    cells.clear();
    for (const Value& value : row.cells) cells.push_back(value.cell());
    golden.push_back(model::Pipeline::make_golden(
        source_.transform, source_.forest, source_.answering, cells, row.time, row.lags));
  }
  return golden;
}

}  // namespace

std::vector<model::GoldenRow> draw_golden(const GoldenSource& source, Seed seed) {
  return Drawing(source, seed).rows();
}

}  // namespace rondo::deploy
