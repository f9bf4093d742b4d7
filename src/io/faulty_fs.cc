// The fault layer. Record is a small model of a disk: an inode has bytes that were synced and
// writes that were not, a folder has entries that were synced and changes that were not.
// power_cut() plays the first n operations on that model and writes down what is left of it.
// FaultyFs performs each operation for real and records it under one lock, so that the record's
// order is the true one.
#include "io/faulty_fs.h"

#include <cerrno>

#include "base/guarded.h"
#include "io/disk_model.h"

namespace rondo::io {

struct Record::State {
  Path root;
  DiskModel before;  // what was there when the record began
  Guarded<std::vector<Operation>> operations;
};

Record::Record(Path root) : state_(std::make_unique<State>()) {
  const Path whole = std::filesystem::absolute(root).lexically_normal();
  state_->root = whole.has_filename() ? whole : whole.parent_path();
  state_->before.take_in(state_->root);
}
Record::~Record() = default;

const Path& Record::root() const { return state_->root; }

void Record::add(Operation operation) {
  state_->operations.change([&](auto& all) { all.push_back(std::move(operation)); });
}

std::size_t Record::count() const {
  return state_->operations.with([](const auto& all) { return all.size(); });
}

Result<void> Record::power_cut(std::size_t operations, const Path& into, Seed seed, bool torn,
                               bool honest_sync) const {
  DiskModel disk = state_->before;
  state_->operations.with([&](const auto& all) {
    for (std::size_t i = 0; i < std::min(operations, all.size()); ++i) {
      disk.perform(all[i], honest_sync);
    }
  });
  Chance chance(seed);
  disk.cut(torn ? &chance : nullptr);
  return disk.write_down(into);
}

namespace {

using Kind = Operation::Kind;

/// What all files and the file system of one record share.
class Layer {
 public:
  Layer(std::shared_ptr<Record> record, FaultPlan plan)
      : record_(std::move(record)), plan_(std::move(plan)) {}

  /// Asks the plan, performs, records.
  Result<void> act(Operation operation, const Path& path,
                   const std::function<Result<void>(const Operation&)>& perform) {
    return count_.with([&](std::uint64_t& count) -> Result<void> {
      const std::uint64_t n = count++;
      const Fault fault = plan_ ? plan_(n, operation) : Fault{};
      const int error = fault.short_write && fault.error_number == 0 ? ENOSPC : fault.error_number;
      if (error == 0) return perform_and_record(std::move(operation), perform);
      if (fault.short_write && operation.kind == Kind::kWrite) {
        operation.data.resize(operation.data.size() / 2);
        if (auto done = perform_and_record(std::move(operation), perform); !done) return done;
      }
      return std::unexpected(file_error(error, "do what fails in this test to", path));
    });
  }

  std::string relative(const Path& path) const {
    const Path whole = std::filesystem::absolute(path).lexically_normal();
    const Path named = whole.has_filename() ? whole : whole.parent_path();  // without a last slash
    return named.lexically_relative(record_->root());
  }

 private:
  Result<void> perform_and_record(Operation operation,
                                  const std::function<Result<void>(const Operation&)>& perform) {
    if (auto done = perform(operation); !done) return done;
    if (!operation.path.starts_with("..")) record_->add(std::move(operation));
    return {};
  }

  std::shared_ptr<Record> record_;
  FaultPlan plan_;
  Guarded<std::uint64_t> count_{std::uint64_t{0}};
};

class FaultyFile : public File {
 public:
  FaultyFile(std::shared_ptr<Layer> layer, Path path, std::unique_ptr<File> real)
      : layer_(std::move(layer)), path_(std::move(path)), real_(std::move(real)) {}

  Result<void> append(Bytes bytes) override {
    if (poison_) return std::unexpected(*poison_);
    Operation operation = named(Kind::kWrite);
    operation.offset = real_->size();
    operation.data.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return remember(layer_->act(std::move(operation), path_, [&](const Operation& now) {
      return real_->append(as_bytes(now.data));
    }));
  }
  Result<void> sync() override {
    if (poison_) return std::unexpected(*poison_);
    auto done = layer_->act(named(Kind::kSync), path_,
                            [&](const Operation&) { return real_->sync(); });
    if (!done) done.error().code = Code::kIo;
    return remember(std::move(done));
  }
  Result<void> truncate(std::uint64_t size) override {
    if (poison_) return std::unexpected(*poison_);
    Operation operation = named(Kind::kTruncate);
    operation.offset = size;
    return remember(layer_->act(std::move(operation), path_,
                                [&](const Operation&) { return real_->truncate(size); }));
  }
  std::uint64_t size() const override { return real_->size(); }
  Result<void> close() override {
    if (poison_) return std::unexpected(*poison_);
    return real_->close();
  }

 private:
  Operation named(Kind kind) const { return {.kind = kind, .path = layer_->relative(path_)}; }
  /// As the real one: after an input/output error nothing is done any more.
  Result<void> remember(Result<void> done) {
    if (!done && done.error().code == Code::kIo) poison_ = done.error();
    return done;
  }

  std::shared_ptr<Layer> layer_;
  Path path_;
  std::unique_ptr<File> real_;
  std::optional<Error> poison_;
};

class FaultyFs : public Fs {
 public:
  FaultyFs(std::shared_ptr<Record> record, FaultPlan plan)
      // The model keeps what is synced; that the real disk syncs too would only cost time.
      : real_(real_fs(Durability::kProcess)),
        layer_(std::make_shared<Layer>(std::move(record), std::move(plan))) {}

  Result<std::string> read(const Path& path, std::uint64_t at_most) override {
    return real_->read(path, at_most);
  }
  Result<std::string> read_at(const Path& path, std::uint64_t offset,
                              std::uint64_t count) override {
    return real_->read_at(path, offset, count);
  }
  Result<std::unique_ptr<File>> create(const Path& path, int mode) override {
    std::unique_ptr<File> file;
    TRY(layer_->act(named(Kind::kCreate, path), path, [&](const Operation&) -> Result<void> {
      file = TRY(real_->create(path, mode));
      return {};
    }));
    return std::make_unique<FaultyFile>(layer_, path, std::move(file));
  }
  Result<std::unique_ptr<File>> open_append(const Path& path, int mode) override {
    if (!TRY(real_->stat(path))) return create(path, mode);
    return std::make_unique<FaultyFile>(layer_, path, TRY(real_->open_append(path, mode)));
  }
  Result<void> rename(const Path& from, const Path& to) override {
    Operation operation = named(Kind::kRename, from);
    operation.to = layer_->relative(to);
    return layer_->act(std::move(operation), from,
                       [&](const Operation&) { return real_->rename(from, to); });
  }
  Result<void> remove(const Path& path) override {
    return layer_->act(named(Kind::kRemove, path), path,
                       [&](const Operation&) { return real_->remove(path); });
  }
  Result<void> remove_all(const Path& path) override {
    return layer_->act(named(Kind::kRemove, path), path,
                       [&](const Operation&) { return real_->remove_all(path); });
  }
  Result<void> make_folders(const Path& path) override {
    if (path.empty() || TRY(real_->stat(path))) return {};
    TRY(make_folders(path.parent_path()));
    return layer_->act(named(Kind::kFolder, path), path,
                       [&](const Operation&) { return real_->make_folders(path); });
  }
  Result<void> sync_folder(const Path& path) override {
    auto done = layer_->act(named(Kind::kSyncFolder, path), path,
                            [&](const Operation&) { return real_->sync_folder(path); });
    if (!done && done.error().code != Code::kNotFound) done.error().code = Code::kIo;
    return done;
  }
  Result<void> chmod(const Path& path, int mode) override { return real_->chmod(path, mode); }
  Result<std::optional<Stat>> stat(const Path& path) override { return real_->stat(path); }
  Result<std::vector<std::string>> list(const Path& folder) override { return real_->list(folder); }
  Result<std::uint64_t> free_bytes(const Path& path) override { return real_->free_bytes(path); }
  Result<std::unique_ptr<FolderLock>> lock_folder(const Path& folder) override {
    return real_->lock_folder(folder);
  }

 private:
  Operation named(Kind kind, const Path& path) const {
    return {.kind = kind, .path = layer_->relative(path)};
  }
  std::shared_ptr<Fs> real_;
  std::shared_ptr<Layer> layer_;
};

}  // namespace

std::shared_ptr<Fs> faulty_fs(std::shared_ptr<Record> record, FaultPlan plan) {
  return std::make_shared<FaultyFs>(std::move(record), std::move(plan));
}

}  // namespace rondo::io
