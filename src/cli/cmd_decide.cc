// trigger, pause, resume, promote, reject, rollback: what a person may decide, with who and why.
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/service.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

Result<int> ask(const Args& args, const std::string& act, const Json& arguments,
                std::string_view done) {
  const auto result = TRY(asked(args, act, arguments));
  if (!result) return kNothingToDo;
  if (args.json) {
    say_json(*result);
    return kOk;
  }
  const Json champion = io::get_or<Json>(*result, "champion", nullptr);
  say(fmt::format("{}{}", done, champion.is_null() ? std::string()
                                                   : fmt::format("; v{} serves", champion.dump())));
  return kOk;
}

}  // namespace

std::string who() {
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_name : std::to_string(::getuid());
}

Result<std::optional<Json>> asked(const Args& args, const std::string& act,
                                  const Json& arguments) {
  const Json result =
      TRY(loop::ask_project(args.project, act, arguments, who(), args.get("--why")));
  if (!result.contains("error")) return std::optional(result);
  const Json& error = result.at("error");
  report_error({Code::kConflict, error.at("message").get<std::string>(),
                error.at("hint").get<std::string>(), {}, {}},
               args.json);
  return std::nullopt;
}

int refuse_version(const Args& args, const std::string& word) {
  return report_usage(args, fmt::format("\"{}\" is no version", word),
                      "versions are written v7; `rondo models` lists them");
}

Result<int> run_trigger(const Args& args) {
  return ask(args, "trigger", Json::object(),
             "a cycle starts at the next turn (`rondo run`, or a running `rondo up`)");
}
Result<int> accept_rows(const Args& args) {
  if (args.has("--column")) {
    return ask(args, "accept_rows", {{"column", args.get("--column")}},
               "the rows that were kept out train the next model");
  }
  std::size_t waiting = 0;
  for (const Json& reject : TRY(loop::rejects_view(*TRY(open_project(args)).store, 0))) {
    waiting += reject.at("resolved").is_null() ? 1U : 0U;
  }
  const std::string done =
      waiting == 0 ? "the rows that were kept out train the next model"
                   : fmt::format("{} wait for the next turn (`rondo run`, or a running `rondo up`)",
                                 counted(waiting, "rejected row"));
  return ask(args, "accept_rows", {{"column", ""}, {"rejects", waiting}}, done);
}
Result<int> run_pause(const Args& args) { return ask(args, "pause", Json::object(), "paused"); }
Result<int> run_resume(const Args& args) { return ask(args, "resume", Json::object(), "resumed"); }
Result<int> run_reject(const Args& args) { return ask(args, "reject", Json::object(), "rejected"); }
Result<int> run_rollback(const Args& args) {
  return ask(args, "rollback", Json::object(), "rolled back");
}

Result<int> run_promote(const Args& args) {
  Json arguments = Json::object();
  if (!args.words.empty()) {
    const std::string& word = args.words[0];
    const auto version = positive(word, 'v');
    if (!version) return refuse_version(args, word);
    arguments["version"] = *version;
  }
  return ask(args, "promote", arguments, "promoted");
}

}  // namespace rondo::cli
