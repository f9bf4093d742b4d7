// Texts become numbers, times and categories by a grammar that loses nothing: what it would
// have to change is not taken.
#include "collect/cells.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "collect/plain_number.h"

namespace rondo::collect {
namespace {

using table::ColumnBuilder;
using table::Type;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::int64_t kExactWhole = 9007199254740992;  // 2^53
constexpr double kExact = 9007199254740992.0;

/// Puts one cell that is not null; false when it is not of the type.
class Cellwright {
 public:
  Cellwright(Type type, TypedColumn& out) : type_(type), out_(out), builder_(type) {}

  void null() { builder_.null(); }
  std::shared_ptr<const table::Column> finish() { return builder_.finish(); }

  void put(std::size_t row, const Written& cell) {
    if (!fits(row, cell)) {
      builder_.null();
      out_.bad.push_back(row);
    }
  }

 private:
  bool fits(std::size_t row, const Written& cell) {
    const bool boolean = cell.kind == CellKind::kBool;
    switch (type_) {
      case Type::kNumber: return !boolean && number(row, cell.text);
      case Type::kInteger: return !boolean && integer(row, cell.text);
      case Type::kBool: return boolean_cell(cell);
      case Type::kTime: return cell.kind != CellKind::kNumber && time(cell.text);
      case Type::kCategory:
      case Type::kText: builder_.text(cell.text); return true;
    }
    return false;
  }

  bool number(std::size_t row, std::string_view text) {
    double value = 0;
    const Parsed parsed = parse_number(text, value);
    if (parsed == Parsed::kNo) return false;
    if (parsed == Parsed::kNotFinite) {
      out_.not_finite.push_back(row);
      builder_.null();
    } else {
      builder_.number(value);
    }
    return true;
  }

  bool integer(std::size_t row, std::string_view text) {
    std::int64_t value = 0;
    if (parse_integer(text, value)) {
      out_.beyond_double |= value > kExactWhole || value < -kExactWhole;
      builder_.integer(value);
      return true;
    }
    double wide = 0;
    switch (parse_number(text, wide)) {
      case Parsed::kNo: return false;
      case Parsed::kNotFinite: out_.not_finite.push_back(row); break;
      case Parsed::kYes:
        if (wide == std::floor(wide) && std::fabs(wide) <= kExact) {
          builder_.integer(static_cast<std::int64_t>(wide));
          return true;
        }
        out_.fractions.push_back(row);
    }
    builder_.null();
    return true;
  }

  bool boolean_cell(const Written& cell) {
    if (cell.text != "true" && cell.text != "false") return false;
    builder_.integer(cell.text == "true" ? 1 : 0);
    return true;
  }

  bool time(std::string_view text) {
    // Sorted files repeat a date for many rows.
    if (text != last_text_) {
      last_good_ = parse_moment(text, last_time_);
      last_text_ = text;
    }
    if (last_good_) builder_.integer(last_time_);
    return last_good_;
  }

  Type type_;
  TypedColumn& out_;
  ColumnBuilder builder_;
  std::string last_text_;
  bool last_good_ = false;
  std::int64_t last_time_ = 0;
};

}  // namespace

bool has_leading_zeros(std::string_view text) noexcept {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

Parsed parse_number(std::string_view text, double& value) noexcept {
  std::array<char, 24> ended;  // most numbers are short and plain
  if (text.size() < ended.size()) {
    *std::ranges::copy(text, ended.begin()).out = '\0';
    if (read_plain_number(ended.data(), value) == ended.data() + text.size()) return Parsed::kYes;
  }
  if (text.empty() || has_leading_zeros(text)) return Parsed::kNo;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return Parsed::kNo;
  return std::isfinite(value) ? Parsed::kYes : Parsed::kNotFinite;
}

bool parse_integer(std::string_view text, std::int64_t& value) noexcept {
  if (text.empty() || has_leading_zeros(text)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_moment(std::string_view text, std::int64_t& value) {
  // The shape first: parse_time writes a sentence for everything that it refuses.
  if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !is_digit(text[0])) return false;
  const auto time = parse_time(text);
  if (time) value = time->us;
  return time.has_value();
}

bool is_null(std::string_view text, const std::vector<std::string>& null) noexcept {
  for (const std::string& word : null) {
    if (word == text) return true;
  }
  return false;
}

TypedColumn type_column(const Source& source, std::size_t column, Type type,
                        const table::Dialect& dialect) {
  TypedColumn out;
  if (source.typed && source.typed->column(column).type == type) {
    out.column = source.typed->shared(column);
    for (std::size_t row = 0; type == Type::kNumber && row < source.rows(); ++row) {
      if (std::isinf(out.column->as_double(row))) out.not_finite.push_back(row);
    }
    if (out.not_finite.empty()) return out;
  }
  Cellwright wright(type, out);
  out.not_finite.clear();
  std::string buffer;
  for (std::size_t row = 0; row < source.rows(); ++row) {
    const Written cell = source.cell(row, column, buffer);
    if (cell.kind == CellKind::kNull || is_null(cell.text, dialect.null)) {
      wright.null();
    } else {
      wright.put(row, cell);
    }
  }
  out.column = wright.finish();
  return out;
}

}  // namespace rondo::collect
