// What is said of the counts of a reading: parts are added up, and too many rejects fail.
#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "collect/reading.h"

namespace rondo::collect {
namespace {

constexpr std::uint64_t kShareCounts = 1000;  // max_rejected applies from so many rows on

std::string reasons_text(std::span<const Json> rejects) {
  std::string text;
  for (const Reason& reason : commonest(rejects, 3)) {
    text += "\n  " + reason.line;
    if (!reason.hint.empty()) text += "; " + reason.hint;
  }
  return text;
}

}  // namespace

void go_on(Reading& reading, Reading next) {
  const auto [overtaken, labelled] = next.overtaken;
  ledger::Counts& n = reading.counts;
  n.read += next.counts.read;
  n.accepted += next.counts.accepted - overtaken;
  n.duplicate += next.counts.duplicate + overtaken;
  n.rejected += next.counts.rejected;
  reading.labelled += next.labelled - labelled;
  std::ranges::move(next.rejects, std::back_inserter(reading.rejects));
  std::ranges::move(next.changes, std::back_inserter(reading.changes));
  for (const auto& [column, count] : next.dropped) reading.dropped[column] += count;
  reading.contract = std::move(next.contract);
  reading.rows = std::move(next.rows);
  reading.origin = std::move(next.origin);
  reading.record = std::move(next.record);
}

Result<void> check_rejected(const Reading& reading, double most, bool first) {
  const ledger::Counts& n = reading.counts;
  const bool none = first && n.accepted == 0 && n.rejected > 0;
  const auto all = static_cast<double>(std::max<std::uint64_t>(n.read, 1));
  const double share = static_cast<double>(n.rejected) / all;
  if (!none && (n.read < kShareCounts || share <= most)) return {};
  const std::string what =
      none ? fmt::format("none of the {} rows could be taken:", grouped(n.read))
           : fmt::format("{} of {} rows were rejected ({:.2g} %, allowed {:g} %):",
                         grouped(n.rejected), grouped(n.read), 100 * share,
                         100 * most);
  return fail(Code::kInvalidInput, what + reasons_text(reading.rejects),
              none ? "" : "mend the rows, or raise [collect] max_rejected");
}

}  // namespace rondo::collect
