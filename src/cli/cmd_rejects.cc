// data rejects -o: what was rejected, as a file that a person mends and gives back, or as JSON
// lines with all that is known of each.
#include <fmt/format.h>

#include "batch/scoring.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "io/digest.h"

namespace rondo::cli {
namespace {

/// The bytes as they lay in the file. Errors: kCorrupt.
Result<std::string> raw_of(const Json& reject) {
  if (!reject.contains("raw_base64url")) return io::get_or<std::string>(reject, "raw", "");
  const auto raw = io::from_base64url(reject.at("raw_base64url").get<std::string>());
  if (raw) return *raw;
  return fail(Code::kCorrupt, "the bytes of a reject cannot be read", "`rondo fsck` tells more");
}

struct Lines {
  std::string text;
  std::size_t rows = 0, left_out = 0;
};

/// Records of one header, which stands before them. Others are left out and counted.
Result<Lines> csv_of(const Json& rejects, char delimiter) {
  Lines out;
  std::map<std::string, Json> names;  // by file and version, of its first reject
  Json header = nullptr;
  for (const Json& reject : rejects) {
    const std::string file = reject.at("dataset").get<std::string>() + " " +
                             io::get_or<std::string>(reject, "file", "");
    if (reject.contains("names")) names[file] = reject.at("names");
    const auto known = names.find(file);
    if (!reject.at("resolved").is_null()) continue;
    if (header.is_null() && known != names.end()) {
      header = known->second;
      for (const Json& name : header) {
        if (!out.text.empty()) out.text += delimiter;
        batch::append_csv(out.text, name.get<std::string>());
      }
      out.text += "\n";
    }
    if (known == names.end() || known->second != header) {
      ++out.left_out;
      continue;
    }
    out.text += TRY(raw_of(reject)) + "\n";
    ++out.rows;
  }
  return out;
}

Lines json_of(const Json& rejects) {
  Lines out;
  for (const Json& reject : rejects) out.text += io::canonical(reject) + "\n";
  out.rows = rejects.size();
  return out;
}

}  // namespace

Result<int> write_rejects(const Json& rejects, char delimiter, const Args& args) {
  const std::string file = args.get("-o");
  const bool json = file.ends_with(".jsonl") || file.ends_with(".json");
  if (!json && !file.ends_with(".csv")) {
    return report_usage(args, fmt::format("\"{}\" says no form", file),
                        "rejects are written as .csv (their bytes) or .jsonl (all that is known)");
  }
  const auto fs = io::real_fs();
  const io::Path place = TRY(file_to_write(*fs, file, by_force(args)));
  const Lines lines = json ? json_of(rejects) : TRY(csv_of(rejects, delimiter));
  TRY(io::write_atomically(*fs, place, lines.text));
  say(fmt::format("wrote {} to {}", counted(lines.rows, "row"), file));
  if (lines.left_out > 0) {
    say(fmt::format("  {} have another header, or none: -o FILE.jsonl writes them all",
                    number(static_cast<double>(lines.left_out))));
  }
  return kOk;
}

}  // namespace rondo::cli
