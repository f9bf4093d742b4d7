// bench: what one row costs with a user's own model on this machine, on one core. The rows are the
// golden rows of the pipeline, real ones, over and over.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "base/words.h"
#include "api/load.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/service.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kBlock = 2'048;
constexpr std::int64_t kTurnUs = 60'000;  // each of kTurns turns lasts so long
constexpr std::size_t kTurns = 9;         // the median of them is told
constexpr std::size_t kLoads = 5;

struct Measured {
  std::string name, kernel;
  std::size_t trees = 0, leaves = 0, columns = 0, features = 0;
  std::uint64_t file_bytes = 0, memory_bytes = 0;
  double load_ms = 0, single_us = 0, features_us = 0, trees_us = 0, batch_us = 0;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Units: microseconds a row, the median of the turns. `rows`: how many one call answers.
template <class Call>
double cost_us(std::size_t rows, Call&& call) {
  std::vector<double> turns;
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    const std::int64_t began = monotonic_us();
    std::int64_t spent = 0;
    std::size_t answered = 0;
    for (std::size_t calls = 1; spent < kTurnUs; calls *= 2) {
      for (std::size_t i = 0; i < calls; ++i) call();
      answered += calls * rows;
      spent = monotonic_us() - began;
    }
    turns.push_back(static_cast<double>(spent) / static_cast<double>(answered));
  }
  return median(std::move(turns));
}

/// What of this process lies in memory, in bytes.
std::uint64_t resident_bytes() {
  const auto text = io::real_fs()->read("/proc/self/statm", 4096);
  if (!text) return 0;
  const std::size_t blank = text->find(' ');
  const auto pages = positive(text->substr(blank + 1, text->find(' ', blank + 1) - blank - 1));
  return pages ? static_cast<std::uint64_t>(*pages) * 4096 : 0;
}

class Bench {
 public:
  explicit Bench(const model::Pipeline& pipeline) : pipeline_(pipeline), parts_(pipeline.parts()) {}

  Result<void> run(Measured& out) {
    for (const model::GoldenRow& row : parts_.golden) {
      cells_.push_back(TRY(model::decode_cells(row.cells)));
    }
    const std::size_t width = parts_.transform.features(), outputs = pipeline_.outputs();
    std::vector<double> block(kBlock * width), scores(kBlock * outputs);
    const std::span<double> one = std::span(scores).first(outputs);
    out.single_us = cost_us(1, [&] {
      const std::size_t i = next();
      pipeline_.score(cells_[i], parts_.golden[i].time, parts_.golden[i].lags, one);
    });
    out.features_us = cost_us(1, [&] { fill(next(), std::span(block).first(width)); });
    out.trees_us = cost_us(1, [&] { pipeline_.forest().raw(parts_.golden[next()].features, one); });
    out.batch_us = cost_us(kBlock, [&] {
      for (std::size_t row = 0; row < kBlock; ++row) {
        fill(next(), std::span(block).subspan(row * width, width));
      }
      pipeline_.forest().raw_batch(block, kBlock, scores);
      pipeline_.answer(scores);
    });
    return {};
  }

 private:
  std::size_t next() {
    at_ = at_ + 1 == cells_.size() ? 0 : at_ + 1;
    return at_;
  }
  void fill(std::size_t i, std::span<double> features) const {
    parts_.transform.row_with_lags(cells_[i], parts_.golden[i].time, parts_.golden[i].lags,
                                   features);
  }

  const model::Pipeline& pipeline_;
  const model::Pipeline::Parts& parts_;
  std::vector<std::vector<model::Cell>> cells_;
  std::size_t at_ = 0;
};

Result<Measured> measure(const std::string& bytes, std::string name) {
  Measured out;
  out.name = std::move(name);
  out.file_bytes = bytes.size();
  const std::uint64_t before = resident_bytes();
  const auto pipeline = TRY(during(model::Pipeline::load(bytes), "loading " + out.name));
  out.memory_bytes = resident_bytes() - std::min(before, resident_bytes());
  std::vector<double> loads;
  for (std::size_t i = 0; i < kLoads; ++i) {
    const std::int64_t began = monotonic_us();
    TRY(model::Pipeline::load(bytes));
    loads.push_back(static_cast<double>(monotonic_us() - began) * 1e-3);
  }
  out.load_ms = median(std::move(loads));
  const model::Pipeline::Parts& parts = pipeline->parts();
  out.kernel = name_of(pipeline->forest().kernel());
  out.trees = parts.forest.trees();
  out.leaves = parts.forest.leaves();
  out.columns = parts.transform.inputs().fields.size();
  out.features = parts.transform.features();
  TRY(Bench(*pipeline).run(out));
  return out;
}

Json to_json(const Measured& m) {
  return {{"model", m.name},           {"kernel", m.kernel},
          {"trees", m.trees},          {"leaves", m.leaves},
          {"columns", m.columns},      {"features", m.features},
          {"file_bytes", m.file_bytes}, {"memory_bytes", m.memory_bytes},
          {"load_ms", m.load_ms},      {"row_us", m.single_us},
          {"row_features_us", m.features_us}, {"row_trees_us", m.trees_us},
          {"batch_row_us", m.batch_us}, {"batch_rows_per_second", 1e6 / m.batch_us}};
}

/// Two digits, since the next run gives other ones behind them: "0.39", "230".
std::string two_digits(double number) {
  return rounded(std::strtod(fmt::format("{:.2g}", number).c_str(), nullptr));
}

std::string size_text(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return bytes < 1'000'000 ? two_digits(size * 1e-3) + " kB" : two_digits(size * 1e-6) + " MB";
}

std::string time_text(double us) {
  return us < 1000 ? two_digits(us) + " us" : two_digits(us * 1e-3) + " ms";
}

std::string to_text(const Measured& m, bool color) {
  const std::vector<std::vector<std::string>> rows = {
      {"one row", time_text(m.single_us),
       fmt::format("its {} {}, its {} {}", counted(m.features, "feature"),
                   time_text(m.features_us), counted(m.trees, "tree"), time_text(m.trees_us))},
      {"a row of many", time_text(m.batch_us),
       fmt::format("in blocks of {}: {} rows/s on one core", grouped(kBlock),
                   two_digits(1e6 / m.batch_us))},
      {"loading", time_text(1e3 * m.load_ms),
       fmt::format("{} with all checks and its golden rows", size_text(m.file_bytes))},
      {"memory", size_text(m.memory_bytes), fmt::format("{} leaves", grouped(m.leaves))}};
  return fmt::format("{}, {} columns, scored by the kernel {}\n\n{}", m.name, grouped(m.columns),
                     m.kernel, table({"what", "cost", "of that"}, rows, color));
}

/// A number above 0 of a flag, or `otherwise`. Errors: kInvalidInput.
Result<std::size_t> count_of(const Args& args, std::string_view flag, std::size_t otherwise,
                             std::int64_t most) {
  if (!args.has(flag)) return otherwise;
  const auto number = positive(args.get(flag));
  if (number && *number <= most) return static_cast<std::size_t>(*number);
  return fail(Code::kInvalidInput, fmt::format("{} is a number from 1 to {}", flag, most));
}

Json to_json(const api::LoadReport& report, const api::LoadOptions& options) {
  return {{"model", report.model}, {"version", report.version}, {"columns", report.columns},
          {"connections", options.connections}, {"rows", options.rows},
          {"seconds", report.seconds}, {"answered", report.answered},
          {"refused", report.refused}, {"logged", report.logged},
          {"refusal", report.refusal.empty() ? Json(nullptr) : Json(report.refusal)},
          {"requests_per_second", static_cast<double>(report.answered) / report.seconds},
          {"p50_us", report.percentile(0.5)}, {"p90_us", report.percentile(0.9)},
          {"p99_us", report.percentile(0.99)}, {"p999_us", report.percentile(0.999)},
          {"max_us", report.percentile(1)}};
}

std::string to_text(const api::LoadReport& report, const api::LoadOptions& options, bool color) {
  const double rate = static_cast<double>(report.answered) / report.seconds;
  std::vector<std::vector<std::string>> rows = {
      {"answered", grouped(report.answered),
       fmt::format("{} requests/s, {} rows/s", two_digits(rate),
                   two_digits(rate * static_cast<double>(options.rows)))},
      {"half within", time_text(report.percentile(0.5)), ""},
      {"90 %", time_text(report.percentile(0.9)), ""},
      {"99 %", time_text(report.percentile(0.99)), ""},
      {"99.9 %", time_text(report.percentile(0.999)), ""},
      {"all", time_text(report.percentile(1)), ""}};
  if (report.refused > 0) rows.push_back({"refused", grouped(report.refused), report.refusal});
  return fmt::format("v{} of {}, {} columns, {} a request, {}\n\n{}", report.version, report.model,
                     report.columns, counted(options.rows, "row"),
                     counted(options.connections, "connection"),
                     table({"requests", "count, time", "of that"}, rows, color));
}

Result<int> bench_server(const Args& args) {
  api::LoadOptions options;
  options.url = args.words[0];
  options.token = args.get("--token");
  options.cacert = args.get("--cacert");
  options.may_log = args.has("--logged");
  options.connections = TRY(count_of(args, "--connections", 1, 1'000));
  options.rows = TRY(count_of(args, "--rows", 1, 10'000));
  options.length = Span::seconds(static_cast<std::int64_t>(TRY(count_of(args, "--seconds", 3,
                                                                        3'600))));
  const api::LoadReport report = TRY(api::load(options, args.stop));
  if (args.json) say_json(to_json(report, options));
  else say(to_text(report, options, args.color));
  if (report.logged && !args.json) {
    complain("These rows of zeros are in the log of predictions now, and monitored.");
  }
  return report.answered > 0 && report.refused == 0 ? kOk : kFailed;
}

}  // namespace

Result<int> run_bench(const Args& args) {
  if (!args.words.empty() && args.words[0].find("://") != std::string::npos) {
    return bench_server(args);
  }
  if (!args.values.empty()) {
    return report_usage(args, fmt::format("{} is for a server", args.values.begin()->first),
                        "rondo bench http://127.0.0.1:8080 asks one");
  }
  std::string bytes, name;
  if (!args.words.empty()) {
    name = args.words[0];
    bytes = TRY(io::real_fs()->read(name));
  } else {
    const auto service = TRY(loop::Service::open({args.project, false, "bench"}));
    const auto routing = service->router().take();
    if (!routing || !routing->champion) {
      return fail(Code::kNotFound, "no model serves yet", "turn the loop first: `rondo run`");
    }
    name = fmt::format("v{} of {}", routing->champion->version, service->model_name());
    bytes = TRY(service->store().objects->get(routing->champion->pipeline_digest));
  }
  const Measured measured = TRY(measure(bytes, std::move(name)));
  if (args.json) say_json(to_json(measured));
  else say(to_text(measured, args.color));
  return kOk;
}

}  // namespace rondo::cli
