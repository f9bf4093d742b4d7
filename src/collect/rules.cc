// Cells against the rules of their column.
#include "collect/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "collect/agreed.h"

namespace rondo::collect {
namespace {

std::vector<bool> allowed(const table::Column& column, const std::vector<std::string>& values) {
  std::vector<bool> out;
  for (const std::string& text : column.dictionary) {
    out.push_back(std::ranges::find(values, text) != values.end());
  }
  return out;
}

std::string ends(const std::pair<double, double>& range) {
  return fmt::format("{} to {}", table::number_text(range.first),
                     table::number_text(range.second));
}

}  // namespace

std::vector<Breach> breaches(const table::Column& column, const table::Rule& rule,
                             const std::vector<std::size_t>& unread) {
  std::vector<Breach> out;
  std::vector<bool> good;
  if (rule.values) good = allowed(column, *rule.values);
  auto skip = unread.begin();
  for (std::size_t row = 0; row < column.size(); ++row) {
    const bool is_unread = skip != unread.end() && *skip == row;
    if (is_unread) ++skip;
    if (column.is_null(row)) {
      if (!rule.nullable && !is_unread) out.push_back({row, Why::kMissing});
    } else if (rule.values && !good[static_cast<std::size_t>(column.codes[row])]) {
      out.push_back({row, Why::kValue});
    } else if (rule.range) {
      const double value = column.as_double(row);
      if (value < rule.range->first || value > rule.range->second) {
        out.push_back({row, Why::kRange});
      }
    }
  }
  return out;
}

void widen(table::Rule& rule, const table::Column& column, const Breach& breach) {
  if (breach.why == Why::kMissing) {
    rule.nullable = true;
  } else if (breach.why == Why::kValue) {
    std::string text(column.text(breach.row));
    if (std::ranges::find(*rule.values, text) == rule.values->end()) {
      rule.values->push_back(std::move(text));
    }
  } else {
    const double value = column.as_double(breach.row);
    rule.range->first = std::min(rule.range->first, value);
    rule.range->second = std::max(rule.range->second, value);
  }
}

std::shared_ptr<const table::Column> without(const table::Column& column,
                                             const std::vector<Breach>& breaches) {
  auto out = std::make_shared<table::Column>(column);
  out->valid = table::Bits();
  auto next = breaches.begin();
  for (std::size_t row = 0; row < column.size(); ++row) {
    const bool gone = next != breaches.end() && next->row == row;
    if (gone) ++next;
    out->valid.push(!gone && !column.is_null(row));
  }
  return out;
}

std::string sentence_of(const std::string& column, std::string_view text, const table::Rule& rule,
                        Why why) {
  const std::string name = shown(column);
  switch (why) {
    case Why::kMissing:
      return fmt::format("{} is missing, and {} says that it never is", name, kContractFile);
    case Why::kValue:
      return fmt::format("{} is \"{}\", which {} does not list", name, shown(text),
                         kContractFile);
    default:
      return fmt::format("{} is {}, and {} says {}", name, shown(text), kContractFile,
                         ends(*rule.range));
  }
}

}  // namespace rondo::collect
