// Whose labels monitoring asks for: the fold of the watcher beside the labels that have come.
#include "loop/views.h"

namespace rondo::loop {

Result<Json> audits_view(ledger::Store& store, const Config& config) {
  const Json watch = TRY(store.ledger->projection("watch")).value_or(Json::object());
  const Json summary = io::get_or<Json>(watch, "summary", Json::object());
  const Json state = io::get_or<Json>(watch, "state", Json::object());
  const Json audits = io::get_or<Json>(state, "audits", nullptr);
  Json asked = Json::array();
  for (const Json& window : io::get_or<Json>(audits, "windows", Json::array())) {
    const Time until{TRY(io::get<std::int64_t>(window, "until_us"))};
    for (const Json& row : TRY(io::get<Json>(window, "rows"))) {
      const auto id = TRY(io::get<std::string>(row, "id"));
      asked.push_back({{"id", id},
                       {"time", to_text(Time{TRY(io::get<std::int64_t>(row, "time_us"))})},
                       {"probability", TRY(io::get<double>(row, "probability"))},
                       {"due", to_text(until + config.monitor.label_delay)},
                       {"labelled", TRY(store.ledger->label_of(id)).has_value()}});
    }
  }
  return Json{{"per_day", config.monitor.audit_per_day},
              {"version", io::get_or<std::int64_t>(watch, "version", 0)},
              {"asked", std::move(asked)},
              {"judged", io::get_or<Json>(summary, "audits", nullptr)}};
}

}  // namespace rondo::loop
