// Rows are sorted by key and content, then both sides are walked together: equal ones cancel, what
// is left of a key on both sides changed, what is left on one side came or went.
#include "loop/row_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "table/canonical.h"
#include "table/conform.h"

namespace rondo::loop {
namespace {

/// The columns that both tables have, under one type each.
struct Sides {
  table::Table before, after;
};

using SharedColumn = std::shared_ptr<const table::Column>;

/// Both columns as one type, the one that either has if it can hold the other, else as categories.
Result<std::pair<SharedColumn, SharedColumn>> alike(const SharedColumn& before,
                                                    const SharedColumn& after) {
  if (before->type == after->type) return std::pair(before, after);
  if (auto wide = table::convert(before, after->type)) return std::pair(*wide, after);
  if (auto wide = table::convert(after, before->type)) return std::pair(before, *wide);
  return std::pair(TRY(table::convert(before, table::Type::kCategory)),
                   TRY(table::convert(after, table::Type::kCategory)));
}

Result<Sides> shared_columns(const table::Table& before, const table::Table& after) {
  table::Schema schema;
  std::vector<SharedColumn> old_columns, new_columns;
  for (std::size_t i = 0; i < after.columns(); ++i) {
    const std::string& name = after.schema().fields[i].name;
    const auto there = before.schema().find(name);
    if (!there || name == table::kTimeColumn) continue;
    auto [was, is] = TRY(alike(before.shared(*there), after.shared(i)));
    schema.fields.push_back({name, is->type});
    old_columns.push_back(std::move(was));
    new_columns.push_back(std::move(is));
  }
  if (schema.fields.empty()) {
    return fail(Code::kInvalidInput, "the two versions have no column in common");
  }
  return Sides{table::Table(schema, std::move(old_columns)),
              table::Table(schema, std::move(new_columns))};
}

struct Keyed {
  std::string key, content;
  std::size_t row = 0;
  auto operator<=>(const Keyed&) const = default;
};

std::vector<Keyed> entries(const table::Table& rows, const std::vector<std::size_t>& key) {
  std::vector<Keyed> out(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    out[row].row = row;
    out[row].content = table::row_digest(rows, row);
    if (!key.empty()) out[row].key = table::key_digest(rows, key, row);
  }
  std::ranges::sort(out);
  return out;
}

bool same_cell(const table::Column& a, std::size_t at_a, const table::Column& b,
               std::size_t at_b) {
  if (a.is_null(at_a) || b.is_null(at_b)) return a.is_null(at_a) == b.is_null(at_b);
  if (table::is_text(a.type)) return a.text(at_a) == b.text(at_b);
  if (a.type == table::Type::kNumber) return a.numbers[at_a] == b.numbers[at_b];
  return a.integers[at_a] == b.integers[at_b];
}

/// What is left of the rows of one key after equal ones have cancelled each other.
void settle(std::vector<std::size_t> gone, std::vector<std::size_t> come, const Sides& tables,
            bool by_key, RowDiff& out) {
  std::ranges::sort(gone);
  std::ranges::sort(come);
  const std::size_t pairs = by_key ? std::min(gone.size(), come.size()) : 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    RowDiff::Changed changed{gone[i], come[i], {}};
    for (std::size_t c = 0; c < tables.after.columns(); ++c) {
      if (same_cell(tables.before.column(c), gone[i], tables.after.column(c), come[i])) continue;
      changed.columns.push_back(tables.after.schema().fields[c].name);
    }
    out.changed.push_back(std::move(changed));
  }
  const auto skip = static_cast<std::ptrdiff_t>(pairs);
  out.removed.insert(out.removed.end(), gone.begin() + skip, gone.end());
  out.added.insert(out.added.end(), come.begin() + skip, come.end());
}

RowDiff walk(const std::vector<Keyed>& before, const std::vector<Keyed>& after, const Sides& tables,
             bool by_key) {
  RowDiff out;
  for (auto a = before.begin(), b = after.begin(); a != before.end() || b != after.end();) {
    const bool first = b == after.end() || (a != before.end() && a->key <= b->key);
    const std::string& key = first ? a->key : b->key;
    std::vector<std::size_t> gone, come;
    const auto here = [&key](auto at, const std::vector<Keyed>& side) {
      return at != side.end() && at->key == key;
    };
    while (here(a, before) || here(b, after)) {
      const bool old = here(a, before), now = here(b, after);
      if (old && now && a->content == b->content) {
        ++out.same;
        ++a;
        ++b;
      } else if (old && (!now || a->content < b->content)) {
        gone.push_back((a++)->row);
      } else {
        come.push_back((b++)->row);
      }
    }
    settle(std::move(gone), std::move(come), tables, by_key, out);
  }
  std::ranges::sort(out.added);
  std::ranges::sort(out.removed);
  std::ranges::sort(out.changed, {}, &RowDiff::Changed::after);
  return out;
}

/// Greatest distance of two empirical distribution functions.
double steps_apart(std::vector<double> a, std::vector<double> b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty() ? 0 : 1;
  std::ranges::sort(a);
  std::ranges::sort(b);
  double most = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    most = std::max(most, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                   static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return most;
}

double shares_apart(const table::Column& a, const table::Column& b) {
  std::map<std::string, double> difference;  // a missing cell is the empty text
  for (std::size_t row = 0; row < a.size(); ++row) {
    difference[a.cell_text(row)] += 1 / static_cast<double>(a.size());
  }
  for (std::size_t row = 0; row < b.size(); ++row) {
    difference[b.cell_text(row)] -= 1 / static_cast<double>(b.size());
  }
  double sum = 0;
  for (const auto& [value, share] : difference) sum += std::abs(share);
  return sum / 2;
}

double missing_share(const table::Column& column) {
  const auto n = static_cast<double>(std::max<std::size_t>(column.size(), 1));
  return static_cast<double>(column.size() - column.valid.count()) / n;
}

std::vector<double> present(const table::Column& column) {
  std::vector<double> values;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) values.push_back(column.as_double(row));
  }
  return values;
}

}  // namespace

Result<RowDiff> diff_rows(const table::Table& before, const table::Table& after,
                          const std::vector<std::string>& key) {
  const Sides tables = TRY(shared_columns(before, after));
  const auto places = TRY(table::key_places(tables.after.schema(), key, "of both versions"));
  return walk(entries(tables.before, places), entries(tables.after, places), tables,
              !key.empty());
}

std::vector<ColumnMove> moves(const table::Table& before, const table::Table& after) {
  std::vector<ColumnMove> out;
  const auto tables = shared_columns(before, after);
  if (!tables) return out;
  for (std::size_t c = 0; c < tables->after.columns(); ++c) {
    const table::Column& was = tables->before.column(c);
    const table::Column& is = tables->after.column(c);
    const bool counts = !table::is_text(is.type) && is.type != table::Type::kBool;
    out.push_back({tables->after.schema().fields[c].name,
                   counts ? steps_apart(present(was), present(is)) : shares_apart(was, is),
                   missing_share(was), missing_share(is)});
  }
  std::ranges::sort(out, [](const ColumnMove& a, const ColumnMove& b) {
    return a.distance != b.distance ? a.distance > b.distance : a.column < b.column;
  });
  return out;
}

}  // namespace rondo::loop
