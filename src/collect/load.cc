// Opening what is new of a source, and everything that it has, for those who only look.
#include <fmt/format.h>

#include "collect/database_rows.h"
#include "collect/push.h"
#include "collect/reading.h"

namespace rondo::collect {

Result<std::vector<Source>> open_all(const News& news, const io::Path& project,
                                     const Options& options, const table::Dialect& dialect,
                                     bool first, Cursor& cursor, Tools& tools,
                                     const std::function<Result<void>(const std::string&)>& said) {
  std::vector<Source> sources;
  std::string empty;
  for (const NewBytes& file : news.files) {
    TRY(said(file.file));
    if (file.pushed) {
      sources.push_back(TRY(open_pushed(file)));
      continue;
    }
    if (file.answer) {
      sources.push_back(open_answer(file));
      const std::string& none = sources.back().grid.empty;
      if (none.empty()) continue;
      if (empty.empty()) empty = fmt::format("{} {}", file.file, none);
      sources.pop_back();
      continue;
    }
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

Result<Loaded> load(io::Fs& fs, const Options& options, const io::Path& project,
                    const table::Contract* contract, const std::string& target,
                    const io::Path& temp, const FetchedRows& fetched) {
  Tools tools(temp);
  Cursor cursor;
  News news = TRY(news_of(fs, options, project, cursor));
  TRY(add_fetched(options, fetched, tools, news, cursor));
  if (news.files.empty()) {
    return fail(Code::kNotFound, "no row was pushed yet",
                "send some to `rondo up`: POST /api/v1/rows, as docs/API.md shows");
  }
  table::Dialect dialect = TRY(first_dialect(news.files, options));
  if (contract != nullptr) dialect.delimiter = contract->dialect.delimiter;
  const auto silent = [](const std::string&) -> Result<void> { return {}; };
  std::vector<Source> sources =
      TRY(open_all(news, project, options, dialect, true, cursor, tools, silent));
  ReadingOptions how;
  how.target = target;
  how.time = options.time;
  how.key = options.key;
  how.lag = options.lag;
  how.actions = TRY(actions_from(options.contract));
  const Agreed agreed = target.empty() ? Agreed{} : TRY(read_agreed(fs, project));
  how.agreed = &agreed;
  Reading reading = TRY(read_rows(std::move(sources), contract, dialect, how, cursor, tools));
  TRY(check_rejected(reading, options.max_rejected, contract == nullptr));
  Loaded loaded{std::move(reading.rows), std::move(reading.contract), reading.counts,
                std::move(reading.rejects), std::move(reading.record), std::move(reading.changes),
                cursor.clock.orders_only()};
  loaded.remarks.insert(loaded.remarks.end(), news.same.begin(), news.same.end());
  return loaded;
}

}  // namespace rondo::collect
