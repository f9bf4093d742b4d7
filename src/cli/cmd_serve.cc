// up, serve and feedback: answers online, and the labels that come back.
#include <fmt/format.h>

#include <signal.h>
#include <unistd.h>

#include <charconv>

#include "api/house.h"
#include "api/openapi.h"
#include "api/opening.h"
#include "api/server.h"
#include "api/target.h"
#include "base/worker.h"
#include "cli/confined.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "io/scratch.h"
#include "loop/confine.h"
#include "loop/file_service.h"
#include "loop/service.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

Result<api::ServerOptions> server_options(const Args& args, const loop::Config& config) {
  api::ServerOptions options = TRY(api::server_options(config.deploy));
  options.listen = args.get("--listen", config.deploy.listen);
  options.insecure_bind = args.has("--insecure-bind");
  if (!config.deploy.tls.empty()) {
    options.tls = (args.project / config.deploy.tls).lexically_normal();
  }
  return options;
}

/// What a client on this machine names to find who listens there.
std::string near_host(const std::string& listen) {
  const auto wish = loop::parse_listen(listen);
  const std::string host = wish ? wish->host : "";
  if (host == "::" || host == "::1") return "[::1]";
  if (host.find(':') != host.npos) return "[" + host + "]";
  return host.empty() || host == "0.0.0.0" ? "127.0.0.1" : host;
}

/// Where a client on this machine finds the server. A certificate has names, not addresses.
std::string base_of(const api::ServerOptions& options, std::uint16_t port) {
  if (options.tls.empty()) return fmt::format("http://{}:{}", near_host(options.listen), port);
  return fmt::format("https://{}:{}", options.hosts.empty() ? "localhost" : options.hosts[0], port);
}

/// What curl must be told to know the certificate.
std::string known_by(const api::ServerOptions& options, const api::Server& server) {
  if (!server.signs_itself()) return "";
  return " --cacert " + (options.tls / "cert.pem").string();
}

/// A row of the source for the curl line; empty without a model.
std::string example_row(const loop::Service& service) {
  const auto routing = service.router().take();
  if (!routing || !routing->champion) return "";
  return api::example_row(*routing->champion->pipeline).dump();
}

/// Says where it answers, waits for the end, drains.
void serve(const Args& args, const api::ServerOptions& options, api::Server& server,
           loop::Service& service) {
  const std::string base = base_of(options, server.port());
  say(fmt::format("{} answers at {} (pid {}); Ctrl-C drains and ends", service.model_name(), base,
                  ::getpid()));
  const std::string row = example_row(service);
  if (row.empty()) say("  no model answers yet; `rondo status` says why");
  else say(fmt::format("  curl -s{} {}/api/v1/predict -H 'content-type: application/json' -d "
                  "'{{\"rows\":[{}]}}'", known_by(options, server), base, row));
  if (server.grpc_port() != 0) {
    say(fmt::format("  gRPC at {}:{}", near_host(options.grpc), server.grpc_port()));
  }
  const std::string code = server.login_code();
  say(fmt::format("  console at {}/{}", base, code.empty() ? "" : "#login=" + code));
  if (!code.empty()) say("    (the link signs in once, within the hour; later a token does)");
  if (!service.admin_token().empty()) {
    say(fmt::format("  token for changes: {}",
                    (loop::store_folder(args.project) / "token").string()));
  }
  while (!args.stop.requested()) sleep_for(Span::millis(200), args.stop);
  server.stop();
  service.stop();
  say("drained; bye");
}

/// What answers while long stores are read.
std::unique_ptr<api::Opening> opening_at(const api::ServerOptions& options,
                                         const Progress& progress, const char* what) {
  return std::make_unique<api::Opening>(options, progress, [=](std::uint16_t port) {
    complain(fmt::format("{} being read; {} shows how far that is", what,
                         base_of(options, port)));
  });
}

/// The same of one project; null when its settings cannot be read: they are told later.
std::unique_ptr<api::Opening> opening_of(const Args& args, const Progress& progress) {
  const auto config = loop::load_config(*io::real_fs(), args.project);
  if (!config) return nullptr;
  const auto options = server_options(args, *config);
  return options ? opening_at(*options, progress, "the store is") : nullptr;
}

/// Whether the event was one: of monitoring, or the champion does not answer, or it does again.
bool tell_alert(const Json& event, const std::string& of) {
  const auto kind = io::get_or<std::string>(event, "event", "");
  if (kind == "alert_told") {  // the sink that is always there
    complain(fmt::format("alert: {}{}", of, io::get_or<std::string>(event, "line", "")));
    return true;
  }
  if (kind != "alert") return false;
  const auto sentence = io::get_or<std::string>(event, "sentence", "");
  if (!sentence.empty()) complain(fmt::format("warning: {}{}", of, sentence));
  else say(fmt::format("{}v{} answers again", of, io::get_or<std::int64_t>(event, "version", 0)));
  return true;
}

/// Lines of several loops, each under its project's name.
class Displays {
 public:
  explicit Displays(bool color) : color_(color) {}
  void show(const std::string& name, const Json& event) {
    if (tell_alert(event, name + ": ")) return;
    const auto kind = io::get_or<std::string>(event, "event", "");
    if (kind != "step_finished" && kind != "signal") return;
    state_.with([&](State& state) {
      if (std::exchange(state.last, name) != name) say(name + ":");
      state.displays.try_emplace(name, false, color_).first->second(event);
    });
  }

 private:
  struct State {
    std::string last;
    std::map<std::string, Display> displays;
  };
  bool color_;
  Guarded<State> state_;
};

/// Of the common port, with the names that the projects' settings give it.
api::ServerOptions common_options(const Args& args, const std::vector<io::Path>& folders) {
  api::ServerOptions options;
  options.listen = args.get("--listen", options.listen);
  options.grpc = args.get("--grpc");
  options.tls = args.get("--tls");
  options.insecure_bind = args.has("--insecure-bind");
  for (const io::Path& folder : folders) {
    const auto config = loop::load_config(*io::real_fs(), folder);
    if (!config) continue;  // told by the house
    options.hosts.insert(options.hosts.end(), config->deploy.hosts.begin(),
                         config->deploy.hosts.end());
  }
  return options;
}

Result<int> up_many(const Args& args) {
  Displays displays(args.color);
  Progress progress;
  api::HouseOptions rooms;
  rooms.progress = &progress;
  for (const std::string& word : args.words) rooms.folders.push_back(args.project / word);
  rooms.run_loop = !args.has("--no-loop");
  rooms.tls = args.has("--tls");
  rooms.observer = [&](const std::string& name, const Json& event) { displays.show(name, event); };
  std::string base;  // known before the first project is told of
  rooms.told = [&base](const api::HouseOptions::Told& what) {
    if (what.reason.empty()) {
      say(fmt::format("  {} at {}/p/{}/{}", what.name, base, api::encoded(what.name),
                      what.login_code.empty() ? "" : "#login=" + what.login_code));
    } else {
      complain(fmt::format("warning: {} is not served, and tried again: {}", what.name,
                           what.reason));
    }
  };
  api::ServerOptions options = common_options(args, rooms.folders);
  auto opening = opening_at(options, progress, "the stores are");
  const auto house = TRY(api::House::open(rooms));
  options.hosts = house->hosts();
  options = opening->follow(options);
  const auto server = TRY(api::Server::start(options, *house));
  opening.reset();
  base = base_of(options, server->port());
  const std::size_t open = house->apps().size(), all = args.words.size();
  say(fmt::format("{}{} projects answer at {} (pid {}); Ctrl-C drains and ends",
                  open == all ? "" : fmt::format("{} of ", open), all,
                  base, ::getpid()));
  if (server->grpc_port() != 0) {
    say(fmt::format("  gRPC at {}:{}", near_host(options.grpc), server->grpc_port()));
  }
  house->start();
  if (!args.has("--no-loop")) say("    (each link signs in once, within the hour)");
  while (!args.stop.requested()) sleep_for(Span::millis(200), args.stop);
  server->stop();
  house->stop();
  say("drained; bye");
  return kOk;
}

/// Units a second of a flag; 0 without it. Errors: kInvalidInput.
Result<double> rate_of(const Args& args, std::string_view flag) {
  if (!args.has(flag)) return 0.0;
  const std::string text = args.get(flag);
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error == std::errc() && end == text.data() + text.size() && rate > 0 && rate <= 1e12) {
    return rate;
  }
  return fail(Code::kInvalidInput, fmt::format("{} is a number above 0, not \"{}\"", flag, text),
              fmt::format("{} 20 allows twenty a second; leave it out for no quota", flag));
}

Result<api::Quota> quota_of(const Args& args) {
  api::Quota quota{TRY(rate_of(args, "--quota-requests")), TRY(rate_of(args, "--quota-rows")),
                   Span::seconds(10)};
  if (!args.has("--quota-burst")) return quota;
  quota.burst = TRY(during(parse_span(args.get("--quota-burst")), "reading --quota-burst"));
  if (quota.burst >= Span::seconds(1) && quota.burst <= Span::days(1)) return quota;
  return fail(Code::kInvalidInput, "--quota-burst is from 1s to 1d");
}

std::vector<std::string> names_of(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (end > 0) names.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return names;
}

/// The file that was named, with a path that holds from anywhere. Errors: kNotFound.
Result<std::string> given_file(const std::string& word) {
  const io::Path path = std::filesystem::absolute(word);
  const bool pattern = word.find_first_of("*?[") != word.npos;
  if (pattern || TRY(io::real_fs()->stat(path))) return path.string();
  return fail(Code::kNotFound, fmt::format("{} was not found", word));
}

}  // namespace

Result<int> run_up(const Args& args) {
  if (args.words.size() > 1) return up_many(args);
  if (args.has("--tls") || args.has("--grpc")) {
    return report_usage(args, "--tls and --grpc are for several projects",
                        "one has [deploy] tls and [deploy] grpc in its rondo.toml");
  }
  if (!args.words.empty()) {
    Args there = args;
    there.project = args.project / args.words[0];
    there.words.clear();
    return run_up(there);
  }
  Display display(false, args.color);  // lines of the loop; there is no end to show progress to
  const auto observer = [&](const Json& event) {
    if (!tell_alert(event, "")) display(event);
  };
  Progress progress;
  auto opening = opening_of(args, progress);
  const auto service =
      TRY(loop::Service::open({args.project, !args.has("--no-loop"), "up", observer, &progress}));
  api::ServerOptions options = TRY(server_options(args, service->config()));
  if (opening) options = opening->follow(options);
  auto server = TRY(api::Server::start(options, *service));
  opening.reset();
  service->start();
  serve(args, options, *server, *service);
  return kOk;
}

Result<int> run_serve(const Args& args) {
  // Scripts send it to say "read your file again", which happens anyway; of a terminal it is the
  // end.
  if (!args.terminal) ::signal(SIGHUP, SIG_IGN);
  loop::FileServiceOptions options;
  options.file = args.words[0];
  options.name = args.get("--name");
  options.tokens = args.get("--tokens");
  options.past = args.has("--no-history") ? loop::Past::kMissing : loop::Past::kNeeded;
  options.observer = [](const Json& event) {
    const auto version = io::get_or<std::int64_t>(event, "version", 0);
    if (event.contains("error")) {
      complain(fmt::format("warning: v{} goes on: {}", version,
                           event.at("error").get<std::string>()));
    } else {
      say(fmt::format("the file was replaced: v{} answers", version));
    }
  };
  const auto service = TRY(loop::open_file_service(options));
  api::ServerOptions server;
  server.listen = args.get("--listen", server.listen);
  server.grpc = args.get("--grpc");
  server.tls = args.get("--tls");
  server.hosts = names_of(args.get("--hosts"));
  server.quota = TRY(quota_of(args));
  server.terse = args.has("--terse");
  server.insecure_bind = args.has("--insecure-bind");
  const auto started = TRY(api::Server::start(server, *service));
  service->start();
  serve(args, server, *started, *service);
  return kOk;
}

namespace {

constexpr const char* kLabels = "labels.json";

/// [id, label] of each row of a file that has a label.
Result<Json> labels_in(const std::string& file, const io::Path& folder) {
  const auto fs = io::real_fs();
  collect::Options options;
  options.source = {file};
  const collect::Loaded loaded = TRY(collect::load(*fs, options, ".", nullptr, "", folder));
  const auto id = loaded.rows.schema().find("id");
  const auto label = loaded.rows.schema().find("label");
  if (!id || !label) {
    return fail(Code::kInvalidInput, fmt::format("{} needs the columns id and label", file),
                "id is what a prediction was answered with");
  }
  Json labels = Json::array();
  for (std::size_t i = 0; i < loaded.rows.rows(); ++i) {
    const table::Column& column = loaded.rows.column(*label);
    if (column.is_null(i)) continue;
    Json value;
    if (table::is_text(column.type)) value = std::string(column.text(i));
    else if (column.type == table::Type::kBool) value = column.as_double(i) != 0;
    else value = column.as_double(i);
    labels.push_back({loaded.rows.cell_text(i, *id), std::move(value)});
  }
  return labels;
}

}  // namespace

Result<int> run_feedback(const Args& args) {
  const auto fs = io::real_fs();
  const std::string file = TRY(given_file(args.words[0]));
  if (const auto folder = confined_with()) {
    const Json labels = TRY(labels_in(file, *folder));
    TRY(io::write_atomically(*fs, io::Path(*folder) / kLabels, labels.dump()));
    return kOk;
  }
  const auto service = TRY(loop::Service::open({args.project, false, "feedback"}));
  const io::Scratch scratch;
  collect::Options options;
  options.source = {file};
  io::Reach reach = TRY(loop::reach_of_sources(*fs, options, "."));
  reach.write = {TRY(io::resolved(scratch.path()))};
  const int code = TRY(run_confined(args, scratch.path().string(), std::move(reach), file,
                                    "the file breaks its reader: please report it"));
  if (code != kOk) return code;
  const Json labels = TRY(io::parse_json(TRY(fs->read(scratch.path() / kLabels)), "the labels"));
  std::vector<loop::FeedbackItem> items;
  for (const Json& label : labels) {
    items.push_back({label.at(0).get<std::string>(), label.at(1), std::nullopt, false});
  }
  const loop::FeedbackResult result = TRY(service->feedback(items));
  const Json said = {{"accepted", result.accepted}, {"duplicate", result.duplicate},
                     {"unknown", result.unknown}, {"conflicting", result.conflicting},
                     {"receipt", result.receipt}};
  if (args.json) say_json(said);
  else {
    say(fmt::format("{} accepted, {} duplicate, {} unknown, {} conflicting",
                    counted(result.accepted, "label"), result.duplicate,
                    result.unknown, result.conflicting));
  }
  return kOk;
}

}  // namespace rondo::cli
