// Each column is a task with a place of its own for what comes out; what is said of all of them
// together (Holm's p-values, the order) is said when all are there.
#include "loop/drift_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/lanes.h"
#include "base/worker.h"
#include "stats/multiple.h"
#include "table/engine.h"

namespace rondo::loop {
namespace {

using monitor::Convention;
using monitor::TwoSamples;
using monitor::ValueCount;
using table::Type;

constexpr std::size_t kTopValues = 10;   // of a category
constexpr std::size_t kNamed = 10;       // new and lost values that are named
constexpr double kShareOfDataset = 0.5;  // Evidently: of columns, for the whole to have moved

struct Measured {
  std::string name;
  Type type = Type::kNumber;
  monitor::Distance distance;
  Json told;
};

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json moment_json(Type type, double value) {
  if (type != Type::kTime || !std::isfinite(value)) return number_json(value);
  return to_text(Time{static_cast<std::int64_t>(std::llround(value))});
}

Json cells_json(const monitor::Cells& cells, Type type, const collect::Unread& unread,
                const std::string& name) {
  Json out = {{"rows", cells.rows}, {"missing", cells.missing}};
  const auto at = unread.find(name);
  out["unread"] = at == unread.end() ? 0 : at->second;
  const auto facts = monitor::number_facts(cells.values);
  if (!facts) return out;
  const auto value = [&](double x) { return moment_json(type, x); };
  Json quantiles = Json::object();
  for (std::size_t i = 0; i < facts->quantiles.size(); ++i) {
    quantiles[fmt::format("{}", monitor::kDriftQuantiles[i])] = value(facts->quantiles[i]);
  }
  const bool time = type == Type::kTime;
  out.update({{"mean", value(facts->mean)},
              {"sd", time ? Json() : number_json(facts->deviation)},
              {"min", value(facts->min)},
              {"max", value(facts->max)},
              {"quantiles", std::move(quantiles)}});
  return out;
}

Json value_json(const ValueCount& value) {
  return {{"value", value.value}, {"reference", value.reference}, {"current", value.current}};
}

/// Values that one side alone has, the commonest by name.
Json only_in(const TwoSamples& samples, std::uint64_t ValueCount::*there,
             std::uint64_t ValueCount::*not_there) {
  std::vector<ValueCount> found;
  std::uint64_t rows = 0;
  for (const ValueCount& value : samples.values) {
    if (value.*not_there > 0) continue;
    found.push_back(value);
    rows += value.*there;
  }
  std::ranges::stable_sort(found, std::greater<>(), there);
  Json names = Json::array();
  for (std::size_t i = 0; i < std::min(kNamed, found.size()); ++i) names.push_back(found[i].value);
  return {{"count", found.size()}, {"rows", rows}, {"values", std::move(names)}};
}

Json categories_json(const TwoSamples& samples) {
  std::vector<ValueCount> values = samples.values;
  const auto change = [&](const ValueCount& value) {
    return std::abs(share(value.reference, samples.reference.known()) -
                    share(value.current, samples.current.known()));
  };
  const auto widest = std::ranges::max_element(values, {}, change);
  Json out = {{"values", values.size()}, {"widest", nullptr}};
  if (widest != values.end()) out["widest"] = value_json(*widest);
  std::ranges::stable_sort(values, std::greater<>(), [&](const ValueCount& value) {
    return std::max(share(value.reference, samples.reference.known()),
                    share(value.current, samples.current.known()));
  });
  out["top"] = Json::array();
  for (std::size_t i = 0; i < std::min(kTopValues, values.size()); ++i) {
    out["top"].push_back(value_json(values[i]));
  }
  out["new"] = only_in(samples, &ValueCount::current, &ValueCount::reference);
  out["lost"] = only_in(samples, &ValueCount::reference, &ValueCount::current);
  return out;
}

Json overlay_json(const TwoSamples& samples) {
  const monitor::Overlay overlay = monitor::overlay_of(samples);
  return {{"low", moment_json(samples.type, overlay.low)},
          {"high", moment_json(samples.type, overlay.high)},
          {"reference", overlay.reference},
          {"current", overlay.current}};
}

Json measures_json(const TwoSamples& samples) {
  const auto measures = monitor::measures_of(samples);
  if (!measures) return nullptr;
  Json out = {{"jensen_shannon", measures->jensen_shannon}, {"hellinger", measures->hellinger},
              {"l_infinity", measures->l_infinity},         {"psi", measures->psi},
              {"chi_square", measures->chi_square}};
  if (measures->ks) out["ks"] = *measures->ks;
  if (measures->wasserstein) out["wasserstein"] = *measures->wasserstein;
  return out;
}

Measured measure(const collect::Pair& pair, const std::string& name,
                 const monitor::DriftWish& wish) {
  const table::Column& current = *pair.current.find(name);
  const auto texts = wish.like == Convention::kOwn ? monitor::Texts::kLengths
                                                   : monitor::Texts::kValues;
  Measured out;
  out.name = name;
  const TwoSamples samples = monitor::two_samples(*pair.reference.find(name), current, texts);
  out.type = samples.type;
  out.distance = monitor::distance_of(samples, wish);
  out.told = {{"name", name},
              {"type", name_of(samples.type)},
              {"reference", cells_json(samples.reference, samples.type, pair.unread_reference,
                                       name)},
              {"current", cells_json(samples.current, samples.type, pair.unread_current, name)}};
  if (wish.like == Convention::kOwn) out.told["measures"] = measures_json(samples);
  const bool valued = samples.type == Type::kCategory || samples.type == Type::kBool;
  if (valued) out.told.update(categories_json(samples));
  else out.told["histogram"] = overlay_json(samples);
  return out;
}

/// How far beyond its threshold.
double strength(const monitor::Distance& distance) {
  if (!distance.value) return -1;
  const bool by_chance = distance.measure.ends_with("_p");
  const double least = 1e-300;
  return by_chance ? distance.threshold / std::max(*distance.value, least)
                   : *distance.value / std::max(distance.threshold, least);
}

/// Our own convention asks of each column that chance alone would hardly move any of them.
void correct_for_many(std::vector<Measured>& columns) {
  std::vector<double> p;
  for (const Measured& column : columns) p.push_back(column.distance.p.value_or(NAN));
  p = stats::holm(p);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].told["p_holm"] = number_json(p[i]);
    monitor::Distance& distance = columns[i].distance;
    distance.moved = distance.moved && p[i] < monitor::kDriftLevel;
  }
}

Json columns_json(std::vector<Measured> columns) {
  std::ranges::stable_sort(columns, [](const Measured& a, const Measured& b) {
    if (a.distance.moved != b.distance.moved) return a.distance.moved;
    return strength(a.distance) > strength(b.distance);
  });
  Json out = Json::array();
  for (Measured& column : columns) {
    const monitor::Distance& d = column.distance;
    column.told.update({{"measure", d.measure},
                        {"distance", d.value ? number_json(*d.value) : Json()},
                        {"p", d.p ? number_json(*d.p) : Json()},
                        {"threshold", d.threshold},
                        {"moved", d.moved},
                        {"why", d.why}});
    out.push_back(std::move(column.told));
  }
  return out;
}

}  // namespace

Json drift_of(const collect::Pair& pair, const monitor::DriftWish& wish, std::size_t threads) {
  const std::set<std::string> gone(pair.gone.begin(), pair.gone.end());
  std::vector<Measured> columns;
  for (const table::Field& field : pair.reference.schema().fields) {
    if (gone.contains(field.name)) continue;
    columns.emplace_back().name = field.name;
  }
  side_by_side(columns.size(), threads, [&](std::size_t i) {
    columns[i] = measure(pair, columns[i].name, wish);
  });
  if (wish.like == Convention::kOwn) correct_for_many(columns);
  const auto count = [&](const auto& what) {
    return static_cast<std::uint64_t>(std::ranges::count_if(columns, what));
  };
  const std::uint64_t moved = count([](const Measured& c) { return c.distance.moved; });
  const std::uint64_t measured =
      count([](const Measured& c) { return c.distance.value.has_value(); });
  Json dataset;
  if (wish.like == Convention::kEvidently) {
    dataset = measured > 0 && share(moved, measured) >= kShareOfDataset;
  }
  return {{"reference", {{"rows", pair.reference.rows()}}},
          {"current", {{"rows", pair.current.rows()}}},
          {"like", monitor::name_of(wish.like)},
          {"level", wish.like == Convention::kOwn ? Json(monitor::kDriftLevel) : Json()},
          {"moved", moved},
          {"measured", measured},
          {"dataset_moved", std::move(dataset)},
          {"gone", pair.gone},
          {"come", pair.come},
          {"remarks", pair.remarks},
          {"columns", columns_json(std::move(columns))}};
}

Result<Json> drift_view(io::Fs& fs, const collect::PairFiles& files,
                        const monitor::DriftWish& wish, const io::Path& temp) {
  const collect::Pair pair = TRY(collect::read_pair(fs, files, temp));
  table::Engine::rest();  // so that what reading took is not there beside what measuring takes
  Json out = drift_of(pair, wish, cores());
  out["reference"]["file"] = files.reference;
  out["current"]["file"] = files.current;
  return out;
}

}  // namespace rondo::loop
