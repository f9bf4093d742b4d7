// A model that another library trained, as a version of the project: its file goes into the store,
// a request of a person makes the version. It serves when somebody promotes it.
#include <fmt/format.h>

#include <algorithm>

#include "ledger/dataset.h"
#include "loop/config.h"
#include "loop/portable.h"
#include "loop/service.h"
#include "loop/session.h"
#include "loop/situation.h"
#include "loop/state.h"
#include "model/export.h"
#include "prepare/draft.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kLookedAt = 20;  // versions, for a feature that is no column

std::unexpected<Error> of_another_kind(const model::Pipeline::Parts& parts,
                                       std::string_view task) {
  return fail(Code::kConflict,
              fmt::format("the model's task is {}, and this project's is {}", name_of(parts.task),
                          task),
              "import it as a file of its own: -o FILE.rondo");
}

/// Whether it answers the question that the target's values ask: labels could not be joined else.
Result<void> check_target(ledger::Store& store, const Config& config,
                          const ledger::Manifest& newest, const model::Pipeline& pipeline) {
  prepare::Job job;
  job.situation = situation_of(config, {});
  job.situation.label_delay = {};
  job.rows = TRY(ledger::read_dataset(newest, *store.objects, store.attempts()));
  prepare::Draft draft;
  if (prepare::find_target(job, draft)) return {};  // nothing is known of it yet
  const model::Pipeline::Parts& parts = pipeline.parts();
  if (draft.task != parts.task) return of_another_kind(parts, name_of(draft.task));
  for (const std::string& name : draft.classes) {
    if (std::ranges::find(parts.classes, name) != parts.classes.end()) continue;
    return fail(Code::kConflict,
                fmt::format("the model answers {}, and \"{}\" is {} here",
                            prepare::listed(parts.classes), parts.target,
                            prepare::listed(draft.classes)),
                "say what its classes are called, in the order of their numbers: --classes A,B");
  }
  return {};
}

/// The newest version that makes the feature `name` of columns and rows before; 0: none.
std::int64_t maker_of(ledger::Store& store, const std::string& name) {
  const auto state = read_state(*store.ledger);
  if (!state) return 0;
  std::size_t looked = 0;
  for (auto it = state->versions.rbegin(); it != state->versions.rend(); ++it) {
    if (looked++ == kLookedAt) break;
    const auto bytes = stored_pipeline(store, *state, it->first);
    const auto pipeline = bytes ? model::Pipeline::load(*bytes) : std::unexpected(bytes.error());
    if (!pipeline) continue;
    const auto made = model::made_features((*pipeline)->transform());
    if (std::ranges::find(made, name) != made.end()) return it->first;
  }
  return 0;
}

/// What an imported model reads are columns: who exported with --features makes them himself.
std::unexpected<Error> made_here(const std::string& name, std::int64_t version) {
  return fail(Code::kConflict,
              fmt::format("the model reads \"{0}\", which is no column of the data: v{1} makes it "
                          "of other columns or earlier rows, and an imported model gets columns "
                          "alone",
                          name, version),
              fmt::format("a file of `rondo export` without --to keeps how features are made, and "
                          "`rondo promote v{0}` lets v{0} serve here; with -o FILE.rondo it is "
                          "imported for whoever makes the features before asking",
                          version));
}

/// Whether it fits the project: its task, and once there are data its columns and classes.
Result<void> check_fits(ledger::Store& store, const Config& config,
                        const model::Pipeline& pipeline) {
  const std::string& task = config.project.task;
  if (task != "auto" && task != name_of(pipeline.parts().task)) {
    return of_another_kind(pipeline.parts(), task);
  }
  const auto newest = newest_manifest(store);
  if (!newest && newest.error().code == Code::kNotFound) return {};
  if (!newest) return std::unexpected(newest.error());
  TRY(check_target(store, config, *newest, pipeline));
  for (const table::Field& field : pipeline.transform().inputs().fields) {
    if (newest->contract.schema.find(field.name)) continue;
    if (const std::int64_t maker = maker_of(store, field.name); maker != 0) {
      return made_here(field.name, maker);
    }
    return fail(Code::kConflict,
                fmt::format("the model reads the column \"{}\", which the data of this project do "
                            "not have",
                            field.name),
                "import it as a file of its own: -o FILE.rondo");
  }
  return {};
}

}  // namespace

Result<Json> import_pipeline(const io::Path& project, const model::Pipeline& pipeline,
                             std::string_view file, Json about, const std::string& who) {
  const auto fs = io::real_fs();
  const Config config = TRY(load_config(*fs, project));
  if (config.project.target != pipeline.parts().target) {
    return fail(Code::kConflict,
                fmt::format("this project predicts \"{}\", not \"{}\"", config.project.target,
                            pipeline.parts().target),
                "leave --target out, or import it as a file of its own: -o FILE.rondo");
  }
  {
    ledger::OpenOptions options;
    options.create = true;
    const auto store = TRY(ledger::Store::open(fs, store_folder(project), options));
    TRY(check_fits(*store, config, pipeline));
    about["pipeline"] = TRY(store->objects->put(file)).hex();
  }
  return ask_project(project, "import", about, who, "");
}

}  // namespace rondo::loop
