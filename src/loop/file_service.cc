// One thread beside the server's: it looks at the file, and at the tokens.
#include "loop/file_service.h"

#include <fmt/format.h>

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
  void look();
  void follow_tokens();
  void complain(const std::string& part, const std::string& sentence);

  FileServiceOptions options_;
  std::shared_ptr<io::Fs> fs_;
  Config config_;  // as the first file says; what a request may send beside the inputs
  io::Stat seen_;
  io::Digest digest_;  // of the bytes that answer
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
  } else if (options_.name.empty() && !exported.model.empty() && exported.model != model_name()) {
    return fail(Code::kConflict, fmt::format("{} holds the model \"{}\" now, and this server "
                                             "answers for \"{}\"",
                                             options_.file.string(), exported.model, model_name()),
                "serve another model by another server, or name it with --name");
  }
  auto next = std::make_shared<deploy::Deployed>();
  const std::int64_t counted = before ? before->champion->version + 1 : 1;
  next->version = exported.version > 0 ? exported.version : counted;
  next->pipeline_digest = digest;
  next->pipeline = pipeline;
  router_.publish(std::make_shared<const deploy::Routing>(deploy::Routing{next, nullptr}));
  digest_ = digest;
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
