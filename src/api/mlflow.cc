// POST /invocations as MLflow's scoring server takes it: one of four forms of JSON, or CSV.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/frames.h"
#include "api/handlers.h"

namespace rondo::api {
namespace {

constexpr std::array<std::string_view, 5> kTableForms = {"dataframe_split", "dataframe_records",
                                                    "instances", "inputs", "params"};
using FormsFound = std::array<std::optional<Element>, kTableForms.size()>;

std::expected<FormsFound, Refusal> read_invocation(Call& call) {
  FormsFound found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kTableForms, found, Others::kRefused));
  const auto forms = std::ranges::count_if(found.begin(), found.end() - 1,
                                           [](const auto& form) { return form.has_value(); });
  if (forms == 1) return found;
  return bad_shape(fmt::format("the body has {} of the forms of a table, it must have one", forms),
                   "dataframe_split, dataframe_records, instances or inputs");
}

Reply finish_invocation(Batch& batch, Output output) {
  Response response = TRY(batch.finish());
  response.body += "{\"predictions\":";
  write_values(response.body, batch, output);
  response.body += "}\n";
  return response;
}

bool is_csv(const Request& request) {
  const auto type = request.header("Content-Type");
  return type && equal_fold(type->substr(0, 8), "text/csv");
}

}  // namespace

Reply post_invocations(Call& call) {
  Picked by = TRY(pick(call.app, call.app.service().model_name(), ""));
  const model::Task task = by->pipeline->parts().task;
  if (is_csv(call.request)) {
    Batch batch(call, std::move(by));
    TRY(add_csv(batch, call.request.body, call.app.service().config().collect.null, {}));
    return finish_invocation(batch, Output::kPrediction);
  }
  const FormsFound found = TRY(read_invocation(call));
  const FrameOptions options = TRY(read_frame_options(found[4], "\"params\"", task));
  if (options.output == Output::kContributions) TRY(check_explains(*by));
  if (is_interval(options.output)) TRY(check_interval(*by));
  Batch batch(call, std::move(by), options.wanted(), is_interval(options.output));
  if (found[0]) {
    TRY(add_split(batch, *found[0], options.time));
  } else if (found[3]) {
    TRY(add_columnar(batch, *found[3], options.time));
  } else {
    TRY(add_instances(batch, found[1] ? *found[1] : *found[2], options.time));
  }
  return finish_invocation(batch, options.output);
}

}  // namespace rondo::api
