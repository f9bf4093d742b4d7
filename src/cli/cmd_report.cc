// report: the page of a project, or of one version.
#include <fmt/format.h>

#include "cli/opened.h"
#include "cli/report.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "loop/card.h"
#include "loop/dataset_views.h"
#include "loop/explain_view.h"
#include "loop/profile_view.h"
#include "loop/run.h"
#include "loop/shift_view.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

/// By the hour for the last year, where there is such a clock.
Result<Json> shifts_of(ledger::Store& store) {
  loop::ShiftWish wish{"1h"};
  Json hours = TRY(loop::shifts_view(store, wish));
  if (hours.at("windows").empty()) return loop::shifts_view(store, {"1d"});
  const std::string last = hours.at("windows").back().at("until");
  wish.from = TRY(parse_time(last)) - Span::days(365);
  return loop::shifts_view(store, wish);
}

Result<std::string> page_of_project(const loop::Config& config, ledger::Store& store) {
  ProjectPage page;
  page.status = TRY(loop::status_view(store, config));
  loop::add_damage(page.status, TRY(loop::champion_damage(store)));
  page.history = TRY(loop::history_view(store));
  page.models = TRY(loop::models_view(store, config));
  page.decisions = TRY(loop::decisions_view(store, 2000));
  page.signals = TRY(loop::signals_view(store));
  page.shifts = TRY(shifts_of(store));
  if (!TRY(loop::dataset_versions(store)).empty()) {
    const io::Path temp = std::filesystem::temp_directory_path();
    page.profile = TRY(loop::profile_view(store, 0, temp));
  }
  return project_report(page);
}

Result<std::string> page_of_version(const loop::Config& config, ledger::Store& store,
                                    std::int64_t version) {
  const Json card = TRY(loop::card_view(store, config, version));
  auto reasons = loop::explain_view(store, version);
  if (!reasons && reasons.error().code != Code::kNotFound) {
    return std::unexpected(reasons.error());
  }
  return model_report(card, reasons ? *reasons : Json(nullptr));
}

}  // namespace

Result<int> run_report(const Args& args) {
  const auto fs = io::real_fs();
  const Opened project = TRY(open_project(args));
  std::string out = "report.html", html;
  if (args.words.empty()) {
    html = TRY(page_of_project(project.config, *project.store));
  } else {
    const std::int64_t version = TRY(loop::version_named(*project.store, args.words[0]));
    out = fmt::format("report-v{}.html", version);
    html = TRY(page_of_version(project.config, *project.store, version));
  }
  out = args.get("-o", out);
  TRY(io::write_atomically(*fs, TRY(file_to_write(*fs, out, Taken::kReplaced)), html));
  say(fmt::format("wrote {}", out));
  return kOk;
}

}  // namespace rondo::cli
