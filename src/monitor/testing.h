// What the tests of this folder share: recorded or generated rows as a stream of day windows, with
// the reference frozen from its first days.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "monitor/watcher.h"
#include "table/table.h"

namespace rondo::monitor {

/// Rows in order of time. Text lives in the table.
struct Stream {
  table::Table rows;
  std::vector<Time> times;
  std::vector<std::string> inputs;
  std::string target;
};

/// The hours of examples/bikes with the inputs that the example uses; the target is cnt.
Stream bikes();
/// `rows` rows a day for `days` days from 2020-01-01: five columns of a kind each and a target that
/// follows them. Independent rows.
Stream generated(int days, int rows, std::uint64_t seed);

std::shared_ptr<model::Reference> reference_of(const Stream& stream, std::size_t first_rows,
                                               bool clock = true);
/// The rows in [from, until) as version `version` answered them: with the label when `answer` is
/// not given, else with answer(label).
Cohort cohort_of(const Stream& stream, Time from, Time until, std::int64_t version = 1,
                 const std::function<double(double)>& answer = {});
/// Every window of `length` from the row `first` on, in order.
std::vector<Cohort> cohorts_of(const Stream& stream, std::size_t first,
                               Span length = Span::days(1),
                               const std::function<double(double)>& answer = {});

/// The column `name` of the cohort, to break it.
void break_column(const model::Reference& reference, Cohort& cohort, const std::string& name,
                  const std::function<model::Cell(std::size_t, model::Cell)>& change);
model::Cell number(double x);
model::Cell text(std::string_view t);

/// "+kind subject" where one opened, "-kind subject" where one closed, "!" in front of those that
/// quarantine.
std::vector<std::string> told(const std::vector<Signal>& signals);

}  // namespace rondo::monitor
