// See lived.h.
#include "loop/lived.h"

#include <algorithm>

#include "loop/policy.h"
#include "loop/replay_loss.h"
#include "loop/rescore.h"
#include "loop/shared.h"

namespace rondo::loop {

Result<Lived> Lived::open(const ReplayOptions& options) {
  Lived lived;
  lived.session_ =
      TRY(open_session({options.into, false, options.durability, "hindsight", false}));
  const auto fs = io::real_fs(options.durability);
  lived.config_ = TRY(replayed_config(*fs, options));
  const std::shared_ptr<Shared> shared =
      options.shared ? options.shared : std::make_shared<Shared>();
  lived.recording_ = TRY(shared->recording([&] {
    return record(lived.config_, options.project, options.fault,
                  lived.session_->store->attempts());
  }));
  lived.state_ = lived.session_->desk->look();
  const LoopOptions& loop = lived.config_.loop;
  const Policy policy = TRY(Policy::make(options.policy == "own" ? loop.policy : options.policy,
                                         loop, lived.config_.collect.min_rows));
  if (!policy.crontab()) lived.kept_ = lived.state_.kept;
  if (options.to) lived.end_ = *options.to;
  return lived;
}

Result<deploy::Deployed> Lived::version(std::int64_t number) const {
  deploy::Deployed by;
  by.version = number;
  by.pipeline_digest = TRY(io::Digest::from_hex(state_.versions.at(number).pipeline));
  by.pipeline = TRY(model::Pipeline::load(
      TRY(session_->store->objects->get(by.pipeline_digest))));
  by.history = std::make_shared<Guarded<model::HistoryState>>(by.pipeline->transform().history());
  by.history->with([&](model::HistoryState& history) {
    for (const auto& seen : recorded_observations(*recording_, *by.pipeline, config_, kept_)) {
      history.apply(seen);
    }
  });
  return by;
}

ReplayDay Lived::loss(const deploy::Deployed& by, Time from, Time until) const {
  const model::Pipeline::Parts& parts = by.pipeline->parts();
  const evaluate::Metric metric = shown_loss(config_.evaluate.metric, parts.task).metric;
  const std::size_t outputs = by.pipeline->outputs();
  const std::size_t begin = recording_->row_at(from);
  const std::size_t end = std::max(begin, recording_->row_at(std::min(until, end_)));
  const std::vector<double> answers = answers_to(by, *recording_, begin, end).values;
  ReplayDay sum;
  sum.day = from;
  for (std::size_t i = begin; i < end; ++i) {
    if (!recording_->truth[i]) continue;
    const auto answer = std::span(answers).subspan((i - begin) * outputs, outputs);
    const auto lost = loss_of(metric, parts, as_answered(parts, answer), *recording_->truth[i]);
    if (!lost) continue;
    ++sum.rows;
    sum.loss += *lost;
  }
  return sum;
}

}  // namespace rondo::loop
