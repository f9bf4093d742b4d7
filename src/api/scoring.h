// From cells to answers: picks the version, scores row by row, gives ids, logs, and counts. Both
// protocols go through here, so that one row gives the same bits by each.
#pragma once

#include "api/app.h"
#include "api/rows.h"
#include "deploy/router.h"

namespace rondo::api {

using Deployed = std::shared_ptr<const deploy::Deployed>;

/// The version that a request names ("", "champion", "7", "v7"). The table is taken once.
/// Errors: 404 for another model's name or an unknown version; 503 when nothing is deployed.
std::expected<Deployed, Refusal> pick(App& app, std::string_view model, std::string_view version);

/// The rows of one request, all scored by one version.
class Batch {
 public:
  Batch(Call& call, Deployed by);
  const table::Schema& inputs() const { return by_->pipeline->transform().inputs(); }
  const model::Pipeline::Parts& parts() const { return by_->pipeline->parts(); }
  Outsiders outsiders() const;
  const deploy::Deployed& by() const { return *by_; }
  /// The clock when the request came: the time of rows that name none.
  Time now() const { return now_; }
  /// Room for a row's cells.
  std::span<model::Cell> cells() { return call_.scratch.cells; }
  /// Scores what is in cells(). Errors: 413 beyond the limit of rows.
  std::expected<void, Refusal> add(Time time);
  /// Names the rows, hands them to the log, counts them, and starts the reply with its headers.
  Response finish();
  std::span<const ledger::Prediction> rows() const { return {call_.scratch.rows.data(), count_}; }
  const std::string& id() const { return id_; }

 private:
  Call& call_;
  Deployed by_;
  Time now_;
  std::string id_;
  std::size_t count_ = 0;
};

}  // namespace rondo::api
