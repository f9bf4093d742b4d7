// Cutting files into parts: at line ends outside of quotes, or at chunks of Parquet.
#include "batch/input.h"

#include <fmt/format.h>

#include <algorithm>

#include "collect/csv.h"
#include "collect/files.h"
#include "collect/json_rows.h"

namespace rondo::batch {
namespace {

constexpr std::size_t kPart = 1 << 20;
constexpr std::size_t kHead = 64 << 10;                  // bytes by which a format is told
constexpr std::size_t kLongest = 2 * collect::kLongestRecord;
constexpr std::size_t kLargestArray = 256 << 20;
constexpr std::size_t kParquetRows = 16 << 10;

std::uint64_t line_ends(std::string_view bytes) {
  return static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
}

/// Lines that hold something.
std::uint64_t filled_lines(std::string_view bytes) {
  std::uint64_t count = 0;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    count += line.find_first_not_of(" \t\r") == line.npos ? 0 : 1;
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
  }
  return count;
}

/// Without the blank lines at the end, which are no records.
std::string_view without_tail(std::string_view bytes) {
  const std::size_t last = bytes.find_last_not_of("\r\n");
  if (last == bytes.npos) return {};
  return bytes.substr(0, bytes.find('\n', last));
}

}  // namespace

Records whole_records(std::string_view bytes, char quote) {
  Records out;
  for (std::size_t at = 0;;) {
    const std::size_t open = std::min(bytes.find(quote, at), bytes.size());
    const std::string_view outside = bytes.substr(at, open - at);
    if (const std::size_t last = outside.rfind('\n'); last != outside.npos) {
      out.end = at + last + 1;
      out.count += line_ends(outside);
    }
    const std::size_t close = open < bytes.size() ? bytes.find(quote, open + 1) : bytes.npos;
    if (close == bytes.npos) return out;
    at = close + 1;
  }
}

Json Place::to_json() const {
  return {{"file", file}, {"at", at}, {"lines", lines}, {"file_rows", file_rows}, {"rows", rows}};
}

Result<Place> Place::from_json(const Json& json) {
  const auto number = [&](std::string_view key) -> Result<std::uint64_t> {
    const auto value = TRY(io::get<std::int64_t>(json, key));
    if (value < 0) return fail(Code::kInvalidInput, std::string(key) + " is below 0");
    return static_cast<std::uint64_t>(value);
  };
  return Place{TRY(number("file")), TRY(number("at")), TRY(number("lines")),
               TRY(number("file_rows")), TRY(number("rows"))};
}

Input::Input(std::shared_ptr<io::Fs> fs, std::vector<std::string> files, const Settings& settings)
    : fs_(std::move(fs)), files_(std::move(files)), settings_(settings), tools_(settings.temp) {}

Result<std::unique_ptr<Input>> Input::open(std::shared_ptr<io::Fs> fs, const std::string& named,
                                           const Settings& settings) {
  std::vector<std::string> files = {named};
  if (named.find_first_of("*?[") != named.npos) files = TRY(collect::find_files(*fs, ".", files));
  std::unique_ptr<Input> input(new Input(std::move(fs), std::move(files), settings));
  input->identity_ = TRY(input->look());
  for (const Json& file : input->identity_) {
    input->bytes_total_ += io::get_or<std::uint64_t>(file, "size", 0);
  }
  return input;
}

Result<Json> Input::look() const {
  Json all = Json::array();
  for (const std::string& file : files_) {
    if (file == "-") continue;
    const auto stat = TRY(fs_->stat(file));
    if (!stat) return fail(Code::kNotFound, fmt::format("{} was not found", file));
    if (stat->folder) {
      return fail(Code::kInvalidInput, fmt::format("{} is a folder", file),
                  fmt::format("name its files: '{}/*'", file));
    }
    all.push_back({{"file", std::filesystem::absolute(file).string()},
                   {"size", stat->size}, {"modified_us", stat->modified.us}});
  }
  return all;
}

std::uint64_t Input::bytes_taken() const {
  return bytes_before_ + (stream_ ? stream_->taken() : 0);
}

Result<void> Input::read_more(std::size_t wanted) {
  if (ended_ || buffer_.size() >= wanted) return {};
  const std::size_t count = wanted - buffer_.size();
  const std::string bytes =
      TRY(during(stream_->read(count), "reading " + files_[place_.file]));
  ended_ = bytes.size() < count;
  buffer_ += bytes;
  return {};
}

Result<void> Input::open_file() {
  const std::string& file = files_[place_.file];
  layout_ = std::make_shared<Layout>();
  layout_->file = file == "-" ? "standard input" : file;
  stream_ = TRY(io::Stream::open(fs_, file, settings_.stop));
  buffer_.clear();
  ended_ = array_ = false;
  TRY(read_more(kHead));
  layout_->format = collect::format_of(buffer_, layout_->file, settings_.options.format);
  layout_->dialect = settings_.contract.dialect;
  if (settings_.contract.schema.fields.empty()) {
    layout_->dialect.delimiter = collect::guess_delimiter(buffer_);
  }
  layout_->dialect.trim = settings_.options.trim;
  layout_->dialect.null = settings_.options.null;
  if (layout_->format == collect::Format::kParquet) {
    if (file == "-") {
      return fail(Code::kInvalidInput, "Parquet cannot be read from standard input",
                  "name the file: what it holds is told by its end");
    }
    rows_ = TRY(TRY(tools_.engine())->stream_parquet(file, place_.at, {}));
    return {};
  }
  const std::uint64_t go_on_at = std::exchange(place_.at, 0);
  const std::uint64_t lines = std::exchange(place_.lines, 0);
  if (buffer_.starts_with("\xEF\xBB\xBF")) {
    buffer_.erase(0, 3);
    place_.at = 3;
  }
  if (layout_->format == collect::Format::kCsv) TRY(read_header(*layout_));
  const std::size_t first = buffer_.find_first_not_of(" \t\r\n");
  array_ = layout_->format == collect::Format::kJson && first != buffer_.npos &&
           buffer_[first] == '[';
  if (array_) buffer_.erase(0, first);
  if (go_on_at <= place_.at) return {};
  const std::uint64_t beyond = go_on_at - place_.at;
  const std::size_t held = std::min<std::uint64_t>(beyond, buffer_.size());
  buffer_.erase(0, held);
  TRY(stream_->skip(beyond - held));
  place_.at = go_on_at;
  place_.lines = lines;
  return {};
}

Result<void> Input::read_header(Layout& layout) {
  if (!settings_.options.names.empty()) {
    layout.names = settings_.options.names;
    layout.dialect.header = false;
    return collect::check_names(layout.names, layout.file);
  }
  std::size_t end = 0;
  for (;;) {
    // The first line end outside of quotes.
    bool quoted = false;
    for (end = 0; end < buffer_.size() && (quoted || buffer_[end] != '\n'); ++end) {
      if (buffer_[end] == layout.dialect.quote) quoted = !quoted;
    }
    if (end < buffer_.size() || ended_ || buffer_.size() > collect::kLongestRecord) break;
    TRY(read_more(buffer_.size() * 2));
  }
  end = std::min(end + 1, buffer_.size());
  table::Dialect dialect = layout.dialect;
  dialect.header = true;
  const collect::Grid head =
      TRY(collect::split_csv(buffer_.substr(0, end), dialect, {}, {}, layout.file));
  if (head.names.empty()) {
    return fail(Code::kInvalidInput, fmt::format("{} is empty", layout.file),
                "its first line names the columns");
  }
  layout.names = head.names;
  layout.dialect.header = true;
  layout.head = buffer_.substr(0, end);
  place_.at += end;
  place_.lines = line_ends(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end);
  return {};
}

Result<std::vector<std::string>> Input::names() {
  if (!layout_) TRY(open_file());
  if (layout_->format == collect::Format::kParquet) {
    rows_.reset();
    const auto rows = TRY(TRY(tools_.engine())->stream_parquet(files_[place_.file], 0, {}));
    const table::Table first = TRY(rows->next(1));
    std::vector<std::string> names;
    for (const table::Field& field : first.schema().fields) names.push_back(field.name);
    layout_.reset();  // begins again
    return names;
  }
  if (layout_->format == collect::Format::kCsv) return layout_->names;
  // The first object, alone.
  const std::size_t from = std::min(buffer_.find('{'), buffer_.size());
  for (std::size_t end = from; (end = buffer_.find('}', end)) != buffer_.npos; ++end) {
    const std::string object = buffer_.substr(from, end + 1 - from);
    if (Json::accept(object)) {
      return TRY(collect::split_json(object, {}, layout_->file)).names;
    }
  }
  return std::vector<std::string>();
}

Result<void> Input::go_on(const Place& place) {
  if (place.file >= files_.size()) {
    return fail(Code::kInvalidInput, "the place lies behind the last file");
  }
  place_ = place;
  layout_.reset();
  for (std::uint64_t i = 0; i < place.file && i < identity_.size(); ++i) {
    bytes_before_ += io::get_or<std::uint64_t>(identity_[i], "size", 0);
  }
  return {};
}

Result<std::optional<Cut>> Input::next() {
  while (place_.file < files_.size()) {
    if (!layout_) TRY(open_file());
    auto cut = layout_->format == collect::Format::kParquet ? next_of_parquet() : next_of_file();
    if (!cut || *cut) return cut;
    bytes_before_ += stream_->taken();
    rows_.reset();
    stream_.reset();
    layout_.reset();
    place_ = {place_.file + 1, 0, 0, 0, place_.rows};
  }
  if (TRY(look()) == identity_) return std::nullopt;
  return fail(Code::kConflict, "a file changed while it was read", "run it again");
}

Result<std::optional<Cut>> Input::next_of_file() {
  const bool json = layout_->format == collect::Format::kJson;
  Records whole;
  for (std::size_t wanted = array_ ? kLargestArray + 1 : kPart;; wanted *= 2) {
    TRY(read_more(wanted));
    if (array_ && !ended_) {
      return fail(Code::kExhausted,
                  fmt::format("{} is one JSON array of over 256 MiB", layout_->file),
                  "write one object a line: `jq -c '.[]'` does that");
    }
    if (ended_) break;
    if (json) whole.end = buffer_.rfind('\n') + 1;
    else whole = whole_records(buffer_, layout_->dialect.quote);
    if (whole.end > 0) break;
    if (buffer_.size() > kLongest) whole.end = buffer_.size();  // its reader says what is wrong
    if (whole.end > 0) break;
  }
  if (ended_) {
    const bool one_column = !json && layout_->names.size() == 1;
    if (!one_column) buffer_.resize(without_tail(buffer_).size());
    whole = whole_records(buffer_, layout_->dialect.quote);
    if (whole.end < buffer_.size()) ++whole.count;
    whole.end = buffer_.size();
  }
  if (whole.end == 0) return std::nullopt;
  Cut cut;
  cut.part.layout = layout_;
  cut.part.bytes.reserve(layout_->head.size() + whole.end);
  cut.part.bytes = layout_->head;
  cut.part.bytes.append(buffer_, 0, whole.end);
  buffer_.erase(0, whole.end);
  const std::string_view bytes = cut.part.records();
  cut.rows = array_ ? 0 : json ? filled_lines(bytes) : whole.count;
  cut.part.lines = place_.lines;
  cut.part.file_rows = place_.file_rows;
  cut.part.rows = place_.rows;
  place_.at += whole.end;
  place_.lines += line_ends(bytes);
  place_.file_rows += cut.rows;
  place_.rows += cut.rows;
  cut.after = place_;
  if (array_ && place_.file + 1 < files_.size()) {
    return fail(Code::kInvalidInput,
                fmt::format("{} is a JSON array, and more files follow", layout_->file),
                "write one object a line, or give the files one by one");
  }
  return cut;
}

Result<std::optional<Cut>> Input::next_of_parquet() {
  table::Table rows = TRY(rows_->next(kParquetRows));
  if (rows.rows() == 0) return std::nullopt;
  Cut cut;
  cut.part.layout = layout_;
  cut.rows = rows.rows();
  cut.part.table = std::move(rows);
  cut.part.file_rows = place_.file_rows;
  cut.part.rows = place_.rows;
  place_.at += cut.rows;
  place_.file_rows += cut.rows;
  place_.rows += cut.rows;
  cut.after = place_;
  return cut;
}

}  // namespace rondo::batch
