// data: dataset versions, their rows, what became of them, what was rejected. Reading needs no
// lease and changes nothing; --retry asks the loop.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/opened.h"
#include "cli/profile_text.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/dataset_views.h"
#include "loop/profile_view.h"
#include "loop/session.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kWide = 80;      // of a block of columns
constexpr std::size_t kCellWide = 32;  // longer cells are cut
constexpr std::size_t kMoved = 8;      // columns that are named as moved

std::string cell(const Json& value) {
  if (value.is_null()) return "";
  return cut(value.is_string() ? value.get<std::string>() : value.dump(), kCellWide);
}

std::size_t count_at(const Json& object, const char* key) {
  return object.at(key).get<std::size_t>();
}

/// Rows as tables of no more than kWide characters, each of some columns, one below the other.
std::string blocks(const Json& rows, const std::vector<std::string>& names, bool color) {
  std::string out;
  for (std::size_t from = 0; from < names.size();) {
    std::vector<std::string> header = {"row"};
    std::vector<std::vector<std::string>> lines;
    for (std::size_t i = 0; i < rows.size(); ++i) lines.push_back({std::to_string(i + 1)});
    std::size_t used = std::max<std::size_t>(3, std::to_string(rows.size()).size());
    for (bool first = true; from < names.size(); ++from, first = false) {
      const std::string name = cut(names[from], kCellWide);
      std::size_t width = name.size();
      for (const Json& row : rows) width = std::max(width, cell(row.at(names[from])).size());
      if (!first && used + 2 + width > kWide) break;
      used += 2 + width;
      header.push_back(name);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        lines[i].push_back(cell(rows[i].at(names[from])));
      }
    }
    out += (out.empty() ? "" : "\n") + table(header, lines, color);
  }
  return out;
}

std::vector<std::string> names_of(const Json& columns) {
  std::vector<std::string> names;
  for (const Json& column : columns) names.push_back(column.at("name").get<std::string>());
  return names;
}

constexpr const char* kFrom = "(from)";

/// "data/may.csv:489"; of a record without a line "data/may.parquet:489".
std::string place_text(const Json& origin) {
  if (origin.is_null()) return "-";
  const Json& line = origin.at("line");
  return fmt::format("{}:{}", origin.at("file").get<std::string>(),
                     (line.is_null() ? origin.at("record") : line).dump());
}

std::string show_text(const Json& shown, bool color) {
  const std::size_t rows = count_at(shown, "rows"), some = shown.at("shown").size();
  std::string head = fmt::format("{}: {} of {}", shown.at("version").get<std::string>(),
                                 some == rows ? "all" : counted(some, "row"),
                                 counted(rows, "row"));
  if (!shown.at("as_of").is_null()) {
    head += fmt::format(" that were known by {}", shown.at("as_of").get<std::string>());
  }
  std::vector<std::string> names = names_of(shown.at("columns"));
  Json told = shown.at("shown");
  if (shown.contains("origin")) {
    names.insert(names.begin(), kFrom);
    for (std::size_t i = 0; i < told.size(); ++i) {
      told[i][kFrom] = place_text(shown.at("origin")[i]);
    }
  }
  return ink(Ink::kDim, head, color) + "\n" + blocks(told, names, color);
}

std::string columns_text(const Json& columns) {
  std::string out;
  for (const auto& [kind, sentence] : {std::pair("added", "+ column"),
                                       std::pair("removed", "- column")}) {
    for (const Json& column : columns.at(kind)) {
      out += fmt::format("{} {} ({})\n", sentence, column.at("name").get<std::string>(),
                         column.at("type").get<std::string>());
    }
  }
  for (const Json& column : columns.at("retyped")) {
    out += fmt::format("~ column {} is {}, was {}\n", column.at("name").get<std::string>(),
                       column.at("to").get<std::string>(), column.at("from").get<std::string>());
  }
  return out;
}

/// The columns whose distribution moved farthest.
std::string moved_text(const Json& moved, bool color) {
  std::vector<std::vector<std::string>> lines;
  for (std::size_t i = 0; i < std::min(kMoved, moved.size()); ++i) {
    const Json& move = moved[i];
    const auto percent = [&](const char* key) {
      return fmt::format("{:.1f} %", 100 * move.at(key).get<double>());
    };
    lines.push_back({cut(move.at("name").get<std::string>(), kCellWide),
                     fmt::format("{:.4f}", move.at("distance").get<double>()),
                     percent("missing_before"), percent("missing_after")});
  }
  if (lines.empty()) return {};
  std::string out = "\n" + table({"moved", "distance", "missing before", "after"}, lines, color);
  if (moved.size() <= kMoved) return out;
  return out + fmt::format("and {} less\n", counted(moved.size() - kMoved, "column"));
}

std::string changes_text(const Json& changed, bool color) {
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : changed) {
    std::string key;
    for (const auto& [name, value] : one.at("key").items()) {
      key += (key.empty() ? "" : ", ") + cell(value);
    }
    for (const auto& [name, values] : one.at("cells").items()) {
      lines.push_back({key, cut(name, kCellWide), cell(values.at("before")),
                       cell(values.at("after"))});
      key.clear();
    }
  }
  return table({"key", "column", "before", "after"}, lines, color);
}

std::string diff_text(const Json& diff, bool color) {
  const Json& rows = diff.at("rows");
  const auto from = diff.at("from").get<std::string>(), to = diff.at("to").get<std::string>();
  std::string out = fmt::format(
      "{} to {}: {} added, {} removed{}, {} the same\n", from, to,
      counted(count_at(rows, "added"), "row"), number(rows.at("removed").get<double>()),
      rows.at("changed").is_null()
          ? ""
          : fmt::format(", {} changed", number(rows.at("changed").get<double>())),
      number(rows.at("same").get<double>()));
  out += columns_text(diff.at("columns"));
  for (const auto& [name, cells] : diff.at("cells").items()) {
    out += fmt::format("~ {}: {} changed\n", name, counted(cells.get<std::size_t>(), "cell"));
  }
  for (const auto& [kind, side] : {std::pair("removed", "before"), std::pair("added", "after")}) {
    const Json& some = diff.at("examples").at(kind);
    if (some.empty()) continue;
    out += fmt::format("\n{}, {} of {}\n", kind, some.size(), counted(count_at(rows, kind), "row"));
    out += blocks(some, names_of(diff.at("columns").at(side)), color);
  }
  if (const Json& some = diff.at("examples").at("changed"); !some.empty()) {
    out += fmt::format("\nchanged, {} of {}\n", some.size(),
                       counted(count_at(rows, "changed"), "row"));
    out += changes_text(some, color);
  }
  return out + moved_text(diff.at("columns").at("moved"), color);
}

/// The row of one dataset version. Errors: kNotFound.
Result<Json> only(const Opened& project, const Json& versions, std::int64_t number,
                  const std::string& table) {
  const std::string name = TRY(loop::dataset_version(*project.store, number, table)).name();
  for (const Json& row : versions) {
    if (row.at("version") == name) return Json::array({row});
  }
  return versions;
}

std::string versions_text(const Json& versions, bool color) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& v : versions) {
    const auto text = [&](const char* key) { return v.at(key).is_null() ? "-" : cell(v.at(key)); };
    rows.push_back({text("version"), number(v.at("rows").get<double>()), text("from"),
                    text("until"), v.at("digest").get<std::string>().substr(0, 12),
                    v.at("changed").get<std::string>()});
  }
  return table({"version", "rows", "from", "until", "digest", "what changed"}, rows, color);
}

int say_rejects(const Json& rejects, const Args& args) {
  if (args.json) {
    say_json(rejects);
    return kOk;
  }
  std::size_t resolved = 0;
  for (const Json& reject : rejects) {
    std::string text = io::get_or<std::string>(reject, "sentence", reject.dump());
    if (const Json& version = reject.at("resolved"); !version.is_null()) {
      ++resolved;
      text += fmt::format(" (taken in {})", version.get<std::string>());
    }
    say(text);
  }
  std::string sum = counted(rejects.size(), "rejected row");
  if (resolved > 0) sum += fmt::format(", {} taken since", number(static_cast<double>(resolved)));
  say(sum);
  return kOk;
}

constexpr std::array<std::string_view, 6> kWords = {"show", "diff", "profile", "contract",
                                                    "rejects", "lineage"};

/// What stands behind `data`: a word or none, and versions.
struct Asked {
  std::string what;                    // "", or one of kWords
  std::vector<std::int64_t> versions;
  std::int64_t version() const { return versions.empty() ? 0 : versions[0]; }
};

constexpr std::string_view kVersions = "versions are written d3; `rondo data` lists them";

/// What is wrong with the words or flags, and what to type; nothing when they fit.
struct Misuse {
  std::string message, hint;
};

std::optional<Misuse> misuse_of(const Args& args, const Asked& asked) {
  const std::size_t most = asked.what == "diff" ? 2 : 1;
  if (asked.versions.size() > most) {
    return Misuse{most == 2 ? "rondo data diff takes two versions"
                            : fmt::format("{} takes one version",
                                          asked.what.empty() ? "rondo data"
                                                             : "rondo data " + asked.what),
                  most == 2 ? "rondo data diff d1 d2"
                            : "to compare two: `rondo data diff d1 d2`"};
  }
  if (asked.what == "diff" && asked.versions.size() != 2) {
    return Misuse{"rondo data diff needs two versions", "rondo data diff d1 d2"};
  }
  for (const char* flag : {"--rows", "--as-of", "--origin"}) {
    if (asked.what != "show" && args.has(flag)) {
      return Misuse{fmt::format("{} belongs to `rondo data show`", flag),
                    "rondo data show d3 --rows 5"};
    }
  }
  if (args.has("--table") && (asked.what == "contract" || asked.what == "lineage")) {
    return Misuse{"--table goes with the list, show, diff, profile and rejects",
                  "rondo data show --table weather"};
  }
  if (args.has("-o") && asked.what != "contract" && asked.what != "rejects") {
    return Misuse{"-o belongs to `rondo data contract` and `rondo data rejects`",
                  "rondo data contract -o contract.toml"};
  }
  if (args.has("--column") && !args.has("--retry") && asked.what != "profile") {
    return Misuse{"--column belongs to `rondo data profile` and `rondo data rejects --retry`",
                  "rondo data profile --column cnt"};
  }
  return std::nullopt;
}

Result<int> show(const Args& args, const Asked& asked) {
  loop::ShowWish wish;
  wish.number = asked.version();
  if (args.has("--rows")) {
    const auto rows = positive(args.get("--rows"));
    if (!rows) {
      return report_usage(args, fmt::format("--rows is a number above 0, not \"{}\"",
                                            args.get("--rows")),
                          "rondo data show d3 --rows 5");
    }
    wish.rows = static_cast<std::size_t>(*rows);
  }
  wish.origin = args.has("--origin");
  wish.table = args.get("--table");
  if (args.has("--as-of")) wish.as_of = TRY(parse_time(args.get("--as-of")));
  const Opened project = TRY(open_project(args));
  const Json shown = TRY(loop::show_view(*project.store, project.config, wish,
                                         std::filesystem::temp_directory_path()));
  if (args.json) say_json(shown);
  else say(show_text(shown, args.color));
  return kOk;
}

Result<int> profile(const Args& args, const Asked& asked) {
  const Opened project = TRY(open_project(args));
  const Json all = TRY(loop::profile_view(*project.store, asked.version(),
                                          std::filesystem::temp_directory_path(),
                                          args.get("--table")));
  if (!args.has("--column")) {
    if (args.json) say_json(all);
    else say(profile_text(all, args.color));
    return kOk;
  }
  const std::string name = args.get("--column");
  const Json* column = find_column(all, name);
  if (column == nullptr) {
    return fail(Code::kNotFound, fmt::format("{} has no column \"{}\"",
                                             all.at("version").get<std::string>(), name),
                fmt::format("it has {}", fmt::join(names_of(all.at("columns")), ", ")));
  }
  if (args.json) say_json(*column);
  else say(column_text(all, *column, args.color));
  return kOk;
}

Result<int> diff(const Args& args, const Asked& asked) {
  const Opened project = TRY(open_project(args));
  loop::DiffWish wish;
  wish.before = asked.versions[0];
  wish.after = asked.versions[1];
  wish.table = args.get("--table");
  const Json result = TRY(loop::diff_view(*project.store, project.config, wish,
                                          std::filesystem::temp_directory_path()));
  if (args.json) say_json(result);
  else say(diff_text(result, args.color));
  return kOk;
}

Result<int> list(const Args& args, const Asked& asked) {
  const Opened project = TRY(open_project(args));
  const std::string table = args.get("--table");
  Json versions = TRY(loop::data_view(*project.store, table));
  if (asked.version() != 0) versions = TRY(only(project, versions, asked.version(), table));
  if (asked.what == "rejects") {
    const Json rejects = TRY(loop::rejects_view(*project.store, asked.version(), table));
    if (args.has("-o")) {
      const auto newest = TRY(loop::dataset_version(*project.store, asked.version(), table));
      return write_rejects(rejects, newest.manifest.contract.dialect.delimiter, args);
    }
    return say_rejects(rejects, args);
  }
  if (args.json) say_json(versions);
  else if (versions.empty()) say("no dataset version yet: `rondo run` collects the first");
  else say(versions_text(versions, args.color));
  return kOk;
}

}  // namespace

Result<Opened> open_project(const Args& args) {
  const auto fs = io::real_fs();
  Opened out;
  out.config = TRY(loop::load_config(*fs, args.project));
  const io::Path folder = loop::store_folder(args.project);
  if (!TRY(fs->stat(folder / "rondo.db"))) {
    return fail(Code::kNotFound, fmt::format("{} has no history yet", args.project.string()),
                "turn the loop first: `rondo run`");
  }
  ledger::OpenOptions options;
  options.read_only = true;
  out.store = TRY(ledger::Store::open(fs, folder, options));
  return out;
}

Result<int> run_data(const Args& args) {
  Asked asked;
  for (std::size_t i = 0; i < args.words.size(); ++i) {
    const std::string& word = args.words[i];
    if (i == 0 && std::ranges::find(kWords, word) != kWords.end()) {
      asked.what = word;
    } else if (asked.what == "lineage") {
      if (i == 1 && args.words.size() == 2) return show_lineage(args, word);
      break;
    } else if (const auto version = positive(word, 'd')) {
      asked.versions.push_back(*version);
    } else {
      return report_usage(args, fmt::format("\"{}\" is no dataset version", word),
                          std::string(kVersions));
    }
  }
  if (asked.what == "lineage") {
    return report_usage(args, "rondo data lineage takes what to look at",
                        "rondo data lineage v3; it may be a dataset version or a prediction too");
  }
  if (const auto misuse = misuse_of(args, asked)) {
    return report_usage(args, misuse->message, misuse->hint);
  }
  if (args.has("--retry")) return accept_rows(args);
  if (asked.what == "show") return show(args, asked);
  if (asked.what == "diff") return diff(args, asked);
  if (asked.what == "profile") return profile(args, asked);
  if (asked.what == "contract") return show_contract(args, asked.version());
  return list(args, asked);
}

}  // namespace rondo::cli
