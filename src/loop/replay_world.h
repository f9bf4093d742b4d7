// The world of a replay: the recorded history comes back row by row on a simulated clock. A tick
// delivers the labels that became known, then asks for predictions of the rows that happen, all
// through the router. Nothing later than the clock is ever read: labels carry their known time, and
// histories answer as of each row's own time.
#pragma once

#include "base/clock.h"
#include "deploy/router.h"
#include "ledger/prediction_log.h"
#include "loop/run.h"
#include "loop/session.h"
#include "loop/world.h"

namespace rondo::loop {

/// The recorded history: rows in order of event time, as the source tells them (with the rehearsed
/// fault, if any), and what was true.
struct Recording {
  table::Table rows;                       // as the source tells them
  prepare::Tables tables;                  // that they are joined with
  io::Digest digest;                       // of the rows without the fault
  std::vector<Time> times;
  std::vector<Time> known;                 // event time + label_delay
  std::vector<std::optional<Json>> told;   // labels as delivered
  std::vector<std::optional<Json>> truth;  // labels without the fault
  /// The first row that did not happen before.
  std::size_t row_at(Time time) const;
};
/// Errors: kNotFound, kInvalidInput naming file, line and column. Cost: reads the whole source.
Result<Recording> record(const Config& config, const io::Path& project, const Json& fault,
                         const io::Path& temp);

/// All that a pipeline's history can know of a recording, in the order in which it became known.
std::vector<model::Observation> recorded_observations(const Recording& recording,
                                                      const model::Pipeline& pipeline,
                                                      const Config& config,
                                                      const std::vector<Kept>& kept);

/// What a version answers to the recorded rows [begin, end), each as of its own time; the bits are
/// those of Router::answer(). Shape: rows x outputs, and x lags, row-major. Cost: of a batch.
struct Answers {
  std::vector<double> values, lags;
};
Answers answers_to(const deploy::Deployed& by, const Recording& recording, std::size_t begin,
                   std::size_t end);

class ReplayWorld : public World, public Clock {
 public:
  struct Options {
    Time from, to;
    Span every;
    Json fault = Json::object();
    bool crontab = false;
    Stop outer;  // a person's stop; the world's own stop is that its history ended
  };
  /// Goes on where the project stood. Errors: kCorrupt, kIo.
  static Result<std::unique_ptr<ReplayWorld>> open(Session& session, const Recording& recording,
                                                   const Options& options,
                                                   const Observer& observer);

  Time now() const override { return now_; }
  /// Lives through the next tick; requests the stop at the end of the recording.
  Result<void> wait_for_news(const Stop& stop, Span at_most) override;
  Result<SourceNews> peek(const State& state) override;
  std::optional<Time> as_of() const override { return now_; }
  Json fault() const override { return options_.fault; }
  Result<void> changed(const State& state) override;
  Result<void> flush() override { return log_->flush(); }
  bool stays() const override { return true; }
  std::shared_ptr<const model::Pipeline> loaded(std::int64_t version) const override {
    const auto found = loaded_.find(version);
    return found == loaded_.end() ? nullptr : found->second->pipeline;
  }
  const ledger::PredictionIds& ids() const { return ids_; }
  /// A version that answers or answered; kept from then on.
  Result<std::shared_ptr<const deploy::Deployed>> load(const State& state, std::int64_t version);

 private:
  ReplayWorld(Session& session, const Recording& recording, const Options& options,
              const Observer& observer, ledger::PredictionIds ids);
  /// A version that answers, and what its history has yet to learn.
  struct Answering {
    std::shared_ptr<const deploy::Deployed> by;  // null: none
    std::vector<model::Observation> observations;  // by known time
    std::size_t learned = 0;
  };
  Result<Answering> answering(const State& state, std::int64_t version);
  Result<void> deliver_labels(Time until);
  void learn(Time until);
  void answer(Time from, Time until);

  Session& session_;
  const Recording& recording_;
  Options options_;
  Observer observer_;
  ledger::PredictionIds ids_;
  std::unique_ptr<ledger::PredictionLog> log_;
  std::map<std::int64_t, std::shared_ptr<const deploy::Deployed>> loaded_;
  Answering champion_, stand_in_;  // the second answers while there is one
  std::vector<Kept> kept_;
  Time now_;
};

}  // namespace rondo::loop
