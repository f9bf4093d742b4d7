// CSV that is nothing but fields, delimiters and line ends: read in place, a cell at a time. At the
// first thing that is not plain it gives up, and the readers of Data Collection begin again.
#include <algorithm>
#include <cmath>

#include "batch/part.h"
#include "collect/cells.h"
#include "collect/plain_number.h"
#include "io/utf8.h"

namespace rondo::batch {
namespace {

using model::Cell;
using table::Type;

/// Whether the bytes are UTF-8 and hold neither quotes nor NUL nor a carriage return that ends no
/// line.
bool is_plain(std::string_view bytes, char quote) {
  if (!io::is_utf8(bytes) || bytes.contains(quote) || bytes.contains('\0')) return false;
  for (std::size_t at = bytes.find('\r'); at != bytes.npos; at = bytes.find('\r', at + 1)) {
    if (at + 1 >= bytes.size() || bytes[at + 1] != '\n') return false;
  }
  return true;
}

/// What a column of the file is for.
struct Slot {
  std::int32_t input = -1, key = -1;
  Type type = Type::kText;
};

class PlainReader {
 public:
  PlainReader(const Settings& settings, const Part& part, std::string& out)
      : settings_(settings),
        part_(part),
        layout_(*part.layout),
        inputs_(settings.by->pipeline->parts().transform.inputs()),
        scorer_(settings.by, settings.form, settings.beside, out),
        cells_(inputs_.fields.size()),
        key_texts_(settings.keys.size()) {}

  std::optional<std::uint64_t> run() {
    if (!make_slots()) return std::nullopt;
    at_ = part_.records().data();
    const char* const end = part_.bytes.data() + part_.bytes.size();
    std::uint64_t rows = 0;
    while (at_ < end) {
      if (!read_row()) return std::nullopt;
      key_.clear();
      if (key_texts_.empty()) append_row_number(key_, settings_.form, part_.rows + rows + 1);
      for (std::size_t k = 0; k < key_texts_.size(); ++k) {
        append_key(key_, settings_.form, settings_.keys[k], key_texts_[k]);
      }
      scorer_.add(cells_, settings_.now, key_);
      ++rows;
    }
    scorer_.flush();
    return rows;
  }

 private:
  /// False: a column lacks, or a number means "missing".
  bool make_slots() {
    double number = 0;
    for (const std::string& word : layout_.dialect.null) {
      if (collect::parse_number(word, number) == collect::Parsed::kYes) return false;
    }
    slots_.resize(layout_.names.size());
    const auto place = [&](const std::string& name) {
      return std::ranges::find(layout_.names, name) - layout_.names.begin();
    };
    for (std::size_t i = 0; i < inputs_.fields.size(); ++i) {
      const auto column = static_cast<std::size_t>(place(inputs_.fields[i].name));
      if (column == slots_.size()) return false;
      slots_[column].input = static_cast<std::int32_t>(i);
      slots_[column].type = inputs_.fields[i].type;
    }
    for (std::size_t i = 0; i < settings_.keys.size(); ++i) {
      const auto column = static_cast<std::size_t>(place(settings_.keys[i]));
      if (column == slots_.size()) return false;
      slots_[column].key = static_cast<std::int32_t>(i);
    }
    return true;
  }

  bool read_row() {
    const std::size_t last = slots_.size() - 1;
    if (*at_ == '\n' || *at_ == '\r') return false;  // a blank line
    for (std::size_t i = 0; i <= last; ++i) {
      const char* const from = at_;
      if (!read_field(slots_[i])) return false;
      if (const std::int32_t key = slots_[i].key; key >= 0) {
        key_texts_[static_cast<std::size_t>(key)] = {from, at_};
      }
      if (i < last) {
        if (*at_++ != layout_.dialect.delimiter) return false;
        continue;
      }
      if (*at_ == '\r') ++at_;
      if (*at_ == '\n') ++at_;
      else if (*at_ != '\0') return false;
    }
    return true;
  }

  bool ends_field(char c) const {
    return c == layout_.dialect.delimiter || c == '\n' || c == '\r' || c == '\0';
  }

  /// Leaves at_ behind the field.
  bool read_field(const Slot& slot) {
    if (slot.input < 0) {
      while (!ends_field(*at_)) ++at_;
      return true;
    }
    Cell& cell = cells_[static_cast<std::size_t>(slot.input)];
    if (slot.type == Type::kNumber) {
      const char* const end = collect::read_plain_number(at_, cell.number);
      if (end != nullptr && ends_field(*end)) {
        cell.kind = Cell::Kind::kNumber;
        at_ = end;
        return true;
      }
    }
    const char* const from = at_;
    while (!ends_field(*at_)) ++at_;
    const std::string_view text(from, at_);
    cell = Cell{};
    return collect::is_null(text, layout_.dialect.null) || read_text(text, slot.type, cell);
  }

  /// What a text means under a type, as type_column() has it. False: it does not fit.
  static bool read_text(std::string_view text, Type type, Cell& cell) {
    std::int64_t whole = 0;
    cell.kind = Cell::Kind::kNumber;
    switch (type) {
      case Type::kNumber:
      case Type::kInteger: {
        if (type == Type::kInteger && collect::parse_integer(text, whole)) {
          cell.number = static_cast<double>(whole);
          return true;
        }
        const collect::Parsed parsed = collect::parse_number(text, cell.number);
        if (parsed == collect::Parsed::kNotFinite) cell = Cell{};
        if (parsed != collect::Parsed::kYes || type == Type::kNumber) {
          return parsed != collect::Parsed::kNo;
        }
        constexpr double kExact = 9007199254740992.0;  // 2^53
        return cell.number == std::floor(cell.number) && std::fabs(cell.number) <= kExact;
      }
      case Type::kBool:
        cell.number = text == "true" ? 1 : 0;
        return text == "true" || text == "false";
      case Type::kTime:
        if (!collect::parse_moment(text, whole)) return false;
        cell.number = static_cast<double>(whole);
        return true;
      case Type::kCategory:
      case Type::kText: break;
    }
    cell.kind = Cell::Kind::kText;
    cell.text = text;
    return true;
  }

  const Settings& settings_;
  const Part& part_;
  const Layout& layout_;
  const table::Schema& inputs_;
  Scorer scorer_;
  std::vector<Slot> slots_;
  std::vector<Cell> cells_;
  std::vector<std::string_view> key_texts_;
  std::string key_;
  const char* at_ = nullptr;
};

}  // namespace

std::optional<std::uint64_t> score_plain(const Settings& settings, const Part& part,
                                         std::string& out) {
  const Layout& layout = *part.layout;
  const bool timed = needs_time(settings.by->pipeline->parts().transform);
  if (layout.format != collect::Format::kCsv || layout.names.empty() || layout.dialect.trim ||
      (timed && !settings.options.time.empty()) ||
      !is_plain(part.records(), layout.dialect.quote)) {
    return std::nullopt;
  }
  const std::size_t before = out.size();
  const auto rows = PlainReader(settings, part, out).run();
  if (!rows) out.resize(before);
  return rows;
}

}  // namespace rondo::batch
