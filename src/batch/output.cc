// The folder OUT.partial: `rows`, the lines so far, and `state.json`, how many bytes of them are
// the rows before which place. The state is written after the rows are on the disk, so what it
// counts is there after a kill or a power cut; what stands behind that is cut off.
#include "batch/output.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "collect/source.h"

namespace rondo::batch {
namespace {

constexpr Span kBetweenStates = Span::seconds(1);

class Handed : public Output {
 public:
  explicit Handed(std::function<Result<void>(std::string_view)> take) : take_(std::move(take)) {}
  std::optional<Place> begun() const override { return std::nullopt; }
  Result<void> append(std::string_view lines) override { return take_(lines); }
  Result<void> passed(const Place&) override { return {}; }
  Result<void> finish() override { return {}; }
  void discard() override {}

 private:
  std::function<Result<void>(std::string_view)> take_;
};

class FileOutput : public Output {
 public:
  FileOutput(std::shared_ptr<io::Fs> fs, FileOptions options)
      : fs_(std::move(fs)), options_(std::move(options)), folder_(options_.file) {
    folder_ += ".partial";
  }

  Result<void> open() {
    if (const auto there = TRY(fs_->stat(options_.file)); there && there->folder) {
      return fail(Code::kInvalidInput, fmt::format("{} is a folder", options_.file.string()),
                  "name the file to write");
    }
    TRY(fs_->make_folders(folder_));
    lock_ = TRY(fs_->lock_folder(folder_));
    const std::uint64_t kept = read_state();
    file_ = TRY(fs_->open_append(rows()));
    if (file_->size() < kept) begun_.reset();
    TRY(file_->truncate(begun_ ? kept : 0));
    return {};
  }

  std::optional<Place> begun() const override { return begun_; }
  Result<void> append(std::string_view lines) override {
    return file_->append(io::as_bytes(lines));
  }

  Result<void> passed(const Place& place) override {
    const std::int64_t now = monotonic_us();
    if (!options_.goes_on || now < next_state_us_) return {};
    RONDO_FAILPOINT(kPredictPart);
    TRY(file_->sync());
    const Json state = {{"identity", options_.identity},
                        {"bytes", file_->size()},
                        {"place", place.to_json()}};
    TRY(io::write_atomically(*fs_, folder_ / "state.json", io::canonical(state)));
    next_state_us_ = monotonic_us() + kBetweenStates.us;
    return {};
  }

  Result<void> finish() override {
    RONDO_FAILPOINT(kPredictSync);
    TRY(file_->sync());
    TRY(file_->close());
    io::Path made = rows();
    if (options_.parquet) {
      made = folder_ / "rows.parquet";
      if (TRY(fs_->stat(made))) TRY(fs_->remove(made));
      collect::Tools tools(options_.temp);
      TRY(TRY(tools.engine())->csv_to_parquet(rows(), *options_.parquet, made));
      const auto file = TRY(fs_->open_append(made));
      TRY(file->sync());
      TRY(file->close());
    }
    RONDO_FAILPOINT(kPredictRename);
    TRY(fs_->rename(made, options_.file));
    const io::Path parent = options_.file.parent_path();
    TRY(fs_->sync_folder(parent.empty() ? io::Path(".") : parent));
    return fs_->remove_all(folder_);
  }

  void discard() override { static_cast<void>(fs_->remove_all(folder_)); }

 private:
  io::Path rows() const { return folder_ / "rows"; }

  /// Bytes that an earlier run of the same job left for good.
  std::uint64_t read_state() {
    const auto text = fs_->read(folder_ / "state.json", 1 << 20);
    if (!text || !options_.goes_on) return 0;
    const auto state = io::parse_json(*text, "state.json");
    if (!state || io::get_or<Json>(*state, "identity", {}) != options_.identity) return 0;
    const auto place = Place::from_json(io::get_or<Json>(*state, "place", {}));
    const auto bytes = io::get<std::int64_t>(*state, "bytes");
    if (!place || !bytes || *bytes < 0) return 0;
    begun_ = *place;
    return static_cast<std::uint64_t>(*bytes);
  }

  std::shared_ptr<io::Fs> fs_;
  FileOptions options_;
  io::Path folder_;
  std::unique_ptr<io::FolderLock> lock_;
  std::unique_ptr<io::File> file_;
  std::optional<Place> begun_;
  std::int64_t next_state_us_ = 0;
};

}  // namespace

std::unique_ptr<Output> output_to(std::function<Result<void>(std::string_view)> take) {
  return std::make_unique<Handed>(std::move(take));
}

Result<std::unique_ptr<Output>> output_file(std::shared_ptr<io::Fs> fs, FileOptions options) {
  auto output = std::make_unique<FileOutput>(std::move(fs), std::move(options));
  TRY(output->open());
  return std::unique_ptr<Output>(std::move(output));
}

}  // namespace rondo::batch
