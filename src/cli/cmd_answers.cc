// answers: what was answered, with the labels that came, as a table.
#include <fmt/format.h>

#include "batch/answers.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "loop/service.h"

namespace rondo::cli {
namespace {

/// The version whose columns the table has: the one that is asked for, else the champion.
Result<std::shared_ptr<const deploy::Deployed>> shape_of(const batch::AnswersWish& wish,
                                                         loop::Service& service) {
  if (wish.version) return service.version(*wish.version);
  const auto routing = service.router().take();
  if (routing && routing->champion) return routing->champion;
  return fail(Code::kNotFound, "nothing was deployed yet, so nothing was answered",
              "`rondo run` trains and deploys a first model");
}

}  // namespace

Result<int> run_answers(const Args& args) {
  batch::AnswersWish wish;
  if (args.has("--version")) {
    wish.version = positive(args.get("--version"), 'v');
    if (!wish.version) return refuse_version(args, args.get("--version"));
  }
  if (args.has("--from")) wish.from = TRY(parse_time(args.get("--from")));
  if (args.has("--to")) wish.to = TRY(parse_time(args.get("--to")));
  if (wish.from >= wish.to) {
    return report_usage(args, "--from is not before --to, so nothing lies between",
                        "what was answered at --to itself is left out");
  }
  const std::string out = args.get("-o", "-");
  const TableForm form = TRY(table_form(args));
  wish.form = form.form;
  const auto service = TRY(loop::Service::open({args.project, false, "answers"}));
  const auto shape = TRY(shape_of(wish, *service));
  std::unique_ptr<batch::Output> output;
  if (out == "-") {
    output = batch::output_to(write_out);
  } else {
    batch::FileOptions options;
    options.file = TRY(file_to_write(*io::real_fs(), out, Taken::kReplaced));
    options.goes_on = false;  // the log grows meanwhile
    options.temp = service->store().attempts();
    if (form.parquet) options.parquet = batch::answers_schema(*shape);
    output = TRY(batch::output_file(io::real_fs(), std::move(options)));
  }
  const auto version_of = [&](std::int64_t number) { return service->version(number); };
  const auto rows = [&] {
    RowsBar bar(args);
    return batch::write_answers(service->store(), wish, *shape, version_of, *output, args.stop,
                                [&](const batch::Progress& progress) { bar.show(progress); });
  }();
  if (!rows) output->discard();
  const std::uint64_t written = TRY(rows);
  if (out != "-") say(fmt::format("{} to {}", counted(written, "answer"), out));
  return kOk;
}

}  // namespace rondo::cli
