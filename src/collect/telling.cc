// Sentences and numbers of a collection.
#include "collect/telling.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/words.h"
#include "collect/segment.h"

namespace rondo::collect {
namespace {

void tell_sources(const Telling& t, ledger::StageOutput& out) {
  const ledger::Counts& n = t.manifest.counts;
  const std::uint64_t served = t.served.rows.rows();
  if (t.served.read == 0 || !t.files.empty()) {
    const std::uint64_t from_files = n.accepted - served;
    out.reason = fmt::format("{} row{} from {}", grouped(from_files), from_files == 1 ? "" : "s",
                             listed(t.files));
  }
  if (t.situation.backfill) {
    out.reason += told(*t.situation.backfill) + ", which were missed";
    tell_backfill(t.situation, out);
  } else if (t.situation.retry) {
    tell_retried(t.reading, t.retry, t.files.empty(), out);
  }
  if (t.merged.gone > 0) {
    out.reason += fmt::format(", {} of them in place of older ones",
                              grouped(t.merged.gone));
    out.evidence["replaced"] = t.merged.gone;
  }
  if (t.served.read > 0) {
    out.reason += fmt::format("{}{} prediction{} that got {} label", t.files.empty() ? "" : ", ",
                              grouped(served), served == 1 ? "" : "s",
                              served == 1 ? "its" : "their");
  }
  if (n.rejected > 0) out.reason += fmt::format(", {} rejected", grouped(n.rejected));
  if (n.duplicate > 0) out.reason += fmt::format(", {} known already", grouped(n.duplicate));
}

void tell_evidence(const Telling& t, std::uint64_t needed, ledger::StageOutput& out) {
  const ledger::Counts& n = t.manifest.counts;
  Json evidence = {{"files", t.files},         {"read", n.read},
                  {"accepted", n.accepted},   {"rejected", n.rejected},
                  {"duplicate", n.duplicate}, {"rows", t.manifest.rows},
                  {"labelled", t.manifest.labelled}, {"labelled_needed", needed},
                  {"dataset", t.manifest.number},
                  {"contract", t.manifest.contract.version}};
  out.evidence.update(evidence);
  if (!t.manifest.segments.empty()) {
    out.evidence["content"] = t.manifest.segments.back().content.hex();
  }
  if (std::optional<Time> newest = t.newest) {
    for (const ledger::Segment& one : t.manifest.segments) newest = std::max(*newest, one.last);
    out.evidence["newest"] = to_text(*newest);
  }
  if (t.served.read > 0) out.evidence["served"] = t.served.rows.rows();
  if (t.manifest.superseded > 0) out.evidence["superseded"] = t.manifest.superseded;
  if (!t.reading.changes.empty()) out.evidence["changes"] = t.reading.changes;
  if (!t.reading.dropped.empty()) out.evidence["made_missing"] = t.reading.dropped;
  if (!t.same.empty()) out.evidence["same"] = t.same;
  for (const Reason& reason : commonest(t.reading.rejects, 3)) {
    out.evidence["reasons"].push_back(reason.line);
  }
}

}  // namespace

std::string told(const TimeRange& range) {
  return fmt::format(" of {} to {}", to_text(range.from), to_text(range.to));
}

Result<void> check_backfill(const std::optional<ledger::Manifest>& parent, const Cursor& cursor,
                            bool replaces) {
  if (!parent || !cursor.newest) {
    return fail(Code::kInvalidInput, "nothing was collected yet that could be filled",
                "`rondo run` collects everything that is there");
  }
  const char* why = parent->orders_only ? "a clock that only orders gives no place to rows that "
                                          "come later"
                    : replaces          ? "mode = \"replace\" reads everything anyway"
                                        : nullptr;
  if (why == nullptr) return {};
  return fail(Code::kInvalidInput, fmt::format("no range can be filled: {}", why));
}

void tell_backfill(const Situation& situation, ledger::StageOutput& out) {
  out.evidence["backfill"] = {{"from", to_text(situation.backfill->from)},
                              {"to", to_text(situation.backfill->to)}};
}

void tell_tables(const Tables& tables, ledger::StageOutput& out) {
  if (!tables.evidence.empty()) out.evidence["tables"] = tables.evidence;
  if (!tables.told.empty()) out.reason += fmt::format("; {}", fmt::join(tables.told, "; "));
}

void tell_retried(const Reading& reading, const Retry& retry, bool alone,
                  ledger::StageOutput& out) {
  const auto taken = static_cast<std::uint64_t>(std::ranges::count(reading.retried, true));
  const std::uint64_t still = reading.retried.size() - taken + retry.unreadable;
  const std::string text = fmt::format("{} of {} rejected row{} taken now", grouped(taken),
                                       grouped(taken + still), taken + still == 1 ? "" : "s");
  out.reason = alone ? text : out.reason + ", " + text;
  out.evidence["retried"] = {{"taken", taken}, {"still_rejected", still},
                             {"not_split", retry.unreadable}};
}

void tell(const Telling& t, ledger::StageOutput& out) {
  const auto needed = static_cast<std::uint64_t>(
      std::max<std::int64_t>({t.situation.labelled_needed, t.options.min_rows, 0}));
  const std::uint64_t labelled = t.manifest.labelled;
  const bool enough = labelled >= needed;
  out.result = t.manifest.counts.accepted == 0 ? "unchanged" : enough ? "new rows" : "too few rows";
  tell_sources(t, out);
  if (out.result == "too few rows" && t.situation.table.empty()) {  // nobody labels facts
    const bool held = t.situation.labelled_needed == std::numeric_limits<std::int64_t>::max();
    out.reason += held ? fmt::format("; {} labelled rows, but no training is due now",
                                     grouped(labelled))
                       : fmt::format("; {} labelled rows, {} are needed", grouped(labelled),
                                     grouped(needed));
  }
  tell_evidence(t, needed, out);
}

}  // namespace rondo::collect
