// The loop's situation as JSON, and back. Times are microseconds; everything is written, so that a
// worker in another process decides the same.
#include <cmath>

#include "prepare/prepare.h"

namespace rondo::prepare {
namespace {

Json to_json(const Quarantine& q) {
  return {{"from_us", q.from.us}, {"until_us", q.until.us}, {"column", q.column}, {"why", q.why}};
}

Result<Quarantine> quarantine_from(const Json& json) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "a quarantine is no object");
  Quarantine q;
  q.from.us = TRY(io::get<std::int64_t>(json, "from_us"));
  q.until.us = TRY(io::get<std::int64_t>(json, "until_us"));
  q.column = io::get_or<std::string>(json, "column", "");
  q.why = io::get_or<std::string>(json, "why", "");
  return q;
}

}  // namespace

bool splits_by_time(const Situation& s) {
  return s.has_clock && s.split != "random" && s.split != "group";
}

Json to_json(const Situation& s) {
  Json quarantine = Json::array();
  for (const Quarantine& q : s.quarantine) quarantine.push_back(to_json(q));
  Json tables = Json::object();
  for (const auto& [name, delay] : s.tables) tables[name] = delay.us;
  Json out = {{"target", s.target},
              {"task", s.task},
              {"has_clock", s.has_clock},
              {"entity", s.entity},
              {"label_delay_us", s.label_delay.us},
              {"delay_us", s.delay.us},
              {"tables", std::move(tables)},
              {"split", s.split},
              {"test_share", s.test_share},
              {"test_longest_us", s.test_longest.us},
              {"gap_us", s.gap.us},
              {"test_after_us", s.test_after.us},
              {"twin", s.twin},
              {"quarantine", std::move(quarantine)},
              {"temp", s.temp}};
  if (s.changed) out["changed_us"] = s.changed->us;
  if (!s.weight.empty()) out["weight"] = s.weight;
  if (!s.quantiles.empty()) out["quantiles"] = s.quantiles;
  return out;
}

Result<Situation> situation_from(const Json& json) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "the situation is no object");
  Situation s;
  s.target = TRY(io::get<std::string>(json, "target"));
  s.task = io::get_or<std::string>(json, "task", s.task);
  s.weight = io::get_or<std::string>(json, "weight", "");
  s.quantiles = io::get_or<std::vector<double>>(json, "quantiles", {});
  s.has_clock = io::get_or<bool>(json, "has_clock", s.has_clock);
  s.entity = io::get_or<std::vector<std::string>>(json, "entity", {});
  s.label_delay.us = io::get_or<std::int64_t>(json, "label_delay_us", s.label_delay.us);
  s.delay.us = io::get_or<std::int64_t>(json, "delay_us", s.delay.us);
  const auto delays =
      io::get_or<std::map<std::string, std::int64_t>>(json, "tables", {});
  for (const auto& [name, us] : delays) s.tables[name].us = us;
  s.split = io::get_or<std::string>(json, "split", s.split);
  s.test_share = io::get_or<double>(json, "test_share", s.test_share);
  s.test_longest.us = io::get_or<std::int64_t>(json, "test_longest_us", s.test_longest.us);
  s.gap.us = io::get_or<std::int64_t>(json, "gap_us", s.gap.us);
  s.test_after.us = io::get_or<std::int64_t>(json, "test_after_us", s.test_after.us);
  if (json.contains("changed_us")) s.changed = Time{TRY(io::get<std::int64_t>(json, "changed_us"))};
  s.twin = io::get_or<bool>(json, "twin", s.twin);
  s.temp = io::get_or<std::string>(json, "temp", s.temp);
  for (const Json& q : io::get_or<Json>(json, "quarantine", Json::array())) {
    s.quarantine.push_back(TRY(quarantine_from(q)));
  }
  if (!(s.test_share >= 0 && s.test_share < 1) || s.gap.us < 0 || s.label_delay.us < 0 ||
      s.delay.us < 0) {
    return fail(Code::kInvalidInput, "the situation has a share or a span that cannot be");
  }
  return s;
}

}  // namespace rondo::prepare
