// What `init` found out, and the rondo.toml that says it. Pure: the same findings give the same
// text.
#pragma once

#include "collect/guess_clock.h"
#include "collect/guess_unfit.h"
#include "collect/init.h"

namespace rondo::collect {

struct Findings {
  Look look;
  Options options;             // source, names, null, trim, time, max_rejected
  ledger::Counts counts;
  std::uint64_t labelled = 0;
  ClockGuess clock;
  bool clock_given = false;    // by the user
  bool clock_orders = false;   // it is a number without a unit
  bool regular = false;        // one row at each time, at least one a day
  Time first, last;
  std::string task;            // regression | binary | multiclass
  std::string target_text;     // "869 different numbers from 1 to 977"
  std::vector<Unfit> unfit;
  std::vector<std::string> doubts;        // what a person should look at, one sentence each
  std::vector<std::string> codes;         // "-200 in CO, NOx": may stand for missing
  std::vector<std::string> null_reasons;  // of each word in options.null
};

/// The commented file. It runs as it is.
std::string write_toml(const Findings& findings);
/// What a person should know, one sentence each.
std::vector<std::string> remarks_of(const Findings& findings);

/// A TOML string in double quotes.
std::string toml_text(std::string_view text);

}  // namespace rondo::collect
