// The jobs of a cycle once more, each from the inputs that it had then.
#include "loop/reproduce.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "ledger/manifest.h"
#include "model/prepared.h"
#include "loop/confine.h"
#include "loop/desk.h"

namespace rondo::loop {
namespace {

using ledger::Fact;
using ledger::StageOutput;

constexpr Span kDeadline = Span::days(1);

struct Noted {
  std::int64_t step = 0;
  std::string stage;
  Json job;
};

/// The last step of each stage of the version's cycle, up to the one that deployed it.
Result<std::vector<Noted>> jobs_of(ledger::Store& store, const Version& version) {
  std::map<std::string, Fact> last;
  for (Fact& fact : TRY(store.ledger->facts_of("step_finished"))) {
    if (fact.step > version.step) break;
    if (io::get_or<std::int64_t>(fact.body, "cycle", 0) != version.cycle) continue;
    const auto stage = io::get_or<std::string>(fact.body, "stage", "");
    last.insert_or_assign(stage, std::move(fact));
  }
  std::vector<Noted> jobs;
  for (const Stage stage : kStages) {
    const std::string name(text_of(stage).name);
    const auto fact = last.find(name);
    if (fact == last.end()) continue;
    const Json outputs = io::get_or<Json>(fact->second.body, "outputs", Json::object());
    const auto hex = io::get_or<std::string>(outputs, "jobs", "");
    if (hex.empty()) continue;
    const std::string text = TRY(store.objects->get(TRY(io::Digest::from_hex(hex))));
    for (Json& job : TRY(io::parse_json(text, "the jobs of a step"))) {
      jobs.push_back({fact->second.step, name, std::move(job)});
    }
  }
  return jobs;
}

/// One version at work.
class Maker {
 public:
  Maker(ledger::Store& store, const ReproduceWish& wish, Launcher& launcher,
        const Observer& observer)
      : store_(store), wish_(wish), launcher_(launcher), observer_(observer) {}

  Result<Json> again(const Noted& noted) {
    Job job = TRY(job_of(noted));
    const io::Path folder = wish_.folder / fmt::format("{}-{}", noted.step, made_++);
    job.input.out = folder / "out";
    TRY(store_.fs->make_folders(job.input.out));
    const std::int64_t began = monotonic_us();
    const StageOutput output = TRY(launcher_.launch(job, folder, kDeadline));
    Json row = {{"step", noted.step},
                {"stage", noted.stage},
                {"kind", job.kind},
                {"seconds", static_cast<double>(monotonic_us() - began) / 1e6},
                {"result", io::get_or<std::string>(noted.job, "result", "")},
                {"result_now", output.result},
                {"outputs", Json::object()}};
    bool same = row.at("result") == output.result;
    const Json then = io::get_or<Json>(noted.job, "outputs", Json::object());
    for (const auto& [name, digest] : then.items()) {
      std::string made;
      if (const auto file = output.files.find(name); file != output.files.end()) {
        made = io::sha256(TRY(store_.fs->read(job.input.out / file->second))).hex();
      }
      const bool equal = made == digest.get<std::string>();
      same = same && equal;
      row["outputs"][name] = {{"digest", digest}, {"made", made.empty() ? Json() : Json(made)},
                              {"same", equal}};
    }
    row["same"] = same;
    if (!job.input.project.empty()) row["script"] = true;
    TRY(store_.fs->remove_all(folder));
    return row;
  }

 private:
  Result<Job> job_of(const Noted& noted) const {
    Job job;
    job.kind = TRY(io::get<std::string>(noted.job, "kind"));
    job.step = noted.step;
    job.input.options = io::get_or<Json>(noted.job, "options", Json::object());
    set_temp(job.input.options, wish_.folder);
    if (wish_.threads && job.kind == "train") {
      job.input.options["train"]["threads"] = *wish_.threads;
    }
    if (job.kind == "train") TRY(set_candidates(noted, job.input.options));
    if (job.kind == "train" && job.input.options["now"].contains("script")) {
      job.input.project = wish_.project;
    }
    const Json inputs = io::get_or<Json>(noted.job, "inputs", Json::object());
    for (const auto& [name, hex] : inputs.items()) {
      job.input.inputs[name] = TRY(io::Digest::from_hex(hex.get<std::string>()));
    }
    job.input.now = {io::get_or<std::int64_t>(noted.job, "now_us", 0)};
    job.input.seed = {io::get_or<std::uint64_t>(noted.job, "seed", 1)};
    job.input.stop = wish_.stop;
    job.input.objects = store_.objects.get();
    job.input.fs = store_.fs.get();
    job.input.progress = [this](const Json& said) {
      Json event = said;
      event["event"] = "progress";
      if (observer_) observer_(event);
    };
    return job;
  }

  /// Time decided only how many candidates were tried: as many are tried again.
  Result<void> set_candidates(const Noted& noted, Json& options) const {
    const Json outputs = io::get_or<Json>(noted.job, "outputs", Json::object());
    const auto hex = io::get_or<std::string>(outputs, "candidate", "");
    if (hex.empty()) return {};
    const std::string bytes = TRY(store_.objects->get(TRY(io::Digest::from_hex(hex))));
    const auto candidate = TRY(model::Candidate::decode(bytes));
    if (const auto tried = io::get_or<std::uint64_t>(candidate.options, "tried", 0); tried > 0) {
      options["now"]["candidates"] = tried;
    } else if (!candidate.options.contains("members")) {
      options["train"]["budget"] = "1 candidate";
    }
    return {};
  }

  ledger::Store& store_;
  const ReproduceWish& wish_;
  Launcher& launcher_;
  const Observer& observer_;
  int made_ = 0;
};

/// The version's dataset, every byte of it verified.
Result<Json> verified_dataset(const ledger::Store& store, const std::vector<Noted>& jobs) {
  for (const Noted& noted : jobs) {
    const Json inputs = io::get_or<Json>(noted.job, "inputs", Json::object());
    const auto hex = io::get_or<std::string>(inputs, "manifest", "");
    if (hex.empty()) continue;
    const ledger::Manifest manifest =
        TRY(ledger::get_manifest(*store.objects, TRY(io::Digest::from_hex(hex))));
    std::vector<ledger::Segment> segments = manifest.segments;
    for (const auto& [name, digest] : manifest.tables) {
      const auto side = TRY(ledger::get_manifest(*store.objects, digest)).segments;
      segments.insert(segments.end(), side.begin(), side.end());
    }
    for (const ledger::Segment& segment : segments) {
      TRY(store.objects->verified_path(segment.file));
    }
    return Json{{"dataset", fmt::format("d{}", manifest.number)}, {"manifest", hex},
                {"rows", manifest.rows}, {"segments", segments.size()}};
  }
  return Json::object();
}

Result<Version> version_of(const State& state, std::int64_t wished) {
  const std::int64_t number = wished != 0 ? wished : state.champion;
  if (number == 0) {
    return fail(Code::kNotFound, "no model serves yet",
                "turn the loop first: `rondo run`, or name a version: `rondo models` lists them");
  }
  const auto at = state.versions.find(number);
  if (at != state.versions.end()) return at->second;
  return fail(Code::kNotFound, fmt::format("there is no version v{}", number),
              "`rondo models` lists them");
}

}  // namespace

Json portable(Json job) {
  Json& options = job["options"];
  set_temp(options, "");
  if (options.contains("train")) options["train"]["threads"] = 0;
  return job;
}

Result<Json> reproduce(ledger::Store& store, const Config& config, const ReproduceWish& wish,
                       Launcher& launcher, const Observer& observer) {
  const Version version = TRY(version_of(TRY(read_state(*store.ledger)), wish.version));
  const std::vector<Noted> jobs = TRY(jobs_of(store, version));
  const bool complete = !jobs.empty() && jobs.back().job.value("kind", "") == "assemble";
  if (!complete) {
    return fail(Code::kNotFound,
                fmt::format("how v{} was made was not written down", version.version),
                "an imported model was made elsewhere; of versions that an older Rondo made the "
                "options of each job are not known");
  }
  Json out = {{"version", fmt::format("v{}", version.version)},
              {"model", config.model_name()},
              {"pipeline", version.pipeline},
              {"same", true},
              {"jobs", Json::array()}};
  out.update(TRY(verified_dataset(store, jobs)));
  Maker maker(store, wish, launcher, observer);
  for (const Noted& noted : jobs) {
    Json row = TRY(maker.again(noted));
    out["same"] = out.at("same").get<bool>() && row.at("same").get<bool>();
    out["jobs"].push_back(std::move(row));
  }
  return out;
}

}  // namespace rondo::loop
