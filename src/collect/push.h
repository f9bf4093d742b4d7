// The source "push": rows that came by POST /api/v1/rows and lie in a record log. They are read as
// JSON lines behind the cursor; and, before they are taken in, judged as a collection would.
#pragma once

#include "collect/collect.h"
#include "collect/files.h"

namespace rondo::collect {

inline constexpr std::string_view kPush = "push";  // in [collect] source, and as name of the file

bool is_pushed_to(const Options& options);
/// Where the log lies, in the project's folder.
io::Path pushed_folder(const io::Path& project);

/// What is new in the files, and the pushed rows behind the cursor as one more file, if there are
/// any; moves the cursor on. Errors: as find_files() and find_news(); kCorrupt, kIo.
Result<News> news_of(io::Fs& fs, const Options& options, const io::Path& project, Cursor& cursor,
                     std::uint64_t part_bytes = kPartBytes);
/// Splits pushed rows.
Result<Source> open_pushed(const NewBytes& news);

}  // namespace rondo::collect
