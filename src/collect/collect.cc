// The stage from top to bottom: what is new, split, typed, judged, written. Everything below this
// file is a function of bytes; the files of the source and the outputs are touched from here.
#include "collect/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/failpoint.h"
#include "collect/files.h"
#include "collect/reading.h"
#include "collect/segment.h"

namespace rondo::collect {
namespace {

constexpr std::uint64_t kShareCounts = 1000;  // max_rejected applies from so many rows on

/// The sources with something to read. Files without a row lose their mark: they are read in full
/// when they have one. Errors: kInvalidInput when there is nothing else and nothing was collected
/// before.
Result<std::vector<Source>> open_all(const News& news, const io::Path& project,
                                     const Options& options, const table::Dialect& dialect,
                                     bool first, Cursor& cursor, Tools& tools,
                                     const std::function<Result<void>(const std::string&)>& said) {
  std::vector<Source> sources;
  std::string empty;
  for (const NewBytes& file : news.files) {
    TRY(said(file.file));
    FileMark& mark = cursor.files[file.file];
    Source source = TRY(open_source(file, project, options, dialect, tools, mark));
    if (source.grid.empty.empty()) {
      sources.push_back(std::move(source));
      continue;
    }
    if (empty.empty()) empty = fmt::format("{} {}", file.file, source.grid.empty);
    cursor.files.erase(file.file);
  }
  if (!sources.empty() || !first || empty.empty()) return sources;
  return fail(Code::kInvalidInput, empty, "give at least one row to begin with");
}

std::string reasons_text(std::span<const Json> rejects) {
  std::string text;
  for (const Reason& reason : commonest(rejects, 3)) {
    text += "\n  " + reason.line;
    if (!reason.hint.empty()) text += "; " + reason.hint;
  }
  return text;
}

/// Errors: kInvalidInput naming the commonest reasons with examples.
Result<void> check_rejected(const Reading& reading, const Options& options, bool first) {
  const ledger::Counts& n = reading.counts;
  const bool none = first && n.accepted == 0 && n.rejected > 0;
  const auto all = static_cast<double>(std::max<std::uint64_t>(n.read, 1));
  const double share = static_cast<double>(n.rejected) / all;
  if (!none && (n.read < kShareCounts || share <= options.max_rejected)) return {};
  const std::string what =
      none ? fmt::format("none of the {} rows could be taken:", grouped(n.read))
           : fmt::format("{} of {} rows were rejected ({:.2g} %, allowed {:g} %):",
                         grouped(n.rejected), grouped(n.read), 100 * share,
                         100 * options.max_rejected);
  return fail(Code::kInvalidInput, what + reasons_text(reading.rejects),
              none ? "" : "mend the rows, or raise [collect] max_rejected");
}

/// Everything that one run of the stage knows.
class Job {
 public:
  explicit Job(const ledger::StageInput& input) : in_(input) {}

  Result<ledger::StageOutput> run() {
    TRY(read_settings());
    Tools tools(situation_.temp);
    const News news = TRY(find());
    if (news.files.empty() && news.same.empty()) return unchanged();
    std::vector<Source> sources = TRY(open(news, tools));
    if (sources.empty()) return news.same.empty() ? unchanged() : only_noted(news);
    Reading reading = TRY(read(std::move(sources), tools));
    TRY(check_rejected(reading, options_, !parent_));
    if (reading.counts.read == 0) return unchanged();
    return write(news, reading, tools);
  }

 private:
  Result<void> read_settings() {
    const Json options = in_.options.value("collect", Json::object());
    options_ = TRY(io::read_options<Options>(options, "collect"));
    situation_ = TRY(situation_from(in_.options.value("now", Json::object())));
    project_ = situation_.project_folder;
    const auto manifest = in_.inputs.find("manifest");
    if (manifest == in_.inputs.end()) return {};
    const std::string text = TRY(in_.objects->get(manifest->second));
    parent_ = TRY(ledger::Manifest::from_json(TRY(io::parse_json(text, "the manifest"))));
    parent_digest_ = manifest->second;
    cursor_ = TRY(Cursor::from_json(parent_->cursor));
    return {};
  }

  bool replay() const { return situation_.as_of.has_value(); }

  Result<News> find() {
    names_ = TRY(find_files(*in_.fs, project_, options_.source));
    if (replay()) {  // lived through again from the start: what counts is the time of rows
      Cursor nothing;
      return find_news(*in_.fs, project_, names_, nothing);
    }
    return find_news(*in_.fs, project_, names_, cursor_);
  }

  Result<std::vector<Source>> open(const News& news, Tools& tools) {
    dialect_ = parent_ ? parent_->contract.dialect : TRY(first_dialect(news.files, options_));
    if (parent_) {  // what means missing may be added to at any time
      dialect_.null = options_.null;
      dialect_.trim = options_.trim;
    }
    std::size_t opened = 0;
    const auto said = [&](const std::string& file) -> Result<void> {
      if (in_.stop.requested()) return fail(Code::kCancelled, "the collection was stopped");
      const double share = static_cast<double>(opened++) / static_cast<double>(news.files.size());
      if (in_.progress) in_.progress({{"done", share}, {"what", "reading " + file}});
      return {};
    };
    Cursor scratch;
    return open_all(news, project_, options_, dialect_, !parent_, replay() ? scratch : cursor_,
                    tools, said);
  }

  Result<Reading> read(std::vector<Source> sources, Tools& tools) {
    ReadingOptions how;
    how.target = situation_.target;
    how.time = options_.time;
    how.key = options_.key;
    how.actions = TRY(actions_from(options_.contract));
    how.fault = situation_.fault;
    if (replay()) {
      how.visible_until = *situation_.as_of - std::max(options_.delay, situation_.label_delay);
    }
    how.known = [this] { return known(); };
    if (!parent_) return read_rows(std::move(sources), nullptr, dialect_, how, cursor_, tools);
    table::Contract contract = parent_->contract;
    contract.dialect = dialect_;
    return read_rows(std::move(sources), &contract, dialect_, how, cursor_, tools);
  }

  /// Digests of everything that was collected before; made when the first reading asks.
  Result<const Known*> known() {
    if (!parent_ || parent_->rows == 0) return nullptr;
    if (!known_) {
      const table::Table rows =
          TRY(ledger::read_dataset(*parent_, *in_.objects, io::Path(situation_.temp)));
      known_ = TRY(known_of(rows, options_.key));
    }
    return &*known_;
  }

  ledger::StageOutput unchanged() const {
    ledger::StageOutput out;
    out.result = "unchanged";
    out.reason = fmt::format("nothing new in {}", listed(names_));
    out.evidence = {{"files", names_}};
    return out;
  }

  /// Files whose bytes are all known: only their names are new.
  Result<ledger::StageOutput> only_noted(const News& news) {
    ledger::StageOutput out = unchanged();
    if (!parent_) return out;
    ledger::Manifest manifest = next_manifest(parent_->contract);
    out.reason = fmt::format("nothing new: {}", fmt::join(news.same, ", "));
    out.evidence["same"] = news.same;
    TRY(write_manifest(manifest, out));
    return out;
  }

  ledger::Manifest next_manifest(const table::Contract& contract) const {
    ledger::Manifest manifest;
    if (parent_) manifest = *parent_;
    manifest.parent = parent_digest_;
    ++manifest.number;
    manifest.contract = contract;
    manifest.cursor = cursor_.to_json();
    manifest.orders_only = cursor_.clock.orders_only();
    manifest.counts = {};
    manifest.rejects.reset();
    return manifest;
  }

  Result<void> write_manifest(const ledger::Manifest& manifest, ledger::StageOutput& out) {
    RONDO_FAILPOINT(kManifestWrite);
    const std::string text = io::canonical(manifest.to_json());
    TRY(io::write_atomically(*in_.fs, in_.out / "manifest.json", text));
    out.files["manifest"] = "manifest.json";
    return {};
  }

  Result<ledger::StageOutput> write(const News& news, const Reading& reading, Tools& tools) {
    ledger::StageOutput out;
    ledger::Manifest manifest = next_manifest(reading.contract);
    manifest.counts = reading.counts;
    manifest.rows += reading.counts.accepted;
    manifest.labelled += reading.labelled;
    if (reading.counts.accepted > 0) {
      const ledger::Segment segment =
          TRY(write_segment(*in_.fs, reading.rows, in_.out / "segment.parquet", tools));
      manifest.segments.push_back(segment);
      out.files["segment"] = "segment.parquet";
    }
    if (!reading.rejects.empty()) {
      RONDO_FAILPOINT(kRejectsWrite);
      std::string lines;
      for (const Json& reject : reading.rejects) lines += io::canonical(reject) + "\n";
      TRY(io::write_atomically(*in_.fs, in_.out / "rejects.jsonl", lines));
      manifest.rejects = io::sha256(lines);
      out.files["rejects"] = "rejects.jsonl";
    }
    TRY(write_manifest(manifest, out));
    say(news, reading, manifest, out);
    return out;
  }

  void say(const News& news, const Reading& reading, const ledger::Manifest& manifest,
           ledger::StageOutput& out) const {
    const auto needed = static_cast<std::uint64_t>(
        std::max<std::int64_t>({situation_.labelled_needed, options_.min_rows, 0}));
    const bool enough = manifest.labelled >= needed;
    const ledger::Counts& n = reading.counts;
    std::vector<std::string> files;
    for (const NewBytes& file : news.files) files.push_back(file.file);
    out.result = n.accepted == 0 ? "unchanged" : enough ? "new rows" : "too few rows";
    out.reason = fmt::format("{} row{} from {}", grouped(n.accepted), n.accepted == 1 ? "" : "s",
                             listed(files));
    if (n.rejected > 0) out.reason += fmt::format(", {} rejected", grouped(n.rejected));
    if (n.duplicate > 0) out.reason += fmt::format(", {} known already", grouped(n.duplicate));
    if (out.result == "too few rows") {
      const bool held = situation_.labelled_needed == std::numeric_limits<std::int64_t>::max();
      out.reason += held ? fmt::format("; {} labelled rows, but no training is due now",
                                       grouped(manifest.labelled))
                         : fmt::format("; {} labelled rows, {} are needed",
                                       grouped(manifest.labelled), grouped(needed));
    }
    out.evidence = {{"files", files},           {"read", n.read},
                    {"accepted", n.accepted},   {"rejected", n.rejected},
                    {"duplicate", n.duplicate}, {"rows", manifest.rows},
                    {"labelled", manifest.labelled}, {"labelled_needed", needed},
                    {"dataset", manifest.number},    {"contract", manifest.contract.version}};
    if (!manifest.segments.empty()) {
      out.evidence["content"] = manifest.segments.back().content.hex();
    }
    if (cursor_.newest) out.evidence["newest"] = to_text(*cursor_.newest);
    if (!reading.changes.empty()) out.evidence["changes"] = reading.changes;
    if (!reading.dropped.empty()) out.evidence["made_missing"] = reading.dropped;
    if (!news.same.empty()) out.evidence["same"] = news.same;
    for (const Reason& reason : commonest(reading.rejects, 3)) {
      out.evidence["reasons"].push_back(reason.line);
    }
  }

  const ledger::StageInput& in_;
  Options options_;
  Situation situation_;
  io::Path project_;
  std::optional<ledger::Manifest> parent_;
  std::optional<io::Digest> parent_digest_;
  Cursor cursor_;
  table::Dialect dialect_;
  std::vector<std::string> names_;
  std::optional<Known> known_;
};

}  // namespace

Result<ledger::StageOutput> run(const ledger::StageInput& input) { return Job(input).run(); }

Result<Loaded> load(io::Fs& fs, const Options& options, const io::Path& project,
                    const table::Contract* contract, const std::string& target,
                    const io::Path& temp) {
  Tools tools(temp);
  Cursor cursor;
  const auto names = TRY(find_files(fs, project, options.source));
  const News news = TRY(find_news(fs, project, names, cursor));
  table::Dialect dialect = TRY(first_dialect(news.files, options));
  if (contract != nullptr) dialect.delimiter = contract->dialect.delimiter;
  const auto silent = [](const std::string&) -> Result<void> { return {}; };
  std::vector<Source> sources =
      TRY(open_all(news, project, options, dialect, true, cursor, tools, silent));
  ReadingOptions how;
  how.target = target;
  how.time = options.time;
  how.key = options.key;
  how.actions = TRY(actions_from(options.contract));
  Reading reading = TRY(read_rows(std::move(sources), contract, dialect, how, cursor, tools));
  TRY(check_rejected(reading, options, contract == nullptr));
  Loaded loaded{std::move(reading.rows), std::move(reading.contract), reading.counts,
                std::move(reading.rejects), std::move(reading.record), std::move(reading.changes)};
  loaded.remarks.insert(loaded.remarks.end(), news.same.begin(), news.same.end());
  return loaded;
}

}  // namespace rondo::collect
