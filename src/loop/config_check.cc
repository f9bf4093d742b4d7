// Whether rondo.toml says what can be. Values are looked at where the file is read, so every
// command refuses them; names of columns, task and metric once `rondo check` has read the source.
// All mistakes are told at once, each with its line and with what to write instead.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/words.h"
#include "evaluate/checks.h"
#include "evaluate/metrics.h"
#include "io/address.h"
#include "loop/config.h"
#include "loop/mistakes.h"
#include "loop/policy.h"
#include "prepare/draft.h"
#include "train/script.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kColumnsTold = 20;
constexpr std::uint64_t kLeastLog = 64 << 10;
constexpr std::uint64_t kLeastPushLog = 1 << 20;

/// A list of tables that `read` takes as a whole.
template <class Read>
void check_list(const std::string& key, const Json& list, Read read, Mistakes& mistakes) {
  if (const auto all = read(list); all || !list.is_array()) return mistakes.demand(key, all);
  Json before = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {  // which one is it?
    before.push_back(list[i]);
    if (const auto some = read(before); !some) {
      return mistakes.add(fmt::format("{}[{}]", key, i), some.error());
    }
  }
}

void check_types(const Json& types, Mistakes& mistakes) {
  static const std::vector<std::string> kTypes = {"number", "category", "text", "time", "bool"};
  if (!types.is_object()) {
    return mistakes.add("prepare.types", "must be a table, such as { hour = \"category\" }");
  }
  for (const auto& [column, type] : types.items()) {
    const std::string word = type.is_string() ? type.get<std::string>() : type.dump();
    if (std::ranges::find(kTypes, word) != kTypes.end()) continue;
    const std::string near = io::nearest(word, kTypes);
    mistakes.add("prepare.types." + column,
                 fmt::format("\"{}\" is no type; {}", word,
                             near.empty() ? fmt::format("there are {}", fmt::join(kTypes, ", "))
                                          : fmt::format("did you mean \"{}\"?", near)));
  }
}

/// A number, or the word that stands for none.
void check_number(const std::string& key, const Json& value, std::string_view word,
                  Mistakes& mistakes) {
  if (value.is_number() || value.is_null() || (!word.empty() && value == word)) return;
  mistakes.add(key, fmt::format("must be a number{}, not {}",
                                word.empty() ? "" : fmt::format(" or \"{}\"", word), value.dump()));
}

void check_canary(const std::vector<double>& shares, Mistakes& mistakes) {
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double before = i == 0 ? 0 : shares[i - 1];
    const double steps = shares[i] * 100;  // a share is kept in hundredths of a percent
    if (shares[i] > before && std::abs(steps - std::round(steps)) < 1e-9 * steps) continue;
    return mistakes.add(fmt::format("deploy.canary[{}]", i),
                        fmt::format("must be above {}, in whole hundredths of a percent, not {}",
                                    before, shares[i]),
                        "write growing percents, like [5, 25, 100]; 100 is the promotion");
  }
}

/// The task, where the settings alone say it.
std::optional<model::Task> task_asked(const Config& config) {
  if (!config.train.quantiles.empty()) return model::Task::kQuantile;
  const auto task = model::task_from(config.project.task);
  return task ? std::optional(*task) : std::nullopt;
}

void check_loss(const Config& config, std::optional<model::Task> task, Mistakes& mistakes) {
  const std::string& loss = config.monitor.loss;
  const std::string& metric = config.evaluate.metric;
  mistakes.demand("monitor.loss",
                  evaluate::check_loss(loss, metric, config.evaluate.cost, task));
  const bool pairs = loss == "auc" || (loss == "auto" && metric == "auc");
  if (!pairs || config.monitor.audit_per_day == 0) return;
  mistakes.add("monitor.audit_per_day", "is set, and the AUC is watched, which is of pairs of rows",
               "write [monitor] loss = \"brier\", or \"error\"");
}

void check_evaluate(const Config& config, Mistakes& mistakes) {
  const evaluate::Options& o = config.evaluate;
  mistakes.demand("evaluate.test", test_rows(o.test));
  if (!o.gap.empty()) mistakes.demand("evaluate.gap", parse_span(o.gap));
  if (o.split == "time" && config.collect.time.empty()) {
    mistakes.add("evaluate.split", "is \"time\", but nothing says when a row was",
                 "name its column: [collect] time = \"...\"");
  }
  if (o.split == "group" && config.collect.entity.empty()) {
    mistakes.add("evaluate.split", "is \"group\", but nothing says whose row a row is",
                 "name the columns that tell: [collect] entity = [\"...\"]");
  }
  check_number("evaluate.at_least", o.at_least, "", mistakes);
  mistakes.demand("evaluate.cost", evaluate::check_cost(o.cost));
  mistakes.demand("evaluate.slices", evaluate::check_slices(o.slices));
  check_number("evaluate.min_effect", o.min_effect, "auto", mistakes);
  const auto task = task_asked(config);
  const std::string& named = config.project.task;
  if (task == model::Task::kQuantile && named != "auto" && named != "regression") {
    mistakes.add("train.quantiles", fmt::format("ask for a number, but project.task is {}", named),
                 "leave one of them out");
  }
  check_loss(config, task, mistakes);
  if (task) {
    mistakes.demand("evaluate.metric", evaluate::metric_for(o.metric, *task));
    mistakes.demand("evaluate.calibrate", evaluate::check_calibrate(o.calibrate, *task));
  }
}

void check_sizes(const Config& config, Mistakes& mistakes) {
  mistakes.demand("prepare.state_max", parse_size(config.prepare.state_max));
  const auto size = parse_size(config.collect.push_log);
  mistakes.demand("collect.push_log", size);
  if (size && *size < kLeastPushLog) mistakes.add("collect.push_log", "must be at least 1MiB");
}

void check_alerts(const AlertOptions& alerts, Mistakes& mistakes) {
  if (!alerts.webhook.empty()) mistakes.demand("alerts.webhook", io::web_address(alerts.webhook));
  if (!alerts.smtp.empty()) mistakes.demand("alerts.smtp", io::mail_server(alerts.smtp));
  for (const std::string& to : alerts.email) {
    if (!io::is_mailbox(to)) mistakes.add("alerts.email", fmt::format("\"{}\" is no mailbox", to));
  }
  if (alerts.email.empty() == alerts.smtp.empty()) return;
  mistakes.add(alerts.smtp.empty() ? "alerts.smtp" : "alerts.email", "is missing",
               "letters need both, who gets them (email) and a mail server (smtp)");
}

void check_log(const Config& config, Mistakes& mistakes) {
  const auto size = parse_size(config.deploy.log_size);
  mistakes.demand("deploy.log_size", size);
  if (size && *size < kLeastLog) {
    mistakes.add("deploy.log_size", "must be at least 64KiB");
  }
  const Span judged{config.monitor.label_delay.us + config.monitor.window.us};
  if (config.deploy.log_keep >= judged) return;
  mistakes.add("deploy.log_keep",
               fmt::format("an answer is judged {} after it was given, and must be kept so long",
                           to_text(judged)),
               "raise it, or lower [monitor] label_delay or window");
}

std::string columns_text(const std::vector<std::string>& names) {
  const std::size_t told = std::min(names.size(), kColumnsTold);
  std::string text = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(told), ", "));
  if (told < names.size()) text += fmt::format(" and {} more", names.size() - told);
  return text;
}

void check_columns(const Config& config, const table::Schema& schema, Mistakes& mistakes) {
  std::vector<std::string> names;
  for (const table::Field& field : schema.fields) names.push_back(field.name);
  const auto look = [&](const std::string& key, const std::string& name) {
    if (schema.find(name)) return;
    const std::string near = io::nearest(name, names);
    mistakes.add(key, fmt::format("the source has no column \"{}\"; {}", name,
                                  near.empty()
                                      ? fmt::format("it has {}", columns_text(names))
                                      : fmt::format("did you mean \"{}\"?", near)));
  };
  const auto look_at_all = [&](const std::string& key, const std::vector<std::string>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) look(fmt::format("{}[{}]", key, i), list[i]);
  };
  look_at_all("collect.key", config.collect.key);
  look_at_all("collect.entity", config.collect.entity);
  look_at_all("prepare.ignore", config.prepare.ignore);
  look_at_all("prepare.late", config.prepare.late);
  look_at_all("prepare.allow", config.prepare.allow);
  look_at_all("monitor.slices", config.monitor.slices);
  if (!config.train.weight.empty()) look("train.weight", config.train.weight);
  if (!config.deploy.split_by.empty()) look("deploy.split_by", config.deploy.split_by);
  for (const auto& item : config.prepare.types.items()) {
    look("prepare.types." + item.key(), item.key());
  }
  const auto look_at_tables = [&](const std::string& key, const Json& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      look(fmt::format("{}[{}]", key, i), io::get_or<std::string>(list[i], "column", ""));
    }
  };
  look_at_tables("prepare.lag", config.prepare.lag);
  look_at_tables("prepare.window", config.prepare.window);
  look_at_tables("prepare.encode", config.prepare.encode);
  look_at_tables("prepare.text", config.prepare.text);
  for (std::size_t i = 0; i < config.prepare.combine.size(); ++i) {
    look_at_all(fmt::format("prepare.combine[{}].columns", i),
                io::get_or<std::vector<std::string>>(config.prepare.combine[i], "columns", {}));
  }
  for (std::size_t i = 0; i < config.prepare.expect.size(); ++i) {
    const Json& expect = config.prepare.expect[i];
    const Json where = io::get_or<Json>(expect, "where", Json::object());
    for (const std::string& name : {io::get_or<std::string>(expect, "column", ""),
                                    io::get_or<std::string>(expect, "above", ""),
                                    io::get_or<std::string>(where, "column", "")}) {
      if (!name.empty()) look(fmt::format("prepare.expect[{}]", i), name);
    }
  }
}

/// What the target's values ask for, unless the project names a task; then whether they fit it.
void check_task(const Config& config, const table::Column& target, Mistakes& mistakes) {
  const std::string& name = config.project.target;
  const std::string& asked = config.project.task;
  const bool text = target.type == table::Type::kCategory || target.type == table::Type::kText;
  std::set<std::string> values;
  for (std::size_t row = 0; row < target.size() && values.size() < 3; ++row) {
    if (!target.is_null(row)) values.insert(target.cell_text(row));
  }
  if (asked == "regression" && text) {
    return mistakes.add("project.task",
                        fmt::format("is regression, but the target \"{}\" is text", name),
                        "take a column of numbers, or leave `task` out");
  }
  if (asked == "binary" && values.size() > 2) {
    return mistakes.add("project.task",
                        fmt::format("is binary, but the target \"{}\" has more than two values",
                                    name),
                        "leave `task` out: it follows from the target");
  }
  const bool classes = text || target.type == table::Type::kBool || values.size() < 3;
  const model::Task natural = !classes           ? model::Task::kRegression
                              : values.size() < 3 ? model::Task::kBinary
                                                  : model::Task::kMulticlass;
  if (!config.train.quantiles.empty() && (text || target.type == table::Type::kBool)) {
    return mistakes.add("train.quantiles", fmt::format("ask for a number, but the target \"{}\" "
                                                       "is none", name),
                        "take a column of numbers, or leave `quantiles` out");
  }
  const model::Task task = task_asked(config).value_or(natural);
  mistakes.demand("evaluate.metric", evaluate::metric_for(config.evaluate.metric, task));
  check_loss(config, task, mistakes);
}

}  // namespace

/// A row can only be told apart by a key, and what was pushed is never pushed again.
void check_mode(const collect::Options& collect, Mistakes& mistakes) {
  if (collect.mode == "merge" && collect.key.empty()) {
    mistakes.add("collect.key", "is missing, and mode = \"merge\" needs one",
                 "name the columns that identify a row: key = [\"id\"]");
  }
  const bool pushed = std::ranges::find(collect.source, "push") != collect.source.end();
  if (collect.mode != "replace" || !pushed) return;
  mistakes.add("collect.mode", "is \"replace\", which reads files anew, beside the source \"push\"",
               "use mode = \"merge\", so that a row that is pushed replaces the one of its key");
}

/// Databases, and what orders the rows of sources.
void check_databases(const collect::Options& collect, Mistakes& mistakes) {
  const auto sources = collect::databases_in(collect);
  if (!sources) {  // "sql.orders.uri is missing"
    const std::string& text = sources.error().message;
    const std::size_t key = std::min(text.find(' '), text.size() - 1);
    return mistakes.add("collect." + text.substr(0, key), text.substr(key + 1),
                        sources.error().hint);
  }
  const bool databases = !sources->sources.empty();
  if (databases && collect.mode == "append" && sources->cursor.empty()) {
    mistakes.add("collect.cursor", "is missing, and a database is read on behind it",
                 "name a column whose values grow, as an id or a time of change: cursor = \"id\"; "
                 "or read all rows each time: mode = \"replace\"");
  }
  if (!databases && !collect.cursor.empty()) {
    mistakes.add("collect.cursor", "is set, and no source is a database",
                 "files are read on behind what was read of them; drop it");
  }
  if (collect.lag.us > 0 && collect.time.empty() && !databases) {
    mistakes.add("collect.lag", "is set, and nothing says when a row happened",
                 "name the clock in [collect] time, or drop lag");
  }
}

/// Other tables, and the joins that name them.
void check_tables(const Config& config, Mistakes& mistakes) {
  const io::Toml places{Json(), config.places};
  const auto tables = collect::tables_of(config.collect, &places, config.file);
  if (!tables) return mistakes.add_line(tables.error().message);
  check_list("prepare.join", config.prepare.join, prepare::joins_from, mistakes);
  const auto joins = prepare::joins_from(config.prepare.join);
  if (!joins || joins->empty()) return;
  if (config.collect.time.empty()) {
    mistakes.add("collect.time", "is missing, and a join needs to know when each row was",
                 "name the column, or write an SQL expression: time = \"...\"");
  }
  std::vector<std::string> names;
  for (const auto& [name, how] : *tables) names.push_back(name);
  std::set<std::string> told;
  for (const prepare::LagWish& join : *joins) {
    if (tables->contains(join.other) || !told.insert(join.other).second) continue;
    const std::string near = io::nearest(join.other, names);
    mistakes.add("prepare.join", fmt::format("names the table \"{}\", which is not configured{}",
                                             join.other,
                                             near.empty()
                                                 ? std::string()
                                                 : fmt::format("; did you mean \"{}\"?", near)),
                 fmt::format("write [collect.table.{}] with its source and time", join.other));
  }
}

Result<void> check_values(const Config& config) {
  Mistakes mistakes(config);
  if (config.project.target.empty()) {
    mistakes.add("project.target", "is missing",
                 "name the column to predict: [project] target = \"...\"");
  }
  if (config.collect.source.empty()) {
    mistakes.add("collect.source", "is missing",
                 "name the files to read: [collect] source = \"data/*.csv\"");
  }
  check_mode(config.collect, mistakes);
  check_databases(config.collect, mistakes);
  check_types(config.prepare.types, mistakes);
  check_list("prepare.lag", config.prepare.lag, prepare::lags_from, mistakes);
  check_list("prepare.window", config.prepare.window, prepare::windows_from, mistakes);
  check_tables(config, mistakes);
  check_list("prepare.combine", config.prepare.combine, prepare::combines_from, mistakes);
  check_list("prepare.encode", config.prepare.encode, prepare::encodes_from, mistakes);
  check_list("prepare.text", config.prepare.text, prepare::texts_from, mistakes);
  check_list("prepare.expect", config.prepare.expect, prepare::expectations_from, mistakes);
  check_list("evaluate.invariant", config.evaluate.invariant, evaluate::check_invariants, mistakes);
  mistakes.demand("train.budget", train::read_budget(config.train.budget));
  mistakes.demand("train.row_max", parse_span(config.train.row_max));
  mistakes.demand("train.size_max", parse_size(config.train.size_max));
  mistakes.demand("train.command", train::words_of_command(config.train.command));
  mistakes.demand("train.monotone", train::check_monotone(config.train.monotone));
  mistakes.demand("train.window", train::check_window(config.train.window));
  mistakes.demand("train.learners", train::check_learners(config.train));
  mistakes.demand("train.class_weight", train::check_class_weight(config.train.class_weight));
  mistakes.demand("train.quantiles", train::check_quantiles(config.train));
  if (!config.train.command.empty() && !config.train.class_weight.empty()) {
    mistakes.add("train.class_weight", "is set beside train.command",
                 "a script weighs its classes itself: leave one of them out");
  }
  check_evaluate(config, mistakes);
  mistakes.demand("deploy.listen", parse_listen(config.deploy.listen));
  mistakes.demand("deploy.body_max", parse_size(config.deploy.body_max));
  check_log(config, mistakes);
  check_sizes(config, mistakes);
  check_canary(config.deploy.canary, mistakes);
  if (!config.deploy.grpc.empty()) mistakes.demand("deploy.grpc", parse_listen(config.deploy.grpc));
  mistakes.demand("loop.policy", Policy::make(config.loop.policy, config.loop,
                                              config.collect.min_rows));
  check_alerts(config.alerts, mistakes);
  return mistakes.finish();
}

Result<void> check_source(const Config& config, const table::Schema& columns,
                          const table::Table& rows) {
  Mistakes mistakes(config);
  check_columns(config, columns, mistakes);
  if (const table::Column* target = rows.find(config.project.target)) {
    check_task(config, *target, mistakes);
  }
  return mistakes.finish();
}

}  // namespace rondo::loop
