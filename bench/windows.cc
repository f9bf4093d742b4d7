// Windows over event time: a million rows, each with count and mean of six windows, as of what was
// known at its time; then what a server pays for one value that it learns, and for one row that
// reads twelve. The answers of one window are compared with DuckDB's. Prints one JSON object.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "base/seed.h"
#include "io/scratch.h"
#include "model/history.h"
#include "table/engine.h"

namespace {

using namespace rondo;

constexpr std::size_t kRows = 1'000'000, kThreads = 2, kChecked = 4;  // the window "1d"
constexpr Span kSpans[] = {Span::hours(1),  Span::hours(6), Span::days(1),
                           Span::days(7), Span::days(30), Span::days(365)};
constexpr Span kDelay = Span::hours(1);

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

model::HistorySpec six_windows(const std::vector<double>& values) {
  model::HistorySpec spec;
  spec.series = {"x"};
  spec.scales = {model::Scale::of(values)};
  for (const Span over : kSpans) {
    for (const auto take : {model::Take::kCount, model::Take::kMean}) {
      spec.lags.push_back({0, {}, 0, "w" + std::to_string(spec.lags.size()), over, take});
    }
  }
  return spec;
}

/// Values that are known a while after they happened: what a reader at its own time sees of a
/// window, DuckDB says as the rows between over and delay before.
std::shared_ptr<const table::Column> by_duckdb(const std::vector<Time>& times,
                                               const std::vector<double>& values) {
  table::Column t, x;
  t.type = table::Type::kTime;
  x.type = table::Type::kNumber;
  for (const Time time : times) t.integers.push_back(time.us);
  x.numbers = values;
  t.valid.push_many(true, times.size());
  x.valid.push_many(true, times.size());
  const table::Table rows(table::Schema{{{"t", table::Type::kTime}, {"x", table::Type::kNumber}}},
                          {std::make_shared<table::Column>(std::move(t)),
                           std::make_shared<table::Column>(std::move(x))});
  const io::Scratch scratch;
  const auto engine = table::Engine::open(scratch.path());
  const auto said = (*engine)->evaluate(
      rows, "avg(x) over (order by t range between interval 1 day preceding and interval 1 hour "
            "preceding)");
  if (!said) {
    std::fprintf(stderr, "%s\n", said.error().text().c_str());
    std::exit(2);
  }
  return *said;
}

}  // namespace

int main() {
  Chance chance(Seed{1});
  std::vector<Time> times;
  std::vector<double> values;
  for (std::size_t i = 0; i < kRows; ++i) {
    times.push_back(Time{} + Span{static_cast<std::int64_t>(i) * 30'000'000 +
                                  static_cast<std::int64_t>(chance.below(29'000'000))});
    values.push_back(std::round(chance.normal() * 1000) / 100);
  }
  const model::HistorySpec spec = six_windows(values);
  const std::size_t width = spec.lags.size();
  std::vector<double> out(kRows * width);

  const double began = seconds();
  model::HistoryState state(spec);
  for (std::size_t i = 0; i < kRows; ++i) {
    state.apply({0, "", times[i], times[i] + kDelay, i, values[i]});
  }
  const double applied = seconds();
  {
    std::vector<std::jthread> threads;
    for (std::size_t part = 0; part < kThreads; ++part) {
      threads.emplace_back([&, part] {
        for (std::size_t i = kRows * part / kThreads; i < kRows * (part + 1) / kThreads; ++i) {
          state.read("", times[i], times[i], std::span(out).subspan(i * width, width));
        }
      });
    }
  }
  const double read = seconds();

  const auto want = by_duckdb(times, values);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double ours = out[i * width + kChecked + 1];
    const double theirs = want->as_double(i);
    const bool both_none = std::isnan(ours) && std::isnan(theirs);
    if (!both_none && !(std::abs(ours - theirs) <= 1e-9)) ++wrong;
  }

  constexpr std::size_t kLive = 100'000;
  std::vector<double> row(width);
  double learning = 0, reading = 0;
  for (std::size_t i = 0; i < kLive; i += 100) {
    double at = seconds();
    for (std::size_t k = i; k < i + 100; ++k) {
      const Time now = times.back() + Span::seconds(static_cast<std::int64_t>(k + 1));
      state.apply({0, "", now, now, kRows + k, 1.25});
    }
    learning += seconds() - at;
    at = seconds();
    for (std::size_t k = i; k < i + 100; ++k) {
      const Time now = times.back() + Span::seconds(static_cast<std::int64_t>(k + 101));
      state.read("", now, now + kDelay, row);
    }
    reading += seconds() - at;
  }
  std::printf("{\"apply_s\": %.3f, \"read_s\": %.3f, \"wrong\": %zu, \"learn_us\": %.3f, "
              "\"read_us\": %.3f}\n",
              applied - began, read - applied, wrong, learning * 1e6 / kLive,
              reading * 1e6 / kLive);
  return wrong == 0 ? 0 : 1;
}
