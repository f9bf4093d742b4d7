// From cells to answers: picks the version, scores a block of rows at a time, gives ids, logs, and
// counts. Every protocol goes through here, so that one row gives the same bits by each.
#pragma once

#include "api/app.h"
#include "api/rows.h"
#include "deploy/router.h"

namespace rondo::api {

using Deployed = std::shared_ptr<const deploy::Deployed>;

/// Errors: 404 for another model's name.
std::expected<void, Refusal> check_model(const App& app, std::string_view model);
/// "7" and "v7". None for anything else.
std::optional<std::int64_t> version_number(std::string_view text);
/// A version, and the rollout that may give the request to another one.
struct Picked {
  Deployed by;
  std::shared_ptr<const deploy::Routing> split{};  // null: no rollout, or the version was named
  bool named = false, tried = false;  // its version was named; while another one is rolled out
  const deploy::Deployed* operator->() const { return by.get(); }
  const deploy::Deployed& operator*() const { return *by; }
};

/// The version that a request names ("", "champion", "former", "7", "v7"). The table is taken once.
/// Errors: 404 for another model's name or an unknown version; 503 when nothing is deployed, or a
/// version is not loaded: whoever may only ask cannot make the server read its disk.
std::expected<Picked, Refusal> pick(App& app, std::string_view model, std::string_view version);

/// Errors: 501 when its model does not hold what explanations need.
std::expected<void, Refusal> check_explains(const deploy::Deployed& by);
/// Errors: 501 when its answers have no interval.
std::expected<void, Refusal> check_interval(const deploy::Deployed& by);

/// The rows of one request, all scored by one version. What it counts is counted when it ends, so
/// that the time of writing the reply is in it; one that ends unfinished counts as failed.
class Batch {
 public:
  /// `interval`: in a rollout only a version that has one answers.
  Batch(Call& call, Picked picked, deploy::Wanted wanted = deploy::Wanted::kAnswer,
        bool interval = false);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch();
  const table::Schema& inputs() const { return read_by_->pipeline->transform().inputs(); }
  const model::Pipeline::Parts& parts() const { return by_->pipeline->parts(); }
  Outsiders outsiders() const;
  const deploy::Deployed& by() const { return *by_; }
  /// The clock when the request came: the time of rows that name none.
  Time now() const { return now_; }
  /// Gives up, with 504, when `span` has passed since the request came.
  void expire_after(Span span) { deadline_us_ = call_.started_us + span.us; }
  /// Room for the next row's cells; their texts must live until finish().
  std::span<model::Cell> cells();
  /// Keeps a text that the request does not hold as it is.
  std::string& keep() { return kept().emplace_back(); }
  std::deque<std::string>& kept() { return call_.scratch.texts; }
  /// Takes in what is in cells(). Errors: 413 beyond the limit of rows or of contributions, 504.
  std::expected<void, Refusal> add(Time time);
  /// Scores the rest, names the rows, hands them to the log, and starts the reply with its headers.
  /// Errors: 504; 503 when the reply has to wait for the log and that has no room.
  Reply finish();
  /// After finish().
  std::span<const ledger::Prediction> rows() const { return {call_.scratch.rows.data(), count_}; }
  std::span<const double> raw() const { return call_.scratch.raw; }  // rows x outputs, if wanted
  /// Rows x outputs x (explained() + 1), if wanted: of each output the columns', then the base.
  std::span<const double> contributions() const { return call_.scratch.contributions; }
  const std::vector<std::string>& explained() const { return by_->pipeline->explained(); }
  const std::string& id() const { return id_; }
  /// Shape: a row of a version that passed check_interval().
  stats::Bounds interval_of(const ledger::Prediction& row) const {
    return parts().answering.interval->around(parts().levels.empty()
                                                  ? std::span(&row.value, 1)
                                                  : std::span<const double>(row.probabilities));
  }

 private:
  std::expected<void, Refusal> score_block();
  void score_row(std::size_t place);
  void count_inputs(Numbers& numbers) const;
  void count_joins(Numbers& numbers) const;
  std::expected<std::shared_ptr<Kept>, Refusal> log();
  void split_by_key(bool interval);
  void split_by_column(std::span<const model::Cell> cells);
  void answer_row(std::span<const model::Cell> cells, std::size_t at);
  void answer_by_champion(bool failed);
  void mark_rows();
  /// Where a failed challenger's rows were answered, they are the champion's.
  ledger::Arm arm_of() const { return fell_back_ ? ledger::Arm::kChampion : arm_; }
  bool tried() const { return split_ != nullptr && by_ == split_->trial->other; }

  Call& call_;
  Deployed read_by_, by_;  // whose inputs are read: the champion's in a rollout; who answers
  std::shared_ptr<const deploy::Routing> split_;  // null: no rollout, or the version was named
  std::optional<std::size_t> split_column_;
  std::optional<std::uint16_t> split_place_;      // of the first row
  ledger::Arm arm_;
  bool recorded_;                                 // the arm of who is named, in a rollout
  bool fell_back_ = false;
  deploy::Wanted wanted_;
  Time now_;
  std::string id_;
  std::size_t count_ = 0, pending_ = 0;  // scored; waiting in the block
  std::size_t answered_ = 0;             // rows that have an answer, those of the block too
  std::int64_t deadline_us_ = 0;         // 0: none
  std::int64_t infer_us_ = 0, scored_us_;  // scored_us_: when the last block was done
  bool finished_ = false;
};

}  // namespace rondo::api
