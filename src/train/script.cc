// The command, what it reads, and its process: confined beyond the worker around it, ended at its
// deadline with everything that it started.
#include "train/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "base/worker.h"
#include "io/child.h"
#include "io/digest.h"
#include "io/utf8.h"

namespace rondo::train {
namespace {

constexpr std::string_view kStoreFolder = ".rondo";
constexpr std::size_t kTailBytes = 1'500;
constexpr int kTailLines = 12;
/// Of what is left to the attempt: the rest is for telling what the script did wrong.
constexpr double kShareOfDeadline = 0.95;

/// Where a program of that name is. Errors: kNotFound.
Result<io::Path> program_of(io::Fs& fs, const std::string& name, const io::Path& project) {
  if (name.find('/') != name.npos) {
    const io::Path path = project / name;
    if (const auto found = fs.stat(path); found && *found && !(*found)->folder) return path;
    return fail(Code::kNotFound, fmt::format("[train] command: there is no program {}",
                                             path.string()),
                "a path is taken from the project's folder");
  }
  const char* const places = std::getenv("PATH");
  std::string_view rest = places == nullptr ? "/usr/local/bin:/usr/bin:/bin" : places;
  while (!rest.empty()) {
    const std::string_view place = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(place.size() + 1, rest.size()));
    if (!place.starts_with('/')) continue;
    const io::Path path = io::Path(place) / name;
    const auto found = fs.stat(path);
    if (found && *found && !(*found)->folder && ((*found)->mode & 0111) != 0) return path;
  }
  return fail(Code::kNotFound,
              fmt::format("[train] command: no program \"{}\" is on the PATH", name),
              "install it, or write its path, as \".venv/bin/python train.py\"");
}

/// An installation has its libraries beside its folder `bin`; shims (pyenv, asdf) lie in the
/// folder of all that they stand for.
void add_installation(const io::Path& program, io::Reach& reach) {
  const io::Path folder = program.parent_path(), above = folder.parent_path();
  const auto add = [&reach](const io::Path& path) {
    if (auto real = io::resolved(path)) reach.run.push_back(*std::move(real));
  };
  add(folder);
  if (folder.filename() == "shims") add(above);
  if (folder.filename() != "bin") return;
  for (const char* part : {"lib", "lib64", "libexec", "share", "pyvenv.cfg"}) add(above / part);
}

/// Bytes as text that may stand in a message: what is no character of a line is shown as '?'.
std::string as_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = io::utf8_length(bytes);
    const bool control = length == 1 && static_cast<unsigned char>(bytes[0]) < 0x20 &&
                         bytes[0] != '\n' && bytes[0] != '\t';
    if (length == 0 || control || bytes[0] == 0x7F) text += bytes[0] == '\r' ? '\n' : '?';
    else text += bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

/// The last lines of what it printed.
std::string tail_of(io::Fs& fs, const io::Path& log) {
  const auto about = fs.stat(log);
  if (!about || !*about) return {};
  const std::uint64_t size = (*about)->size;
  const std::uint64_t from = size - std::min<std::uint64_t>(size, kTailBytes);
  const auto bytes = fs.read_at(log, from, kTailBytes);
  if (!bytes) return {};
  std::string text = as_text(*bytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::size_t at = text.size();
  for (int line = 0; line < kTailLines && at != text.npos && at > 0; ++line) {
    at = text.rfind('\n', at - 1);
  }
  return at == text.npos ? text : text.substr(at == 0 ? 0 : at + 1);
}

/// One script at work.
class ScriptRun {
 public:
  ScriptRun(const ScriptTask& task, const ledger::StageInput& input)
      : task_(task), input_(input), home_(std::filesystem::absolute(input.out) / "script"),
        in_(home_ / "in"), out_(home_ / "out"), scratch_(home_ / "tmp"),
        log_(input.out.parent_path() / "script.log") {
    const std::int64_t now = monotonic_us();
    if (input.until_us > 0) {
      end_us_ = now + static_cast<std::int64_t>(static_cast<double>(input.until_us - now) *
                                                kShareOfDeadline);
    }
    if (task.until_us > 0 && (end_us_ == 0 || task.until_us < end_us_)) {
      end_us_ = task.until_us;
      by_budget_ = true;
    }
  }

  Result<Scripted> run() {
    TRY(check_files());
    if (TRY(input_.fs->stat(home_))) TRY(input_.fs->remove_all(home_));
    for (const io::Path& folder : {in_, out_, scratch_}) TRY(input_.fs->make_folders(folder));
    const Span deadline = end_us_ == 0 ? Span{} : Span{end_us_ - monotonic_us()};
    Scripted made;
    made.inner_rows = TRY(write_script_inputs(task_, input_, in_, deadline));
    TRY(work());
    made.said = tail_of(*input_.fs, log_);
    auto read = read_script_model(*input_.fs, out_, task_.prepared, task_.rows);
    if (!read) return std::unexpected(told(std::move(read.error())));
    made.model = std::move(read->model);
    made.library = std::move(read->library);
    made.objective = std::move(read->objective);
    made.options = {{"learner", "script"},
                    {"command", task_.options.command},
                    {"script", digests()},
                    {"library", made.library},
                    {"objective", made.objective},
                    {"rounds", made.model.rounds},
                    {"seed", task_.options.seed}};
    TRY(input_.fs->remove_all(home_));
    return made;
  }

 private:
  Json digests() const {
    const Json now = io::get_or<Json>(input_.options, "now", Json::object());
    return io::get_or<Json>(now, "script", Json::object());
  }

  /// What it read then it must read now: it stands in the project, where a person edits it.
  Result<void> check_files() const {
    const Json then = digests(), now = TRY(script_files(*input_.fs, task_.options.command,
                                                       input_.project));
    for (const auto& [name, digest] : then.items()) {
      if (now.contains(name) && now.at(name) == digest) continue;
      return fail(Code::kConflict,
                  fmt::format("{} is not the file any more that the model was trained by (SHA-256 "
                              "{})", name, digest.get<std::string>().substr(0, 12)),
                  "put that file back, or let a new cycle train by the new one: `rondo trigger`");
    }
    return {};
  }

  Error told(Error error) const {
    const std::string tail = tail_of(*input_.fs, log_);
    if (tail.empty()) {
      error.message += "; it printed nothing";
    } else {
      error.message += "; it printed last:";
      for (std::size_t from = 0; from <= tail.size();) {
        const std::size_t end = std::min(tail.find('\n', from), tail.size());
        error.message += "\n  " + tail.substr(from, end - from);
        from = end + 1;
      }
    }
    error.hint += fmt::format("{}all that it printed is in {}", error.hint.empty() ? "" : "; ",
                              log_.string());
    return error;
  }
  std::unexpected<Error> failed(const std::string& how, std::string hint) const {
    return std::unexpected(told({Code::kInvalidInput,
                                 fmt::format("`{}` {}", task_.options.command, how),
                                 std::move(hint), {}, {}}));
  }

  Result<io::ChildOptions> options() const {
    io::ChildOptions child;
    child.argv = TRY(words_of_command(task_.options.command));
    const io::Path program = TRY(program_of(*input_.fs, child.argv[0], input_.project));
    child.argv[0] = program.string();
    child.reach = TRY(script_reach(*input_.fs, task_.options.command, input_.project));
    child.reach->read.push_back(TRY(io::resolved(in_)));
    child.reach->write = {TRY(io::resolved(out_)), TRY(io::resolved(scratch_))};
    const std::size_t threads = lanes_for(task_.options.threads);
    child.own_environment = true;  // ours may hold passwords of databases
    for (const char* name : {"PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "PYTHONPATH"}) {
      if (const char* value = std::getenv(name)) {
        child.environment.push_back(fmt::format("{}={}", name, value));
      }
    }
    const std::string own[] = {"RONDO_IN=" + in_.string(),
                               "RONDO_OUT=" + out_.string(),
                               "HOME=" + scratch_.string(),
                               "TMPDIR=" + scratch_.string(),
                               fmt::format("OMP_NUM_THREADS={}", threads),
                               "PYTHONHASHSEED=0",
                               "PYTHONUNBUFFERED=1",
                               "PYTHONDONTWRITEBYTECODE=1"};
    child.environment.insert(child.environment.end(), std::begin(own), std::end(own));
    child.folder = input_.project;
    child.log_file = log_;
    return child;
  }

  Result<void> work() const {
    const io::ChildOptions child_options = TRY(options());
    if (TRY(input_.fs->stat(log_))) TRY(input_.fs->remove(log_));
    io::Child child = TRY(io::Child::start(child_options));
    for (;;) {
      for (const std::string& line : child.lines()) {
        const auto said = io::parse_json(line, "progress");
        if (said && said->is_object() && input_.progress) {
          input_.progress({{"what", "training"}, {"done", io::get_or<double>(*said, "done", 0)}});
        }
      }
      if (const auto code = TRY(child.poll())) return ended(*code);
      if (input_.stop.requested()) {
        return fail(Code::kCancelled, "training was stopped before it had a model");
      }
      if (end_us_ > 0 && monotonic_us() > end_us_) {
        child.kill();
        while (!TRY(child.poll())) sleep_for(Span::millis(1));
        return failed("took too long and was ended",
                      by_budget_ ? "raise [train] budget, or give it less to do"
                                 : "raise [loop] step_deadline, or give it less to do");
      }
      sleep_for(Span::millis(10), input_.stop);
    }
  }

  Result<void> ended(int code) const {
    if (code == 0) return {};
    if (code > 128) {
      return failed(fmt::format("was killed by signal {}", code - 128),
                    "signal 9 often means that memory ran out, 24 that CPU time did");
    }
    return failed(fmt::format("ended with exit code {}", code),
                  "it runs in the project's folder, without a network, and may write only into "
                  "RONDO_OUT and TMPDIR");
  }

  const ScriptTask& task_;
  const ledger::StageInput& input_;
  io::Path home_, in_, out_, scratch_, log_;
  std::int64_t end_us_ = 0;
  bool by_budget_ = false;
};

}  // namespace

Result<std::vector<std::string>> words_of_command(const std::string& command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == 0 && (c == '"' || c == '\'')) quote = c;
    else if (c == quote) quote = 0;
    else if (c == '\\' && quote != '\'' && i + 1 < command.size()) words.back() += command[++i];
    else words.back() += c;
  }
  if (quote != 0) {
    return fail(Code::kInvalidInput, fmt::format("the quote {} in `{}` stays open", quote, command),
                "close it, or write a \\ before it");
  }
  if (!command.empty() && (words.empty() || words[0].empty())) {
    return fail(Code::kInvalidInput, "it names no program", "write \"python train.py\"");
  }
  return words;
}

Result<Json> script_files(io::Fs& fs, const std::string& command, const io::Path& project) {
  Json files = Json::object();
  for (const std::string& word : TRY(words_of_command(command))) {
    // "--options=a.json" names a file too.
    for (const std::string& name : {word, word.substr(word.find('=') + 1)}) {
      const io::Path path(name);
      if (name.empty() || path.is_absolute() || name.find("..") != name.npos) continue;
      const auto about = fs.stat(project / path);
      if (!about || !*about || (*about)->folder || (*about)->special) continue;
      files[name] = io::sha256(TRY(fs.read(project / path))).hex();
    }
  }
  return files;
}

Result<io::Reach> script_reach(io::Fs& fs, const std::string& command, const io::Path& project) {
  io::Reach reach;
  const auto words = TRY(words_of_command(command));
  const io::Path program = TRY(program_of(fs, words[0], project));
  for (const char* place : {"/bin", "/sbin", "/usr", "/lib", "/lib64", "/opt"}) {
    if (auto real = io::resolved(place)) reach.run.push_back(*std::move(real));
  }
  add_installation(program, reach);
  if (const auto real = io::resolved(program)) add_installation(*real, reach);
  // Debian's Python looks for its sitecustomize.py there.
  for (int minor = 8; minor < 30; ++minor) {
    if (auto real = io::resolved(fmt::format("/etc/python3.{}", minor))) {
      reach.read.push_back(*std::move(real));
    }
  }
  const io::Path folder = TRY(io::resolved(project));
  reach.list.push_back(folder);
  for (const std::string& name : TRY(fs.list(folder))) {
    if (name == kStoreFolder) continue;  // tokens, records, other people's requests
    const auto real = io::resolved(folder / name);
    // A link that leads out of the folder is not followed.
    if (real && *real == folder / name) reach.run.push_back(*real);
  }
  return reach;
}

Result<Scripted> run_script(const ScriptTask& task, const ledger::StageInput& input) {
  return ScriptRun(task, input).run();
}

}  // namespace rondo::train
