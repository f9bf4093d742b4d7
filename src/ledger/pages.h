// A check of every byte of rondo.db. SQLite reads a flipped byte inside a cell as another value; so
// each page of ours ends in 8 bytes (SQLite's "reserved bytes"): CRC-32C over the page and its
// number, and a mark. They are written by ledger/vfs and checked at each read from the database
// file. The WAL has checksums of its own; here they are used to tell a torn tail from damage.
#pragma once

#include <vector>

#include "io/fs.h"

namespace rondo::ledger {

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kPageTail = 8;  // header byte 20 of the database says so

/// Writes the tail of a page. Shape: kPageBytes bytes. `number` counts from 1.
void seal_page(char* page, std::uint32_t number);
/// True when the tail fits, or when the page is all zeros (SQLite never wrote to it).
bool page_intact(const char* page, std::uint32_t number);

/// One sentence a page of the database file that is not as it was written. Checks also pages that
/// SQLite would not read. Another process may be writing: a page is damaged only if it stays so.
Result<std::vector<std::string>> check_pages(io::Fs& fs, const io::Path& file);

/// Sentences about frames of the write-ahead log that were certainly synced once and are not what
/// was written: a bad frame, although a later transaction follows it (which was begun only after
/// the sync of the one before). A torn tail is no damage. An absent file is clean.
Result<std::vector<std::string>> check_wal(io::Fs& fs, const io::Path& file);

}  // namespace rondo::ledger
