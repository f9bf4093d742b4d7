// Tables of what an evaluation found, one after the other.
#include "cli/card_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/time.h"
#include "base/words.h"
#include "cli/render.h"

namespace rondo::cli {

Json part_of(const Json& card, const char* key) {
  return io::get_or<Json>(card, key, Json::object());
}

double number_at(const Json& object, const char* key) {
  const Json value = io::get_or<Json>(object, key, nullptr);
  return value.is_number() ? value.get<double>() : std::nan("");
}

std::string interval_text(const Json& object) {
  const double low = number_at(object, "low"), high = number_at(object, "high");
  return fmt::format("{} to {}", number(low), number(high));
}

std::string made_of(const Json& training, std::uint64_t trees) {
  const auto learner = io::get_or<std::string>(training, "learner", "");
  std::vector<std::string> parts;
  if (learner != "linear" && learner != "neighbours") parts.push_back(counted(trees, "tree"));
  if (training.contains("terms")) {
    parts.push_back("a linear model of " +
                    counted(io::get_or<std::uint64_t>(training, "terms", 0), "term"));
  }
  if (const Json near = part_of(training, "neighbours"); !near.empty()) {
    parts.push_back(fmt::format("{} neighbours among {}", near.at("k").dump(),
                                counted(io::get_or<std::uint64_t>(near, "rows", 0), "row")));
  }
  return fmt::format("{}", fmt::join(parts, " and "));
}

std::string learned_from(const Json& training) {
  const auto rows = counted(io::get_or<std::uint64_t>(training, "train_rows", 0), "row");
  const Json window = part_of(training, "window");
  if (window.empty()) return rows;
  return fmt::format("{}, those since {} alone of {}", rows,
                     io::get_or<std::string>(window, "since", ""),
                     grouped(io::get_or<std::uint64_t>(window, "of", 0)));
}

void heading(const std::string& text, const Args& args) {
  say("\n" + ink(Ink::kBold, text, args.color));
}

namespace {

constexpr double kBarWidth = 30;

/// What a glance should see first: the gap to the training rows, a column that carries it alone.
void say_sanity(const Json& evaluation, const Args& args) {
  const Json found = part_of(evaluation, "sanity");
  if (found.empty()) return;
  heading("At a glance", args);
  const Json& train = found.at("train");
  say(fmt::format("{} on {} that trained it: {}; on the test rows: {}",
                  text_at(evaluation, "metric"),
                  counted(io::get_or<std::uint64_t>(train, "rows", 0), "row"),
                  number(number_at(train, "value")), number(number_at(found, "test"))));
  if (!found.contains("carried")) return;
  const Json& one = found.at("carried");
  say(fmt::format("\"{}\" carries it: of what its loss grows by when columns are missing, one at a "
                  "time, {:.0f} % is this one's", text_at(one, "column"),
                  100 * number_at(one, "share")));
}

std::string conditions_text(const Json& slice) {
  return fmt::format("{}", fmt::join(slice.at("conditions").get<std::vector<std::string>>(),
                                     " and "));
}

/// Where it is worse than what served when it was judged.
void say_worse(const Json& evaluation, const Args& args) {
  const Json found = part_of(evaluation, "worse_slices");
  if (found.empty()) return;
  const std::string champion = text_at(part_of(evaluation, "champion"), "name");
  heading("Where it is worse than " + champion, args);
  if (found.contains("why_not")) return say("no part was looked for: " + text_at(found, "why_not"));
  std::vector<std::vector<std::string>> rows;
  for (const Json& slice : found.at("slices")) {
    if (!slice.at("worse").get<bool>()) continue;
    rows.push_back({conditions_text(slice), number(number_at(slice, "rows")),
                    number(number_at(slice, "challenger")), number(number_at(slice, "champion")),
                    number(number_at(slice, "adjusted"))});
  }
  if (rows.empty()) {
    return say(fmt::format("in no part of {:g} % of the test rows by more than {:g} % of its {}",
                           100 * number_at(found, "least_share"),
                           100 * number_at(found, "tolerance"), text_at(found, "loss")));
  }
  say(table({"where", "rows", text_at(found, "loss"), champion, "p"}, rows, args.color));
}

/// The parts of columns that [evaluate] slices names.
void say_parts(const Json& evaluation, const Args& args) {
  for (const Json& column : io::get_or<Json>(evaluation, "by_slice", Json::array())) {
    heading("Parts by " + text_at(column, "column"), args);
    std::vector<std::vector<std::string>> rows;
    for (const Json& one : column.at("parts")) {
      std::vector<std::string> row = {text_at(one, "where"), number(number_at(one, "rows")),
                                      number(number_at(one, "mean_loss"))};
      for (const char* key : {"coverage", "positive"}) {
        const Json share = part_of(one, key);
        row.push_back(share.empty() ? "-"
                                    : fmt::format("{:.3f} ({:.3f} to {:.3f})",
                                                  number_at(share, "value"),
                                                  number_at(share, "low"),
                                                  number_at(share, "high")));
      }
      row.push_back(one.contains("mean_probability") ? number(number_at(one, "mean_probability"))
                                                     : "-");
      row.emplace_back(one.at("judged").get<bool>() ? "" : "too few rows");
      rows.push_back(std::move(row));
    }
    say(table({"where", "rows", "loss", "held by the interval", "positive", "said", ""}, rows,
              args.color));
  }
}

/// Where it fails: what was found on one half of the test rows and holds on the other.
void say_slices(const Json& evaluation, const Args& args) {
  const Json slices = part_of(evaluation, "slices");
  if (slices.empty()) return;
  heading("Where it fails", args);
  std::vector<std::vector<std::string>> rows;
  for (const Json& slice : io::get_or<Json>(slices, "slices", Json::array())) {
    if (!slice.at("named").get<bool>()) continue;
    rows.push_back({conditions_text(slice), number(number_at(slice, "rows")),
                    number(number_at(slice, "mean_loss")),
                    number(number_at(slice, "loss_elsewhere")),
                    number(number_at(slice, "adjusted"))});
  }
  if (slices.contains("why_not")) {
    say("no part was looked for: " + text_at(slices, "why_not"));
  } else if (rows.empty()) {
    say(fmt::format("no part of one half of the test rows has a {} that is higher in the other "
                    "half too", text_at(slices, "loss")));
  } else {
    say(table({"where", "rows", text_at(slices, "loss"), "elsewhere", "p"}, rows, args.color));
  }
}

void say_reliability(const Json& evaluation, const Args& args) {
  const Json found = part_of(evaluation, "reliability");
  const std::string reason = text_at(part_of(evaluation, "calibration"), "reason");
  if (found.empty() && reason.empty()) return;
  heading("Do its probabilities mean what they say?", args);
  if (found.empty()) return say(reason);
  std::vector<std::vector<std::string>> rows;
  for (const Json& bin : found.at("bins")) {
    const double share = number_at(bin, "share"), said = number_at(bin, "mean_probability");
    const bool apart = said < number_at(bin, "share_low") || said > number_at(bin, "share_high");
    rows.push_back({fmt::format("{:.3f}", said), fmt::format("{:.3f}", share),
                    fmt::format("{:.3f} to {:.3f}", number_at(bin, "share_low"),
                                number_at(bin, "share_high")),
                    number(number_at(bin, "rows")), apart ? "no" : "yes"});
  }
  say(table({"said", "came", "interval", "rows", "agrees"}, rows, args.color));
  say(fmt::format("calibration error {:.3f}; Spiegelhalter's test p = {:.3g}",
                  number_at(found, "calibration_error"), number_at(found, "p")));
  if (found.contains("before")) {
    const Json& before = found.at("before");
    say(fmt::format("before its map: calibration error {:.3f}; p = {:.3g}",
                    number_at(before, "calibration_error"), number_at(before, "p")));
  }
  if (!reason.empty()) say(reason);
}

std::string share_text(const Json& share) {
  if (share.is_null()) return "-";
  return fmt::format("{:.1f} % ({:.1f} to {:.1f} %)", 100 * number_at(share, "value"),
                     100 * number_at(share, "low"), 100 * number_at(share, "high"));
}

/// Where the positive class begins, and what other thresholds would have cost on the test rows.
void say_threshold(const Json& evaluation, const Args& args) {
  const Json found = part_of(evaluation, "threshold");
  if (found.empty()) return;
  heading("From which probability on it answers positive", args);
  const std::string from = found.contains("threshold")
                               ? fmt::format("{:.4g}, ", number_at(found, "threshold"))
                               : std::string();
  say(from + text_at(found, "reason"));
  say(fmt::format("of the test rows positive: {}; right of these: {}; of the positive found: {}",
                  share_text(found.at("selected")), share_text(found.at("precision")),
                  share_text(found.at("recall"))));
  if (!found.contains("curve")) return;
  say(fmt::format("mean cost {} a row; with one half {}", number(number_at(found, "mean_cost")),
                  number(number_at(found, "mean_cost_at_half"))));
  double most = 0;
  for (const Json& point : found.at("curve")) most = std::max(most, number_at(point, "mean_cost"));
  std::vector<std::vector<std::string>> rows;
  for (const Json& point : found.at("curve")) {
    const double cost = number_at(point, "mean_cost"), at = number_at(point, "threshold");
    const auto width = static_cast<std::size_t>(most > 0 ? kBarWidth * cost / most + 0.5 : 0);
    rows.push_back({fmt::format("{:.3f}{}", at, at == number_at(found, "threshold") ? " *" : ""),
                    number(cost), interval_text(point), std::string(width, '#')});
  }
  say(table({"from", "mean cost", "band", ""}, rows, args.color));
}

/// How often the interval around an answer holds the label, beside what it was made for.
void say_interval(const Json& evaluation, const Args& args) {
  const Json found = part_of(evaluation, "interval");
  if (found.empty()) return;
  heading("Do its intervals hold what they promise?", args);
  if (!text_at(found, "reason").empty()) return say(text_at(found, "reason"));
  const bool quantiles = text_at(found, "around") == "quantiles";
  say(fmt::format("{} {} is made to hold {:g} % of the labels, by {} that training held out",
                  quantiles ? "from the lowest quantile to the highest, wider at both ends by"
                            : "answer +-",
                  number(number_at(found, "reach")), 100 * number_at(found, "coverage"),
                  counted(io::get_or<std::uint64_t>(found, "rows", 0), "row")));
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& what, const Json& one) {
    rows.push_back({what, number(number_at(one, "rows")),
                    fmt::format("{:.1f} %", 100 * number_at(one, "value")),
                    fmt::format("{:.1f} to {:.1f} %", 100 * number_at(one, "low"),
                                100 * number_at(one, "high"))});
  };
  if (!found.at("inside").is_null()) add("all test rows", found.at("inside"));
  for (const Json& one : found.at("by_answer")) {
    add(fmt::format("answers {} to {}", number(number_at(one, "from")),
                    number(number_at(one, "to"))), one);
  }
  for (const Json& one : found.at("by_time")) {
    const auto day = [&](const char* key) {
      return to_text(Time{} + Span::days(static_cast<std::int64_t>(number_at(one, key))))
          .substr(0, 10);
    };
    add(day("from") + " to " + day("to"), one);
  }
  say(table({"of", "rows", "held", "interval"}, rows, args.color));
}

/// How many labels are at or below each quantile.
void say_levels(const Json& evaluation, const Args& args) {
  const Json levels = io::get_or<Json>(evaluation, "levels", Json::array());
  if (levels.empty()) return;
  heading("Are its quantiles where they say?", args);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : levels) {
    const Json& below = one.at("below");
    rows.push_back({number(number_at(one, "level")),
                    fmt::format("{:.1f} %", 100 * number_at(below, "value")),
                    fmt::format("{:.1f} to {:.1f} %", 100 * number_at(below, "low"),
                                100 * number_at(below, "high"))});
  }
  say(table({"level", "labels at or below", "interval"}, rows, args.color));
}

void say_fairness(const Json& evaluation, const Args& args) {
  for (const Json& one : io::get_or<Json>(evaluation, "fairness", Json::array())) {
    heading("Groups of " + text_at(one, "column"), args);
    std::vector<std::vector<std::string>> rows;
    for (const Json& group : one.at("groups")) {
      std::vector<std::string> row = {text_at(group, "name"), number(number_at(group, "rows"))};
      for (const char* key : {"selected", "true_positive", "false_positive"}) {
        const Json& rate = group.at(key);
        row.push_back(rate.is_null() ? "-"
                                     : fmt::format("{:.3f} ({:.3f} to {:.3f})",
                                                   number_at(rate, "value"), number_at(rate, "low"),
                                                   number_at(rate, "high")));
      }
      row.emplace_back(group.at("judged").get<bool>() ? "" : "too few rows");
      rows.push_back(std::move(row));
    }
    say(table({"group", "rows", "answered positive", "of the positive", "of the negative", ""},
              rows, args.color));
    for (const auto& [key, name] : {std::pair("demographic_parity", "demographic parity"),
                                    {"equal_opportunity", "equal opportunity"},
                                    {"equalized_odds", "equalized odds"}}) {
      const Json& figure = one.at(key);
      if (figure.is_null()) continue;
      say(fmt::format("{}: difference {:.3f}, ratio {:.3f}", name,
                      number_at(figure, "difference"), number_at(figure, "ratio")));
    }
    if (!text_at(one, "why_not").empty()) say(text_at(one, "why_not"));
  }
}

}  // namespace

void say_findings(const Json& evaluation, const Args& args) {
  say_sanity(evaluation, args);
  say_slices(evaluation, args);
  say_worse(evaluation, args);
  say_parts(evaluation, args);
  say_reliability(evaluation, args);
  say_threshold(evaluation, args);
  say_levels(evaluation, args);
  say_interval(evaluation, args);
  say_fairness(evaluation, args);
}

}  // namespace rondo::cli
