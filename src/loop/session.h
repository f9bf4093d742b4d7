// Opening a project for work: configuration, store, lease, desk, in that order, with the errors
// that a person meets there. Every command that changes something begins with this.
#pragma once

#include "base/worker.h"
#include "ledger/manifest.h"
#include "ledger/store.h"
#include "loop/config.h"
#include "loop/databases.h"
#include "loop/desk.h"

namespace rondo::loop {

struct Session {
  io::Path project;
  Config config;
  std::unique_ptr<ledger::Store> store;
  std::unique_ptr<Desk> desk;  // holds the lease
  std::unique_ptr<Worker> keeper;  // renews the lease; replays need none
  std::optional<Heard> heard;      // of databases; the loop's thread
  ~Session();
};

struct SessionOptions {
  io::Path project;
  bool create = true;
  io::Durability durability = io::Durability::kDisk;
  std::string holder = "run";
  bool keep_lease = true;
  std::shared_ptr<io::Fs> fs = nullptr;          // tests: in place of the real one
  std::shared_ptr<io::Record> record = nullptr;  // tests: of what SQLite writes
  std::string boot = {};                         // tests: in place of this machine's
  Progress* progress = nullptr;                  // of folding the facts
};

/// Errors: kNotFound, kInvalidInput (rondo.toml), kConflict (another holds the lease).
Result<std::unique_ptr<Session>> open_session(const SessionOptions& options);

inline io::Path store_folder(const io::Path& project) { return project / ".rondo"; }

struct SourceNews;
/// Whether the files of the source differ from the cursor of the newest dataset version.
Result<SourceNews> peek_files(Session& session, const State& state);

/// Of the newest dataset version: its contract says how files of this project are read, its cursor
/// where their clock stands.
Result<ledger::Manifest> newest_manifest(ledger::Store& store);

/// The clock of a project at work: never before the last fact.
Time not_before(const State& state);
/// Why no cycle may begin: the clock is over 30 days ahead of the last fact and nobody said that it
/// is right. Asked once, at a start: a program that rested for a month has not jumped.
std::optional<Error> clock_doubt(const State& state, Time now);

}  // namespace rondo::loop
