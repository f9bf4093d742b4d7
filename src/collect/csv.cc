// One pass over the bytes, one branch a byte: a table of 256 classes says which bytes end a run of
// ordinary ones. Where a rule is broken the record's first line is set aside and the next line is
// tried, so a stray quote costs the lines that it really spoils and no others.
#include "collect/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "io/utf8.h"
#include "ledger/dataset.h"

namespace rondo::collect {
namespace {

struct Trouble {
  Why why = Why::kStrayQuote;
  std::string detail, hint;
  bool whole = false;  // the record's end is certain: all of it is set aside, not its first line
};

bool is_ascii(std::string_view bytes) {
  unsigned char seen = 0;
  for (const char c : bytes) seen |= static_cast<unsigned char>(c);
  return seen < 0x80;
}

class Splitter {
 public:
  Splitter(Grid& grid, const table::Dialect& dialect, const CsvStart& start)
      : grid_(grid),
        bytes_(grid.bytes),
        dialect_(dialect),
        at_(start.offset),
        until_(start.until),
        line_(start.lines + 1),
        plain_(is_ascii(bytes_) && bytes_.find('\0') == std::string_view::npos) {
    for (const char c : {dialect.delimiter, dialect.quote, '\n', '\r'}) {
      special_[static_cast<unsigned char>(c)] = true;
    }
    grid_.read = start.records;
  }

  bool done() const { return at_ >= bytes_.size(); }
  CsvStart place() const { return {at_, line_ - 1, grid_.read}; }

  /// The first record, as names. Errors: kInvalidInput naming file and line.
  Result<std::vector<std::string>> header(const std::string& file) {
    begin();
    std::optional<Trouble> trouble = split();
    if (!trouble) trouble = check_bytes();
    if (trouble) {
      return fail(Code::kInvalidInput, fmt::format("{}:1: {} in the header", file, trouble->detail),
                  trouble->hint);
    }
    std::vector<std::string> names;
    for (const CellRef& cell : grid_.cells) names.emplace_back(grid_.text(cell));
    grid_.cells.clear();
    grid_.arena.clear();
    move_on(next_);
    return names;
  }

  void rows() {
    while (!done() && at_ < until_) {
      if (grid_.names.size() > 1 && only_line_ends()) break;
      row();
    }
    const bool whole = done() || at_ < until_;
    grid_.end = whole ? bytes_.size() : at_;
    grid_.lines = line_ - 1;
    grid_.open_end = whole && !bytes_.empty() && bytes_.back() != '\n';
  }

 private:
  void begin() {
    start_ = at_;
    first_cell_ = grid_.cells.size();
    first_arena_ = grid_.arena.size();
  }

  /// Blank lines at the end are no records.
  bool only_line_ends() const {
    if (bytes_[at_] != '\n' && bytes_[at_] != '\r') return false;
    return bytes_.find_first_not_of("\r\n", at_) == std::string_view::npos;
  }

  void row() {
    begin();
    ++grid_.read;
    std::optional<Trouble> trouble = split();
    if (!trouble) trouble = check_bytes();
    if (!trouble) trouble = check_shape();
    if (trouble) return set_aside(std::move(*trouble));
    grid_.records.push_back({grid_.read, line_, start_, end_ - start_});
    move_on(next_);
  }

  /// Cuts the record at at_ into cells. Sets end_ (of its text) and next_ (the record after it).
  std::optional<Trouble> split() {
    std::size_t p = at_;
    for (;;) {
      if (dialect_.trim) p = skip_blanks(p);
      const bool quoted = p < bytes_.size() && bytes_[p] == dialect_.quote;
      auto trouble = quoted ? quoted_field(p) : plain_field(p);
      if (trouble) return trouble;
      if (p < bytes_.size() && bytes_[p] == dialect_.delimiter) {
        ++p;
        continue;
      }
      end_ = p;
      if (p < bytes_.size() && bytes_[p] == '\r') ++p;
      if (p < bytes_.size() && bytes_[p] == '\n') ++p;
      next_ = p;
      return std::nullopt;
    }
  }

  std::optional<Trouble> plain_field(std::size_t& p) {
    const std::size_t from = p;
    for (;; ++p) {
      while (p < bytes_.size() && !special_[static_cast<unsigned char>(bytes_[p])]) ++p;
      if (p >= bytes_.size() || bytes_[p] == dialect_.delimiter || line_ends(p)) break;
      if (bytes_[p] == dialect_.quote) return stray(from, p);
    }
    std::string_view text = bytes_.substr(from, p - from);
    while (dialect_.trim && !text.empty() && (text.back() == ' ' || text.back() == '\t')) {
      text.remove_suffix(1);
    }
    grid_.cells.emplace_back(from, text.size(), false, CellKind::kPlain);
    return std::nullopt;
  }

  std::optional<Trouble> quoted_field(std::size_t& p) {
    const std::size_t from = ++p;
    const std::size_t limit = std::min(bytes_.size(), start_ + kLongestRecord);
    bool doubled = false;
    for (;; ++p) {
      p = p < limit ? bytes_.find(dialect_.quote, p) : limit;
      if (p >= limit) {
        return Trouble{Why::kOpenQuote, "a quote is opened and never closed",
                       "close the quote, or double it if it is part of the text"};
      }
      if (p + 1 >= bytes_.size() || bytes_[p + 1] != dialect_.quote) break;
      doubled = true;
      ++p;
    }
    put_quoted(bytes_.substr(from, p - from), from, doubled);
    ++p;
    if (dialect_.trim) p = skip_blanks(p);
    if (p >= bytes_.size() || bytes_[p] == dialect_.delimiter || line_ends(p)) return std::nullopt;
    return stray(from, p);
  }

  void put_quoted(std::string_view text, std::size_t from, bool doubled) {
    if (!doubled) {
      grid_.cells.emplace_back(from, text.size(), false, CellKind::kQuoted);
      return;
    }
    const std::size_t begin = grid_.arena.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
      grid_.arena.push_back(text[i]);
      if (text[i] == dialect_.quote) ++i;
    }
    grid_.cells.emplace_back(begin, grid_.arena.size() - begin, true, CellKind::kQuoted);
  }

  Trouble stray(std::size_t from, std::size_t p) const {
    const std::size_t whole = grid_.cells.size() - first_cell_;
    const std::size_t field = whole + (bytes_[p] == dialect_.quote ? 1 : 0);
    const std::string_view before = bytes_.substr(from, p - from);
    const bool blank = !dialect_.trim && before.ends_with(' ') &&
                       before.find_first_not_of(' ') == std::string_view::npos;
    return {Why::kStrayQuote, fmt::format("field {} has a stray quote", field),
            blank ? "set [collect] trim = true: there are blanks before the quotes"
                  : "put the whole field in quotes and double each quote inside it"};
  }

  bool line_ends(std::size_t p) const {
    return bytes_[p] == '\n' ||
           (bytes_[p] == '\r' && (p + 1 == bytes_.size() || bytes_[p + 1] == '\n'));
  }
  std::size_t skip_blanks(std::size_t p) const {
    while (p < bytes_.size() && (bytes_[p] == ' ' || bytes_[p] == '\t') &&
           bytes_[p] != dialect_.delimiter) {
      ++p;
    }
    return p;
  }

  std::optional<Trouble> check_bytes() const {
    const std::string_view text = bytes_.substr(start_, end_ - start_);
    if (text.size() > kLongestRecord) {
      return Trouble{Why::kTooLong, "the record is longer than 8 MiB", "split it", true};
    }
    if (plain_) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) {
      return Trouble{Why::kNul, "the record holds a NUL byte", "remove it", true};
    }
    if (io::is_utf8(text)) return std::nullopt;
    return Trouble{Why::kInvalidUtf8,
                   "the record is not valid UTF-8; of a file in Latin-1 (ISO 8859-1), "
                   "`iconv -f latin1 -t utf-8 FILE > NEW` makes one that is",
                   "convert the file to UTF-8", true};
  }

  std::optional<Trouble> check_shape() const {
    const std::size_t fields = grid_.cells.size() - first_cell_;
    if (fields == grid_.names.size()) return std::nullopt;
    const std::string_view against = dialect_.header ? "the header has" : "names has";
    if (end_ == start_) return Trouble{Why::kFieldCount, "the line is blank", "remove it", true};
    return Trouble{Why::kFieldCount,
                   fmt::format("{} field{}, but {} {}", fields, fields == 1 ? "" : "s", against,
                               grid_.names.size()),
                   "a field that contains the delimiter must stand in quotes", true};
  }

  void set_aside(Trouble trouble) {
    grid_.cells.resize(first_cell_);
    grid_.arena.resize(first_arena_);
    std::size_t end = end_, next = next_;
    if (!trouble.whole) {
      next = std::min(bytes_.find('\n', start_), bytes_.size() - 1) + 1;
      end = next;
      while (end > start_ && (bytes_[end - 1] == '\n' || bytes_[end - 1] == '\r')) --end;
    }
    Reject reject;
    reject.why = trouble.why;
    reject.record = grid_.read;
    reject.line = line_;
    reject.offset = start_ + grid_.shift;
    reject.raw = bytes_.substr(start_, std::min(end - start_, kRawKept));
    reject.detail = std::move(trouble.detail);
    reject.hint = std::move(trouble.hint);
    reject.before = grid_.records.size();
    grid_.rejects.push_back(std::move(reject));
    move_on(next);
  }

  /// To the next record, counting the lines on the way.
  void move_on(std::size_t next) {
    line_ += static_cast<std::uint64_t>(
        std::count(bytes_.begin() + static_cast<std::ptrdiff_t>(at_),
                   bytes_.begin() + static_cast<std::ptrdiff_t>(next), '\n'));
    at_ = next;
  }

  Grid& grid_;
  std::string_view bytes_;
  const table::Dialect& dialect_;
  std::array<bool, 256> special_{};
  std::size_t at_, until_, start_ = 0, end_ = 0, next_ = 0, first_cell_ = 0, first_arena_ = 0;
  std::uint64_t line_;
  bool plain_;  // ASCII without NUL: nothing to check a record for
};

Result<void> check_text(std::string_view bytes, const std::string& file) {
  const auto says = [&](std::string_view what, std::string_view hint) {
    return fail(Code::kInvalidInput, fmt::format("{} {}", file, what), std::string(hint));
  };
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    return says("is UTF-16", fmt::format("save it as UTF-8: iconv -f utf-16 -t utf-8 {} > NEW",
                                         file));
  }
  if (bytes.starts_with("PK\x03\x04")) {
    return says("is a zip archive", "unpack it; a table of a spreadsheet must be exported as CSV");
  }
  const std::string_view first = bytes.substr(0, bytes.find('\n'));
  const auto bad = std::ranges::find_if(first, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\r';
  });
  if (bad == first.end()) {
    if (io::is_utf8(first)) return {};
    return says("is not UTF-8: its first line holds other bytes",
                fmt::format("if it is Latin-1: iconv -f latin1 -t utf-8 {} > NEW", file));
  }
  return says("is no text: its first line holds bytes that no CSV or JSON file begins with",
              "name a CSV, JSON or Parquet file, plain, .gz or .zst");
}

}  // namespace

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Result<void> check_names(std::vector<std::string>& names, const std::string& file) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = fmt::format("column_{}", i + 1);
    const std::string name = folded(names[i]);
    if (name == table::kTimeColumn || name.starts_with(ledger::kOrigin)) {
      return fail(Code::kInvalidInput,
                  fmt::format("{}: the column name \"{}\" is reserved", file, name), "rename it");
    }
    if (!seen.insert(folded(names[i])).second) {
      return fail(Code::kInvalidInput,
                  fmt::format("{}:1:{}: the column name \"{}\" is there twice", file, i + 1,
                              shown(names[i])),
                  "give each column a name of its own (upper and lower case count as the same); "
                  "for a file without a header set [collect] names");
    }
  }
  return {};
}

std::uint64_t header_end(std::string bytes, const table::Dialect& dialect) {
  Grid grid;
  grid.bytes = std::move(bytes);
  Splitter head(grid, dialect, {grid.bytes.starts_with("\xEF\xBB\xBF") ? 3u : 0u, 0, 0});
  return head.header("") ? head.place().offset : 0;  // a broken one is told where it is split
}

Result<Grid> split_csv(std::string bytes, const table::Dialect& dialect,
                       const std::vector<std::string>& names, const CsvStart& start,
                       const std::string& file) {
  if (bytes.size() >= kLargestSource) {
    return fail(Code::kExhausted, fmt::format("{} is larger than 64 GiB", file), "split it");
  }
  TRY(check_text(bytes, file));
  Grid grid;
  grid.bytes = std::move(bytes);
  grid.shift = start.shift;
  CsvStart top{grid.bytes.starts_with("\xEF\xBB\xBF") ? 3u : 0u, 0, 0};
  top.until = start.until;
  const bool first = start.offset == 0;
  CsvStart from = first ? top : start;
  if (dialect.header && grid.bytes.size() > top.offset) {
    Splitter head(grid, dialect, top);
    grid.names = TRY(head.header(file));
    if (first) from = head.place();
    from.until = start.until;
  } else {
    grid.names = names;
  }
  TRY(check_names(grid.names, file));
  Splitter(grid, dialect, from).rows();
  if (first && grid.read == 0) {
    grid.empty = grid.bytes.size() == top.offset ? "is empty" : "has only a header, no rows";
  }
  return grid;
}

char guess_delimiter(std::string_view bytes) {
  char best = ',';
  std::size_t best_fields = 1;
  // Only the head is looked at, cut at a line end.
  std::string_view head = bytes.substr(0, 256 << 10);
  if (head.size() < bytes.size()) head = head.substr(0, head.rfind('\n') + 1);
  for (const char delimiter : {',', ';', '\t', '|'}) {
    Grid grid;
    grid.bytes = std::string(head);
    table::Dialect dialect;
    dialect.delimiter = delimiter;
    Splitter splitter(grid, dialect, {head.starts_with("\xEF\xBB\xBF") ? 3u : 0u, 0, 0});
    auto names = splitter.header("");
    if (!names || names->size() <= best_fields) continue;
    grid.names = *std::move(names);
    splitter.rows();
    if (grid.rows() < grid.rejects.size()) continue;
    best = delimiter;
    best_fields = grid.names.size();
  }
  return best;
}

}  // namespace rondo::collect
