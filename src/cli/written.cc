// See written.h.
#include "cli/written.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/words.h"
#include "cli/render.h"

namespace rondo::cli {

Result<io::Path> file_to_write(io::Fs& fs, const std::string& named, Taken taken) {
  const auto there = TRY(fs.stat(named));
  const io::Path folder = io::Path(named).parent_path();
  if (!there && !folder.empty() && !TRY(fs.stat(folder))) {
    return fail(Code::kNotFound, fmt::format("there is no folder {}", folder.string()),
                "make it first, or name another place");
  }
  if (!there) return io::Path(named);
  if (there->folder || there->special) {
    return fail(Code::kInvalidInput, fmt::format("{} is a {}", named,
                                                 there->folder ? "folder" : "pipe or a device"),
                "name the file to write");
  }
  if (taken == Taken::kRefused) {
    return fail(Code::kConflict, fmt::format("{} exists already", named),
                "name another file, or write over it with --force");
  }
  std::error_code ignored;
  const io::Path target = std::filesystem::canonical(named, ignored);
  return ignored ? io::Path(named) : target;
}

Result<TableForm> table_form(const Args& args) {
  const std::string out = args.get("-o", "-");
  const bool parquet = out.ends_with(".parquet");
  for (const std::string_view end : {".gz", ".zst", ".bz2", ".xlsx", ".xls", ".arrow", ".feather",
                                     ".orc", ".avro", ".json"}) {
    if (!out.ends_with(end)) continue;
    return fail(Code::kInvalidInput, fmt::format("{} is not written as {}", out, end),
                end == ".json" ? "lines of JSON go to a file that ends in .jsonl"
                               : "a table is .csv, .jsonl or .parquet, which is compressed");
  }
  if (args.json && parquet) {
    return fail(Code::kInvalidInput, "--json writes lines, and the file is to be Parquet",
                "leave --json away, or name the file otherwise");
  }
  const bool lines = args.json || out.ends_with(".jsonl");
  return TableForm{lines ? batch::Form::kJson : batch::Form::kCsv, parquet};
}

RowsBar::RowsBar(const Args& args)
    : shown_(args.get("-o", "-") != "-" && ::isatty(STDERR_FILENO) == 1) {}

RowsBar::~RowsBar() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void RowsBar::show(const batch::Progress& progress) {
  if (!shown_) return;
  const double seconds = std::max(progress.took.in_seconds(), 1e-3);
  const double share = progress.bytes_total == 0 ? 0
                                                 : static_cast<double>(progress.bytes) /
                                                       static_cast<double>(progress.bytes_total);
  const auto fresh = static_cast<double>(progress.rows - progress.rows_before);
  std::string line = progress.bytes_total == 0 ? "" : bar(share) + "  ";
  line += fmt::format("{} rows  {} rows/s", grouped(progress.rows),
                      grouped(static_cast<std::uint64_t>(fresh / seconds)));
  if (share > 0.01 && share < 1 && progress.rows_before == 0) {
    line += fmt::format("  {} to go", duration(1e3 * seconds * (1 - share) / share));
  }
  std::fputs(fmt::format("\r\x1b[K{}", line).c_str(), stderr);
}

}  // namespace rondo::cli
