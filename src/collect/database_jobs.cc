// What a worker does with databases beside a collection: look whether there is news, and fetch all
// rows for who only looks at them.
#include <fmt/format.h>

#include "base/words.h"
#include "collect/database_rows.h"

namespace rondo::collect {
namespace {

struct Task {
  Options options;
  Situation situation;
  Cursor cursor;
};

Result<Task> task_of(const ledger::StageInput& input) {
  Task task;
  task.options = TRY(io::read_options<Options>(input.options.value("collect", Json::object()),
                                               "collect"));
  task.situation = TRY(situation_from(input.options.value("now", Json::object())));
  task.cursor = TRY(Cursor::from_json(input.options.value("cursor", Json::object())));
  return task;
}

/// "sql:orders has 12 new rows": the same news is told by the same words.
std::string told(const SqlSource& source, const Answer& answer) {
  if (answer.mark.value == std::nullopt && !answer.mark.digest.empty()) {
    return fmt::format("{} has changed ({} rows, {})", source.source(),
                       grouped(answer.rows.rows()), answer.mark.digest.substr(0, 8));
  }
  const std::size_t rows = answer.rows.rows() + answer.rejects.size();
  return fmt::format("{} has {} new row{}", source.source(), grouped(rows), rows == 1 ? "" : "s");
}

}  // namespace

Result<ledger::StageOutput> look(const ledger::StageInput& input) {
  const Task task = TRY(task_of(input));
  const io::Path project = task.situation.project_folder, temp = task.situation.temp;
  ledger::StageOutput out;
  out.evidence = {{"changed", false}, {"what", ""}};
  for (const SqlSource& source : TRY(databases_of(task.options))) {
    const auto known = task.cursor.sql.find(source.name);
    const SqlMark before = known == task.cursor.sql.end() ? SqlMark() : known->second;
    const Answer answer =
        TRY(ask({*input.fs, task.options, project, temp}, source, before));
    const bool empty = answer.rows.rows() == 0 && answer.rejects.empty();
    if (!answer.news || (empty && before == SqlMark())) continue;
    out.evidence = {{"changed", true}, {"what", told(source, answer)}};
    break;
  }
  out.result = "looked";
  out.reason = out.evidence["what"];
  return out;
}

Result<ledger::StageOutput> fetch(const ledger::StageInput& input) {
  const Task task = TRY(task_of(input));
  const io::Path project = task.situation.project_folder, temp = task.situation.temp;
  Tools tools(temp);
  ledger::StageOutput out;
  for (const SqlSource& source : TRY(databases_of(task.options))) {
    const Answer answer = TRY(ask({*input.fs, task.options, project, temp}, source, {}));
    const std::string file = source.name + ".parquet";
    TRY(TRY(tools.engine())->write_parquet(answer.rows, input.out / file));
    out.files[source.name] = file;
  }
  out.result = "fetched";
  out.reason = "the rows of databases";
  return out;
}

}  // namespace rondo::collect
