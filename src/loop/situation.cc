// One translation of settings; see situation.h.
#include "loop/situation.h"

namespace rondo::loop {

prepare::Situation situation_of(const Config& config, const std::vector<Kept>& kept) {
  prepare::Situation s;
  s.target = config.project.target;
  s.task = config.project.task;
  s.has_clock = !config.collect.time.empty();
  s.entity = config.collect.entity;
  s.label_delay = config.monitor.label_delay;
  s.delay = config.collect.delay;
  for (const Kept& stretch : kept) {
    s.quarantine.push_back(
        {stretch.from, stretch.until.value_or(kEndOfTime), stretch.column, stretch.why});
  }
  return s;
}

}  // namespace rondo::loop
