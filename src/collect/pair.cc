// Two files that nobody described: the reference is looked at as a first collection would, the
// current file is bound to its contract, and what does not fit is missing.

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "base/worker.h"
#include "collect/bind.h"
#include "collect/feed.h"
#include "collect/files.h"
#include "collect/guess_dialect.h"
#include "collect/init.h"

namespace rondo::collect {
namespace {

struct WholeFile {
  std::vector<Source> sources;
  table::Dialect dialect;
};

/// `marks` as find_news() left them, by which a file that changes meanwhile is seen.
Result<std::vector<Source>> all_of(const News& news, Cursor marks, io::Fs& fs,
                                   const Options& options, const table::Dialect& dialect,
                                   Tools& tools) {
  const io::Path here = ".";
  Feed feed(news, {fs, here, options, dialect, true, {}}, tools);
  return feed.next(marks, true);
}

void tell_rejects(const std::vector<Source>& sources, std::vector<std::string>& remarks) {
  std::size_t count = 0;
  std::string first;
  for (const Source& source : sources) {
    count += source.grid.rejects.size();
    if (!first.empty() || source.grid.rejects.empty()) continue;
    first = sentence(source.grid.rejects[0], source.file);
  }
  if (count == 0) return;
  remarks.push_back(fmt::format("{} of {} could not be read: {}{}",
                                count == 1 ? "a record" : grouped(count) + " records",
                                sources[0].file, count == 1 ? "" : "the first, ", first));
}

Result<Bound> typed(std::vector<Source>& sources, table::Contract& contract) {
  BindOptions how;
  how.actions.type = table::OnChange::kDiscardValue;
  how.actions.table = table::OnChange::kEvolve;
  return bind_sources(sources, contract, how);
}

Result<WholeFile> read_whole(io::Fs& fs, const std::string& file, const io::Path& temp) {
  Tools tools(temp);
  Options options;
  options.source = {file};
  Cursor cursor;
  const News news = TRY(find_news(fs, ".", options.source, options.format, kPartBytes, cursor));
  WholeFile out;
  out.dialect = TRY(first_dialect(news.files, options));
  out.sources = TRY(all_of(news, cursor, fs, options, out.dialect, tools));
  if (!std::ranges::any_of(out.sources, wants_trim)) return out;
  options.trim = out.dialect.trim = true;
  out.sources = TRY(all_of(news, cursor, fs, options, out.dialect, tools));
  return out;
}

Result<Pair> type_alike(WholeFile reference, WholeFile current) {
  auto looks = look_at(reference.sources, reference.dialect.null);
  for (const NullWord& null : guess_nulls(looks, reference.dialect.null)) {
    reference.dialect.null.push_back(null.word);
  }
  if (reference.dialect.null.size() > 1) {
    looks = look_at(reference.sources, reference.dialect.null);
  }
  table::Contract contract = first_contract(looks, reference.dialect);
  Pair out;
  tell_rejects(reference.sources, out.remarks);
  tell_rejects(current.sources, out.remarks);
  Bound before = TRY(typed(reference.sources, contract));
  const table::Schema schema = contract.schema;
  Bound after = TRY(typed(current.sources, contract));
  for (const table::Field& field : schema.fields) {
    const auto has = [&](const Source& source) { return source.find(field.name).has_value(); };
    if (std::ranges::none_of(current.sources, has)) out.gone.push_back(field.name);
  }
  if (out.gone.size() == schema.fields.size()) {
    return fail(Code::kInvalidInput,
                fmt::format("{} and {} share no column", reference.sources[0].file,
                            current.sources[0].file),
                "are they of one table, and do both have a header?");
  }
  for (const table::Field& field : contract.schema.fields) {
    if (!schema.find(field.name)) out.come.push_back(field.name);
  }
  out.reference = std::move(before.rows);
  out.current = std::move(after.rows);
  out.unread_reference = std::move(before.discarded);
  out.unread_current = std::move(after.discarded);
  return out;
}

}  // namespace

Result<Pair> read_pair(io::Fs& fs, const PairFiles& files, const io::Path& temp) {
  std::optional<Result<WholeFile>> current;
  Result<WholeFile> reference = [&] {
    Worker reader("drift", [&](const Stop&) {
      current = read_whole(fs, files.current, temp / "current");
    });
    return read_whole(fs, files.reference, temp / "reference");
  }();
  return type_alike(TRY(std::move(reference)), TRY(*std::move(current)));
}

}  // namespace rondo::collect
