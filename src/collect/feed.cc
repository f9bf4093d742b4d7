// A large file is a stream of plain bytes that is cut where a record ends; of Parquet, of rows.
#include "collect/feed.h"

#include <fmt/format.h>

#include "collect/csv.h"
#include "collect/database_rows.h"
#include "collect/json_rows.h"
#include "collect/push.h"

namespace rondo::collect {
namespace {

constexpr std::uint64_t kBytesACell = 5;  // of a table of numbers as text

std::uint64_t size_of(const Source& source) {
  if (!source.typed) return source.grid.bytes.size();
  return source.rows() * source.names().size() * kBytesACell;
}

}  // namespace

/// One file that is read in parts.
class Feed::Large {
 public:
  Large(const NewBytes& news, const From& from) : news_(news), from_(from) {}

  bool done() const { return done_; }
  /// How much of a file of `bytes` is taken; of typed rows nobody knows.
  double share(std::uint64_t bytes) const {
    if (stream_ == nullptr || bytes == 0) return 0;
    return static_cast<double>(stream_->taken()) / static_cast<double>(bytes);
  }
  bool typed() const { return format() == Format::kParquet; }

  /// `engine` only where it is typed.
  Result<Source> next(FileMark& mark, table::Engine* engine, bool all) {
    Source source;
    source.file = news_.file;
    source.digest = mark.digest;
    if (typed()) {
      TRY(take_typed(source, *engine, all));
    } else {
      source.csv = format() == Format::kCsv;
      if (stream_ == nullptr) TRY(begin());
      TRY(take_written(source, all));
      mark.plain = source.grid.end + source.grid.shift;
      mark.lines = source.grid.lines;
      mark.open_end = source.grid.open_end;
    }
    mark.records = source.typed ? source.earlier + source.rows() : source.grid.read;
    if (done_) TRY(check_unchanged(mark));
    return source;
  }

 private:
  io::Path path() const { return from_.project / news_.file; }
  Format format() const { return format_of(news_.bytes, news_.file, from_.options.format); }

  Result<void> take_typed(Source& source, table::Engine& engine, bool all) {
    if (rows_ == nullptr) {
      rows_ = TRY(engine.stream_parquet(path(), 0, {}));
      ahead_ = TRY(rows_->next(all ? SIZE_MAX : 1));  // whole: no parts to put together
    }
    const std::uint64_t width = std::max<std::uint64_t>(ahead_.columns(), 1);
    const std::uint64_t part = std::max<std::uint64_t>(from_.part_bytes / kBytesACell / width, 1);
    const std::uint64_t most = all ? SIZE_MAX : part;
    source.earlier = taken_;
    std::vector<table::Table> parts = {std::move(ahead_)};
    std::uint64_t rows = parts[0].rows();
    for (;;) {
      ahead_ = TRY(rows_->next(rows < most ? std::min<std::uint64_t>(most - rows, 1 << 17) : 1));
      if (ahead_.rows() == 0 || rows >= most) break;
      rows += ahead_.rows();
      parts.push_back(std::move(ahead_));
    }
    done_ = ahead_.rows() == 0;
    taken_ += rows;
    source.typed = TRY(table::Table::concatenate(parts));
    for (const table::Field& field : source.typed->schema().fields) {
      source.grid.names.push_back(field.name);
    }
    TRY(check_names(source.grid.names, news_.file));
    if (taken_ == 0) source.grid.empty = "has no rows";
    return {};
  }

  /// Opens the stream behind what was read before.
  Result<void> begin() {
    const std::shared_ptr<io::Fs> fs(std::shared_ptr<io::Fs>(), &from_.fs);
    stream_ = TRY(io::Stream::open(fs, path()));
    start_.lines = news_.mark.lines;
    start_.records = news_.mark.records;
    place_ = news_.mark.plain;
    if (place_ == 0) return {};
    head_ = head();
    TRY(stream_->skip(place_));
    TRY(read_to(2));
    const CsvStart on = TRY(start_after(news_.mark, buffer_, news_.file));
    start_.lines = on.lines;
    buffer_.erase(0, on.offset);
    place_ += on.offset;
    return {};
  }

  /// What each part but the first begins with: the header, or where there is none a line end, since
  /// a part must not look like a beginning.
  std::string head() const {
    if (format() != Format::kCsv || !from_.dialect.header) return "\n";
    return news_.bytes.substr(0, header_end(news_.bytes, from_.dialect));
  }

  Result<void> read_to(std::uint64_t wanted) {
    if (ended_ || buffer_.size() >= wanted) return {};
    const std::size_t count = wanted - buffer_.size();
    const std::string bytes = TRY(during(stream_->read(count), "reading " + news_.file));
    ended_ = bytes.size() < count;
    buffer_ += bytes;
    return {};
  }

  Result<void> take_written(Source& source, bool all) {
    const bool array = !source.csv && first_byte() == '[';
    if (array && news_.mark.bytes > 0) return array_grew(news_.file);
    if (all || array) {
      while (!ended_) TRY(read_to(2 * buffer_.size() + from_.part_bytes));
    } else {
      TRY(read_to(from_.part_bytes + 2 * kLongestRecord));
    }
    CsvStart start = start_;
    start.offset = head_.size();
    start.shift = place_ - head_.size();
    if (!all && !array) start.until = head_.size() + from_.part_bytes;
    std::string bytes = std::move(buffer_.insert(0, head_));
    source.grid = source.csv ? TRY(split_csv(std::move(bytes), from_.dialect,
                                             from_.options.names, start, news_.file))
                             : TRY(split_json(std::move(bytes), start, news_.file));
    const Grid& grid = source.grid;
    start_ = {0, grid.lines, grid.read};
    place_ = grid.end + grid.shift;
    buffer_ = grid.bytes.substr(grid.end);
    if (!ended_ && buffer_.empty()) TRY(pass_over());
    head_ = head();
    done_ = ended_ && buffer_.empty();
    return {};
  }

  /// The rest of a record that is longer than the room behind a part; it was rejected already.
  Result<void> pass_over() {
    for (;;) {
      TRY(read_to(kLongestRecord));
      const std::size_t end = buffer_.find('\n');
      const std::size_t gone = end == buffer_.npos ? buffer_.size() : end + 1;
      buffer_.erase(0, gone);
      place_ += gone;
      if (end == buffer_.npos && !ended_) continue;
      if (end != buffer_.npos) ++start_.lines;
      return {};
    }
  }

  char first_byte() const {
    const std::size_t first = news_.bytes.find_first_not_of(" \t\r\n");
    return first == news_.bytes.npos ? '\0' : news_.bytes[first];
  }

  /// The marks speak of what lay there when its digest was made.
  Result<void> check_unchanged(const FileMark& mark) const {
    if (TRY(edge_of(from_.fs, path(), mark.bytes)) == mark.edge) return {};
    return fail(Code::kConflict, news_.file + " changed while it was read", "run it again");
  }

  const NewBytes& news_;
  const From& from_;
  std::unique_ptr<io::Stream> stream_;
  std::string head_, buffer_;
  CsvStart start_;           // lines and records before the next part
  std::uint64_t place_ = 0;  // of the buffer's first byte in the plain source
  bool ended_ = false, done_ = false;
  std::unique_ptr<table::TableStream> rows_;
  table::Table ahead_;       // the first rows of the next part
  std::uint64_t taken_ = 0;  // rows
};

Feed::Feed(const News& news, From from, Tools& tools)
    : news_(news), from_(std::move(from)), tools_(tools) {}
Feed::~Feed() = default;

/// The next source, or nothing of a file without a row.
Result<std::optional<Source>> Feed::one(const NewBytes& file, Cursor& marks, bool all) {
  if (from_.said) {
    const double begun = large_ == nullptr ? 0 : large_->share(marks.files[file.file].bytes);
    TRY(from_.said(file.file, (static_cast<double>(file_) + begun) /
                                  static_cast<double>(news_.files.size())));
  }
  std::optional<Source> source;
  bool ended = true;
  if (file.pushed) {
    source = TRY(open_pushed(file));
  } else if (file.answer) {
    source = open_answer(file);
  } else if (file.whole) {
    source = TRY(open_source(file, from_.options, from_.dialect, marks.files[file.file]));
  } else {
    if (large_ == nullptr) large_ = std::make_unique<Large>(file, from_);
    if (large_->typed() && !engine_) engine_ = TRY(tools_.another_engine());
    source = TRY(large_->next(marks.files[file.file], engine_.get(), all));
    ended = large_->done();
  }
  if (ended) {
    large_.reset();
    ++file_;
  }
  if (source->grid.empty.empty()) return source;
  if (empty_.empty()) empty_ = fmt::format("{} {}", file.file, source->grid.empty);
  if (!file.pushed && !file.answer) marks.files.erase(file.file);
  return std::nullopt;
}

Result<std::vector<Source>> Feed::next(Cursor& marks, bool all) {
  std::vector<Source> sources;
  for (std::uint64_t size = 0; !done() && (all || size < from_.part_bytes);) {
    auto source = TRY(one(news_.files[file_], marks, all));
    if (!source) continue;
    any_ = true;
    size += size_of(*source);
    sources.push_back(*std::move(source));
  }
  if (!done() || any_ || !from_.first || empty_.empty()) return sources;
  return fail(Code::kInvalidInput, empty_, "give at least one row to begin with");
}

}  // namespace rondo::collect
