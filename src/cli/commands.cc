// The table of commands: what is not in it cannot be typed. Help, README and tests/tidy read its
// rows; each example runs as it stands.
#include "cli/tasks.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kMany = 10'000;

constexpr Flag kInit[] = {
    {"--target", "COL", "the column to predict (required)"},
    {"--time", "EXPR", "event time: a column or an SQL expression, when the guess is wrong"},
    {"--names", "A,B,..", "column names, for files without a header"},
    {"--name", "NAME", "of the project; default: the folder's"},
    {"--driver", "NAME", "of a database, sql:NAME: postgresql, sqlite or duckdb"},
    {"--uri", "REF", "its address: env:VARIABLE or file:PATH; of sqlite and duckdb also a path"},
    {"--query", "SQL", "its rows, one SELECT"},
    {"--cursor", "EXPR", "what grows with its rows; default: the time, or all rows each time"},
    {"--force", "", "write over an existing rondo.toml"}};
constexpr Flag kRun[] = {
    {"--backfill", "FROM..TO", "collect again what happened from FROM to before TO"},
    {"--exit-idle", "", "exit with 5 when there was nothing to do"}};
constexpr Flag kUp[] = {
    {"--listen", "ADDR:PORT", "in place of [deploy] listen; port 0 takes a free one"},
    {"--no-loop", "", "only answer, by the champion that others choose; no log, no rollout"},
    {"--tls", "FOLDER", "of several projects: cert.pem and key.pem of their port"},
    {"--grpc", "ADDR:PORT", "of several projects: the gRPC server of all"},
    {"--insecure-bind", "", "allow an address beyond loopback without [deploy] tls"}};
constexpr Flag kServe[] = {
    {"--listen", "ADDR:PORT", "default 127.0.0.1:8080; port 0 takes a free one"},
    {"--grpc", "ADDR:PORT", "the gRPC server's; default: none"},
    {"--name", "NAME", "of the model, in URLs; default: as it was exported"},
    {"--tls", "DIR", "folder of cert.pem and key.pem: HTTPS"},
    {"--hosts", "A,B,..", "Host names allowed beside localhost"},
    {"--tokens", "DIR", "folder of a file `tokens`, as a project's .rondo: who may ask from afar"},
    {"--no-history", "", "serve a model with lags all the same: they are missing in every row"},
    {"--quota-requests", "N", "requests a second that each token may make; default: no quota"},
    {"--quota-rows", "N", "rows a second that are answered to each token; default: no quota"},
    {"--quota-burst", "SPAN", "what a token left unused for so long it may use; default 10s"},
    {"--terse", "", "refusals name no column of the model, but to a deployer"},
    {"--insecure-bind", "", "allow an address beyond loopback without --tls"}};
constexpr Flag kExport[] = {
    {"-o", "FILE", "where to (required)"},
    {"--to", "rondo|onnx|lightgbm", "format; default rondo, a pipeline file"},
    {"--features", "", "of onnx and lightgbm: parts of time and lags are made by who asks it"},
    {"--force", "", "write over an existing file"}};
constexpr Flag kHistory[] = {{"--last", "N", "only the last N steps"},
                             {"--facts", "", "every fact, as canonical JSON lines"}};
constexpr Flag kWhy[] = {
    {"--again", "", "make its decisions again from the facts before, and compare; no STEP: all"}};
constexpr Flag kWhyAsked[] = {{"--why", "TEXT", "recorded with the decision"}};
constexpr Flag kAlerts[] = {
    {"--all", "", "those that closed too"},
    {"--why", "TEXT", "with ack and snooze: recorded with it"}};
constexpr Flag kData[] = {
    {"--rows", "N", "with show: so many rows, default 10"},
    {"--as-of", "TIME", "with show: as they were known by then"},
    {"--table", "NAME", "another table's: of [collect.table.NAME], which has versions of its own"},
    {"--origin", "", "with show: the file, record and line of each row"},
    {"--retry", "", "rejected rows are tried again, rows that a signal kept out were right"},
    {"-o", "FILE", "with contract: its file; with rejects: their bytes (.csv), or all (.jsonl)"},
    {"--force", "", "with -o: write over a file that is there"},
    {"--column", "C", "with profile: this one in full; with --retry: only those of its signal"}};
constexpr Flag kPredict[] = {
    {"-o", "OUT", ".csv, .jsonl or .parquet; default, and \"-\": standard output"},
    {"--model", "VERSION|FILE", "in place of the champion: v3, or a file of `rondo export`"},
    {"--interval", "", "of a number the ends of its interval, as columns of their own"},
    {"--explain", "", "what each column adds to the raw score, as columns of their own"}};
constexpr Flag kCheck[] = {
    {"--suggest", "", "expectations learnt from the source, with reasons, as [[prepare.expect]]"},
    {"--level", "LEVEL", "of --json: BOOLEAN_ONLY, BASIC, SUMMARY (default) or COMPLETE"},
    {"--insecure-bind", "", "as of `up`: an address beyond loopback is good without [deploy] tls"}};
constexpr Flag kBench[] = {
    {"--connections", "N", "of a server: at once, default 1"},
    {"--rows", "N", "of a server: rows a request, default 1"},
    {"--seconds", "N", "of a server: how long it is asked, default 3"},
    {"--token", "TOKEN", "of a server: one with the roles viewer and predictor; of a deployer, "
                         "nothing is logged"},
    {"--logged", "", "of a project's server, without such a token: the rows may be in its log"},
    {"--cacert", "FILE", "of a server: certificates that https is trusted by"}};
constexpr Flag kImport[] = {
    {"-o", "OUT", "write a pipeline file there; default: a version in the project's store"},
    {"--golden", "FILE.csv", "rows with the library's own predictions; a difference refuses"},
    {"--target", "NAME", "what it predicts; default: the project's target"},
    {"--classes", "A,B,..", "names of its classes, in the order of their numbers"},
    {"--force", "", "write over an existing file"}};
constexpr Flag kReplay[] = {
    {"--into", "DIR", "the project that lives through it (required)"},
    {"--from", "TIME", "first decision; the rows before it train the first model"},
    {"--to", "TIME", "end; default: the last row"},
    {"--every", "SPAN", "a look each, default 1d"},
    {"--policy", "P", "own (default), never, always, schedule:7d, drift, performance, cost, "
                        "cron:7d"},
    {"--label-delay", "SPAN", "in place of [monitor] label_delay; 0: a label comes with its row"},
    {"--fault", "TEXT", "rehearse a broken source: \"cnt=0 from 2011-10-28 to 2011-11-27\""}};
constexpr Flag kAnswers[] = {
    {"-o", "OUT", ".csv, .jsonl or .parquet; default, and \"-\": standard output"},
    {"--version", "VERSION", "only what this version answered, with its columns: v3"},
    {"--from", "TIME", "only what was answered from then on"},
    {"--to", "TIME", "only what was answered before"}};
constexpr Flag kRequests[] = {
    {"--version", "VERSION", "the version that answers them now: v3 (required)"},
    {"--from", "TIME", "only what was answered from then on"},
    {"--to", "TIME", "and before"}};
constexpr Flag kBacktest[] = {
    {"--policy", "LIST", "policies, by commas; default never,cron:7d,own"},
    {"--into", "DIR", "keep the projects there; default: a scratch folder"},
    {"--from", "TIME", "first decision"},
    {"--to", "TIME", "end"},
    {"--every", "SPAN", "a look each, default 1d"},
    {"--progress", "", "with --json: lines of progress as JSON on standard error"},
    {"--window", "A..B", "print the error over this stretch too: 2011-10-28..2011-12-12"},
    {"--report", "FILE", "write the HTML report there"},
    {"--adopt", "best|P", "put that policy to work: best, if its gain on the last third is clear"},
    {"--label-delay", "SPAN", "in place of [monitor] label_delay; 0: a label comes with its row"},
    {"--fault", "TEXT", "rehearse a broken source"}};
constexpr Flag kReproduce[] = {
    {"--threads", "N", "of training; the bits are the same for any number"}};
constexpr Flag kDrift[] = {
    {"--like", "TOOL", "by its defaults: own (default), evidently, nannyml or tfdv"},
    {"--threshold", "X", "in place of the convention's own"},
    {"--html", "FILE", "write a page with pictures there"},
    {"--fail", "", "exit with 4 when something moved"}};
constexpr Flag kModels[] = {
    {"--row", "FILE", "with explain: rows of this file, each with what its columns add"}};
constexpr Flag kReport[] = {{"-o", "FILE", "default: report.html, of a version report-v3.html"}};
constexpr Flag kToken[] = {
    {"--role", "ROLE", "viewer, predictor, labeler, trainer, deployer or admin; may be repeated",
     Often::kMany},
    {"--expires", "SPAN", "it ends then, like 90d; default: never"}};
constexpr Flag kGc[] = {{"--dry-run", "", "say what would go"}};
constexpr Flag kDoctor[] = {{"--accept-clock", "", "go on after a jump of the clock"}};

constexpr Command kCommands[] = {
    {"init", Group::kStart, "FILE... --target COL", "look at data, write rondo.toml", kInit,
     "rondo init hour.csv --target cnt\nrondo init 'data/*.csv' --target class --time date\n"
     "rondo init sql:shop --driver sqlite --uri shop.db --query 'SELECT * FROM orders' --target "
     "total", 1,
     kMany, run_init},
    {"check", Group::kStart, "",
     "validate configuration and sources, look at expectations, split and leaks, change nothing",
     kCheck,
     "rondo check\nrondo check --suggest >> rondo.toml\nrondo check --json --level COMPLETE", 0, 0,
     run_check},
    {"run", Group::kStart, "", "turn the loop until it rests", kRun,
     "rondo run\nrondo run --exit-idle || echo nothing new\n"
     "rondo run --backfill 2024-01-01..2024-02-01", 0, 0, run_run},
    {"up", Group::kServe, "[DIR...]",
     "serve predictions and keep the loop running, of one project or many", kUp,
     "rondo up\nrondo up --listen 127.0.0.1:9000\nrondo up projects/*", 0, kMany, run_up},
    {"serve", Group::kServe, "FILE", "answer from a pipeline file, without its project", kServe,
     "rondo serve model.rondo\nrondo serve model.rondo --listen 127.0.0.1:9000 --tokens .rondo\n"
     "rondo serve model.rondo --quota-requests 20 --quota-rows 500 --terse", 1, 1, run_serve},
    {"export", Group::kServe, "[vN]", "a version as a file that stands alone", kExport,
     "rondo export -o model.rondo\nrondo export v3 --to onnx -o v3.onnx", 0, 1, run_export},
    {"status", Group::kLook, "", "where the lifecycle stands", {},
     "rondo status\nrondo status --json",
     0, 0, run_status},
    {"plan", Group::kLook, "", "what the next turn would do, reuse and cost; changes nothing", {},
     "rondo plan\nrondo plan --json", 0, 0, run_plan},
    {"history", Group::kLook, "", "the process table", kHistory,
     "rondo history --last 12\nrondo history --json\nrondo history --facts", 0, 0, run_history},
    {"models", Group::kLook, "[show|diff|explain] [vN] [vM]",
     "versions with their metrics, the card of one, two side by side, what one goes by", kModels,
     "rondo models\nrondo models show v3\nrondo models diff v2 v3 --json\n"
     "rondo models explain v3\nrondo models explain v3 --row new.csv", 0, 3, run_models},
    {"data", Group::kLook, "[show|diff|profile|contract|rejects|lineage] [dN|vN|ID] [dM]",
     "dataset versions, their rows, what changed, distributions, contract, rejects", kData,
     "rondo data\nrondo data show --rows 5\nrondo data show d1 --as-of 2011-03-02 --json\n"
     "rondo data diff d1 d2\nrondo data profile\nrondo data profile d1 --column cnt\n"
     "rondo data contract -o contract.toml\n"
     "rondo data show d2 --origin\nrondo data lineage v3\n"
     "rondo data show --table weather\n"
     "rondo data rejects d3\nrondo data rejects -o bad.csv\nrondo data rejects --retry", 0, 3,
     run_data},
    {"drift", Group::kLook, "A B", "what moved between two files: CSV, JSON or Parquet", kDrift,
     "rondo drift may.csv june.csv\nrondo drift may.parquet june.parquet --html drift.html\n"
     "rondo drift may.csv june.csv --like evidently --json\n"
     "rondo drift may.csv june.csv --fail || echo something moved", 2, 2, run_drift},
    {"alerts", Group::kLook, "[ack|snooze|test] [ID] [SPAN]",
     "what monitoring found and still sees, acknowledged or put off; a test of where it is told",
     kAlerts,
     "rondo alerts\nrondo alerts --all --json\nrondo alerts ack A57 --why \"known, mended "
     "tomorrow\"\nrondo alerts snooze A57 7d --why \"the sensor is being replaced\"\n"
     "rondo alerts test || echo a sink does not answer", 0, 3, run_alerts},
    {"audit", Group::kLook, "", "whose labels monitoring asks for, and what came of them", {},
     "rondo audit\nrondo audit --json", 0, 0, run_audit},
    {"why", Group::kLook, "[STEP|vN]", "the evidence behind a decision, each \"no\" too", kWhy,
     "rondo why\nrondo why 12 --again\nrondo why v3\nrondo why --again --json", 0, 1, run_why},
    {"reproduce", Group::kLook, "[vN]", "a version made again from its data, digest by digest",
     kReproduce, "rondo reproduce\nrondo reproduce v3 --threads 1 --json", 0, 1, run_reproduce},
    {"config", Group::kLook, "", "every setting with its value", {}, "rondo config", 0, 0,
     run_config},
    {"report", Group::kLook, "[vN]", "a self-contained HTML page of the project, or of a version",
     kReport, "rondo report -o report.html\nrondo report v3", 0, 1, run_report},
    {"predict", Group::kServe, "FILE", "batch scoring of files of any size, in the order of rows",
     kPredict,
     "rondo predict new.csv -o scored.csv\nrondo predict new.csv --json --explain\n"
     "rondo predict new.csv -o scored.parquet\nrondo predict - < new.csv", 1, 1, run_predict},
    {"bench", Group::kServe, "[FILE|URL]",
     "what a row costs: the champion's, a pipeline file's, or a server's by the network", kBench,
     "rondo bench\nrondo bench --json\n"
     "rondo bench http://127.0.0.1:8080 --token \"$(cat .rondo/token)\"", 0, 1, run_bench},
    {"feedback", Group::kServe, "FILE", "labels by prediction id (CSV with id,label)", {},
     "rondo feedback labels.csv", 1, 1, run_feedback},
    {"import", Group::kServe, "FILE", "a model of LightGBM or XGBoost, checked against it", kImport,
     "rondo import model.txt\nrondo import model.json --golden rows.csv -o churn.rondo", 1, 1,
     run_import},
    {"replay", Group::kStart, "--into DIR", "live through the recorded history", kReplay,
     "rondo replay --into /tmp/replayed --from 2011-03-02", 0, 0, run_replay},
    {"replay-requests", Group::kServe, "--version V",
     "logged requests answered again: the same bits, or what another version says", kRequests,
     "rondo replay-requests --version v1", 0, 0, run_replay_requests},
    {"answers", Group::kServe, "", "the log of predictions with their labels, as a table", kAnswers,
     "rondo answers --from 2024-05-01 -o may.parquet\nrondo answers --version v3 --json", 0, 0,
     run_answers},
    {"backtest", Group::kStart, "", "compare policies on the recorded history", kBacktest,
     "rondo backtest --policy never,cron:7d,own --from 2011-03-02\n"
     "rondo backtest --policy schedule:30d,cost --from 2011-03-02 --adopt best\n"
     "rondo backtest --policy never,own --from 2011-03-02 --label-delay 0", 0, 0,
     run_backtest},
    {"trigger", Group::kDecide, "", "start a cycle", kWhyAsked,
     "rondo trigger --why \"new sensor\"", 0, 0, run_trigger},
    {"pause", Group::kDecide, "", "let no step start", kWhyAsked, "rondo pause --why holidays", 0,
     0, run_pause},
    {"resume", Group::kDecide, "", "go on", kWhyAsked, "rondo resume", 0, 0, run_resume},
    {"promote", Group::kDecide, "[vN]", "say yes to what waits, or deploy a version", kWhyAsked,
     "rondo promote --why \"looks right\"\nrondo promote v2", 0, 1, run_promote},
    {"reject", Group::kDecide, "", "say no to what waits", kWhyAsked,
     "rondo reject --why \"not before the audit\"", 0, 0, run_reject},
    {"rollback", Group::kDecide, "", "back to the version before, at once", kWhyAsked,
     "rondo rollback --why \"odd answers\"", 0, 0, run_rollback},
    {"fsck", Group::kCare, "", "verify every digest, fact and record", {}, "rondo fsck", 0, 0,
     run_fsck},
    {"gc", Group::kCare, "", "remove what nothing refers to", kGc, "rondo gc --dry-run", 0, 0,
     run_gc},
    {"backup", Group::kCare, "DIR", "a consistent copy while Rondo runs", {},
     "rondo backup /backups/monday", 1, 1, run_backup},
    {"restore", Group::kCare, "FROM", "into an empty project, every digest verified", {},
     "rondo -C fresh restore /backups/monday", 1, 1, run_restore},
    {"token", Group::kCare, "create|list|revoke [NAME]", "who may ask `rondo up` for what", kToken,
     "rondo token create pipeline --role labeler --role predictor --expires 90d\n"
     "rondo token list\nrondo token revoke pipeline",
     1, 2, run_token},
    {"completion", Group::kCare, "bash|zsh|fish", "what a shell completes at the tab key", {},
     "rondo completion bash > ~/.local/share/bash-completion/completions/rondo", 1, 1,
     run_completion},
    {"doctor", Group::kCare, "", "machine and installation", kDoctor, "rondo doctor", 0, 0,
     run_doctor},
    {"worker", Group::kHidden, "", "one job by the rank contract", {}, "rondo worker", 0, 0,
     run_worker},
    {"version", Group::kHidden, "", "the version", {}, "rondo version", 0, 0, run_version},
};

}  // namespace

std::span<const Command> commands() noexcept { return kCommands; }

const Command* find_command(std::string_view name) noexcept {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace rondo::cli
