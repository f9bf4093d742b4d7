// Which rows have a label that may be learnt from, and what kind of question the target is. A label
// that is not known yet, or not to be trusted yet, is left alone: such a row trains nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "prepare/draft.h"

namespace rondo::prepare {
namespace {

using table::Column;
using table::Type;

constexpr std::size_t kFewestRows = 50;
constexpr std::size_t kMostClasses = 1000;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

bool has_value(const Column& column, std::size_t row) {
  if (column.is_null(row)) return false;
  return column.type != Type::kNumber || std::isfinite(column.numbers[row]);
}

bool in_quarantine(const Situation& situation, Time time) {
  return std::ranges::any_of(situation.quarantine, [time](const Quarantine& q) {
    return time >= q.from && time < q.until;
  });
}

/// Fills draft.used: label there, due at `now`, outside of quarantine.
void find_usable(const Job& job, const Column& target, Draft& draft) {
  for (std::size_t row = 0; row < job.rows.rows(); ++row) {
    if (!has_value(target, row)) {
      ++draft.kept_out.unlabelled;
    } else if (!job.times.empty() && job.times[row] + job.situation.label_delay > job.now) {
      ++draft.kept_out.not_due;
    } else if (!job.times.empty() && in_quarantine(job.situation, job.times[row])) {
      ++draft.kept_out.quarantined;
    } else {
      draft.used.push_back(row);
    }
  }
}

/// The texts of the target among the used rows, in byte order; stops beyond `most`.
std::set<std::string> values_of(const Column& target, const std::vector<std::size_t>& used,
                                std::size_t most) {
  std::set<std::string> values;
  std::vector<bool> seen(target.dictionary.size());
  for (const std::size_t row : used) {
    if (is_text(target.type)) {
      const auto code = static_cast<std::size_t>(target.codes[row]);
      if (seen[code]) continue;
      seen[code] = true;
    }
    values.insert(target.cell_text(row));
    if (values.size() > most) break;
  }
  return values;
}

std::string too_few(const Job& job, const Draft& draft) {
  const KeptOut& out = draft.kept_out;
  std::string text = fmt::format(
      "only {} of the {} rows of d{} may be learnt from, and a model needs {}",
      grouped(draft.used.size()), grouped(job.rows.rows()), job.dataset, kFewestRows);
  if (out.unlabelled > 0) {
    text += fmt::format("; {} have no \"{}\" yet", grouped(out.unlabelled), job.situation.target);
  }
  if (out.not_due > 0) {
    text += fmt::format("; {} are younger than label_delay ({})", grouped(out.not_due),
                        to_text(job.situation.label_delay));
  }
  if (out.quarantined > 0) {
    text += fmt::format("; {} are kept out until they are judged or a signal is over",
                        grouped(out.quarantined));
  }
  return text;
}

/// The task that the target's values ask for, unless the project names one.
Broken choose_task(const Job& job, const Column& target, Draft& draft) {
  const std::string& name = job.situation.target;
  const bool asked = job.situation.task != "auto" && !job.situation.task.empty();
  const bool quantiles = !job.situation.quantiles.empty();
  const bool wants_number = job.situation.task == "regression" || quantiles;
  if (wants_number && is_text(target.type)) {
    return fmt::format("{}, but the target \"{}\" is text; take a column of numbers, or another "
                       "task",
                       quantiles ? "[train] quantiles asks for quantiles of a number"
                                 : "the task is regression",
                       name);
  }
  const std::size_t most = asked || is_text(target.type) ? kMostClasses : 2;
  const auto values = values_of(target, draft.used, most);
  if (values.size() == 1) {
    return fmt::format("the target \"{}\" is {} in all {} rows that have one: there is nothing to "
                       "learn",
                       name, *values.begin(), grouped(draft.used.size()));
  }
  if (wants_number || (!asked && !is_text(target.type) && values.size() > 2)) {
    draft.task = model::Task::kRegression;
    return {};
  }
  if (job.situation.task == "binary" && values.size() > 2) {
    return fmt::format("the task is binary, but the target \"{}\" has more than two values", name);
  }
  if (values.size() > kMostClasses) {
    return fmt::format("the target \"{}\" has more than {} classes; is it the right column?", name,
                       grouped(kMostClasses));
  }
  const bool binary = values.size() == 2 && job.situation.task != "multiclass";
  draft.task = binary ? model::Task::kBinary : model::Task::kMulticlass;
  draft.classes.assign(values.begin(), values.end());
  return {};
}

/// Each used row's weight: a number, not below 0, and not 0 for all of them.
Broken find_weights(const Job& job, Draft& draft) {
  const std::string& name = job.situation.weight;
  if (name.empty()) return {};
  const auto index = job.rows.schema().find(name);
  if (!index || name == table::kTimeColumn) {
    return fmt::format("[train] weight names \"{}\", which is no column of dataset d{}", name,
                       job.dataset);
  }
  const Column& column = job.rows.column(*index);
  if (name == job.situation.target || is_text(column.type) || column.type == Type::kTime) {
    return fmt::format("[train] weight names \"{}\", which is {}; a weight is a number", name,
                       name == job.situation.target ? std::string("the target")
                                                    : fmt::format("a {}", name_of(column.type)));
  }
  std::size_t wrong = 0, first = 0;
  bool any = false;
  for (const std::size_t row : draft.used) {
    const double weight = column.as_double(row);
    if (!(weight >= 0 && std::isfinite(weight)) && wrong++ == 0) first = row;
    any = any || weight > 0;
    draft.weight.push_back(weight);
  }
  if (wrong > 0) {
    const double weight = column.as_double(first);
    return fmt::format("{} of {} rows have no weight of 0 or more in \"{}\": in the first, row {} "
                       "of d{}, it is {}; `rondo data show d{} --origin` tells its file and line",
                       grouped(wrong), grouped(draft.used.size()), name, grouped(first),
                       job.dataset, std::isnan(weight) ? "missing" : table::number_text(weight),
                       job.dataset);
  }
  if (any) return {};
  return fmt::format("the weight \"{}\" is 0 in all {} rows: there is nothing to learn from", name,
                     grouped(draft.used.size()));
}

}  // namespace

LabelReader::LabelReader(const Column& column, const std::vector<std::string>& classes)
    : column_(column), classes_(classes), by_code_(column.dictionary.size(), kUnknown) {
  for (std::size_t code = 0; code < by_code_.size(); ++code) {
    const auto found = std::ranges::find(classes, column.dictionary[code]);
    if (found != classes.end()) by_code_[code] = static_cast<double>(found - classes.begin());
  }
}

double LabelReader::operator()(std::size_t row) const {
  if (!has_value(column_, row)) return kUnknown;
  if (is_text(column_.type)) return by_code_[static_cast<std::size_t>(column_.codes[row])];
  if (classes_.empty()) return column_.as_double(row);
  const auto found = std::ranges::find(classes_, column_.cell_text(row));
  return found == classes_.end() ? kUnknown : static_cast<double>(found - classes_.begin());
}

Broken find_target(const Job& job, Draft& draft) {
  const std::string& name = job.situation.target;
  const auto index = job.rows.schema().find(name);
  if (!index || name == table::kTimeColumn) {
    std::vector<std::string> names;
    for (const auto& field : job.rows.schema().fields) {
      if (field.name != table::kTimeColumn) names.push_back(field.name);
    }
    return fmt::format("the target \"{}\" is no column of dataset d{}; it has {}", name,
                       job.dataset, listed(names));
  }
  const Column& target = job.rows.column(*index);
  if (target.type == Type::kTime) {
    return fmt::format("the target \"{}\" is a time, which no task predicts", name);
  }
  find_usable(job, target, draft);
  if (draft.used.size() < kFewestRows) return too_few(job, draft);
  if (const Broken why = choose_task(job, target, draft)) return why;
  const LabelReader label(target, draft.classes);
  for (const std::size_t row : draft.used) draft.label.push_back(label(row));
  return find_weights(job, draft);
}

}  // namespace rondo::prepare
