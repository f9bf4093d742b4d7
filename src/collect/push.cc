// The log's rows of all requests behind the cursor, one behind the other, are read as one file.
#include "collect/push.h"

#include <algorithm>

#include "collect/agreed.h"
#include "collect/bind.h"
#include "collect/csv.h"
#include "collect/json_rows.h"
#include "collect/reading.h"
#include "collect/segment.h"
#include "ledger/pushed.h"

namespace rondo::collect {
namespace {

Result<void> add_pushed(io::Fs& fs, const io::Path& project, News& news, Cursor& cursor) {
  NewBytes fresh{std::string(kPush), {}, {}, true};
  fresh.mark.records = fresh.mark.lines = cursor.pushed.records;
  const io::LogPosition from{cursor.pushed.segment, cursor.pushed.offset};
  const io::LogPosition end =
      TRY(ledger::read_pushed(fs, pushed_folder(project), from, [&](ledger::Pushed&& pushed) {
        fresh.bytes += pushed.lines;
        cursor.pushed.records += pushed.rows;
      }));
  cursor.pushed.segment = end.segment;
  cursor.pushed.offset = end.offset;
  if (!fresh.bytes.empty()) news.files.push_back(std::move(fresh));
  return {};
}

/// A record on one line. Within its texts JSON has no line ends.
std::string one_line(std::string_view raw) {
  std::string line(raw);
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\r', ' ');
  return line;
}

/// A row that was typed already, so that it is typed the same when it is read again.
std::string line_of(const Reading& reading, std::size_t row) {
  std::string line;  // the columns in their order, which is that of the contract to come
  for (const table::Field& field : reading.contract.schema.fields) {
    const table::Column* const column = reading.rows.find(field.name);
    if (column == nullptr) continue;
    line += line.empty() ? '{' : ',';
    line += io::canonical(Json(field.name)) + ":" + io::canonical(column->cell_json(row));
  }
  return line + "}\n";
}

PushedRow refused(const Json& reject) {
  PushedRow row;
  row.fate = PushedRow::Fate::kRejected;
  row.column = io::get_or<std::string>(reject, "column", "");
  row.reason = io::get_or<std::string>(reject, "detail", "");
  row.hint = io::get_or<std::string>(reject, "hint", "");
  return row;
}

}  // namespace

bool is_pushed_to(const Options& options) {
  return std::ranges::find(options.source, kPush) != options.source.end();
}

io::Path pushed_folder(const io::Path& project) { return project / ".rondo" / "pushed"; }

Result<News> news_of(io::Fs& fs, const Options& options, const io::Path& project,
                     Cursor& cursor, std::uint64_t part_bytes) {
  News news = TRY(find_news(fs, project, TRY(find_files(fs, project, options.source)),
                            options.format, part_bytes, cursor));
  if (is_pushed_to(options)) TRY(add_pushed(fs, project, news, cursor));
  return news;
}

Result<Source> open_pushed(const NewBytes& news) {
  Source source;
  source.file = news.file;
  source.digest = io::sha256(news.bytes).hex();
  source.grid = TRY(split_json(news.bytes, {0, news.mark.lines, news.mark.records}, news.file));
  return source;
}

struct PushJudge::State {
  ReadingOptions how;
  Actions actions;
  Result<void> ready;  // the settings can be followed
  table::Dialect dialect;
  std::optional<table::Contract> contract;
  bool agreed = false;  // the contract is that of a version
  Cursor cursor;  // of the newest version: its clock, and the rows where it stands
  Tools tools;
  io::Fs& fs;
  io::Path project;
  Agreed agreed_file;
  std::optional<io::Stat> looked_at;  // contract.toml, as it was read

  State(const Options& options, std::string target, io::Fs& files, io::Path folder,
        const io::Path& temp)
      : tools(temp), fs(files), project(std::move(folder)) {
    how.agreed = &agreed_file;
    how.target = std::move(target);
    how.time = options.time;
    how.key = options.key;
    how.merges = options.mode == "merge";
    how.lag = options.lag;
    auto read = actions_from(options.contract);
    if (read) actions = how.actions = *std::move(read);
    else ready = std::unexpected(read.error());
    dialect.null = options.null;
    dialect.trim = options.trim;
  }

  /// contract.toml, when it is not what it was.
  Result<void> follow_file() {
    const auto stat = TRY(fs.stat(project / kContractFile));
    const bool same = stat.has_value() == looked_at.has_value() &&
                      (!stat || (stat->modified == looked_at->modified &&
                                 stat->inode == looked_at->inode && stat->size == looked_at->size));
    if (same) return {};
    agreed_file = TRY(read_agreed(fs, project));
    looked_at = stat;
    return {};
  }

  Result<Source> source_of(std::string body, PushForm form) const {
    Source source;
    source.file = kPush;
    source.csv = form == PushForm::kCsv;
    source.grid = source.csv ? TRY(split_csv(std::move(body), dialect, {}, {}, source.file))
                             : TRY(split_json(std::move(body), {}, source.file));
    return source;
  }

  /// Before the first version: types widen as they would had all rows come at once, but a time
  /// stays one, and what contract.toml says.
  void agree(const table::Contract& now) {
    contract = now;
    how.actions.type = table::OnChange::kEvolve;
    auto fixed = mentioned(how.time, now.schema);
    for (const table::Field& field : agreed_file.schema.fields) fixed.insert(field.name);
    for (const std::string& name : fixed) {
      how.actions.columns.try_emplace(name, table::OnChange::kDiscardRow);
    }
  }
};

PushJudge::PushJudge(const Options& options, std::string target, io::Fs& fs,
                     const io::Path& project, const io::Path& temp)
    : state_(std::make_unique<State>(options, std::move(target), fs, project, temp)) {}
PushJudge::~PushJudge() = default;

Result<void> PushJudge::follow(const ledger::Manifest& newest) {
  state_->cursor = TRY(Cursor::from_json(newest.cursor));
  state_->cursor.files.clear();
  state_->contract = newest.contract;
  state_->contract->dialect.null = state_->dialect.null;
  state_->how.actions = state_->actions;
  state_->agreed = true;
  return {};
}

Result<std::vector<PushedRow>> PushJudge::judge(std::string body, PushForm form,
                                                const Taken& taken) {
  TRY(state_->ready);
  TRY(state_->follow_file());
  Source source = TRY(state_->source_of(std::move(body), form));
  std::vector<PushedRow> out(source.grid.read);
  std::vector<std::size_t> place;  // of each row that could be split
  for (const Record& record : source.grid.records) {
    place.push_back(record.number - 1);
    if (form == PushForm::kCsv) continue;
    out[record.number - 1].line = one_line(source.grid.raw(record)) + "\n";
  }
  if (out.empty()) return out;
  if (place.empty()) {
    for (const Reject& reject : source.grid.rejects) {
      out[reject.record - 1] = refused(to_json(reject, {}));
    }
    return out;
  }
  if (!state_->how.key.empty()) state_->how.taken = taken;
  Cursor cursor = state_->cursor;
  std::vector<Source> sources;
  sources.push_back(std::move(source));
  const Reading reading =
      TRY(read_rows(std::move(sources), state_->contract ? &*state_->contract : nullptr,
                    state_->dialect, state_->how, cursor, state_->tools));
  if (!state_->agreed && reading.rows.rows() > 0) state_->agree(reading.contract);
  for (const Json& reject : reading.rejects) {
    out[io::get_or<std::uint64_t>(reject, "record", 1) - 1] = refused(reject);
  }
  std::vector<std::size_t> key;
  for (const std::string& name : state_->how.key) {
    key.push_back(*reading.rows.schema().find(name));
  }
  for (std::size_t row = 0; row < reading.rows.rows(); ++row) {
    PushedRow& good = out[place[reading.record[row]]];
    good.fate = PushedRow::Fate::kAccepted;
    if (form == PushForm::kCsv) good.line = line_of(reading, row);
    good.id = row_id(reading.rows, row);
    if (!key.empty()) good.key = key_id(reading.rows, key, row);
  }
  return out;
}

Result<io::LogPosition> pushed_through(const Json& cursor) {
  const Cursor read = TRY(Cursor::from_json(cursor));
  return io::LogPosition{read.pushed.segment, read.pushed.offset};
}

}  // namespace rondo::collect
