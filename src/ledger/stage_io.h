// What every stage reads and writes: options, named input objects, a folder of its own for outputs.
// A stage is a function of these alone (and of its seed), so a step can be repeated, cached,
// resumed and run in a child process. Outputs become visible only when the conductor takes them
// over.
#pragma once

#include <functional>
#include <map>

#include "base/seed.h"
#include "base/stop.h"
#include "io/digest.h"
#include "io/fs.h"
#include "io/json.h"
#include "ledger/objects.h"

namespace rondo::ledger {

/// Said while working: {"done": 0.4, "what": "training", ...}. May be empty.
using Progress = std::function<void(const Json&)>;

struct StageInput {
  Json options;                              // merged configuration of the stage and its facts
  std::map<std::string, io::Digest> inputs;  // "manifest", "prepared", "candidate", "champion", ...
  const Objects* objects = nullptr;          // to read them
  io::Fs* fs = nullptr;                      // for files in `out`, and the sources
  io::Path out;                              // exists, empty; write here only
  io::Path kept{};                           // or here: stays for the next attempt at the same job
  io::Path project{};                        // a training by a script: its folder, to read
  std::int64_t until_us = 0;                 // of monotonic_us(): what then runs is ended; 0: never
  Time now;                                  // decision time of the step
  Seed seed;
  Progress progress;
  Stop stop;
  bool finishes = false;                     // at a stop: end early with the best there is
};

struct StageOutput {
  std::string result;                        // an outcome word of the transition table
  std::string reason;                        // one sentence, never empty
  Json evidence = Json::object();            // numbers; goes into the fact (inputs decide it alone)
  Json measured = Json::object();            // durations, CPU: goes into the journal
  std::map<std::string, std::string> files;  // output name -> file name below `out`
};

}  // namespace rondo::ledger
