// Immutable files named by their SHA-256, below objects/ab/cd.... Verified at every read: no byte
// is used before its digest was checked. Written by temporary name, fsync, rename, folder sync.
#pragma once

#include <functional>

#include "io/digest.h"
#include "io/fs.h"

namespace rondo::ledger {

class Objects {
 public:
  Objects(std::shared_ptr<io::Fs> fs, io::Path folder);
  /// Errors: kExhausted (disk full), kIo. Same bytes twice is one object. Cost: two or three syncs.
  Result<io::Digest> put(std::string_view bytes) const;
  /// Copies a finished file (a foreign library wrote it under attempts/) in.
  Result<io::Digest> put_file(const io::Path& file) const;
  /// The verified bytes. Errors: kNotFound, kCorrupt naming digest and path.
  Result<std::string> get(const io::Digest& digest) const;
  /// The path, after the bytes were verified, for a foreign reader.
  Result<io::Path> verified_path(const io::Digest& digest) const;
  /// The digest that the bytes under this name really have. Errors: kNotFound, kIo.
  Result<io::Digest> digest_of(const io::Digest& name) const;
  /// A cheap look: not larger than `at_most`, and these first bytes. Nothing is verified.
  bool starts_with(const io::Digest& digest, std::string_view bytes, std::uint64_t at_most) const;
  bool has(const io::Digest& digest) const;
  io::Path path(const io::Digest& digest) const;
  Result<std::vector<io::Digest>> list() const;
  /// Files here that are no objects: what writers that died left behind.
  Result<std::vector<io::Path>> leftovers() const;
  Result<void> remove(const io::Digest& digest) const;  // gc only

 private:
  Result<io::Digest> take_in(const std::function<Result<void>(io::File&, io::Hasher&)>& fill) const;
  Result<void> settle(const io::Digest& digest) const;
  std::shared_ptr<io::Fs> fs_;
  io::Path folder_;
};

}  // namespace rondo::ledger
