// init, check, run: the first five minutes.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "api/server.h"
#include "base/clock.h"
#include "base/words.h"
#include "cli/confined.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "collect/init.h"
#include "io/scratch.h"
#include "loop/config.h"
#include "loop/confine.h"
#include "loop/databases.h"
#include "loop/delays.h"
#include "loop/run.h"
#include "loop/session.h"
#include "loop/situation.h"
#include "prepare/expect.h"

namespace rondo::cli {
namespace {

constexpr Span kBetweenLines = Span::millis(200);

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text) {
    if (c != by && c != '\n' && c != '\r') {
      word += c;
      continue;
    }
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

/// The first rejected rows, and how many are not told.
void say_some(const std::vector<Json>& rejects) {
  constexpr std::size_t kTold = 5;
  for (std::size_t i = 0; i < rejects.size() && i < kTold; ++i) {
    say("  " + io::get_or<std::string>(rejects[i], "sentence", rejects[i].dump()));
  }
  if (rejects.size() > kTold) {
    say(fmt::format("  and {} more", number(static_cast<double>(rejects.size() - kTold))));
  }
}

/// What databases hold, fetched by a worker of its own; the second run finds it in the folder.
Result<collect::FetchedRows> fetched_into(const std::shared_ptr<io::Fs>& fs,
                                          const collect::Options& options, const io::Path& project,
                                          const io::Path& folder) {
  return confined_with() ? loop::fetched_databases(options, folder)
                         : loop::fetch_databases(fs, options, project, folder);
}

/// What the flags say of a source "sql:NAME".
Result<void> look_at_database(const Args& args, const std::shared_ptr<io::Fs>& fs,
                              const io::Path& folder, collect::Look& look) {
  look.cursor = args.get("--cursor");
  collect::Options options;
  options.source = look.files;
  if (!collect::asks_databases(options)) return {};
  std::string name;
  for (const std::string& file : look.files) {
    if (!file.starts_with("sql:")) continue;
    if (!name.empty()) {
      return fail(Code::kInvalidInput, "init looks at one database at a time",
                  "add the other one to rondo.toml");
    }
    name = file.substr(4);
  }
  look.sql[name] = {{"driver", args.get("--driver")}, {"uri", args.get("--uri")},
                    {"query", args.get("--query")}};
  options.sql = look.sql;
  options.cursor = look.cursor;
  look.fetched = TRY(fetched_into(fs, options, args.project, folder));
  return {};
}

// What the process with the project's reach tells the confined one, and the other way round.
constexpr const char *kProposal = "proposal.json", *kDelays = "delays.json";

/// The rest of a command that reads the sources, in a process that reaches them alone.
Result<int> confined(const Args& args, io::Fs& fs, const collect::Options& options,
                     const io::Path& folder, const std::string& certificate = {}) {
  io::Reach reach = TRY(loop::reach_of_sources(fs, options, args.project));
  for (const std::string& own : {std::string("rondo.toml"), certificate, args.get("--names")}) {
    if (own.empty()) continue;
    if (auto real = io::resolved(args.project / own)) reach.read.push_back(*std::move(real));
  }
  reach.write.push_back(TRY(io::resolved(folder)));
  return run_confined(args, folder.string(), std::move(reach), "the source",
                      "one of its files breaks its reader: please report it");
}

}  // namespace

Result<int> run_init(const Args& args) {
  const auto fs = io::real_fs();
  collect::Look look;
  look.files = args.words;
  look.target = args.get("--target");
  look.time = args.get("--time");
  look.name = args.get("--name",
                       std::filesystem::weakly_canonical(args.project).filename().string());
  look.names = split(args.get("--names"), ',');
  if (look.names.size() == 1 && TRY(fs->stat(args.project / look.names[0]))) {
    look.names = split(TRY(fs->read(args.project / look.names[0], 1 << 20)), ',');
  }
  if (look.target.empty()) {
    complain("error: init needs --target COL, the column to predict\n"
             "hint: rondo init data.csv --target price");
    return kUsage;
  }
  const io::Path path = args.project / "rondo.toml";
  if (TRY(fs->stat(path)) && !args.has("--force")) {
    return fail(Code::kConflict, fmt::format("{} exists already", path.string()),
                "edit it, or write it anew with --force");
  }
  std::optional<io::Scratch> scratch;
  const io::Path folder = confined_with() ? io::Path(*confined_with()) : scratch.emplace().path();
  TRY(look_at_database(args, fs, folder, look));
  if (confined_with()) {
    const collect::Proposal made = TRY(collect::propose(*fs, args.project, look, folder));
    const Json told = {{"toml", made.toml}, {"remarks", made.remarks}};
    TRY(io::write_atomically(*fs, folder / kProposal, told.dump()));
    return kOk;
  }
  collect::Options options;
  options.source = look.files;
  options.sql = look.sql;
  const int code = TRY(confined(args, *fs, options, folder));
  if (code != kOk) return code;
  const Json made = TRY(io::parse_json(TRY(fs->read(folder / kProposal)), "the proposal"));
  const auto remarks = TRY(io::get<std::vector<std::string>>(made, "remarks"));
  TRY(io::write_atomically(*fs, path, TRY(io::get<std::string>(made, "toml"))));
  if (args.json) {
    say_json({{"file", path.string()}, {"remarks", remarks}});
    return kOk;
  }
  say(fmt::format("wrote {}", path.string()));
  for (const std::string& remark : remarks) say("  " + remark);
  say("next: rondo run");
  return kOk;
}

namespace {

/// What is expected of the rows, and what came of it.
struct Checked {
  std::vector<prepare::Expectation> expected;
  std::vector<prepare::Met> met;
  bool broken = false;  // one that stops a cycle is not met

  Json to_json(prepare::Detail detail) const {
    Json results = Json::array();
    std::size_t good = 0;
    for (std::size_t i = 0; i < met.size(); ++i) {
      results.push_back(prepare::to_json(expected[i], met[i], detail));
      good += met[i].success ? 1 : 0;
    }
    return {{"success", good == met.size()},
            {"statistics", {{"evaluated_expectations", met.size()},
                            {"successful_expectations", good},
                            {"unsuccessful_expectations", met.size() - good}}},
            {"results", std::move(results)}};
  }
  std::string text(bool color) const {
    std::vector<std::vector<std::string>> lines;
    for (std::size_t i = 0; i < met.size(); ++i) {
      const bool stops = expected[i].stops;
      lines.push_back({met[i].success ? ink(Ink::kGreen, "met", color)
                       : stops        ? ink(Ink::kRed, "broken", color)
                                      : ink(Ink::kYellow, "warning", color),
                       met[i].success ? prepare::text_of(expected[i]) : met[i].sentence});
    }
    return table({"expected", "of the rows"}, lines, color);
  }
};

Result<Checked> look_at_all(const loop::Config& config, const table::Table& rows,
                            const io::Path& folder) {
  Checked out;
  out.expected = TRY(prepare::expectations_from(config.prepare.expect));
  for (const prepare::Expectation& one : out.expected) {
    out.met.push_back(prepare::look_at(one, rows, wall_clock_now(), folder));
    out.broken |= !out.met.back().success && one.stops;
  }
  return out;
}

/// Whether `up` may listen where it is told to; a project always has its administrator's token.
Result<void> check_address(const Args& args, const loop::Config& config) {
  api::ServerOptions options = TRY(api::server_options(config.deploy));
  options.tls = config.deploy.tls;
  options.insecure_bind = args.has("--insecure-bind");
  return during(api::check_reach(options, true), "checking where `rondo up` would listen");
}

/// What Data Preparation would make of the rows, with no model before.
Result<ledger::StageOutput> rehearse(const loop::Config& config, const io::Path& project,
                                     const collect::Loaded& loaded, const io::Path& folder) {
  const Seed seed{static_cast<std::uint64_t>(config.train.seed)};
  prepare::Rehearsal rehearsal{config.prepare, loop::situation_of(config, {}), loaded.orders_only,
                               seed.derive("prepare"), wall_clock_now()};
  loop::choose_test(config, true, rehearsal.situation);
  const auto fs = io::real_fs();
  rehearsal.situation.temp = folder.string();
  rehearsal.tables = TRY(collect::load_tables(*fs, config.collect, project, folder));
  return prepare::rehearse(rehearsal, loaded.rows);
}

/// Why no step would come after Data Collection; nothing when there are rows enough.
std::optional<std::string> too_few(const loop::Config& config, const table::Table& rows) {
  const table::Column* target = rows.find(config.project.target);
  const auto labelled =
      static_cast<std::int64_t>(target == nullptr ? 0 : target->valid.count());
  if (labelled >= config.collect.min_rows) return std::nullopt;
  return fmt::format("{}, {} are needed ([collect] min_rows)", counted(labelled, "labelled row"),
                     grouped(static_cast<std::uint64_t>(config.collect.min_rows)));
}

Json preparation_json(const ledger::StageOutput& prepared) {
  Json out = {{"result", prepared.result}, {"reason", prepared.reason}};
  for (const char* key : {"split", "train", "test", "gap", "in_gap", "leaks", "dropped"}) {
    if (prepared.evidence.contains(key)) out[key] = prepared.evidence.at(key);
  }
  return out;
}

/// Expectations learnt from the source, as they would stand in rondo.toml.
void say_suggestions(const Args& args, const std::vector<prepare::Suggestion>& all) {
  if (args.json) {
    Json out = Json::array();
    for (const auto& one : all) out.push_back({{"expect", one.expect}, {"reason", one.reason}});
    return say_json(out);
  }
  std::string out;
  for (const auto& one : all) out += (out.empty() ? "" : "\n") + one.toml();
  say(out.empty() ? "# there are too few rows to learn from" : out);
}

/// "2024-01-01..2024-02-01", as a request says it. Errors: kInvalidInput.
Result<Json> range_from(const std::string& text) {
  const std::size_t dots = text.find("..");
  const auto from = parse_time(text.substr(0, dots));
  const auto to = parse_time(dots == text.npos ? "" : text.substr(dots + 2));
  if (from && to && *from < *to) return Json{{"from", to_text(*from)}, {"to", to_text(*to)}};
  return fail(Code::kInvalidInput, fmt::format("--backfill \"{}\" is no range of time", text),
              "write FROM..TO, as 2024-01-01..2024-02-01 or with times of day: "
              "2024-01-01T06:00:00Z..2024-01-01T18:00:00Z");
}

/// Asks for it; whether somebody else turns the loop, who will collect it.
Result<bool> ask_backfill(const Args& args) {
  const Json range = TRY(range_from(args.get("--backfill")));
  const loop::Config config = TRY(loop::load_config(*io::real_fs(), args.project));
  if (config.collect.time.empty()) {
    return fail(Code::kInvalidInput, "a range of time needs a clock, and [collect] time is not set",
                "without a clock nothing is ever too late: `rondo run`");
  }
  TRY(loop::ask_project(args.project, "backfill", range, who(), "run --backfill"));
  const auto store = TRY(ledger::Store::open(io::real_fs(), loop::store_folder(args.project),
                                             ledger::OpenOptions{}));
  return TRY(store->ledger->lease_holder()).has_value();
}

/// A store that cannot be read is told, and hides nothing of settings and source.
Result<void> write_delays(const Args& args, io::Fs& fs, const loop::Config& config,
                          const io::Path& folder) {
  const auto delays = loop::delay_remarks(args.project, config);
  const Json said = delays ? Json(*delays)
                           : Json::array({"delays were not compared: " + delays.error().message});
  return io::write_atomically(fs, folder / kDelays, said.dump());
}

}  // namespace

Result<int> run_check(const Args& args) {
  const auto detail = prepare::detail_from(args.get("--level", "SUMMARY"));
  if (!detail) {
    return report_usage(args, fmt::format("\"{}\" is no level", args.get("--level")),
                        "--level is BOOLEAN_ONLY, BASIC, SUMMARY or COMPLETE");
  }
  const auto fs = io::real_fs();
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  std::optional<io::Scratch> scratch;
  const io::Path folder = confined_with() ? io::Path(*confined_with()) : scratch.emplace().path();
  const collect::FetchedRows fetched =
      TRY(fetched_into(fs, config.collect, args.project, folder));
  const std::string& tls = config.deploy.tls;
  if (!confined_with()) {
    TRY(write_delays(args, *fs, config, folder));
    return confined(args, *fs, config.collect, folder, tls);
  }
  std::optional<Time> certificate_ends;
  if (!tls.empty()) {
    certificate_ends = TRY(api::certificate_end((args.project / tls).lexically_normal()));
  }
  collect::Loaded loaded =
      TRY(collect::load(*fs, config.collect, args.project, nullptr, config.project.target, folder,
                        fetched));
  for (const Json& remark : TRY(io::parse_json(TRY(fs->read(folder / kDelays)), "delays"))) {
    loaded.remarks.push_back(remark.get<std::string>());
  }
  TRY(loop::check_source(config, loaded.contract.schema, loaded.rows));
  if (args.has("--suggest")) {
    say_suggestions(args, prepare::suggest(loaded.rows, config.project.target));
    return kOk;
  }
  const Checked checked = TRY(look_at_all(config, loaded.rows, folder));
  TRY(check_address(args, config));
  const std::optional<std::string> few = too_few(config, loaded.rows);
  const ledger::StageOutput prepared =
      few ? ledger::StageOutput{"too few rows", *few, {}, {}, {}}
          : TRY(rehearse(config, args.project, loaded, folder));
  const bool broken = checked.broken || prepared.result == "contract broken";
  const int code = broken ? kInvalidInput : kOk;
  std::vector<std::vector<std::string>> columns;
  for (const table::Field& field : loaded.contract.schema.fields) {
    columns.push_back({field.name, std::string(table::name_of(field.type))});
  }
  if (args.json) {
    Json rows = Json::array();
    for (const auto& row : columns) rows.push_back({{"column", row[0]}, {"type", row[1]}});
    Json found = {{"rows", loaded.counts.accepted}, {"rejected", loaded.counts.rejected},
                  {"duplicate", loaded.counts.duplicate}, {"columns", rows},
                  {"rejects", loaded.rejects}, {"remarks", loaded.remarks},
                  {"expectations", checked.to_json(*detail)}};
    found[few ? "collection" : "preparation"] = preparation_json(prepared);
    if (certificate_ends) found["certificate_ends"] = to_text(*certificate_ends);
    say_json(found);
    return code;
  }
  say(fmt::format("rondo.toml is valid; the source has {}, {} rejected, {} duplicate",
                  counted(loaded.counts.accepted, "row"),
                  number(static_cast<double>(loaded.counts.rejected)),
                  number(static_cast<double>(loaded.counts.duplicate))));
  for (const std::string& remark : loaded.remarks) say("  " + remark);
  if (certificate_ends) say("the certificate is good until " + to_text(*certificate_ends));
  say_some(loaded.rejects);
  say(table({"column", "type"}, columns, args.color));
  if (!checked.met.empty()) say("\n" + checked.text(args.color));
  say(fmt::format("\n{} would end with \"{}\": {}", few ? "Data Collection" : "Data Preparation",
                  prepared.result, prepared.reason));
  return code;
}

Result<int> run_run(const Args& args) {
  if (args.has("--backfill") && TRY(ask_backfill(args))) {
    if (args.json) say_json({{"asked", true}});
    else say("asked: the program that turns the loop collects the range again");
    return kOk;
  }
  Display display(args.terminal, args.color);
  Span told = Span::seconds(-1);
  const auto observer = [&](const Json& event) {
    if (!args.json) return display(event);
    // Lines of JSON beside the answer, a few a second at most.
    const Span now{monotonic_us()};
    if (io::get_or<std::string>(event, "event", "") != "progress") return;
    if (now.us - told.us < kBetweenLines.us) return;
    told = now;
    complain(io::canonical(event));
  };
  const loop::RunOptions options{.project = args.project, .input = ::isatty(STDIN_FILENO) == 0};
  const loop::RunResult result = TRY(loop::run_until_rest(options, args.stop, observer));
  display.end();
  if (args.json) {
    say_json({{"anything", result.anything}, {"rests_because", result.why},
              {"refused", result.refused}, {"stopped", result.stopped},
              {"error", result.error ? Json(result.error->text()) : Json(nullptr)}});
  } else if (result.stopped) {
    say("stopped: " + result.why);
  } else if (!result.anything) {
    say("nothing new: " + result.why);
  } else if (!result.failed) {
    say("rests: " + result.why);
  }
  if (result.error) return report_error(*result.error, args.json);
  if (result.stopped) return kInterrupted;
  if (!result.anything && args.has("--exit-idle")) return kNothingToDo;
  return result.refused ? kNotGoodEnough : kOk;
}

Result<int> run_worker(const Args& args) { return loop::work_as_rank(args.stop); }

}  // namespace rondo::cli
