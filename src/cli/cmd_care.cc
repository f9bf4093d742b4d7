// fsck, gc, backup, restore, doctor: taking care of what was collected and decided.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/service.h"
#include "loop/session.h"
#include "table/engine.h"

namespace rondo::cli {
namespace {

Result<std::unique_ptr<ledger::Store>> open(const Args& args) {
  return ledger::Store::open(io::real_fs(), loop::store_folder(args.project),
                             ledger::OpenOptions{});
}

int say_report(const ledger::FsckReport& report, const Args& args) {
  Json findings = Json::array();
  for (const auto& f : report.findings) {
    findings.push_back({{"what", f.what}, {"advice", f.advice}});
  }
  if (args.json) {
    say_json({{"clean", report.findings.empty()}, {"facts", report.facts},
              {"objects", report.objects}, {"records", report.records}, {"findings", findings}});
  } else {
    for (const auto& f : report.findings) say(fmt::format("{}\n  {}", f.what, f.advice));
    say(fmt::format("{}: {} facts, {} objects, {} records verified",
                    report.findings.empty() ? "clean" : "DAMAGED", report.facts, report.objects,
                    report.records));
  }
  return report.findings.empty() ? kOk : kFailed;
}

}  // namespace

Result<int> run_fsck(const Args& args) {
  const auto store = open(args);
  if (!store && store.error().code == Code::kCorrupt) {  // too damaged to be looked into
    ledger::FsckReport report;
    report.findings.push_back({store.error().message, store.error().hint});
    return say_report(report, args);
  }
  if (!store) return std::unexpected(store.error());
  Display display(args.terminal && !args.json, args.color);
  const ledger::FsckReport report = TRY(ledger::fsck(**store, [&](const Json& said) {
    Json event = said;
    event["event"] = "progress";
    display(event);
  }));
  display.end();
  return say_report(report, args);
}

Result<int> run_gc(const Args& args) {
  const auto session = TRY(loop::open_session({.project = args.project, .create = false,
                                               .holder = "gc"}));
  const ledger::GcReport report =
      TRY(ledger::gc(*session->store, session->desk->lease(), wall_clock_now(), Span::days(1),
                     args.has("--dry-run")));
  if (args.json) {
    say_json({{"removed", report.removed}, {"bytes", report.bytes}, {"kept", report.kept}});
  } else {
    say(fmt::format("{} {} objects ({} bytes); {} kept",
                    args.has("--dry-run") ? "would remove" : "removed", report.removed,
                    number(static_cast<double>(report.bytes)), report.kept));
  }
  return kOk;
}

Result<int> run_backup(const Args& args) {
  const auto store = TRY(open(args));
  const Json done = TRY(ledger::backup(*store, args.words[0], nullptr));
  if (args.json) say_json(done);
  else say(fmt::format("backed up to {}: {}", args.words[0], done.dump()));
  return kOk;
}

Result<int> run_restore(const Args& args) {
  const Json done = TRY(ledger::restore(io::real_fs(), args.words[0],
                                        loop::store_folder(args.project), nullptr));
  if (args.json) say_json(done);
  else say(fmt::format("restored {}: {}", args.words[0], done.dump()));
  return kOk;
}

Result<int> run_doctor(const Args& args) {
  if (args.has("--accept-clock")) {
    TRY(loop::ask_project(args.project, "accept_clock", Json::object(), who(), ""));
  }
  Json checks = Json::array();
  const auto add = [&](const char* what, bool good, const std::string& text) {
    checks.push_back({{"what", what}, {"ok", good}, {"text", text}});
  };
  const auto fs = io::real_fs();
  const auto temp = std::filesystem::temp_directory_path();
  const auto engine = table::Engine::open(temp);
  add("DuckDB", engine.has_value(), engine ? "found" : engine.error().text());
  const auto free = fs->free_bytes(args.project);
  add("free space", free && *free > (1ULL << 30),
      free ? fmt::format("{} MB", *free >> 20) : free.error().text());
  const io::Path probe = args.project / ".rondo-doctor";
  const std::int64_t begin = monotonic_us();
  const auto wrote = io::write_atomically(*fs, probe, "x");
  const double ms = static_cast<double>(monotonic_us() - begin) / 1000.0;
  add("disk", wrote.has_value(),
      wrote ? fmt::format("an atomic write (two syncs) takes {:.1f} ms", ms)
                                       : wrote.error().text());
  if (wrote) TRY(fs->remove(probe));
  const Time now = wall_clock_now();
  std::optional<Error> doubt;
  if (TRY(fs->stat(loop::store_folder(args.project) / "rondo.db"))) {
    const auto store = open(args);
    add("store", store.has_value(), store ? "opens" : store.error().text());
    if (store) {
      const auto holder = TRY((*store)->ledger->lease_holder());
      if (!holder) doubt = loop::clock_doubt(TRY(loop::read_state(*(*store)->ledger)), now);
      add("loop", true, holder ? fmt::format("turned by {}", holder->holder) : "nobody turns it");
    }
  }
  add("clock", !doubt, doubt ? doubt->text() : to_text(now));
  bool all = true;
  for (const Json& check : checks) {
    all = all && check.at("ok").get<bool>();
    if (args.json) continue;
    const bool good = check.at("ok").get<bool>();
    say(fmt::format("{} {:<11} {}",
                    ink(good ? Ink::kGreen : Ink::kRed, good ? "ok  " : "warn", args.color),
                    check.at("what").get<std::string>(), check.at("text").get<std::string>()));
  }
  if (args.json) say_json(checks);
  return all ? kOk : kFailed;
}

}  // namespace rondo::cli
