// CSV bodies: RFC 4180 with a header, split in place. What a text means under a type is asked of
// collect/, so that a file and a request give the same cells.
#include <fmt/format.h>

#include <cmath>

#include "api/frames.h"
#include "collect/cells.h"
#include "io/utf8.h"

namespace rondo::api {
namespace {

using model::Cell;
using table::Type;

/// Fields of one record after the other. Texts borrow from the body; the batch keeps those with a
/// doubled quote.
class CsvReader {
 public:
  CsvReader(std::string_view text, Batch& batch) : text_(text), batch_(batch) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }
  bool at_end() const { return text_.empty(); }

  std::expected<void, Refusal> next(std::vector<std::string_view>& out) {
    out.clear();
    ++line_;
    for (;;) {
      out.push_back(text_.starts_with('"') ? TRY(quoted()) : plain());
      if (text_.starts_with(',')) {
        text_.remove_prefix(1);
        continue;
      }
      if (text_.starts_with('\r')) text_.remove_prefix(1);
      if (!text_.empty() && text_[0] != '\n') return broken("a quote ends inside of a field");
      if (!text_.empty()) text_.remove_prefix(1);
      return {};
    }
  }

 private:
  std::unexpected<Refusal> broken(std::string_view why) const {
    return bad_shape(fmt::format("the CSV is broken in record {}: {}", line_, why),
                     "double a quote inside of quotes (RFC 4180)");
  }
  std::string_view plain() {
    const std::string_view field = text_.substr(0, text_.find_first_of(",\r\n"));
    text_.remove_prefix(field.size());
    return field;
  }
  std::expected<std::string_view, Refusal> quoted() {
    std::string* mended = nullptr;
    text_.remove_prefix(1);
    for (;;) {
      const std::size_t end = text_.find('"');
      if (end == text_.npos) return broken("a quote does not end");
      const std::string_view part = text_.substr(0, end);
      text_.remove_prefix(end + 1);
      const bool more = text_.starts_with('"');
      if (more && mended == nullptr) mended = &batch_.keep();
      if (mended != nullptr) *mended += part;
      if (!more) return mended != nullptr ? std::string_view(*mended) : part;
      *mended += '"';
      text_.remove_prefix(1);
    }
  }
  std::string_view text_;
  Batch& batch_;
  std::size_t line_ = 0;
};

bool read_whole(std::string_view text, double& number) {
  std::int64_t whole = 0;
  if (collect::parse_integer(text, whole)) {
    number = static_cast<double>(whole);
    return true;
  }
  // As pandas writes whole numbers of a column with missing ones: "3.0".
  return collect::parse_number(text, number) == collect::Parsed::kYes &&
         number == std::trunc(number);
}

bool read_field(std::string_view text, Type type, Cell& out) {
  std::int64_t us = 0;
  out.kind = Cell::Kind::kNumber;
  switch (type) {
    case Type::kNumber: return collect::parse_number(text, out.number) == collect::Parsed::kYes;
    case Type::kInteger: return read_whole(text, out.number);
    case Type::kBool:
      out.number = text == "true" || text == "True" ? 1 : 0;
      return out.number == 1 || text == "false" || text == "False";
    case Type::kTime:
      if (!collect::parse_moment(text, us)) return false;
      out.number = static_cast<double>(us);
      return true;
    case Type::kCategory:
    case Type::kText: break;
  }
  out.kind = Cell::Kind::kText;
  out.text = text;
  return true;
}

}  // namespace

std::expected<void, Refusal> add_csv(Batch& batch, std::string_view text,
                                     std::span<const std::string> null, std::optional<Time> time) {
  if (!io::is_utf8(text)) return bad_shape("the CSV is not UTF-8");
  CsvReader reader(text, batch);
  std::vector<std::string_view> fields;
  if (reader.at_end()) return bad_shape("the CSV is empty", "its first line names the columns");
  TRY(reader.next(fields));
  const ColumnMap map = TRY(ColumnMap::of(fields, batch.inputs(), batch.outsiders()));
  const std::vector<std::string> missing(null.begin(), null.end());
  for (std::size_t row = 0; !reader.at_end(); ++row) {
    TRY(reader.next(fields));
    if (fields.size() != map.places().size()) {
      return bad_shape(fmt::format("row {} of the CSV has {} fields, the header has {}", row,
                                   fields.size(), map.places().size()));
    }
    const std::span<Cell> cells = batch.cells();
    std::optional<Time> own;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (map.places()[i] == ColumnMap::kTime) {
        own = TRY(read_time(fields[i], fmt::format("row {}: \"_time\"", row)));
        continue;
      }
      const table::Field& field = batch.inputs().fields[map.places()[i]];
      Cell& cell = cells[map.places()[i]] = Cell{};
      if (collect::is_null(fields[i], missing)) continue;
      if (read_field(fields[i], field.type, cell)) continue;
      return wrong_type(fmt::format("row {}: column \"{}\" takes {}, not \"{}\"", row, field.name,
                                    expectation(field.type), fields[i].substr(0, 100)));
    }
    TRY(batch.add(own.value_or(time.value_or(batch.now()))));
  }
  return {};
}

}  // namespace rondo::api
