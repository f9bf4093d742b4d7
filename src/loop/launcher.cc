// The two launchers and the worker's entry: RONDO_IN/job.json in, RONDO_OUT/outcome.json out.
#include "loop/launcher.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/guarded.h"
#include "base/worker.h"
#include "deploy/assemble.h"
#include "io/child.h"
#include "io/say.h"
#include "loop/confine.h"
#include "loop/config.h"
#include "loop/run.h"
#include "loop/score.h"
#include "train/foreign_scores.h"

namespace rondo::loop {
namespace {

using ledger::StageInput;
using ledger::StageOutput;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // their shadow takes terabytes of addresses
#else
constexpr bool kSanitized = false;
#endif

struct Entry {
  std::string_view kind;
  Result<StageOutput> (*run)(const StageInput&);
};
constexpr Entry kEntries[] = {
    {"collect", collect::run}, {"prepare", prepare::run},   {"train", train::run},
    {"score", score},          {"evaluate", evaluate::run}, {"assemble", deploy::assemble},
    {"foreign_scores", train::foreign_scores}, {"look", collect::look}, {"fetch", collect::fetch},
};

/// As a person knows it.
std::string named(const Job& job) {
  if (job.step == 0) return "the job " + job.kind;
  return fmt::format("step {} ({})", job.step, job.kind);
}

class Inline : public Launcher {
 public:
  Result<StageOutput> launch(const Job& job, const io::Path&, Span deadline) override {
    StageInput input = job.input;
    input.until_us = monotonic_us() + deadline.us;
    return run_job(job.kind, input);
  }
};

Json error_json(const Error& error) {
  return {{"code", static_cast<int>(error.code)},
          {"message", error.message},
          {"hint", error.hint},
          {"context", error.context}};
}

std::unexpected<Error> error_from(const Json& json) {
  Error error;
  error.code = static_cast<Code>(io::get_or<int>(json, "code", static_cast<int>(Code::kIo)));
  error.message = io::get_or<std::string>(json, "message", "the worker failed");
  error.hint = io::get_or<std::string>(json, "hint", "");
  error.context = io::get_or<std::vector<std::string>>(json, "context", {});
  return std::unexpected(std::move(error));
}

/// One of the places for workers, of which this process has as many as the machine has cores: more
/// of many projects would only take each other's memory. Errors: kCancelled.
class Place {
 public:
  static Result<Place> take(const Stop& stop) {
    for (;;) {
      const bool got = free_places().wait(
          Span::millis(100), [](std::size_t free) { return free > 0; },
          [](std::size_t& free) { return free > 0 && free-- > 0; });
      if (got) return Place();
      if (stop.requested()) return fail(Code::kCancelled, "stopped while other projects worked");
    }
  }
  Place(Place&& other) noexcept : held_(std::exchange(other.held_, false)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (held_) free_places().change([](std::size_t& free) { ++free; });
  }

 private:
  Place() = default;
  static Guarded<std::size_t>& free_places() {
    static Guarded<std::size_t> free(cores());
    return free;
  }
  bool held_ = true;
};

class Process : public Launcher {
 public:
  Process(std::shared_ptr<io::Fs> fs, io::Path objects)
      : fs_(std::move(fs)), objects_(std::move(objects)) {}

  Result<StageOutput> launch(const Job& job, const io::Path& folder, Span deadline) override {
    const io::Path in = folder / "in";
    TRY(fs_->make_folders(in));
    Confined confined = TRY(confine(*fs_, job, folder, objects_));
    if (!job.input.kept.empty()) {
      confined.job["kept"] = std::filesystem::absolute(job.input.kept).string();
    }
    if (!job.input.project.empty()) {
      confined.job["project"] = std::filesystem::absolute(job.input.project).string();
    }
    TRY(io::write_atomically(*fs_, in / "job.json", io::canonical(confined.job)));
    const Place place = TRY(Place::take(job.input.stop));
    RONDO_FAILPOINT(kWorkerSpawn);
    io::Child child = TRY(io::Child::start(child_options(job, confined, folder, deadline)));
    TRY(wait(child, job, folder, deadline));
    RONDO_FAILPOINT(kWorkerResult);
    const std::string text = TRY(fs_->read(job.input.out / "outcome.json"));
    const Json outcome = TRY(io::parse_json(text, "the worker's outcome"));
    if (outcome.contains("error")) return error_from(outcome.at("error"));
    return output_from(outcome);
  }

 private:
  static io::ChildOptions child_options(const Job& job, const Confined& confined,
                                        const io::Path& folder, Span deadline) {
    io::ChildOptions options;
    options.reach = confined.reach;
    options.argv = {"/proc/self/exe", "worker"};
    options.environment = {
        fmt::format("RONDO_RUN={}", job.epoch),
        fmt::format("RONDO_STEP={}", job.step),
        fmt::format("RONDO_ATTEMPT={}", job.attempt),
        fmt::format("RONDO_FENCE={}", job.epoch),
        "RONDO_RANK=0",
        "RONDO_WORLD=1",
        "RONDO_PEERS=",
        "RONDO_IN=" + (folder / "in").string(),
        "RONDO_OUT=" + job.input.out.string(),
        "RONDO_DEADLINE=" + to_text(deadline),
    };
    options.log_file = folder / "worker.log";
    options.nice = 10;
    // A job that runs away ends by itself before it takes the machine with it.
    const auto seconds = static_cast<std::uint64_t>(deadline.in_seconds());
    options.memory_bytes = worker_memory();
    options.cpu_seconds = seconds * cores() + 60;
    options.open_files = 1024;
    options.file_bytes = 64ULL << 30;
    return options;
  }

  static Result<void> wait(io::Child& child, const Job& job, const io::Path& folder,
                           Span deadline) {
    const std::int64_t end = monotonic_us() + deadline.us;
    bool asked = false;
    for (;;) {
      for (const std::string& line : child.lines()) {
        auto said = io::parse_json(line, "progress");
        if (said && job.input.progress) job.input.progress(*said);
      }
      const std::optional<int> code = TRY(child.poll());
      if (code && *code == 0) return {};
      if (code) {
        return fail(Code::kUnavailable,
                    fmt::format("the worker of {} ended with {}", named(job),
                                *code > 128 ? fmt::format("signal {}", *code - 128)
                                            : fmt::format("exit code {}", *code)),
                    fmt::format("its log is {}", (folder / "worker.log").string()));
      }
      if (job.input.stop.requested() && job.input.finishes) {
        if (!std::exchange(asked, true)) child.ask_to_stop();
        if (monotonic_us() <= end) {
          sleep_for(Span::millis(2));
          continue;
        }
      }
      if (job.input.stop.requested() || monotonic_us() > end) {
        child.kill();
        return job.input.stop.requested()
                   ? fail(Code::kCancelled, fmt::format("{} was stopped", named(job)))
                   : fail(Code::kUnavailable,
                          fmt::format("{} passed its deadline of {}", named(job),
                                      to_text(deadline)),
                          "raise [loop] step_deadline, or give it less data");
      }
      sleep_for(Span::millis(2), job.input.stop);
    }
  }

  std::shared_ptr<io::Fs> fs_;
  io::Path objects_;
};

Result<StageInput> input_from(const Json& json, const io::Path& out) {
  StageInput input;
  input.options = io::get_or<Json>(json, "options", Json::object());
  const Json inputs = io::get_or<Json>(json, "inputs", Json::object());
  for (const auto& item : inputs.items()) {
    input.inputs[item.key()] = TRY(io::Digest::from_hex(item.value().get<std::string>()));
  }
  input.out = out;
  input.kept = io::get_or<std::string>(json, "kept", "");
  input.project = io::get_or<std::string>(json, "project", "");
  const char* const deadline = std::getenv("RONDO_DEADLINE");
  const auto span = parse_span(deadline == nullptr ? "" : deadline);
  if (span) input.until_us = monotonic_us() + span->us;
  input.now = {io::get_or<std::int64_t>(json, "now_us", 0)};
  input.seed = {io::get_or<std::uint64_t>(json, "seed", 1)};
  return input;
}

Result<StageOutput> worker_job(io::Fs& fs, const std::shared_ptr<io::Fs>& shared,
                               const io::Path& in, const io::Path& out, const Stop& stop) {
  const std::string text = TRY(fs.read(in / "job.json"));
  const Json job = TRY(io::parse_json(text, "job.json"));
  StageInput input = TRY(input_from(job, out));
  const ledger::Objects objects(shared, TRY(io::get<std::string>(job, "objects")));
  input.objects = &objects;
  input.fs = &fs;
  input.stop = stop;
  input.progress = [](const Json& said) { io::say_to_parent(io::canonical(said)); };
  return run_job(TRY(io::get<std::string>(job, "kind")), input);
}

}  // namespace

Result<StageOutput> run_job(const std::string& kind, const StageInput& input) {
  for (const Entry& entry : kEntries) {
    if (entry.kind == kind) return entry.run(input);
  }
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is no job of a step", kind));
}

std::uint64_t worker_memory() { return kSanitized ? 0 : 2 * physical_memory(); }

std::unique_ptr<Launcher> inline_launcher() { return std::make_unique<Inline>(); }

std::unique_ptr<Launcher> process_launcher(std::shared_ptr<io::Fs> fs, io::Path objects) {
  return std::make_unique<Process>(std::move(fs), std::move(objects));
}

Json to_json(const Job& job, const io::Path& objects) {
  Json inputs = Json::object();
  for (const auto& [name, digest] : job.input.inputs) inputs[name] = digest.hex();
  return {{"kind", job.kind},
          {"options", job.input.options},
          {"inputs", inputs},
          {"now_us", job.input.now.us},
          {"seed", job.input.seed.value},
          {"objects", objects.empty() ? "" : std::filesystem::absolute(objects).string()}};
}

Json to_json(const StageOutput& output) {
  return {{"result", output.result},
          {"reason", output.reason},
          {"evidence", output.evidence},
          {"measured", output.measured},
          {"files", output.files}};
}

Result<StageOutput> output_from(const Json& json) {
  StageOutput output;
  output.result = TRY(io::get<std::string>(json, "result"));
  output.reason = TRY(io::get<std::string>(json, "reason"));
  output.evidence = io::get_or<Json>(json, "evidence", Json::object());
  output.measured = io::get_or<Json>(json, "measured", Json::object());
  output.files = io::get_or<std::map<std::string, std::string>>(json, "files", {});
  return output;
}

int work_as_rank(const Stop& stop) {
  const char* in = std::getenv("RONDO_IN");
  const char* out = std::getenv("RONDO_OUT");
  if (in == nullptr || out == nullptr) return 2;
  const std::shared_ptr<io::Fs> fs = io::real_fs();
  Result<StageOutput> output = worker_job(*fs, fs, in, out, stop);
  if (output) output->measured["worker_cpu_s"] = cpu_seconds();
  const Json outcome = output ? to_json(*output) : Json{{"error", error_json(output.error())}};
  return io::write_atomically(*fs, io::Path(out) / "outcome.json", io::canonical(outcome)) ? 0 : 1;
}

}  // namespace rondo::loop
