// Data Preparation: checks the rows, splits them, looks for leaks, fits the recipe, and writes the
// feature matrix. Its Transform means the same in serving. Fitted on training rows only.
#pragma once

#include "io/options.h"
#include "ledger/served_rows.h"
#include "ledger/stage_io.h"
#include "model/prepared.h"

namespace rondo::prepare {

struct Options {
  std::vector<std::string> ignore;
  std::vector<std::string> late;
  Json types = Json::object();        // column -> number | category | text | time | bool
  std::string missing = "auto";
  std::int64_t rare = 5;
  std::string features = "off";
  std::string leaks = "stop";
  std::vector<std::string> allow;
  std::string state_max = "512MiB";
  Json lag = Json::array();           // [[prepare.lag]]: {"column", "by"} or {"column", "rows"}
  Json window = Json::array();        // [[prepare.window]]: {"column", "over", "take"}
  Json join = Json::array();          // [[prepare.join]]: {"table", "on", "ttl", "take"}
  Json combine = Json::array();       // [[prepare.combine]]: {"columns", "by"}
  Json encode = Json::array();        // [[prepare.encode]]: {"column"}
  Json text = Json::array();          // [[prepare.text]]: {"column"}
  Json expect = Json::array();        // [[prepare.expect]], see expect.h
};

template <class Visitor>
void describe(Visitor& v, Options& o) {
  using io::Key;
  v(Key{"ignore", "columns that are no features"}, o.ignore);
  v(Key{"late", "columns that are known only with the label"}, o.late);
  v(Key{"types", "column = number, category, text, time or bool"}, o.types);
  v(Key{"missing", "what to do with missing numbers", 0, 0, "auto|reject"}, o.missing);
  v(Key{"rare", "categories seen less often share one code", 0, 1e9}, o.rare);
  v(Key{"features", "try lags, arithmetic, encodings, pairs and keep what helps", 0, 0, "auto|off"},
    o.features);
  v(Key{"leaks", "what to do with a leak", 0, 0, "stop|warn"}, o.leaks);
  v(Key{"allow", "columns excused from the leak guard"}, o.allow);
  v(Key{"state_max", "the memory for what lags read in a server, beyond which new entities have "
                     "no past"},
    o.state_max);
  v(Key{"lag", "[[prepare.lag]] column, and by = \"24h\" or rows = 1"}, o.lag);
  v(Key{"window", "[[prepare.window]] column, over = \"7d\", take = [\"mean\", \"count\"]"},
    o.window);
  v(Key{"join",
        "[[prepare.join]] table = \"weather\", on = [\"origin\"], ttl = \"3h\", take = "
        "[\"temp\"]"},
    o.join);
  v(Key{"combine",
        "[[prepare.combine]] columns = [\"a\", \"b\"], by = \"/\": + - * / of numbers, & of "
        "categories"},
    o.combine);
  v(Key{"encode", "[[prepare.encode]] column = \"city\": the mean of the target by its values"},
    o.encode);
  v(Key{"text", "[[prepare.text]] column = \"comment\": its words and parts of words, hashed"},
    o.text);
  v(Key{"expect", "[[prepare.expect]] column, and a rule: between = [0, 120], in = [...], ..."},
    o.expect);
}

/// An interval of event time whose rows are kept out of training and lags (an open quality signal).
struct Quarantine {
  Time from, until;
  std::string column, why;
};

/// Set by the loop, in StageInput::options["now"].
struct Situation {
  std::string target;
  std::string task = "auto";
  std::string weight;                  // column that says how much a row counts; empty: once each
  std::vector<double> quantiles{};     // levels that are asked for in place of one number
  bool has_clock = false;
  std::vector<std::string> entity;
  Span label_delay;                    // labels of history rows are known so long after the row
  Span delay;
  std::map<std::string, Span> tables;  // other tables, each with its delay
  std::string split = "auto";          // "random", "group": by chance although there is a clock
  double test_share = 0.2;
  Span test_longest = Span::days(14);
  Span gap;
  Time test_after = kBeginningOfTime;  // champion's newest training row
  std::optional<Time> changed{};       // when an alarm of the risk says that the law changed
  bool twin = false;                   // fit for deployment: every usable row trains
  std::vector<Quarantine> quarantine;
  std::string temp;
};
bool splits_by_time(const Situation& situation);
Json to_json(const Situation& situation);
Result<Situation> situation_from(const Json& json);

/// Other tables by their names.
using Tables = std::map<std::string, table::Table>;

/// Stage entry. Input "manifest", and of a twin "measured", the prepared data of the model that was
/// measured, whose features it takes over. Output "prepared" (model::Prepared).
/// Results: "prepared", "contract broken" (a leak, a lost column, a constant target: reason says
/// which and what to do).
/// options = {"prepare": Options, "now": Situation}.
Result<ledger::StageOutput> run(const ledger::StageInput& input);

/// What `rondo check` knows instead of a StageInput.
struct Rehearsal {
  Options options;
  Situation situation;
  bool orders_only = false;            // the clock is a number that only orders
  Seed seed;
  Time now;
  Tables tables{};
};
/// A preparation of rows that are not collected yet, for `rondo check`: nothing is written, and
/// expectations are not looked at. Its result, reason and evidence are those that a step has.
/// Errors: kInvalidInput of a lag or window. Cost: as the stage.
Result<ledger::StageOutput> rehearse(const Rehearsal& rehearsal, const table::Table& rows);

/// The observations that a dataset gives to a history: lagged columns known at t + delay, the
/// target at t + label_delay, without quarantined rows. It feeds training and serving alike.
std::vector<model::Observation> observations(const table::Table& rows,
                                             const model::HistorySpec& spec,
                                             const std::string& target,
                                             const std::vector<std::string>& classes,
                                             const Situation& situation);
/// The same of rows some of which were served: such a label is known since it came, and has the
/// sequence number that it has in a server.
std::vector<model::Observation> observations(const ledger::RowsAndServed& rows,
                                             const model::HistorySpec& spec,
                                             const std::string& target,
                                             const std::vector<std::string>& classes,
                                             const Situation& situation);
/// The observations that other tables give: what is joined, known at t + the delay of its table.
std::vector<model::Observation> observations(const Tables& tables, const model::HistorySpec& spec,
                                             const Situation& situation);

}  // namespace rondo::prepare
