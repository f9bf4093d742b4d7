// replay-requests: what a version answers to the requests of the log.
#include <fmt/format.h>

#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/replay_requests.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

std::string replayed_text(const Json& replayed) {
  const auto version = replayed.at("version").get<std::int64_t>();
  std::string out = fmt::format("v{} scored {} of the log again\n", version,
                                counted(replayed.at("rows").get<std::uint64_t>(), "row"));
  for (const Json& by : replayed.at("answered_by")) {
    out += fmt::format("  answered by v{}: {}, {} with the same bits\n",
                       by.at("version").get<std::int64_t>(),
                       counted(by.at("rows").get<std::uint64_t>(), "row"),
                       number(by.at("bit_equal").get<double>()));
  }
  for (const auto& [reason, rows] : replayed.at("passed_over").items()) {
    out += fmt::format("  passed over: {}, {}\n", counted(rows.get<std::uint64_t>(), "row"),
                       reason);
  }
  const auto part = [&](const char* name, const char* key) {
    return number(replayed.at(name).at(key).get<double>());
  };
  if (replayed.contains("difference")) {
    out += fmt::format("  difference to other versions: mean {}, p50 {}, p90 {}, p99 {}, max {}\n",
                       part("difference", "mean"), part("difference", "p50"),
                       part("difference", "p90"), part("difference", "p99"),
                       part("difference", "max"));
    if (replayed.at("difference").contains("class_changed")) {
      out += fmt::format("  another class: {} of {}\n", part("difference", "class_changed"),
                         part("difference", "rows"));
    }
  }
  if (replayed.contains("loss")) {
    out += fmt::format("  {} over {} with labels: {} as answered, {} by v{}\n",
                       replayed.at("loss").at("metric").get<std::string>(),
                       counted(replayed.at("loss").at("rows").get<std::uint64_t>(), "row"),
                       part("loss", "logged"), part("loss", "replayed"), version);
  }
  out.pop_back();
  return out;
}

/// Answers of the version itself that came out with another bit.
std::uint64_t unlike(const Json& replayed) {
  for (const Json& by : replayed.at("answered_by")) {
    if (by.at("version") != replayed.at("version")) continue;
    return by.at("rows").get<std::uint64_t>() - by.at("bit_equal").get<std::uint64_t>();
  }
  return 0;
}

}  // namespace

Result<int> run_replay_requests(const Args& args) {
  loop::RequestsWish wish;
  const std::string version = args.get("--version");
  const auto number = positive(version, 'v');
  if (!number) return refuse_version(args, version);
  wish.version = *number;
  if (args.has("--from")) wish.from = TRY(parse_time(args.get("--from")));
  if (args.has("--to")) wish.to = TRY(parse_time(args.get("--to")));
  const auto fs = io::real_fs();
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  ledger::OpenOptions options;
  options.read_only = true;
  const io::Path folder = loop::store_folder(args.project);
  const auto store = TRY(ledger::Store::open(fs, folder, options));
  const Json replayed = TRY(loop::replay_requests(*store, config, wish));
  if (args.json) say_json(replayed);
  else say(replayed_text(replayed));
  const std::uint64_t changed = unlike(replayed);
  if (changed == 0) return kOk;
  complain(fmt::format("{} of v{} came out with other bits than were answered",
                       counted(changed, "answer"), wish.version));
  return kFailed;
}

}  // namespace rondo::cli
