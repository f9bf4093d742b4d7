// Opening rondo.db: look first (header, format, pages), and after an unclean end empty the
// write-ahead log before the first write is acknowledged.
#pragma once

#include "ledger/leases.h"

namespace rondo::ledger {

struct Connections {
  std::unique_ptr<Vfs> vfs;
  std::unique_ptr<Db> reader;
  std::unique_ptr<Db> writer;  // null when opened for reading only
};

/// Before SQLite sees the files: it would take a damaged log for a torn one and forget what
/// follows.
/// Errors: kCorrupt; also when the first bytes are not those of a store. An empty file is fine.
Result<void> look_before(io::Fs& fs, const io::Path& file);
/// Also where another process writes. Errors: kNotFound, kConflict (newer format), kIo.
Result<Connections> open_to_read(const io::Path& file, std::unique_ptr<Vfs> vfs);
/// Makes the tables when it is new. Errors: as above, kCorrupt, kIo when the folder is read-only.
Result<Connections> open_to_write(io::Fs& fs, const io::Path& file, const Self& self, bool create,
                                  std::unique_ptr<Vfs> vfs);

}  // namespace rondo::ledger
