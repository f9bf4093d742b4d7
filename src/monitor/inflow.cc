// Waits and days. Both are judged by what the reference knows of its own rows, and both only where
// what is served has shown that it comes in the same way: a batch of every night is no silent
// source, and a model that is asked ten times a day may have learned from a million rows.
#include "monitor/inflow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/words.h"

namespace rondo::monitor {
namespace {

constexpr std::int64_t kDay = Span::days(1).us;
constexpr double kHalf = 0.5, kTwice = 2;
constexpr const char* kRule = "(a rule, with no rate of false alarms)";

}  // namespace

Inflow::Inflow(const Options& options, const model::Reference& reference)
    : reference_(&reference), window_(options.window), label_delay_(options.label_delay) {}

/// Long enough to have seen each day of the week.
bool Inflow::seasoned() const {
  return first_ != kBeginningOfTime && newest_ - first_ >= kHistory;
}

std::optional<Span> Inflow::allowed() const {
  if (!reference_->has_clock || reference_->longest_gap <= Span{}) return std::nullopt;
  const auto times = [](Span span) {
    return Span{static_cast<std::int64_t>(kTimes * static_cast<double>(span.us))};
  };
  const Span most{times(reference_->longest_gap).us + window_.us + label_delay_.us};
  if (!seasoned()) return most;
  return std::min(most, times(std::max(reference_->longest_gap, longest_)));
}

std::string Inflow::known() const {
  std::string out =
      fmt::format("in training {} days", rounded(reference_->longest_gap.in_days()));
  if (seasoned()) out += fmt::format(", since then {} days", rounded(longest_.in_days()));
  return out;
}

void Inflow::look(Arrivals arrivals, OpenSignals& open, std::vector<Signal>& out) {
  if (arrivals.rows.empty()) return;
  std::ranges::sort(arrivals.rows, [](const Arrival& a, const Arrival& b) {
    return std::pair(a.answered, b.time) < std::pair(b.answered, a.time);
  });
  wait(arrivals);
  count(arrivals, open, out);
}

/// Of rows that were answered together only the newest counts. A wait that was told is no measure
/// of what is usual.
void Inflow::wait(const Arrivals& arrivals) {
  for (const Arrival& row : arrivals.rows) {
    if (first_ == kBeginningOfTime) {
      first_ = newest_ = row.time;
      continue;
    }
    if (row.time <= newest_) continue;
    const Span waited = row.answered - newest_;
    if (const auto most = allowed(); !most || waited <= *most) {
      longest_ = std::max(longest_, waited);
    }
    newest_ = row.time;
  }
}

/// Shorter windows fill a day; a window of days is compared with so many of them.
void Inflow::count(const Arrivals& arrivals, OpenSignals& open, std::vector<Signal>& out) {
  const std::int64_t length = arrivals.until.us - arrivals.from.us;
  if (length <= 0 || (length % kDay != 0 && kDay % length != 0)) return;
  const std::int64_t day = day_of(arrivals.from);
  if (day_ && day < *day_) return;
  if (day_ && day > *day_) end_day(open, out);
  if (!day_ || day > *day_) {
    day_ = day;
    day_rows_ = 0;
    behind_ = false;
  }
  day_rows_ += static_cast<double>(arrivals.rows.size()) / arrivals.share;
  behind_ = behind_ || arrivals.rows.back().answered >= arrivals.until;
  if (day_of(arrivals.until) == day) return;  // its last window is still to come
  end_day(open, out);
  day_ = day_of(Time{arrivals.until.us - 1}) + 1;
  day_rows_ = 0;
  behind_ = false;
}

void Inflow::end_day(OpenSignals& open, std::vector<Signal>& out) {
  const Time from{*day_ * kDay};
  const Time until = from + std::max(window_, Span::days(1));
  const bool whole = !partial_ && !behind_;
  if (day_rows_ > 0) partial_ = false;
  if (whole && day_rows_ > 0) judge({from, until}, day_rows_, open, out);
}

void Inflow::judge(OpenSignals::Window window, double rows, OpenSignals& open,
                   std::vector<Signal>& out) {
  const model::Reference& r = *reference_;
  if (r.days < kDays) return;
  const double days = (window.until - window.from).in_days();
  const double low = r.rows_per_day_least < kRows ? 0 : kHalf * r.rows_per_day_least * days;
  const double high = r.rows_per_day_most < kRows ? 0 : kTwice * r.rows_per_day_most * days;
  const bool few = rows < low, many = high > 0 && rows > high;
  if (!few && !many && low > 0) ++usual_;
  if ((few || many) && usual_ >= kUsual) {
    const double limit = few ? low : high;
    const auto text = [](double x) { return grouped(static_cast<std::uint64_t>(x)); };
    const Finding finding{
        "volume", false, rows, limit, few ? low / rows : rows / high,
        fmt::format("{} rows came, {} {}, {} the {} that a day of training had {}",
                    text(std::round(rows)), few ? "fewer than" : "more than", text(limit),
                    few ? "half of" : "twice",
                    text((few ? r.rows_per_day_least : r.rows_per_day_most)), kRule)};
    open.note({Scope::kVolume, window, 0}, "rows", std::span(&finding, 1), out);
  }
  open.settle(Scope::kVolume, window, out);
}

Json Inflow::state() const {
  return {{"first_us", first_.us},
          {"newest_us", newest_.us},
          {"longest_us", longest_.us},
          {"day", day_ ? Json(*day_) : Json(nullptr)},
          {"day_rows", day_rows_},
          {"partial", partial_},
          {"behind", behind_},
          {"usual", usual_}};
}

Result<void> Inflow::read(const Json& state) {
  if (state.is_null()) return {};
  auto taken = [&]() -> Result<void> {
    first_.us = TRY(io::get<std::int64_t>(state, "first_us"));
    newest_.us = TRY(io::get<std::int64_t>(state, "newest_us"));
    longest_.us = TRY(io::get<std::int64_t>(state, "longest_us"));
    day_.reset();
    if (!io::get_or<Json>(state, "day", nullptr).is_null()) {
      day_ = TRY(io::get<std::int64_t>(state, "day"));
    }
    day_rows_ = TRY(io::get<double>(state, "day_rows"));
    partial_ = TRY(io::get<bool>(state, "partial"));
    behind_ = TRY(io::get<bool>(state, "behind"));
    usual_ = TRY(io::get<std::uint64_t>(state, "usual"));
    return {};
  }();
  if (!taken) taken.error().code = Code::kCorrupt;
  return during(std::move(taken), "reading what came so far");
}

Result<void> Inflow::take_over(const Json& older) {
  TRY(read(older));
  usual_ = 0;
  return {};
}

}  // namespace rondo::monitor
