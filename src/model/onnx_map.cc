// Maps as arithmetic of tensors. Logarithms of probabilities are made of raw scores, where they
// keep their digits near 0 and 1, if the link is known; see onnx_map.h.
#include "model/onnx_map.h"

namespace rondo::model {
namespace {

using stats::Calibration;

constexpr float kLeastScore = 1e-15F, kLeastLog = -34.538776F;  // scores are clipped there
constexpr std::int64_t kSmallest = 0, kToInt64 = 7;

void put_number(Message& graph, std::string_view name, double value) {
  put_floats(graph, name, {1}, {static_cast<float>(value)});
}

/// "score" from "raw_score".
void put_link(Message& graph, Link link, std::size_t outputs, std::string_view to) {
  if (link == Link::kAscending) {
    put_integers(graph, "levels", {static_cast<std::int64_t>(outputs)});
    graph.bytes(1, node_message("TopK", {"raw_score", "levels"}, to, "",
                                {attribute("axis", std::int64_t{1}),
                                 attribute("largest", kSmallest),
                                 attribute("sorted", std::int64_t{1})}, "order"));
    return;
  }
  // A node of its own: not every runtime looks at post_transform.
  const char* const op = link == Link::kSigmoid   ? "Sigmoid"
                         : link == Link::kSoftmax ? "Softmax"
                         : link == Link::kExp     ? "Exp"
                                                  : "Identity";
  put_node(graph, op, {"raw_score"}, to);
}

/// "map_log" from "map_score".
void put_log(Message& graph) {
  put_number(graph, "map_least", kLeastScore);
  put_node(graph, "Max", {"map_score", "map_least"}, "map_some");
  put_node(graph, "Log", {"map_some"}, "map_log");
}

/// Sigmoid(a ln s - b ln(1-s) + c); `map_no` is -ln(1-s).
void put_line(Message& graph, Link link, const Calibration& map) {
  put_number(graph, "map_least_log", kLeastLog);
  put_number(graph, "map_most_log", -kLeastLog);
  put_number(graph, "map_a", map.a);
  put_number(graph, "map_b", map.b);
  put_number(graph, "map_c", map.c);
  if (link == Link::kSigmoid) {  // ln s = -ln(1 + exp(-x)), -ln(1-s) = ln(1 + exp(x))
    put_node(graph, "Neg", {"raw_score"}, "map_turned");
    put_node(graph, "Softplus", {"map_turned"}, "map_less");
    put_node(graph, "Neg", {"map_less"}, "map_log");
    put_node(graph, "Softplus", {"raw_score"}, "map_no");
  } else {
    put_link(graph, link, 1, "map_score");
    put_log(graph);
    put_number(graph, "map_one", 1);
    put_node(graph, "Sub", {"map_one", "map_score"}, "map_other");
    put_node(graph, "Max", {"map_other", "map_least"}, "map_other_some");
    put_node(graph, "Log", {"map_other_some"}, "map_other_log");
    put_node(graph, "Neg", {"map_other_log"}, "map_no");
  }
  put_node(graph, "Max", {"map_log", "map_least_log"}, "map_log_clipped");
  put_node(graph, "Min", {"map_no", "map_most_log"}, "map_no_clipped");
  put_node(graph, "Mul", {"map_log_clipped", "map_a"}, "map_first");
  put_node(graph, "Mul", {"map_no_clipped", "map_b"}, "map_second");
  put_node(graph, "Sum", {"map_first", "map_second", "map_c"}, "map_odds");
  put_node(graph, "Sigmoid", {"map_odds"}, "prediction");
}

void put_temperature(Message& graph, Link link, std::size_t outputs, const Calibration& map) {
  put_number(graph, "map_least_log", kLeastLog);
  put_number(graph, "map_power", map.a);
  if (link == Link::kSoftmax) {
    put_node(graph, "LogSoftmax", {"raw_score"}, "map_log");
  } else {
    put_link(graph, link, outputs, "map_score");
    put_log(graph);
  }
  put_node(graph, "Max", {"map_log", "map_least_log"}, "map_log_clipped");
  put_node(graph, "Mul", {"map_log_clipped", "map_power"}, "map_powers");
  put_node(graph, "Softmax", {"map_powers"}, "prediction");
}

/// How many knots are at or before the score, or, with "Greater", before it. Shape: INT64
/// [rows, 1].
void put_place(Message& graph, const char* comparison, std::string_view prefix) {
  const std::string is = std::string(prefix) + "_is", counts = std::string(prefix) + "_counts";
  put_node(graph, comparison, {"map_score", "map_knots"}, is);
  put_node(graph, "Cast", {is}, counts, {attribute("to", kToInt64)});
  put_node(graph, "ReduceSum", {counts, "map_axis"}, prefix);
}

/// Between the knots at or before and after the score a line from the first one.
void put_isotonic(Message& graph, const Calibration& map) {
  std::vector<float> score = {0}, low = {static_cast<float>(map.knots.front().low)}, slope = {0};
  for (std::size_t i = 0; i < map.knots.size(); ++i) {
    const Calibration::Knot& knot = map.knots[i];
    score.push_back(static_cast<float>(knot.score));
    low.push_back(static_cast<float>(knot.low));
    slope.push_back(0);
    if (i + 1 == map.knots.size()) break;
    const Calibration::Knot& next = map.knots[i + 1];
    // Two knots of one float have no score between them.
    if (static_cast<float>(next.score) == score.back()) continue;
    slope.back() = static_cast<float>((next.low - knot.low) / (next.score - knot.score));
  }
  put_place(graph, "GreaterOrEqual", "map_place");
  put_floats(graph, "map_from_score", {score.size()}, score);
  put_floats(graph, "map_from_low", {low.size()}, low);
  put_floats(graph, "map_slope", {slope.size()}, slope);
  put_node(graph, "Gather", {"map_from_score", "map_place"}, "map_begin");
  put_node(graph, "Gather", {"map_from_low", "map_place"}, "map_low");
  put_node(graph, "Gather", {"map_slope", "map_place"}, "map_rise");
  put_node(graph, "Sub", {"map_score", "map_begin"}, "map_way");
  put_node(graph, "Mul", {"map_way", "map_rise"}, "map_risen");
  put_node(graph, "Add", {"map_low", "map_risen"}, "prediction");
}

/// p1/(1 - p0 + p1).
void put_venn_abers(Message& graph, const Calibration& map) {
  std::vector<float> low = {0}, high;
  for (const Calibration::Knot& knot : map.knots) {
    low.push_back(static_cast<float>(knot.low));
    high.push_back(static_cast<float>(knot.high));
  }
  high.push_back(1);
  put_place(graph, "GreaterOrEqual", "map_place");
  put_place(graph, "Greater", "map_after");
  put_floats(graph, "map_lows", {low.size()}, low);
  put_floats(graph, "map_highs", {high.size()}, high);
  put_number(graph, "map_one", 1);
  put_node(graph, "Gather", {"map_lows", "map_place"}, "map_p0");
  put_node(graph, "Gather", {"map_highs", "map_after"}, "map_p1");
  put_node(graph, "Sub", {"map_one", "map_p0"}, "map_rest");
  put_node(graph, "Add", {"map_rest", "map_p1"}, "map_both");
  put_node(graph, "Div", {"map_p1", "map_both"}, "prediction");
}

}  // namespace

void put_answer(Message& graph, Link link, std::size_t outputs, const Calibration& calibration) {
  using Kind = Calibration::Kind;
  switch (calibration.kind) {
    case Kind::kNone: return put_link(graph, link, outputs, "prediction");
    case Kind::kPlatt:
    case Kind::kBeta: return put_line(graph, link, calibration);
    case Kind::kTemperature: return put_temperature(graph, link, outputs, calibration);
    case Kind::kIsotonic:
    case Kind::kVennAbers: break;
  }
  std::vector<float> knots;
  for (const Calibration::Knot& knot : calibration.knots) {
    knots.push_back(static_cast<float>(knot.score));
  }
  put_floats(graph, "map_knots", {knots.size()}, knots);
  put_integers(graph, "map_axis", {1});
  put_link(graph, link, outputs, "map_score");
  if (calibration.kind == Kind::kIsotonic) return put_isotonic(graph, calibration);
  put_venn_abers(graph, calibration);
}

}  // namespace rondo::model
