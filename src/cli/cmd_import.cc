// import: a model that another library trained becomes a version of the project, or a file.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/words.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "deploy/import.h"
#include "io/digest.h"
#include "loop/foreign_scores.h"
#include "loop/service.h"
#include "model/xgboost_walk.h"

namespace rondo::cli {
namespace {

constexpr std::uint64_t kLargestModel = 1ULL << 30;
constexpr std::uint64_t kLargestGolden = 64ULL << 20;

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    out.emplace_back(word);
  }
  return out;
}

/// The fields of one record of RFC 4180; `line` counts the line ends that it takes.
Result<std::vector<std::string>> next_record(std::string_view& text, std::size_t& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  const std::size_t began = line++;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (quoted && c == '"' && text.starts_with('"')) {
      fields.back() += '"';
      text.remove_prefix(1);
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (quoted) {
      fields.back() += c;
      if (c == '\n') ++line;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      return fields;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  if (!quoted) return fields;
  return fail(Code::kInvalidInput,
              fmt::format("golden rows, line {}: a quote does not end", began));
}

/// Where the model goes: a file, or the project's store.
struct Goal {
  std::string file;    // empty: the store
  std::string target;
  io::Path place = {};  // where that is, behind links
};

Result<Goal> goal_of(const Args& args, io::Fs& fs) {
  Goal goal{args.get("-o"), args.get("--target")};
  if (!goal.file.empty()) {
    if (goal.target.empty()) goal.target = "prediction";
    goal.place = TRY(file_to_write(fs, goal.file, by_force(args)));
    return goal;
  }
  if (!TRY(fs.stat(args.project / "rondo.toml"))) {
    return fail(Code::kNotFound, "there is no project here that could take the model in",
                "write a pipeline file with -o FILE.rondo, or make a project of your data first: "
                "rondo init data.csv --target NAME");
  }
  const loop::Config config = TRY(loop::load_config(fs, args.project));
  if (goal.target.empty()) goal.target = config.project.target;
  return goal;
}

/// Rows by the names of their header: features in any order; the other columns are expected.
Result<std::vector<deploy::GivenRow>> read_golden(std::string_view text,
                                                  const std::vector<std::string>& names) {
  std::size_t line = 1;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto head = TRY(next_record(text, line));
  std::vector<std::size_t> places, expected;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(head, name);
    if (found == head.end()) {
      return fail(Code::kInvalidInput,
                  fmt::format("golden rows lack the column \"{}\", a feature of the model", name),
                  "their header names every feature, and behind them the expected predictions");
    }
    places.push_back(static_cast<std::size_t>(found - head.begin()));
  }
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (std::ranges::find(places, i) == places.end()) expected.push_back(i);
  }
  std::vector<deploy::GivenRow> rows;
  while (!text.empty()) {
    deploy::GivenRow row;
    row.line = line;
    const auto fields = TRY(next_record(text, line));
    if (fields.size() != head.size()) {
      return fail(Code::kInvalidInput, fmt::format("golden rows, line {}: {} fields, not {}",
                                                   row.line, fields.size(), head.size()));
    }
    for (const std::size_t place : places) row.cells.push_back(fields[place]);
    for (const std::size_t place : expected) {
      const std::string& field = fields[place];
      double value = 0;
      const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (error != std::errc{} || end != field.data() + field.size()) {
        return fail(Code::kInvalidInput,
                    fmt::format("golden rows, line {}, column \"{}\": \"{}\" is no number",
                                row.line, head[place], field.substr(0, 40)));
      }
      row.expected.push_back(value);
    }
    rows.push_back(std::move(row));
  }
  if (!rows.empty()) return rows;
  return fail(Code::kInvalidInput, "there is no golden row behind the header");
}

std::string told(const deploy::Import& import, const deploy::Imported& made,
                 const std::string& out) {
  const model::Forest& forest = import.model.forest;
  return fmt::format("{}: {} {}, {} trees over {} features{}", out, import.model.library,
                     import.model.objective, forest.trees(), forest.features(),
                     made.by_given == 0 ? ""
                                        : fmt::format("; {} golden rows agree", made.by_given));
}

/// LightGBM itself, or XGBoost's trees read a second time; then `rounding` is how much floats move
/// a score, as a share of its size or of 1.
deploy::OtherReading other_reading(const model::ForeignModel& model, const std::string& bytes,
                                   double& rounding) {
  const std::size_t width = model.forest.features(), outputs = model.forest.outputs();
  if (model.library == "LightGBM") {
    return {"LightGBM itself", [&bytes, width, outputs](std::span<const double> features) {
              return loop::lightgbm_scores(io::real_fs(), bytes, width, outputs, features);
            }};
  }
  return {"a second reading of the file",
          [&bytes, &rounding, width, outputs](std::span<const double> features)
              -> Result<std::vector<double>> {
            model::XgboostWalk walk =
                TRY(model::walk_xgboost(bytes, width, outputs, features));
            for (std::size_t i = 0; i < walk.sums.size(); ++i) {
              const double size = std::max(1.0, std::fabs(walk.sums[i]));
              rounding = std::max(rounding, std::fabs(walk.in_float[i] - walk.sums[i]) / size);
            }
            return std::move(walk.sums);
          }};
}

/// The name of what was made: the file, or the version.
Result<std::string> put(const Args& args, const Goal& goal, const deploy::Import& import,
                        const deploy::Imported& made) {
  if (!goal.file.empty()) {
    TRY(io::write_atomically(*io::real_fs(), goal.place, made.file));
    return goal.file;
  }
  const auto pipeline = TRY(model::Pipeline::load(made.file));
  const Json said = TRY(loop::import_pipeline(args.project, *pipeline, made.file,
                                              {{"library", import.model.library},
                                               {"trees", import.model.forest.trees()},
                                               {"features", import.model.forest.features()}},
                                              who()));
  return fmt::format("v{}", io::get_or<std::int64_t>(said, "version", 0));
}

}  // namespace

Result<int> run_import(const Args& args) {
  const auto fs = io::real_fs();
  const io::Path file = args.words[0];
  const Goal goal = TRY(goal_of(args, *fs));
  const std::string bytes = TRY(fs->read(file, kLargestModel));
  deploy::Import import;
  import.model = TRY(during(model::read_foreign(bytes), "importing " + file.string()));
  import.target = goal.target;
  import.classes = list_of(args.get("--classes"));
  import.sha256 = io::sha256(bytes).hex();
  const std::string golden = args.get("--golden");
  if (!golden.empty()) {
    const std::string rows = TRY(fs->read(golden, kLargestGolden));
    import.given = TRY(during(read_golden(rows, import.model.names), "reading " + golden));
  }
  double rounding = 0;
  const deploy::Imported made = TRY(during(
      deploy::import_model(import, other_reading(import.model, bytes, rounding)),
      "importing " + file.string()));
  const std::string out = TRY(put(args, goal, import, made));
  const bool by_library = import.model.library == "LightGBM";
  if (args.json) {
    say_json({{goal.file.empty() ? "version" : "file", out},
              {"library", import.model.library},
              {"objective", import.model.objective},
              {"trees", import.model.forest.trees()},
              {"features", import.model.names},
              {"explains", import.model.forest.has_covers()},
              {"compared", {{"library", by_library ? made.by_other : 0},
                            {"second_reading", by_library ? 0 : made.by_other},
                            {"golden", made.by_given},
                            {"rounding", by_library ? Json(nullptr) : Json(rounding)}}}});
    return kOk;
  }
  say(told(import, made, out));
  if (goal.file.empty()) say(fmt::format("  `rondo promote {}` lets it serve", out));
  if (by_library) {
    say(fmt::format("  {} rows at its cuts score as LightGBM itself says, in every bit",
                    grouped(made.by_other)));
    return kOk;
  }
  say(fmt::format("  {} rows at its cuts score as its trees do in a second reading of the file, "
                  "by XGBoost's rule; adding in floats, as XGBoost does, moves a score by {:.1g} "
                  "of its size at most",
                  grouped(made.by_other), rounding));
  if (made.by_given == 0) {
    say("  XGBoost itself was not asked, as it is no part of Rondo: --golden FILE.csv compares "
        "with rows that hold its predictions");
  }
  return kOk;
}

}  // namespace rondo::cli
