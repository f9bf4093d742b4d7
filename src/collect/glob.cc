// Patterns of file names. No regular expressions: a star and a question mark never cross a slash.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "collect/push.h"
#include "collect/sql.h"
#include "io/sandbox.h"

namespace rondo::collect {
namespace {

bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != text.npos; }

/// Iterative matching with one point to go back to: linear for one star, never exponential.
bool matches(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == name[n] || pattern[p] == '?')) {
      ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<std::string> parts_of(const std::string& pattern) {
  std::vector<std::string> parts;
  for (const io::Path& part : io::Path(pattern).relative_path()) parts.push_back(part.string());
  return parts;
}

/// Walks down the parts of one pattern. `looked_in` gathers the folders on its way.
class Walk {
 public:
  Walk(io::Fs& fs, const io::Path& project, const std::string& pattern,
       std::set<io::Path>* looked_in = nullptr)
      : fs_(fs), project_(project), pattern_(pattern), parts_(parts_of(pattern)),
        looked_in_(looked_in) {}

  Result<std::vector<std::string>> run() {
    TRY(step(io::Path(pattern_).is_absolute() ? io::Path("/") : io::Path(), 0));
    std::ranges::sort(found_);
    return std::move(found_);
  }

 private:
  Result<void> step(const io::Path& at, std::size_t part) {
    if (part == parts_.size()) return arrive(at);
    if (!has_wildcard(parts_[part])) return step(at / parts_[part], part + 1);
    note(project_ / at);
    const auto names = fs_.list(project_ / at);
    if (!names) return {};  // a folder that is no folder matches nothing
    for (const std::string& name : *names) {
      if (!is_unfinished(name) && matches(name, parts_[part])) TRY(step(at / name, part + 1));
    }
    return {};
  }

  Result<void> arrive(const io::Path& at) {
    const auto stat = TRY(fs_.stat(project_ / at));
    if (!stat) return {};
    if (!stat->folder) {
      note((project_ / at).parent_path());
      if (looked_in_ != nullptr) {  // a link: its file is written elsewhere
        if (const auto real = io::resolved(project_ / at)) note(real->parent_path());
      }
      found_.push_back(at.string());
      return {};
    }
    note(project_ / at);
    for (const std::string& name : TRY(fs_.list(project_ / at))) {
      if (is_unfinished(name)) continue;
      const auto inside = TRY(fs_.stat(project_ / at / name));
      if (inside && !inside->folder) found_.push_back((at / name).string());
    }
    return {};
  }

  void note(const io::Path& folder) {
    if (looked_in_ == nullptr) return;
    looked_in_->insert(folder.empty() ? io::Path(".") : folder);
  }

  io::Fs& fs_;
  const io::Path& project_;
  const std::string& pattern_;
  std::vector<std::string> parts_, found_;
  std::set<io::Path>* looked_in_;
};

}  // namespace

bool is_unfinished(std::string_view name) {
  return name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part");
}

Result<std::set<io::Path>> folders_of(io::Fs& fs, const Options& options,
                                      const io::Path& project) {
  std::set<io::Path> folders;
  for (const std::string& pattern : options.source) {
    if (pattern == kPush) folders.insert(pushed_folder(project));
    else if (pattern == kInput) folders.insert(project / spool_folder());
    else TRY(Walk(fs, project, pattern, &folders).run());
  }
  for (const auto& [name, how] : TRY(tables_of(options))) {
    folders.merge(TRY(folders_of(fs, how, project)));
  }
  return folders;
}

Result<std::vector<std::string>> find_files(io::Fs& fs, const io::Path& project,
                                            const std::vector<std::string>& patterns) {
  if (patterns.empty()) {
    return fail(Code::kInvalidInput, "[collect] source is empty",
                "name the files: source = \"data/*.csv\"");
  }
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    if (pattern == kPush || pattern.starts_with(kSql)) continue;
    const bool input = pattern == kInput;
    const auto found = TRY(Walk(fs, project, input ? spool_folder().string() : pattern).run());
    if (found.empty() && input) {
      return fail(Code::kNotFound, "nothing came from standard input yet",
                  "`rondo run < FILE`, or `some-command | rondo run`");
    }
    if (found.empty()) {
      return fail(Code::kNotFound, fmt::format("{} was not found", pattern),
                  fmt::format("[collect] source is relative to the project, {}", project.string()));
    }
    for (const std::string& name : found) {
      if (seen.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

}  // namespace rondo::collect
