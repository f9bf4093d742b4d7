// Jobs outside of any step, each with a folder that goes with it.
#include "loop/databases.h"

#include "base/clock.h"
#include "io/scratch.h"
#include "loop/launcher.h"
#include "loop/session.h"
#include "loop/state.h"

namespace rondo::loop {
namespace {

constexpr Span kDeadline = Span::seconds(600);

/// `folder` gets "out" with what the job wrote.
Result<ledger::StageOutput> ask(const std::shared_ptr<io::Fs>& fs, const std::string& kind,
                                const collect::Options& options, const io::Path& project,
                                const Json& cursor, const io::Path& folder) {
  collect::Situation situation;
  situation.project_folder = std::filesystem::absolute(project).string();
  situation.temp = folder.string();
  Job job;
  job.kind = kind;
  job.input.options = {{"collect", io::write_options(options)},
                       {"now", collect::to_json(situation)},
                       {"cursor", cursor}};
  job.input.out = folder / "out";
  TRY(fs->make_folders(job.input.out));
  auto output = process_launcher(fs, folder / "objects")->launch(job, folder, kDeadline);
  if (output || output.error().code != Code::kUnavailable) return output;
  Error error = output.error();
  if (error.hint.starts_with("its log is ")) error.hint.clear();  // it goes with the folder
  return std::unexpected(std::move(error));
}

void look(Session& session, const Json& cursor, Heard& heard) {
  const io::Scratch folder;
  const auto answer = ask(session.store->fs, "look", session.config.collect, session.project,
                          cursor, folder.path());
  heard.error.reset();
  heard.changed = answer && answer->evidence.at("changed").get<bool>();
  heard.what = answer ? answer->evidence.at("what").get<std::string>() : std::string();
  if (!answer) heard.error = answer.error();
}

}  // namespace

Result<void> peek_databases(Session& session, const State& state, const Json& cursor,
                            collect::Peek& peek) {
  const collect::Options& options = session.config.collect;
  if (!collect::asks_databases(options)) return {};
  Heard now{state.manifest, monotonic_us(), false, "", {}};
  std::optional<Heard>& heard = session.heard;
  if (state.manifest.empty()) {
    now.changed = true;
    now.what = TRY(collect::databases_in(options)).sources.at(0) + " is new";
    heard = now;
  } else if (heard && heard->manifest != state.manifest) {
    heard = now;  // it was asked for this very version
  } else if (!heard || now.at_us - heard->at_us >= TRY(collect::databases_in(options)).every.us) {
    look(session, cursor, now);
    heard = now;
  }
  if (heard->error) return std::unexpected(*heard->error);
  if (!heard->changed) return {};
  if (!peek.changed || peek.only_pushed) peek.what = heard->what;
  peek.changed = true;
  peek.only_pushed = false;
  return {};
}

Result<collect::FetchedRows> fetch_databases(const std::shared_ptr<io::Fs>& fs,
                                             const collect::Options& options,
                                             const io::Path& project, const io::Path& folder) {
  collect::FetchedRows files;
  if (!collect::asks_databases(options)) return files;
  const auto output = TRY(ask(fs, "fetch", options, project, Json::object(), folder));
  for (const auto& [name, file] : output.files) files[name] = folder / "out" / file;
  return files;
}

Result<collect::FetchedRows> fetched_databases(const collect::Options& options,
                                               const io::Path& folder) {
  collect::FetchedRows files;
  if (!collect::asks_databases(options)) return files;
  for (const std::string& source : TRY(collect::databases_in(options)).sources) {
    const std::string name = source.substr(source.find(':') + 1);
    files[name] = folder / "out" / (name + ".parquet");
  }
  return files;
}

}  // namespace rondo::loop
