// What stands on both sides of the split: rows that were learnt and are asked about again, and
// things whose rows all have one answer. A figure on such a test promises what new rows do not
// keep.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <compare>
#include <unordered_map>
#include <unordered_set>

#include "prepare/guard.h"
#include "stats/intervals.h"

namespace rondo::prepare {
namespace {

using table::Column;
using table::Type;

constexpr double kDuplicates = 0.005;
constexpr double kChance = 1e-3;       // error of each bound that proves duplicates
constexpr std::size_t kFewestGroups = 33;  // fewer values: the bins of a column see each of them

std::uint64_t cells_hash(const Draft& draft, const std::vector<std::size_t>& columns,
                         std::size_t row) {
  std::uint64_t hash = 0x2545f4914f6cdd1d;
  for (const std::size_t column : columns) {
    const double value = draft.matrix.row(row)[column];
    const auto bits = std::isnan(value) ? ~std::uint64_t{0}
                                        : std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
    hash = mixed(hash ^ bits) + 0x9e3779b97f4a7c15;
  }
  return hash;
}

/// A row as a hash of its feature cells, its label, and its place among the training rows.
struct HashedRow {
  std::uint64_t cells = 0;
  double label = 0;
  std::size_t place = 0;
  auto operator<=>(const HashedRow&) const = default;
  bool same_row(const HashedRow& other) const {
    return cells == other.cells && label == other.label;
  }
};

struct Copies {
  std::size_t whole = 0, other_label = 0;  // of the test rows
  stats::Share before;                     // newer half of training: rows that repeat an older one
};

Copies count_copies(const Draft& draft, const std::vector<std::size_t>& columns) {
  std::vector<HashedRow> seen;
  seen.reserve(draft.train.size());
  for (const std::size_t row : draft.train) {
    seen.push_back({cells_hash(draft, columns, row), draft.label[row], seen.size()});
  }
  std::ranges::sort(seen);
  Copies copies;
  copies.before.rows = (seen.size() + 1) / 2;
  for (std::size_t i = 1; i < seen.size(); ++i) {
    const bool newer = seen[i].place >= seen.size() / 2;
    copies.before.hits += newer && seen[i].same_row(seen[i - 1]) ? 1 : 0;
  }
  for (const std::size_t row : draft.test) {
    const HashedRow wanted{cells_hash(draft, columns, row), draft.label[row], 0};
    const auto cells = std::ranges::lower_bound(seen, wanted.cells, {}, &HashedRow::cells);
    if (cells == seen.end() || cells->cells != wanted.cells) continue;
    const auto whole = std::ranges::lower_bound(seen, wanted);
    const bool found = whole != seen.end() && whole->same_row(wanted);
    ++(found ? copies.whole : copies.other_label);
  }
  return copies;
}

/// A value as a hash, whatever the column's type; of integers and texts only.
std::uint64_t value_hash(const Column& column, std::size_t row) {
  return is_text(column.type) ? mixed(static_cast<std::uint64_t>(column.codes[row]) + 1)
                              : mixed(static_cast<std::uint64_t>(column.integers[row]));
}

/// At most kMostGuarded training rows (places in draft.used) of a column, those of a value all or
/// none, each with its value as a bin.
struct Grouped {
  std::vector<std::size_t> rows;
  Binned values;
};

Grouped grouped_by(const Column& column, const Draft& draft) {
  const std::uint64_t parts = (draft.train.size() + kMostGuarded - 1) / kMostGuarded;
  Grouped out;
  std::unordered_map<std::uint64_t, std::uint32_t> bins;
  for (const std::size_t place : draft.train) {
    const std::size_t row = draft.used[place];
    if (column.is_null(row)) continue;
    const std::uint64_t hash = value_hash(column, row);
    if (hash % parts != 0) continue;
    out.rows.push_back(place);
    const auto bin = bins.emplace(hash, static_cast<std::uint32_t>(bins.size())).first->second;
    out.values.bin.push_back(bin);
  }
  out.values.bins = bins.size();
  return out;
}

/// Test rows whose value also trains.
std::size_t known_values(const Column& column, const Draft& draft) {
  std::unordered_set<std::uint64_t> known;
  for (const std::size_t place : draft.train) {
    if (!column.is_null(draft.used[place])) known.insert(value_hash(column, draft.used[place]));
  }
  return static_cast<std::size_t>(std::ranges::count_if(draft.test, [&](std::size_t place) {
    const std::size_t row = draft.used[place];
    return !column.is_null(row) && known.contains(value_hash(column, row));
  }));
}

/// A column of many values, each in several rows, that all have one answer: it names whose rows
/// they are.
void look_for_group(const Job& job, const Input& input, Draft& draft) {
  const Column& column = job.rows.column(input.column);
  if (column.type != Type::kInteger && column.type != Type::kCategory) return;
  const Grouped groups = grouped_by(column, draft);
  if (groups.values.bins < kFewestGroups || groups.values.bins * 2 > groups.rows.size()) return;
  const Answer answer =
      answer_of(draft.task, draft.classes.size(), labels_of(draft, groups.rows));
  const double told = told_by_others(groups.values, answer);
  if (told < kCopy) return;
  const std::size_t known = known_values(column, draft);
  draft.findings.push_back(
      {"groups", {input.name}, told,
       fmt::format("rows with the same \"{}\" have the same \"{}\" ({} {:.4f} by the other rows), "
                   "and {} of the {} test rows have one that trains too",
                   input.name, job.situation.target, measure_of(draft), told, grouped(known),
                   grouped(draft.test.size())),
       fmt::format("If \"{0}\" says whose row it is, set [collect] entity = [\"{0}\"], which keeps "
                   "its rows on one side",
                   input.name),
       {{"test", draft.test.size()}, {"known", known}}});
}

/// With a clock an entity goes on over time, and so do those that are served: no fault, but the
/// figure holds for known entities.
void tell_known_entities(const Job& job, Draft& draft) {
  std::unordered_set<std::string> known;
  for (const std::size_t place : draft.train) known.insert(entity_of(job, draft.used[place]));
  const auto again = static_cast<std::size_t>(
      std::ranges::count_if(draft.test, [&](std::size_t place) {
        return known.contains(entity_of(job, draft.used[place]));
      }));
  if (again == 0) return;
  const double share = static_cast<double>(again) / static_cast<double>(draft.test.size());
  draft.findings.push_back(
      {"groups", job.situation.entity, share,
       fmt::format("{} of the {} test rows are of a known {}: the figures say little about new "
                   "ones",
                   grouped(again), grouped(draft.test.size()), listed(job.situation.entity)),
       {}, {{"test", draft.test.size()}, {"known", again}}, false});
}

}  // namespace

/// Test rows that are copies of training rows, label included. Some rows repeat by themselves, and
/// how many is seen in the newer half of the training rows. A test row meets at most twice as many
/// older rows as those did, so by itself it repeats at most twice as often: more must be proved.
void find_duplicates(const Job& job, Draft& draft) {
  if (!draft.split.by_time || draft.test.empty()) return;
  std::vector<std::size_t> columns;
  for (std::size_t column = 0; column < draft.transform.features(); ++column) {
    if (draft.transform.steps()[column].input >= 0) columns.push_back(column);
  }
  if (columns.empty()) return;
  const Copies copies = count_copies(draft, columns);
  const stats::Share share{copies.whole, draft.test.size()};
  if (share.value() <= kDuplicates) return;
  const double by_itself = 2 * stats::clopper_pearson_upper(copies.before, kChance);
  if (stats::clopper_pearson_lower(share, kChance) <= by_itself) return;
  draft.findings.push_back(
      {"duplicates", {}, share.value(),
       fmt::format("{} of the {} test rows are copies of training rows, \"{}\" included ({} more "
                   "have the same cells and another \"{}\")",
                   grouped(copies.whole), grouped(draft.test.size()), job.situation.target,
                   grouped(copies.other_label), job.situation.target),
       "Take the copies out of the source, or set prepare.leaks = \"warn\" if such rows are really "
       "different events",
       {{"test", draft.test.size()}, {"copies", copies.whole},
        {"other_label", copies.other_label}, {"expected_at_most", by_itself}}});
}

void find_groups(const Job& job, Draft& draft) {
  if (draft.test.empty()) return;
  if (!job.situation.entity.empty()) {
    if (draft.split.by_time) tell_known_entities(job, draft);
    return;
  }
  if (draft.split.by_time) return;
  for (const Input& input : draft.inputs) {
    if (!is_allowed(job, input.name)) look_for_group(job, input, draft);
  }
}

}  // namespace rondo::prepare
