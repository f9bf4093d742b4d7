// What is new of a source, some of it at a time: small files whole, large ones in parts of whole
// records, so that a collection needs memory for a part and not for all of it.
#pragma once

#include <functional>

#include "collect/files.h"
#include "io/stream.h"

namespace rondo::collect {

/// Threads: one. What it refers to outlives it.
class Feed {
 public:
  struct From {
    io::Fs& fs;
    const io::Path& project;
    const Options& options;
    const table::Dialect& dialect;
    bool first;  // nothing was collected before
    std::function<Result<void>(const std::string& file, double done)> said;  // may be empty
    std::uint64_t part_bytes = kPartBytes;  // of typed rows a fifth as many cells
  };
  Feed(const News& news, From from, Tools& tools);
  ~Feed();

  /// The next sources with something to read, about a part of them; none: the end. Moves the marks
  /// of their files on. Files without a row lose their mark: they are read in full when they have
  /// one. `all`: everything that is left. Errors: kInvalidInput naming file and line, also where
  /// there is nothing at all and nothing was collected before; kConflict for a file that changed.
  Result<std::vector<Source>> next(Cursor& marks, bool all = false);
  bool done() const { return file_ == news_.files.size(); }

 private:
  class Large;
  Result<std::optional<Source>> one(const NewBytes& file, Cursor& marks, bool all);

  const News& news_;
  From from_;
  Tools& tools_;
  std::size_t file_ = 0;          // the next one, or the one that is being read
  std::unique_ptr<table::Engine> engine_;  // of its own: a stream keeps it busy
  std::unique_ptr<Large> large_;  // null: between two files
  std::string empty_;             // why the first file without a row has none
  bool any_ = false;              // some source had something
};

}  // namespace rondo::collect
