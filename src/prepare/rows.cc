// Which of the usable rows train and which test. For deployment all of them train. The training
// part must be able to teach something, which is checked here, before anything is fitted.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "prepare/draft.h"

namespace rondo::prepare {
namespace {

using table::Column;
using table::Side;
using table::Type;

constexpr std::size_t kFewestTraining = 20;
constexpr std::size_t kCopies = 8;

/// A cell in one spelling whatever its type became: 3 and 3.0 are the same, and so are 0 and false.
void append_cell(const Column& column, std::size_t row, std::string& out) {
  if (column.type == Type::kCategory || column.type == Type::kText) {
    out += 't';
    out += column.text(row);
    return;
  }
  out += 'n';
  const double value = column.as_double(row);
  const bool whole = std::abs(value) < 9007199254740992.0 && value == std::trunc(value);
  out += whole ? std::to_string(static_cast<std::int64_t>(value)) : column.cell_text(row);
}

bool is_feature_cell(const Job& job, const std::string& name) {
  return name != job.situation.target && name != table::kTimeColumn &&
         std::ranges::find(job.options.ignore, name) == job.options.ignore.end() &&
         std::ranges::find(job.options.late, name) == job.options.late.end();
}

/// Rows with the same cells go to one side eight at a time: a few copies stay together, and a table
/// of few different rows still has two sides. Counting from the oldest row, nothing moves later.
void tell_crowds_apart(std::vector<std::string>& keys) {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::string& key : keys) {
    const std::size_t before = seen[key]++;
    if (before >= kCopies) key += std::to_string(before / kCopies);
  }
}

table::Split split_for(const Job& job, const Draft& draft) {
  const Situation& now = job.situation;
  std::vector<std::uint8_t> usable(job.rows.rows());
  for (const std::size_t row : draft.used) usable[row] = 1;
  if (now.twin) {
    table::Split split;
    split.by_time = splits_by_time(now);
    split.side.assign(usable.size(), Side::kNeither);
    for (const std::size_t row : draft.used) split.side[row] = Side::kTrain;
    split.train = draft.used.size();
    if (!split.by_time) return split;
    for (const std::size_t row : draft.used) {
      if (row == draft.used.front() || job.times[row] > split.train_until) {
        split.train_until = job.times[row];
      }
    }
    split.test_from = split.test_until = split.train_until + Span{1};
    return split;
  }
  if (!splits_by_time(now)) {
    return table::split_by_hash(keys_of(job), usable, now.test_share, job.seed.derive("split"));
  }
  return table::split_by_time(job.times, usable,
                              {now.test_share, now.test_longest, now.gap, now.test_after,
                               now.changed});
}

std::string too_little_training(const Job& job, const Draft& draft) {
  std::string text = fmt::format("only {} rows are left to train on, and a model needs {}",
                                 grouped(draft.train.size()), kFewestTraining);
  const std::size_t between = draft.used.size() - draft.train.size() - draft.test.size();
  text += fmt::format(": {} rows test", grouped(draft.test.size()));
  if (between > 0) {
    text += fmt::format(", {} lie in the gap of {} before them", grouped(between),
                        to_text(job.situation.gap));
  }
  return text;
}

Broken check_labels(const Job& job, const Draft& draft) {
  const double first = draft.label[draft.train.front()];
  const bool constant = std::ranges::all_of(
      draft.train, [&](std::size_t i) { return draft.label[i] == first; });
  if (!constant) return {};
  const std::string value = draft.classes.empty()
                                ? fmt::format("{}", first)
                                : draft.classes[static_cast<std::size_t>(first)];
  return fmt::format("the target \"{}\" is {} in all {} training rows, so nothing can be learnt; "
                     "other values come only later",
                     job.situation.target, value, grouped(draft.train.size()));
}

}  // namespace

/// A missing cell adds nothing, so a new column leaves the older rows where they are.
std::vector<std::string> keys_of(const Job& job) {
  const auto& fields = job.rows.schema().fields;
  const auto& entity = job.situation.entity;
  std::vector<std::string> keys(job.rows.rows());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool named = std::ranges::find(entity, fields[i].name) != entity.end();
    if (entity.empty() ? !is_feature_cell(job, fields[i].name) : !named) continue;
    const Column& column = job.rows.column(i);
    for (std::size_t row = 0; row < keys.size(); ++row) {
      if (column.is_null(row)) continue;
      keys[row] += fields[i].name;
      keys[row] += '\0';
      append_cell(column, row, keys[row]);
      keys[row] += '\0';
    }
  }
  if (entity.empty()) tell_crowds_apart(keys);
  return keys;
}

std::string entity_of(const Job& job, std::size_t row) {
  std::string text;
  for (const std::string& name : job.situation.entity) {
    const Column* column = job.rows.find(name);
    if (column == nullptr) continue;
    if (!column->is_null(row)) append_cell(*column, row, text);
    text += '\0';
  }
  return text;
}

Broken choose_rows(const Job& job, Draft& draft) {
  for (const std::string& name : job.situation.entity) {
    if (job.rows.schema().find(name)) continue;
    return fmt::format("the entity column \"{}\" is not in dataset d{}", name, job.dataset);
  }
  draft.split = split_for(job, draft);
  for (std::size_t i = 0; i < draft.used.size(); ++i) {
    const Side side = draft.split.side[draft.used[i]];
    if (side == Side::kTrain) draft.train.push_back(i);
    if (side == Side::kTest) draft.test.push_back(i);
  }
  if (draft.test.empty() && !job.situation.twin) {
    if (job.situation.test_after > kBeginningOfTime) {
      return fmt::format("no labelled row is newer than the champion's training ({}), so nothing "
                         "can test a new model",
                         to_text(job.situation.test_after));
    }
    return fmt::format("none of the {} usable rows is left for testing; raise [evaluate] test",
                       grouped(draft.used.size()));
  }
  if (draft.train.size() < kFewestTraining) return too_little_training(job, draft);
  return check_labels(job, draft);
}

}  // namespace rondo::prepare
