// A model that another library trained, as a version of the project: its file goes into the store,
// a request of a person makes the version. It serves when somebody promotes it.
#include <fmt/format.h>

#include "loop/config.h"
#include "loop/service.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

/// Whether the columns are there, once the project has data.
Result<void> check_columns(ledger::Store& store, const model::Pipeline& pipeline) {
  const auto newest = newest_manifest(store);
  if (!newest && newest.error().code == Code::kNotFound) return {};
  if (!newest) return std::unexpected(newest.error());
  for (const table::Field& field : pipeline.transform().inputs().fields) {
    if (newest->contract.schema.find(field.name)) continue;
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
    TRY(check_columns(*store, pipeline));
    about["pipeline"] = TRY(store->objects->put(file)).hex();
  }
  return ask_project(project, "import", about, who, "");
}

}  // namespace rondo::loop
