// What a source has, for those who only look.
#include <fmt/format.h>

#include "collect/database_rows.h"
#include "collect/feed.h"
#include "collect/push.h"
#include "collect/reading.h"

namespace rondo::collect {

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
  Feed feed(news, {fs, project, options, dialect, true, {}}, tools);
  std::vector<Source> sources = TRY(feed.next(cursor, target.empty()));
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
  if (!feed.done()) {
    loaded.remarks.push_back(fmt::format("only the first {} rows were looked at",
                                         grouped(loaded.counts.read)));
  }
  return loaded;
}

}  // namespace rondo::collect
