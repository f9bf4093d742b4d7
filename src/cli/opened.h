// A project opened for looking: its settings and its store, without a lease.
#pragma once

#include "cli/command.h"
#include "ledger/store.h"
#include "loop/config.h"

namespace rondo::cli {

struct Opened {
  loop::Config config;
  std::unique_ptr<ledger::Store> store;
};

/// Errors: kNotFound without rondo.toml or before the first turn of the loop.
Result<Opened> open_project(const Args& args);

}  // namespace rondo::cli
