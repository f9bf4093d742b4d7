// Writing, repairing and reading record logs. A segment is written by one process under one epoch
// and never again after a seal or a restart: the next start trusts no page that the dead process
// left in the kernel's cache, so it copies what is intact into a new file and syncs that.
#include "io/record_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/worker.h"
#include "io/record_scan.h"

namespace rondo::io {
namespace {

constexpr std::string_view kSuffix = ".rlog";
constexpr std::string_view kTornSuffix = ".torn";
constexpr std::size_t kEpochDigits = 10;
constexpr std::size_t kNumberDigits = 8;
constexpr std::uint64_t kPart = 1 << 18;  // bytes of a segment that are read at once, at least

struct SegmentName {
  std::uint64_t epoch = 0, number = 0;
  std::string text() const { return fmt::format("{:010}-{:08}{}", epoch, number, kSuffix); }
};

std::optional<SegmentName> parse_name(std::string_view text) {
  if (text.size() != kEpochDigits + 1 + kNumberDigits + kSuffix.size()) return std::nullopt;
  SegmentName name;
  for (std::size_t i = 0; i < kEpochDigits + 1 + kNumberDigits; ++i) {
    std::uint64_t& value = i < kEpochDigits ? name.epoch : name.number;
    if (text[i] >= '0' && text[i] <= '9') {
      value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    } else if (i != kEpochDigits) {
      return std::nullopt;
    }
  }
  return name.text() == text ? std::optional(name) : std::nullopt;
}

/// Segments in the order in which they were written.
Result<std::vector<std::string>> segments_of(Fs& fs, const Path& folder) {
  std::vector<std::string> names = TRY(fs.list(folder));
  std::erase_if(names, [](const std::string& name) { return !parse_name(name); });
  return names;
}

struct Size {
  std::uint64_t bytes = 0;
  bool sealed = false;
  bool finished = false;  // sealed and made read-only, which comes after the seal is synced
};

Result<Size> size_of(Fs& fs, const Path& file) {
  const auto stat = TRY(fs.stat(file));
  if (!stat || stat->size < kSealRecord) return Size{.bytes = stat ? stat->size : 0};
  const std::uint64_t offset = stat->size - kSealRecord;
  const bool sealed = is_seal(TRY(fs.read_at(file, offset, kSealRecord)), offset);
  return Size{stat->size, sealed, sealed && stat->read_only};
}

void tell_damage(const Scan& scan, const std::string& name, LogState& state) {
  for (const Damage& damage : scan.damaged) {
    state.damaged.push_back(fmt::format("{}:{}: {} bytes are not what was written", name,
                                        damage.from, damage.to - damage.from));
  }
}

/// Brings one folder into order before anything is written there.
class Repair {
 public:
  Repair(Fs& fs, const Path& folder, std::uint64_t epoch, LogState& state)
      : fs_(fs), folder_(folder), epoch_(epoch), state_(state) {}

  Result<void> run() {
    RONDO_FAILPOINT(kLogOpen);
    TRY(make_folders_durably(fs_, folder_));
    TRY(sweep());
    const auto names = TRY(segments_of(fs_, folder_));
    for (const std::string& name : names) {
      if (parse_name(name)->epoch > epoch_) {
        return fail(Code::kConflict,
                    fmt::format("{} was written under a later epoch than {}", name, epoch_),
                    "another Rondo has taken over this project; this one must end");
      }
      TRY(look_at(name, name == names.back() ? Segment::kMayBeTorn : Segment::kComplete));
    }
    return {};
  }
  std::uint64_t last_number() const { return last_number_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  /// Leftovers of a death, and numbers that were used even if only a torn tail is left.
  Result<void> sweep() {
    for (const std::string& name : TRY(fs_.list(folder_))) {
      if (is_temporary(name)) TRY(fs_.remove(folder_ / name));
      const bool torn = name.ends_with(kTornSuffix);
      const auto used = parse_name(
          std::string_view(name).substr(0, name.size() - (torn ? kTornSuffix.size() : 0)));
      if (used && used->epoch == epoch_) last_number_ = std::max(last_number_, used->number);
    }
    return {};
  }

  Result<void> look_at(const std::string& name, Segment what) {
    const Size size = TRY(size_of(fs_, folder_ / name));
    if (size.finished) {
      bytes_ += size.bytes;
      state_.sealed.push_back(name);
      return {};
    }
    if (what == Segment::kComplete && size.bytes > 0 && !size.sealed) {
      state_.damaged.push_back(name + ":" + std::to_string(size.bytes) +
                               ": it is not sealed, though a later segment exists");
    }
    return during(mend(name, what), "repairing the log segment " + name);
  }

  Result<void> mend(const std::string& name, Segment what) {
    RONDO_FAILPOINT(kLogRepair);
    const Path file = folder_ / name;
    std::string bytes = TRY(fs_.read(file));
    const Scan scan = scan_segment(bytes, 0, what);
    tell_damage(scan, name, state_);
    state_.records += scan.records.size();
    if (scan.end < bytes.size()) {
      state_.torn_bytes += bytes.size() - scan.end;
      const Path aside = folder_ / (name + std::string(kTornSuffix));
      TRY(write_atomically(fs_, aside, std::string_view(bytes).substr(scan.end), 0444));
    }
    if (scan.records.empty() && scan.damaged.empty()) {
      TRY(fs_.remove(file));
      return fs_.sync_folder(folder_);
    }
    bytes.resize(scan.end);  // the payloads that `scan` points to are not used any more
    if (!scan.sealed) add_seal(bytes, scan.end);
    TRY(write_atomically(fs_, file, bytes, 0444));
    bytes_ += bytes.size();
    state_.sealed.push_back(name);
    return {};
  }

  Fs& fs_;
  const Path& folder_;
  std::uint64_t epoch_;
  LogState& state_;
  std::uint64_t last_number_ = 0;
  std::uint64_t bytes_ = 0;
};

class Writer : public RecordLog {
 public:
  Writer(std::shared_ptr<Fs> fs, Path folder, RecordLogOptions options, std::uint64_t last_number,
         std::uint64_t bytes)
      : fs_(std::move(fs)),
        folder_(std::move(folder)),
        options_(options),
        name_{options.epoch, last_number},
        earlier_bytes_(bytes) {}

  Result<void> append(std::span<const std::string> payloads, std::uint8_t type) override {
    CHECK(type < kFirstReservedType, "the types from 0xF0 on belong to the log");
    if (broken_) return std::unexpected(*broken_);
    if (payloads.empty()) return {};
    if (file_ && file_->size() >= options_.segment_bytes) TRY(seal());
    if (!file_) TRY(start());
    const std::string bytes = TRY(encode(payloads, type));
    const std::uint64_t before = file_->size();
    if (auto written = write(bytes); !written) return take_back(before, written.error());
    return {};
  }

  Result<void> sync() override {
    if (broken_) return std::unexpected(*broken_);
    if (!file_ || synced_ == file_->size()) return {};
    const bool injected = hit(Failpoint::kLogSync) != Injected::kNothing;
    auto done = injected ? Result<void>(std::unexpected(injected_error(Failpoint::kLogSync)))
                         : file_->sync();
    if (!done) return break_with(done.error());
    synced_ = file_->size();
    return {};
  }

  Result<void> finish() override {
    if (broken_) return std::unexpected(*broken_);
    return file_ ? seal() : Result<void>();
  }

  std::uint64_t bytes() const override { return earlier_bytes_ + (file_ ? file_->size() : 0); }

 private:
  /// Creates the next segment; its name is on the disk before anything stands in it.
  Result<void> start() {
    RONDO_FAILPOINT(kLogCreate);
    ++name_.number;  // a number is used once, whether or not this goes well
    auto file = TRY(fs_->create(folder_ / name_.text()));
    if (auto done = fs_->sync_folder(folder_); !done) return break_with(done.error());
    file_ = std::move(file);
    synced_ = 0;
    return {};
  }

  Result<std::string> encode(std::span<const std::string> payloads, std::uint8_t type) const {
    std::string records;
    for (const std::string& payload : payloads) {
      if (payload.size() > kLargestPayload) {
        return fail(Code::kInvalidInput,
                    fmt::format("a log record of {} bytes is too long", payload.size()));
      }
      add_record(records, type, payload);
    }
    std::string bytes;
    if (file_->size() == 0) add_start(bytes, name_.epoch, name_.number);
    add_batch(bytes, file_->size() + bytes.size(), synced_, records.size());
    return bytes + records;
  }

  Result<void> write(std::string_view bytes) {
    switch (hit(Failpoint::kLogAppend)) {
      case Injected::kNothing: return file_->append(as_bytes(bytes));
      case Injected::kShortWrite: TRY(file_->append(as_bytes(bytes.substr(0, bytes.size() / 2))));
        [[fallthrough]];
      case Injected::kError: break;
    }
    return std::unexpected(injected_error(Failpoint::kLogAppend));
  }

  /// A full disk takes nothing back but what was just written; any other failure ends the log.
  Result<void> take_back(std::uint64_t before, const Error& why) {
    if (why.code != Code::kExhausted) return break_with(why);
    if (auto cut = file_->truncate(before); !cut) return break_with(cut.error());
    return std::unexpected(why);
  }

  std::unexpected<Error> break_with(const Error& why) {
    broken_ = why;
    broken_->code = Code::kIo;
    return std::unexpected(*broken_);
  }

  /// A seal says that everything before it is on the disk, so that is synced first.
  Result<void> seal() {
    TRY(sync());
    const std::uint64_t before = file_->size();
    std::string bytes;
    add_seal(bytes, before);
    if (hit(Failpoint::kLogSeal) != Injected::kNothing) {
      return break_with(injected_error(Failpoint::kLogSeal));
    }
    if (auto done = file_->append(as_bytes(bytes)); !done) return take_back(before, done.error());
    if (auto done = file_->sync(); !done) return break_with(done.error());
    earlier_bytes_ += file_->size();
    const auto closed = std::exchange(file_, nullptr)->close();
    if (!closed) return break_with(closed.error());
    return fs_->chmod(folder_ / name_.text(), 0444);
  }

  std::shared_ptr<Fs> fs_;
  Path folder_;
  RecordLogOptions options_;
  SegmentName name_;
  std::unique_ptr<File> file_;   // the segment that is written; none before the first append
  std::uint64_t synced_ = 0;     // in that segment
  std::uint64_t earlier_bytes_;  // of all other segments
  std::optional<Error> broken_;  // once set, nothing is written any more
};

}  // namespace

Result<std::unique_ptr<RecordLog>> RecordLog::open(std::shared_ptr<Fs> fs, Path folder,
                                                   RecordLogOptions options, LogState* state) {
  LogState unwanted;
  Repair repair(*fs, folder, options.epoch, state == nullptr ? unwanted : *state);
  TRY(during(repair.run(), "opening the record log " + folder.string()));
  return std::make_unique<Writer>(std::move(fs), std::move(folder), options, repair.last_number(),
                                  repair.bytes());
}

namespace {

/// Reads whole batches from `offset` on: a part, or the first batch where that is longer; returns
/// where they end: at `offset` when they are not intact, beyond `size` when more was written since.
Result<std::uint64_t> read_part(Fs& fs, const Path& file, std::uint64_t offset, std::uint64_t size,
                                const std::function<void(std::uint8_t, std::string_view)>& each,
                                LogState& told) {
  for (std::uint64_t length = kPart;; length *= 2) {
    const std::string bytes = TRY(fs.read_at(file, offset, length));
    const Scan scan = scan_segment(bytes, offset, Segment::kMayBeTorn);
    if (!scan.damaged.empty()) return offset;
    if (scan.end == offset && offset + length < size) continue;
    told.records += scan.records.size();
    for (const FoundRecord& record : scan.records) each(record.type, record.payload);
    breathe();
    return scan.end;
  }
}

/// The same, part after part, as long as they are intact and something stands behind them. What is
/// bad or torn only the rest of the segment can tell.
Result<std::uint64_t> read_parts(Fs& fs, const Path& file, std::uint64_t offset, std::uint64_t size,
                                 const std::function<void(std::uint8_t, std::string_view)>& each,
                                 LogState& told) {
  while (offset + kPart < size) {
    const std::uint64_t end = TRY(read_part(fs, file, offset, size, each, told));
    if (end == offset) break;
    offset = end;
  }
  return offset;
}

/// What a segment holds from `offset` on; returns where its intact records end, or nothing when
/// there is nothing (more) in it. Errors: kNotFound when it was dropped meanwhile.
Result<std::optional<std::uint64_t>> read_one(
    Fs& fs, const Path& folder, const std::string& name, std::uint64_t offset, bool last,
    const std::function<void(std::uint8_t, std::string_view)>& each, LogState& told) {
  const Path file = folder / name;
  const Size size = TRY(size_of(fs, file));
  if (size.sealed) told.sealed.push_back(name);
  if (offset >= size.bytes - (size.sealed ? kSealRecord : 0)) return std::nullopt;
  offset = TRY(read_parts(fs, file, offset, size.bytes, each, told));
  if (offset >= size.bytes) return offset;
  const std::string bytes = TRY(fs.read_at(file, offset, size.bytes - offset));
  const Scan scan = scan_segment(bytes, offset, last ? Segment::kMayBeTorn : Segment::kComplete);
  tell_damage(scan, name, told);
  if (!last && !size.sealed) told.damaged.push_back(name + ": it is not sealed");
  told.torn_bytes += offset + bytes.size() - scan.end;
  told.records += scan.records.size();
  for (const FoundRecord& record : scan.records) each(record.type, record.payload);
  return scan.end;
}

}  // namespace

Result<LogPosition> read_log(Fs& fs, const Path& folder, const LogPosition& from,
                             const std::function<void(std::uint8_t, std::string_view)>& each,
                             LogState* state) {
  LogState unwanted;
  LogState& told = state == nullptr ? unwanted : *state;
  LogPosition end = from;
  const auto names = TRY(segments_of(fs, folder));
  for (const std::string& name : names) {
    if (name < from.segment) continue;
    const std::uint64_t offset = name == from.segment ? from.offset : 0;
    const bool last = name == names.back();
    const auto read = read_one(fs, folder, name, offset, last, each, told);
    if (!read && read.error().code == Code::kNotFound) continue;  // dropped while we read
    const std::optional<std::uint64_t> until = TRY(read);
    if (until) end = {name, *until};
  }
  return end;
}

Result<LogPosition> read_log_part(Fs& fs, const Path& folder, const LogPosition& from,
                                  const std::function<void(std::uint8_t, std::string_view)>& each) {
  LogState unwanted;
  const auto names = TRY(segments_of(fs, folder));
  for (const std::string& name : names) {
    if (name < from.segment) continue;
    const std::uint64_t offset = name == from.segment ? from.offset : 0;
    const auto size = size_of(fs, folder / name);
    if (!size && size.error().code == Code::kNotFound) continue;  // dropped while we read
    if (offset < TRY(size).bytes) {
      const std::uint64_t end =
          TRY(read_part(fs, folder / name, offset, size->bytes, each, unwanted));
      if (end != offset) return LogPosition{name, end};
    }
    // Nothing more in it, or what only its whole rest can tell.
    const auto rest = TRY(read_one(fs, folder, name, offset, name == names.back(), each, unwanted));
    if (rest && *rest != offset) return LogPosition{name, *rest};
  }
  return from;
}

Result<std::vector<LogSegment>> log_segments(Fs& fs, const Path& folder) {
  std::vector<LogSegment> out;
  for (const std::string& name : TRY(segments_of(fs, folder))) {
    const Size size = TRY(size_of(fs, folder / name));
    out.push_back({name, size.bytes, size.finished});
  }
  return out;
}

Result<void> read_segment(Fs& fs, const Path& folder, const std::string& name,
                          const std::function<void(std::uint8_t, std::string_view)>& each) {
  LogState unwanted;
  TRY(read_one(fs, folder, name, 0, false, each, unwanted));
  return {};
}

Result<void> drop_segment(Fs& fs, const Path& folder, const std::string& name) {
  RONDO_FAILPOINT(kLogDrop);
  TRY(fs.remove(folder / name));
  return fs.sync_folder(folder);
}

}  // namespace rondo::io
