// audit: whose labels monitoring asks for, so that few of them tell how well the model does.
#include <fmt/format.h>

#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/views.h"

namespace rondo::cli {

Result<int> run_audit(const Args& args) {
  const Opened project = TRY(open_project(args));
  const Json view = TRY(loop::audits_view(*project.store, project.config));
  if (args.json) {
    say_json(view);
    return kOk;
  }
  if (view.at("per_day") == 0) {
    say("no label is asked for: [monitor] audit_per_day is 0");
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : view.at("asked")) {
    if (row.at("labelled") == true) continue;
    rows.push_back({text_at(row, "id"), text_at(row, "time"), text_at(row, "due")});
  }
  if (rows.empty()) say("no label is asked for now");
  else say(table({"id", "predicted", "label due by"}, rows, args.color));
  if (const Json& judged = view.at("judged"); judged.is_object() && judged.contains("value")) {
    say(fmt::format("judged: {} of {} that were asked for came; in the newest window the loss is "
                    "{:.3g}, with confidence .9 from {:.3g} to {:.3g}",
                    judged.at("answered").get<std::int64_t>(),
                    counted(judged.at("asked").get<std::int64_t>(), "label"),
                    judged.at("value").get<double>(), judged.at("low").get<double>(),
                    judged.at("high").get<double>()));
  }
  return kOk;
}

}  // namespace rondo::cli
