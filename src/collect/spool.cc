// Standard input becomes a file of the project before it is collected: what was read once is there
// after a kill, for another try, a replay and a backfill.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/failpoint.h"
#include "collect/files.h"
#include "io/stream.h"

namespace rondo::collect {
namespace {

constexpr std::size_t kBlock = 4 << 20;
constexpr std::string_view kUnfinished = ".part";

/// What a killed program left goes; the number behind the greatest one.
Result<std::uint64_t> next_number(io::Fs& fs, const io::Path& folder) {
  std::uint64_t greatest = 0;
  for (const std::string& name : TRY(fs.list(folder))) {
    if (name.ends_with(kUnfinished)) {
      TRY(fs.remove(folder / name));
      continue;
    }
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    greatest = std::max(greatest, number);
  }
  return greatest + 1;
}

Result<std::uint64_t> copy(io::Stream& from, io::File& to) {
  for (std::uint64_t bytes = 0;;) {
    const std::string block = TRY(from.read(kBlock));
    if (!block.empty()) TRY(to.append(io::as_bytes(block)));
    bytes += block.size();
    if (block.size() < kBlock) return bytes;
  }
}

}  // namespace

io::Path spool_folder() { return io::Path(".rondo") / "stdin"; }

bool reads_input(const Options& options) {
  return std::ranges::find(options.source, kInput) != options.source.end();
}

Result<void> spool_input(std::shared_ptr<io::Fs> fs, const io::Path& project, const Stop& stop) {
  const io::Path folder = project / spool_folder();
  TRY(io::make_folders_durably(*fs, folder));
  const io::Path file = folder / fmt::format("{:06}", TRY(next_number(*fs, folder)));
  io::Path unfinished = file;
  unfinished += kUnfinished;
  const auto stream = TRY(io::Stream::open(fs, "-", stop));
  const auto to = TRY(fs->create(unfinished));
  const std::uint64_t bytes = TRY(during(copy(*stream, *to), "reading standard input"));
  if (bytes == 0) return fs->remove(unfinished);
  TRY(to->sync());
  TRY(to->close());
  RONDO_FAILPOINT(kSpoolRename);
  TRY(fs->rename(unfinished, file));
  return fs->sync_folder(folder);
}

}  // namespace rondo::collect
