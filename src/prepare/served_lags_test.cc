// Rows that were served train on what the history answered then, and others know their labels when
// these came.
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "model/served_past.h"
#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

/// Each hour a row whose label is declared to be known a day later.
Job of_two_lags() {
  Job job = job_of(Grid().times(clock(600)).numbers("x", noise(600, 1)).numbers("y", noise(600, 2))
                       .table(), "y");
  job.situation.label_delay = job.situation.gap = Span::days(1);
  job.lags = *lags_from(Json::parse(
      R"([{"column": "y", "by": "1d"}, {"column": "y", "by": "2d"}])"));
  return job;
}

/// Of each row of the job, columns as a version left them that served every third row.
Job with_served(Job job, const model::HistorySpec& spec, std::size_t lag) {
  table::ColumnBuilder labels(Type::kInteger), known(Type::kTime), bits(Type::kInteger);
  for (std::size_t row = 0; row < job.rows.rows(); ++row) {
    if (row % 3 != 0) {
      labels.null();
      known.null();
      bits.null();
      continue;
    }
    labels.integer(static_cast<std::int64_t>(row) + 5);
    known.integer((job.times[row] + Span::hours(500)).us);
    const double none = std::numeric_limits<double>::quiet_NaN();
    bits.integer(model::served_bits(row % 2 == 0 ? none : 1e6 + static_cast<double>(row)));
  }
  job.served = job.served.with({std::string(model::kServedLabel), Type::kInteger}, labels.finish())
                   .with({std::string(model::kServedKnown), Type::kTime}, known.finish())
                   .with({model::served_column_of(spec, spec.lags[lag], "y", {}), Type::kInteger},
                         bits.finish());
  return job;
}

TEST(ServedLags, ARowThatWasServedTrainsOnWhatWasServed) {
  const Job before = of_two_lags();
  const model::HistorySpec spec = draft_of(before).transform.history();
  const Job job = with_served(before, spec, 0);
  const Draft draft = draft_of(job);
  // Of all others the lags are those of a history that learnt the served labels when they came.
  model::HistoryState history(spec);
  for (const auto& seen :
       observations(ledger::RowsAndServed{job.rows, job.served}, spec, "y", {}, job.situation)) {
    history.apply(seen);
  }
  std::vector<double> lags(spec.lags.size());
  std::size_t served = 0, moved = 0;
  const Draft plain = draft_of(before);
  for (std::size_t i = 0; i < draft.used.size(); ++i) {
    const std::size_t row = draft.used[i];
    history.read("", job.times[row], job.times[row], lags);
    double want = lags[0];
    if (row % 3 == 0) {
      ++served;
      want = row % 2 == 0 ? std::numeric_limits<double>::quiet_NaN()
                          : 1e6 + static_cast<double>(row);
    }
    const double got = feature(draft, i, spec.lags[0].feature);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(got), std::bit_cast<std::uint64_t>(want)) << row;
    const double other = feature(draft, i, spec.lags[1].feature);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(other), std::bit_cast<std::uint64_t>(lags[1])) << row;
    const double then = feature(plain, i, spec.lags[1].feature);
    moved += std::bit_cast<std::uint64_t>(other) != std::bit_cast<std::uint64_t>(then) ? 1 : 0;
  }
  EXPECT_GT(served, 50U);
  EXPECT_GT(moved, 50U) << "labels that came late are known late";
}

}  // namespace
}  // namespace rondo::prepare
