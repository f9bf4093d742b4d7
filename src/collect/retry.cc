// Rejects become sources again, one for each file and header, their records where they stood.
#include "collect/retry.h"

#include <algorithm>
#include <set>

#include "collect/csv.h"
#include "collect/json_rows.h"
#include "ledger/dataset.h"

namespace rondo::collect {
namespace {

struct Group {
  std::string file, digest;
  std::vector<std::string> names;  // of a file with a header; empty: JSON
  std::vector<Json> rejects;
  std::vector<Retry::Place> places;
};

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string header_of(const std::vector<std::string>& names, char delimiter) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += delimiter;
    out += quoted(name);
  }
  return out + "\n";
}

std::string raw_of(const Json& reject) { return io::get_or<std::string>(reject, "raw", ""); }

/// A row that was split into its cells, and then found wrong.
bool was_split(const Json& reject) {
  constexpr std::string_view kBroken[] = {"field_count", "stray_quote", "open_quote",
                                          "invalid_utf8", "nul", "too_long", "json"};
  const auto code = io::get_or<std::string>(reject, "code", "");
  const std::string raw = raw_of(reject);
  return std::ranges::find(kBroken, code) == std::end(kBroken) && !raw.empty() &&
         raw.size() < kRawKept;
}

Result<Grid> split_again(const Group& group, const table::Dialect& dialect) {
  std::string bytes;
  if (group.names.empty()) {
    for (const Json& reject : group.rejects) {
      std::string line = raw_of(reject);
      std::ranges::replace(line, '\n', ' ');  // within its texts JSON has no line ends
      bytes += line + "\n";
    }
    return split_json(std::move(bytes), {}, group.file);
  }
  table::Dialect with_header = dialect;
  with_header.header = true;
  bytes = header_of(group.names, dialect.delimiter);
  for (const Json& reject : group.rejects) bytes += raw_of(reject) + "\n";
  return split_csv(std::move(bytes), with_header, {}, {}, group.file);
}

/// Of every version up to this one, oldest first.
Result<std::vector<io::Digest>> lists_of(const ledger::Manifest& newest,
                                         const ledger::Objects& objects) {
  std::vector<io::Digest> lists;
  std::optional<ledger::Manifest> at = newest;
  while (at) {
    if (at->rejects) lists.push_back(*at->rejects);
    if (!at->parent) break;
    at = TRY(ledger::get_manifest(objects, *at->parent));
  }
  std::ranges::reverse(lists);
  return lists;
}

class Gatherer {
 public:
  Result<void> read(const std::string& lines, const std::string& object,
                    const std::vector<std::uint32_t>& resolved) {
    std::map<std::string, std::vector<std::string>> names;  // by file, of its first reject
    std::uint32_t line = 0;
    for (std::size_t at = 0; at < lines.size(); ++line) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      Json reject = TRY(io::parse_json(std::string_view(lines).substr(at, end - at), "a reject"));
      at = end + 1;
      const auto file = io::get_or<std::string>(reject, "file", "");
      if (reject.contains("names")) {
        names[file] = io::get_or<std::vector<std::string>>(reject, "names", {});
      }
      if (std::ranges::binary_search(resolved, line)) continue;
      const bool json = raw_of(reject).starts_with('{');
      if (!was_split(reject) || (!json && names[file].empty())) {
        ++unreadable_;
        continue;
      }
      add(std::move(reject), {object, line}, json ? std::vector<std::string>() : names[file]);
    }
    return {};
  }

  Result<Retry> finish(const table::Dialect& dialect) {
    Retry out;
    out.unreadable = unreadable_;
    for (Group& group : groups_) {
      auto grid = split_again(group, dialect);
      if (!grid || grid->rows() != group.rejects.size()) {  // another dialect by now
        out.unreadable += group.rejects.size();
        continue;
      }
      Source source;
      source.file = group.file;
      source.digest = group.digest;
      source.csv = !group.names.empty();
      source.grid = *std::move(grid);
      for (std::size_t row = 0; row < group.rejects.size(); ++row) {
        Record& record = source.grid.records[row];
        record.number = io::get_or<std::uint64_t>(group.rejects[row], "record", record.number);
        record.line = io::get_or<std::uint64_t>(group.rejects[row], "line", record.line);
      }
      std::ranges::move(group.places, std::back_inserter(out.places));
      out.sources.push_back(std::move(source));
    }
    return out;
  }

 private:
  void add(Json reject, Retry::Place place, const std::vector<std::string>& names) {
    const auto file = io::get_or<std::string>(reject, "file", "");
    const auto digest = io::get_or<std::string>(reject, "digest", "");
    auto group = std::ranges::find_if(groups_, [&](const Group& one) {
      return one.file == file && one.digest == digest && one.names == names;
    });
    if (group == groups_.end()) {
      groups_.push_back({file, digest, names, {}, {}});
      group = std::prev(groups_.end());
    }
    group->rejects.push_back(std::move(reject));
    group->places.push_back(std::move(place));
  }

  std::vector<Group> groups_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace

Result<Retry> rejected_before(const ledger::Manifest& newest, const ledger::Objects& objects,
                              const table::Dialect& dialect) {
  Gatherer gatherer;
  for (const io::Digest& list : TRY(lists_of(newest, objects))) {
    const auto resolved = newest.resolved.find(list.hex());
    TRY(gatherer.read(TRY(objects.get(list)), list.hex(),
                      resolved == newest.resolved.end() ? std::vector<std::uint32_t>()
                                                        : resolved->second));
  }
  return gatherer.finish(dialect);
}

void resolve(const Retry& retry, const std::vector<bool>& taken, ledger::Manifest& manifest) {
  for (std::size_t row = 0; row < taken.size(); ++row) {
    if (!taken[row]) continue;
    manifest.resolved[retry.places[row].object].push_back(retry.places[row].line);
  }
  for (auto& [object, lines] : manifest.resolved) std::ranges::sort(lines);
}

Result<void> resolve_filled(const ledger::Manifest& before, const ledger::Objects& objects,
                            const table::Table& origin, ledger::Manifest& manifest) {
  const table::Column& file = *origin.find(ledger::kOriginFile);
  const table::Column& record = *origin.find(ledger::kOriginRecord);
  std::set<std::pair<std::string, std::int64_t>> taken;
  for (std::size_t row = 0; row < origin.rows(); ++row) {
    taken.emplace(file.text(row), record.integers[row]);
  }
  for (const io::Digest& list : TRY(lists_of(before, objects))) {
    const std::string lines = TRY(objects.get(list));
    std::vector<std::uint32_t>& resolved = manifest.resolved[list.hex()];
    std::uint32_t line = 0;
    for (std::size_t at = 0; at < lines.size(); ++line) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      const Json reject =
          TRY(io::parse_json(std::string_view(lines).substr(at, end - at), "a reject"));
      at = end + 1;
      const std::pair place(io::get_or<std::string>(reject, "file", ""),
                            io::get_or<std::int64_t>(reject, "record", 0));
      if (taken.contains(place)) resolved.push_back(line);
    }
    std::ranges::sort(resolved);
    const auto twice = std::ranges::unique(resolved);
    resolved.erase(twice.begin(), twice.end());
    if (resolved.empty()) manifest.resolved.erase(list.hex());
  }
  return {};
}

}  // namespace rondo::collect
