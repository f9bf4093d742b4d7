// Streams are layers: bytes as they lie there, and an unpacker on top where the first of them say
// so. Each reads on only as far as it is asked.
#include "io/stream.h"

#include <poll.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>

namespace rondo::io {
namespace {

constexpr std::size_t kTaken = 256 * 1024;  // packed bytes at a time

/// A file, by its offset; nothing is held open between two reads.
class FileStream : public Stream {
 public:
  FileStream(std::shared_ptr<Fs> fs, Path path) : fs_(std::move(fs)), path_(std::move(path)) {}
  Result<std::string> read(std::size_t count) override {
    std::string bytes = TRY(fs_->read_at(path_, at_, count));
    at_ += bytes.size();
    return bytes;
  }
  Result<void> skip(std::uint64_t count) override {
    at_ += count;
    return {};
  }
  std::uint64_t taken() const override { return at_; }

 private:
  std::shared_ptr<Fs> fs_;
  Path path_;
  std::uint64_t at_ = 0;
};

class StandardInput : public Stream {
 public:
  explicit StandardInput(Stop stop) : stop_(std::move(stop)) {}
  Result<std::string> read(std::size_t count) override {
    std::string bytes(count, '\0');
    std::size_t size = 0;
    while (size < count) {
      TRY(wait());
      const ssize_t got = ::read(STDIN_FILENO, bytes.data() + size, count - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::unexpected(file_error(errno, "read", "standard input"));
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    taken_ += size;
    return bytes;
  }
  std::uint64_t taken() const override { return taken_; }

 private:
  /// Until there is something to read, or its end. A signal may wake another thread than this one,
  /// so it looks now and then.
  Result<void> wait() const {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    while (!stop_.requested()) {
      const int ready = ::poll(&input, 1, 100);
      if (ready > 0 || (ready < 0 && errno != EINTR)) return {};
    }
    return fail(Code::kCancelled, "it was stopped");
  }

  Stop stop_;
  std::uint64_t taken_ = 0;
};

/// Puts bytes that were looked at back before the rest.
class Peeked : public Stream {
 public:
  Peeked(std::string head, std::unique_ptr<Stream> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<std::string> read(std::size_t count) override {
    if (head_.empty()) return rest_->read(count);
    std::string bytes = std::exchange(head_, {});
    if (bytes.size() > count) {
      head_ = bytes.substr(count);
      bytes.resize(count);
      return bytes;
    }
    bytes += TRY(rest_->read(count - bytes.size()));
    return bytes;
  }
  std::uint64_t taken() const override { return rest_->taken(); }

 private:
  std::string head_;
  std::unique_ptr<Stream> rest_;
};

std::unexpected<Error> broken(std::string_view kind, std::string_view why) {
  return fail(Code::kInvalidInput,
              "this " + std::string(kind) + " file is damaged: " + std::string(why),
              "fetch or compress the file again");
}

/// What both unpackers share: packed bytes are fetched when the last ones are used up.
class Unpacker : public Stream {
 public:
  explicit Unpacker(std::unique_ptr<Stream> packed) : packed_(std::move(packed)) {}
  Result<std::string> read(std::size_t count) override {
    std::string out(count, '\0');
    std::size_t size = 0;
    while (size < count) {
      if (in_.empty() && !ended_) {
        bytes_ = TRY(packed_->read(kTaken));
        in_ = bytes_;
        ended_ = bytes_.empty();
      }
      const std::size_t before = size + in_.size();
      const std::size_t wrote = TRY(unpack(in_, std::span(out).subspan(size), ended_));
      size += wrote;
      if (ended_ && wrote == 0 && size + in_.size() == before) break;
    }
    out.resize(size);
    return out;
  }
  std::uint64_t taken() const override { return packed_->taken(); }

 protected:
  /// Takes from the front of `in`, fills `out` from its front, says how much. `last`: no more
  /// comes. Errors: kInvalidInput.
  virtual Result<std::size_t> unpack(std::string_view& in, std::span<char> out, bool last) = 0;

 private:
  std::unique_ptr<Stream> packed_;
  std::string bytes_;
  std::string_view in_;
  bool ended_ = false;
};

class Gunzip : public Unpacker {
 public:
  explicit Gunzip(std::unique_ptr<Stream> packed) : Unpacker(std::move(packed)) {
    constexpr int kGzipOnly = 15 + 16;
    good_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~Gunzip() override { inflateEnd(&stream_); }

 private:
  Result<std::size_t> unpack(std::string_view& in, std::span<char> out, bool last) override {
    if (!good_) return fail(Code::kExhausted, "zlib has no memory");
    if (between_ && in.empty()) return std::size_t{0};
    if (between_ && inflateReset(&stream_) != Z_OK) return broken("gzip", "it cannot be read on");
    between_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30));
    const std::size_t room = stream_.avail_out;
    const int state = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    between_ = state == Z_STREAM_END;
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
      return broken("gzip", stream_.msg == nullptr ? "unreadable" : stream_.msg);
    }
    const std::size_t wrote = room - stream_.avail_out;
    if (last && wrote == 0 && !between_) return broken("gzip", "it ends too early");
    return wrote;
  }

  z_stream stream_{};
  bool good_ = false;
  bool between_ = false;  // a member ended; another may follow
};

class Unzstd : public Unpacker {
 public:
  explicit Unzstd(std::unique_ptr<Stream> packed)
      : Unpacker(std::move(packed)), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {}

 private:
  Result<std::size_t> unpack(std::string_view& in, std::span<char> out, bool last) override {
    if (stream_ == nullptr) return fail(Code::kExhausted, "zstd has no memory");
    if (whole_ && in.empty()) return std::size_t{0};
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t state = ZSTD_decompressStream(stream_.get(), &to, &from);
    if (ZSTD_isError(state) != 0) return broken("zstd", ZSTD_getErrorName(state));
    in.remove_prefix(from.pos);
    whole_ = state == 0;
    if (last && to.pos == 0 && !whole_) return broken("zstd", "it ends too early");
    return to.pos;
  }

  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream_;
  bool whole_ = false;  // a frame is complete and all of it was handed out
};

}  // namespace

Result<void> Stream::skip(std::uint64_t count) {
  while (count > 0) {
    const std::size_t got = TRY(read(std::min<std::uint64_t>(count, 1 << 20))).size();
    if (got == 0) return {};
    count -= got;
  }
  return {};
}

Result<std::unique_ptr<Stream>> Stream::open(std::shared_ptr<Fs> fs, const Path& path,
                                             const Stop& stop) {
  std::unique_ptr<Stream> plain;
  std::string head;
  if (path == "-") {
    plain = std::make_unique<StandardInput>(stop);
    head = TRY(plain->read(4));
    plain = std::make_unique<Peeked>(head, std::move(plain));
  } else {
    head = TRY(fs->read_at(path, 0, 4));
    plain = std::make_unique<FileStream>(std::move(fs), path);
  }
  if (head.starts_with("\x1f\x8b")) return std::make_unique<Gunzip>(std::move(plain));
  if (head == "\x28\xb5\x2f\xfd") return std::make_unique<Unzstd>(std::move(plain));
  return plain;
}

}  // namespace rondo::io
