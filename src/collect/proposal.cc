// The file is written line by line, a comment beside each value that was guessed. Comments hold
// names and numbers from the data, so everything in them is made readable and stays on its line.
#include "collect/proposal.h"

#include <fmt/format.h>

#include <algorithm>

#include "collect/reject.h"
#include "collect/segment.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

constexpr std::size_t kCommentAt = 34;
constexpr std::size_t kWidth = 96;
constexpr Span kLongSeries = Span::days(180);

/// `key = value` and a comment, the comments one below the other.
std::string line(const std::string& setting, const std::string& comment) {
  if (comment.empty()) return setting + "\n";
  return fmt::format("{:<{}} # {}\n", setting, kCommentAt, comment);
}

std::string list_of(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(toml_text(word));
  const std::string flat = fmt::format("[{}]", fmt::join(quoted, ", "));
  if (flat.size() < kWidth) return flat;
  std::string out = "[\n ";
  std::size_t width = 1;
  for (const std::string& word : quoted) {
    if (width + word.size() + 2 > kWidth && width > 1) {
      out += "\n ";
      width = 1;
    }
    out += fmt::format(" {},", word);
    width += word.size() + 2;
  }
  return out + "\n]";
}

std::string date_of(Time time) { return to_text(time).substr(0, 10); }

std::string head(const Findings& f) {
  return fmt::format(
      "# Written by `rondo init` after one look at {} rows of {}.\n"
      "# It runs as it is: `rondo run`. Every key with its default: `rondo config`.\n\n",
      grouped(f.counts.read), shown(listed(f.look.files)));
}

std::string project(const Findings& f) {
  std::string out = "[project]\n";
  out += line(fmt::format("name = {}", toml_text(f.look.name)), "");
  out += line(fmt::format("target = {}", toml_text(f.look.target)), f.target_text);
  for (const std::string& doubt : f.doubts) out += fmt::format("# {}\n", doubt);
  return out + line(fmt::format("task = {}", toml_text(f.task)), "regression, binary, multiclass") +
         "\n";
}

std::string time_line(const Findings& f) {
  if (f.options.time.empty()) return line("time = \"\"", f.clock.reason);
  std::string comment = f.clock.reason;
  if (f.clock_given) comment = "as you said";
  if (!f.clock_orders) {
    comment += fmt::format(": {} to {}", date_of(f.first), date_of(f.last));
  }
  return line(fmt::format("time = {}", toml_text(f.options.time)), comment);
}

/// How a database is read on.
std::string cursor_lines(const Options& o) {
  if (o.mode == "replace") {
    return line("mode = \"replace\"",
                "all rows are read each time; a `cursor` reads only new ones");
  }
  return line(fmt::format("cursor = {}", toml_text(o.cursor)),
              o.cursor.empty() ? "rows are read on behind the newest time"
                               : "rows are read on behind its greatest value") +
         line("lag = \"0s\"", "how late a row may be committed behind newer ones");
}

std::string collect_section(const Findings& f) {
  const Options& o = f.options;
  const std::string source = o.source.size() == 1 ? toml_text(o.source[0]) : list_of(o.source);
  const bool databases = asks_databases(o);
  std::string out = "[collect]\n" +
                    line("source = " + source, databases ? "" : "paths, globs, folders");
  if (!o.names.empty()) out += line("names = " + list_of(o.names), "");
  out += time_line(f);
  if (databases) out += cursor_lines(o);
  if (o.null.size() > 1) {
    out += line("null = " + list_of(o.null),
                fmt::format("means missing: {}", fmt::join(f.null_reasons, ", ")));
  }
  for (const std::string& code : f.codes) {
    out += fmt::format("# {}: maybe a code for missing; if so, add it to `null`\n", code);
  }
  if (o.trim) out += line("trim = true", "fields have blanks around them");
  if (o.max_rejected > Options{}.max_rejected) {
    out += line(fmt::format("max_rejected = {:g}", o.max_rejected),
                fmt::format("{} of {} rows do not fit: `rondo check` says why",
                            grouped(f.counts.rejected), grouped(f.counts.read)));
  }
  for (const auto& [name, said] : o.sql.items()) {
    out += fmt::format("\n[collect.sql.{}]\n", name);
    for (const char* key : {"driver", "uri", "query"}) {
      out += fmt::format("{} = {}\n", key, toml_text(said.at(key).get<std::string>()));
    }
  }
  return out + "\n";
}

/// Numbers that follow each other in time, long enough to know what a week is.
bool is_series(const Findings& f) {
  return f.regular && f.task == "regression" && f.last - f.first >= kLongSeries;
}

std::string prepare_section(const Findings& f) {
  std::string out = "[prepare]\n";
  if (f.unfit.empty()) {
    out += line("ignore = []", "columns that are no features; none looked unfit");
  } else {
    std::size_t width = 0;
    for (const Unfit& unfit : f.unfit) width = std::max(width, toml_text(unfit.column).size());
    out += "ignore = [\n";
    for (const Unfit& unfit : f.unfit) {
      out += fmt::format("  {:<{}} # {}\n", toml_text(unfit.column) + ",", width + 1, unfit.reason);
    }
    out += "]\n";
  }
  if (is_series(f)) {
    const std::string column = fmt::format("column = {}\n", toml_text(f.look.target));
    out += "\n" + line("[[prepare.lag]]",
                       "the target two days before, as far as it was known then");
    out += column + "by = \"48h\"\n\n" + line("[[prepare.lag]]", "and a week before");
    out += column + "by = \"168h\"\n";
  }
  return out + "\n";
}

std::string rest(const Findings& f) {
  std::string out = "[train]\n" + line("budget = \"1 candidate\"",
                                       "or a time, \"60s\": the best that it finds");
  if (is_series(f)) {
    out += "\n[evaluate]\n";
    out += line("test = \"28d\"", "the newest four weeks; fewer days tell less");
  }
  out += "\n[deploy]\n";
  out += line("# canary = [5, 25, 100]",
              "percent that a new model serves, held until its guards agree");
  if (!f.options.time.empty()) {
    out += "\n[monitor]\n" + line("label_delay = \"1d\"", "how long until a target is known");
  }
  out += "\n[loop]\n" + line("policy = \"performance\"", "a cycle when the model became worse,");
  return out + line("new_data = 0.1", "or when the labelled rows grew by a tenth");
}

}  // namespace

std::string toml_text(std::string_view text) { return io::to_toml(std::string(text)); }

std::string write_toml(const Findings& f) {
  return head(f) + project(f) + collect_section(f) + prepare_section(f) + rest(f);
}

std::vector<std::string> remarks_of(const Findings& f) {
  std::vector<std::string> remarks;
  remarks.push_back(fmt::format("{}: {}", f.task, f.target_text));
  if (f.options.time.empty()) {
    remarks.push_back(fmt::format("no clock: {}", f.clock.reason));
  } else if (!f.clock_given) {
    remarks.push_back(fmt::format("the clock is {}: {}", f.options.time, f.clock.reason));
  }
  remarks.insert(remarks.end(), f.doubts.begin(), f.doubts.end());
  for (const std::string& code : f.codes) {
    remarks.push_back(code + ": maybe a code for missing");
  }
  for (const Unfit& unfit : f.unfit) {
    remarks.push_back(fmt::format("{} is ignored: {}", shown(unfit.column), unfit.reason));
  }
  if (f.counts.rejected > 0) {
    remarks.push_back(fmt::format("{} of {} rows do not fit; `rondo check` says why",
                                  grouped(f.counts.rejected), grouped(f.counts.read)));
  }
  const auto needed = static_cast<std::uint64_t>(f.options.min_rows);
  if (f.labelled < needed) {
    remarks.push_back(fmt::format("only {} rows have a target; the first training needs {}",
                                  grouped(f.labelled), grouped(needed)));
  }
  return remarks;
}

}  // namespace rondo::collect
