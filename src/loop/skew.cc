// See skew.h.
#include "loop/skew.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "base/failpoint.h"
#include "loop/rescore.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kMostKept = 4096;  // rows that wait; of more none is kept

}  // namespace

void SkewWatch::offer(std::span<const ledger::Prediction> rows) {
  thread_local std::size_t seen = kOneIn - 1;  // since the last row that was kept
  seen += rows.size();
  while (seen >= kOneIn) {
    seen -= kOneIn;
    const ledger::Prediction& row = rows[rows.size() - 1 - seen];
    kept_.with([&](auto& kept) {
      if (kept.size() < kMostKept) kept.push_back(row);
    });
  }
}

void SkewWatch::check(const deploy::Routing& routing) {
  std::map<std::int64_t, std::vector<ledger::Prediction>> by_version;
  auto kept = kept_.with([](auto& all) { return std::exchange(all, {}); });
  for (ledger::Prediction& row : kept) by_version[row.version].push_back(std::move(row));
  for (const auto& [version, rows] : by_version) {
    if (const auto by = routing.find(version)) compare(*by, rows);
  }
}

void SkewWatch::compare(const deploy::Deployed& by, const std::vector<ledger::Prediction>& rows) {
  const model::Pipeline& pipeline = *by.pipeline;
  const std::size_t outputs = pipeline.outputs();
  std::vector<LoggedRow> again;
  std::vector<const ledger::Prediction*> told;
  std::string unlike;
  for (const ledger::Prediction& row : rows) {
    checked_.add(1);
    auto logged = logged_row(row, pipeline);
    if (!logged) {
      mismatches_.add(1);
      unlike = row.id;
      continue;
    }
    again.push_back(*std::move(logged));
    told.push_back(&row);
  }
  std::vector<double> answers = score_again(pipeline, again);
  if (hit(Failpoint::kSkewCheck) != Injected::kNothing && !answers.empty()) {
    answers[0] = std::nextafter(answers[0], std::numeric_limits<double>::infinity());
  }
  for (std::size_t i = 0; i < told.size(); ++i) {
    const auto answer = std::span(answers).subspan(i * outputs, outputs);
    if (same_bits(as_answered(pipeline.parts(), answer), *told[i])) continue;
    mismatches_.add(1);
    unlike = told[i]->id;
  }
  if (unlike.empty()) return;
  alert_.with([&](std::string& alert) {
    alert = fmt::format(
        "skew: {} of {} answers that were scored again came out with other bits, the last {} of "
        "v{}; `rondo replay-requests --version {}` counts them all",
        mismatches_.get(), checked_.get(), unlike, by.version, by.version);
  });
}

}  // namespace rondo::loop
