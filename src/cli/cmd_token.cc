// token create, list, revoke: who may ask `rondo up` for what. A running one looks at the file; no
// lease is needed. The secret is printed once, alone on standard output.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "io/toml.h"
#include "ledger/tokens.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

constexpr Span kLongest = Span::days(36'500);

int misused(const Args& args, const std::string& message) {
  return report_usage(args, message, "`rondo token --help` shows what it takes");
}

/// The clock that `rondo up` judges the end of a token by.
Result<Time> project_now(const io::Path& project, const ledger::OpenOptions& options) {
  const auto store =
      TRY(ledger::Store::open(io::real_fs(), loop::store_folder(project), options));
  return RealClock(loop::not_before(TRY(loop::read_state(*store->ledger)))).now();
}

/// Nobody reads the fraction of a second.
Time whole_seconds(Time time) { return time - Span{time.us % 1'000'000}; }

Json token_view(const ledger::Token& token, Time now) {
  return {{"name", token.name},
          {"roles", token.roles.names()},
          {"by", token.by},
          {"created", to_text(token.created)},
          {"expires", token.expires ? Json(to_text(*token.expires)) : Json(nullptr)},
          {"expired", token.expired(now)}};
}

Result<ledger::Roles> roles_of(std::string_view words) {
  ledger::Roles roles;
  while (!words.empty()) {
    const std::size_t end = words.find(',');
    roles.add(TRY(ledger::role_of(words.substr(0, end))));
    words = end == std::string_view::npos ? "" : words.substr(end + 1);
  }
  return roles;
}

Result<int> create(const Args& args, const std::string& name) {
  const auto roles = roles_of(args.get("--role"));
  if (!roles) return report_usage(args, roles.error().message, roles.error().hint);
  if (roles->bits == 0) {
    return report_usage(args, "a token needs a role: --role ROLE",
                        "the roles are " + ledger::role_names());
  }
  Span life;
  if (args.has("--expires")) {
    const auto said = parse_span(args.get("--expires"));
    if (!said) return report_usage(args, said.error().message, said.error().hint);
    if (said->us <= 0 || *said > kLongest) {
      return misused(args, fmt::format("a token lives longer than 0s and at most {}",
                                       to_text(kLongest)));
    }
    life = *said;
  }
  const auto fs = io::real_fs();
  static_cast<void>(TRY(loop::load_config(*fs, args.project)));  // a store is made for a project
  ledger::OpenOptions options;
  options.create = true;
  ledger::Token token;
  token.name = name;
  token.roles = *roles;
  const Time now = TRY(project_now(args.project, options));
  token.created = whole_seconds(now);
  if (life.us > 0) token.expires = whole_seconds(now + life) + Span::seconds(1);
  token.by = who();
  const std::string secret =
      TRY(ledger::create_token(*fs, loop::store_folder(args.project), token));
  if (args.json) {
    Json said = token_view(token, token.created);
    said["token"] = secret;
    say_json(said);
    return kOk;
  }
  say(secret);
  complain(fmt::format("this is the token \"{}\" ({}, {}); it is shown this once, so keep it now",
                       name, token.roles.text(),
                       token.expires ? "until " + to_text(*token.expires) : "without an end"));
  return kOk;
}

Result<int> list(const Args& args) {
  const auto fs = io::real_fs();
  const io::Path folder = loop::store_folder(args.project);
  ledger::OpenOptions options;
  options.read_only = true;
  const Time now = TRY(project_now(args.project, options));
  const ledger::Tokens tokens = TRY(ledger::read_tokens(*fs, folder));
  Json views = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const ledger::Token& token : tokens.all) {
    views.push_back(token_view(token, now));
    rows.push_back({token.name, token.roles.text(), token.by, to_text(token.created),
                    !token.expires        ? "never"
                    : token.expired(now) ? "expired " + to_text(*token.expires)
                                         : to_text(*token.expires)});
  }
  if (args.json) {
    say_json(views);
  } else if (rows.empty()) {
    say(fmt::format("no tokens but the administrator's, in {}", (folder / "token").string()));
  } else {
    say(table({"name", "roles", "made by", "created", "expires"}, rows, args.color));
  }
  return kOk;
}

Result<int> revoke(const Args& args, const std::string& name) {
  const io::Path folder = loop::store_folder(args.project);
  if (name == "admin") {
    return fail(Code::kInvalidInput, "the administrator's token is not in the list",
                fmt::format("remove {}: the next `rondo up` makes another",
                            (folder / "token").string()));
  }
  TRY(ledger::revoke_token(*io::real_fs(), folder, name));
  if (args.json) say_json({{"revoked", name}});
  else say(fmt::format("revoked \"{}\"; a running `rondo up` refuses it within a second", name));
  return kOk;
}

}  // namespace

Result<int> run_token(const Args& args) {
  const std::string& act = args.words[0];
  const std::vector<std::string> acts = {"create", "list", "revoke"};
  if (std::ranges::find(acts, act) == acts.end()) {
    const std::string near = io::nearest(act, acts);
    return misused(args, fmt::format("rondo token has no \"{}\"{}", act,
                                     near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  if (act != "create" && (args.has("--role") || args.has("--expires"))) {
    return misused(args, "--role and --expires belong to `rondo token create`");
  }
  if ((act == "list") != (args.words.size() == 1)) {
    return misused(args, act == "list" ? "`rondo token list` takes no name"
                                       : fmt::format("`rondo token {}` needs a name", act));
  }
  if (act == "list") return list(args);
  return act == "create" ? create(args, args.words[1]) : revoke(args, args.words[1]);
}

}  // namespace rondo::cli
