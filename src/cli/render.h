// How things look in a terminal: tables, the process table, the status tracker, progress, a plot.
// Pure text in, text out, but for Display, which follows a running loop.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "io/json.h"
#include "loop/run.h"

namespace rondo::cli {

enum class Ink { kPlain, kBold, kDim, kGreen, kRed, kYellow, kBlue };
std::string ink(Ink color, std::string text, bool on);

/// The text under a key; empty where there is none.
std::string text_at(const Json& object, const char* key);

/// Columns aligned; numbers to the right. Lines end without blanks.
std::string table(const std::vector<std::string>& header,
                  const std::vector<std::vector<std::string>>& rows, bool color);

/// The process table of rows as history_view() gives them.
std::string process_table(const Json& history, bool color);
/// "Data Collection > Data Preparation > ...": the stage after each step, newest last; long
/// trackers keep the last `most` stages.
std::string tracker_line(const Json& tracker, bool color, std::size_t most = 8);
/// One line of a text, of `width` bytes at most; what is longer ends in "..".
std::string cut(std::string text, std::size_t width);
/// "[#####     ] 52 %".
std::string bar(double done, std::size_t width = 24);
/// One line of blocks for a series, scaled from 0 to its greatest value.
std::string spark(const std::vector<double>& values, std::size_t width);
/// 41.23, 0.8312, 12,345: what a person reads at a glance.
std::string number(double value);
/// "1 row", "2 rows", "1,234 rows".
std::string counted_text(double count, std::string_view what);
template <std::integral Count>
std::string counted(Count count, std::string_view what) {
  return counted_text(static_cast<double>(count), what);
}
std::string duration(double milliseconds);

/// Follows the loop: a bar on a terminal, plain lines elsewhere.
class Display {
 public:
  Display(bool terminal, bool color) : terminal_(terminal), color_(color) {}
  void operator()(const Json& event);
  void end();

 private:
  void line(const std::string& text);
  void show_bar(const std::string& text);
  bool terminal_, color_;
  bool bar_shown_ = false;
  bool header_ = false;
  std::string at_;
  int last_percent_ = -1;
};

}  // namespace rondo::cli
