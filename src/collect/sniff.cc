// A look at every cell of a first collection, and the decision what each column is.
#include "collect/sniff.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace rondo::collect {
namespace {

using table::Type;

constexpr double kMostly = 0.95;
constexpr double kCodes = 0.01;  // share of leading zeros that makes a column of codes
constexpr std::uint64_t kTextsLooked = 10'000;
constexpr std::size_t kOddKept = 50;

class Looker {
 public:
  Looker(ColumnLook& look, const std::vector<std::string>& null) : look_(look), null_(null) {}

  void see(const Written& cell) {
    ++look_.cells;
    if (cell.kind == CellKind::kNull || is_null(cell.text, null_)) {
      ++look_.nulls;
      return;
    }
    if (cell.kind == CellKind::kBool) {
      ++look_.bools;
    } else if (!see_number(cell.text)) {
      see_text(cell.text);
    }
  }

 private:
  bool see_number(std::string_view text) {
    std::int64_t whole = 0;
    double value = 0;
    if (parse_integer(text, whole)) {
      ++look_.integers;
      ++look_.numbers;
      return true;
    }
    const Parsed parsed = parse_number(text, value);
    // Digits beyond 64 bits are an id: as a double they would lose digits.
    const bool digits = text.size() > 18 && text.find_first_not_of("0123456789") == text.npos;
    if (parsed == Parsed::kNo || digits) return false;
    ++look_.numbers;
    if (parsed == Parsed::kNotFinite) ++look_.not_finite;
    return true;
  }

  void see_text(std::string_view text) {
    std::int64_t moment = 0;
    if (has_leading_zeros(text)) ++look_.leading_zeros;
    if (parse_moment(text, moment)) {
      ++look_.times;
      return;
    }
    if (is_slashed_date(text)) ++look_.slashed;
    if (const auto at = look_.odd.find(text); at != look_.odd.end()) {
      ++at->second;
    } else if (look_.odd.size() < kOddKept) {
      look_.odd.emplace(text, 1);
    }
    if (look_.texts >= kTextsLooked) return;
    ++look_.texts;
    look_.bytes += text.size();
    look_.words += 1 + static_cast<std::uint64_t>(std::ranges::count(text, ' '));
    if (different_.insert(std::hash<std::string_view>{}(text)).second) ++look_.distinct;
  }

  ColumnLook& look_;
  const std::vector<std::string>& null_;
  std::unordered_set<std::size_t> different_;
};

/// What a file says of its numbers needs no look at each of them.
bool see_typed(ColumnLook& look, const table::Column& column) {
  if (table::is_text(column.type)) return false;
  const std::uint64_t known = column.valid.count();
  look.cells += column.size();
  look.nulls += column.size() - known;
  switch (column.type) {
    case Type::kBool: look.bools += known; break;
    case Type::kTime: look.times += known; break;
    case Type::kInteger: look.integers += known; [[fallthrough]];
    default: look.numbers += known;
  }
  return true;
}

bool mostly(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) >= kMostly * static_cast<double>(whole);
}

void add(ColumnLook& look, const ColumnLook& other) {
  for (const auto count : {&ColumnLook::cells, &ColumnLook::nulls, &ColumnLook::integers,
                           &ColumnLook::numbers, &ColumnLook::not_finite,
                           &ColumnLook::leading_zeros, &ColumnLook::times, &ColumnLook::bools,
                           &ColumnLook::slashed}) {
    look.*count += other.*count;
  }
  if (look.texts < kTextsLooked) {
    for (const auto count : {&ColumnLook::texts, &ColumnLook::words, &ColumnLook::bytes,
                             &ColumnLook::distinct}) {
      look.*count += other.*count;
    }
  }
  for (const auto& [text, times] : other.odd) {
    if (look.odd.contains(text) || look.odd.size() < kOddKept) look.odd[text] += times;
  }
  const bool wider = look.typed == Type::kNumber && other.typed == Type::kInteger;
  if (other.typed && !wider) look.typed = other.typed;
}

bool reads_like_text(const ColumnLook& look) {
  if (look.texts == 0 || look.distinct * 2 <= look.texts) return false;
  return look.words >= 3 * look.texts || look.bytes >= 40 * look.texts;
}

}  // namespace

bool is_slashed_date(std::string_view text) noexcept {
  std::size_t parts = 0, digits = 0;
  char separator = 0;
  for (const char c : text.substr(0, text.find(' '))) {
    if (c >= '0' && c <= '9') {
      ++digits;
      continue;
    }
    if ((c != '/' && c != '.' && c != '-') || digits == 0 || digits > 2) return false;
    if (separator != 0 && c != separator) return false;
    separator = c;
    digits = 0;
    ++parts;
  }
  return parts == 2 && (digits == 2 || digits == 4);
}

std::string slashed_format(std::string_view text, bool day_first) {
  text = text.substr(0, text.find('\''));
  const bool halves = text.ends_with("AM") || text.ends_with("PM");
  const std::string_view parts[] = {day_first ? "%d" : "%m", day_first ? "%m" : "%d", "%Y",
                                    halves ? "%I" : "%H",    "%M",                    "%S", "%f"};
  std::string out;
  std::size_t part = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (end == i) {
      if (halves && i + 2 == text.size()) return out + "%p";
      out += text[i++];
      continue;
    }
    if (part == std::size(parts)) return out;
    const bool short_year = part == 2 && end - i == 2;
    out += short_year ? "%y" : parts[part];
    ++part;
    i = end;
  }
  return out;
}

ColumnLook look_at(std::span<const Source> sources, const std::string& name,
                   const std::vector<std::string>& null) {
  ColumnLook look;
  look.name = name;
  Looker looker(look, null);
  std::string buffer;
  for (const Source& source : sources) {
    const auto column = source.find(name);
    if (!column) continue;
    if (source.typed) {
      const Type type = source.typed->column(*column).type;
      const bool wider = look.typed == Type::kNumber && type == Type::kInteger;
      if (!wider) look.typed = type;
    }
    if (source.typed && see_typed(look, source.typed->column(*column))) continue;
    for (std::size_t row = 0; row < source.rows(); ++row) {
      looker.see(source.cell(row, *column, buffer));
    }
  }
  return look;
}

std::vector<ColumnLook> look_at(std::span<const Source> sources,
                                const std::vector<std::string>& null) {
  std::vector<ColumnLook> looks;
  std::set<std::string> seen;
  for (const Source& source : sources) {
    for (const std::string& name : source.names()) {
      if (seen.insert(name).second) looks.push_back(look_at(sources, name, null));
    }
  }
  return looks;
}

void add(std::vector<ColumnLook>& looks, std::span<const ColumnLook> others) {
  for (const ColumnLook& other : others) {
    const auto same = std::ranges::find(looks, other.name, &ColumnLook::name);
    if (same == looks.end()) {
      looks.push_back(other);
      continue;
    }
    add(*same, other);
  }
}

Type decide(const ColumnLook& look) {
  const std::uint64_t known = look.known();
  if (look.typed && *look.typed != Type::kCategory) return *look.typed;
  if (look.typed || known == 0) return reads_like_text(look) ? Type::kText : Type::kCategory;
  if (look.bools == known) return Type::kBool;
  const bool codes = static_cast<double>(look.leading_zeros) > kCodes * static_cast<double>(known);
  if (!codes && mostly(look.times, known)) return Type::kTime;
  if (!codes && mostly(look.numbers, known) && look.numbers > look.not_finite) {
    return look.integers == look.numbers - look.not_finite ? Type::kInteger : Type::kNumber;
  }
  return reads_like_text(look) ? Type::kText : Type::kCategory;
}

}  // namespace rondo::collect
