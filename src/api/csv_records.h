// The records of a CSV body: RFC 4180, split in place, one after the other.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <vector>

#include "api/json_in.h"
#include "io/utf8.h"

namespace rondo::api {

class CsvRecords {
 public:
  /// Fields borrow from `text`; those with a doubled quote are kept in `mended`.
  /// Errors: 400 for what is not UTF-8, or empty.
  static std::expected<CsvRecords, Refusal> of(std::string_view text,
                                               std::deque<std::string>& mended) {
    if (!io::is_utf8(text)) {
      return bad_shape("the CSV is not UTF-8",
                       "if it is Latin-1: iconv -f latin1 -t utf-8 FILE > NEW");
    }
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.empty()) return bad_shape("the CSV is empty", "its first line names the columns");
    return CsvRecords(text, mended);
  }

  bool at_end() const { return text_.empty(); }

  /// The fields of the next record, at least one. Errors: 400 naming the record.
  std::expected<void, Refusal> next(std::vector<std::string_view>& out) {
    out.clear();
    ++number_;
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
  CsvRecords(std::string_view text, std::deque<std::string>& mended)
      : text_(text), mended_(&mended) {}

  std::unexpected<Refusal> broken(std::string_view why) const {
    return bad_shape(fmt::format("the CSV is broken in record {}: {}", number_, why),
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
      if (more && mended == nullptr) mended = &mended_->emplace_back();
      if (mended != nullptr) *mended += part;
      if (!more) return mended != nullptr ? std::string_view(*mended) : part;
      *mended += '"';
      text_.remove_prefix(1);
    }
  }

  std::string_view text_;
  std::deque<std::string>* mended_;
  std::size_t number_ = 0;
};

}  // namespace rondo::api
