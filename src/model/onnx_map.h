// From raw scores to answers in ONNX: the link, and the map of probabilities that is served.
#pragma once

#include "model/forest.h"
#include "model/onnx_message.h"
#include "stats/calibration.h"

namespace rondo::model {

/// Into a GraphProto: the nodes from "raw_score" to "prediction", FLOAT [rows, outputs] both.
/// Everything is floats: where knots are nearer to each other than floats are, or a score falls on
/// a step of a map, the other side of the step may be answered.
/// Cost: of maps with knots a comparison a row and knot.
void put_answer(Message& graph, Link link, std::size_t outputs,
                const stats::Calibration& calibration);

}  // namespace rondo::model
