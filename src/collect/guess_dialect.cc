// A first look at cells that are read as plain text.
#include "collect/guess_dialect.h"

#include <algorithm>
#include <array>

namespace rondo::collect {
namespace {

constexpr std::array<std::string_view, 12> kNullWords = {
    "?", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "\\N", "None", "none", "-", "."};
// In a column of categories these are words; among numbers they can only mean missing.
constexpr std::array<std::string_view, 6> kWords = {"NA", "None", "none", "-", ".", "null"};

bool means_missing(std::string_view text) {
  return text.find_first_not_of(' ') == std::string_view::npos ||
         std::ranges::find(kNullWords, text) != kNullWords.end();
}

}  // namespace

bool wants_trim(const Source& source) {
  if (source.typed) return false;
  std::size_t blank = 0, all = 0;
  std::string buffer;
  for (std::size_t row = 0; row < std::min<std::size_t>(source.rows(), 1000); ++row) {
    for (std::size_t column = 1; column < source.names().size(); ++column) {
      const Written cell = source.cell(row, column, buffer);
      if (cell.kind != CellKind::kPlain || cell.text.empty()) continue;
      ++all;
      if (cell.text[0] == ' ' && cell.text.size() > 1) ++blank;
    }
  }
  if (all > 0) return blank * 10 >= all * 9;
  return source.rows() == 0 && std::ranges::any_of(source.grid.rejects, [](const Reject& reject) {
           return reject.hint.contains("trim = true");
         });
}

std::vector<NullWord> guess_nulls(std::span<const ColumnLook> looks,
                                  std::vector<std::string> null) {
  std::vector<NullWord> found;
  for (const ColumnLook& look : looks) {
    const bool few = look.odd.size() < 50;
    std::uint64_t odd = 0, missing = 0;
    for (const auto& [word, count] : look.odd) {
      odd += count;
      if (means_missing(word)) missing += count;
    }
    const bool numbers = look.numbers + look.times > 0 && few && missing * 2 > odd;
    for (const auto& [word, count] : look.odd) {
      const bool is_word = std::ranges::find(kWords, word) != kWords.end();
      if (!means_missing(word) || (!numbers && is_word) || is_null(word, null)) continue;
      null.push_back(word);
      found.push_back({word, look.name});
    }
  }
  return found;
}

}  // namespace rondo::collect
