// The files of a batch, cut into parts of whole records. Where a part ends follows from the bytes
// alone, so a run that goes on behind a part makes the same parts as one that was never stopped.
#pragma once

#include "batch/part.h"
#include "io/stream.h"

namespace rondo::batch {

/// Where the next part begins. `at`: plain bytes of the file (Parquet: rows).
struct Place {
  std::uint64_t file = 0, at = 0, lines = 0, file_rows = 0, rows = 0;
  Json to_json() const;
  /// Errors: kInvalidInput.
  static Result<Place> from_json(const Json& json);
};

struct Cut {
  Part part;
  std::uint64_t rows = 0;  // that it must have; 0: not known
  Place after;
};

class Input {
 public:
  /// A path, a pattern (files in byte order) or "-", standard input. Errors: kNotFound, kIo.
  static Result<std::unique_ptr<Input>> open(std::shared_ptr<io::Fs> fs, const std::string& named,
                                             const Settings& settings);
  /// Names of the first file's columns. Errors: kInvalidInput.
  Result<std::vector<std::string>> names();
  /// Begins behind what was read before.
  Result<void> go_on(const Place& place);
  /// None: the end. Errors: kInvalidInput, kIo; kConflict when a file changed meanwhile.
  Result<std::optional<Cut>> next();
  /// Sizes and times of the files, as they were at the beginning.
  const Json& identity() const { return identity_; }
  std::uint64_t bytes_total() const { return bytes_total_; }  // 0: not known
  std::uint64_t bytes_taken() const;

 private:
  Input(std::shared_ptr<io::Fs> fs, std::vector<std::string> files, const Settings& settings);
  Result<Json> look() const;
  /// Opens the file of place_, and reads its header unless it goes on in the middle.
  Result<void> open_file();
  Result<void> read_header(Layout& layout);
  Result<void> read_more(std::size_t wanted);
  Result<std::optional<Cut>> next_of_file();
  Result<std::optional<Cut>> next_of_parquet();

  std::shared_ptr<io::Fs> fs_;
  std::vector<std::string> files_;
  const Settings& settings_;
  Json identity_;
  std::uint64_t bytes_total_ = 0, bytes_before_ = 0;

  Place place_;                     // of what was not handed out yet
  std::shared_ptr<Layout> layout_;  // null: the file is not open
  std::unique_ptr<io::Stream> stream_;
  std::string buffer_;              // read, and not handed out
  bool ended_ = false;              // the stream did
  bool array_ = false;              // JSON: one array
  collect::Tools tools_;
  std::unique_ptr<table::TableStream> rows_;
};

/// Where the last whole record of `bytes` ends; 0: none does. Whole records: to how many line ends
/// outside of quotes that is.
struct Records {
  std::size_t end = 0;
  std::uint64_t count = 0;
};
Records whole_records(std::string_view bytes, char quote);

}  // namespace rondo::batch
