// Lags and windows: what a project wishes for, and the observations that a dataset gives. One
// function feeds training, the champion's scores and the replay, so all of them know the same at
// the same time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/served_past.h"
#include "prepare/draft.h"
#include "prepare/whose.h"

namespace rondo::prepare {
namespace {

constexpr Span kLongest = Span::days(36'525);
constexpr std::int64_t kMostRows = 1'000'000;

std::unexpected<Error> wrong(std::size_t place, const std::string& what) {
  return fail(Code::kInvalidInput, fmt::format("[[prepare.lag]] number {} {}", place + 1, what),
              "write column = \"...\" and by = \"24h\", or column = \"...\" and rows = 1");
}

Result<LagWish> lag_from(const Json& json, std::size_t place) {
  if (!json.is_object()) return wrong(place, "is no table");
  for (const auto& item : json.items()) {
    if (item.key() != "column" && item.key() != "by" && item.key() != "rows") {
      return wrong(place, fmt::format("has the unknown key \"{}\"", item.key()));
    }
  }
  LagWish lag;
  lag.column = io::get_or<std::string>(json, "column", "");
  if (lag.column.empty()) return wrong(place, "names no column");
  if (json.contains("by") == json.contains("rows")) {
    return wrong(place, "must have either `by` or `rows`");
  }
  if (json.contains("by")) {
    lag.by = TRY(during(parse_span(io::get_or<std::string>(json, "by", "")),
                        fmt::format("reading [[prepare.lag]] number {}", place + 1)));
    if (lag.by.us <= 0 || lag.by > kLongest) {
      return wrong(place, "must go back by more than nothing and at most a century");
    }
    lag.feature = fmt::format("{}_lag_{}", lag.column, json["by"].get<std::string>());
    return lag;
  }
  const auto rows = io::get_or<std::int64_t>(json, "rows", 0);
  if (!json["rows"].is_number_integer() || rows < 1 || rows > kMostRows) {
    return wrong(place, "must go back by 1 to 1,000,000 rows");
  }
  lag.rows = static_cast<std::uint32_t>(rows);
  lag.feature = fmt::format("{}_lag_{}_{}", lag.column, rows, rows == 1 ? "row" : "rows");
  return lag;
}

std::unexpected<Error> wrong_window(std::size_t place, const std::string& what) {
  return fail(Code::kInvalidInput, fmt::format("[[prepare.window]] number {} {}", place + 1, what),
              "write column = \"...\", over = \"7d\" and take = [\"mean\"]; there are count, sum, "
              "mean, std, min, max, last, age, distinct");
}

/// The wishes of one window, in the order in which they are taken.
Result<std::vector<LagWish>> window_from(const Json& json, std::size_t place) {
  if (!json.is_object()) return wrong_window(place, "is no table");
  for (const auto& item : json.items()) {
    if (item.key() != "column" && item.key() != "over" && item.key() != "take") {
      return wrong_window(place, fmt::format("has the unknown key \"{}\"", item.key()));
    }
  }
  LagWish window;
  window.column = io::get_or<std::string>(json, "column", "");
  if (window.column.empty()) return wrong_window(place, "names no column");
  const std::string over = io::get_or<std::string>(json, "over", "");
  if (over.empty()) return wrong_window(place, "does not say over which time");
  window.over = TRY(during(parse_span(over),
                           fmt::format("reading [[prepare.window]] number {}", place + 1)));
  if (window.over.us <= 0 || window.over > kLongest) {
    return wrong_window(place, "must be over more than nothing and at most a century");
  }
  const Json take = json.value("take", Json());
  if (!take.is_array() || take.empty()) return wrong_window(place, "does not list what it takes");
  std::vector<LagWish> wishes;
  for (const Json& name : take) {
    const auto known = model::take_from(name.is_string() ? name.get<std::string>() : "");
    if (!known) return wrong_window(place, fmt::format("cannot take {}", name.dump()));
    window.take = *known;
    window.feature = fmt::format("{}_{}_{}", window.column, name.get<std::string>(), over);
    wishes.push_back(window);
  }
  return wishes;
}

bool kept_out(const Situation& situation, Time time) {
  return std::ranges::any_of(situation.quarantine, [time](const Quarantine& q) {
    return time >= q.from && time < q.until;
  });
}

/// The rows whose values a history may learn, the oldest first, since a history learns what is
/// newest at no cost; the quarantine is looked up once a row.
std::vector<std::size_t> told_rows(const table::Column& time, const Situation& situation) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < time.size(); ++row) {
    if (time.is_null(row) || kept_out(situation, Time{time.integers[row]})) continue;
    rows.push_back(row);
  }
  std::ranges::stable_sort(rows, {}, [&time](std::size_t row) { return time.integers[row]; });
  return rows;
}

/// The place of the table among those that are joined.
std::int32_t side_for(const LagWish& wish, model::HistorySpec& spec) {
  const auto found = std::ranges::find(spec.sides, wish.other, &model::Side::table);
  const auto place = static_cast<std::int32_t>(found - spec.sides.begin());
  if (found == spec.sides.end()) spec.sides.push_back({wish.other, wish.on});
  return place;
}

}  // namespace

Result<std::vector<LagWish>> lags_from(const Json& list) {
  std::vector<LagWish> lags;
  if (list.is_null()) return lags;
  if (!list.is_array()) {
    return fail(Code::kInvalidInput, "prepare.lag is no list of tables",
                "write [[prepare.lag]] with double brackets, once a lag");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    LagWish lag = TRY(lag_from(list[i], i));
    const bool twice = std::ranges::any_of(lags, [&](const LagWish& other) {
      return other.column == lag.column && other.by == lag.by && other.rows == lag.rows;
    });
    if (twice) return wrong(i, fmt::format("asks for \"{}\" a second time", lag.feature));
    lags.push_back(std::move(lag));
  }
  return lags;
}

Result<std::vector<LagWish>> windows_from(const Json& list) {
  std::vector<LagWish> windows;
  if (list.is_null()) return windows;
  if (!list.is_array()) {
    return fail(Code::kInvalidInput, "prepare.window is no list of tables",
                "write [[prepare.window]] with double brackets, once a window");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (LagWish& wish : TRY(window_from(list[i], i))) {
      const bool twice = std::ranges::any_of(windows, [&](const LagWish& other) {
        return other.column == wish.column && other.over == wish.over && other.take == wish.take;
      });
      if (twice) return wrong_window(i, fmt::format("asks for \"{}\" twice", wish.feature));
      windows.push_back(std::move(wish));
    }
  }
  return windows;
}

Scales scales_of(const Job& job, const Draft& draft, const std::vector<LagWish>& wishes) {
  static const std::vector<std::string> kNoClasses;
  Scales scales;
  for (const LagWish& wish : wishes) {
    if (wish.over.us == 0 || scales.contains(wish.column)) continue;
    model::Scale& scale = scales[wish.column];
    const table::Column* column = job.rows.find(wish.column);
    if (column == nullptr) continue;
    const bool is_target = wish.column == job.situation.target;
    const LabelReader value(*column, is_target ? draft.classes : kNoClasses);
    std::vector<double> values;
    values.reserve(draft.train.size());
    for (const std::size_t i : draft.train) values.push_back(value(draft.used[i]));
    scale = model::Scale::of(std::move(values));
  }
  return scales;
}

model::HistorySpec history_of(const std::vector<LagWish>& wishes,
                              const std::vector<std::string>& entity, const Scales& scales) {
  model::HistorySpec spec;
  for (const LagWish& wish : wishes) {
    if (!wish.is_join()) spec.entity = entity;
    const std::string name = wish.is_join() ? wish.other + "." + wish.column : wish.column;
    auto series = std::ranges::find(spec.series, name);
    if (series == spec.series.end()) {
      spec.series.push_back(name);
      spec.side_of.push_back(wish.is_join() ? side_for(wish, spec) : -1);
      series = spec.series.end() - 1;
    }
    spec.lags.push_back({static_cast<std::uint32_t>(series - spec.series.begin()), wish.by,
                         wish.rows, wish.feature, wish.over, wish.take, wish.ttl, wish.categories,
                         wish.rare_code});
  }
  for (const std::string& name : spec.series) {
    if (scales.empty()) break;
    const auto found = scales.find(name);
    spec.scales.push_back(found == scales.end() ? model::Scale() : found->second);
  }
  if (spec.sides.empty()) spec.side_of.clear();
  return spec;
}

std::vector<model::Observation> observations(const table::Table& rows,
                                             const model::HistorySpec& spec,
                                             const std::string& target,
                                             const std::vector<std::string>& classes,
                                             const Situation& situation) {
  return observations(ledger::RowsAndServed{rows, {}}, spec, target, classes, situation);
}

std::vector<model::Observation> observations(const ledger::RowsAndServed& all,
                                             const model::HistorySpec& spec,
                                             const std::string& target,
                                             const std::vector<std::string>& classes,
                                             const Situation& situation) {
  const auto& [rows, served] = all;
  std::vector<model::Observation> out;
  const table::Column* time = rows.find(table::kTimeColumn);
  if (time == nullptr || spec.series.empty()) return out;
  const std::vector<std::size_t> told = told_rows(*time, situation);
  static const std::vector<std::string> kNoClasses;
  Whose whose(rows, spec.entity);
  const table::Column* label_row = served.find(model::kServedLabel);
  const table::Column* label_known = served.find(model::kServedKnown);
  for (std::size_t series = 0; series < spec.series.size(); ++series) {
    const table::Column* column = rows.find(spec.series[series]);
    if (column == nullptr || spec.side(series) != nullptr) continue;
    const bool is_target = spec.series[series] == target;
    const Span delay = is_target ? situation.label_delay : situation.delay;
    const LabelReader value(*column, is_target ? classes : kNoClasses);
    for (const std::size_t row : told) {
      const double known = value(row);
      if (!std::isfinite(known)) continue;
      const Time event{time->integers[row]};
      out.push_back(
          {static_cast<std::uint32_t>(series), whose(row), event, event + delay, row, known});
      if (!is_target || label_row == nullptr || label_row->is_null(row)) continue;
      out.back().known = Time{label_known->integers[row]};
      out.back().sequence =
          model::kServedSequence + static_cast<std::uint64_t>(label_row->integers[row]);
    }
  }
  return out;
}

}  // namespace rondo::prepare
