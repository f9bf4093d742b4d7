// One thread beside the server's: it looks at the file, and at the tokens.
#include "loop/file_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/published.h"
#include "io/digest.h"
#include "loop/portable.h"
#include "loop/storeless.h"

namespace rondo::loop {
namespace {

constexpr Span kLookEvery = Span::millis(200);

class FileService : public StorelessService {
 public:
  explicit FileService(const FileServiceOptions& options)
      : options_(options),
        fs_(io::real_fs()),
        token_watch_(*fs_, options.tokens) {}
  ~FileService() override { stop(); }

  Result<void> open() {
    const auto seen = TRY(fs_->stat(options_.file));
    if (!seen) {
      return fail(Code::kNotFound, fmt::format("{} was not found", options_.file.string()),
                  "`rondo export -o FILE.rondo` writes one, and so does `rondo import -o`");
    }
    seen_ = *seen;
    TRY(take_in());
    if (options_.tokens.empty()) {
      tokens_.publish(std::make_shared<const ledger::Tokens>());
      return {};
    }
    if (!TRY(fs_->stat(options_.tokens / "tokens"))) {
      return fail(Code::kInvalidInput,
                  fmt::format("{} has no file tokens", options_.tokens.string()),
                  "name the .rondo of the project, or a folder with a copy of .rondo/tokens; "
                  "`rondo token create` makes it");
    }
    follow_tokens();
    return {};
  }

  const Config& config() const override { return config_; }
  std::string model_name() const override { return config_.project.name; }
  const deploy::Router& router() const override { return router_; }
  Result<std::shared_ptr<const deploy::Deployed>> version(std::int64_t number) override {
    if (auto found = router_.take()->find(number)) return found;
    return fail(Code::kNotFound, fmt::format("there is no v{}", number));
  }
  Result<std::vector<std::int64_t>> versions() const override {
    return std::vector{router_.take()->champion->version};
  }
  LoopNumbers numbers() const override {
    LoopNumbers out;
    alerts_.with([&](const auto& all) {
      for (const auto& [part, sentence] : all) out.alerts.push_back(sentence);
    });
    if (!out.alerts.empty()) out.alert = out.alerts.front();
    out.promotions = replaced_.get();
    return out;
  }
  std::shared_ptr<const ledger::Tokens> tokens() const override { return tokens_.take(); }
  void start() override {
    watcher_ = std::make_unique<Worker>("file", [this](const Stop& stop) {
      for (; !stop.requested(); sleep_for(kLookEvery, stop)) {
        look();
        if (!options_.tokens.empty()) follow_tokens();
      }
    });
  }
  void stop() override { watcher_.reset(); }

 private:
  Result<void> take_in();
  Result<void> check_follows(const model::Pipeline& before, const model::Pipeline& next,
                             const std::string& exported) const;
  void look();
  void follow_tokens();
  void complain(const std::string& part, const std::string& sentence);

  FileServiceOptions options_;
  std::shared_ptr<io::Fs> fs_;
  Config config_;  // as the first file says; what a request may send beside the inputs
  io::Stat seen_;
  io::Digest digest_;  // of the bytes that answer
  std::string exported_;  // whose model they are; empty: they say no name
  Counter replaced_;      // files that took over from another
  deploy::Router router_;
  ledger::TokenWatch token_watch_;
  Published<ledger::Tokens> tokens_;
  Guarded<std::map<std::string, std::string>> alerts_;  // by part
  std::unique_ptr<Worker> watcher_;
};

Result<void> check_past(const model::Pipeline& pipeline, Past past) {
  const auto& lags = pipeline.transform().history().lags;
  if (lags.empty() || past == Past::kMissing) return {};
  return fail(Code::kInvalidInput,
              fmt::format("the model reads {} lag{} from the past, which only its project knows",
                          lags.size(), lags.size() == 1 ? "" : "s"),
              "serve it by `rondo up` in the project; --no-history answers with them missing, and "
              "less well");
}

std::unexpected<Error> another_model(const std::string& difference) {
  return fail(Code::kConflict, "the file was replaced and is refused: " + difference,
              "serve another model by another server");
}

std::string answers_of(const model::Pipeline::Parts& parts) {
  if (parts.task == model::Task::kQuantile) {
    return fmt::format("the quantiles {}", fmt::join(parts.levels, ", "));
  }
  if (model::is_number(parts.task)) return "a number";
  return fmt::format("the classes {}", fmt::join(parts.classes, ", "));
}

/// How the columns that `next` reads differ from those of `before`; empty: not at all.
std::string other_inputs(const model::Pipeline& before, const model::Pipeline& next) {
  const table::Schema &old = before.transform().inputs(), &fresh = next.transform().inputs();
  for (const table::Field& field : fresh.fields) {
    const auto was = old.find(field.name);
    if (!was) return fmt::format("it reads the column \"{}\", which was no input", field.name);
    const table::Type type = old.fields[*was].type;
    if (type != field.type) {
      return fmt::format("its column \"{}\" is {}, and was {}", field.name, name_of(field.type),
                         name_of(type));
    }
  }
  for (const table::Field& field : old.fields) {
    if (fresh.find(field.name)) continue;
    return fmt::format("it does not read the column \"{}\"", field.name);
  }
  return {};
}

/// Whether a file may take over: who asks goes on to send the same rows and to read the same
/// answers. Only a newer version of the same model, by the name that its project gave it, may read
/// other columns.
Result<void> FileService::check_follows(const model::Pipeline& before, const model::Pipeline& next,
                                        const std::string& exported) const {
  const model::Pipeline::Parts &was = before.parts(), &is = next.parts();
  const std::string known = exported_.empty() ? model_name() : exported_;
  if (options_.name.empty() && !exported.empty() && exported != model_name()) {
    return another_model(fmt::format("it holds the model \"{}\", and this server answers for "
                                     "\"{}\"", exported, model_name()));
  }
  if (is.target != was.target) {
    return another_model(fmt::format("it predicts \"{}\", not \"{}\"", is.target, was.target));
  }
  if (is.task != was.task || is.classes != was.classes || is.levels != was.levels) {
    return another_model(fmt::format("it answers {}, not {}", answers_of(is), answers_of(was)));
  }
  const std::string inputs = other_inputs(before, next);
  if (inputs.empty() || (!exported.empty() && exported == known)) return {};
  return another_model(inputs + fmt::format("; only a newer version of \"{}\", as `rondo export` "
                                            "writes it, may read other columns", known));
}

/// Reads the file and lets it answer from the next request on. A pipe would hold whoever opens it.
Result<void> FileService::take_in() {
  if (seen_.special) {
    return fail(Code::kInvalidInput,
                fmt::format("{} is a pipe or a device", options_.file.string()), "name a file");
  }
  const std::string bytes = TRY(fs_->read(options_.file));
  const io::Digest digest = io::sha256(bytes);
  const auto before = router_.take();
  if (before && digest == digest_) return {};
  const auto pipeline =
      TRY(during(model::Pipeline::load(bytes), "loading " + options_.file.string()));
  TRY(check_past(*pipeline, options_.past));
  const Exported exported = TRY(exported_of(pipeline->parts().provenance));
  if (!before) {
    config_.project.name = !options_.name.empty()    ? options_.name
                           : !exported.model.empty() ? exported.model
                                                     : options_.file.stem().string();
    config_.project.target = pipeline->parts().target;
    config_.collect.time = exported.time;
    config_.collect.null = exported.null;
    config_.prepare.ignore = exported.ignore;
    config_.prepare.late = exported.late;
  } else {
    TRY(during(check_follows(*before->champion->pipeline, *pipeline, exported.model),
               options_.file.string()));
  }
  auto next = std::make_shared<deploy::Deployed>();
  const std::int64_t counted = before ? before->champion->version + 1 : 1;
  next->version = exported.version > 0 ? exported.version : counted;
  next->pipeline_digest = digest;
  next->pipeline = pipeline;
  router_.publish(std::make_shared<const deploy::Routing>(deploy::Routing{next, nullptr}));
  digest_ = digest;
  exported_ = exported.model;
  if (before) replaced_.add();
  return {};
}

/// What was refused is not tried again until the file changes once more.
void FileService::look() {
  const auto now = fs_->stat(options_.file);
  if (!now) return complain("file", now.error().line());
  if (!*now) {
    const bool news = seen_.inode != 0;
    seen_ = {};  // what comes back is read, also the same file
    const std::string gone = fmt::format("{} is gone", options_.file.string());
    const std::int64_t version = router_.take()->champion->version;
    complain("file", fmt::format("{}; v{} goes on from memory", gone, version));
    if (news && options_.observer) {
      options_.observer({{"event", "refused"}, {"version", version}, {"error", gone}});
    }
    return;
  }
  if ((*now)->inode == seen_.inode && (*now)->modified == seen_.modified &&
      (*now)->size == seen_.size) {
    return;
  }
  seen_ = **now;
  const io::Digest before = digest_;
  const auto taken = take_in();
  const std::int64_t version = router_.take()->champion->version;
  complain("file", taken ? ""
                         : fmt::format("{}; v{} goes on", taken.error().line(), version));
  if (!options_.observer || (taken && digest_ == before)) return;
  Json event = {{"event", taken ? "reloaded" : "refused"}, {"version", version}};
  if (!taken) event["error"] = taken.error().line();
  options_.observer(event);
}

/// What cannot be read holds nobody.
void FileService::follow_tokens() {
  auto news = token_watch_.look();
  complain("tokens", news ? "" : news.error().line());
  if (!news) tokens_.publish(nullptr);
  if (news && *news) tokens_.publish(std::make_shared<const ledger::Tokens>(**std::move(news)));
}

void FileService::complain(const std::string& part, const std::string& sentence) {
  alerts_.with([&](auto& all) {
    if (sentence.empty()) all.erase(part);
    else all[part] = sentence;
  });
}

}  // namespace

Result<std::unique_ptr<Service>> open_file_service(const FileServiceOptions& options) {
  auto service = std::make_unique<FileService>(options);
  TRY(service->open());
  return std::unique_ptr<Service>(std::move(service));
}

}  // namespace rondo::loop
