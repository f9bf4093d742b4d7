// fsck, gc, backup, restore, doctor: taking care of what was collected and decided.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "io/sandbox.h"
#include "ledger/tokens.h"
#include "loop/service.h"
#include "loop/session.h"
#include "table/engine.h"

namespace rondo::cli {
namespace {

Result<std::unique_ptr<ledger::Store>> open(const Args& args) {
  return ledger::Store::open(io::real_fs(), loop::store_folder(args.project),
                             ledger::OpenOptions{});
}

/// What an error advises to somebody who did not ask fsck yet.
std::string advice_of(const ledger::Finding& finding) {
  const bool ourselves = finding.advice.find("rondo fsck") != std::string::npos;
  return ourselves ? "restore it from a backup (`rondo restore`)" : finding.advice;
}

int say_report(const ledger::FsckReport& report, const Args& args) {
  Json findings = Json::array();
  for (const auto& f : report.findings) {
    findings.push_back({{"what", f.what}, {"advice", advice_of(f)}});
  }
  if (args.json) {
    say_json({{"clean", report.findings.empty()}, {"facts", report.facts},
              {"objects", report.objects}, {"records", report.records}, {"findings", findings}});
  } else {
    for (const auto& f : report.findings) say(fmt::format("{}\n  {}", f.what, advice_of(f)));
    say(fmt::format("{}: {}, {}, {} verified", report.findings.empty() ? "clean" : "DAMAGED",
                    counted(report.facts, "fact"), counted(report.objects, "object"),
                    counted(report.records, "record")));
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
    say(fmt::format("{} {} ({}); {} kept", args.has("--dry-run") ? "would remove" : "removed",
                    counted(report.removed, "object"), counted(report.bytes, "byte"),
                    number(static_cast<double>(report.kept))));
  }
  return kOk;
}

Result<int> run_backup(const Args& args) {
  const auto store = TRY(open(args));
  const auto fs = io::real_fs();
  const io::Path file = args.project / "rondo.toml";
  const std::string settings = TRY(fs->stat(file)) ? TRY(fs->read(file, 1 << 20)) : "";
  const Json done = TRY(ledger::backup(*store, args.words[0], nullptr, settings));
  if (args.json) {
    say_json(done);
    return kOk;
  }
  say(fmt::format("backed up to {}: {} in {}, {}{}", args.words[0],
                  counted(done.at("facts").get<std::int64_t>(), "fact"),
                  counted(done.at("files").get<std::int64_t>(), "file"),
                  counted(done.at("bytes").get<std::int64_t>(), "byte"),
                  settings.empty() ? "; there is no rondo.toml to keep" : ", and rondo.toml"));
  const auto tokens = ledger::read_tokens(*fs, loop::store_folder(args.project));
  if (tokens && !tokens->all.empty()) {
    say(fmt::format("tokens are not in it ({}): after a restore they are made anew",
                    counted(tokens->all.size(), "token")));
  }
  return kOk;
}

Result<int> run_restore(const Args& args) {
  const auto fs = io::real_fs();
  const io::Path from = args.words[0], file = args.project / "rondo.toml";
  const auto settings = TRY(ledger::settings_of(*fs, from));
  const bool there = TRY(fs->stat(file)).has_value();
  const bool ours = settings && !there;
  // First, so that whoever stops it halfway can ask for the same again.
  if (ours) {
    TRY(io::make_folders_durably(*fs, args.project));
    TRY(io::write_atomically(*fs, file, *settings));
  }
  auto restored = ledger::restore(fs, from, loop::store_folder(args.project), nullptr);
  if (!restored && ours) TRY(fs->remove(file));
  Json done = TRY(std::move(restored));
  done["settings"] = ours ? "restored" : there ? "kept" : "none";
  if (args.json) {
    say_json(done);
    return kOk;
  }
  say(fmt::format("restored {} into {}: {}, every digest verified; the next version is v{}",
                  args.words[0], loop::store_folder(args.project).string(),
                  counted(done.at("files").get<std::int64_t>(), "file"),
                  done.at("version_floor").get<std::int64_t>() + 1));
  say(ours    ? "rondo.toml was restored too; the files of its source are not in a backup"
      : there ? "rondo.toml was here already and stays as it is"
              : "the backup holds no rondo.toml; the project needs one");
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
  const io::Confinement can = io::confinement();
  add("workers", can.landlock > 0 && can.seccomp, io::told(can));
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
