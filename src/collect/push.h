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
Result<News> news_of(io::Fs& fs, const Options& options, const io::Path& project, Cursor& cursor);
/// The sources with something to read. Files without a row lose their mark: they are read in full
/// when they have one. Errors: kInvalidInput when there is nothing else and nothing was collected
/// before.
Result<std::vector<Source>> open_all(const News& news, const io::Path& project,
                                     const Options& options, const table::Dialect& dialect,
                                     bool first, Cursor& cursor, Tools& tools,
                                     const std::function<Result<void>(const std::string&)>& said);
/// Splits pushed rows.
Result<Source> open_pushed(const NewBytes& news);

}  // namespace rondo::collect
