// Text for the terminal. Widths are counted in characters, so only ASCII and block signs are used.
#include "cli/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/command.h"

namespace rondo::cli {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.,-+% ") == std::string::npos &&
         text.find_first_of("0123456789") != std::string::npos;
}

std::string pad(const std::string& text, std::size_t width, bool right) {
  return right ? fmt::format("{:>{}}", text, width) : fmt::format("{:<{}}", text, width);
}

std::string trim_right(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string text_at(const Json& object, const char* key) {
  return io::get_or<std::string>(object, key, "");
}

std::string ink(Ink color, std::string text, bool on) {
  if (!on || color == Ink::kPlain) return text;
  static constexpr const char* kCodes[] = {"0", "1", "2", "32", "31", "33", "34"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(color)], text);
}

std::string table(const std::vector<std::string>& header,
                  const std::vector<std::vector<std::string>>& rows, bool color) {
  std::vector<std::size_t> width;
  std::vector<bool> right(header.size(), !rows.empty());
  for (const std::string& title : header) width.push_back(title.size());
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < header.size(); ++c) {
      width[c] = std::max(width[c], row[c].size());
      right[c] = right[c] && (row[c].empty() || row[c] == "-" || is_number(row[c]));
    }
  }
  std::string out;
  const auto add = [&](const std::vector<std::string>& cells, Ink color_of_line) {
    std::string line;
    for (std::size_t c = 0; c < header.size(); ++c) {
      line += (c == 0 ? "" : "  ") + pad(cells[c], width[c], right[c]);
    }
    out += ink(color_of_line, trim_right(line), color) + "\n";
  };
  add(header, Ink::kBold);
  for (const auto& row : rows) add(row, Ink::kPlain);
  return out;
}

std::string process_table(const Json& history, bool color) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : history) {
    rows.push_back({std::to_string(io::get_or<std::int64_t>(row, "step", 0)),
                    text_at(row, "stage"), text_at(row, "action"), text_at(row, "result"),
                    text_at(row, "next"), text_at(row, "started"),
                    duration(io::get_or<double>(row, "duration_ms", 0))});
  }
  return table({"step", "current stage", "action", "result", "next stage", "time", "took"}, rows,
               color);
}

std::string tracker_line(const Json& tracker, bool color, std::size_t most) {
  std::string out;
  const std::size_t from = tracker.size() > most ? tracker.size() - most : 0;
  if (from > 0) out = fmt::format("({} before) ", from);
  for (std::size_t i = from; i < tracker.size(); ++i) {
    const bool last = i + 1 == tracker.size();
    out += (i == from ? "" : " > ") +
           ink(last ? Ink::kGreen : Ink::kPlain, tracker[i].get<std::string>(), color);
  }
  return out;
}

std::string cut(std::string text, std::size_t width) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  if (text.size() <= width) return text;
  std::size_t end = width - 2;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "..";
}

std::string bar(double done, std::size_t width) {
  const double share = std::clamp(done, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(width) + 0.5);
  return fmt::format("[{}{}] {:3.0f} %", std::string(full, '#'), std::string(width - full, ' '),
                     share * 100);
}

std::string spark(const std::vector<double>& values, std::size_t width) {
  static constexpr const char* kBlocks[] = {
      " ",            "\xE2\x96\x81", "\xE2\x96\x82", "\xE2\x96\x83", "\xE2\x96\x84",
      "\xE2\x96\x85", "\xE2\x96\x86", "\xE2\x96\x87", "\xE2\x96\x88"};
  if (values.empty()) return {};
  const std::size_t columns = std::min(width, values.size());
  std::vector<double> means(columns, 0.0);
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t from = c * values.size() / columns;
    const std::size_t to = std::max(from + 1, (c + 1) * values.size() / columns);
    for (std::size_t i = from; i < to; ++i) means[c] += values[i] / static_cast<double>(to - from);
  }
  const double most = *std::max_element(means.begin(), means.end());
  std::string out;
  for (const double mean : means) {
    const double level = most > 0 ? std::ceil(mean / most * 8) : 0;
    out += kBlocks[static_cast<std::size_t>(std::clamp(level, 0.0, 8.0))];
  }
  return out;
}

std::string number(double value) {
  if (!std::isfinite(value)) return "-";
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    std::string digits = fmt::format("{:.0f}", std::abs(value));
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return (value < 0 ? "-" : "") + digits;
  }
  return std::abs(value) >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.3f}", value);
}

std::string counted_text(double count, std::string_view what) {
  return fmt::format("{} {}{}", number(count), what, count == 1 ? "" : "s");
}

std::string duration(double ms) {
  if (ms < 10) return fmt::format("{:.1f} ms", ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  if (ms < 120'000) return fmt::format("{:.1f} s", ms / 1000);
  return fmt::format("{:.0f} min", ms / 60'000);
}

void Display::line(const std::string& text) {
  if (bar_shown_) say("\r\x1b[K" + text);
  else say(text);
  bar_shown_ = false;
}

void Display::show_bar(const std::string& text) {
  if (!terminal_) return;
  const std::string out = "\r\x1b[K" + text;
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
  bar_shown_ = true;
}

void Display::end() {
  if (bar_shown_) say("\r\x1b[K");
  bar_shown_ = false;
}

namespace {

/// Of a training that tries many: the best so far, how many were tried, the time left.
std::string search_so_far(const Json& event) {
  if (!event.contains("tried")) return "";
  std::string text;
  if (event.contains("best")) {
    text += fmt::format(", best {} {}", text_at(event, "metric"),
                        number(io::get_or<double>(event, "best", 0)));
  }
  text += fmt::format(", {} tried", io::get_or<std::uint64_t>(event, "tried", 0));
  if (event.contains("left_s")) {
    text += fmt::format(", {:.0f} s left", io::get_or<double>(event, "left_s", 0));
  }
  return text;
}

}  // namespace

void Display::operator()(const Json& event) {
  const std::string kind = text_at(event, "event");
  const std::string policy = text_at(event, "policy");
  const std::string who = policy.empty() ? "" : fmt::format("[{}] ", policy);
  if (kind == "tick") {
    at_ = text_at(event, "at");
    const double done = io::get_or<double>(event, "done", 0);
    show_bar(fmt::format("{}{} {}", who, bar(done), at_.substr(0, 10)));
    const int tenth = static_cast<int>(done * 4) * 25;
    if (!terminal_ && tenth != last_percent_ && tenth > 0 && policy.empty()) {
      line(fmt::format("{} % of the history lived through, {}", tenth, at_.substr(0, 10)));
      last_percent_ = tenth;
    }
  } else if (kind == "progress") {
    show_bar(fmt::format("{}{} {}{}", who, bar(io::get_or<double>(event, "done", 0)),
                         text_at(event, "what"), search_so_far(event)));
  } else if (kind == "step_finished" && policy.empty()) {
    const std::string result = text_at(event, "result");
    const Ink color = result == "failed" || result == "contract broken" ? Ink::kRed : Ink::kGreen;
    if (!header_) {
      line(ink(Ink::kBold, fmt::format("{:>4}  {:<25} {:<36} {:<22} {}", "step", "current stage",
                                       "action", "result", "next stage"), color_));
      header_ = true;
    }
    line(fmt::format("{:>4}  {:<25} {:<36} {} {}", io::get_or<std::int64_t>(event, "step", 0),
                     text_at(event, "stage"), text_at(event, "action"),
                     ink(color, fmt::format("{:<22}", result), color_), text_at(event, "next")));
    line(ink(Ink::kDim, fmt::format("      {}", text_at(event, "reason")), color_));
  } else if (kind == "signal" && policy.empty()) {
    const bool open = io::get_or<bool>(event, "open", true);
    const bool pages = io::get_or<bool>(event, "pages", true);
    line(ink(!open ? Ink::kGreen : pages ? Ink::kRed : Ink::kYellow,
             fmt::format("{}  {}: {}", text_at(event, "at").substr(0, 10),
                         !open ? "over" : pages ? "alarm" : "notice", text_at(event, "sentence")),
             color_));
  }
}

}  // namespace rondo::cli
