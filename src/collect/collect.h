// Data Collection: turns sources into the next dataset version. Typed rows become one Parquet
// segment, each rejected row is kept with file, line and reason, data and cursor are one manifest.
// The invariant, checked before a manifest is written: read = accepted + rejected + duplicate.
#pragma once

#include <set>

#include "io/options.h"
#include "io/record_log.h"
#include "ledger/manifest.h"
#include "ledger/stage_io.h"
#include "table/canonical.h"

namespace rondo::collect {

struct Options {
  std::vector<std::string> source;   // globs, relative to the project
  std::string format = "auto";
  std::vector<std::string> names;
  std::string time;
  Span delay;
  std::vector<std::string> key;
  std::vector<std::string> entity;
  std::string mode = "append";
  std::vector<std::string> null = {""};
  bool trim = false;
  std::int64_t min_rows = 100;
  double max_rejected = 0.01;
  bool served = true;
  std::string push_log = "1GiB";
  std::string cursor;
  Span lag;
  Json contract = Json::object();
  Json sql = Json::object();
  Json table = Json::object();  // [collect.table.NAME]; read by tables_of
};

template <class Visitor>
void describe(Visitor& v, Options& o) {
  using io::Key;
  v(Key{"source", "files to read: paths and globs (csv, json, parquet; also .gz, .zst); "
                  "\"-\": standard input of `rondo run`; \"sql:NAME\": a database of "
                  "[collect.sql.NAME]; \"push\": rows that clients send"},
    o.source);
  v(Key{"format", "how they are written", 0, 0, "auto|csv|json|parquet"}, o.format);
  v(Key{"names", "column names, for files without a header"}, o.names);
  v(Key{"time", "event time: a column, or an SQL expression over columns"}, o.time);
  v(Key{"delay", "history rows became known so long after their event time", 0, 1e9}, o.delay);
  v(Key{"key", "columns that identify a row"}, o.key);
  v(Key{"entity", "columns that say whose row it is: each has its own lags and windows, and its "
                  "rows stay on one side of a split without a clock"},
    o.entity);
  v(Key{"mode", "new rows are added, or replace the one of their key, or all that were there", 0, 0,
        "append|merge|replace"},
    o.mode);
  v(Key{"null", "texts that mean missing"}, o.null);
  v(Key{"trim", "drop blanks around unquoted fields"}, o.trim);
  v(Key{"min_rows", "labelled rows that a training needs", 1, 1e12}, o.min_rows);
  v(Key{"max_rejected", "share of rejected rows above which the step fails", 0, 1}, o.max_rejected);
  v(Key{"served", "predictions that got their label become rows, unless a source has them too"},
    o.served);
  v(Key{"push_log", "the size of the log of pushed rows beyond which the oldest that were "
                    "collected go, as \"1GiB\""},
    o.push_log);
  v(Key{"cursor", "of databases: what orders their rows, a column or an SQL expression of "
                  "theirs; empty: `time`"},
    o.cursor);
  v(Key{"lag", "rows may come so late behind the newest one", 0, 1e9}, o.lag);
  v(Key{"contract", "what to do when a file disagrees: table, column, type"}, o.contract);
  v(Key{"sql", "databases, each with driver (postgresql, sqlite, duckdb), uri (env:NAME, "
               "file:PATH), query, every"},
    o.sql);
  v(Key{"table", "[collect.table.NAME] another table to join rows with: source, time, delay, ..."},
    o.table);
}

/// What is read of the sources in one go: plain text of so many bytes, or twice as many if that is
/// all that there is.
inline constexpr std::uint64_t kPartBytes = 64ULL << 20;

/// Event times [from, to).
struct TimeRange {
  Time from, to;
};

/// Each [collect.table.NAME] by its name: source, format, names, time, delay, key, mode, null,
/// trim, max_rejected and contract of [collect]. Errors: kInvalidInput, a line a mistake, which
/// begin with their place when `places` is given.
Result<std::map<std::string, Options>> tables_of(const Options& options,
                                                 const io::Toml* places = nullptr,
                                                 const std::string& file = "options");

/// Set by the loop, beside Options, in StageInput::options["now"].
struct Situation {
  std::string project_folder;
  std::string target;
  Span label_delay;
  std::int64_t labelled_needed = 0;  // total labelled rows from which a training is due
  std::optional<Time> as_of;         // replay: only what was known by then
  Json fault = Json::object();       // rehearsal: {"column","value","from","to"}
  bool retry = false;                // rows that were rejected are tried again
  std::optional<TimeRange> backfill; // of what was collected: what was missed of it is added
  std::string table;                 // the other table that is collected; empty: the rows
  std::string temp;                  // folder for DuckDB
  std::uint64_t part_bytes = kPartBytes;  // of the sources that is read in one go
};
Json to_json(const Situation& situation);
Result<Situation> situation_from(const Json& json);

/// Whether standard input is one of the sources, "-".
bool reads_input(const Options& options);
/// Takes standard input, if there is a byte, as one more file of that source: durable when it
/// returns. For the one program that turns the loop. Errors: kIo, kCancelled, kInvalidInput for
/// what is packed and damaged.
Result<void> spool_input(std::shared_ptr<io::Fs> fs, const io::Path& project, const Stop& stop);

/// Stage entry. Inputs "manifest" (the parent) and "served" (collect/served.h) may be absent.
/// Outputs "manifest", "segment" (of large sources also "segment-2", ..), "served", "rejects", only
/// those that exist, and of another table "weather.manifest" and so on. Results: "new rows", "too
/// few rows", "unchanged"; the last has a manifest only when files were read whose rows were all
/// known, so that they are not read again, or when another table has new rows.
/// options = {"collect": Options, "now": Situation}. Errors: kInvalidInput naming file, line,
/// column.
Result<ledger::StageOutput> run(const ledger::StageInput& input);

/// What a collection reads: as a worker gets it, that may reach nothing else.
struct Inputs {
  std::vector<std::string> source;  // Options::source, what patterns and folders find by name
  std::vector<io::Path> reads;      // where these lie, links followed; contract.toml, pushed rows
  bool network = false;             // a database's server has to be reached
};
/// A link within a folder or pattern that leads out of that folder is refused: who may put a file
/// there shall not choose any other. Errors: kInvalidInput.
Result<Inputs> inputs_of(io::Fs& fs, const Options& options, const io::Path& project);

/// The folders in which news of the source would be seen, links followed, and that of pushed rows.
/// Errors: as peek().
Result<std::set<io::Path>> folders_of(io::Fs& fs, const Options& options, const io::Path& project);
/// Whether nothing in a folder has this name yet: hidden, or said to be unfinished (.tmp, .part).
bool is_unfinished(std::string_view name);

/// Cheap look at the source, without parsing: does it differ from the cursor?
struct Peek {
  bool changed = false;
  std::uint64_t bytes = 0;
  std::string what;           // "data/may.csv grew by 2,311 bytes"
  std::uint64_t pushed = 0;   // rows that wait, of some 256 KiB of them
  bool only_pushed = false;   // no file changed
  std::optional<Time> touched;  // when the newest of the files with news was written last
};
/// Errors: kNotFound (a file that is named), kIo.
Result<Peek> peek(io::Fs& fs, const Options& options, const io::Path& project, const Json& cursor);
/// The same of the rows and of each other table, since a version; null: none yet.
Result<Peek> peek_all(io::Fs& fs, const Options& options, const io::Path& project,
                      const ledger::Manifest* newest, const ledger::Objects& objects);

/// One pushed row, as a collection would take it.
struct PushedRow {
  enum class Fate : std::uint8_t { kAccepted, kDuplicate, kRejected };
  Fate fate = Fate::kDuplicate;
  std::string line;                  // as it was sent, or is read, as JSON on a line of its own
  table::RowId id, key;              // of an accepted one
  std::string column, reason, hint;  // of a rejected one
};
enum class PushForm : std::uint8_t { kJson /* lines, or an array */, kCsv /* with a header */ };
/// Says what a collection would make of rows, by the contract and the clock of the newest version,
/// and contract.toml. Threads: one.
class PushJudge {
 public:
  /// `fs` must outlive this.
  PushJudge(const Options& options, std::string target, io::Fs& fs, const io::Path& project,
            const io::Path& temp);
  ~PushJudge();
  /// Errors: kCorrupt.
  Result<void> follow(const ledger::Manifest& newest);
  /// The rows of a body, in its order. Rows of one key that differ are told
  /// within the body only. Before the first version: by what the rows so far agree on.
  /// Errors: kInvalidInput for what is neither, or for what the contract freezes.
  /// `taken` says whether a row of a key was pushed or collected before, by their digests.
  using Taken = std::function<bool(const table::RowId& key, const table::RowId& row)>;
  Result<std::vector<PushedRow>> judge(std::string body, PushForm form, const Taken& taken);

 private:
  struct State;
  std::unique_ptr<State> state_;
};
/// Where in the log of pushed rows a cursor stands.
Result<io::LogPosition> pushed_through(const Json& cursor);

/// Parquet files with the rows of databases that a worker asked, by the name of the source.
using FetchedRows = std::map<std::string, io::Path>;
/// Jobs for a worker, as it alone asks databases. options = {"collect", "now", "cursor"}.
/// look: evidence {"changed", "what"}: whether they have rows beyond the cursor. fetch: an output
/// for each, a Parquet file with all rows. Errors: those of the databases.
Result<ledger::StageOutput> look(const ledger::StageInput& input);
Result<ledger::StageOutput> fetch(const ledger::StageInput& input);
/// Whether a database is among the sources: who collects must be able to reach it.
bool asks_databases(const Options& options);
struct Databases {
  std::vector<std::string> sources;  // "sql:orders"
  Span every;                        // look for news so often
  std::string cursor;                // empty: each reading takes all rows
};
/// Errors: kInvalidInput for what their settings lack, beginning with the key.
Result<Databases> databases_in(const Options& options);

/// What the source has, typed by a contract (or a sniffed one), in event-time order, with `_time`.
/// Rejected rows are returned beside it. Of a large source with a target the first part, and a
/// remark says so; a table without one, such as labels, is read whole.
struct Loaded {
  table::Table rows;
  table::Contract contract;
  ledger::Counts counts;
  std::vector<Json> rejects;          // collect/reject.h
  std::vector<std::uint64_t> record;  // of each row: its place in file order, to sort back by
  std::vector<std::string> remarks;   // lost and new columns, files that hold the same bytes
  bool orders_only = false;           // the clock is a number that only orders
};
/// The project's contract.toml counts, but not for a table without a target, such as labels.
/// Errors: kNotFound, kInvalidInput naming file, line and column. Cost: reads all files.
Result<Loaded> load(io::Fs& fs, const Options& options, const io::Path& project,
                    const table::Contract* contract, const std::string& target,
                    const io::Path& temp, const FetchedRows& fetched = {});
/// The same of each other table.
Result<std::map<std::string, table::Table>> load_tables(io::Fs& fs, const Options& options,
                                                        const io::Path& project,
                                                        const io::Path& temp);

}  // namespace rondo::collect
