// status, history, models, data, why, config: reading needs no lease and changes nothing.
#include <fmt/format.h>

#include <cstdlib>

#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/session.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

struct Opened {
  loop::Config config;
  std::unique_ptr<ledger::Store> store;
};

Result<Opened> open(const Args& args) {
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

std::string text(const Json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? number(found->get<double>()) : found->dump();
}

std::string metrics_text(const Json& metrics) {
  std::string out;
  for (const auto& item : metrics.items()) {
    if (!item.value().is_number()) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", item.key(),
                       number(item.value().get<double>()));
  }
  return out.empty() ? "-" : out;
}

}  // namespace

Result<int> run_status(const Args& args) {
  const Opened project = TRY(open(args));
  const Json status = TRY(loop::status_view(*project.store, project.config));
  if (args.json) {
    say_json(status);
    return kOk;
  }
  const bool resting = status.at("resting").get<bool>();
  say(fmt::format("{}  {}", ink(Ink::kBold, status.at("project").get<std::string>(), args.color),
                  status.at("performs").get<std::string>()));
  say(fmt::format("stage    {}{}", status.at("stage").get<std::string>(),
                  resting ? " (resting)" : ""));
  say(fmt::format("tracker  {}", tracker_line(status.at("tracker"), args.color)));
  say(fmt::format("waits    for {}", status.at("waiting_for").get<std::string>()));
  say(fmt::format("so far   {} steps in {} cycles, {} rows, {} labelled, policy {}",
                  text(status, "steps"), text(status, "cycles"), text(status, "rows"),
                  text(status, "labelled"), text(status, "policy")));
  if (const Json& problem = status.at("problem"); !problem.is_null()) {
    const std::string reason = text(problem, "reason");
    say(ink(Ink::kRed,
            fmt::format("problem  step {} ({}): {}", text(problem, "step"), text(problem, "stage"),
                        reason.substr(0, reason.find('\n'))),
            args.color));
  }
  for (const Json& alert : status.at("alerts")) {
    say(ink(Ink::kRed, "alert    " + alert.get<std::string>(), args.color));
  }
  return kOk;
}

Result<int> run_history(const Args& args) {
  const Opened project = TRY(open(args));
  if (args.has("--facts")) {
    for (const ledger::Fact& fact : TRY(project.store->ledger->facts(0))) {
      say(io::canonical(fact.to_json()));
    }
    return kOk;
  }
  const std::int64_t last = std::atoll(args.get("--last", "0").c_str());
  const Json history = TRY(loop::history_view(*project.store, last));
  if (args.json) say_json(history);
  else say(process_table(history, args.color));
  return kOk;
}

Result<int> run_models(const Args& args) {
  const Opened project = TRY(open(args));
  const Json models = TRY(loop::models_view(*project.store, project.config));
  if (args.json) {
    say_json(models);
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& m : models) {
    const std::string version =
        m.at("version").is_null() ? "-" : fmt::format("v{}", m.at("version").get<int>());
    rows.push_back({version, text(m, "stage_of_life"), metrics_text(m.at("metrics")),
                    text(m, "labelled"), text(m, "dataset"), text(m, "created"), text(m, "step")});
  }
  say(table({"version", "life", "metrics", "trained on", "dataset", "created", "step"}, rows,
            args.color));
  return kOk;
}

Result<int> run_data(const Args& args) {
  const Opened project = TRY(open(args));
  if (!args.words.empty() && args.words[0] == "rejects") {
    const std::string version = args.words.size() > 1 ? args.words[1] : "d0";
    const Json rejects =
        TRY(loop::rejects_view(*project.store, std::atoll(version.c_str() + 1)));
    if (args.json) {
      say_json(rejects);
      return kOk;
    }
    for (const Json& reject : rejects) {
      say(io::get_or<std::string>(reject, "sentence", reject.dump()));
    }
    say(fmt::format("{} rejected rows", rejects.size()));
    return kOk;
  }
  const Json versions = TRY(loop::data_view(*project.store));
  if (args.json) {
    say_json(versions);
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& v : versions) {
    rows.push_back({text(v, "version"), text(v, "rows"), text(v, "labelled"), text(v, "added"),
                    text(v, "rejected"), text(v, "duplicate"), text(v, "from"), text(v, "until"),
                    text(v, "digest").substr(0, 12)});
  }
  say(table({"version", "rows", "labelled", "added", "rejected", "duplicate", "from", "until",
             "digest"}, rows, args.color));
  return kOk;
}

Result<int> run_why(const Args& args) {
  const Opened project = TRY(open(args));
  const Json why = TRY(loop::why_view(*project.store, project.config,
                                      args.words.empty() ? "" : args.words[0]));
  if (args.json) say_json(why);
  else say(why.at("paragraph").get<std::string>());
  return kOk;
}

Result<int> run_config(const Args& args) {
  const auto fs = io::real_fs();
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  const Json values = config.to_json();
  if (args.json) {
    say_json(values);
    return kOk;
  }
  std::string section;
  for (const Json& key : loop::config_keys()) {
    const std::string of = key.at("section").get<std::string>();
    const std::string name = key.at("key").get<std::string>();
    if (of != section) say(fmt::format("{}[{}]", section.empty() ? "" : "\n", of));
    section = of;
    const Json& value = values.at(of).at(name);
    const bool own = value != key.at("default");
    say(ink(own ? Ink::kBold : Ink::kPlain,
            fmt::format("{:<32} # {}", fmt::format("{} = {}", name, value.dump()),
                        key.at("help").get<std::string>()), args.color));
  }
  return kOk;
}

Result<int> run_version(const Args& args) {
  if (args.json) say_json({{"version", RONDO_VERSION}});
  else say(fmt::format("rondo {}", RONDO_VERSION));
  return kOk;
}

}  // namespace rondo::cli
