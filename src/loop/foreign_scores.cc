// A job outside of any step, with objects that live as long as it does.
#include "loop/foreign_scores.h"

#include <cstring>

#include "io/scratch.h"
#include "loop/launcher.h"

namespace rondo::loop {
namespace {

constexpr Span kScoringDeadline = Span::seconds(600);

Result<std::vector<double>> ask(const std::shared_ptr<io::Fs>& fs, const io::Path& folder,
                                const std::string& text, const Json& options,
                                std::string_view features) {
  const io::Path objects_folder = folder / "objects";
  TRY(fs->make_folders(objects_folder));
  TRY(fs->make_folders(folder / "out"));
  const ledger::Objects objects(fs, objects_folder);
  Job job;
  job.kind = "foreign_scores";
  job.input.options = options;
  job.input.inputs = {{"model", TRY(objects.put(text))}, {"features", TRY(objects.put(features))}};
  job.input.out = folder / "out";
  const auto output = process_launcher(fs, objects_folder)->launch(job, folder, kScoringDeadline);
  if (!output) {
    Error error = output.error();
    // Its log goes with the folder.
    if (error.code == Code::kUnavailable) error.hint = "nothing was imported; is the file whole?";
    return std::unexpected(std::move(error));
  }
  const std::string bytes = TRY(fs->read(folder / "out" / output->files.at("scores")));
  std::vector<double> scores(bytes.size() / sizeof(double));
  std::memcpy(scores.data(), bytes.data(), scores.size() * sizeof(double));
  return scores;
}

}  // namespace

Result<std::vector<double>> lightgbm_scores(const std::shared_ptr<io::Fs>& fs,
                                            const std::string& text, std::size_t width,
                                            std::size_t outputs,
                                            std::span<const double> features) {
  const io::Scratch folder;
  std::string bytes(features.size_bytes(), '\0');
  std::memcpy(bytes.data(), features.data(), bytes.size());
  auto scores = during(
      ask(fs, folder.path(), text, {{"width", width}, {"outputs", outputs}}, bytes),
      "asking LightGBM");
  if (scores && scores->size() != features.size() / width * outputs) {
    return fail(Code::kUnavailable, "LightGBM did not score each row");
  }
  return scores;
}

}  // namespace rondo::loop
