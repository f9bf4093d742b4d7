// The world of `rondo up`: files change, people ask, labels come by HTTP; what is deployed answers
// through the router, and its history learns each label as soon as it is durable.
#pragma once

#include <set>

#include "base/guarded.h"
#include "deploy/router.h"
#include "io/folder_watch.h"
#include "ledger/answer_index.h"
#include "loop/session.h"
#include "loop/shadow.h"
#include "loop/source_gate.h"
#include "loop/world.h"

namespace rondo::loop {

struct LoopNumbers;

class ServiceWorld : public World {
 public:
  /// `progress`: of each history that is built; null: nobody asks.
  ServiceWorld(ledger::Store& store, const Config& config, Session* session,
               ledger::PredictionLog* log, Progress* progress = nullptr);
  /// From whom records come to the log, while a rollout is under way. Must outlive this.
  void passes_by(ShadowScorer* shadow) { shadow_ = shadow; }

  Result<SourceNews> peek(const State& state) override;
  /// Threads: the loop's and the requests'; one at a time.
  Result<void> changed(const State& state) override;
  Result<void> flush() override;
  bool stays() const override { return true; }
  std::shared_ptr<const model::Pipeline> loaded(std::int64_t version) const override;
  bool rolls_out() const override { return true; }

  const deploy::Router& router() const { return router_; }
  /// A version, loaded when needed. `history` is shared by versions that read the same past.
  Result<std::shared_ptr<const deploy::Deployed>> load(const State& state, std::int64_t version);
  /// Whether the table that answers is not the one that the state asks for, although it could be.
  bool behind(const State& state) const;
  /// changed() when `state` asks for others than at the last call. Threads: one.
  Result<void> follow(const State& state);
  /// Tries a champion again that could not be loaded, every two seconds. Threads: one.
  void mend(const State& state);
  /// Keeps a version loaded beside the ones that answer, or no longer.
  Result<void> pin(const State& state, std::int64_t version);
  Result<void> unpin(const State& state, std::int64_t version);
  /// Joins new labels with their predictions and hands them to the history, and what rows and
  /// other tables of the newest version know.
  Result<void> learn(const State& state);
  /// Why the champion does not answer, as a sentence; empty: it does, or there is none.
  std::string alert() const;
  /// How large the champion's history is, with an alert when it had no room. Threads: any.
  void tell_history(LoopNumbers& numbers) const;

 private:
  /// A label whose answer is not found yet.
  struct Early {
    ledger::Label label;
    std::int64_t since_us = 0;
    bool missed = false;  // looked for where it should stand
  };
  using Labels = std::map<std::string, Early, std::less<>>;
  struct Loaded {
    std::map<std::int64_t, std::shared_ptr<const deploy::Deployed>> versions;
    std::optional<ledger::AnswerIndex> answers;
    std::int64_t label_row = 0;
    Labels early;
    std::vector<Kept> kept;
    std::set<std::int64_t> pinned;
    std::int64_t untried = 0;                        // a challenger that cannot be loaded
    bool shadowed = false;                           // the table of now has a trial
    std::string alert;
    std::string learnt_of;  // the dataset version whose rows and other tables are known
    std::vector<io::Digest> learnt_rows;
    std::map<std::string, io::Digest> learnt;
  };
  Result<std::shared_ptr<const deploy::Deployed>> load_locked(Loaded& loaded, const State& state,
                                                              std::int64_t version);
  std::shared_ptr<const deploy::Trial> trial_of(Loaded& loaded, const State& state,
                                                const deploy::Deployed& champion);
  void listen();
  void publish(Loaded& loaded, const State& state, deploy::Routing routing);
  Result<std::shared_ptr<Guarded<model::HistoryState>>> history_for(
      Loaded& loaded, const State& state, const model::Pipeline& pipeline);
  Result<std::vector<model::Observation>> join(Loaded& loaded, Labels& labels,
                                               const model::Pipeline::Parts& parts);
  Result<bool> next_labels(std::int64_t& row, std::size_t most, std::int64_t since_us,
                           Labels& labels);
  /// What the rows and the labels of now tell.
  Result<model::HistoryState> fresh_history(Loaded& loaded, const State& state,
                                            const model::Pipeline& pipeline);
  Result<void> learn_rows(const State& state);
  Result<void> teach_rows(Loaded& loaded, const State& state);
  Result<void> note_learnt(Loaded& loaded, const State& state);
  Result<void> teach_tables(Loaded& loaded, const ledger::Manifest& manifest);
  Result<std::vector<model::Observation>> all_served(Loaded& loaded,
                                                     const model::Pipeline::Parts& parts);

  ledger::Store& store_;
  const Config& config_;
  Session* session_;
  ledger::PredictionLog* log_;
  Progress* progress_;
  ShadowScorer* shadow_ = nullptr;
  deploy::Router router_;
  Guarded<Loaded> loaded_;
  std::optional<State> followed_;
  std::int64_t mended_us_ = 0;
  SourceGate gate_;
  io::FolderWatch folders_;
  bool hears_ = false;  // of all folders of the source
  SourceNews last_news_;
};

}  // namespace rondo::loop
