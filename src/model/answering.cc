// Reading is strict: a map that falls, leaves [0, 1] or lacks a number is refused before any use.
#include "model/answering.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "model/prepared.h"

namespace rondo::model {
namespace {

using stats::Calibration;
using CalibrationKind = Calibration::Kind;

constexpr std::array<std::pair<CalibrationKind, std::string_view>, 6> kMaps = {{
    {CalibrationKind::kNone, "none"},
    {CalibrationKind::kPlatt, "platt"},
    {CalibrationKind::kBeta, "beta"},
    {CalibrationKind::kIsotonic, "isotonic"},
    {CalibrationKind::kVennAbers, "venn_abers"},
    {CalibrationKind::kTemperature, "temperature"},
}};

bool has_knots(CalibrationKind kind) {
  return kind == CalibrationKind::kIsotonic || kind == CalibrationKind::kVennAbers;
}

Json map_json(const Calibration& map) {
  Json json = {{"map", name_of(map.kind)}};
  if (map.kind == CalibrationKind::kTemperature) {
    json["power"] = map.a;
    return json;
  }
  if (!has_knots(map.kind)) {
    json.update({{"a", map.a}, {"b", map.b}, {"c", map.c}});
    return json;
  }
  json["knots"] = Json::array();
  for (const Calibration::Knot& knot : map.knots) {
    json["knots"].push_back({knot.score, knot.low, knot.high});
  }
  return json;
}

std::unexpected<Error> bad_map(const std::string& what) {
  return fail(Code::kInvalidInput, "the map of probabilities " + what);
}

Result<std::vector<Calibration::Knot>> knots_from(const Json& json) {
  std::vector<Calibration::Knot> knots;
  if (!json.is_array() || json.empty()) return bad_map("has no knots");
  for (const Json& one : json) {
    const bool shaped = one.is_array() && one.size() == 3 && one[0].is_number() &&
                        one[1].is_number() && one[2].is_number();
    if (!shaped) return bad_map("has a knot that is not three numbers");
    const Calibration::Knot knot = {one[0].get<double>(), one[1].get<double>(),
                                    one[2].get<double>()};
    const auto inside = [](double x) { return x >= 0 && x <= 1; };
    if (!inside(knot.score) || !inside(knot.low) || !inside(knot.high) || knot.low > knot.high) {
      return bad_map("has a knot outside of [0, 1]");
    }
    if (!knots.empty() && !(knots.back().score < knot.score && knots.back().low <= knot.low &&
                            knots.back().high <= knot.high)) {
      return bad_map("falls");
    }
    knots.push_back(knot);
  }
  return knots;
}

Result<Calibration> map_from(const Json& json) {
  Calibration map;
  map.kind = TRY(calibration_from(TRY(io::get<std::string>(json, "map"))));
  if (map.kind == CalibrationKind::kNone) return bad_map("is none: then there is none to hold");
  if (has_knots(map.kind)) {
    map.knots = TRY(knots_from(TRY(io::get<Json>(json, "knots"))));
    return map;
  }
  if (map.kind == CalibrationKind::kTemperature) {
    map.a = TRY(io::get<double>(json, "power"));
    if (!(map.a >= 0) || !std::isfinite(map.a)) return bad_map("falls, or has no finite power");
    return map;
  }
  map.a = TRY(io::get<double>(json, "a"));
  map.b = TRY(io::get<double>(json, "b"));
  map.c = TRY(io::get<double>(json, "c"));
  if (!(map.a >= 0) || !(map.b >= 0) || !std::isfinite(map.a) || !std::isfinite(map.b) ||
      !std::isfinite(map.c)) {
    return bad_map("falls, or has a number that is not finite");
  }
  return map;
}

Result<Reach> reach_from(const Json& json) {
  const Reach reach{TRY(io::get<double>(json, "coverage")), TRY(io::get<double>(json, "reach"))};
  if (!(reach.coverage > 0) || !(reach.coverage < 1) || !std::isfinite(reach.reach)) {
    return fail(Code::kInvalidInput, "the interval has no coverage in (0, 1), or no finite reach");
  }
  return reach;
}

}  // namespace

std::string_view name_of(CalibrationKind kind) noexcept {
  for (const auto& [each, name] : kMaps) {
    if (each == kind) return name;
  }
  return "none";
}

Result<CalibrationKind> calibration_from(std::string_view name) {
  for (const auto& [kind, each] : kMaps) {
    if (each == name) return kind;
  }
  return fail(Code::kInvalidInput,
              "there is no map of probabilities \"" + std::string(name) + "\"",
              "it is none, platt, beta, isotonic or venn_abers, of more than two classes "
              "temperature");
}

std::size_t Answering::class_of(std::span<const double> probabilities) const noexcept {
  if (probabilities.size() == 2) return probabilities[1] >= cut() ? 1 : 0;
  return static_cast<std::size_t>(std::ranges::max_element(probabilities) -
                                  probabilities.begin());
}

Json Answering::to_json() const {
  Json json = Json::object();
  if (is_calibrated()) json["calibration"] = map_json(calibration);
  if (threshold) json["threshold"] = *threshold;
  if (interval) {
    json["interval"] = {{"coverage", interval->coverage}, {"reach", interval->reach}};
  }
  return json;
}

Result<Answering> Answering::from_json(const Json& json) {
  Answering answering;
  if (!json.is_object()) return fail(Code::kInvalidInput, "it is not an object");
  if (json.empty()) return fail(Code::kInvalidInput, "it says nothing");
  for (const auto& [key, value] : json.items()) {
    if (key == "calibration") {
      answering.calibration = TRY(map_from(value));
    } else if (key == "threshold") {
      // The next number above 1 answers no row.
      const double threshold = value.is_number() ? value.get<double>() : -1;
      if (!(threshold >= 0) || !(threshold <= std::nextafter(1.0, 2.0))) {
        return fail(Code::kInvalidInput, "the threshold is no probability");
      }
      answering.threshold = threshold;
    } else if (key == "interval") {
      answering.interval = TRY(reach_from(value));
    } else {
      return fail(Code::kInvalidInput, "\"" + key + "\" is not known here",
                  "a newer Rondo wrote it: use that one");
    }
  }
  return answering;
}

Result<void> check_answering(const Answering& answering, Task task) {
  const bool many = answering.calibration.kind == CalibrationKind::kTemperature;
  if (many && task != Task::kMulticlass) return bad_map("needs more than two classes");
  if (answering.is_calibrated() && !many && task != Task::kBinary) {
    return bad_map("needs two classes");
  }
  if (answering.threshold && task != Task::kBinary) {
    return fail(Code::kInvalidInput, "a threshold needs two classes");
  }
  if (!answering.interval) return {};
  if (!is_number(task)) {
    return fail(Code::kInvalidInput, "an interval is of numbers, and these are classes");
  }
  if (task == Task::kRegression && answering.interval->reach < 0) {
    return fail(Code::kInvalidInput, "the interval's reach is below 0");
  }
  return {};
}

}  // namespace rondo::model
