// reproduce: a version made again from the bytes of its dataset, compared digest by digest.
#include <fmt/format.h>

#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "io/scratch.h"
#include "loop/launcher.h"
#include "loop/reproduce.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

std::string jobs_text(const Json& jobs, bool color) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& job : jobs) {
    const std::string took = duration(1000 * job.at("seconds").get<double>());
    std::string step = std::to_string(job.at("step").get<std::int64_t>());
    std::string kind = text_at(job, "kind");
    if (text_at(job, "result") != text_at(job, "result_now")) {
      rows.push_back({step, kind, "result", text_at(job, "result"),
                      "now: " + text_at(job, "result_now"), took});
    }
    for (const auto& [name, output] : job.at("outputs").items()) {
      const bool same = output.at("same").get<bool>();
      const std::string now = output.at("made").is_null()
                                  ? "not made now"
                                  : "now " + text_at(output, "made").substr(0, 12);
      rows.push_back({step, kind, name, text_at(output, "digest").substr(0, 12),
                      same ? "the same" : now, took});
      step.clear();
      kind.clear();
    }
  }
  return table({"step", "job", "makes", "digest", "again", "took"}, rows, color);
}

std::string verdict_text(const Json& made) {
  const std::string version = text_at(made, "version");
  if (made.at("same").get<bool>()) {
    return fmt::format("{} is reproduced: its pipeline {} follows bit for bit from {}", version,
                       text_at(made, "pipeline").substr(0, 12), text_at(made, "dataset"));
  }
  return fmt::format("{} is not reproduced: what differs is named above", version);
}

/// Why bits may differ, as far as the jobs tell.
std::string_view hint_of(const Json& made) {
  for (const Json& job : made.at("jobs")) {
    if (job.value("script", false) && !job.at("same").get<bool>()) {
      return "hint: the script is not deterministic: from the same rows and the same seed it left "
             "another model; `seed` of description.json should decide all chance";
    }
    if (!job.at("same").get<bool>()) break;  // what follows differs by what it got
  }
  return "hint: bits of a training are promised for one type of processor and one build of the "
         "libraries; `rondo fsck` says whether what is kept is whole";
}

}  // namespace

Result<int> run_reproduce(const Args& args) {
  loop::ReproduceWish wish;
  if (!args.words.empty()) {
    const auto version = positive(args.words[0], 'v');
    if (!version) return refuse_version(args, args.words[0]);
    wish.version = *version;
  }
  if (args.has("--threads")) {
    wish.threads = positive(args.get("--threads"));
    if (!wish.threads) {
      return report_usage(args, fmt::format("--threads is a number above 0, not \"{}\"",
                                            args.get("--threads")),
                          "rondo reproduce v3 --threads 1");
    }
  }
  const Opened project = TRY(open_project(args));
  const io::Scratch scratch;
  wish.folder = scratch.path();
  wish.project = args.project;
  wish.stop = args.stop;
  const auto launcher = loop::process_launcher(
      io::real_fs(), loop::store_folder(args.project) / "objects");
  Display display(args.terminal && !args.json, args.color);
  const Json made = TRY(loop::reproduce(*project.store, project.config, wish, *launcher,
                                        [&](const Json& event) {
                                          if (!args.json) display(event);
                                        }));
  display.end();
  const bool same = made.at("same").get<bool>();
  if (args.json) {
    say_json(made);
    return same ? kOk : kFailed;
  }
  say(fmt::format("{} of {}, from {}: {} in {}, each byte verified", text_at(made, "version"),
                  text_at(made, "model"), text_at(made, "dataset"),
                  counted(made.at("rows").get<std::size_t>(), "row"),
                  counted(made.at("segments").get<std::size_t>(), "segment")));
  say(jobs_text(made.at("jobs"), args.color));
  say(ink(same ? Ink::kGreen : Ink::kRed, verdict_text(made), args.color));
  if (!same) complain(std::string(hint_of(made)));
  return same ? kOk : kFailed;
}

}  // namespace rondo::cli
