// up, predict, feedback: answers, online and for a file, through the same pipeline.
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "api/server.h"
#include "base/worker.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/score.h"
#include "loop/service.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

Result<api::ServerOptions> server_options(const Args& args, const loop::Config& config) {
  api::ServerOptions options = TRY(api::server_options(config.deploy));
  options.listen = args.get("--listen", config.deploy.listen);
  options.insecure_bind = args.has("--insecure-bind");
  return options;
}

/// A number as a person would write it: no noise of binary fractions, whole where it is whole.
Json plain(const model::Cell& cell, table::Type type) {
  if (type == table::Type::kTime) return to_text(Time{static_cast<std::int64_t>(cell.number)});
  if (type == table::Type::kBool) return cell.number != 0;
  if (type == table::Type::kInteger) return static_cast<std::int64_t>(cell.number);
  return std::strtod(fmt::format("{:.6g}", cell.number).c_str(), nullptr);
}

/// A row of the source for the curl line, made from the reference of the champion.
std::string example_row(const loop::Service& service) {
  const auto routing = service.router().take();
  if (!routing || !routing->champion) return "{}";
  const model::Pipeline::Parts& parts = routing->champion->pipeline->parts();
  Json row = Json::object();
  auto cells = model::decode_cells(parts.golden.front().cells);
  const auto& fields = parts.transform.inputs().fields;
  for (std::size_t i = 0; cells && i < fields.size(); ++i) {
    const model::Cell& cell = (*cells)[i];
    if (cell.kind == model::Cell::Kind::kText) row[fields[i].name] = std::string(cell.text);
    else if (cell.kind == model::Cell::Kind::kMissing) row[fields[i].name] = nullptr;
    else row[fields[i].name] = plain(cell, fields[i].type);
  }
  return row.dump();
}

struct Scored {
  table::Table rows;
  std::vector<std::string> remarks;
  std::shared_ptr<const deploy::Deployed> by;
};

/// The file that was named, with a path that holds from anywhere. Errors: kNotFound.
Result<std::string> given_file(const std::string& word) {
  const io::Path path = std::filesystem::absolute(word);
  const bool pattern = word.find_first_of("*?[") != word.npos;
  if (pattern || TRY(io::real_fs()->stat(path))) return path.string();
  return fail(Code::kNotFound, fmt::format("{} was not found", word));
}

Result<Scored> read_rows(const Args& args, loop::Service& service) {
  Scored out;
  const std::string version = args.get("--model");
  if (version.empty()) {
    const auto routing = service.router().take();
    if (const std::string alert = service.numbers().alert; !routing && !alert.empty()) {
      return fail(Code::kCorrupt, alert, "`rondo fsck` names what is damaged");
    }
    if (!routing || !routing->champion) {
      return fail(Code::kNotFound, "no model serves yet", "turn the loop first: `rondo run`");
    }
    out.by = routing->champion;
  } else {
    out.by = TRY(service.version(*positive(version, 'v')));
  }
  const auto fs = io::real_fs();
  collect::Options options = service.config().collect;
  options.source = {TRY(given_file(args.words[0]))};
  options.key.clear();
  const auto contract = TRY(loop::newest_contract(service.store()));
  collect::Loaded loaded = TRY(collect::load(*fs, options, args.project, &contract, "",
                                             service.store().attempts()));
  if (!loaded.rejects.empty()) {
    return fail(Code::kInvalidInput,
                io::get_or<std::string>(loaded.rejects[0], "sentence", loaded.rejects[0].dump()),
                fmt::format("{} of {} cannot be read; mend them",
                            counted(loaded.rejects.size(), "row"),
                            args.words[0]));
  }
  out.rows = std::move(loaded.rows);
  out.remarks = std::move(loaded.remarks);
  return out;
}

Json answer_json(const deploy::Answer& answer, std::span<const std::string> classes) {
  Json row = {{"model_version", answer.version}};
  if (answer.label.empty()) {
    row["prediction"] = answer.value;
    return row;
  }
  row["prediction"] = std::string(answer.label);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    row["probabilities"][classes[c]] = answer.probabilities[c];
  }
  return row;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_header(std::span<const std::string> classes) {
  std::string line = "prediction";
  for (const std::string& name : classes) line += "," + quoted("probability_" + name);
  return line + ",model_version\n";
}

std::string csv_line(const deploy::Answer& answer) {
  std::string line = answer.label.empty() ? fmt::format("{}", answer.value)
                                          : quoted(std::string(answer.label));
  for (const double p : answer.probabilities) line += fmt::format(",{}", p);
  return line + fmt::format(",{}\n", answer.version);
}

}  // namespace

Result<int> run_up(const Args& args) {
  Display display(false, args.color);  // lines of the loop; there is no end to show progress to
  const auto service = TRY(loop::Service::open(
      {args.project, !args.has("--no-loop"), "up", [&](const Json& event) { display(event); }}));
  auto server = TRY(api::Server::start(TRY(server_options(args, service->config())), *service));
  service->start();
  const std::string base = fmt::format("http://127.0.0.1:{}", server->port());
  say(fmt::format("{} answers at {} (pid {}); Ctrl-C drains and ends", service->model_name(), base,
                  ::getpid()));
  say(fmt::format("  curl -s {}/api/v1/predict -H 'content-type: application/json' -d "
                  "'{{\"rows\":[{}]}}'", base, example_row(*service)));
  say(fmt::format("  token for changes: {}",
                  (loop::store_folder(args.project) / "token").string()));
  while (!args.stop.requested()) sleep_for(Span::millis(200), args.stop);
  server->stop();
  service->stop();
  say("drained; bye");
  return kOk;
}

Result<int> run_predict(const Args& args) {
  const std::string version = args.get("--model");
  if (args.has("--model") && !positive(version, 'v')) return refuse_version(args, version);
  const auto service = TRY(loop::Service::open({args.project, false, "predict"}));
  const Scored scored = TRY(read_rows(args, *service));
  const model::Pipeline& pipeline = *scored.by->pipeline;
  const std::vector<std::string>& classes = pipeline.parts().classes;
  const auto columns = loop::columns_for(pipeline.transform(), scored.rows);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::string& name = pipeline.transform().inputs().fields[c].name;
    const std::string lacks = fmt::format("lacks column \"{}\"", name);
    const bool lost = std::ranges::any_of(scored.remarks, [&](const std::string& remark) {
      return remark.find(lacks) != std::string::npos;
    });
    if (columns[c] == nullptr || lost) {
      return fail(Code::kInvalidInput,
                  fmt::format("{} lacks the column \"{}\"", args.words[0], name),
                  "the model was trained with it");
    }
  }
  const auto times = loop::times_of(scored.rows);
  const bool clock = scored.rows.find(table::kTimeColumn) != nullptr;
  std::vector<model::Cell> cells(columns.size());
  std::string out = args.json ? "" : csv_header(classes);
  for (std::size_t i = 0; i < scored.rows.rows(); ++i) {
    model::gather(columns, i, cells);
    const Time at = clock ? times[i] : service->now();
    const deploy::Answer answer = deploy::Router::answer(scored.by, {cells, at, at, {}}, nullptr);
    out += args.json ? answer_json(answer, classes).dump() + "\n" : csv_line(answer);
  }
  if (!args.has("-o")) {
    say(out);
    return kOk;
  }
  TRY(io::write_atomically(*io::real_fs(), args.get("-o"), out));
  say(fmt::format("{} scored by v{} to {}",
                  counted(scored.rows.rows(), "row"),
                  scored.by->version, args.get("-o")));
  return kOk;
}

Result<int> run_feedback(const Args& args) {
  const auto service = TRY(loop::Service::open({args.project, false, "feedback"}));
  const auto fs = io::real_fs();
  collect::Options options;
  options.source = {TRY(given_file(args.words[0]))};
  const collect::Loaded loaded = TRY(collect::load(*fs, options, args.project, nullptr, "",
                                                   service->store().attempts()));
  const auto id = loaded.rows.schema().find("id");
  const auto label = loaded.rows.schema().find("label");
  if (!id || !label) {
    return fail(Code::kInvalidInput,
                fmt::format("{} needs the columns id and label", args.words[0]),
                "id is what a prediction was answered with");
  }
  std::vector<loop::FeedbackItem> items;
  for (std::size_t i = 0; i < loaded.rows.rows(); ++i) {
    const table::Column& column = loaded.rows.column(*label);
    if (column.is_null(i)) continue;
    Json value;
    if (table::is_text(column.type)) value = std::string(column.text(i));
    else if (column.type == table::Type::kBool) value = column.as_double(i) != 0;
    else value = column.as_double(i);
    items.push_back({loaded.rows.cell_text(i, *id), std::move(value), std::nullopt, false});
  }
  const loop::FeedbackResult result = TRY(service->feedback(items));
  const Json said = {{"accepted", result.accepted}, {"duplicate", result.duplicate},
                     {"unknown", result.unknown}, {"conflicting", result.conflicting},
                     {"receipt", result.receipt}};
  if (args.json) say_json(said);
  else {
    say(fmt::format("{} accepted, {} duplicate, {} unknown, {} conflicting",
                    counted(result.accepted, "label"), result.duplicate,
                    result.unknown, result.conflicting));
  }
  return kOk;
}

}  // namespace rondo::cli
