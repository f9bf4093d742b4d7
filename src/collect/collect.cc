// The stage from top to bottom: what is new, split, typed, judged, written. Everything below this
// file is a function of bytes; the files of the source and the outputs are touched from here.
#include "collect/collect.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "collect/before.h"
#include "collect/database_rows.h"
#include "collect/feed.h"
#include "collect/push.h"
#include "collect/telling.h"

namespace rondo::collect {
namespace {

/// Everything that one run of the stage knows.
class Job {
 public:
  explicit Job(const ledger::StageInput& input) : in_(input) {}

  /// The other tables first: a version of the rows names theirs.
  Result<ledger::StageOutput> run() {
    TRY(read_settings());
    tables_ = TRY(collect_tables(in_, options_, parent_ ? &*parent_ : nullptr,
                                 [](const ledger::StageInput& side) { return Job(side).run(); }));
    ledger::StageOutput out = TRY(collect_rows());
    if (!tables_.changed) return out;
    if (!out.files.contains("manifest")) {
      if (!parent_) return out;  // its rows will be read again, when there are rows to join them to
      anew_ = false;
      const ledger::Manifest manifest = next_manifest(parent_->contract);
      TRY(write_manifest(manifest, out));
      out.evidence["dataset"] = manifest.number;
    }
    out.files.insert(tables_.files.begin(), tables_.files.end());
    tell_tables(tables_, out);
    return out;
  }

 private:
  Result<ledger::StageOutput> collect_rows() {
    TRY(read_served());
    Tools tools(situation_.temp);
    const News news = TRY(find());
    before_.emplace(first() ? nullptr : &*parent_, *in_.objects, situation_.temp, options_,
                    situation_.target);
    ledger::StageOutput out;
    Reading reading;
    if (!TRY(gather(news, tools, reading, out)) && served_.read == 0) {
      return news.same.empty() ? nothing_taken({}) : only_noted(news);
    }
    TRY(check_rejected(reading, options_.max_rejected, first()));
    const bool filled = backfills() && reading.counts.accepted == 0;
    if ((filled || reading.counts.read == 0) && served_.read == 0) return nothing_taken(reading);
    return write(news, reading, tools, std::move(out));
  }

  /// Reads everything that is new, and rows that were rejected; false: there is nothing. Of parts
  /// all but the last are written. A clock that only orders needs all rows at once.
  Result<bool> gather(const News& news, Tools& tools, Reading& reading,
                      ledger::StageOutput& out) {
    const Cursor start = cursor_;
    if (!news.files.empty()) {
      dialect_ = parent_ ? dialect_now() : TRY(first_dialect(news.files, options_));
    }
    Cursor scratch;  // of a replay, which lives through all again: what counts is the time of rows
    const bool again = replay() || backfills();
    for (bool all = again || cursor_.clock.orders_only();; all = true) {
      std::optional<Feed> feed(std::in_place, news, feeding(), tools);
      std::vector<Source> sources = TRY(feed->next(again ? scratch : cursor_, all));
      if (!parent_ && !feed->done()) {
        sources.clear();
        TRY(agree_on_all(news, tools));
        feed.emplace(news, feeding(), tools);
        sources = TRY(feed->next(cursor_));
      }
      TRY(add_rejected(sources));
      if (parent_) reading.contract = parent_->contract;
      if (sources.empty()) return false;
      reading = TRY(read(std::move(sources), tools, nullptr));
      if (feed->done() || !cursor_.clock.orders_only()) {
        if (merges() && reading.rows.columns() > 0) TRY(before_->merge_in(reading));
        TRY(read_on(*feed, start, tools, reading, out));
        return true;
      }
      cursor_ = start;
    }
  }

  Result<void> read_on(Feed& feed, const Cursor& start, Tools& tools, Reading& reading,
                       ledger::StageOutput& out) {
    while (!feed.done()) {
      std::vector<Source> sources = TRY(feed.next(cursor_));
      if (sources.empty()) break;
      TRY(write_part(reading.rows, reading.origin, tools, out));
      last_contract_ = reading.contract;
      reading.rows = reading.origin = table::Table();
      table::Engine::rest();
      Reading next = TRY(read(std::move(sources), tools, &start));
      if (merges()) TRY(before_->merge_in(next));
      go_on(reading, std::move(next));
    }
    return {};
  }

  /// Types by a look at every part, since nothing is guessed again later.
  Result<void> agree_on_all(const News& news, Tools& tools) {
    Cursor marks = cursor_;
    Feed feed(news, feeding(), tools);
    std::vector<ColumnLook> looks;
    while (!feed.done()) add(looks, look_at(TRY(feed.next(marks)), dialect_.null));
    first_contract_ = first_contract(looks, dialect_);
    return {};
  }

  Feed::From feeding() const {
    const auto said = [this](const std::string& file, double share) -> Result<void> {
      if (in_.stop.requested()) return fail(Code::kCancelled, "the collection was stopped");
      if (in_.progress) in_.progress({{"done", share}, {"what", "reading " + file}});
      return {};
    };
    return {*in_.fs, project_, options_, dialect_, first(), said, situation_.part_bytes};
  }

  Result<void> read_settings() {
    const Json options = in_.options.value("collect", Json::object());
    options_ = TRY(io::read_options<Options>(options, "collect"));
    situation_ = TRY(situation_from(in_.options.value("now", Json::object())));
    project_ = situation_.project_folder;
    if (!situation_.table.empty()) prefix_ = situation_.table + ".";
    const auto manifest = in_.inputs.find("manifest");
    if (manifest == in_.inputs.end()) return {};
    const std::string text = TRY(in_.objects->get(manifest->second));
    parent_ = TRY(ledger::Manifest::from_json(TRY(io::parse_json(text, "the manifest"))));
    parent_digest_ = manifest->second;
    cursor_ = TRY(Cursor::from_json(parent_->cursor));
    return {};
  }

  /// What the loop gathered of predictions with labels. A clock that only orders gives no time to
  /// them, so they are left out.
  Result<void> read_served() {
    const auto input = in_.inputs.find("served");
    if (input == in_.inputs.end() || !parent_ || parent_->orders_only) return {};
    const std::string text = TRY(in_.objects->get(input->second));
    served_ = TRY(served_rows(TRY(io::parse_json(text, "served predictions")), parent_->contract,
                              situation_.target, options_.key, !options_.time.empty()));
    return {};
  }

  bool replay() const { return situation_.as_of.has_value(); }
  bool merges() const { return options_.mode == "merge"; }
  /// Files that changed are read anew. A replay lives through the rows of all files, as they came.
  bool replaces() const { return options_.mode == "replace" && !replay(); }
  /// Reads everything again, as if nothing had been read.
  bool backfills() const { return situation_.backfill.has_value(); }
  bool first() const { return !parent_ || anew_; }

  Result<News> find() {
    names_ = TRY(find_files(*in_.fs, project_, options_.source));
    for (const SqlSource& one : TRY(databases_of(options_))) names_.push_back(one.source());
    if (is_pushed_to(options_)) names_.emplace_back(kPush);
    if (backfills()) TRY(check_backfill(parent_, cursor_, replaces()));
    Cursor nothing;  // of a replay, which lives through all again: what counts is the time of rows
    if (!replaces()) {
      if (backfills()) nothing.sql = cursor_.sql;
      return all_news(replay() || backfills() ? nothing : cursor_);
    }
    News news = TRY(all_news(nothing));
    anew_ = !same_files(nothing, cursor_);
    if (!anew_) return News{};
    nothing.exact = cursor_.exact;
    cursor_ = std::move(nothing);
    return news;
  }

  Result<News> all_news(Cursor& cursor) {
    News news = TRY(news_of(*in_.fs, options_, project_, cursor, situation_.part_bytes));
    const io::Path temp = situation_.temp;
    TRY(add_databases({*in_.fs, options_, project_, temp, situation_.backfill}, news, cursor));
    return news;
  }

  /// As agreed on; what means missing may be added to at any time.
  table::Dialect dialect_now() const {
    table::Dialect dialect = parent_->contract.dialect;
    dialect.null = options_.null;
    dialect.trim = options_.trim;
    return dialect;
  }

  /// What was rejected before, behind the sources that are new, when a person wants it.
  Result<void> add_rejected(std::vector<Source>& sources) {
    retry_from_ = sources.size();
    if (!situation_.retry || first() || replay() || backfills()) return {};
    if (parent_->orders_only) {
      return fail(Code::kInvalidInput,
                  "a clock that only orders gives no place to rows that come later",
                  "mend them in a file and begin anew with it");
    }
    dialect_ = dialect_now();
    retry_ = TRY(rejected_before(*parent_, *in_.objects, dialect_));
    std::ranges::move(retry_.sources, std::back_inserter(sources));
    return {};
  }

  /// `start`: of a part behind the first, the cursor before the first.
  Result<Reading> read(std::vector<Source> sources, Tools& tools, const Cursor* start) {
    ReadingOptions how;
    how.since = start;
    if (first_contract_) how.first = &*first_contract_;
    how.again = situation_.backfill;
    how.retry_from = backfills() ? 0 : start != nullptr ? SIZE_MAX : retry_from_;
    how.target = situation_.target;
    how.time = options_.time;
    how.key = options_.key;
    how.actions = TRY(actions_from(options_.contract));
    if (situation_.table.empty()) agreed_ = TRY(read_agreed(*in_.fs, project_));
    how.agreed = &agreed_;
    how.fault = situation_.fault;
    if (replay()) {
      how.visible_until = *situation_.as_of - std::max(options_.delay, situation_.label_delay);
    }
    how.merges = merges();
    how.lag = options_.lag;
    how.known = [this] { return before_->known(); };
    const table::Contract* agreed = parent_ ? &parent_->contract : nullptr;
    if (start != nullptr) agreed = &last_contract_;
    if (agreed == nullptr) {
      return read_rows(std::move(sources), nullptr, dialect_, how, cursor_, tools);
    }
    table::Contract contract = *agreed;
    contract.dialect = dialect_;
    Cursor scratch = cursor_;  // a backfill leaves the cursor where it is
    return read_rows(std::move(sources), &contract, dialect_, how,
                     backfills() ? scratch : cursor_, tools);
  }

  Result<void> put(const std::string& name, const char* ending, const std::string& bytes,
                   ledger::StageOutput& out) const {
    const std::string file = prefix_ + name + ending;
    TRY(io::write_atomically(*in_.fs, in_.out / file, bytes));
    out.files[prefix_ + name] = file;
    return {};
  }

  /// Names the rows that do not count any more, if this collection overtook some.
  Result<void> write_deleted(ledger::Manifest& manifest, ledger::StageOutput& out) const {
    const Merged& merged = before_->merged();
    if (merged.gone + merged.of_parts == 0) return {};
    const std::string bytes = ledger::encode(merged.dead);
    TRY(put("deleted", ".bin", bytes, out));
    manifest.deleted = {io::sha256(bytes), ledger::rows_of(merged.dead)};
    manifest.rows -= merged.gone;
    manifest.labelled -= merged.labelled_gone;
    return {};
  }

  ledger::StageOutput nothing_taken(const Reading& reading) const {
    ledger::StageOutput out = unchanged();
    if (backfills()) {
      out.reason = "nothing was missed" + told(*situation_.backfill);
      tell_backfill(situation_, out);
    } else if (situation_.retry) {
      tell_retried(reading, retry_, true, out);
    }
    return out;
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
    manifest.tables = tables_.versions;
    manifest.orders_only = cursor_.clock.orders_only();
    manifest.counts = {};
    manifest.rejects.reset();
    if (!anew_ || !parent_) return manifest;
    manifest.segments = ledger::by_origin(manifest).second;
    manifest.deleted.reset();
    manifest.rows = 0;
    for (const ledger::Segment& one : manifest.segments) manifest.rows += one.rows;
    manifest.rows -= manifest.superseded;
    manifest.labelled = manifest.rows;  // every served row has its label
    return manifest;
  }

  Result<void> write_manifest(const ledger::Manifest& manifest, ledger::StageOutput& out) {
    RONDO_FAILPOINT(kManifestWrite);
    return put("manifest", ".json", io::canonical(manifest.to_json()), out);
  }

  Result<ledger::Segment> write_rows(const table::Table& rows, const table::Table& origin,
                                     const std::string& name, Tools& tools,
                                     ledger::StageOutput& out) const {
    const std::string file = prefix_ + name + ".parquet";
    out.files[prefix_ + name] = file;
    return write_segment(*in_.fs, rows, origin, in_.out / file, tools);
  }

  Result<void> write_part(const table::Table& rows, const table::Table& origin, Tools& tools,
                          ledger::StageOutput& out) {
    if (rows.rows() == 0) return {};
    const std::size_t before = before_->parts().size();
    const std::string name = before == 0 ? "segment" : fmt::format("segment-{}", before + 1);
    const ledger::Segment segment = TRY(write_rows(rows, origin, name, tools, out));
    return before_->add(segment, in_.out / out.files[prefix_ + name], rows);
  }

  Result<ledger::StageOutput> write(const News& news, Reading& reading, Tools& tools,
                                    ledger::StageOutput out) {
    ledger::Manifest manifest = next_manifest(reading.contract);
    manifest.counts = reading.counts;
    manifest.rows += reading.counts.accepted;
    manifest.labelled += reading.labelled;
    if (backfills()) TRY(resolve_filled(*parent_, *in_.objects, reading.origin, manifest));
    else resolve(retry_, reading.retried, manifest);
    TRY(write_deleted(manifest, out));
    TRY(before_->settle(reading, served_, manifest));
    TRY(write_part(reading.rows, reading.origin, tools, out));
    std::ranges::copy(before_->parts(), std::back_inserter(manifest.segments));
    if (served_.rows.rows() > 0) {
      manifest.segments.push_back(
          TRY(write_rows(served_.rows, served_.past, "served", tools, out)));
      manifest.segments.back().same_by = served_.same_by;
    }
    std::ranges::move(served_.rejects, std::back_inserter(reading.rejects));
    if (!reading.rejects.empty()) {
      RONDO_FAILPOINT(kRejectsWrite);
      std::string lines;
      for (const Json& reject : reading.rejects) lines += io::canonical(reject) + "\n";
      manifest.rejects = io::sha256(lines);
      TRY(put("rejects", ".jsonl", lines, out));
    }
    TRY(write_manifest(manifest, out));
    tell(telling(news, reading, manifest), out);
    return out;
  }

  Telling telling(const News& news, const Reading& reading,
                  const ledger::Manifest& manifest) const {
    std::vector<std::string> files;
    for (const NewBytes& file : news.files) files.push_back(file.file);
    return {options_, situation_, reading, manifest, served_, before_->merged(), retry_,
            std::move(files), news.same, cursor_.newest};
  }

  const ledger::StageInput& in_;
  Options options_;
  Situation situation_;
  io::Path project_;
  std::string prefix_;  // of outputs: of another table its name
  Tables tables_;
  std::optional<ledger::Manifest> parent_;
  std::optional<io::Digest> parent_digest_;
  Cursor cursor_;
  table::Dialect dialect_;
  std::vector<std::string> names_;
  Agreed agreed_;
  Retry retry_;
  std::size_t retry_from_ = 0;  // among the sources
  ServedRows served_;
  std::optional<Before> before_;
  std::optional<table::Contract> first_contract_;  // of a first collection in parts
  table::Contract last_contract_;                  // of the part before
  bool anew_ = false;  // the version begins empty
};

}  // namespace

Result<ledger::StageOutput> run(const ledger::StageInput& input) { return Job(input).run(); }

}  // namespace rondo::collect
