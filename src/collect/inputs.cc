// Where the files of a source really lie. What is named in [collect] source may be a link to
// anywhere; what a folder or a pattern finds may not lead out of its folder.
#include <fmt/format.h>

#include <algorithm>

#include "collect/agreed.h"
#include "collect/files.h"
#include "collect/push.h"
#include "collect/sql.h"
#include "io/sandbox.h"

namespace rondo::collect {
namespace {

/// The folder in which everything lies that a pattern finds; empty: it names one file.
Result<io::Path> folder_of(io::Fs& fs, const io::Path& project, const std::string& pattern) {
  io::Path fixed = project;
  if (io::Path(pattern).is_absolute()) fixed = "/";
  for (const io::Path& part : io::Path(pattern).relative_path()) {
    if (part.string().find_first_of("*?") != std::string::npos) return fixed;
    fixed /= part;
  }
  const auto stat = TRY(fs.stat(fixed));
  return stat && stat->folder ? fixed : io::Path();
}

bool lies_in(const io::Path& file, const io::Path& folder) {
  const auto at = std::ranges::mismatch(folder, file);
  return at.in1 == folder.end() && at.in2 != file.end();
}

Result<void> add_found(io::Fs& fs, const Options& options, const io::Path& project,
                       const std::string& pattern, Inputs& inputs) {
  const auto found = find_files(fs, project, {pattern});
  if (!found) {  // the collection says so
    inputs.source.push_back(pattern);
    return {};
  }
  io::Path folder = TRY(folder_of(fs, project, pattern));
  if (!folder.empty()) folder = TRY(io::resolved(folder));
  for (const std::string& name : *found) {
    inputs.source.push_back(name);
    auto real = io::resolved(project / name);
    if (!real) continue;  // it went away, or is a pipe
    const bool named = std::ranges::find(options.source, name) != options.source.end();
    if (!folder.empty() && !named && !lies_in(*real, folder)) {
      return fail(Code::kInvalidInput,
                  fmt::format("{} is a link out of its folder, to {}", name, real->string()),
                  fmt::format("if its rows are wanted, name it in [collect] source: [\"{}\", "
                              "\"{}\"]; else remove it", pattern, name));
    }
    inputs.reads.push_back(*std::move(real));
  }
  return {};
}

/// The files of a database, or what a client of a server needs to find it.
Result<void> add_database(io::Fs& fs, const SqlSource& source, const io::Path& project,
                          Inputs& inputs) {
  std::vector<io::Path> paths;
  if (source.uri.starts_with("file:")) paths.push_back(project / source.uri.substr(5));
  if (source.driver == "postgresql") {
    inputs.network = true;
    for (const char* name : {"resolv.conf", "hosts", "nsswitch.conf", "host.conf", "gai.conf",
                             "services", "ssl/certs"}) {
      paths.push_back(io::Path("/etc") / name);
    }
  } else if (const auto address = address_of(fs, source, project)) {
    for (const char* end : {"", "-wal", "-shm", ".wal"}) paths.push_back(*address + end);
  }
  for (const io::Path& path : paths) {
    if (auto real = io::resolved(path)) inputs.reads.push_back(*std::move(real));
  }
  return {};
}

}  // namespace

Result<Inputs> inputs_of(io::Fs& fs, const Options& options, const io::Path& project) {
  Inputs inputs;
  for (const std::string& pattern : options.source) {
    if (pattern == kPush || pattern.starts_with(kSql)) {
      inputs.source.push_back(pattern);
    } else {
      TRY(add_found(fs, options, project, pattern, inputs));
    }
  }
  for (const io::Path& own : {pushed_folder(project), project / kContractFile}) {
    if (auto real = io::resolved(own)) inputs.reads.push_back(*std::move(real));
  }
  for (const SqlSource& one : TRY(databases_of(options))) {
    TRY(add_database(fs, one, project, inputs));
  }
  return inputs;
}

}  // namespace rondo::collect
