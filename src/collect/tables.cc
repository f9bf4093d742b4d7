// See tables.h.
#include "collect/tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"

namespace rondo::collect {
namespace {

constexpr std::string_view kKeys[] = {"source", "format", "names", "time",         "delay",   "key",
                                      "mode",   "null",   "trim",  "max_rejected", "contract"};

/// Shows a visitor those keys of [collect] alone that another table has as well.
template <class Visitor>
struct Some {
  Visitor& visitor;
  template <class T>
  void operator()(const io::Key& key, T& field) {
    if (std::ranges::find(kKeys, key.name) != std::end(kKeys)) visitor(key, field);
  }
};

struct TableOptions {
  Options options;
};
template <class Visitor>
void describe(Visitor& v, TableOptions& o) {
  Some<Visitor> some{v};
  describe(some, o.options);
}

bool is_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// The first thing that is wrong with a table whose keys are right: the key, and why.
std::optional<std::pair<std::string, std::string>> mistake_in(const Options& o) {
  const auto mistake = [](std::string key, std::string why) {
    return std::optional(std::pair(std::move(key), std::move(why)));
  };
  const bool pushed = std::ranges::find(o.source, "push") != o.source.end();
  if (o.source.empty()) return mistake("source", "is missing: name the files to read");
  if (pushed) return mistake("source", "is \"push\", and only rows can be pushed: name files");
  const bool asked = std::ranges::any_of(o.source, [](const std::string& source) {
    return source.starts_with("sql:");
  });
  if (asked) return mistake("source", "is a database, and only rows are asked of one: name files");
  if (o.time.empty()) {
    return mistake("time", "is missing: a join needs to know when each fact was; name the column, "
                           "or write an SQL expression");
  }
  if (o.mode == "merge" && o.key.empty()) {
    return mistake("key", "is missing, and mode = \"merge\" needs one: name the columns that "
                          "identify a fact");
  }
  return std::nullopt;
}

Json taken_from(const ledger::StageOutput& out) {
  Json evidence = Json::object();
  for (const char* key : {"read", "accepted", "rejected", "duplicate", "rows", "dataset", "newest",
                          "changes", "reasons", "files"}) {
    if (out.evidence.contains(key)) evidence[key] = out.evidence.at(key);
  }
  return evidence;
}

}  // namespace

Result<std::map<std::string, Options>> tables_of(const Options& options, const io::Toml* places,
                                                 const std::string& file) {
  std::map<std::string, Options> tables;
  std::vector<std::string> mistakes;
  const auto wrong = [&](const std::string& key, const std::string& what) {
    const std::string at = places != nullptr ? io::place_of(places->where, file, key) : file;
    mistakes.push_back(fmt::format("{}: {}: {}", at, key, what));
  };
  if (!options.table.is_object()) wrong("collect.table", "is no table: write [collect.table.NAME]");
  const Json all = options.table.is_object() ? options.table : Json::object();
  for (const auto& [name, json] : all.items()) {
    const std::string key = "collect.table." + name;
    if (!is_name(name)) {
      wrong(key, "a table is named by letters, digits and _, since features are named after it");
      continue;
    }
    auto read = io::read_options<TableOptions>(json, key, places, file);
    if (!read) {
      mistakes.push_back(read.error().message);
      continue;
    }
    if (const auto mistake = mistake_in(read->options)) {
      wrong(key + "." + mistake->first, mistake->second);
    }
    tables.emplace(name, std::move(read->options));
  }
  if (mistakes.empty()) return tables;
  return fail(Code::kInvalidInput, fmt::format("{}", fmt::join(mistakes, "\n")));
}

Result<Tables> collect_tables(const ledger::StageInput& input, const Options& options,
                              const ledger::Manifest* parent, const CollectOne& one) {
  Tables out;
  if (parent != nullptr) out.versions = parent->tables;
  const auto wanted = TRY(tables_of(options));
  // One that is not configured any more is no part of the new version.
  out.changed = std::erase_if(out.versions, [&](const auto& item) {
    return !wanted.contains(item.first);
  }) > 0;
  if (wanted.empty()) return out;
  Situation situation = TRY(situation_from(io::get_or<Json>(input.options, "now", Json::object())));
  situation.target.clear();
  situation.label_delay = {};
  situation.labelled_needed = 0;
  situation.backfill.reset();  // of the rows; of another table what is new is read
  situation.fault = Json::object();
  for (const auto& [name, how] : wanted) {
    situation.table = name;
    ledger::StageInput side = input;
    side.options = {{"collect", io::write_options(how)}, {"now", to_json(situation)}};
    side.inputs.clear();
    if (const auto at = out.versions.find(name); at != out.versions.end()) {
      side.inputs.emplace("manifest", at->second);
    }
    const auto collected = TRY(during(one(side), "collecting table " + name));
    const auto manifest = collected.files.find(name + ".manifest");
    if (manifest == collected.files.end()) continue;
    out.versions.insert_or_assign(name,
                                  io::sha256(TRY(input.fs->read(input.out / manifest->second))));
    out.files.insert(collected.files.begin(), collected.files.end());
    out.evidence[name] = taken_from(collected);
    out.told.push_back(fmt::format("{}: {}", name, collected.reason));
    out.changed = true;
  }
  return out;
}

Result<std::map<std::string, table::Table>> load_tables(io::Fs& fs, const Options& options,
                                                        const io::Path& project,
                                                        const io::Path& temp) {
  std::map<std::string, table::Table> tables;
  for (const auto& [name, how] : TRY(tables_of(options))) {
    Loaded loaded = TRY(during(load(fs, how, project, nullptr, "", temp), "reading table " + name));
    tables.emplace(name, std::move(loaded.rows));
  }
  return tables;
}

Result<Peek> peek_all(io::Fs& fs, const Options& options, const io::Path& project,
                      const ledger::Manifest* newest, const ledger::Objects& objects) {
  Peek all = TRY(peek(fs, options, project, newest ? newest->cursor : Json::object()));
  for (const auto& [name, how] : TRY(tables_of(options))) {
    Json cursor = Json::object();
    if (newest != nullptr && newest->tables.contains(name)) {
      cursor = TRY(ledger::get_manifest(objects, newest->tables.at(name))).cursor;
    }
    const Peek one = TRY(during(peek(fs, how, project, cursor), "looking at table " + name));
    if (!one.changed) continue;
    all.what = all.changed ? all.what + ", and table " + name : one.what;
    all.changed = true;
    all.only_pushed = false;
    all.bytes += one.bytes;
    if (one.touched) all.touched = std::max(all.touched.value_or(*one.touched), *one.touched);
  }
  return all;
}

}  // namespace rondo::collect
