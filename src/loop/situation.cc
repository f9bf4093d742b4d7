// One translation of settings; see situation.h.
#include "loop/situation.h"

namespace rondo::loop {
namespace {

constexpr Span kLongestFirstTest = Span::days(56);  // [evaluate] test = "auto", no champion

}  // namespace

prepare::Situation situation_of(const Config& config, const std::vector<Kept>& kept) {
  prepare::Situation s;
  s.target = config.project.target;
  s.task = config.project.task;
  s.weight = config.train.weight;
  s.quantiles = config.train.quantiles;
  s.has_clock = !config.collect.time.empty();
  s.entity = config.collect.entity;
  s.split = config.evaluate.split;
  s.label_delay = config.monitor.label_delay;
  s.delay = config.collect.delay;
  if (const auto tables = collect::tables_of(config.collect)) {
    for (const auto& [name, how] : *tables) s.tables[name] = how.delay;
  }
  for (const Kept& stretch : kept) {
    s.quarantine.push_back(
        {stretch.from, stretch.until.value_or(kEndOfTime), stretch.column, stretch.why});
  }
  return s;
}

bool splits_by_time(const Config& config) {
  return prepare::splits_by_time(situation_of(config, {}));
}

void choose_test(const Config& config, bool first, prepare::Situation& situation) {
  if (const auto test = test_rows(config.evaluate.test)) {
    situation.test_share = test->share;
    situation.test_longest = test->longest;
    if (first && config.evaluate.test == "auto") situation.test_longest = kLongestFirstTest;
  }
  situation.gap = config.monitor.label_delay;
  if (const auto gap = parse_span(config.evaluate.gap)) situation.gap = *gap;
}

}  // namespace rondo::loop
