// Bytes from outside one part after the other, for what is larger than the memory: a file or
// standard input, plain or packed by gzip or zstd, told apart by their first bytes.
#pragma once

#include "base/stop.h"
#include "io/fs.h"

namespace rondo::io {

class Stream {
 public:
  /// "-" is standard input, for which is waited until `stop`. Errors: kNotFound, kIo, kCancelled.
  static Result<std::unique_ptr<Stream>> open(std::shared_ptr<Fs> fs, const Path& path,
                                              const Stop& stop = {});
  virtual ~Stream() = default;
  /// Exactly `count` plain bytes, fewer only at the end. Errors: kIo, kInvalidInput (damaged).
  virtual Result<std::string> read(std::size_t count) = 0;
  /// Passes over plain bytes.
  virtual Result<void> skip(std::uint64_t count);
  /// Bytes that were taken from what lies there, packed or not: for progress.
  virtual std::uint64_t taken() const = 0;
};

}  // namespace rondo::io
