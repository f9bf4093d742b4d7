// Transforms and matrices taken apart and put together by columns: a step goes with the inputs and
// lags that it reads, each of them once.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "prepare/features.h"

namespace rondo::prepare {
namespace {

using model::Step;

class Assembly {
 public:
  void add(const model::Transform& from, std::size_t column) {
    Step step = from.steps()[column];
    const std::string wished = step.feature;
    for (int n = 2; !names_.insert(step.feature).second; ++n) {
      step.feature = fmt::format("{}_{}", wished, n);
    }
    if (step.kind == Step::Kind::kLag) step.lag = lag(from, step.lag);
    if (step.input >= 0) step.input = input(from.inputs(), step.input);
    if (step.other >= 0) step.other = input(from.inputs(), step.other);
    steps_.push_back(std::move(step));
  }
  model::Transform take() {
    model::HistorySpec history = history_of(lags_, entity_, scales_);
    return {std::move(inputs_), std::move(steps_), std::move(history)};
  }

 private:
  std::int32_t input(const table::Schema& from, std::int32_t place) {
    const table::Field& field = from.fields[static_cast<std::size_t>(place)];
    const auto found = std::ranges::find(inputs_.fields, field.name, &table::Field::name);
    const auto at = static_cast<std::int32_t>(found - inputs_.fields.begin());
    if (found == inputs_.fields.end()) inputs_.fields.push_back(field);
    return at;
  }
  std::uint32_t lag(const model::Transform& transform, std::uint32_t place) {
    const model::HistorySpec& from = transform.history();
    const model::Lag& wanted = from.lags[place];
    const model::Side* side = from.side(wanted.series);
    if (side == nullptr) entity_ = from.entity;
    for (const std::string& name : side == nullptr ? from.entity : side->on) {
      input(transform.inputs(), static_cast<std::int32_t>(*transform.inputs().find(name)));
    }
    if (wanted.over.us > 0) scales_[from.series[wanted.series]] = from.scales[wanted.series];
    LagWish wish{from.series[wanted.series], wanted.by,   wanted.rows,
                 wanted.feature,             wanted.over, wanted.take};
    if (side != nullptr) {
      wish.column = wish.column.substr(side->table.size() + 1);
      wish.other = side->table;
      wish.on = side->on;
      wish.ttl = wanted.ttl;
      wish.categories = wanted.categories;
      wish.rare_code = wanted.rare_code;
    }
    const auto found = std::ranges::find_if(lags_, [&](const LagWish& lag) {
      return lag.column == wish.column && lag.other == wish.other && lag.by == wish.by &&
             lag.rows == wish.rows && lag.over == wish.over &&
             (lag.over.us == 0 || lag.take == wish.take);
    });
    const auto at = static_cast<std::uint32_t>(found - lags_.begin());
    if (found == lags_.end()) lags_.push_back(std::move(wish));
    return at;
  }

  table::Schema inputs_;
  std::vector<Step> steps_;
  std::vector<LagWish> lags_;
  std::vector<std::string> entity_;  // whose lags they are
  Scales scales_;
  std::set<std::string> names_;
};

}  // namespace

model::Transform reduced(const model::Transform& from, const std::vector<std::size_t>& kept) {
  Assembly assembly;
  for (const std::size_t column : kept) assembly.add(from, column);
  return assembly.take();
}

model::Matrix reduced(const model::Matrix& from, const std::vector<std::size_t>& kept) {
  model::Matrix out{from.rows, kept.size(), {}};
  out.values.reserve(out.rows * out.columns);
  for (std::size_t row = 0; row < from.rows; ++row) {
    for (const std::size_t column : kept) out.values.push_back(from.row(row)[column]);
  }
  return out;
}

model::Transform joined(const model::Transform& a, const model::Transform& b) {
  Assembly assembly;
  for (std::size_t i = 0; i < a.features(); ++i) assembly.add(a, i);
  for (std::size_t i = 0; i < b.features(); ++i) assembly.add(b, i);
  return assembly.take();
}

model::Matrix joined(const model::Matrix& a, const model::Matrix& b) {
  model::Matrix out{a.rows, a.columns + b.columns, {}};
  out.values.reserve(out.rows * out.columns);
  for (std::size_t row = 0; row < a.rows; ++row) {
    for (const model::Matrix* part : {&a, &b}) {
      const auto values = part->row(row);
      out.values.insert(out.values.end(), values.begin(), values.end());
    }
  }
  return out;
}

}  // namespace rondo::prepare
