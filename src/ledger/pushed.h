// Rows that were pushed into a project, in a record log of their own: the source "push" of a
// collection. A record is one request whose rows were taken; it is never changed. Layout:
// docs/FORMATS.md, "Pushed rows".
#pragma once

#include <functional>

#include "io/record_log.h"

namespace rondo::ledger {

struct Pushed {
  std::string key;    // idempotency key; empty: none was given
  std::string body;   // digest of what was sent, when there is a key
  std::string reply;  // what was answered, when there is a key
  std::uint64_t rows = 0;
  std::string lines;  // a JSON object a line, as it was sent; each line ends with \n
};

inline constexpr std::uint8_t kPushedType = 1;
std::string encode(const Pushed& pushed);
/// Errors: kCorrupt.
Result<Pushed> decode_pushed(std::string_view payload);

/// Every request behind `from`, in order; returns the end. A folder that does not exist is empty.
/// Errors: kIo; kCorrupt for a record that is whole and no request, or for one that is damaged: a
/// row that was acknowledged may not be passed over in silence.
Result<io::LogPosition> read_pushed(io::Fs& fs, const io::Path& folder,
                                    const io::LogPosition& from,
                                    const std::function<void(Pushed&&)>& each);
/// How many rows of about the next 256 KiB behind `from` there are. Cost: one short read.
Result<std::uint64_t> pushed_waiting(io::Fs& fs, const io::Path& folder,
                                     const io::LogPosition& from);

}  // namespace rondo::ledger
