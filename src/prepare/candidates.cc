// The candidates of each family. Lags go back by days and weeks, as far as a label must be known;
// columns are combined by how much the trees used them.
#include "prepare/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/text_buckets.h"
#include "prepare/features.h"
#include "stats/intervals.h"

namespace rondo::prepare {
namespace {

using model::Step;
using model::Take;
using table::Type;

constexpr std::size_t kNumbers = 8;          // combined by arithmetic
constexpr std::size_t kTurned = 4;           // of them turned as coordinates
constexpr std::size_t kLagged = 3;           // columns beside the target
constexpr std::size_t kPaired = 5;           // categories
constexpr std::size_t kEncoded = 8;
constexpr std::int64_t kPeriods = 4;         // of a lag that the training rows must span
constexpr double kMostReads = 2e8;           // values that one window may cost
constexpr Span kDay = Span::days(1);
constexpr Span kWeek = Span::days(7);

/// The columns of steps of this kind, the most important first; those that trees never used stay
/// out.
std::vector<std::string> important(const Draft& draft, std::span<const double> importance,
                                   Step::Kind kind, std::size_t most) {
  std::vector<std::pair<double, std::string>> order;
  const auto& steps = draft.transform.steps();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind != kind || !(importance[i] > 0)) continue;
    const auto& field = draft.transform.inputs().fields[static_cast<std::size_t>(steps[i].input)];
    if (kind == Step::Kind::kNumber && field.type == Type::kBool) continue;
    order.emplace_back(importance[i], field.name);
  }
  std::ranges::stable_sort(order, std::ranges::greater(), [](const auto& each) {
    return each.first;
  });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(order.size(), most); ++i) names.push_back(order[i].second);
  return names;
}

Span trained_span(const Job& job, const Draft& draft) {
  Time first = job.times[draft.used[draft.train.front()]], last = first;
  for (const std::size_t i : draft.train) {
    first = std::min(first, job.times[draft.used[i]]);
    last = std::max(last, job.times[draft.used[i]]);
  }
  return last - first;
}

/// The least whole number of periods after which a label is known, one at least.
std::int64_t periods(Span label_delay, Span period) {
  return std::max<std::int64_t>(1, (label_delay.us + period.us - 1) / period.us);
}

LagWish lag_by(const std::string& column, Span by) {
  LagWish lag{column, by, 0, fmt::format("{}_lag_{}", column, to_text(by))};
  return lag;
}

LagWish lag_rows(const std::string& column, std::uint32_t rows) {
  return {column, {}, rows,
          fmt::format("{}_lag_{}_{}", column, rows, rows == 1 ? "row" : "rows")};
}

LagWish window(const std::string& column, Take take, Span over) {
  const std::string_view name = model::kTakeNames[static_cast<std::size_t>(take)];
  return {column, {}, 0, fmt::format("{}_{}_{}", column, name, to_text(over)), over, take};
}

/// Which of many classes it was is no number that a mean or a split would mean something of.
bool is_number(const Draft& draft) { return draft.task != model::Task::kMulticlass; }

Family lags(const Job& job, const Draft& draft, std::span<const double> importance) {
  Family family{"lags", {}};
  if (!job.situation.has_clock) return family;
  const Span span = trained_span(job, draft);
  const std::string& target = job.situation.target;
  const auto add = [&](LagWish lag) {
    if (lag.by.us > 0 && kPeriods * lag.by.us > span.us) return;
    family.wishes.push_back({std::move(lag)});
  };
  if (is_number(draft)) add(lag_rows(target, 1));
  const std::int64_t day = periods(job.situation.label_delay, kDay);
  const std::int64_t week = periods(job.situation.label_delay, kWeek);
  for (std::int64_t i = 0; i < 3 && is_number(draft) && !job.orders_only; ++i) {
    add(lag_by(target, {(day + i) * kDay.us}));
    add(lag_by(target, {(week + i) * kWeek.us}));
  }
  for (const std::string& column : important(draft, importance, Step::Kind::kNumber, kLagged)) {
    add(lag_rows(column, 1));
    if (!job.orders_only) add(lag_by(column, kDay));
  }
  return family;
}

Family windows(const Job& job, const Draft& draft) {
  Family family{"windows", {}};
  if (!job.situation.has_clock || !is_number(draft) || job.orders_only) return family;
  const Span span = trained_span(job, draft), delay = job.situation.label_delay;
  const double rows_a_us = static_cast<double>(draft.used.size()) /
                           std::max(static_cast<double>(span.us), 1.0);
  const auto add = [&](Take take, Span over) {
    const double reads = rows_a_us * static_cast<double>(over.us) *
                         static_cast<double>(draft.used.size());
    if (over <= delay || kPeriods * over.us > span.us || reads > kMostReads) return;
    family.wishes.push_back({window(job.situation.target, take, over)});
  };
  const Span recent{(periods(delay, kDay) + 1) * kDay.us};
  const Span week{(periods(delay, kWeek) + (delay < kWeek ? 0 : 1)) * kWeek.us};
  for (const Take take : {Take::kMean, Take::kStd, Take::kMin, Take::kMax}) add(take, recent);
  for (const Take take : {Take::kMean, Take::kStd}) add(take, week);
  add(Take::kMean, {4 * week.us});
  return family;
}

double spread_of(const Draft& draft, const std::string& name) {
  const auto names = draft.transform.feature_names();
  const auto column = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  std::vector<double> values;
  for (std::size_t i = 0; i < draft.train.size() && column < names.size(); ++i) {
    const double value = draft.matrix.row(draft.train[i])[column];
    if (std::isfinite(value)) values.push_back(value);
  }
  return std::sqrt(stats::moments(values).variance);
}

/// Two coordinates turned by 22.5, 67.5, -22.5 and -67.5 degrees, up to a factor, when both are
/// measured in their standard deviations; + and - turn by 45.
void turn(const Draft& draft, const std::string& a, const std::string& b, Family& family) {
  const double scale = spread_of(draft, a) / spread_of(draft, b);
  if (!std::isfinite(scale) || !(scale > 0)) return;
  for (const double tangent : {0.41421356, 2.41421356}) {
    const double weight = std::strtod(fmt::format("{:.3g}", tangent * scale).c_str(), nullptr);
    for (const auto operation : {Step::Operation::kAdd, Step::Operation::kSubtract}) {
      family.wishes.push_back({MadeWish{Step::Kind::kArithmetic, {a, b}, operation, weight}});
    }
  }
}

Family arithmetic(const Draft& draft, std::span<const double> importance) {
  Family family{"arithmetic", {}, 16};
  const auto names = important(draft, importance, Step::Kind::kNumber, kNumbers);
  using Operation = Step::Operation;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      for (const auto operation : {Operation::kAdd, Operation::kSubtract, Operation::kMultiply,
                                   Operation::kDivide}) {
        family.wishes.push_back(
            {MadeWish{Step::Kind::kArithmetic, {names[i], names[j]}, operation}});
      }
      family.wishes.push_back(
          {MadeWish{Step::Kind::kArithmetic, {names[j], names[i]}, Operation::kDivide}});
      if (j < kTurned) turn(draft, names[i], names[j], family);
    }
  }
  return family;
}

Family encodings(const Draft& draft, std::span<const double> importance) {
  Family family{"encodings", {}};
  if (encodings_a_column(draft) > kMostEncodings) return family;
  for (const std::string& name :
       important(draft, importance, Step::Kind::kCategory, kEncoded)) {
    family.wishes.push_back({MadeWish{Step::Kind::kEncoding, {name}, {}}});
  }
  return family;
}

Family pairs(const Draft& draft, std::span<const double> importance) {
  Family family{"pairs", {}};
  const auto names = important(draft, importance, Step::Kind::kCategory, kPaired);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      family.wishes.push_back({MadeWish{Step::Kind::kPair, {names[i], names[j]}, {}}});
    }
  }
  return family;
}

/// Columns of free text, which are no features by themselves.
Family texts(const Job& job) {
  Family family{"text", {}};
  for (const table::Field& field : job.rows.schema().fields) {
    const auto has = [&](const std::vector<std::string>& names) {
      return std::ranges::find(names, field.name) != names.end();
    };
    const bool free = field.type == Type::kText && !has(job.options.ignore) &&
                      !has(job.options.late) && field.name != job.situation.target;
    if (free) family.wishes.push_back({MadeWish{Step::Kind::kText, {field.name}, {}}});
  }
  return family;
}

bool is_declared(const Job& job, const Wish& wish) {
  if (const auto* made = std::get_if<MadeWish>(&wish.what)) {
    return std::ranges::find(job.made, *made) != job.made.end();
  }
  const auto& lag = std::get<LagWish>(wish.what);
  return std::ranges::any_of(job.lags, [&](const LagWish& other) {
    return other.column == lag.column && other.by == lag.by && other.rows == lag.rows &&
           other.over == lag.over && (lag.over.us == 0 || other.take == lag.take);
  });
}

}  // namespace

std::string Wish::feature(std::string_view target) const {
  if (const auto* lag = std::get_if<LagWish>(&what)) return lag->feature;
  return std::get<MadeWish>(what).feature(target);
}

std::size_t Wish::features(const Draft& draft) const {
  const auto* made = std::get_if<MadeWish>(&what);
  if (made == nullptr) return 1;
  if (made->kind == Step::Kind::kEncoding) return encodings_a_column(draft);
  return made->kind == Step::Kind::kText ? model::kTextBuckets : 1;
}

Json to_json(const std::vector<Wish>& wishes) {
  Json out = Json::object();
  for (const Wish& wish : wishes) {
    if (const auto* lag = std::get_if<LagWish>(&wish.what)) {
      Json one = {{"column", lag->column}};
      if (lag->by.us > 0) one["by"] = to_text(lag->by);
      if (lag->rows > 0) one["rows"] = lag->rows;
      if (lag->over.us > 0) one["over"] = to_text(lag->over);
      if (lag->over.us > 0) {
        one["take"] = {model::kTakeNames[static_cast<std::size_t>(lag->take)]};
      }
      out[lag->over.us > 0 ? "window" : "lag"].push_back(std::move(one));
      continue;
    }
    const auto& made = std::get<MadeWish>(wish.what);
    if (made.columns.size() == 1) {
      const char* key = made.kind == Step::Kind::kEncoding ? "encode" : "text";
      out[key].push_back({{"column", made.columns[0]}});
      continue;
    }
    const std::string by(made.kind == Step::Kind::kPair ? "&" : sign_of(made.operation));
    out["combine"].push_back({{"columns", made.columns}, {"by", by}});
    if (made.weight != 1) out["combine"].back()["weight"] = made.weight;
  }
  return out;
}

Result<std::vector<Wish>> wishes_from(const Json& json) {
  std::vector<Wish> wishes;
  const auto list = [&json](const char* key) { return io::get_or<Json>(json, key, Json::array()); };
  const auto add = [&wishes](const auto& from) {
    for (const auto& each : from) wishes.push_back({each});
  };
  add(TRY(lags_from(list("lag"))));
  add(TRY(windows_from(list("window"))));
  add(TRY(combines_from(list("combine"))));
  add(TRY(encodes_from(list("encode"))));
  add(TRY(texts_from(list("text"))));
  return wishes;
}

std::vector<Family> families_for(const Job& job, const Draft& draft,
                                 std::span<const double> importance) {
  std::vector<Family> families = {lags(job, draft, importance), windows(job, draft),
                                  arithmetic(draft, importance), encodings(draft, importance),
                                  pairs(draft, importance), texts(job)};
  for (Family& family : families) {
    std::erase_if(family.wishes, [&](const Wish& wish) { return is_declared(job, wish); });
  }
  return families;
}

model::Transform fit_wishes(const Job& job, const Draft& draft, const std::vector<Wish>& wishes) {
  std::vector<LagWish> past;
  std::vector<MadeWish> made;
  for (const Wish& wish : wishes) {
    if (const auto* lag = std::get_if<LagWish>(&wish.what)) past.push_back(*lag);
    else made.push_back(std::get<MadeWish>(wish.what));
  }
  return joined(fit_lags(job, draft, past), fit_made(job, draft, made));
}

}  // namespace rondo::prepare
