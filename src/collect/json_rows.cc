// The records are found by a scan that knows only strings and brackets; each is then parsed on its
// own with a handler that writes its cells down, so one broken record costs one record.
#include "collect/json_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace rondo::collect {
namespace {

constexpr std::size_t kFlattened = 3;
constexpr std::size_t kDeepest = 64;

struct Named {
  std::uint32_t name;
  CellRef cell;
};

/// Cells of all records, before it is known how many columns there are.
class Collector {
 public:
  explicit Collector(Grid& grid) : grid_(grid) {}
  std::uint32_t name(const std::string& path) {
    const auto [at, fresh] = index_.try_emplace(path, static_cast<std::uint32_t>(index_.size()));
    if (fresh) grid_.names.push_back(path);
    return at->second;
  }
  CellRef store(std::string_view text, CellKind kind) {
    const std::size_t from = grid_.arena.size();
    grid_.arena += text;
    return {from, text.size(), true, kind};
  }
  void add(const Record& record, std::span<const Named> cells) {
    grid_.records.push_back(record);
    cells_.insert(cells_.end(), cells.begin(), cells.end());
    ends_.push_back(cells_.size());
  }
  /// Row-major, absent keys as null.
  void lay_out() {
    grid_.cells.assign(grid_.records.size() * grid_.names.size(), CellRef());
    std::size_t from = 0;
    for (std::size_t row = 0; row < ends_.size(); from = ends_[row++]) {
      for (std::size_t i = from; i < ends_[row]; ++i) {
        grid_.cells[row * grid_.names.size() + cells_[i].name] = cells_[i].cell;
      }
    }
  }

 private:
  Grid& grid_;
  std::map<std::string, std::uint32_t, std::less<>> index_;
  std::vector<Named> cells_;
  std::vector<std::size_t> ends_;
};

/// What the parser tells about one record.
class Handler : public nlohmann::json_sax<Json> {
 public:
  explicit Handler(Collector& collector) : collector_(collector) {}
  std::vector<Named> cells;
  std::string trouble;

  bool null() override { return value("null", {}, CellKind::kNull); }
  bool boolean(bool v) override { return value(v ? "true" : "false", {}, CellKind::kBool); }
  bool number_integer(number_integer_t v) override { return number(std::to_string(v)); }
  bool number_unsigned(number_unsigned_t v) override { return number(std::to_string(v)); }
  bool number_float(number_float_t, const string_t& text) override { return number(text); }
  bool string(string_t& text) override {
    if (captured() && !separate()) return false;
    if (captured()) {
      text_ += Json(text).dump();
      return true;
    }
    return value({}, text, CellKind::kQuoted);
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    if (!open('{')) return false;
    keys_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) {
      return refuse(fmt::format("the key \"{}\" is there twice", shown(name)));
    }
    if (captured()) {
      if (text_.back() != '{') text_ += ',';
      text_ += Json(name).dump() + ":";
      after_key_ = true;
      return true;
    }
    path_.resize(depth_ - 1);
    path_.push_back(name);
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    return shut('}');
  }
  bool start_array(std::size_t) override { return open('['); }
  bool end_array() override { return shut(']'); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    const bool range = error.id == 406;
    return refuse(range ? fmt::format("a number is out of range at byte {} of the record", position)
                        : fmt::format("no valid JSON at byte {} of the record", position));
  }

 private:
  bool captured() const { return capture_ > 0; }
  bool refuse(std::string why) {
    if (trouble.empty()) trouble = std::move(why);
    return false;
  }
  bool number(const std::string& text) { return value(text, text, CellKind::kNumber); }

  /// A comma where the text of an array needs one.
  bool separate() {
    if (!after_key_ && text_.back() != '[' && text_.back() != '{') text_ += ',';
    after_key_ = false;
    return true;
  }

  /// `json` is how it looks inside a captured text.
  bool value(std::string_view json, std::string_view text, CellKind kind) {
    if (depth_ == 0) return refuse("the record is not an object");
    if (captured()) {
      separate();
      text_ += json;
      return true;
    }
    return put(kind == CellKind::kBool ? json : text, kind);
  }

  bool put(std::string_view text, CellKind kind) {
    if (text.size() > kLongestRecord) return refuse("a text is longer than 8 MiB");
    std::string path = path_[0];
    for (std::size_t i = 1; i < path_.size(); ++i) path += "." + path_[i];
    const std::uint32_t name = collector_.name(path);
    if (std::ranges::find(cells, name, &Named::name) != cells.end()) {
      return refuse(fmt::format("the key \"{}\" is there twice", shown(path)));
    }
    cells.push_back({name, kind == CellKind::kNull ? CellRef() : collector_.store(text, kind)});
    return true;
  }

  bool open(char bracket) {
    if (++depth_ > kDeepest) return refuse("the record is nested more than 64 deep");
    if (depth_ == 1) return bracket == '{' || refuse("the record is not an object");
    if (!captured() && bracket == '{' && depth_ <= kFlattened) return true;
    if (captured()) separate();
    ++capture_;
    text_ += bracket;
    return true;
  }
  bool shut(char bracket) {
    --depth_;
    if (!captured()) return true;
    text_ += bracket;
    after_key_ = false;
    if (--capture_ > 0) return true;
    path_.resize(std::min(path_.size(), depth_));
    const bool done = put(text_, CellKind::kQuoted);
    text_.clear();
    return done;
  }

  Collector& collector_;
  std::vector<std::set<std::string>> keys_;
  std::vector<std::string> path_;
  std::size_t depth_ = 0, capture_ = 0;
  std::string text_;
  bool after_key_ = false;
};

class Reader {
 public:
  Reader(Grid& grid, const CsvStart& start)
      : grid_(grid),
        bytes_(grid.bytes),
        collector_(grid),
        at_(start.offset),
        until_(start.until),
        line_(start.lines + 1) {
    grid.read = start.records;
    grid.shift = start.shift;
  }

  void lines() {
    while (at_ < std::min<std::uint64_t>(until_, bytes_.size())) {
      const std::size_t end = std::min(bytes_.find('\n', at_), bytes_.size());
      std::string_view text = bytes_.substr(at_, end - at_);
      if (text.ends_with('\r')) text.remove_suffix(1);
      if (text.find_first_not_of(" \t") != std::string_view::npos) record(text);
      move_on(std::min(end + 1, bytes_.size()));
    }
    finish();
  }

  /// After the opening bracket. What follows a broken separator cannot be told apart: one reject.
  void array() {
    for (bool first = true;; first = false) {
      skip_blanks();
      if (first && looking_at(']')) break;
      const std::size_t end = value_end();
      if (end == at_) return lost("the array is cut off or broken here");
      record(bytes_.substr(at_, end - at_));
      move_on(end);
      skip_blanks();
      if (looking_at(']')) break;
      if (!looking_at(',')) return lost("a comma or the end of the array is missing here");
      move_on(at_ + 1);
    }
    move_on(at_ + 1);
    skip_blanks();
    if (at_ < bytes_.size()) return lost("there is something after the end of the array");
    finish();
  }

  bool looking_at(char c) const { return at_ < bytes_.size() && bytes_[at_] == c; }
  void skip_blanks() { move_on(std::min(bytes_.find_first_not_of(" \t\r\n", at_), bytes_.size())); }
  void move_on(std::size_t next) {
    line_ += static_cast<std::uint64_t>(std::ranges::count(bytes_.substr(at_, next - at_), '\n'));
    at_ = next;
  }

 private:
  /// Where the value at at_ ends, by brackets and strings alone; at_ when it does not.
  std::size_t value_end() const {
    std::size_t depth = 0;
    for (std::size_t p = at_; p < bytes_.size(); ++p) {
      const char c = bytes_[p];
      if (c == '"') {
        for (++p; p < bytes_.size() && bytes_[p] != '"'; ++p) p += bytes_[p] == '\\' ? 1 : 0;
        if (depth == 0 && p < bytes_.size()) return p + 1;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']' || c == ',') {
        if (depth == 0) return p;
        if (c != ',' && --depth == 0) return p + 1;
      }
    }
    return at_;
  }

  void record(std::string_view text) {
    const auto offset = static_cast<std::uint64_t>(text.data() - bytes_.data());
    const Record record{++grid_.read, line_, offset, text.size()};
    if (text.size() > kLongestRecord) {
      return set_aside(record, Why::kTooLong, "the record is longer than 8 MiB");
    }
    const std::size_t arena = grid_.arena.size();
    Handler handler(collector_);
    if (Json::sax_parse(text, &handler)) return collector_.add(record, handler.cells);
    grid_.arena.resize(arena);
    set_aside(record, Why::kJson, handler.trouble.empty() ? "no valid JSON" : handler.trouble);
  }

  void set_aside(const Record& record, Why why, std::string detail) {
    Reject reject;
    reject.why = why;
    reject.record = record.number;
    reject.line = record.line;
    reject.offset = record.offset + grid_.shift;
    reject.raw = bytes_.substr(record.offset, std::min(record.length, kRawKept));
    reject.detail = std::move(detail);
    reject.before = grid_.records.size();
    grid_.rejects.push_back(std::move(reject));
  }

  void lost(std::string detail) {
    set_aside({++grid_.read, line_, at_, bytes_.size() - at_}, Why::kJson, std::move(detail));
    move_on(bytes_.size());
    finish();
  }

  void finish() {
    collector_.lay_out();
    grid_.end = at_;  // an array's and a last line's is that of the bytes
    grid_.lines = line_ - 1;
    grid_.open_end = at_ == bytes_.size() && !bytes_.empty() && bytes_.back() != '\n';
  }

  Grid& grid_;
  std::string_view bytes_;
  Collector collector_;
  std::size_t at_;
  std::uint64_t until_, line_;
};

}  // namespace

Result<Grid> split_json(std::string bytes, const CsvStart& start, const std::string& file) {
  if (bytes.size() >= kLargestSource) {
    return fail(Code::kExhausted, fmt::format("{} is larger than 64 GiB", file), "split it");
  }
  Grid grid;
  grid.bytes = std::move(bytes);
  Reader reader(grid, start);
  if (start.offset == 0) reader.move_on(grid.bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  reader.skip_blanks();
  if (start.offset == 0 && reader.looking_at('[')) {
    reader.move_on(grid.bytes.find('[') + 1);
    reader.array();
  } else if (start.offset > 0 || grid.bytes.empty() || reader.looking_at('{')) {
    reader.lines();
  } else {
    return fail(Code::kInvalidInput,
                fmt::format("{} is no JSON table: it begins neither with {{ nor with [", file),
                "write one object a line, or one array of objects");
  }
  TRY(check_names(grid.names, file));
  if (start.offset == 0 && grid.read == 0) grid.empty = "is empty";
  return grid;
}

}  // namespace rondo::collect
