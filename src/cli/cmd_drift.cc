// drift: two files compared, read and measured by a process that reaches them alone; this one tells
// what came out.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "cli/confined.h"
#include "cli/drift_text.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "io/scratch.h"
#include "loop/confine.h"
#include "loop/drift_view.h"

namespace rondo::cli {
namespace {

constexpr const char* kDrift = "drift.json";

std::optional<double> threshold_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0)) {
    return std::nullopt;
  }
  return value;
}

/// Errors: kInvalidInput for a file that is not there.
Result<io::Reach> reach_of_both(const Args& args, const io::Path& folder) {
  io::Reach reach;
  reach.read = loop::libraries();
  reach.write = {TRY(io::resolved(folder))};
  for (const std::string& file : args.words) {
    const auto stat = TRY(io::real_fs()->stat(file));
    if (!stat) return fail(Code::kNotFound, fmt::format("{} was not found", file));
    if (stat->folder) {
      return fail(Code::kInvalidInput, fmt::format("{} is a folder", file), "name a file in it");
    }
    reach.read.push_back(TRY(io::resolved(file)));
  }
  return reach;
}

bool anything_moved(const Json& drift) {
  return drift.at("moved") != 0 || !drift.at("gone").empty() || !drift.at("come").empty();
}

}  // namespace

Result<int> run_drift(const Args& args) {
  monitor::DriftWish wish;
  const auto like = monitor::convention_from(args.get("--like", "own"));
  if (!like) {
    return report_usage(args, fmt::format("\"{}\" is no convention", args.get("--like")),
                        "--like is own, evidently, nannyml or tfdv");
  }
  wish.like = *like;
  if (args.has("--threshold")) {
    wish.threshold = threshold_in(args.get("--threshold"));
    if (!wish.threshold) {
      return report_usage(args, fmt::format("--threshold is a number from 0 on, not \"{}\"",
                                            args.get("--threshold")),
                          "rondo drift may.csv june.csv --threshold 0.05");
    }
  }
  const auto fs = io::real_fs();
  if (const auto folder = confined_with()) {
    const Json drift = TRY(loop::drift_view(*fs, {args.words[0], args.words[1]}, wish, *folder));
    TRY(io::write_atomically(*fs, io::Path(*folder) / kDrift, drift.dump()));
    return kOk;
  }
  std::optional<io::Path> page;
  if (args.has("--html")) page = TRY(file_to_write(*fs, args.get("--html"), Taken::kReplaced));
  const io::Scratch scratch;
  const int code = TRY(run_confined(args, scratch.path().string(),
                                    TRY(reach_of_both(args, scratch.path())),
                                    fmt::format("{} and {}", args.words[0], args.words[1]),
                                    "both files are held in memory: are they too large for it?"));
  if (code != kOk) return code;
  const Json drift = TRY(io::parse_json(TRY(fs->read(scratch / kDrift)), "the drift"));
  if (page) TRY(io::write_atomically(*fs, *page, drift_page(drift)));
  if (args.json) {
    say_json(drift);
  } else {
    const std::string text = drift_text(drift, args.color);
    say(text.substr(0, text.size() - 1));
  }
  return args.has("--fail") && anything_moved(drift) ? kNotGoodEnough : kOk;
}

}  // namespace rondo::cli
